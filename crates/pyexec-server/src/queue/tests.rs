use super::*;
use crate::TokenLimits;
use proptest::prelude::*;

const CAPACITY: Capacity = Capacity { slots: 2, memory_mb: 100, waiting: 10, bytes: 1000 };
const SMALL: Need = Need { memory_mb: 10, bytes: 1, packages: false };

fn caller(name: &str) -> Caller {
    Caller { owner: Owner::of_token(name), limits: TokenLimits::default() }
}

fn limited(name: &str, max_running: Option<usize>, max_queued: Option<usize>) -> Caller {
    let limits = TokenLimits { max_running, max_queued, ..TokenLimits::default() };
    Caller { limits, ..caller(name) }
}

fn all(queue: &mut Queue) -> Vec<Ticket> {
    std::iter::from_fn(|| queue.next()).collect()
}

#[test]
fn a_thousand_of_one_owner_hold_nobody_up() {
    let mut queue = Queue::new(Capacity { slots: 1, waiting: 1000, ..CAPACITY });
    queue.capacity.bytes = 10_000;
    let many: Vec<_> = (0..1000).map(|_| queue.join(&caller("a"), SMALL).unwrap()).collect();
    let running = queue.next().unwrap();
    assert_eq!(running, many[0]);
    queue.join(&caller("a"), SMALL).unwrap();
    assert_eq!(queue.join(&caller("a"), SMALL), Err(Full::Waiting(1000)));
    let other = queue.join(&caller("b"), SMALL).unwrap();
    assert_eq!(queue.position(&other), Some(1), "they take turns");
    queue.leave(&running);
    assert_eq!(all(&mut queue), std::slice::from_ref(&many[1]));
    queue.leave(&many[1]);
    assert_eq!(all(&mut queue), [other]);
}

#[test]
fn one_that_needs_much_memory_is_not_overtaken() {
    let mut queue = Queue::new(CAPACITY);
    let first = queue.join(&caller("a"), SMALL).unwrap();
    assert_eq!(all(&mut queue), std::slice::from_ref(&first));
    let large =
        queue.join(&caller("a"), Need { memory_mb: 95, bytes: 1, packages: false }).unwrap();
    let small = queue.join(&caller("b"), SMALL).unwrap();
    assert_eq!(all(&mut queue), []);
    queue.leave(&first);
    assert_eq!(all(&mut queue), std::slice::from_ref(&large));
    queue.leave(&large);
    assert_eq!(all(&mut queue), [small]);
}

#[test]
fn a_tokens_limits_hold_nobody_else_up() {
    let mut queue = Queue::new(CAPACITY);
    let a = limited("a", Some(1), Some(1));
    let first = queue.join(&a, SMALL).unwrap();
    assert_eq!(all(&mut queue), std::slice::from_ref(&first));
    let second = queue.join(&a, SMALL).unwrap();
    assert_eq!(all(&mut queue), [], "one at a time");
    assert_eq!(queue.join(&a, SMALL), Err(Full::OfOwner(1)));
    let other = queue.join(&caller("b"), SMALL).unwrap();
    assert_eq!(all(&mut queue), [other]);
    queue.leave(&first);
    assert_eq!(all(&mut queue), [second]);
}

#[test]
fn without_a_queue_only_what_starts_at_once_gets_in() {
    let mut queue = Queue::new(Capacity { waiting: 0, ..CAPACITY });
    let first = queue.join(&limited("a", None, Some(0)), SMALL).unwrap();
    assert_eq!(all(&mut queue), [first]);
    let huge = Need { memory_mb: 95, bytes: 1, packages: false };
    assert_eq!(queue.join(&caller("b"), huge), Err(Full::Waiting(0)));
    assert!(queue.join(&caller("b"), SMALL).is_ok());
}

#[test]
fn bytes_are_shared_likewise() {
    let mut queue = Queue::new(CAPACITY);
    let large = Need { memory_mb: 1, bytes: 600, packages: false };
    let first = queue.join(&caller("a"), large).unwrap();
    assert_eq!(queue.join(&caller("a"), large), Err(Full::Bytes));
    assert_eq!(queue.join(&caller("b"), large), Err(Full::Bytes), "more than a half");
    assert!(queue.join(&caller("b"), Need { memory_mb: 1, bytes: 450, packages: false }).is_ok());
    queue.leave(&first);
    assert!(queue.join(&caller("b"), Need { memory_mb: 1, bytes: 500, packages: false }).is_ok());
}

