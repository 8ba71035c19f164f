//! Which users of the host stand behind the user inside.

use crate::{
    message::{Step, StepError},
    sys::{self, Clone},
};
use rustix::{
    fd::BorrowedFd,
    fs::fchown,
    process::{Gid, Pid, Uid, geteuid, getpriority_process},
    thread::{CapabilitiesSecureBits, set_capabilities_secure_bits, set_thread_res_uid},
};
use std::{collections::BTreeSet, fs};

/// The user and group inside.
pub(crate) const INSIDE: u32 = 1000;

/// First of the high ids that sandboxes of root get, where ids that high exist.
const USUAL_FIRST: u32 = 0x7000_0000;
/// Ids that are set aside for sandboxes at the end of a smaller range, as in a container.
const SET_ASIDE: u32 = 4096;
/// The last of them that a sandbox gets; the one after it is the zygotes'.
const LAST_SLOT: u32 = SET_ASIDE - 2;

/// Who runs sandboxes on the host's side, found out before any namespace is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// We are root: each sandbox gets an id of its own from here on, so that neither signals nor
    /// limits on processes reach from one to another.
    IdsFrom(u32),
    /// An ordinary user: itself.
    Ourselves,
}

impl Owner {
    /// # Errors
    /// Where we are root and there is nobody else that a sandbox could be.
    pub(crate) fn find() -> Result<Self, StepError> {
        if !geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let maps = ["/proc/self/uid_map", "/proc/self/gid_map"]
            .map(|file| fs::read_to_string(file).step(format!("reading {file}")));
        let [users, groups] = maps;
        Self::of_root(&users?, &groups?).ok_or_else(|| StepError {
            step: "choosing a user for sandboxes".into(),
            errno: libc::EPERM,
            detail: "root is the only user of this user namespace".into(),
        })
    }

    fn of_root(users: &str, groups: &str) -> Option<Self> {
        match first_id(users)?.min(first_id(groups)?) {
            0 => {
                // Root of a namespace whose only user is an ordinary one outside.
                let ordinary =
                    |map: &str| map.split_whitespace().nth(1).is_some_and(|outside| outside != "0");
                ordinary(users).then_some(Self::Ourselves)
            }
            first => Some(Self::IdsFrom(first)),
        }
    }
}

/// The first id for sandboxes in the range that begins with 0; 0 where it has no room for any.
fn first_id(map: &str) -> Option<u32> {
    let ranges = map.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        Some((numbers.next()?.ok()?, numbers.nth(1)?.ok()?))
    });
    let (_, count) = ranges.into_iter().find(|(inside, _)| *inside == 0)?;
    Some(USUAL_FIRST.min(if count > 4 * SET_ASIDE { count - SET_ASIDE } else { 0 }))
}

impl Owner {
    /// Makes it possible to create namespaces that belong to a zygote: whoever has the owner's id
    /// has every capability in a user namespace (user_namespaces(7)), and nothing outside.
    ///
    /// # Errors
    /// Where root may not keep its capabilities while it has another id.
    pub(crate) fn prepare_to_own(self) -> Result<(), StepError> {
        if self == Self::Ourselves {
            return Ok(());
        }
        set_capabilities_secure_bits(CapabilitiesSecureBits::NO_SETUID_FIXUP)
            .step("keeping capabilities under another id")
    }

    /// The user and group of zygotes: after those of all sandboxes; none where it is ourselves.
    pub(crate) fn zygote(self) -> Option<(Uid, Gid)> {
        let Self::IdsFrom(first) = self else { return None };
        let id = first + LAST_SLOT + 1;
        Some((Uid::from_raw(id), Gid::from_raw(id)))
    }

