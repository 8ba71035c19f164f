//! From packages to an environment.

use super::{Environments, InstallRequest, Phase, address::Origin, cache};
use crate::install::{
    InstallFailure,
    environment::{self, Manifest},
    installer::{InstallerLog, Resolution, Session},
    patience::Patience,
    staging::Staging,
    usage::Limits,
};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counted while an installer may grow a cache.
struct Running<'a>(&'a AtomicU64);

impl<'a> Running<'a> {
    fn new(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What was done, and what the installer wrote meanwhile.
type Logged<T> = (Result<T, InstallFailure>, InstallerLog);

impl Environments {
    /// Lets the installer do something in a private folder.
    fn in_session<T>(
        &self,
        request: &InstallRequest<'_>,
        patience: &Patience,
        what: impl FnOnce(&mut Session<'_>) -> Result<T, InstallFailure>,
    ) -> Logged<T> {
        let mut log = InstallerLog::default();
        let done = || {
            let io = InstallFailure::storage("can't make a private folder");
            let staging = Staging::new(&self.store).map_err(io)?;
            let cache = cache::Cache::open(&self.store, &Origin::cache(request), patience)?;
            let _running = Running::new(&self.running);
            let mut session = Session {
                staging: &staging,
                cache: cache.path(),
                running: &self.running,
                patience,
                limits: Limits {
                    bytes: self.options.environment_bytes,
                    files: self.options.environment_files,
                },
                offline: request.offline,
                log: InstallerLog::default(),
            };
            let done = what(&mut session);
            log = std::mem::take(&mut session.log);
            done
        };
        let done = done();
        // Also where it failed: that may have been because of what was downloaded.
        let _ = cache::trim(&self.store, self.options.download_bytes);
        (done, log)
    }

    pub(super) fn resolve(
        &self,
        request: &InstallRequest<'_>,
        patience: &Patience,
    ) -> Logged<Resolution> {
        self.in_session(request, patience, |session| {
            request.installer.resolve(session, request.requirements)
        })
    }

    /// Makes the environment and puts it onto the shelf. Whatever interrupts this, nothing half
    /// made is ever there.
    pub(super) fn build(
        &self,
        request: &InstallRequest<'_>,
        resolution: &Resolution,
        address: &str,
        patience: &Patience,
        told: &mut dyn FnMut(Phase),
    ) -> Logged<()> {
        let (installer, python) = (request.installer, request.installer.python());
        self.in_session(request, patience, |session| {
            let packages = resolution.packages();
            let tree = session.staging.tree();
            if !packages.is_empty() {
                told(Phase::Installing { packages: packages.len() });
                installer.install(session, resolution)?;
                // uv's, empty.
                let _ = std::fs::remove_file(tree.join(".lock"));
            }
            // Before anything looks into the tree.
            let files = environment::settle(tree, session.limits)?;
            for package in packages {
                let found = files.iter().any(|file| is_of(&file.path, package.name()));
                if !found {
                    let reason = format!("nothing of {} was installed", package.name());
                    return Err(InstallFailure::Failed { reason });
                }
            }
            told(Phase::Compiling);
            environment::compile(session, python, &self.options.shown_at)?;
            let mut files = environment::settle(tree, session.limits)?;
            let io = |what| InstallFailure::storage(what);
            for file in &mut files {
                file.sha256 = environment::digest(&tree.join(&file.path))
                    .map_err(io("can't read what was installed"))?;
                patience.left()?;
            }
            environment::share(&self.store, tree, &files)
                .map_err(io("can't share files between environments"))?;
            let (packages, python) = (packages.to_vec(), python.version().to_owned());
            let manifest = Manifest { packages, python, files };
            let put = self.shelf.put(address, session.staging, &manifest);
            put.map_err(io("can't store an environment"))
        })
    }
}

/// Whether this is the metadata of the package: `<name>-<version>.dist-info/METADATA`.
fn is_of(path: &str, package: &str) -> bool {
    let info = path.strip_suffix(".dist-info/METADATA");
    let name = info.and_then(|info| info.split('-').next());
    name.is_some_and(|name| crate::normalize(name) == package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packages_metadata_is_recognised() {
        assert!(is_of("zope.interface-7.2.dist-info/METADATA", "zope-interface"));
        assert!(is_of("Ruamel_Yaml-0.18.dist-info/METADATA", "ruamel-yaml"));
        assert!(!is_of("six-1.dist-info/RECORD", "six"));
        assert!(!is_of("deep/six-1.dist-info/METADATA", "six"));
    }
}
