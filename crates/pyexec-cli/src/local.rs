//! Servers of our own, where the system and the build have them: one in this process for what
//! ends with it, one in the background for what doesn't.

#[cfg(not(all(feature = "local", target_os = "linux")))]
mod absent;
#[cfg(all(feature = "local", target_os = "linux"))]
mod background;
#[cfg(all(feature = "local", target_os = "linux"))]
mod background_server;
#[cfg(all(feature = "local", target_os = "linux"))]
mod embedded;
#[cfg(all(feature = "local", target_os = "linux"))]
mod folder;

#[cfg(not(all(feature = "local", target_os = "linux")))]
pub(crate) use absent::{Background, Server};
#[cfg(all(feature = "local", target_os = "linux"))]
pub(crate) use {
    background::Background, background_server::serve, embedded::Server, folder::state_folder,
};
#[cfg(all(feature = "local", target_os = "linux"))]
use {
    embedded::{MAX_TIMEOUT_SECONDS, isolation},
    folder::{Announcement, Folder},
};

/// Whether there is one.
pub(crate) const AVAILABLE: bool = cfg!(all(feature = "local", target_os = "linux"));
