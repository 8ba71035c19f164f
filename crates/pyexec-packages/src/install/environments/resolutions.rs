//! What requirements led to, remembered for a while.

use crate::install::installer::Resolution;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const FOLDER: &str = "resolutions";

/// One that nobody asked for in so long isn't kept, not even for those without the network.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

#[derive(Serialize, Deserialize)]
struct Remembered {
    at: SystemTime,
    resolution: Resolution,
}

fn file(store: &Path, name: &str) -> PathBuf {
    store.join(FOLDER).join(name)
}

/// What is remembered under this name, unless it is older than `at_most`, or from the future.
pub(super) fn recall(store: &Path, name: &str, at_most: Option<Duration>) -> Option<Resolution> {
    // What can't be read is looked up again.
    let text = fs::read_to_string(file(store, name)).ok()?;
    let remembered: Remembered = serde_json::from_str(&text).ok()?;
    let age = remembered.at.elapsed().ok();
    let fresh = at_most.is_none_or(|at_most| age.is_some_and(|age| age < at_most));
    fresh.then_some(remembered.resolution)
}

pub(super) fn remember(store: &Path, name: &str, resolution: &Resolution) -> io::Result<()> {
    let remembered = Remembered { at: SystemTime::now(), resolution: resolution.clone() };
    let folder = store.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let mut whole = tempfile::NamedTempFile::new_in(&folder)?;
    serde_json::to_writer(&mut whole, &remembered)?;
    whole.persist(file(store, name)).map_err(|error| error.error)?;
    Ok(())
}

/// Forgets those that are old, or all.
pub(super) fn forget(store: &Path, all: bool) {
    for entry in fs::read_dir(store.join(FOLDER)).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > KEPT));
        if all || old {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_fresh_is_recalled() {
        let store = tempfile::tempdir().unwrap();
        let resolution = Resolution::new(Vec::new());
        remember(store.path(), "x", &resolution).unwrap();
        let hour = Some(Duration::from_secs(3600));
        assert_eq!(recall(store.path(), "x", hour), Some(resolution.clone()));
        assert_eq!(recall(store.path(), "x", Some(Duration::ZERO)), None);
        assert_eq!(recall(store.path(), "y", None), None);
        let later = SystemTime::now() + Duration::from_secs(7200);
        let text = serde_json::to_string(&Remembered { at: later, resolution }).unwrap();
        fs::write(file(store.path(), "x"), text).unwrap();
        assert_eq!(recall(store.path(), "x", hour), None, "a clock that was ahead");
        fs::write(file(store.path(), "x"), "{").unwrap();
        assert_eq!(recall(store.path(), "x", None), None);
        forget(store.path(), true);
        assert!(!file(store.path(), "x").exists());
    }
}
