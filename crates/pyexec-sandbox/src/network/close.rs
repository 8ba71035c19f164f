//! What a connected sandbox must not reach.
//!
//! Rules of policy routing say "unreachable" to it. Taking them away needs CAP_NET_ADMIN, which no
//! script has, and they hold for sockets that are bound to an interface, which pass over routes of
//! other interfaces.
//!
//! With IPv4 that alone isn't enough: where no route is left for such a socket, the kernel takes
//! the destination to be on the link, and asks there. pasta answers for every address, and older
//! versions deliver what comes then even to the host's loopback. So nobody is asked for but one
//! gateway, where everything that is permitted goes, and whose address is settled beforehand.

use super::{
    RESOLVER_4,
    netlink::{Action, Netlink},
    pasta::{HARDWARE, INTERFACE},
};
use crate::message::{Step, StepError};
use rustix::io::Errno;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

// After the local table, which has priority 0, so that a sandbox reaches itself.
const OPEN: u32 = 1;
const CLOSED: u32 = 2;
const REST: u32 = 3;

/// The gateway. pasta takes what comes, whatever it is called; and this address is open anyway.
const GATEWAY: Ipv4Addr = RESOLVER_4;

const EVERYWHERE: (IpAddr, u8) = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
const LOOPBACK: (IpAddr, u8) = (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8);
const LOOPBACK_6: (IpAddr, u8) = (IpAddr::V6(Ipv6Addr::LOCALHOST), 128);

/// The link's own addresses, where clouds keep credentials for whoever asks, and the places
/// elsewhere where they do.
const LOCAL: [(IpAddr, u8); 6] = [
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    // Alibaba, Azure, Amazon, Google.
    (IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), 32),
    (IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)), 32),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)), 128),
];

/// The host's own addresses, taken before its network namespace is left.
pub(super) fn addresses_of_host() -> Result<Vec<IpAddr>, StepError> {
    Netlink::open().and_then(|netlink| netlink.own_addresses()).step("listing the host's addresses")
}

/// Closes the way to the host's loopback; whether there can be IPv6.
pub(super) fn loopback() -> Result<bool, StepError> {
    let netlink = Netlink::open().step("opening a netlink socket")?;
    unreachable(&netlink, LOOPBACK)?;
    match netlink.add_rule(LOOPBACK_6, CLOSED, Action::Unreachable) {
        Ok(()) => Ok(true),
        // Without rules for it, nothing could be closed.
        Err(Errno::AFNOSUPPORT | Errno::OPNOTSUPP) => Ok(false),
        Err(errno) => Err(errno).step("closing the loopback network"),
    }
}

/// Closes the rest, once pasta's routes are there: the gateway of those may well be one of the
/// closed addresses, and the kernel wouldn't take it.
pub(super) fn rest(of_host: &[IpAddr], ipv6: bool) -> Result<(), StepError> {
    let netlink = Netlink::open().step("opening a netlink socket")?;
    let index = netlink.index(INTERFACE).step("looking for pasta's interface")?;
    netlink.ask_for_no_neighbour(index).step("closing the link")?;
    netlink.pin_neighbour(GATEWAY, HARDWARE, index).step("settling the gateway")?;
    netlink.add_default_route(GATEWAY, index).step("adding the route")?;
    netlink
        .add_rule((RESOLVER_4.into(), 32), OPEN, Action::Table)
        .step("leaving the resolver open")?;
    let of_host =
        of_host.iter().map(|address| (*address, if address.is_ipv4() { 32 } else { 128 }));
    for network in LOCAL.into_iter().chain(of_host).filter(|(ip, _)| ip.is_ipv4() || ipv6) {
        unreachable(&netlink, network)?;
    }
    netlink.add_rule(EVERYWHERE, REST, Action::Table).step("leaving the rest open")
}

fn unreachable(netlink: &Netlink, network: (IpAddr, u8)) -> Result<(), StepError> {
    match netlink.add_rule(network, CLOSED, Action::Unreachable) {
        // Two interfaces may have one address.
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno).step(format!("closing the way to {}/{}", network.0, network.1)),
    }
}
