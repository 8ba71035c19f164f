//! An environment on the disk: packages that a script may use.

mod compile;
mod manifest;
mod objects;
mod tree;

pub(crate) use compile::compile;
pub(crate) use manifest::{Depth, Manifest, sync_folder};
pub(crate) use objects::{release, share, sweep as sweep_objects};
pub(crate) use tree::{TreeFile, digest, settle};

use crate::install::Package;
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// An environment, complete and checked, that stays as long as this or a clone of it is held:
/// nothing evicts it, in this process or another.
///
/// What is in it is the work of strangers. It is data until a sandbox runs it.
#[derive(Debug, Clone)]
pub struct Environment(Arc<Held>);

#[derive(Debug)]
struct Held {
    address: String,
    tree: PathBuf,
    packages: Vec<Package>,
    log: String,
    /// A shared lock.
    _lease: File,
}

impl Environment {
    pub(crate) fn new(
        address: String,
        tree: PathBuf,
        packages: Vec<Package>,
        log: String,
        lease: File,
    ) -> Self {
        Self(Arc::new(Held { address, tree, packages, log, _lease: lease }))
    }

    /// The same, made just now.
    pub(crate) fn logged(self, log: String) -> Self {
        let made = |held: Held| Self(Arc::new(Held { log, ..held }));
        // Nobody else has it yet.
        Arc::try_unwrap(self.0).map_or_else(Self, made)
    }

    /// What it is known by: a digest of the interpreter, the packages, where they come from and
    /// for whom. Environments with equal addresses are equal.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// The folder with the packages, for `site.addsitedir`. Folders have mode 0755, files 0644 or
    /// 0755; files may be shared with other environments, so that nothing may be written here.
    pub fn path(&self) -> &Path {
        &self.0.tree
    }

    /// The packages in it, by name.
    pub fn packages(&self) -> &[Package] {
        &self.0.packages
    }

    /// What the installer wrote, where it was made just now; else empty.
    pub fn log(&self) -> &str {
        &self.0.log
    }
}
