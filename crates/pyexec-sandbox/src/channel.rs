//! Messages with descriptors over a `SOCK_SEQPACKET` socket: JSON, one message a packet.

use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{MemfdFlags, memfd_create},
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::File,
    io::{self, IoSlice, IoSliceMut, Read, Seek, Write},
    mem::MaybeUninit,
};

/// Messages are small; what can be large travels in a memfd.
const MAX_MESSAGE: usize = 64 * 1024;
/// Most descriptors in one message.
const MAX_FDS: usize = 20;

/// The two ends of a new channel.
pub(crate) fn pair() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
}

/// Sends one message with descriptors.
pub(crate) fn send<T: Serialize>(
    socket: impl AsFd,
    message: &T,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    send_bytes(socket, &serde_json::to_vec(message)?, fds)
}

/// Sends one message that isn't JSON, with descriptors.
pub(crate) fn send_bytes(
    socket: impl AsFd,
    bytes: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(Errno::INVAL.into());
    }
    let parts = [IoSlice::new(bytes)];
    rustix::io::retry_on_intr(|| sendmsg(&socket, &parts, &mut ancillary, SendFlags::NOSIGNAL))?;
    Ok(())
}

/// Receives one message; `None` once the other side is gone.
pub(crate) fn receive<T: DeserializeOwned>(
    socket: impl AsFd,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::io::retry_on_intr(|| {
        recvmsg(
            &socket,
            &mut [IoSliceMut::new(&mut bytes)],
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        )
    });
    let received = match received {
        Ok(received) => received.bytes,
        // A peer that died with data unread resets the connection: it is gone all the same.
        Err(Errno::CONNRESET) => 0,
        Err(errno) => return Err(errno.into()),
    };
    if received == 0 {
        return Ok(None);
    }
    let mut fds = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    Ok(Some((serde_json::from_slice(&bytes[..received])?, fds)))
}

/// Puts a value of any size into a new memfd.
pub(crate) fn to_memfd<T: Serialize>(name: &str, value: &T) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create(name, MemfdFlags::CLOEXEC)?);
    file.write_all(&serde_json::to_vec(value)?)?;
    Ok(file.into())
}

/// Reads a value back from a memfd.
pub(crate) fn from_memfd<T: DeserializeOwned>(fd: OwnedFd) -> io::Result<T> {
    let mut file = File::from(fd);
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        IsolationLevel,
        environment::Place,
        message::{
            FromInit, FromLauncher, Go, GroupLimits, GroupUsage, LimitsBy, Order, Setup, StepError,
            ToLauncher,
        },
    };
    use proptest::{collection::vec, prelude::*};
    use rustix::pipe::pipe;

    #[test]
    fn messages_and_descriptors_arrive_and_the_end_is_seen() {
        let (a, b) = pair().unwrap();
        let memfd = to_memfd("test", &vec!["x"; 100_000]).unwrap();
        send(&a, &("hello", 7), &[memfd.as_fd()]).unwrap();
        drop(a);
        let ((word, number), mut fds): ((String, i32), _) = receive(&b).unwrap().unwrap();
        assert_eq!((word.as_str(), number), ("hello", 7));
        let value: Vec<String> = from_memfd(fds.remove(0)).unwrap();
        assert_eq!(value.len(), 100_000);
        assert!(receive::<()>(&b).unwrap().is_none());
    }

    /// Receives bytes as each message that there is; every descriptor that came along is closed
    /// afterwards, whatever the bytes were.
    fn receive_as_everything(bytes: &[u8], count: usize) {
        fn one<T: DeserializeOwned>(bytes: &[u8], count: usize) {
            let (a, b) = pair().unwrap();
            let (read, write) = pipe().unwrap();
            send_bytes(&a, bytes, &vec![write.as_fd(); count]).unwrap();
            drop(write);
            drop(receive::<T>(&b));
            assert_eq!(rustix::io::read(&read, &mut [0; 1]), Ok(0), "a descriptor was kept");
        }
        one::<Setup>(bytes, count);
        one::<ToLauncher>(bytes, count);
        one::<FromLauncher>(bytes, count);
        one::<FromInit>(bytes, count);
        one::<Go>(bytes, count);
        let memfd = memfd_create("garbage", MemfdFlags::CLOEXEC).unwrap();
        rustix::io::write(&memfd, bytes).unwrap();
        drop(from_memfd::<Order>(memfd));
    }

    /// One of each, as they really go over the channels.
    fn real() -> Vec<Vec<u8>> {
        fn json<T: Serialize>(message: T) -> Vec<u8> {
            serde_json::to_vec(&message).unwrap()
        }
        let level = IsolationLevel::NoProc;
        let limits =
            GroupLimits { memory_bytes: 1, processes: 2, cpu_shares: 3, cpu_percent: Some(150) };
        let environment = Some(Place { path: "/packages".into(), device: 1, inode: 2 });
        let error = StepError { step: "mounting /proc".into(), errno: 1, detail: "denied".into() };
        vec![
            json(ToLauncher::Create {
                id: 1,
                network: true,
                template: Some(0),
                environment,
                limits,
            }),
            json(FromLauncher::Ready { limits: LimitsBy::Cgroup1, level }),
            json(FromLauncher::Created { id: 1, is_warm: true }),
            json(FromLauncher::NotCreated { id: 1, error: error.clone() }),
            json(FromLauncher::Exited { id: 1, usage: GroupUsage::default() }),
            json(FromLauncher::Zygote { template: 0, state: Err("gone".into()) }),
            json(FromInit::Ready { level }),
            json(FromInit::Failed(error)),
            json(FromInit::Exited { code: Some(1), signal: None, prepared_us: 9, by_copy: true }),
            json(Go),
        ]
    }

    proptest! {
        #[test]
        fn garbage_is_no_message_and_leaves_nothing_open(
            bytes in vec(any::<u8>(), 1..4096),
            count in 0..MAX_FDS,
        ) {
            receive_as_everything(&bytes, count);
        }

        #[test]
        fn broken_messages_are_refused_too(
            which in any::<prop::sample::Index>(),
            changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in any::<prop::sample::Index>(),
            count in 0..MAX_FDS,
        ) {
            let mut bytes = which.get(&real()).clone();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            receive_as_everything(&bytes, count);
            receive_as_everything(&bytes[..=cut.index(bytes.len())], count);
        }
    }
}
