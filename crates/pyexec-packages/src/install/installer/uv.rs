//! How uv is asked.

use super::{Installer, Resolution, Session, explain};
use crate::install::InstallFailure;
use std::{ffi::OsString, path::Path};

/// The oldest version that knows every option below, and heeds `Requires-Python` everywhere.
pub(super) const OLDEST: &str = "0.7";

const REQUIREMENTS: &str = "requirements.in";
const RESOLVED: &str = "resolved.txt";
/// Stands between uv and any `uv.toml` or `pyproject.toml` in a folder above.
const PROJECT: &str = "uv.toml";

pub(super) fn resolve(
    installer: &Installer,
    uv: &Path,
    session: &mut Session<'_>,
    requirements: &[String],
) -> Result<Resolution, InstallFailure> {
    session.write(REQUIREMENTS, &format!("{}\n", requirements.join("\n")))?;
    let arguments = [
        "compile",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        "--output-file",
        RESOLVED,
        REQUIREMENTS,
    ];
    run(installer, uv, session, &arguments, &[], requirements)?;
    let text = session.read(RESOLVED)?;
    Resolution::from_requirements(&text).map_err(|line| {
        let reason = "uv gives no exact version with its digest".to_owned();
        InstallFailure::Refused { package: installer.secrets.redact(&line), reason }
    })
}

pub(super) fn install(
    installer: &Installer,
    uv: &Path,
    session: &mut Session<'_>,
    resolution: &Resolution,
) -> Result<(), InstallFailure> {
    session.write(RESOLVED, &resolution.to_requirements())?;
    let tree = session.staging.tree();
    let arguments = [
        "install",
        "--no-deps",
        "--require-hashes",
        "--no-compile-bytecode",
        // The files become ours: links would lead into uv's cache.
        "--link-mode",
        "copy",
        "-r",
        RESOLVED,
        "--target",
    ];
    run(installer, uv, session, &arguments, &[tree.into()], &[])
}

fn run(
    installer: &Installer,
    uv: &Path,
    session: &mut Session<'_>,
    arguments: &[&str],
    more: &[OsString],
    requirements: &[String],
) -> Result<(), InstallFailure> {
    session.write(PROJECT, "")?;
    let mut all: Vec<OsString> = vec!["pip".into()];
    all.extend(arguments.iter().map(OsString::from));
    all.extend(more.iter().cloned());
    let always = ["--only-binary", ":all:", "--no-progress", "--color", "never"];
    all.extend(always.map(OsString::from));
    all.extend(["--no-python-downloads", "--python"].map(OsString::from));
    all.push(installer.python.executable().into());
    if session.offline {
        all.push("--offline".into());
    }
    let variables = [("UV_CACHE_DIR", session.cache.into())];
    let (status, log) = session.run(installer, uv, all, &variables)?;
    if status.success() {
        return Ok(());
    }
    Err(session.explained(explain::uv(log.text(), requirements)))
}
