//! Modules are compiled once, when an environment is made.

use crate::install::{
    InstallFailure, Python,
    child::{ChildLimits, Invocation},
    installer::{Secrets, Session},
    usage::Usage,
};
use std::path::Path;

const COMPILE: &str = include_str!("compile.py");

/// What compiling hostile source may take. A file that doesn't get compiled is none the worse:
/// it is when it is imported.
const MEMORY: u64 = 2 << 30;

/// Compiles the session's tree, as it will be found at `shown`.
pub(crate) fn compile(
    session: &Session<'_>,
    python: &Python,
    shown: &Path,
) -> Result<(), InstallFailure> {
    let tree = session.staging.tree();
    let mut invocation = Invocation::new(python.executable(), session.staging.work())
        .arguments(["-I", "-S", "-c", COMPILE])
        .arguments([tree, shown]);
    invocation.limits = ChildLimits {
        file_bytes: Some(session.limits.bytes),
        address_space: Some(MEMORY),
        cpu_seconds: Some(session.patience.left()?.as_secs() + 1),
    };
    let what = "can't lock an installation's folder";
    invocation.input = Some(session.staging.share_lock().map_err(InstallFailure::storage(what))?);
    let limits = session.limits;
    let most = Usage { bytes: limits.bytes, files: limits.files };
    let mut watch = || match Usage::of(tree, most).exceeds(most) {
        true => Err(limits.exceeded()),
        false => Ok(()),
    };
    // How it ended, and what it said, changes nothing.
    let (ended, _) = invocation.run(session.patience, &Secrets::default(), &mut watch);
    ended.map(drop)
}
