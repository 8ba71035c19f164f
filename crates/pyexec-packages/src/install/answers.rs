//! What programs said of themselves, remembered while they stay what they are: a process that lives
//! for one execution would take longer to ask than for all the rest.

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use std::{
    ffi::OsString,
    fs::{self, DirBuilder, Metadata},
    io::{self, Read as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _},
    },
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const FOLDER: &str = "answers";

/// What is nowhere in the program's own files, such as the version of a C library, is asked for
/// again after this.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A private folder of answers.
#[derive(Debug, Clone)]
pub(crate) struct Answers(PathBuf);

/// What is asked, and what the answer depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) text: &'a str,
    /// Of the program that answers, itself first. It counts that one isn't there, too.
    pub(crate) files: &'a [PathBuf],
    pub(crate) variables: &'a [(OsString, OsString)],
}

impl Answers {
    pub(crate) fn new(store: &Path) -> Self {
        Self(store.join(FOLDER))
    }

    /// The answer that is remembered, else the one that is given now. A failure isn't remembered.
    pub(crate) fn recall_or<T: Serialize + DeserializeOwned, E>(
        &self,
        question: Question<'_>,
        ask: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if question.files.first().is_some_and(|program| is_script(program)) {
            return ask();
        }
        let name = question.name();
        if let Some(answer) = self.recall(&name) {
            return Ok(answer);
        }
        let answer = ask()?;
        // Unless it was replaced meanwhile: then nobody knows who answered.
        if question.name() == name {
            // What can't be remembered is asked for again.
            let _ = self.remember(&name, &answer);
        }
        Ok(answer)
    }

    fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let file = fs::File::open(self.0.join(name)).ok()?;
        if !is_fresh(&file.metadata().ok()?) {
            return None;
        }
        serde_json::from_str(&io::read_to_string(file).ok()?).ok()
    }

    fn remember<T: Serialize>(&self, name: &str, answer: &T) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        for entry in fs::read_dir(&self.0)?.flatten() {
            if entry.metadata().is_ok_and(|metadata| !is_fresh(&metadata)) {
                fs::remove_file(entry.path())?;
            }
        }
        let mut whole = tempfile::NamedTempFile::new_in(&self.0)?;
        serde_json::to_writer(&mut whole, answer)?;
        whole.persist(self.0.join(name)).map_err(|error| error.error)?;
        Ok(())
    }
}

/// A script may start any other program, such as the one that somebody chose last.
fn is_script(program: &Path) -> bool {
    let mut start = [0; 2];
    let read = fs::File::open(program).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"#!"
}

/// Neither old nor from the future.
fn is_fresh(metadata: &Metadata) -> bool {
    let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    written.elapsed().is_ok_and(|age| age < KEPT)
}

impl Question<'_> {
    /// Another one as soon as anything is different.
    fn name(&self) -> String {
        let mut digest = Sha256::new();
        let mut add = |part: &[u8]| {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        };
        add(self.text.as_bytes());
        for (name, value) in self.variables {
            add(name.as_bytes());
            add(value.as_bytes());
        }
        for file in self.files {
            add(file.as_os_str().as_bytes());
            // Of a link, and of what it leads to.
            add(stamp(fs::symlink_metadata(file)).as_bytes());
            add(fs::canonicalize(file).unwrap_or_default().as_os_str().as_bytes());
            add(stamp(fs::metadata(file)).as_bytes());
        }
        crate::install::hex(&digest.finalize())
    }
}

