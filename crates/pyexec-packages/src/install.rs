//! Running uv or pip, and keeping what they install.

mod answers;
mod child;
mod environment;
mod environments;
mod error;
mod file_lock;
mod installer;
mod patience;
mod python;
mod staging;
mod usage;

pub use environment::Environment;
pub use environments::{
    Environments, EnvironmentsOptions, InstallRequest, Listed, Opened, Phase, Prune, Pruned,
};
pub use error::{InstallError, InstallFailure};
pub use installer::{Installer, InstallerOptions, Package};
pub use python::Python;

/// Bytes, of digests, as text.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
