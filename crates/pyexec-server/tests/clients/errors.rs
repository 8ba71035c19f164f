//! What is refused, with the server's own words.

use crate::{
    service::{SHARED, client, main_py, server, shared, with},
    suite::{Options, Subject},
};
use pyexec_core::{
    Archive, Error, Result,
    types::{CodeFile, ExecutionConfig, ExecutionResult, Metadata, SimpleExecRequest},
};
use std::fmt::Debug;

fn refused<T: Debug>(result: Result<T>, status: u16, code: &str, message: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{error:?}");
    assert!(error.to_string().contains(message), "{error} doesn't say {message:?}");
    if let Error::Api { code: given, .. } = &error {
        assert_eq!(given.as_deref(), Some(code), "{error:?}");
    }
}

pub(crate) fn unknown_ids<S: Subject>() {
    let (client, id) = (shared::<S>(), "exe_550e8400-e29b-41d4-a716-446655440000".into());
    refused(client.get_execution(&id), 404, "not_found", "execution not found");
    refused(client.kill_execution(&id), 404, "not_found", "execution not found");
    assert!(client.get_execution(&"../health".into()).unwrap_err().is_not_found());
}

/// A tar with one member of the given name and type, which leads to `target` if it is a link.
pub(crate) fn member(name: &str, kind: u8, target: &str) -> Vec<u8> {
    let mut header = [0u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(b"00000000000\0");
    header[136..148].copy_from_slice(b"00000000000\0");
    header[148..156].fill(b' ');
    header[156] = kind;
    header[157..157 + target.len()].copy_from_slice(target.as_bytes());
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut tar = header.to_vec();
    tar.extend([0; 1024]);
    tar
}

/// Sends bytes as the tar part, whatever they are.
fn send<S: Subject>(tar: &[u8]) -> Result<ExecutionResult> {
    let archive = Archive::from_tar_reader(tar).unwrap_or_else(|error| panic!("{error}"));
    shared::<S>().execute_sync(&archive, &Metadata::new("main.py"))
}

pub(crate) fn bad_archives<S: Subject>() {
    for (name, kind, target, message) in [
        ("../x", b'0', "", "\"../x\""),
        ("/x", b'0', "", "\"/x\""),
        ("a/../../x", b'0', "", ".."),
        ("link", b'2', "/etc/passwd", "\"link\": link target \"/etc/passwd\": absolute path"),
        ("link", b'2', "../x", "\"link\": link target \"../x\": leads out of the archive"),
        ("hard", b'1', "/etc/passwd", "\"hard\": link target \"/etc/passwd\": absolute path"),
        ("hard", b'1', "none", "\"hard\": link target \"none\": no earlier file"),
        ("device", b'3', "", "\"device\""),
        ("fifo", b'6', "", "\"fifo\""),
    ] {
        refused(send::<S>(&member(name, kind, target)), 400, "invalid_tar", message);
    }
}

pub(crate) fn bad_entrypoints<S: Subject>() {
    let run = |entrypoint: &str| {
        shared::<S>().execute_sync(&main_py("print(1)"), &Metadata::new(entrypoint))
    };
    let code = "invalid_entrypoint";
    refused(run("nope.py"), 400, code, "\"nope.py\" is not in the archive, which has: main.py");
    refused(run(""), 400, code, "metadata.entrypoint is missing");
    refused(run("../main.py"), 400, code, "entrypoint \"../main.py\"");
    refused(run("../etc/hostname"), 400, code, "entrypoint \"../etc/hostname\"");
    refused(run("/etc/hostname"), 400, code, "entrypoint \"/etc/hostname\"");
    let no_python = Archive::from_map([("README.md", "# hi")]).unwrap();
    let result = shared::<S>().execute_sync(&no_python, &Metadata::new("main.py"));
    refused(result, 400, code, "which has: README.md");
}

pub(crate) fn bad_metadata<S: Subject>() {
    let run = |metadata: Metadata| shared::<S>().execute_sync(&main_py("print(1)"), &metadata);
    let base = || Metadata::new("main.py");
    for (variable, problem) in
        [("A", "env_vars[0] has no '='"), ("=x", "env_vars[0] has an empty name"), ("A=\0", "NUL")]
    {
        let metadata = Metadata { env_vars: vec![variable.into()], ..base() };
        refused(run(metadata), 400, "invalid_env_vars", problem);
    }
    let metadata = Metadata { script_args: vec!["ok".into(), "a\0b".into()], ..base() };
    refused(run(metadata), 400, "invalid_metadata", "script_args[1]");
    let limit = |config| run(with(config));
    let negative = ExecutionConfig { memory_mb: -1, ..ExecutionConfig::default() };
    refused(limit(negative), 400, "invalid_limit", "memory_mb must not be negative, but is -1");
    let high = ExecutionConfig { timeout_seconds: 100_000, ..ExecutionConfig::default() };
    refused(limit(high), 400, "limit_too_high", "timeout_seconds is 100000, above");
    let small = ExecutionConfig { disk_mb: 1, ..ExecutionConfig::default() };
    let large = Archive::from_map([("main.py", vec![b'#'; 2 << 20])]).unwrap();
    let result = shared::<S>().execute_sync(&large, &with(small));
    refused(result, 400, "disk_too_small", "more than disk_mb = 1");
}

pub(crate) fn bad_code<S: Subject>() {
    let client = shared::<S>();
    let eval = |request: SimpleExecRequest| client.eval(&request);
    let message = "either 'code' or 'files' must be provided";
    refused(eval(SimpleExecRequest::new("")), 400, "missing_code", message);
    let long = SimpleExecRequest::new("#".repeat(102_401));
    let message = "total code size 102401 bytes exceeds limit of 102400 bytes";
    refused(eval(long), 413, "too_large", message);
    let old = SimpleExecRequest { python_version: "2.7".into(), ..SimpleExecRequest::new("1") };
    let message = "unsupported python_version \"2.7\"; supported versions: 3.";
    refused(eval(old), 400, "unsupported_python_version", message);
    let file = |name: &str| CodeFile { name: name.into(), content: "1".into() };
    for (files, message) in [
        (vec![file("../x.py")], "../x.py"),
        (vec![file("a.py"), file("./a.py")], "a.py"),
        (vec![file("")], "files:"),
    ] {
        let request = SimpleExecRequest { files, ..SimpleExecRequest::new("") };
        refused(eval(request), 400, "invalid_files", message);
    }
}

pub(crate) fn what_is_not_offered<S: Subject>() {
    let client = shared::<S>();
    let run = |metadata: Metadata| client.execute_sync(&main_py("print(1)"), &metadata);
    let config = ExecutionConfig { network_disabled: Some(false), ..ExecutionConfig::default() };
    refused(run(with(config)), 400, "network_not_offered", "PYEXEC_NETWORK_MODE=pasta");
    let quiet = ExecutionConfig { network_disabled: Some(true), ..ExecutionConfig::default() };
    let needs = Metadata { requirements_txt: "# tools\n./six\n".into(), ..with(quiet) };
    refused(run(needs), 400, "invalid_requirements", "line 2 of the requirements, `./six`");
    let requirements_txt = "-r six".into();
    let needs = SimpleExecRequest { requirements_txt, ..SimpleExecRequest::new("1") };
    refused(client.eval(&needs), 400, "invalid_requirements", "line 1 of the requirements");
    let image = Metadata { docker_image: "ubuntu:24.04".into(), ..Metadata::new("main.py") };
    refused(run(image), 400, "unsupported_image", "docker_image \"ubuntu:24.04\"");
    let nothing = Metadata { requirements_txt: "# nothing\n".into(), ..with(quiet) };
    assert_eq!(run(nothing).unwrap().stdout, "1\n");
    let off = SimpleExecRequest { requirements_txt: "-".into(), ..SimpleExecRequest::new("1") };
    assert_eq!(client.eval(&off).unwrap().result.as_deref(), Some("1"));
}

pub(crate) fn tokens<S: Subject>() {
    let with = |token: Option<&str>| {
        let options = Options { token: token.map(Into::into), ..Options::new(SHARED.url()) };
        S::build(options).unwrap().eval(&SimpleExecRequest::new("1"))
    };
    refused(with(None), 401, "unauthorized", "this server wants a token");
    refused(with(Some("wrong")), 401, "unauthorized", "this token is not known");
    assert!(with(Some(SHARED.token())).is_ok());
    let basic = SHARED.url().replace("http://", &format!("http://x:{}@", SHARED.token()));
    assert!(S::new(&basic).eval(&SimpleExecRequest::new("1")).is_ok());
    // Whether it is there is no secret.
    assert_eq!(S::new(&SHARED.url()).health().unwrap().status, "ok");
}

pub(crate) fn bodies_above_the_cap<S: Subject>() {
    let server = server(|config| config.max_body_bytes = 100_000);
    let archive = Archive::from_map([("main.py", vec![b'#'; 200_000])]).unwrap();
    let result = client::<S>(&server).execute_sync(&archive, &Metadata::new("main.py"));
    refused(result, 413, "too_large", "the request exceeds the limit of 100000 bytes");
}
