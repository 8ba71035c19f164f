//! The compose file.

use super::{assert_setting, folder, read, seconds};
use saphyr::{LoadableYamlNode, Yaml};

fn texts<'a>(list: &'a Yaml<'_>) -> Vec<&'a str> {
    list.as_sequence().unwrap().iter().map(|entry| entry.as_str().unwrap()).collect()
}

#[test]
fn the_service_has_what_it_needs_and_no_more() {
    let text = read("compose.yaml");
    let documents = Yaml::load_from_str(&text).unwrap();
    let [file] = &documents[..] else { panic!("{} documents", documents.len()) };
    let service = &file["services"]["pyexec"];
    let command = texts(&service["command"]);
    assert_eq!(command[0], "serve");
    command.iter().filter(|word| word.starts_with("--")).for_each(|flag| assert_setting(flag));
    for (name, _) in service["environment"].as_mapping().unwrap() {
        assert_setting(name.as_str().unwrap());
    }
    let environment = |name: &str| service["environment"][name].as_str().unwrap();
    let stop = seconds(service["stop_grace_period"].as_str().unwrap());
    assert!(stop > seconds(environment("PYEXEC_GRACE")) + 5, "it is killed before its time");

    // What is used is there.
    let context = folder().join(service["build"]["context"].as_str().unwrap());
    assert!(context.join(service["build"]["dockerfile"].as_str().unwrap()).is_file());
    for secret in texts(&service["secrets"]) {
        assert!(file["secrets"].as_mapping_get(secret).is_some(), "{secret}");
        assert_eq!(environment("PYEXEC_TOKEN_FILE"), format!("/run/secrets/{secret}"));
    }
    for volume in texts(&service["volumes"]) {
        let (name, place) = volume.split_once(':').unwrap();
        assert!(file["volumes"].as_mapping_get(name).is_some(), "{name}");
        assert!(read("Dockerfile").contains(&format!("VOLUME {place}\n")), "{place}");
    }
    // Beyond this machine a proxy should stand before it.
    assert_eq!(texts(&service["ports"]), ["127.0.0.1:8080:8080"]);

    assert!(service.as_mapping_get("privileged").is_none());
    assert_eq!(service["read_only"].as_bool(), Some(true));
    assert_eq!(texts(&service["cap_drop"]), ["ALL"]);
    assert_eq!(texts(&service["cap_add"]), ["CHOWN", "KILL", "SETGID", "SETUID"]);
    assert_eq!(
        texts(&service["security_opt"]),
        [
            "no-new-privileges:true",
            "seccomp=unconfined",
            "apparmor=unconfined",
            "systempaths=unconfined",
            "writable-cgroups=true",
        ]
    );
}
