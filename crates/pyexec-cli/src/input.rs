//! What to run, from wherever it comes.

use crate::failure::Failure;
use pyexec_blocking::{
    Archive,
    archive::{DirectoryOptions, Entry, entrypoint_candidates},
};
use std::{
    ffi::OsStr,
    fs,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

/// Names that are read as archives.
const TAR_SUFFIXES: [&str; 3] = [".tar", ".tar.gz", ".tgz"];

/// How many names an error lists.
const NAMES_SHOWN: usize = 5;

/// A project that can be sent.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) archive: Archive,
    pub(crate) entrypoint: String,
    /// Where the text of the file to run can be had, if that is simple.
    pub(crate) script: Script,
    /// The directory that all of it is from.
    pub(crate) directory: Option<PathBuf>,
}

/// The text of the file to run.
#[derive(Debug)]
pub(crate) enum Script {
    Text(Vec<u8>),
    File(PathBuf),
    /// Somewhere in an archive.
    Packed,
}

impl Script {
    /// The text, as far as it is one.
    ///
    /// # Errors
    ///
    /// Where it can't be read.
    pub(crate) fn text(&self) -> Result<Option<String>, Failure> {
        let bytes = match self {
            Self::Text(bytes) => bytes.clone(),
            Self::File(path) => fs::read(path).map_err(|error| {
                Failure::ours(format!("can't read {}", path.display())).because(&error)
            })?,
            Self::Packed => return Ok(None),
        };
        Ok(String::from_utf8(bytes).ok())
    }
}

/// Code that is read on demand, unless a person would have to type it.
pub(crate) struct Stdin<R> {
    reader: R,
    is_terminal: bool,
}

impl Stdin<io::Stdin> {
    /// Our own standard input.
    pub(crate) fn ours() -> Self {
        let reader = io::stdin();
        Self { is_terminal: reader.is_terminal(), reader }
    }
}

impl<R: Read> Stdin<R> {
    /// All of it. Somebody who wrote `-` may type it, too.
    ///
    /// # Errors
    ///
    /// Where there is nothing, so that nobody waits for what never comes.
    pub(crate) fn code(mut self, asked_for: bool) -> Result<Vec<u8>, Failure> {
        let nothing = |message: &str| {
            Failure::usage(message).hint("name a file or directory, or pipe code in; see --help")
        };
        if self.is_terminal && !asked_for {
            return Err(nothing("nothing to run"));
        }
        let mut code = Vec::new();
        self.reader
            .read_to_end(&mut code)
            .map_err(|error| Failure::ours("cannot read standard input").because(&error))?;
        if code.iter().all(u8::is_ascii_whitespace) {
            return Err(nothing("nothing to run: standard input is empty"));
        }
        Ok(code)
    }
}

/// The project: of `files` where there are any, else of `input`, else of piped code.
///
/// # Errors
///
/// Where it can't be read, or nothing in it can be run.
pub(crate) fn resolve<R: Read>(
    input: Option<&Path>,
    files: &[PathBuf],
    entrypoint: Option<String>,
    stdin: Stdin<R>,
) -> Result<Project, Failure> {
    let mut code = Vec::new();
    let archive = match input {
        _ if !files.is_empty() => Archive::from_files(files)?,
        None => {
            code = stdin.code(false)?;
            piped(&code)?
        }
        Some(path) if path == Path::new("-") => {
            code = stdin.code(true)?;
            piped(&code)?
        }
        // A script that the program starts has to stay executable.
        Some(path) if path.is_dir() => DirectoryOptions::new().preserve_mode(true).archive(path)?,
        Some(path) if is_tar(path) => Archive::from_tar_file(path)?,
        Some(path) => Archive::from_files([path])?,
    };
    let in_order = !files.is_empty();
    let one_file = match input {
        _ if in_order => files.len() == 1,
        Some(path) => !is_tar(path) && !path.is_dir(),
        None => false,
    };
    let entrypoint = match (entrypoint, archive.entries().next()) {
        (Some(name), _) => known(&archive, name)?,
        // Somebody who names one file wants that one run, whatever its name.
        (None, Some(only)) if one_file => only.name().to_owned(),
        // Those who give files one by one put the one to run first.
        (None, _) if in_order => archive.detect_entrypoint()?.to_owned(),
        (None, _) => detect(&archive)?.to_owned(),
    };
    let is_directory = |path: &&Path| !in_order && path.is_dir();
    let directory = input.filter(is_directory).map(Path::to_owned);
    let script = match (input, &directory) {
        _ if in_order => {
            let is_it = |path: &&PathBuf| path.file_name() == Some(OsStr::new(&entrypoint));
            files.iter().find(is_it).map_or(Script::Packed, |path| Script::File(path.clone()))
        }
        _ if !code.is_empty() => Script::Text(code),
        (_, Some(directory)) => Script::File(directory.join(plain(&entrypoint))),
        (Some(path), None) if !is_tar(path) => Script::File(path.to_owned()),
        _ => Script::Packed,
    };
    Ok(Project { archive, entrypoint, script, directory })
}

