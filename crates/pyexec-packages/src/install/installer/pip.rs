//! How pip is asked.

use super::{Installer, Package, Resolution, Session, explain};
use crate::install::{InstallFailure, Python};
use serde::Deserialize;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The oldest version whose `--report` has the format that is read here.
pub(super) const OLDEST: &str = "23.0";

const REQUIREMENTS: &str = "requirements.in";
const RESOLVED: &str = "resolved.txt";
const REPORT: &str = "report.json";
/// Says, unlike what pip prints, why it took a file or didn't.
const LOG: &str = "pip.log";

/// pip, without a way to start programs.
const WHEELS_ONLY: &str = include_str!("pip_wheels_only.py");

/// [The format](https://pip.pypa.io/en/stable/reference/installation-report/), as far as needed.
#[derive(Debug, Deserialize)]
struct Report {
    install: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    download_info: Download,
    is_direct: bool,
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
struct Download {
    archive_info: Option<Archive>,
}

#[derive(Debug, Deserialize)]
struct Archive {
    #[serde(default)]
    hashes: Hashes,
    /// `sha256=…`: what pip 23.0 has instead.
    hash: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Hashes {
    sha256: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    name: String,
    version: String,
}

impl Item {
    fn package(self) -> Result<Package, InstallFailure> {
        let Metadata { name, version } = self.metadata;
        if self.is_direct {
            let reason = "a dependency names an address, and only those of an index are installed";
            return Err(InstallFailure::Refused { package: name, reason: reason.to_owned() });
        }
        let hash = self.download_info.archive_info.and_then(|archive| {
            let older = || Some(archive.hash?.strip_prefix("sha256=")?.to_owned());
            archive.hashes.sha256.or_else(older)
        });
        let hash = hash.map(|hash| format!("sha256:{hash}"));
        Package::checked(&name, &version, hash).ok_or_else(|| {
            let reason = "pip gives no exact version with its digest".to_owned();
            InstallFailure::Refused { package: name, reason }
        })
    }
}

pub(super) fn resolve(
    installer: &Installer,
    session: &mut Session<'_>,
    requirements: &[String],
) -> Result<Resolution, InstallFailure> {
    session.write(REQUIREMENTS, &format!("{}\n", requirements.join("\n")))?;
    let arguments = ["--dry-run", "--ignore-installed", "--report", REPORT, "-r", REQUIREMENTS];
    run(installer, session, &arguments, &[], requirements)?;
    let report: Report = serde_json::from_str(&session.read(REPORT)?).map_err(|error| {
        InstallFailure::Failed { reason: format!("pip's report can't be read: {error}") }
    })?;
    let packages: Result<Vec<_>, _> = report.install.into_iter().map(Item::package).collect();
    Ok(Resolution::new(packages?))
}

pub(super) fn install(
    installer: &Installer,
    session: &mut Session<'_>,
    resolution: &Resolution,
) -> Result<(), InstallFailure> {
    session.write(RESOLVED, &resolution.to_requirements())?;
    let tree = session.staging.tree();
    let arguments = ["--no-deps", "--require-hashes", "--no-compile", "-r", RESOLVED, "--target"];
    run(installer, session, &arguments, &[tree.into()], &[])
}

fn run(
    installer: &Installer,
    session: &mut Session<'_>,
    arguments: &[&str],
    more: &[OsString],
    requirements: &[String],
) -> Result<(), InstallFailure> {
    // Isolated: neither the folder, nor `PYTHON*`, nor a user's own packages have a say.
    let mut all = ["-I", "-c", WHEELS_ONLY, "install"].map(OsString::from).to_vec();
    all.extend(arguments.iter().map(OsString::from));
    all.extend(more.iter().cloned());
    let always = [
        "--only-binary",
        ":all:",
        "--no-user",
        "--no-input",
        "--no-color",
        "--progress-bar",
        "off",
        "--disable-pip-version-check",
        "--root-user-action",
        "ignore",
        "--log",
        LOG,
    ];
    all.extend(always.map(OsString::from));
    let mut variables = vec![("PIP_CACHE_DIR", OsString::from(session.cache))];
    if requirements.is_empty() {
        // What is pinned already is constrained no more, and constraints have no digests.
        variables.push(("PIP_CONSTRAINT", OsString::new()));
    }
    if session.offline {
        all.push("--no-index".into());
        // Configuration may name places on the network beside the index.
        variables.push(("PIP_CONFIG_FILE", "/dev/null".into()));
        variables.push(("PIP_FIND_LINKS", local_places(installer)));
    }
    let python = installer.python.executable();
    let (status, log) = session.run(installer, python, all, &variables)?;
    if status.success() {
        return Ok(());
    }
    let details = session.read(LOG).unwrap_or_default();
    let details = installer.secrets.redact(&details);
    Err(session.explained(explain::pip(log.text(), &details, requirements)))
}

/// Where pip lies among what an interpreter at this path looks for packages in.
pub(super) fn folders(python: &Path) -> Vec<PathBuf> {
    let lib = python.ancestors().nth(2).map(|prefix| prefix.join("lib"));
    let folders = lib.and_then(|lib| std::fs::read_dir(lib).ok()).into_iter().flatten().flatten();
    let mut found: Vec<_> = folders
        .filter(|folder| folder.file_name().as_encoded_bytes().starts_with(b"python3"))
        .flat_map(|it| ["site-packages/pip", "dist-packages/pip"].map(|pip| it.path().join(pip)))
        .filter(|pip| pip.is_dir())
        .collect();
    found.sort();
    found
}

/// What says which pip an interpreter has: nothing where that isn't known. A new one comes in a new
/// folder; one that is changed in place says its version in the first of its files.
pub(super) fn files(python: &Python) -> Vec<PathBuf> {
    let folders = folders(python.executable());
    if folders.is_empty() {
        return folders;
    }
    let first = folders.iter().map(|folder| folder.join("__init__.py"));
    let of_pip: Vec<_> = first.chain(folders.iter().cloned()).collect();
    [vec![python.executable().to_owned()], of_pip].concat()
}

/// The folders among the places where the operator has packages.
fn local_places(installer: &Installer) -> OsString {
    let places = installer.variables.iter().find(|(name, _)| name == "PIP_FIND_LINKS");
    let places = places.and_then(|(_, places)| places.to_str()).unwrap_or_default();
    let local = |place: &&str| !place.contains("://") || place.starts_with("file://");
    places.split_whitespace().filter(local).collect::<Vec<_>>().join(" ").into()
}
