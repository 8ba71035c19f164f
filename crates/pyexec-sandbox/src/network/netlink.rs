//! As much of rtnetlink(7) as the network of a sandbox takes.

use rustix::{
    fd::OwnedFd,
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netdevice, recv, send,
        socket_with,
    },
};
use std::net::{IpAddr, Ipv4Addr};

// Message kinds (linux/netlink.h, linux/rtnetlink.h).
const ERROR: u16 = 2;
const DONE: u16 = 3;
const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;
const NEW_ROUTE: u16 = 24;
const NEW_NEIGHBOUR: u16 = 28;
const NEW_RULE: u16 = 32;
const SET_NEIGHBOUR_TABLE: u16 = 67;

// Message flags.
const REQUEST: u16 = 0x1;
const ACKNOWLEDGE: u16 = 0x4;
const EXCLUSIVE: u16 = 0x200;
const DUMP: u16 = 0x300;
const CREATE: u16 = 0x400;

const HEADER: usize = 16;

/// A routing table that nobody else uses in a new namespace.
pub(super) const TABLE: u8 = 7;

/// What becomes of packets that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// They go where [`TABLE`] says.
    Table,
    /// "Network is unreachable".
    Unreachable,
}

/// A socket to the kernel's routing, of the network namespace in which it was opened.
pub(super) struct Netlink(OwnedFd);

impl Netlink {
    pub(super) fn open() -> Result<Self, Errno> {
        let family = AddressFamily::NETLINK;
        socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, None).map(Self)
    }

    /// Every address of this namespace's own.
    pub(super) fn own_addresses(&self) -> Result<Vec<IpAddr>, Errno> {
        // An `ifaddrmsg` of any family.
        self.send(GET_ADDRESS, REQUEST | DUMP, &[0; 8])?;
        let mut found = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let (length, _) = recv(&self.0, buffer.as_mut_slice(), RecvFlags::empty())?;
            for (kind, body) in messages(&buffer[..length]) {
                match kind {
                    NEW_ADDRESS => found.extend(address(body)),
                    ERROR => return outcome(body).map(|()| found),
                    DONE => return Ok(found),
                    _ => {}
                }
            }
        }
    }

    /// Adds a rule about packets to a network. Of all that match, the first by priority counts.
    pub(super) fn add_rule(
        &self,
        (network, bits): (IpAddr, u8),
        priority: u32,
        action: Action,
    ) -> Result<(), Errno> {
        let (family, octets) = match network {
            IpAddr::V4(v4) => (libc::AF_INET, v4.octets().to_vec()),
            IpAddr::V6(v6) => (libc::AF_INET6, v6.octets().to_vec()),
        };
        // FR_ACT_TO_TBL, FR_ACT_UNREACHABLE.
        let (table, number) = match action {
            Action::Table => (TABLE, 1),
            Action::Unreachable => (0, 7),
        };
        // A `fib_rule_hdr`: family, lengths of destination and source, tos, table, two reserved,
        // action; flags.
        let mut body = vec![family as u8, bits, 0, 0, table, 0, 0, number, 0, 0, 0, 0];
        if bits > 0 {
            // FRA_DST
            attribute(&mut body, 1, &octets);
        }
        // FRA_PRIORITY
        attribute(&mut body, 6, &priority.to_ne_bytes());
        self.ask(NEW_RULE, CREATE | EXCLUSIVE, &body)
    }

    /// Makes [`TABLE`] send everything to a gateway that is taken to be on the link.
    pub(super) fn add_default_route(&self, gateway: Ipv4Addr, index: u32) -> Result<(), Errno> {
        // An `rtmsg`: family, lengths of destination and source, tos, table, protocol (static),
        // scope, type (unicast); flags: RTNH_F_ONLINK.
        let mut body = vec![libc::AF_INET as u8, 0, 0, 0, TABLE, 4, 0, 1];
        body.extend(4_u32.to_ne_bytes());
        // RTA_GATEWAY, RTA_OIF
        attribute(&mut body, 5, &gateway.octets());
        attribute(&mut body, 4, &index.to_ne_bytes());
        self.ask(NEW_ROUTE, CREATE | EXCLUSIVE, &body)
    }

    /// Tells once and for all where a neighbour is.
    pub(super) fn pin_neighbour(
        &self,
        neighbour: Ipv4Addr,
        hardware: [u8; 6],
        index: u32,
    ) -> Result<(), Errno> {
        // An `ndmsg`: family, padding, interface, state (NUD_PERMANENT), flags, type.
        let mut body = vec![libc::AF_INET as u8, 0, 0, 0];
        body.extend(index.to_ne_bytes());
        body.extend(0x80_u16.to_ne_bytes());
        body.extend([0, 0]);
        // NDA_DST, NDA_LLADDR
        attribute(&mut body, 1, &neighbour.octets());
        attribute(&mut body, 2, &hardware);
        self.ask(NEW_NEIGHBOUR, CREATE, &body)
    }

    /// Keeps an interface from asking for any other neighbour.
    pub(super) fn ask_for_no_neighbour(&self, index: u32) -> Result<(), Errno> {
        let mut parameters = Vec::new();
        // NDTPA_IFINDEX; NDTPA_{APP,UCAST,MCAST}_PROBES
        attribute(&mut parameters, 1, &index.to_ne_bytes());
        for probes in [9, 10, 11] {
            attribute(&mut parameters, probes, &0_u32.to_ne_bytes());
        }
        // An `ndtmsg`: family, padding.
        let mut body = vec![libc::AF_INET as u8, 0, 0, 0];
        // NDTA_NAME, NDTA_PARMS
        attribute(&mut body, 1, b"arp_cache\0");
        attribute(&mut body, 6, &parameters);
        self.ask(SET_NEIGHBOUR_TABLE, 0, &body)
    }

    /// The number of the interface with a name.
    pub(super) fn index(&self, name: &str) -> Result<u32, Errno> {
        netdevice::name_to_index(&self.0, name)
    }

    fn ask(&self, kind: u16, flags: u16, body: &[u8]) -> Result<(), Errno> {
        self.send(kind, REQUEST | ACKNOWLEDGE | flags, body)?;
        let mut buffer = vec![0; 4096];
        let (length, _) = recv(&self.0, buffer.as_mut_slice(), RecvFlags::empty())?;
        let answer = messages(&buffer[..length]).find(|(kind, _)| *kind == ERROR);
        outcome(answer.ok_or(Errno::BADMSG)?.1)
    }

    fn send(&self, kind: u16, flags: u16, body: &[u8]) -> Result<(), Errno> {
        let mut message = Vec::with_capacity(HEADER + body.len());
        message.extend(((HEADER + body.len()) as u32).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(flags.to_ne_bytes());
        // Sequence number and sender: there is one request at a time.
        message.extend([0; 8]);
        message.extend(body);
        send(&self.0, &message, SendFlags::empty()).map(drop)
    }
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend((4 + value.len() as u16).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Kind and body of each message.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = u32_at(bytes, 0)? as usize;
        let message = (u16_at(bytes, 4)?, bytes.get(HEADER..length)?);
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

/// Kind and value of each attribute.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let attribute = (u16_at(bytes, 2)?, bytes.get(4..length)?);
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(attribute)
    })
}

