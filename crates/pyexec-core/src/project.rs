//! What the `exec` requests upload.

use crate::{Body, Error, Result, multipart};
use http::header;
use pyexec_archive::Archive;
use pyexec_types::{Health, Metadata};
use std::time::Duration;

/// How long the server may queue and install before the script's own time begins, where it
/// doesn't say.
pub(crate) const UNKNOWN_OVERHEAD: Duration = Duration::from_secs(300);

/// The server's own default of `timeout_seconds`.
const DEFAULT_EXECUTION: Duration = Duration::from_secs(300);

/// For the network, and for the server to end an execution and gather its output.
const SLACK: Duration = Duration::from_secs(10);

/// What the `exec` requests upload: an archive and its metadata.
///
/// Whether the script has the network is always said: what the caller said, else `true` for
/// `network_disabled`. The exception is a server that installs `requirements_txt` in the script's
/// own container and so needs that network; see [`learn`](Self::learn).
#[derive(Debug, Clone)]
pub struct Project {
    archive: Archive,
    metadata: Metadata,
    overhead: Duration,
    /// Whether the server takes input that isn't text.
    takes_bytes: bool,
    installs_imports: bool,
}

impl Project {
    /// An archive and its metadata.
    pub fn new(archive: &Archive, metadata: &Metadata) -> Self {
        Self {
            archive: archive.clone(),
            metadata: metadata.clone(),
            overhead: UNKNOWN_OVERHEAD,
            takes_bytes: false,
            installs_imports: false,
        }
    }

    /// Whether the request depends on what the server offers, see [`learn`](Self::learn).
    pub fn depends_on_health(&self) -> bool {
        let Metadata { stdin_base64, auto_install, .. } = &self.metadata;
        self.leaves_network_open() || !stdin_base64.is_empty() || *auto_install
    }

    fn leaves_network_open(&self) -> bool {
        let said = self.metadata.config.and_then(|config| config.network_disabled);
        said.is_none() && !self.metadata.requirements_txt.trim().is_empty()
    }

    /// Adapts to what the server says of itself: one that doesn't offer `packages` needs the
    /// script's network to install requirements, one that doesn't offer `stdin_base64` can't be
    /// given input that isn't text, one that doesn't offer `auto_install` can't be asked for that, and one that names its limits sets the time
    /// limit of a synchronous request.
    pub fn learn(&mut self, health: &Health) {
        self.takes_bytes = health.offers("stdin_base64");
        self.installs_imports = health.offers("auto_install");
        if self.leaves_network_open() {
            let config = self.metadata.config.get_or_insert_default();
            config.network_disabled = Some(health.offers("packages"));
        }
        self.overhead = overhead(health).unwrap_or(self.overhead);
    }

    /// How long a synchronous request takes at most: the server's queue and installation, the
    /// execution itself, and some slack.
    pub(crate) fn sync_timeout(&self) -> Duration {
        sync_timeout(self.overhead, self.metadata.config.map_or(0, |config| config.timeout_seconds))
    }

    /// The request that uploads it.
    pub(crate) fn request(&self, path: &'static str) -> Result<http::Request<Body>> {
        if !self.metadata.stdin_base64.is_empty() && !self.takes_bytes {
            return Err(Error::invalid(
                "the server takes only text as a program's input, which stdin_base64 isn't",
            ));
        }
        if self.metadata.auto_install && !self.installs_imports {
            return Err(Error::invalid(
                "the server installs nothing for imports, which auto_install asks for",
            ));
        }
        let mut metadata = self.metadata.clone();
        let config = metadata.config.get_or_insert_default();
        config.network_disabled.get_or_insert(true);
        let invalid = "cannot form the upload";
        let metadata = serde_json::to_vec(&metadata)
            .map_err(|error| Error::invalid_because(invalid, error))?;
        let (content_type, body) = multipart::form(&metadata, self.archive.clone());
        let mut request = http::Request::post(path);
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        request.body(body).map_err(|error| Error::invalid_because(invalid, error))
    }
}

