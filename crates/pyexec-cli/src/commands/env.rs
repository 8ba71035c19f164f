//! `pyexec env`: packages that are kept on this machine, for executions here.

use crate::{
    ago,
    args::{EnvArgs, EnvCommand, Verbosity},
    console, exit_code,
    failure::Failure,
    progress::Progress,
    requirements::Requirements,
    table::table as lines,
};
use jiff::Timestamp;
use pyexec_blocking::types::{Status, StatusChange};
use pyexec_packages::{
    self as packages, Environments, EnvironmentsOptions, InstallRequest, InstallerOptions, Listed,
    Prune,
};
use pyexec_sandbox::PythonVersion;
use pyexec_server::PackageOptions;
use serde_json::json;
use std::io;

/// Lists them, removes some, or adds some.
pub(super) fn env(args: EnvArgs) -> Result<u8, Failure> {
    match args.command {
        EnvCommand::Ls { json } => list(json),
        EnvCommand::Prune { keep, all } => {
            let mib = 1 << 20;
            let usual = PackageOptions::default().bytes;
            prune(match (all, keep) {
                (true, _) => Prune::Everything,
                (false, keep) => Prune::DownTo(keep.map_or(usual, |keep| keep.saturating_mul(mib))),
            })
        }
        EnvCommand::Warm { packages, requirements, python } => {
            let wanted = Requirements::of_flags(requirements.as_deref(), &packages)?;
            warm(&wanted.text, python.as_deref())
        }
    }
}

fn open() -> Result<Environments, Failure> {
    let options = PackageOptions::default();
    let folder = options.folder().map_err(|error| Failure::ours(error.to_string()))?;
    let of_environments =
        EnvironmentsOptions::new().bytes(options.bytes).shown_at(pyexec_sandbox::Environment::PATH);
    Environments::open(&folder, of_environments).map_err(|error| {
        Failure::ours(format!("can't use the folder for packages {}", folder.display()))
            .because(&error)
    })
}

fn list(as_json: bool) -> Result<u8, Failure> {
    let failed = |error: io::Error| Failure::ours("can't list packages").because(&error);
    let mut listed = open()?.list().map_err(failed)?;
    listed.sort_by_key(|one| std::cmp::Reverse(one.last_used));
    if as_json {
        let environments: Vec<_> = listed.iter().map(described).collect();
        console::print_json(&json!({ "environments": environments }))?;
    } else {
        console::print(table(&listed, Timestamp::now()).as_bytes())?;
    }
    Ok(exit_code::SUCCESS)
}

fn described(one: &Listed) -> serde_json::Value {
    let packages: Vec<_> = one.packages.iter().map(pinned).collect();
    json!({
        "address": one.address,
        "python": one.python,
        "packages": packages,
        "bytes": one.bytes,
        "files": one.files,
        "last_used": Timestamp::try_from(one.last_used).ok().map(|then| then.to_string()),
        "in_use": one.in_use,
    })
}

fn pinned(package: &packages::Package) -> String {
    format!("{}=={}", package.name(), package.version())
}

fn table(listed: &[Listed], now: Timestamp) -> String {
    let mut rows = vec![["PYTHON", "SIZE", "USED", "PACKAGES"].map(ToOwned::to_owned)];
    rows.extend(listed.iter().map(|one| {
        let used = Timestamp::try_from(one.last_used).map(|then| then.to_string());
        [
            one.python.clone(),
            indicatif::BinaryBytes(one.bytes).to_string(),
            if one.in_use { "now".to_owned() } else { ago::ago(&used.unwrap_or_default(), now) },
            one.packages.iter().map(pinned).collect::<Vec<_>>().join(" "),
        ]
    }));
    lines(&rows)
}

fn prune(what: Prune) -> Result<u8, Failure> {
    let failed = |error: io::Error| Failure::ours("can't remove packages").because(&error);
    let removed = open()?.prune(what).map_err(failed)?;
    let (count, bytes) = (removed.environments, indicatif::BinaryBytes(removed.bytes));
    console::print_line(&format!("removed {count}, which frees {bytes}"))?;
    Ok(exit_code::SUCCESS)
}

fn warm(text: &str, python: Option<&str>) -> Result<u8, Failure> {
    let requirements =
        packages::Requirements::parse(text).map_err(|error| Failure::usage(error.to_string()))?;
    let failed = |error: packages::InstallError| {
        let log = error.log().trim_end().to_owned();
        if !log.is_empty() {
            console::tell_line(&log);
        }
        Failure::ours(error.to_string())
    };
    let python = interpreter(python)?;
    let environments = open()?;
    let installer = environments.installer(python, &InstallerOptions::new()).map_err(failed)?;
    let request = InstallRequest::new(&installer, requirements.lines());
    let mut progress = Progress::new(Verbosity::Usual);
    let environment = environments.obtain(&request, &mut |phase| {
        let phase = Some(phase.as_str().to_owned());
        progress.status(&StatusChange { status: Status::Pending, queue_position: None, phase });
    });
    progress.clear();
    let environment = environment.map_err(failed)?;
    let names: Vec<_> = environment.packages().iter().map(pinned).collect();
    console::print_line(&names.join("\n"))?;
    Ok(exit_code::SUCCESS)
}

/// The interpreter of a version, or the one that executions get by default.
fn interpreter(version: Option<&str>) -> Result<std::path::PathBuf, Failure> {
    let found = pyexec_sandbox::discover();
    let usual: Option<PythonVersion> = version.unwrap_or("3.12").parse().ok();
    let wanted = found.iter().find(|one| Some(one.version()) == usual);
    let one = wanted.or(found.first().filter(|_| version.is_none())).ok_or_else(|| {
        let there: Vec<_> = found.iter().map(|one| one.version().to_string()).collect();
        Failure::usage(format!("--python {}: there is none", version.unwrap_or_default()))
            .hint(format!("there are {}", there.join(", ")))
    })?;
    Ok(one.executable().to_owned())
}
