//! What of a directory gets into its archive.

use super::walk::Walk;
use crate::{Archive, ArchiveError, read::ReadLimits};
use std::path::Path;

/// What of a directory gets into its archive, and how.
///
/// The default takes all but what is never worth sending and what the project's own ignore files
/// name. It looks at nothing outside the directory, neither at ignore files of its parents nor at
/// git's configuration, so that equal directories give equal archives on every machine.
///
/// ```no_run
/// use pyexec_archive::{DirectoryOptions, Symlinks};
///
/// let archive = DirectoryOptions::new()
///     .exclude("*.csv")
///     .exclude("!data/small.csv")
///     .hidden(false)
///     .symlinks(Symlinks::Keep)
///     .archive("my-project")?;
///
/// let report = archive.report();
/// println!("{} files, {} bytes", report.files, report.bytes);
/// for left_out in report.left_out {
///     println!("not sent: {left_out}");
/// }
/// # Ok::<(), pyexec_archive::ArchiveError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing happens until `archive` is called"]
pub struct DirectoryOptions {
    pub(super) patterns: Vec<String>,
    pub(super) default_exclusions: bool,
    pub(super) gitignore: bool,
    pub(super) pyexecignore: bool,
    pub(super) hidden: bool,
    pub(super) symlinks: Symlinks,
    pub(super) preserve_mtime: bool,
    pub(super) preserve_mode: bool,
    pub(super) max_entries: usize,
}

/// What becomes of symbolic links in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Symlinks {
    /// They are stored as what they lead to, which must be in the directory as well. One that leads
    /// to what is left out under its own path is left out with it.
    #[default]
    Follow,
    /// They are stored as links. They must be relative and stay within the directory.
    Keep,
    /// They are left out, and reported.
    LeaveOut,
    /// The first one is an error.
    Refuse,
}

impl Default for DirectoryOptions {
    fn default() -> Self {
        Self {
            patterns: Vec::new(),
            default_exclusions: true,
            gitignore: true,
            pyexecignore: true,
            hidden: true,
            symlinks: Symlinks::default(),
            preserve_mtime: false,
            preserve_mode: false,
            max_entries: ReadLimits::default().max_entries,
        }
    }
}

impl DirectoryOptions {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves out what the pattern matches, as a line of a `.gitignore` at the top would.
    ///
    /// The last pattern that matches decides; one that begins with `!` takes back those before
    /// it, and what ignore files say. See [gitignore(5)](https://git-scm.com/docs/gitignore).
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.patterns.push(pattern.into());
        self
    }

    /// Whether to leave out `.git`, `__pycache__`, `.venv`, `node_modules`, `*.pyc` and virtual
    /// environments of any name (directories with a `pyvenv.cfg`). Default `true`.
    ///
    /// No pattern takes this back, so that an ignore file made of exceptions (`*`, `!*/`,
    /// `!*.py`) doesn't send a whole history along.
    pub fn default_exclusions(mut self, leave_out: bool) -> Self {
        self.default_exclusions = leave_out;
        self
    }

    /// Whether to leave out what `.gitignore` files name, in the directory and below, whether or
    /// not it is a repository. Default `true`.
    pub fn gitignore(mut self, heed: bool) -> Self {
        self.gitignore = heed;
        self
    }

    /// Whether to leave out what `.pyexecignore` files name. They are written as `.gitignore` is,
    /// and where both have something to say of a file, they win. Default `true`.
    pub fn pyexecignore(mut self, heed: bool) -> Self {
        self.pyexecignore = heed;
        self
    }

    /// Whether to include files and directories whose name begins with a dot. Default `true`.
    /// Exceptions of ignore files don't bring them back, those of [`exclude`](Self::exclude) do.
    pub fn hidden(mut self, include: bool) -> Self {
        self.hidden = include;
        self
    }

    /// What becomes of symbolic links. Default [`Symlinks::Follow`].
    pub fn symlinks(mut self, symlinks: Symlinks) -> Self {
        self.symlinks = symlinks;
        self
    }

    /// Whether files and directories keep their time of change, in whole seconds. Default
    /// `false`: all are of 1970.
    pub fn preserve_mtime(mut self, preserve: bool) -> Self {
        self.preserve_mtime = preserve;
        self
    }

    /// Whether files and directories keep their permission bits. Default `false`: files have
    /// 0644, directories 0755.
    pub fn preserve_mode(mut self, preserve: bool) -> Self {
        self.preserve_mode = preserve;
        self
    }

    /// How many files and directories there may be: links that are followed can multiply them
    /// without end. Default 65,536, what a safe
    /// reader takes by default.
    pub fn max_entries(mut self, max_entries: usize) -> Self {
        self.max_entries = max_entries;
        self
    }

    /// Plans the archive of a directory, under paths relative to it.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NotADirectory`]; [`ArchiveError::InvalidPattern`] and
    /// [`ArchiveError::IgnoreFile`] for patterns that aren't any; [`ArchiveError::LinkLeadsOut`],
    /// [`ArchiveError::LinkCycle`] and [`ArchiveError::LinkRefused`] for links that can't be
    /// stored; [`ArchiveError::NotUtf8`] and [`ArchiveError::InvalidName`] for names that can't;
    /// [`ArchiveError::TooManyEntries`]; [`ArchiveError::Io`] for what can't be read, such as a
    /// link that leads nowhere.
    pub fn archive(&self, directory: impl AsRef<Path>) -> Result<Archive, ArchiveError> {
        Walk::plan(self, directory.as_ref())
    }
}