    /// Makes a child whose user namespace belongs to the zygotes.
    pub(crate) fn clone_into(
        self,
        namespaces: libc::c_int,
        cgroup: Option<BorrowedFd<'_>>,
    ) -> rustix::io::Result<Clone> {
        let Some((user, _)) = self.zygote() else {
            return sys::clone_into(namespaces, cgroup);
        };
        // The real one stays root's, and so the way back stays open.
        set_thread_res_uid(Uid::ROOT, user, Uid::ROOT)?;
        let cloned = sys::clone_into(namespaces, cgroup);
        if !matches!(cloned, Ok(Clone::Child)) {
            set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT)?;
        }
        cloned
    }
}

/// The ids that are taken.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    taken: BTreeSet<u32>,
}

impl Identities {
    /// A free slot.
    pub(crate) fn take(&mut self) -> u32 {
        let slot = (0..LAST_SLOT).find(|slot| !self.taken.contains(slot)).unwrap_or(LAST_SLOT);
        self.taken.insert(slot);
        slot
    }

    pub(crate) fn give_back(&mut self, slot: u32) {
        self.taken.remove(&slot);
    }
}

/// What PID 1's priority is raised to, where we may.
const PROMPT: i32 = -10;

/// Lets PID 1 get its turn soon, however many processes beside it want the processors: it must see
/// how much memory they use, and nothing inside ends before it does. Where this is refused, only
/// that takes longer.
fn hurry(pid: Pid) {
    // A server that was started at another priority passes it on to scripts.
    let own = getpriority_process(None).unwrap_or(0);
    if own != 0 || sys::take_short_turns(pid, PROMPT).is_err() {
        let _ = sys::take_short_turns(pid, own);
    }
}

/// Maps the inside user of a new user namespace to the host's; never to the host's root.
pub(crate) fn map(pid: Pid, slot: u32, owner: Owner) -> Result<(), StepError> {
    let outside = match owner {
        Owner::IdsFrom(first) => first + slot,
        // What the launcher's own namespace calls us.
        Owner::Ourselves => 0,
    };
    prefer_to_end(pid)?;
    hurry(pid);
    let pid = pid.as_raw_nonzero();
    let write = |file: &str, text: String| {
        fs::write(format!("/proc/{pid}/{file}"), text).step(format!("writing {file}"))
    };
    write("setgroups", "deny".into())?;
    write("uid_map", format!("{INSIDE} {outside} 1"))?;
    write("gid_map", format!("{INSIDE} {outside} 1"))
}

/// More likely to go first when the whole machine is out of memory.
pub(crate) fn prefer_to_end(pid: Pid) -> Result<(), StepError> {
    let file = format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero());
    fs::write(file, "500").step("writing oom_score_adj")
}

/// Makes pipes belong to the inside user, so that a script may open `/dev/stdout` by name.
pub(crate) fn give(pipes: [BorrowedFd<'_>; 3], slot: u32, owner: Owner) -> Result<(), StepError> {
    let Owner::IdsFrom(first) = owner else { return Ok(()) };
    let (user, group) = (Uid::from_raw(first + slot), Gid::from_raw(first + slot));
    pipes
        .into_iter()
        .try_for_each(|pipe| fchown(pipe, Some(user), Some(group)))
        .step("giving a pipe away")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_of_the_host_of_a_container_and_of_a_namespace() {
        let of = |map: &str| Owner::of_root(map, map);
        assert_eq!(of("         0          0 4294967295\n"), Some(Owner::IdsFrom(USUAL_FIRST)));
        assert_eq!(of("0 100000 65536\n"), Some(Owner::IdsFrom(65536 - SET_ASIDE)));
        assert_eq!(of("0 1000 1\n1 100000 65536\n"), Some(Owner::Ourselves));
        assert_eq!(of("0 1000 1\n"), Some(Owner::Ourselves));
        assert_eq!(of("0 0 1\n"), None, "that would be the root outside");
    }

    #[test]
    fn slots_are_used_again() {
        let mut identities = Identities::default();
        assert_eq!([identities.take(), identities.take()], [0, 1]);
        identities.give_back(0);
        assert_eq!(identities.take(), 0);
    }
}
