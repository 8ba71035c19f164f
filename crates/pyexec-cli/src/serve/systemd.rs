//! What a service manager such as systemd gives and wants to know.

use super::logging;
use crate::{args::LogFormat, failure::Failure};
use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::net::TcpListener;

/// The listener that the service manager passed (`LISTEN_FDS`), if it did. To be called before there
/// are threads and other processes, which may not inherit it.
///
/// # Errors
///
/// Where it passed several sockets, or one that can't be listened on over TCP.
pub(super) fn listener() -> Result<Option<TcpListener>, Failure> {
    let mut passed = ListenFd::from_env();
    if passed.len() > 1 {
        return Err(Failure::ours("the service manager passed more than one socket")
            .hint("give the unit one ListenStream=; [::]:8080 takes connections of IPv4 too"));
    }
    let listener = passed.take_tcp_listener(0).and_then(|listener| {
        // The runtime waits for it by itself.
        listener.map(|listener| listener.set_nonblocking(true).map(|()| listener)).transpose()
    });
    listener.map_err(|error| {
        Failure::ours("can't use the socket that the service manager passed")
            .because(&error)
            .hint("give the unit a ListenStream= with an address and a port")
    })
}

/// Tells the service manager, where there is one (`NOTIFY_SOCKET`), how things are.
pub(super) fn tell(format: LogFormat, state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        logging::warn(format, &format!("can't tell the service manager: {error}"));
    }
}
