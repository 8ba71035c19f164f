//! Which processors an execution with a quota is bound to, so that it sees no more than it may use
//! and programs start as many threads as are of use. The quota itself is the control group's.

use rustix::thread::{CpuSet, sched_getaffinity};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The processors of this process, and how many executions are bound to each.
#[derive(Debug)]
pub(crate) struct Processors(Mutex<Vec<(usize, usize)>>);

/// Some of them; given back when dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    from: &'a Processors,
    pub(crate) numbers: Vec<usize>,
}

impl Processors {
    pub(crate) fn of_this_process() -> Self {
        let set = sched_getaffinity(None).unwrap_or_default();
        let all = (0..CpuSet::MAX_CPU).filter(|number| set.is_set(*number));
        Self(Mutex::new(all.map(|number| (number, 0)).collect()))
    }

    /// As many as a quota in percent of one takes: those with the fewest executions.
    pub(crate) fn take(&self, percent: u64) -> Taken<'_> {
        let count = usize::try_from(percent.div_ceil(100)).unwrap_or(usize::MAX);
        let mut all = self.all();
        all.sort_by_key(|(number, executions)| (*executions, *number));
        let taken = all.iter_mut().take(count).map(|(number, executions)| {
            *executions += 1;
            *number
        });
        Taken { from: self, numbers: taken.collect() }
    }

    fn all(&self) -> MutexGuard<'_, Vec<(usize, usize)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken<'_> {
    /// What tells the usual libraries how many threads to start: they look at the processors of
    /// the machine otherwise.
    pub(crate) fn variables(&self) -> impl Iterator<Item = String> {
        let count = self.numbers.len();
        ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"].into_iter().map(move |n| format!("{n}={count}"))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for (number, executions) in &mut *self.from.all() {
            *executions -= usize::from(self.numbers.contains(number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_spread_over_the_processors() {
        let processors = Processors(Mutex::new(vec![(2, 0), (3, 0), (7, 0)]));
        let first = processors.take(50);
        let second = processors.take(101);
        assert_eq!((&first.numbers, &second.numbers), (&vec![2], &vec![3, 7]));
        drop(second);
        assert_eq!(processors.take(200).numbers, [3, 7]);
        let all = processors.take(10_000);
        assert_eq!(all.numbers.len(), 3);
        assert_eq!(all.variables().next().unwrap(), "OMP_NUM_THREADS=3");
    }

    #[test]
    fn this_process_has_some() {
        assert_eq!(Processors::of_this_process().take(1).numbers.len(), 1);
    }
}
