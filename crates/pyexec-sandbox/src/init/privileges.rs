//! Giving up every privilege, for good.

use crate::{
    message::{Order, Step, StepError},
    weaken::{Layer, without},
};
use rustix::{
    process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit},
    thread::{
        CapabilitySet, CapabilitySets, CpuSet, clear_ambient_capability_set,
        configure_capability_in_ambient_set, remove_capability_from_bounding_set,
        sched_setaffinity, set_capabilities, set_no_new_privs,
    },
};

/// Drops all capabilities from every set and forbids gaining new ones.
pub(crate) fn drop_all() -> Result<(), StepError> {
    if without(Layer::Capabilities) {
        return keep_one();
    }
    set_no_new_privs(true).step("setting no_new_privs")?;
    clear_ambient_capability_set().step("clearing the ambient capabilities")?;
    for bit in 0..64 {
        // The kernel says EINVAL to the first one that it doesn't know.
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        if remove_capability_from_bounding_set(capability).is_err() {
            break;
        }
    }
    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, none).step("dropping the capabilities")
}

/// Keeps what ordinary users lack, in the sandbox's own namespaces: to use ports below 1024.
fn keep_one() -> Result<(), StepError> {
    let one = CapabilitySet::NET_BIND_SERVICE;
    let sets = CapabilitySets { effective: one, permitted: one, inheritable: one };
    set_capabilities(None, sets).step("keeping a capability")?;
    configure_capability_in_ambient_set(one, true).step("keeping a capability")
}

/// Raises our own limit on open files as far as `wanted`; as far as it got.
pub(crate) fn raise_open_files(wanted: u64) -> Result<u64, StepError> {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let limit = Rlimit { current: Some(most), maximum: limit.maximum };
    setrlimit(Resource::Nofile, limit).step("raising the limit on open files")?;
    Ok(most)
}

/// What a thread's stack reserves as a rule.
const THREAD_STACK: u64 = 8 << 20;

/// Limits on each single process: this one, or another of the same user, and what it starts.
pub(crate) fn limit(process: Option<Pid>, order: &Order) -> Result<(), StepError> {
    if !order.processors.is_empty() {
        let mut set = CpuSet::new();
        order.processors.iter().for_each(|number| set.set(*number));
        // Refused where these have just been taken from us. The quota holds all the same.
        let _ = sched_setaffinity(process, &set);
    }
    if without(Layer::ProcessLimits) {
        return Ok(());
    }
    for (resource, value) in [
        // 1, since 0 doesn't keep a crash from a handler that core_pattern pipes to (core(5)).
        (Resource::Core, 1),
        (Resource::Nofile, order.open_files),
        // PID 1 counts too.
        (Resource::Nproc, order.processes + 1),
        (Resource::Fsize, order.disk_bytes),
        // Beside the memory, the stacks that threads reserve and hardly use. What all processes
        // really hold is watched.
        (Resource::Data, order.memory_bytes + THREAD_STACK * order.processes),
        (Resource::Memlock, 64 * 1024),
        (Resource::Msgqueue, 800 * 1024),
    ] {
        // What we were given ourselves may be less.
        let value = getrlimit(resource).maximum.map_or(value, |maximum| value.min(maximum));
        let limit = Rlimit { current: Some(value), maximum: Some(value) };
        // Without a word where all is well: this also runs between fork and exec.
        if let Err(errno) = prlimit(process, resource, limit) {
            return Err(errno).step(format!("limiting {resource:?}"));
        }
    }
    Ok(())
}
