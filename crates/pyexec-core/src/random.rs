//! Random numbers from the standard library's hasher, whose keys the operating system chooses.

use std::hash::{BuildHasher, RandomState};

/// 64 bits that another process can't guess.
pub(crate) fn unguessable() -> u64 {
    RandomState::new().hash_one(0x70_79_65_78_65_63_u64)
}
