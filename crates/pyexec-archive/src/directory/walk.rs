//! Walks a directory in the archive's order.

use super::{
    DirectoryOptions, Symlinks,
    ignore_files::{Patterns, Verdict},
};
use crate::{Archive, ArchiveBuilder, ArchiveError, LeftOut, LeftOutReason, source_file};
use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

/// Left out wherever they are: history and what is made anew from the rest.
const EXCLUDED: [&str; 4] = [".git", "__pycache__", ".venv", "node_modules"];
const EXCLUDED_SUFFIX: &str = ".pyc";
/// What every virtual environment has at its top (PEP 405).
const ENVIRONMENT_MARK: &str = "pyvenv.cfg";

pub(super) struct Walk<'a> {
    options: &'a DirectoryOptions,
    /// Free of links, to tell whether a link stays within.
    root: PathBuf,
    /// The directories being walked, free of links, to find cycles.
    ancestors: Vec<PathBuf>,
    patterns: Patterns,
    builder: ArchiveBuilder,
    entries: usize,
}

/// Something in the directory that is walked.
struct Found {
    name: String,
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    File(Metadata),
    /// A directory, and where it is if it was reached by a link.
    Directory(Option<PathBuf>),
    /// A symbolic link that is kept, and its target.
    Symlink(String),
}

impl<'a> Walk<'a> {
    pub(super) fn plan(
        options: &'a DirectoryOptions,
        root: &Path,
    ) -> Result<Archive, ArchiveError> {
        let metadata = fs::metadata(root).map_err(about(root))?;
        if !metadata.is_dir() {
            return Err(ArchiveError::NotADirectory { path: root.to_owned() });
        }
        let mut walk = Self {
            options,
            root: root.canonicalize().map_err(about(root))?,
            ancestors: Vec::new(),
            patterns: Patterns::new(options)?,
            builder: Archive::builder(),
            entries: 0,
        };
        walk.builder.preserve_mtime(options.preserve_mtime).preserve_mode(options.preserve_mode);
        let top = walk.root.clone();
        walk.directory(root, "", top)?;
        Ok(walk.builder.build())
    }