/// The address in an `ifaddrmsg` with attributes.
fn address(body: &[u8]) -> Option<IpAddr> {
    let all: Vec<_> = attributes(body.get(8..)?).collect();
    let value = |wanted| all.iter().find(|(kind, _)| *kind == wanted).map(|(_, value)| *value);
    // IFA_LOCAL; on a line with two ends IFA_ADDRESS is the other one's.
    let value = value(2).or_else(|| value(1))?;
    <[u8; 4]>::try_from(value)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from))
        .ok()
}

fn outcome(body: &[u8]) -> Result<(), Errno> {
    match u32_at(body, 0).map(u32::cast_signed) {
        Some(0) => Ok(()),
        Some(error) => Err(Errno::from_raw_os_error(error.wrapping_neg())),
        None => Err(Errno::BADMSG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_address_is_ones_own() {
        let found = Netlink::open().unwrap().own_addresses().unwrap();
        assert!(found.contains(&IpAddr::from([127, 0, 0, 1])), "{found:?}");
    }

    #[test]
    fn cut_messages_end_the_list() {
        assert_eq!(messages(&[0; 7]).count(), 0);
        assert_eq!(messages(&[0; 16]).count(), 0);
        assert_eq!(messages(&[200; 32]).count(), 0);
        assert_eq!(attributes(&[3, 0, 0, 0]).count(), 0);
    }
}