/// Nobody can set the time of the last change of any kind, unlike that of the contents.
fn stamp(metadata: io::Result<Metadata>) -> String {
    let Ok(found) = metadata else { return String::new() };
    let (size, device, inode) = (found.size(), found.dev(), found.ino());
    let modified = (found.mtime(), found.mtime_nsec());
    let changed = (found.ctime(), found.ctime_nsec());
    format!("{size} {device} {inode} {modified:?} {changed:?} {}", found.mode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, fs::FileTimes, os::unix::fs::symlink};

    struct Asked {
        folder: tempfile::TempDir,
        times: Cell<u32>,
    }

    impl Asked {
        fn about(&self, text: &str, file: &Path, value: &str) -> u32 {
            let answers = Answers::new(self.folder.path());
            let variables = [("NAME".into(), value.into())];
            let files = [file.to_owned()];
            let ask = || {
                self.times.set(self.times.get() + 1);
                Ok::<_, ()>(self.times.get())
            };
            answers.recall_or(Question { text, files: &files, variables: &variables }, ask).unwrap()
        }
    }

    #[test]
    fn what_changed_is_asked_again() {
        let asked = Asked { folder: tempfile::tempdir().unwrap(), times: Cell::new(0) };
        let program = asked.folder.path().join("program");
        assert_eq!(asked.about("version", &program, "x"), 1);
        assert_eq!(asked.about("version", &program, "x"), 1);
        fs::write(&program, "one").unwrap();
        assert_eq!(asked.about("version", &program, "x"), 2, "it is there now");
        assert_eq!(asked.about("version", &program, "x"), 2);
        assert_eq!(asked.about("other", &program, "x"), 3);
        assert_eq!(asked.about("version", &program, "y"), 4);
        // The same size and time: only the kernel knows better.
        let before = fs::metadata(&program).unwrap().modified().unwrap();
        fs::write(&program, "two").unwrap();
        let file = fs::File::options().write(true).open(&program).unwrap();
        file.set_times(FileTimes::new().set_modified(before)).unwrap();
        assert_eq!(asked.about("version", &program, "x"), 5);
        // A link, then what it leads to.
        let link = asked.folder.path().join("link");
        symlink(&program, &link).unwrap();
        assert_eq!(asked.about("version", &link, "x"), 6);
        assert_eq!(asked.about("version", &link, "x"), 6);
        fs::write(&program, "three").unwrap();
        assert_eq!(asked.about("version", &link, "x"), 7);
    }

    #[test]
    fn what_is_old_or_broken_is_asked_again() {
        let asked = Asked { folder: tempfile::tempdir().unwrap(), times: Cell::new(0) };
        let program = asked.folder.path().join("program");
        assert_eq!(asked.about("version", &program, "x"), 1);
        let answers = asked.folder.path().join(FOLDER);
        let answer = || fs::read_dir(&answers).unwrap().next().unwrap().unwrap().path();
        let now = SystemTime::now();
        for (time, expected) in [(now - KEPT, 2), (now + KEPT, 3)] {
            let file = fs::File::options().write(true).open(answer()).unwrap();
            file.set_times(FileTimes::new().set_modified(time)).unwrap();
            assert_eq!(asked.about("version", &program, "x"), expected);
        }
        fs::write(answer(), "{").unwrap();
        assert_eq!(asked.about("version", &program, "x"), 4);
        // The old ones go.
        let file = fs::File::options().write(true).open(answer()).unwrap();
        file.set_times(FileTimes::new().set_modified(now - KEPT)).unwrap();
        assert_eq!(asked.about("other", &program, "x"), 5);
        assert_eq!(fs::read_dir(&answers).unwrap().count(), 1);
    }

    #[test]
    fn failures_and_the_answers_of_who_was_replaced_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let answers = Answers::new(folder.path());
        let program = [folder.path().join("program")];
        let question = Question { text: "version", files: &program, variables: &[] };
        assert_eq!(answers.recall_or::<u32, _>(question, || Err("no")), Err("no"));
        let replaced = || {
            fs::write(&program[0], "new").unwrap();
            Ok::<_, ()>(1)
        };
        assert_eq!(answers.recall_or(question, replaced), Ok(1));
        assert_eq!(answers.recall_or(question, || Ok::<_, ()>(2)), Ok(2));
        assert_eq!(answers.recall_or(question, || Ok::<_, ()>(3)), Ok(2));
        // Nor those of what merely starts somebody.
        fs::write(&program[0], "#!/bin/sh\n").unwrap();
        assert_eq!(answers.recall_or(question, || Ok::<_, ()>(4)), Ok(4));
        assert_eq!(answers.recall_or(question, || Ok::<_, ()>(5)), Ok(5));
    }
}
