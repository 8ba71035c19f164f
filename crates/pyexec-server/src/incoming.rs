//! What requests hold while they arrive: memory within a bound for all of them, and threads for
//! large uploads only, so that those that send slowly hold up nobody else.

use crate::error::ApiError;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in pieces of this size.
const UNIT: usize = 1 << 10;

/// Large uploads that arrive at the same time.
const LARGE: usize = 128;

/// What requests may hold while they arrive. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    memory: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Incoming {
    /// So many bytes in all.
    pub(crate) fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Self { memory: Arc::new(Semaphore::new(units)), large: Arc::new(Semaphore::new(LARGE)) }
    }

    /// Memory for one request.
    pub(crate) fn hold(&self) -> Held {
        Held { memory: Arc::clone(&self.memory), bytes: 0, permit: None }
    }

    /// A place for a large upload, once there is one.
    pub(crate) async fn large(&self, patience: Duration) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = tokio::time::timeout(patience, Arc::clone(&self.large).acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or_else(|| {
            let message = format!("{LARGE} large uploads are arriving: try again later");
            ApiError::unavailable("busy", message)
        })
    }
}

/// A request's memory; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    memory: Arc<Semaphore>,
    bytes: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Takes so many more bytes, where there are as many.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let before = self.bytes.div_ceil(UNIT);
        self.bytes += bytes;
        let more = u32::try_from(self.bytes.div_ceil(UNIT) - before).unwrap_or(u32::MAX);
        let Ok(taken) = Arc::clone(&self.memory).try_acquire_many_owned(more) else {
            let message = "the requests that are arriving hold too much input: try again later";
            return Err(ApiError::unavailable("busy", message));
        };
        match &mut self.permit {
            Some(permit) => permit.merge(taken),
            none => *none = Some(taken),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_once_and_comes_back() {
        let incoming = Incoming::new(10 * UNIT);
        let (mut one, mut two) = (incoming.hold(), incoming.hold());
        for _ in 0..8 * UNIT {
            one.grow(1).unwrap();
        }
        two.grow(2 * UNIT).unwrap();
        assert!(two.grow(1).is_err());
        drop(one);
        two.grow(8 * UNIT - 1).unwrap();
        drop(two);
        assert_eq!(incoming.memory.available_permits(), 10);
    }
}
