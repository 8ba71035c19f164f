//! Environments go when room is needed: those that were used least recently, and never one in use.

use super::{Environments, cache, resolutions};
use crate::install::{
    Package,
    environment::{self, Manifest, TreeFile},
    file_lock::FileLock,
};
use std::{collections::HashMap, io, time::SystemTime};

/// What a file takes on the disk, about: whole blocks.
const BLOCK: u64 = 4096;

const LOCK: &str = "eviction.lock";

/// An environment, as [`Environments::list`] has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// Its [address](crate::Environment::address).
    pub address: String,
    /// What is in it.
    pub packages: Vec<Package>,
    /// The version of the interpreter that it is for.
    pub python: String,
    /// What its files take on the disk, those included that it shares with others.
    pub bytes: u64,
    /// How many files it has.
    pub files: usize,
    /// When it was used last.
    pub last_used: SystemTime,
    /// Whether it is in use.
    pub in_use: bool,
}

/// How much [`Environments::prune`] leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// Nothing but what is in use; what was downloaded and what requirements led to goes as well.
    Everything,
    /// So many bytes of environments, files that they share counted once.
    DownTo(u64),
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// How many environments.
    pub environments: usize,
    /// What that freed, in bytes.
    pub bytes: u64,
}

struct Candidate {
    listed: Listed,
    files: Vec<TreeFile>,
}

fn on_disk(file: &TreeFile) -> u64 {
    file.bytes.div_ceil(BLOCK) * BLOCK
}

impl Environments {
    /// All environments that are complete, the most recently used first.
    ///
    /// # Errors
    ///
    /// What the system says where the folder can't be read.
    pub fn list(&self) -> io::Result<Vec<Listed>> {
        let mut all = self.candidates()?;
        all.sort_by_key(|candidate| std::cmp::Reverse(candidate.listed.last_used));
        Ok(all.into_iter().map(|candidate| candidate.listed).collect())
    }

    fn candidates(&self) -> io::Result<Vec<Candidate>> {
        let addresses = self.shelf.addresses()?;
        // One that vanishes meanwhile, or is damaged, is none.
        let read = addresses.into_iter().filter_map(|address| {
            let Manifest { packages, python, files } = self.shelf.manifest(&address).ok()?;
            let (last_used, in_use) = self.shelf.use_of(&address).ok()?;
            let bytes = files.iter().map(on_disk).sum();
            let count = files.len();
            let listed =
                Listed { address, packages, python, bytes, files: count, last_used, in_use };
            Some(Candidate { listed, files })
        });
        Ok(read.collect())
    }

    /// Removes environments that are not in use, the least recently used first.
    ///
    /// # Errors
    ///
    /// What the system says where something can't be removed.
    pub fn prune(&self, prune: Prune) -> io::Result<Pruned> {
        let down_to = match prune {
            Prune::Everything => None,
            Prune::DownTo(bytes) => Some(bytes),
        };
        let pruned = self.evict(down_to, true)?;
        if prune == Prune::Everything {
            resolutions::forget(&self.store, true);
            cache::trim(&self.store, 0)?;
        }
        Ok(pruned)
    }

    /// Removes environments until they take no more than `down_to` bytes, or all of them, as far
    /// as they aren't in use. Unless it is `asked` for, one at a time does that.
    pub(super) fn evict(&self, down_to: Option<u64>, asked: bool) -> io::Result<Pruned> {
        let lock = FileLock::try_exclusive(&self.store.join(LOCK))?;
        if lock.is_none() && !asked {
            return Ok(Pruned::default());
        }
        let mut all = self.candidates()?;
        all.sort_by_key(|candidate| candidate.listed.last_used);
        let mut users: HashMap<(&str, bool), u64> = HashMap::new();
        let mut held = 0;
        for file in all.iter().flat_map(|candidate| &candidate.files) {
            let users = users.entry((&file.sha256, file.executable)).or_default();
            *users += 1;
            if *users == 1 {
                held += on_disk(file);
            }
        }
        let mut pruned = Pruned::default();
        for Candidate { listed, files } in &all {
            if down_to.is_some_and(|bytes| held <= bytes) {
                break;
            }
            if listed.in_use || !self.shelf.remove_unused(&listed.address)? {
                continue;
            }
            environment::release(&self.store, files);
            pruned.environments += 1;
            for file in files {
                let Some(left) = users.get_mut(&(file.sha256.as_str(), file.executable)) else {
                    continue;
                };
                *left -= 1;
                if *left == 0 {
                    held -= on_disk(file);
                    pruned.bytes += on_disk(file);
                }
            }
        }
        self.set_crowded(held > self.options.bytes);
        Ok(pruned)
    }
}