#[derive(Debug, Clone)]
enum Step {
    Join(usize, u64),
    Next,
    LeaveRunning(prop::sample::Index),
    LeaveWaiting(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4usize, 1..=100u64).prop_map(|(owner, memory)| Step::Join(owner, memory)),
        3 => Just(Step::Next),
        2 => any::<prop::sample::Index>().prop_map(Step::LeaveRunning),
        1 => any::<prop::sample::Index>().prop_map(Step::LeaveWaiting),
    ]
}

proptest! {
    /// Whatever happens, slots and memory are never given twice, each owner's own order is kept,
    /// and in the end everything is free again.
    #[test]
    fn nothing_is_given_twice(steps in prop::collection::vec(step(), 0..200)) {
        let owners = [
            caller("a"), limited("b", Some(1), None), limited("c", None, Some(3)), caller("d"),
        ];
        let mut queue = Queue::new(CAPACITY);
        let (mut waiting, mut running) = (Vec::<(Ticket, u64)>::new(), Vec::<(Ticket, u64)>::new());
        for step in steps {
            match step {
                Step::Join(owner, memory_mb) => {
                    if let Ok(ticket) = queue.join(&owners[owner], Need { memory_mb, bytes: 10, packages: false }) {
                        waiting.push((ticket, memory_mb));
                    }
                }
                Step::Next => if let Some(ticket) = queue.next() {
                    let first = waiting.iter().position(|(t, _)| t.owner == ticket.owner).unwrap();
                    let found = waiting.remove(first);
                    prop_assert_eq!(&found.0, &ticket);
                    running.push(found);
                },
                Step::LeaveRunning(index) => if !running.is_empty() {
                    let (ticket, _) = running.remove(index.index(running.len()));
                    queue.leave(&ticket);
                    queue.leave(&ticket);
                },
                Step::LeaveWaiting(index) => if !waiting.is_empty() {
                    let (ticket, _) = waiting.remove(index.index(waiting.len()));
                    queue.leave(&ticket);
                },
            }
            prop_assert!(running.len() <= CAPACITY.slots);
            prop_assert!(running.iter().map(|(_, memory)| memory).sum::<u64>() <= CAPACITY.memory_mb);
            let of_b = running.iter().filter(|(t, _)| t.owner == owners[1].owner).count();
            prop_assert!(of_b <= 1);
            prop_assert_eq!((queue.waiting(), queue.running()), (waiting.len(), running.len()));
        }
        for (ticket, _) in running.drain(..).chain(waiting.drain(..)) {
            queue.leave(&ticket);
        }
        prop_assert!(queue.lanes.is_empty() && queue.turns.is_empty());
        prop_assert_eq!(queue.free_slots, CAPACITY.slots);
        prop_assert_eq!((queue.free_memory_mb, queue.bytes), (CAPACITY.memory_mb, 0));
    }

    /// A position is how many start before, one after the other.
    #[test]
    fn positions_are_true(joins in prop::collection::vec(0..4usize, 1..40)) {
        let owners = ["a", "b", "c", "d"].map(caller);
        let mut queue = Queue::new(Capacity { slots: 1, waiting: 100, ..CAPACITY });
        let tickets: Vec<_> =
            joins.iter().map(|owner| queue.join(&owners[*owner], SMALL).unwrap()).collect();
        let mut expected: Vec<_> =
            tickets.iter().map(|t| (queue.position(t).unwrap(), t.clone())).collect();
        expected.sort_by_key(|(position, _)| *position);
        for (position, ticket) in expected {
            let next = queue.next().unwrap();
            prop_assert_eq!(&next, &ticket, "position {}", position);
            prop_assert_eq!(queue.position(&next), None);
            queue.leave(&next);
        }
    }
}

#[test]
fn who_waits_for_packages_holds_nobody_up() {
    let mut queue = Queue::new(Capacity { slots: 1, ..CAPACITY });
    let lacking = queue.join(&caller("a"), Need { packages: true, ..SMALL }).unwrap();
    assert_eq!(all(&mut queue), []);
    let own = queue.join(&caller("a"), SMALL).unwrap();
    let other = queue.join(&caller("b"), Need { packages: true, ..SMALL }).unwrap();
    assert_eq!(all(&mut queue), std::slice::from_ref(&own), "it overtakes");
    queue.ready(&lacking);
    queue.ready(&own);
    assert_eq!(all(&mut queue), [], "no slot is free");
    queue.leave(&own);
    assert_eq!(all(&mut queue), std::slice::from_ref(&lacking));
    queue.leave(&lacking);
    assert_eq!(all(&mut queue), []);
    queue.leave(&other);
    assert_eq!(queue.waiting(), 0);
    queue.ready(&other);
}
