//! One installation: its folder, its time, its limits, and what was written in it.

use super::{Installer, InstallerLog, Secrets};
use crate::install::{
    InstallFailure,
    child::{ChildLimits, Invocation},
    patience::Patience,
    staging::Staging,
    usage::{Limits, Usage},
};
use std::{
    ffi::OsString,
    fs::File,
    io::Read as _,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::ExitStatus,
    sync::atomic::{AtomicU64, Ordering},
};

/// What of a file of an installer is read at most.
const LONGEST_ANSWER: u64 = 64 << 20;

/// One installation: its folder, its time, its limits, and what was written in it.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    pub(crate) staging: &'a Staging,
    /// What was downloaded before, by this installer and for this scope.
    pub(crate) cache: &'a Path,
    /// How many installations use caches now: they all may grow it.
    pub(crate) running: &'a AtomicU64,
    pub(crate) patience: &'a Patience,
    pub(crate) limits: Limits,
    /// Only what is there.
    pub(crate) offline: bool,
    pub(crate) log: InstallerLog,
}

impl Session<'_> {
    /// Runs an installer in the private folder, under all limits; what it writes is added to the
    /// log, and given back as well.
    pub(super) fn run(
        &mut self,
        installer: &Installer,
        program: &Path,
        arguments: Vec<OsString>,
        variables: &[(&str, OsString)],
    ) -> Result<(ExitStatus, InstallerLog), InstallFailure> {
        let mut all: Vec<(OsString, OsString)> = installer.variables.clone();
        let ours = [
            ("TMPDIR", self.staging.temporary().into()),
            ("LC_ALL", "C.UTF-8".into()),
            ("NO_COLOR", "1".into()),
        ];
        for (name, value) in ours.iter().chain(variables) {
            all.retain(|(other, _)| other != name);
            all.push((OsString::from(name), value.clone()));
        }
        let mut invocation = Invocation::new(program, self.staging.work()).arguments(arguments);
        invocation.variables = &all;
        // An empty file as input, whose lock lasts as long as anybody has it open: should this
        // process die, nobody clears the folder away before the installer is gone, too.
        let what = "can't lock an installation's folder";
        invocation.input = Some(self.staging.share_lock().map_err(InstallFailure::storage(what))?);
        invocation.limits = self.child_limits()?;
        let secrets = installer.secrets.hiding(self.staging.store());
        let before = Usage::of(self.cache, Usage::ALL);
        let mut watch = || {
            let limits = self.limits;
            // Packages may be there as they were downloaded, and unpacked.
            let twice = Usage { bytes: limits.bytes * 2, files: limits.files * 2 };
            if Usage::of(self.staging.folder(), twice).exceeds(twice) {
                return Err(limits.exceeded());
            }
            let running = self.running.load(Ordering::Relaxed).max(1);
            let grown = |before: u64, by: u64| before.saturating_add(by.saturating_mul(running));
            let (bytes, files) =
                (grown(before.bytes, twice.bytes), grown(before.files, twice.files));
            let most = Usage { bytes, files };
            if Usage::of(self.cache, most).exceeds(most) {
                return Err(limits.exceeded());
            }
            Ok(())
        };
        let (status, log) = invocation.run(self.patience, &secrets, &mut watch);
        let status = status.and_then(|status| watch().map(|()| status));
        self.log.append(&log);
        let status = status?;
        if status.signal() == Some(rustix::process::Signal::XFSZ.as_raw()) {
            return Err(self.limits.exceeded());
        }
        Ok((status, log))
    }

    fn child_limits(&self) -> Result<ChildLimits, InstallFailure> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        Ok(ChildLimits {
            file_bytes: Some(self.limits.bytes),
            address_space: None,
            cpu_seconds: Some((self.patience.left()?.as_secs() + 60) * threads),
        })
    }

    /// Writes a file for the installer into its folder.
    pub(super) fn write(&self, name: &str, contents: &str) -> Result<(), InstallFailure> {
        let written = std::fs::write(self.staging.work().join(name), contents);
        written.map_err(InstallFailure::storage("can't write an installer's input"))
    }

    /// Reads what the installer wrote into its folder.
    pub(super) fn read(&self, name: &str) -> Result<String, InstallFailure> {
        let mut text = String::new();
        let read = File::open(self.staging.work().join(name)).and_then(|file| {
            file.take(LONGEST_ANSWER + 1).read_to_string(&mut text)?;
            Ok(())
        });
        read.map_err(InstallFailure::storage("can't read an installer's output"))?;
        if text.len() as u64 > LONGEST_ANSWER {
            return Err(self.limits.exceeded());
        }
        Ok(text)
    }

    /// Without the network, whatever is lacking is lacking here only.
    pub(super) fn explained(&self, failure: InstallFailure) -> InstallFailure {
        use InstallFailure as F;
        match failure {
            F::NoSuchPackage { .. }
            | F::NoMatchingVersion { .. }
            | F::NoWheel { .. }
            | F::IndexUnreachable { .. }
            | F::Failed { .. }
                if self.offline =>
            {
                F::Offline { reason: failure.to_string() }
            }
            F::TooLarge { .. } => self.limits.exceeded(),
            other => other,
        }
    }
}

impl Secrets {
    /// The folder's path is nobody's business, either.
    fn hiding(&self, folder: &Path) -> Self {
        let mut more = self.clone();
        more.add(&folder.to_string_lossy());
        more
    }
}
