//! Packages that executions need, from a folder of wheels: named, found by imports, refused,
//! missing, slow, shared.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod detected;
mod failures;
mod named;
mod preloads;
mod slow;
mod wheels;

use pyexec_blocking::{
    Archive, Client,
    types::{ExecutionResult, Metadata, SimpleExecRequest},
};
use pyexec_sandbox::SandboxOptions;
use pyexec_server::{EmbeddedServer, PackageInstaller, PackageOptions, ServerConfig};
use std::path::Path;
use tempfile::TempDir;

/// A server whose index is a folder of wheels.
struct Shop {
    folder: TempDir,
    server: EmbeddedServer,
}

impl Shop {
    /// With `blue` 1.0 and 2.0; `green`, which needs `blue`; `red`.
    fn open() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::stocked(|_| {}, change)
    }

    /// With more on the shelves.
    fn stocked(add: impl FnOnce(&Path), change: impl FnOnce(&mut ServerConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wheels = folder.path().join("wheels");
        for version in ["1.0", "2.0"] {
            let text = format!("import os\nversion = '{version}'\nwhere = __file__\n");
            wheels::add(&wheels, "blue", version, "", &text);
        }
        wheels::add(&wheels, "green", "1.0", "blue<2", "import blue\n");
        wheels::add(&wheels, "red", "1.0", "", "print('the stranger\\'s')\n");
        add(&wheels);
        let variables = [
            ("PIP_NO_INDEX", "1".into()),
            ("PIP_FIND_LINKS", wheels.into_os_string()),
            ("PIP_CONFIG_FILE", "/dev/null".into()),
        ];
        let packages = PackageOptions {
            folder: Some(folder.path().join("environments")),
            installer: PackageInstaller::Pip,
            variables: variables.map(|(name, value)| (name.into(), value)).into(),
            ..PackageOptions::default()
        };
        let mut config = ServerConfig { packages, ..ServerConfig::default() };
        change(&mut config);
        let server = EmbeddedServer::start_with(config, SandboxOptions::default()).unwrap();
        Self { folder, server }
    }

    fn wheels(&self) -> std::path::PathBuf {
        self.folder.path().join("wheels")
    }

    fn client(&self) -> Client {
        Client::builder(self.server.url()).bearer_token(self.server.token()).build().unwrap()
    }

    fn run(&self, requirements: &str, code: &str) -> ExecutionResult {
        self.client().execute_sync(&project(code), &needing(requirements)).unwrap()
    }

    fn eval(&self, requirements: &str, code: &str) -> ExecutionResult {
        let requirements_txt = requirements.into();
        let request = SimpleExecRequest { requirements_txt, ..SimpleExecRequest::new(code) };
        self.client().eval(&request).unwrap()
    }
}

fn project(code: &str) -> Archive {
    Archive::from_map([("main.py", code)]).unwrap()
}

fn needing(requirements: &str) -> Metadata {
    Metadata { requirements_txt: requirements.into(), ..Metadata::new("main.py") }
}

/// How many folders there are in one.
fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
