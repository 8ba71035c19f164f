//! The server in this process, where the system and the build have one.

#[cfg(not(all(feature = "local", target_os = "linux")))]
mod absent;
#[cfg(all(feature = "local", target_os = "linux"))]
mod embedded;

#[cfg(not(all(feature = "local", target_os = "linux")))]
pub(crate) use absent::Server;
#[cfg(all(feature = "local", target_os = "linux"))]
pub(crate) use embedded::Server;

/// Whether there is one.
pub(crate) const AVAILABLE: bool = cfg!(all(feature = "local", target_os = "linux"));
