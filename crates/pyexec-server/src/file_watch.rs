//! What files of the operator's hold, read again when they change.

use crate::FileError;
use std::{
    error::Error,
    fmt, fs,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// More than any of these files needs, in bytes.
const MOST: u64 = 1 << 20;

/// The clock of some file systems ticks that rarely: a file that changed less long ago may change
/// again without a sign.
const UNSETTLED: Duration = Duration::from_secs(2);

/// A value that files hold. Each use looks whether they are still the same, which costs a system
/// call a file; where they have changed for the worse, the old value stays and the log says why.
pub(crate) struct FileWatch<T> {
    /// What it is, for the log.
    what: &'static str,
    paths: Vec<PathBuf>,
    parse: Parse<T>,
    state: Mutex<State<T>>,
}

/// From what the files hold, in the order of their paths, to the value.
type Parse<T> = Box<dyn Fn(&[Vec<u8>]) -> Result<T, FileError> + Send + Sync>;

struct State<T> {
    value: Arc<T>,
    stamps: Vec<Option<Stamp>>,
    /// Of what the value, or the last attempt at one, was made.
    contents: Vec<Vec<u8>>,
    problem: Option<String>,
}

/// What tells one version of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl<T> FileWatch<T> {
    /// Reads them for the first time.
    ///
    /// # Errors
    /// Where they can't be read, or `parse` isn't content.
    pub(crate) fn open(
        what: &'static str,
        paths: Vec<PathBuf>,
        parse: impl Fn(&[Vec<u8>]) -> Result<T, FileError> + Send + Sync + 'static,
    ) -> Result<Self, FileError> {
        // Before they are read, so that no change passes unseen.
        let stamps = stamps(&paths);
        let contents = read(&paths)?;
        let value = Arc::new(parse(&contents)?);
        let state = Mutex::new(State { value, stamps, contents, problem: None });
        Ok(Self { what, paths, parse: Box::new(parse), state })
    }

    /// What they hold now; where that can't be used, what they held last.
    pub(crate) fn current(&self) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&self.paths);
        if stamps != state.stamps || stamps.iter().flatten().any(Stamp::is_unsettled) {
            state.stamps = stamps;
            self.reread(&mut state);
        }
        Arc::clone(&state.value)
    }

    fn reread(&self, state: &mut State<T>) {
        let read = read(&self.paths).and_then(|contents| {
            if contents == state.contents {
                return Ok(None);
            }
            state.contents = contents;
            (self.parse)(&state.contents).map(Some)
        });
        match read {
            Ok(None) => {}
            Ok(Some(value)) => {
                state.value = Arc::new(value);
                state.problem = None;
                tracing::info!("{} changed and are in use", self.what);
            }
            Err(error) => {
                if !matches!(error, FileError::Content { .. }) {
                    // It may be readable the next time, without any change of its own.
                    state.contents.clear();
                    state.stamps.clear();
                }
                let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
                let problem = format!("{error}{cause}");
                if state.problem.as_ref() != Some(&problem) {
                    tracing::warn!("{} stay as they were: {problem}", self.what);
                    state.problem = Some(problem);
                }
            }
        }
    }
}

impl<T> fmt::Debug for FileWatch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileWatch").field("paths", &self.paths).finish_non_exhaustive()
    }
}

/// Whether everyone on the machine can read it.
pub(crate) fn is_open_to_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o004 != 0)
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    fn is_unsettled(&self) -> bool {
        let seconds = u64::try_from(self.changed.0).unwrap_or_default();
        let changed = UNIX_EPOCH + Duration::from_secs(seconds);
        SystemTime::now().duration_since(changed).is_ok_and(|age| age < UNSETTLED)
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Option<Stamp>> {
    paths.iter().map(|path| Stamp::of(path)).collect()
}

fn read(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, FileError> {
    let read = |path: &PathBuf| {
        let failed = |source| FileError::Read { path: path.clone(), source };
        let mut bytes = Vec::new();
        if !fs::metadata(path).map_err(failed)?.is_file() {
            // A pipe would keep us waiting, and is empty the second time.
            return Err(failed(io::Error::other("it is no regular file")));
        }
        let file = fs::File::open(path).map_err(failed)?;
        file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MOST {
            return Err(failed(io::Error::other("it is larger than 1 MiB")));
        }
        Ok(bytes)
    };
    paths.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(path: &Path) -> FileWatch<u32> {
        let file = path.to_owned();
        FileWatch::open("numbers", vec![path.to_owned()], move |contents| {
            let text = String::from_utf8_lossy(&contents[0]);
            text.parse().map_err(|_| FileError::Content {
                path: file.clone(),
                problem: "this is no number".into(),
            })
        })
        .unwrap()
    }

    #[test]
    fn changes_count_at_once_and_broken_ones_never() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        fs::write(&path, "1").unwrap();
        let watch = number(&path);
        assert_eq!(*watch.current(), 1);
        // In place, of the same size, within one tick of the clock.
        for next in 2..9 {
            fs::write(&path, next.to_string()).unwrap();
            assert_eq!(*watch.current(), next);
        }
        fs::write(&path, "x").unwrap();
        assert_eq!(*watch.current(), 8);
        let problem = || watch.state.lock().unwrap().problem.clone();
        assert!(problem().unwrap().ends_with("number: this is no number"));
        fs::remove_file(&path).unwrap();
        assert_eq!(*watch.current(), 8);
        assert!(problem().unwrap().contains("No such file"));
        // As it was before it broke.
        fs::write(&path, "8").unwrap();
        assert_eq!(*watch.current(), 8);
        assert_eq!(problem(), None);
        let other = folder.path().join("other");
        fs::write(&other, "9").unwrap();
        fs::rename(&other, &path).unwrap();
        assert_eq!(*watch.current(), 9);
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(&[folder.path().to_owned()]).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "it is no regular file");
        let large = folder.path().join("large");
        fs::write(&large, vec![0; (MOST + 1) as usize]).unwrap();
        assert!(read(&[large]).is_err());
        let paths = [folder.path().join("none")];
        assert!(read(&paths).unwrap_err().to_string().starts_with("can't read "));
    }
}
