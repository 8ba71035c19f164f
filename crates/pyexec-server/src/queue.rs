//! Who is next: in order of arrival for each owner, in turns between owners, within slots and
//! memory. Pure data: it knows no clock and no task.

use crate::{Caller, Owner, metrics::Load};
use std::collections::{HashMap, VecDeque};

/// What there is to share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    /// Executions at the same time.
    pub(crate) slots: usize,
    /// Memory in MiB that they may have in all.
    pub(crate) memory_mb: u64,
    /// Executions that may wait.
    pub(crate) waiting: usize,
    /// Bytes that waiting and running ones may hold.
    pub(crate) bytes: usize,
}

/// What one execution takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    pub(crate) memory_mb: u64,
    pub(crate) bytes: usize,
    /// Packages that aren't there yet: until it is [`ready`](Queue::ready), others overtake it.
    pub(crate) packages: bool,
}

/// A place in the queue, and later a slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Ticket {
    number: u64,
    owner: Owner,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// So many wait already.
    Waiting(usize),
    /// They hold too many bytes.
    Bytes,
    /// The owner has as many waiting as their token may.
    OfOwner(usize),
}

#[derive(Debug)]
pub(crate) struct Queue {
    capacity: Capacity,
    lanes: HashMap<Owner, Lane>,
    /// Owners with waiting executions; the first one's turn is next.
    turns: VecDeque<Owner>,
    running: HashMap<Ticket, Need>,
    free_slots: usize,
    free_memory_mb: u64,
    waiting: usize,
    /// What all hold.
    bytes: usize,
    last: u64,
}

/// One owner's executions.
#[derive(Debug, Default)]
struct Lane {
    /// By their numbers, which grow.
    waiting: VecDeque<(u64, Need)>,
    running: usize,
    bytes: usize,
    max_running: Option<usize>,
}

impl Lane {
    fn may_run(&self) -> bool {
        self.max_running.is_none_or(|most| self.running < most)
    }

    /// The first that could run.
    fn ready(&self) -> Option<usize> {
        self.waiting.iter().position(|(_, need)| !need.packages)
    }

    fn index(&self, number: u64) -> Option<usize> {
        self.waiting.binary_search_by_key(&number, |(number, _)| *number).ok()
    }
}

