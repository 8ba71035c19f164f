//! Lists of executions.

use crate::http::{Client, SLEEPER, server};

#[test]
fn pages_are_stable_and_newest_first() {
    let server = server(|config| config.slots = 1);
    let client = Client::of(&server);
    let done: Vec<_> = (0..5).map(|n| client.run(&format!("print({n})"))).collect();
    let running = client.submit(SLEEPER);
    client.until(&running, "running");
    let waiting = client.submit(SLEEPER);
    let list = |query: &str| {
        let (status, answer) = client.get(&format!("/api/v1/executions?{query}"));
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let ids = |page: &serde_json::Value| -> Vec<String> {
        let executions = page["executions"].as_array().unwrap().iter();
        executions.map(|one| one["execution_id"].as_str().unwrap().to_owned()).collect()
    };
    let all = list("");
    let listed = ids(&all);
    assert_eq!(listed.len(), 7);
    assert!(waiting.ends_with(&listed[0]) && running.ends_with(&listed[1]));
    assert_eq!(listed[2], done[4]["execution_id"].as_str().unwrap());
    assert!(all.get("next").is_none());
    let first = &all["executions"][0];
    assert_eq!((&first["status"], &first["queue_position"]), (&"pending".into(), &0.into()));
    assert!(all["executions"][2].get("stdout").is_none(), "{all}");

    let page = list("limit=3");
    client.run_would_wait();
    let second = list(&format!("limit=3&cursor={}", page["next"].as_str().unwrap()));
    let third = list(&format!("limit=3&cursor={}", second["next"].as_str().unwrap()));
    assert!(third.get("next").is_none());
    assert_eq!([ids(&page), ids(&second), ids(&third)].concat(), listed);

    assert_eq!(ids(&list("status=completed")).len(), 5);
    assert_eq!(ids(&list("status=running")), [listed[1].clone()]);
    assert_eq!(ids(&list("status=completed&limit=100000")).len(), 5);
    for bad in ["status=done", "limit=0", "limit=-1", "limit=x", "cursor=zz", "limit=1&limit=2"] {
        let (status, answer) = client.get(&format!("/api/v1/executions?{bad}"));
        assert_eq!((status, &answer["code"]), (400, &"invalid_query".into()), "{bad}");
    }
}

impl Client {
    /// One more, newer than any page that was asked for.
    fn run_would_wait(&self) {
        self.submit(SLEEPER);
    }
}
