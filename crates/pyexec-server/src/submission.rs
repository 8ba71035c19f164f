//! A request in which everything that can be refused has been.

use crate::{
    Backend, DefaultNetwork, ServerConfig, TokenLimits,
    error::ApiError,
    image, limits,
    packages::{Named, Needs, PackageSource},
    space::{Reservation, SpoolSpace},
    spool::Spool,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use pyexec_archive::{
    Archive,
    read::{Manifest, ReadError, ReadLimits, ReadOptions, canonicalize_seekable, normalize_path},
};
use pyexec_sandbox::{Job, RunAs};
use pyexec_types::{ExecutionConfig, Metadata, SimpleExecRequest};
use rustix::fs::fstat;
use std::sync::Arc;

/// Largest code of an eval request in bytes.
const MOST_CODE: usize = 102_400;

/// A job that can be run as it is, and the upload behind it.
#[derive(Debug)]
pub struct Submission {
    /// What to run.
    pub(crate) job: Job,
    /// Packages to install before.
    pub(crate) needs: Needs,
    /// The upload's part of the quota.
    pub(crate) reservation: Reservation,
}

/// An upload that has passed the safe reader.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) spool: Spool,
    pub(crate) manifest: Manifest,
}

impl Upload {
    /// Reads an archive strictly into the spool.
    pub(crate) fn read(
        input: impl std::io::Read,
        space: &Arc<SpoolSpace>,
        options: &ReadOptions,
    ) -> Result<Self, ApiError> {
        let mut spool = Spool::new(space).map_err(|error| ApiError::internal(&error))?;
        let manifest =
            canonicalize_seekable(input, &mut spool, options).map_err(|e| refused(&e))?;
        Ok(Self { spool, manifest })
    }
}

fn refused(error: &ReadError) -> ApiError {
    let message = format!("invalid tar: {error}");
    if error.is_too_large() {
        ApiError::too_large(message)
    } else if error.is_io() {
        // Our own disk or quota; a client's broken connection reads no answer.
        tracing::warn!(error = error as &dyn std::error::Error, "an upload could not be kept");
        ApiError::unavailable("spool_full", "the upload could not be kept: the spool is full")
    } else {
        ApiError::bad_request("invalid_tar", message)
    }
}

/// What both kinds of request come down to.
struct Wanted<'a> {
    entrypoint: &'a str,
    python_version: &'a str,
    docker_image: &'a str,
    config: Option<&'a ExecutionConfig>,
    run_as: RunAs,
}

impl Submission {
    /// An archive with its metadata.
    pub(crate) fn from_archive(
        upload: Upload,
        metadata: Metadata,
        token: &TokenLimits,
        config: &ServerConfig,
        backend: &dyn Backend,
        packages: &PackageSource,
    ) -> Result<Self, ApiError> {
        let named = packages.named(&metadata.requirements_txt, metadata.auto_install)?;
        check_variables(&metadata.env_vars)?;
        check_nul("script_args", &metadata.script_args)?;
        check_nul("pre_commands", &metadata.pre_commands)?;
        let stdin = stdin(metadata.stdin, &metadata.stdin_base64)?;
        let wanted = Wanted {
            entrypoint: &metadata.entrypoint,
            python_version: "",
            docker_image: &metadata.docker_image,
            config: metadata.config.as_ref(),
            run_as: RunAs::Script,
        };
        let mut submission = Self::new(upload, &wanted, token, config, backend)?;
        let job = &mut submission.job;
        job.args = metadata.script_args;
        job.env = metadata.env_vars;
        job.pre_commands = metadata.pre_commands;
        job.stdin = stdin;
        submission.look_for_needs(named, packages)?;
        Ok(submission)
    }

    /// Code without an archive.
    pub(crate) fn from_code(
        request: SimpleExecRequest,
        token: &TokenLimits,
        config: &ServerConfig,
        backend: &dyn Backend,
        space: &Arc<SpoolSpace>,
        packages: &PackageSource,
    ) -> Result<Self, ApiError> {
        if request.code.is_empty() && request.files.is_empty() {
            let message = "either 'code' or 'files' must be provided";
            return Err(ApiError::bad_request("missing_code", message));
        }
        let named = packages.of_code(&request.requirements_txt)?;
        check_variables(&request.env_vars)?;
        let files = files(&request);
        let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
        if bytes > MOST_CODE {
            return Err(ApiError::too_large(format!(
                "total code size {bytes} bytes exceeds limit of {MOST_CODE} bytes"
            )));
        }
        let named_main = files.iter().any(|(name, _)| *name == "main.py");
        let entrypoint = match request.entrypoint.as_str() {
            "" if named_main => "main.py",
            "" => files[0].0,
            given => given,
        };
        let wanted = Wanted {
            entrypoint,
            python_version: &request.python_version,
            docker_image: "",
            config: request.config.as_ref(),
            run_as: if request.eval_last_expr { RunAs::Eval } else { RunAs::Script },
        };
        let invalid = |message: String| ApiError::bad_request("invalid_files", message);
        let archive = Archive::from_map(files.iter().copied())
            .map_err(|error| invalid(format!("files: {error}")))?;
        let upload = Upload::read(archive.open(), space, &ReadOptions::default())?;
        let mut submission = Self::new(upload, &wanted, token, config, backend)?;
        submission.job.stdin = stdin(request.stdin, &request.stdin_base64)?;
        submission.job.env = request.env_vars;
        submission.look_for_needs(named, packages)?;
        Ok(submission)
    }