impl Queue {
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            lanes: HashMap::new(),
            turns: VecDeque::new(),
            running: HashMap::new(),
            free_slots: capacity.slots,
            free_memory_mb: capacity.memory_mb,
            waiting: 0,
            bytes: 0,
            last: 0,
        }
    }

    /// A place for a caller's execution. One whose owner has less than their share gets in even
    /// where another has filled the queue.
    pub(crate) fn join(&mut self, caller: &Caller, need: Need) -> Result<Ticket, Full> {
        let lane = self.lanes.get(&caller.owner);
        let (own, own_bytes) = lane.map_or((0, 0), |lane| (lane.waiting.len(), lane.bytes));
        let bytes = own_bytes.saturating_add(need.bytes);
        let owners = self.lanes.len() + usize::from(lane.is_none());
        let used = self.bytes.saturating_add(need.bytes);
        if bytes > self.capacity.bytes
            || (used > self.capacity.bytes && bytes > self.capacity.bytes / owners)
            || used > self.capacity.bytes.saturating_mul(2)
        {
            return Err(Full::Bytes);
        }
        if !self.starts_at_once(caller, need) {
            if let Some(most) = caller.limits.max_queued.filter(|most| own >= *most) {
                return Err(Full::OfOwner(most));
            }
            let most = self.capacity.waiting;
            let others = self.turns.iter().filter(|owner| **owner != caller.owner).count();
            if own >= most
                || (self.waiting >= most && own >= most / (others + 1))
                || self.waiting >= most.saturating_mul(2)
            {
                return Err(Full::Waiting(self.waiting));
            }
        }
        Ok(self.rejoin(caller, need))
    }

    /// A place for an execution that had one before: nothing turns it away.
    pub(crate) fn rejoin(&mut self, caller: &Caller, need: Need) -> Ticket {
        self.last += 1;
        let lane = self.lanes.entry(caller.owner.clone()).or_default();
        if lane.waiting.is_empty() {
            self.turns.push_back(caller.owner.clone());
        }
        lane.max_running = caller.limits.max_running;
        lane.waiting.push_back((self.last, need));
        lane.bytes = lane.bytes.saturating_add(need.bytes);
        self.bytes = self.bytes.saturating_add(need.bytes);
        self.waiting += 1;
        Ticket { number: self.last, owner: caller.owner.clone() }
    }

    /// The next that has a slot now. One that needs more memory than is left waits for it, and
    /// nobody overtakes it: small ones would do so for ever.
    pub(crate) fn next(&mut self) -> Option<Ticket> {
        let index = self.first()?;
        let lane = self.lanes.get_mut(&self.turns[index])?;
        let of_lane = lane.ready()?;
        let (number, need) = lane.waiting[of_lane];
        if self.free_slots == 0 || need.memory_mb > self.free_memory_mb {
            return None;
        }
        lane.waiting.remove(of_lane);
        lane.running += 1;
        let owner = self.turns.remove(index)?;
        if !lane.waiting.is_empty() {
            self.turns.push_back(owner.clone());
        }
        self.waiting -= 1;
        self.free_slots -= 1;
        self.free_memory_mb -= need.memory_mb;
        let ticket = Ticket { number, owner };
        self.running.insert(ticket.clone(), need);
        Some(ticket)
    }

    /// It lacks nothing but a slot.
    pub(crate) fn ready(&mut self, ticket: &Ticket) {
        let Some(lane) = self.lanes.get_mut(&ticket.owner) else { return };
        if let Some((_, need)) = lane.index(ticket.number).and_then(|at| lane.waiting.get_mut(at)) {
            need.packages = false;
        }
    }

    /// Gives a place or a slot back.
    pub(crate) fn leave(&mut self, ticket: &Ticket) {
        let Some(lane) = self.lanes.get_mut(&ticket.owner) else { return };
        let need = if let Some(need) = self.running.remove(ticket) {
            lane.running -= 1;
            self.free_slots += 1;
            self.free_memory_mb += need.memory_mb;
            need
        } else {
            let index = lane.index(ticket.number);
            let Some((_, need)) = index.and_then(|index| lane.waiting.remove(index)) else {
                return;
            };
            self.waiting -= 1;
            if lane.waiting.is_empty() {
                self.turns.retain(|owner| *owner != ticket.owner);
            }
            need
        };
        lane.bytes -= need.bytes;
        self.bytes -= need.bytes;
        if lane.waiting.is_empty() && lane.running == 0 {
            self.lanes.remove(&ticket.owner);
        }
    }

    /// How many start before it, as far as can be told: an owner who may run no more yet still has
    /// their turn here. `None` once it doesn't wait.
    pub(crate) fn position(&self, ticket: &Ticket) -> Option<u64> {
        let own = self.lanes.get(&ticket.owner)?.index(ticket.number)?;
        let mut is_earlier = true;
        let before: usize = self
            .turns
            .iter()
            .map(|owner| {
                if *owner == ticket.owner {
                    is_earlier = false;
                    return own;
                }
                let theirs = self.lanes.get(owner).map_or(0, |lane| lane.waiting.len());
                theirs.min(own + usize::from(is_earlier))
            })
            .sum();
        Some(before as u64)
    }

    /// How much of it is in use.
    pub(crate) fn load(&self) -> Load {
        Load {
            waiting: self.waiting,
            running: self.running.len(),
            slots: self.capacity.slots,
            memory_used_mb: self.capacity.memory_mb - self.free_memory_mb,
            memory_mb: self.capacity.memory_mb,
            ..Load::default()
        }
    }

    /// How many wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many have a slot.
    #[cfg(test)]
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }

    /// Whose turn it is, among those who may run one more and have one that could.
    fn first(&self) -> Option<usize> {
        let can_run = |lane: &Lane| lane.may_run() && lane.ready().is_some();
        let may_run = |owner| self.lanes.get(owner).is_some_and(can_run);
        self.turns.iter().position(may_run)
    }

    fn starts_at_once(&self, caller: &Caller, need: Need) -> bool {
        let running = self.lanes.get(&caller.owner).map_or(0, |lane| lane.running);
        self.first().is_none()
            && self.free_slots > 0
            && need.memory_mb <= self.free_memory_mb
            && caller.limits.max_running.is_none_or(|most| running < most)
    }
}

#[cfg(test)]
#[path = "queue/tests.rs"]
mod tests;