/// How long the server says that it may queue and install before a script's own time begins.
pub(crate) fn overhead(health: &Health) -> Option<Duration> {
    let limits = health.limits?;
    let before = limits.queue_seconds.saturating_add(limits.install_seconds);
    (before > 0).then(|| Duration::from_secs(before))
}

/// How long a synchronous request takes at most.
pub(crate) fn sync_timeout(overhead: Duration, timeout_seconds: i64) -> Duration {
    let execution = u64::try_from(timeout_seconds)
        .ok()
        .filter(|seconds| *seconds > 0)
        .map_or(DEFAULT_EXECUTION, Duration::from_secs);
    overhead.saturating_add(execution).saturating_add(SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyexec_types::ExecutionConfig;
    use std::io::Read;

    fn project(metadata: &Metadata) -> Project {
        let archive = Archive::from_map([("main.py", "")]).unwrap();
        Project::new(&archive, metadata)
    }

    /// The metadata that goes out.
    fn sent(project: &Project) -> String {
        let request = project.request("/api/v1/exec/sync").unwrap();
        let mut body = Vec::new();
        request.body().open().read_to_end(&mut body).unwrap();
        let text = String::from_utf8_lossy(&body);
        let json = text.split("\r\n\r\n").nth(1).unwrap();
        json.split("\r\n").next().unwrap().to_owned()
    }

    fn with_network(network_disabled: Option<bool>) -> Metadata {
        let config =
            ExecutionConfig { timeout_seconds: 60, network_disabled, ..Default::default() };
        Metadata { config: Some(config), ..Metadata::new("main.py") }
    }

    #[test]
    fn the_callers_word_goes_out() {
        for (said, sent_as) in [(None, "true"), (Some(true), "true"), (Some(false), "false")] {
            assert_eq!(
                sent(&project(&with_network(said))),
                format!(
                    r#"{{"entrypoint":"main.py","config":{{"timeout_seconds":60,"network_disabled":{sent_as}}}}}"#
                )
            );
        }
        assert_eq!(
            sent(&project(&Metadata::new("main.py"))),
            r#"{"entrypoint":"main.py","config":{"network_disabled":true}}"#
        );
    }

    #[test]
    fn requirements_need_the_network_where_packages_are_not_offered() {
        let health = |extensions: &str| -> Health {
            serde_json::from_str(&format!(r#"{{"extensions":[{extensions}]}}"#)).unwrap()
        };
        for (said, extensions, sent_as) in
            [(None, "", "false"), (None, r#""packages""#, "true"), (Some(true), "", "true")]
        {
            let metadata = Metadata { requirements_txt: "six\n".into(), ..with_network(said) };
            let mut project = project(&metadata);
            assert_eq!(project.depends_on_health(), said.is_none());
            project.learn(&health(extensions));
            let sent = sent(&project);
            assert!(sent.contains(&format!(r#""network_disabled":{sent_as}"#)), "{sent}");
        }
        let blank = Metadata { requirements_txt: " \n".into(), ..Metadata::new("main.py") };
        assert!(!project(&blank).depends_on_health());
    }

    #[test]
    fn the_time_limit_follows_the_execution() {
        let secs = Duration::from_secs;
        let mut sync = project(&with_network(None));
        assert_eq!(sync.sync_timeout(), secs(300 + 60 + 10));
        let limits = r#"{"limits":{"queue_seconds":20,"install_seconds":30}}"#;
        sync.learn(&serde_json::from_str(limits).unwrap());
        assert_eq!(sync.sync_timeout(), secs(50 + 60 + 10));
        assert_eq!(project(&Metadata::new("m")).sync_timeout(), secs(610));
        for nonsense in [-1, i64::MIN] {
            assert_eq!(sync_timeout(UNKNOWN_OVERHEAD, nonsense), secs(610));
        }
        assert!(sync_timeout(UNKNOWN_OVERHEAD, i64::MAX) > secs(1 << 62));
    }
}