/// The name of a file to run that is there.
fn known(archive: &Archive, name: String) -> Result<String, Failure> {
    let same = |entry: &str| plain(entry) == plain(&name);
    if archive.entries().any(|entry| !entry.is_directory() && same(entry.name())) {
        return Ok(name);
    }
    let names = archive.entries().filter(|entry| entry.is_file()).map(Entry::name);
    let message = format!("--entrypoint {name}: there is no such file in what is sent");
    Err(Failure::usage(message).hint(format!("there are {}", some(names))))
}

fn plain(name: &str) -> &str {
    name.strip_prefix("./").unwrap_or(name)
}

/// The file to run by the rule that all clients have, if that is more than an accident of the
/// alphabet: another one that would do has to lie deeper.
fn detect(archive: &Archive) -> Result<&str, Failure> {
    let detected = archive.detect_entrypoint()?;
    let names = archive.entries().filter(|entry| entry.is_file()).map(Entry::name);
    let candidates = entrypoint_candidates(names);
    let depth = |name: &str| plain(name).matches('/').count();
    match candidates.iter().any(|name| *name != detected && depth(name) <= depth(detected)) {
        true => Err(Failure::usage(format!("several files could be run: {}", some(candidates)))
            .hint(format!("choose one: --entrypoint {detected}"))),
        false => Ok(detected),
    }
}

/// The first names, and how many more there are.
fn some<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let (first, more) = names.split_at(names.len().min(NAMES_SHOWN));
    match more.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn piped(code: &[u8]) -> Result<Archive, Failure> {
    Ok(Archive::from_map([("main.py", code)])?)
}

fn is_tar(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    TAR_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn stdin(code: &str) -> Stdin<&[u8]> {
        Stdin { reader: code.as_bytes(), is_terminal: false }
    }

    /// The names in the project, and which of them is run.
    fn resolved(input: Option<&Path>, files: &[PathBuf], code: &str) -> Result<String, Failure> {
        let project = resolve(input, files, None, stdin(code))?;
        let names: Vec<_> =
            project.archive.entries().map(|entry| entry.name().to_owned()).collect();
        Ok(format!("{} of {}", project.entrypoint, names.join(" ")))
    }

    #[test]
    fn files_then_a_tar_or_directory_then_a_file_then_code() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("dir.tar")).unwrap();
        for name in ["script", "dir.tar/main.py", "a.py"] {
            fs::write(path(name), "1").unwrap();
        }
        let tar = Archive::from_map([("x/main.py", "1"), ("a.py", "2")]).unwrap();
        fs::write(path("p.tar"), tar.to_vec().unwrap()).unwrap();

        let files = [path("a.py"), path("script")];
        let case = |input: Option<&str>, files: &[PathBuf]| {
            resolved(input.map(path).as_deref(), files, "code").unwrap()
        };
        assert_eq!(case(Some("p.tar"), &files), "a.py of a.py script");
        assert_eq!(case(Some("p.tar"), &files[1..]), "script of script");
        assert_eq!(case(Some("p.tar"), &[]), "x/main.py of a.py x/main.py");
        assert_eq!(case(Some("dir.tar"), &[]), "main.py of main.py");
        assert_eq!(case(Some("script"), &[]), "script of script");
        assert_eq!(case(None, &[]), "main.py of main.py");
        assert_eq!(resolved(Some(Path::new("-")), &[], "1").unwrap(), "main.py of main.py");
    }

    #[test]
    fn an_accident_of_the_alphabet_is_no_choice() {
        let detected = |names: &[&str]| {
            let archive = Archive::from_map(names.iter().map(|name| (*name, ""))).unwrap();
            detect(&archive).map(str::to_owned).map_err(|failure| failure.record().message)
        };
        let ambiguous = "several files could be run: a.py, b.py";
        assert_eq!(detected(&["a.py", "b.py"]), Err(ambiguous.to_owned()));
        assert!(detected(&["x/main.py", "y/main.py"]).is_err());
        // A tar that lists a deeper one first.
        assert!(detected(&["a/main.py", "main.py"]).is_err());
        assert_eq!(detected(&["main.py", "z/main.py", "a.py"]).unwrap(), "main.py");
        assert_eq!(
            detected(&["pkg/__init__.py", "run.py"]),
            Err("several files could be run: pkg/__init__.py, run.py".to_owned())
        );
        let many = ["a.py", "b.py", "c.py", "d.py", "e.py", "f.py", "g.py"];
        assert!(detected(&many).unwrap_err().ends_with("d.py, e.py and 2 more"));
    }

    #[test]
    fn nothing_to_run_is_a_mistake_and_never_a_wait() {
        for code in ["", " \n"] {
            assert!(resolved(None, &[], code).is_err());
        }
        let terminal = || Stdin { reader: &b"1"[..], is_terminal: true };
        assert!(resolve(None, &[], None, terminal()).is_err());
        assert!(resolve(Some(Path::new("-")), &[], None, terminal()).is_ok());
    }
}
