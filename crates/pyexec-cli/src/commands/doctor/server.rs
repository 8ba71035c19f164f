//! The server that is meant: whether it can be reached, its clock, and whether it takes the token.

use super::finding::Finding;
use crate::{
    backend,
    settings::{Connection, Remote},
};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use pyexec_blocking::{
    Client, Error, RetryPolicy,
    types::{ExecutionId, Health},
};
use pyexec_core::{Body, Endpoint, endpoints::GetHealth};
use std::time::{Duration, Instant};

/// A server that needs longer is of no use.
const PATIENCE: Duration = Duration::from_secs(10);
/// Clocks that are further apart confuse whoever compares times.
const FAR_APART: i64 = 30;
/// An execution that no server has.
const NOBODYS: &str = "exe_00000000-0000-0000-0000-000000000000";

/// Nothing is sent but questions.
pub(super) fn findings(connection: Connection) -> Vec<Finding> {
    let of_variable = connection.token.source.to_string();
    let remote = match connection.remote() {
        Ok(Some(remote)) => remote,
        Ok(None) => return vec![Finding::ok("server", "none named: executions run here")],
        Err(failure) => return vec![Finding::failure("token", failure)],
    };
    let client = match client(&remote) {
        Ok(client) => client,
        Err(error) => return vec![Finding::failure("server", backend::explain(error, false))],
    };
    let before = Instant::now();
    let answer = client.run(Greeting.once());
    let took = before.elapsed();
    let (health, date) = match answer {
        Ok(answer) => answer,
        Err(error) => return vec![Finding::failure("server", backend::explain(error, false))],
    };
    let url = client.base_url();
    let mut findings = vec![Finding::ok("server", format!("{url} {}", told(&health))).took(took)];
    findings.extend(date.map(|date| clock(date, Timestamp::now())));
    // Else it may be within the URL.
    let source = match &remote.token {
        Some(_) => Some(of_variable.as_str()),
        None => remote.url.contains('@').then_some("the URL"),
    };
    findings.push(token(&client, source));
    findings
}

fn client(remote: &Remote) -> Result<Client, Error> {
    let builder = Client::builder(&remote.url).timeout(PATIENCE).retry(RetryPolicy::never());
    match &remote.token {
        Some(token) => builder.bearer_token(token).build(),
        None => builder.build(),
    }
}

/// `GET /health`, with the time at which it was answered.
struct Greeting;

impl Endpoint for Greeting {
    type Output = (Health, Option<Timestamp>);

    fn request(&self) -> pyexec_core::Result<http::Request<Body>> {
        GetHealth.request()
    }

    fn response(
        &self,
        response: http::Response<Vec<u8>>,
    ) -> pyexec_core::Result<(Health, Option<Timestamp>)> {
        let date = response.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        Ok((GetHealth.response(response)?, date))
    }
}

/// What it says of itself. A server is a stranger, whose words may hold anything.
fn told(health: &Health) -> String {
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
    let mut told = match (&health.server, &health.version) {
        (Some(server), Some(version)) => format!("is {} {}", plain(server), plain(version)),
        _ => "answers, and is none of ours".to_owned(),
    };
    if let Some(isolation) = &health.isolation {
        told += &format!(", isolation {}", plain(&isolation.level));
    }
    if !health.python_versions.is_empty() {
        told += &format!(", Python {}", plain(&health.python_versions.join(", ")));
    }
    told
}

fn clock(theirs: Timestamp, ours: Timestamp) -> Finding {
    let ahead = theirs.as_second() - ours.as_second();
    let apart = match ahead {
        // The date that it sends has no parts of seconds.
        -2..=2 => "as here".to_owned(),
        3.. => format!("{ahead} s ahead of this machine's"),
        _ => format!("{} s behind this machine's", -ahead),
    };
    if ahead.abs() <= FAR_APART {
        return Finding::ok("the server's clock", apart);
    }
    Finding::warn("the server's clock", apart)
        .hint("set both by NTP: times of executions are the server's, and certificates have limits")
}

/// Whether the server takes the token, which comes from there if there is one.
fn token(client: &Client, source: Option<&str>) -> Finding {
    let answer = client.get_execution(&ExecutionId::from(NOBODYS));
    let is_open = match answer {
        // Whoever isn't let in doesn't hear that.
        Ok(_) | Err(Error::NotFound { .. }) => true,
        Err(ref error) if error.status().is_some_and(|status| status.as_u16() == 401) => false,
        Err(error) => return Finding::failure("token", backend::explain(error, false)),
    };
    let hint = "set PYEXEC_TOKEN, or name a file with the server's token: --token-file FILE";
    let url = client.base_url();
    match (source, is_open) {
        (None, true) => Finding::ok("token", "none, and the server wants none"),
        (None, false) => Finding::fail("token", "none, and the server wants one").hint(hint),
        (Some(source), false) => {
            Finding::fail("token", format!("that of {source} isn't the server's")).hint(hint)
        }
        (Some(source), true) if !url.is_https() && !url.is_loopback() => {
            Finding::warn("token", format!("that of {source} is taken, and sent for all to read"))
                .hint("use https:// where others may listen")
        }
        (Some(source), true) => Finding::ok("token", format!("that of {source} is taken")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks() {
        let finding =
            |theirs: i64| clock(Timestamp::from_second(theirs).unwrap(), Timestamp::UNIX_EPOCH);
        assert_eq!(finding(0).text, "as here");
        assert_eq!(finding(30).text, "30 s ahead of this machine's");
        assert!(finding(30).hint.is_none() && finding(-31).hint.is_some());
        assert_eq!(finding(-31).text, "31 s behind this machine's");
    }

    #[test]
    fn the_date_of_an_answer() {
        let response = http::Response::builder()
            .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .body(br#"{"status":"ok"}"#.to_vec())
            .unwrap();
        let (health, date) = Greeting.response(response).unwrap();
        assert_eq!(date.unwrap().to_string(), "1994-11-06T08:49:37Z");
        assert_eq!(told(&health), "answers, and is none of ours");
    }

    #[test]
    fn words_of_a_server_stay_on_their_line() {
        let health: Health = serde_json::from_str(
            r#"{"status":"ok","server":"a\u001b[2J\nb","version":"1\r","python_versions":["3.12","3.13"]}"#,
        )
        .unwrap();
        assert_eq!(told(&health), "is a[2Jb 1, Python 3.12, 3.13");
    }
}