    /// Adds what is in `path`, which is `name` in the archive and `resolved` without links.
    fn directory(
        &mut self,
        path: &Path,
        name: &str,
        resolved: PathBuf,
    ) -> Result<(), ArchiveError> {
        self.patterns.enter(name, path)?;
        // In whatever order the system has them.
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(about(path))? {
            let entry = entry.map_err(about(path))?;
            entries.push((entry.file_name().to_string_lossy().into_owned(), entry));
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut found = Vec::with_capacity(entries.len());
        // Below a directory that was reached by a link, the own path counts as well.
        let real = self.is_elsewhere(&resolved, name).then_some(&*resolved);
        for (base_name, entry) in &entries {
            found.extend(self.look_at(entry, base_name, name, real)?);
        }
        drop(entries);
        // Files first, so that those of the top come before all others.
        found.sort_by_key(|found| matches!(found.kind, Kind::Directory(_)));

        self.ancestors.push(resolved.clone());
        for Found { name, path, kind } in found {
            self.count()?;
            match kind {
                Kind::File(metadata) => {
                    source_file::check_readable(&path, &metadata)?;
                    // One that was reached by a link is read where it lies.
                    self.builder.add_file_on_disk(name, path, &metadata, false)?;
                }
                Kind::Symlink(target) => self.symlink(&name, &path, &target)?,
                Kind::Directory(followed) => {
                    let base_name = path.file_name().unwrap_or_default();
                    let target = followed.unwrap_or_else(|| resolved.join(base_name));
                    if self.ancestors.contains(&target) {
                        return Err(ArchiveError::LinkCycle { path, target });
                    }
                    let metadata = fs::metadata(&path).map_err(about(&path))?;
                    self.builder.add_directory_on_disk(&name, &path, &metadata)?;
                    self.directory(&path, &name, target)?;
                }
            }
        }
        self.ancestors.pop();
        self.patterns.leave();
        Ok(())
    }

    /// What an entry of a directory is, unless it is left out.
    fn look_at(
        &mut self,
        entry: &fs::DirEntry,
        base_name: &str,
        parent: &str,
        real: Option<&Path>,
    ) -> Result<Option<Found>, ArchiveError> {
        let path = entry.path();
        let mut kind = entry.file_type().map_err(about(&path))?;
        let is_symlink = kind.is_symlink();
        // One that leads nowhere is no directory; whether it matters is seen below.
        let is_directory = kind.is_dir()
            || is_symlink && self.options.symlinks == Symlinks::Follow && path.is_dir();
        let name =
            if parent.is_empty() { base_name.to_owned() } else { format!("{parent}/{base_name}") };

        let reason = self.reason(&self.patterns, base_name, &name, &path, is_directory);
        if let Some(reason) = reason {
            self.leave_out(name, is_directory, reason);
            return Ok(None);
        }
        if entry.file_name().to_str().is_none() {
            return Err(ArchiveError::NotUtf8 { path });
        }
        if let Some(real) = real
            && let Some(reason) = self.reason_at(&real.join(base_name))?
        {
            self.leave_out(name, is_directory, reason);
            return Ok(None);
        }
        let mut followed = None;
        if is_symlink {
            match self.options.symlinks {
                Symlinks::Follow => {
                    let target = self.follow(&path)?;
                    // A link is no way around what is left out under its own name.
                    if let Some(reason) = self.reason_at(&target)? {
                        self.leave_out(name, is_directory, reason);
                        return Ok(None);
                    }
                    let metadata = fs::metadata(&target).map_err(about(&path))?;
                    kind = metadata.file_type();
                    followed = Some((target, metadata));
                }
                Symlinks::Keep => {
                    let target = fs::read_link(&path).map_err(about(&path))?;
                    return match target.into_os_string().into_string() {
                        Ok(target) => Ok(Some(Found { name, path, kind: Kind::Symlink(target) })),
                        Err(_) => Err(ArchiveError::NotUtf8 { path }),
                    };
                }
                Symlinks::LeaveOut => {
                    self.leave_out(name, false, LeftOutReason::Symlink);
                    return Ok(None);
                }
                Symlinks::Refuse => return Err(ArchiveError::LinkRefused { path }),
            }
        }
        let kind = if kind.is_dir() {
            Kind::Directory(followed.map(|(target, _)| target))
        } else if kind.is_file() {
            match followed {
                Some((target, metadata)) => {
                    return Ok(Some(Found { name, path: target, kind: Kind::File(metadata) }));
                }
                None => Kind::File(entry.metadata().map_err(about(&path))?),
            }
        } else {
            self.leave_out(name, false, LeftOutReason::Special);
            return Ok(None);
        };
        Ok(Some(Found { name, path, kind }))
    }

    /// Why what a link leads to is left out under its own path, if it is.
    fn reason_at(&self, target: &Path) -> Result<Option<LeftOutReason>, ArchiveError> {
        let Ok(within) = target.strip_prefix(&self.root) else {
            return Ok(None);
        };
        let mut patterns = Patterns::new(self.options)?;
        let mut path = self.root.clone();
        let mut name = String::new();
        for component in within {
            patterns.enter(&name, &path)?;
            path.push(component);
            let base_name = component.to_string_lossy();
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(&base_name);
            let reason = self.reason(&patterns, &base_name, &name, &path, path.is_dir());
            if reason.is_some() {
                return Ok(reason);
            }
        }
        Ok(None)
    }

    /// Why an entry is left out, if it is.
    fn reason(
        &self,
        patterns: &Patterns,
        base_name: &str,
        name: &str,
        path: &Path,
        is_directory: bool,
    ) -> Option<LeftOutReason> {
        let is_excluded = EXCLUDED.contains(&base_name) || base_name.ends_with(EXCLUDED_SUFFIX);
        let is_environment = || is_directory && path.join(ENVIRONMENT_MARK).is_file();
        if self.options.default_exclusions && (is_excluded || is_environment()) {
            return Some(LeftOutReason::Default);
        }
        match patterns.verdict(name, is_directory) {
            Verdict::LeaveOut(reason) => Some(reason),
            Verdict::Keep => None,
            Verdict::Silent => {
                let is_hidden = base_name.starts_with('.');
                (is_hidden && !self.options.hidden).then_some(LeftOutReason::Hidden)
            }
        }
    }

    /// Whether a path free of links isn't the one that the archive has.
    fn is_elsewhere(&self, real: &Path, name: &str) -> bool {
        real.strip_prefix(&self.root).is_ok_and(|within| within != Path::new(name))
    }

    fn follow(&self, link: &Path) -> Result<PathBuf, ArchiveError> {
        let target = link.canonicalize().map_err(about(link))?;
        if !target.starts_with(&self.root) {
            return Err(ArchiveError::LinkLeadsOut { path: link.to_owned(), target });
        }
        Ok(target)
    }

    fn symlink(&mut self, name: &str, path: &Path, target: &str) -> Result<(), ArchiveError> {
        match self.builder.add_symlink(name, target) {
            Ok(_) => Ok(()),
            Err(ArchiveError::InvalidLinkTarget { source, .. }) => {
                let (path, target) = (path.to_owned(), PathBuf::from(target));
                Err(ArchiveError::LinkNotKept { path, target, source })
            }
            Err(error) => Err(error),
        }
    }

    fn leave_out(&mut self, name: String, is_directory: bool, reason: LeftOutReason) {
        self.builder.leave_out(LeftOut { path: name.into(), is_directory, reason });
    }

    fn count(&mut self) -> Result<(), ArchiveError> {
        self.entries += 1;
        if self.entries > self.options.max_entries {
            return Err(ArchiveError::TooManyEntries {
                path: self.root.clone(),
                limit: self.options.max_entries,
            });
        }
        Ok(())
    }
}

fn about(path: &Path) -> impl FnOnce(io::Error) -> ArchiveError + '_ {
    |source| ArchiveError::Io { path: path.to_owned(), source }
}