    /// Settles which packages it needs.
    fn look_for_needs(&mut self, named: Named, packages: &PackageSource) -> Result<(), ApiError> {
        self.needs = packages.needs(named, &self.job.archive, self.job.version)?;
        Ok(())
    }

    /// Bytes that it holds in memory while it waits.
    pub(crate) fn bytes(&self) -> usize {
        let job = &self.job;
        let words = [&job.args, &job.env, &job.pre_commands, &self.needs.requirements];
        let words = words.into_iter().flatten();
        let words = words.map(|word| word.len() + size_of::<String>()).sum::<usize>();
        // One that has no part of the spool is in memory.
        let archive = match self.reservation.bytes() {
            0 => fstat(&job.archive).map_or(0, |archive| archive.st_size),
            _ => 0,
        };
        usize::try_from(archive).unwrap_or_default() + job.stdin.len() + words
    }

    fn new(
        upload: Upload,
        wanted: &Wanted<'_>,
        token: &TokenLimits,
        config: &ServerConfig,
        backend: &dyn Backend,
    ) -> Result<Self, ApiError> {
        let entrypoint = entrypoint(wanted.entrypoint, &upload.manifest)?;
        let image = match wanted.docker_image {
            "" => config.default_image.as_deref().unwrap_or_default(),
            image => image,
        };
        let version = image::choose(wanted.python_version, image, &backend.versions())?;
        let limits = limits::resolve(wanted.config, token, config)?;
        let total = upload.manifest.total_bytes();
        if total > limits.disk_mb << 20 {
            return Err(ApiError::bad_request(
                "disk_too_small",
                format!("the files have {total} bytes, more than disk_mb = {}", limits.disk_mb),
            ));
        }
        let (archive, reservation) = upload.spool.into_parts();
        let mut job = Job::new(archive, version, entrypoint);
        job.run_as = wanted.run_as;
        job.limits = limits;
        job.network = network(wanted.config, config, backend)?;
        Ok(Self { job, needs: Needs::default(), reservation })
    }
}

/// The input, as text or in base64.
fn stdin(text: String, base64: &str) -> Result<Vec<u8>, ApiError> {
    let refused = |message: String| Err(ApiError::bad_request("invalid_stdin", message));
    match (text.is_empty(), base64.is_empty()) {
        (_, true) => Ok(text.into_bytes()),
        (false, false) => refused("stdin and stdin_base64 are both given".into()),
        (true, false) => match STANDARD.decode(base64) {
            Ok(bytes) => Ok(bytes),
            Err(error) => refused(format!("stdin_base64 is no base64: {error}")),
        },
    }
}

/// The files of an eval request, which win over its code.
fn files(request: &SimpleExecRequest) -> Vec<(&str, &str)> {
    if request.files.is_empty() {
        let name = if request.entrypoint.is_empty() { "main.py" } else { &request.entrypoint };
        return vec![(name, &request.code)];
    }
    request.files.iter().map(|file| (file.name.as_str(), file.content.as_str())).collect()
}

fn entrypoint(given: &str, manifest: &Manifest) -> Result<String, ApiError> {
    let refused = |message: String| Err(ApiError::bad_request("invalid_entrypoint", message));
    if given.is_empty() {
        return refused("metadata.entrypoint is missing: name the file to run".into());
    }
    match normalize_path(given, &ReadLimits::default()) {
        Err(error) => refused(format!("entrypoint {given:?}: {error}")),
        Ok(path) if manifest.contains_file(&path) => Ok(path),
        Ok(_) => {
            let names: Vec<_> =
                manifest.files.iter().take(10).map(|file| file.name.as_str()).collect();
            let more = if manifest.files.len() > names.len() { ", …" } else { "" };
            let names = names.join(", ");
            refused(format!("entrypoint {given:?} is not in the archive, which has: {names}{more}"))
        }
    }
}

fn network(
    asked: Option<&ExecutionConfig>,
    config: &ServerConfig,
    backend: &dyn Backend,
) -> Result<bool, ApiError> {
    let said = asked.and_then(|asked| asked.network_disabled);
    let wanted = said.map_or(config.default_network == DefaultNetwork::On, |disabled| !disabled);
    if wanted && !backend.offers_network() {
        return Err(ApiError::bad_request(
            "network_not_offered",
            "network_disabled is false, but this server gives executions no network; its operator \
             can allow it with PYEXEC_NETWORK_MODE=pasta or host",
        ));
    }
    Ok(wanted)
}

fn check_variables(pairs: &[String]) -> Result<(), ApiError> {
    for (index, pair) in pairs.iter().enumerate() {
        let problem = match pair.split_once('=') {
            None => "has no '='; write KEY=value",
            Some(("", _)) => "has an empty name",
            Some(_) if pair.contains('\0') => "holds a NUL character",
            Some(_) => continue,
        };
        // Not the entry itself: it may be a secret.
        let message = format!("env_vars[{index}] {problem}");
        return Err(ApiError::bad_request("invalid_env_vars", message));
    }
    Ok(())
}

fn check_nul(name: &str, words: &[String]) -> Result<(), ApiError> {
    match words.iter().position(|word| word.contains('\0')) {
        None => Ok(()),
        Some(index) => Err(ApiError::bad_request(
            "invalid_metadata",
            format!("{name}[{index}] holds a NUL character"),
        )),
    }
}
