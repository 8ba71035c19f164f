//! How many connections there may be, in all and from one address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How many connections there may be.
#[derive(Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    most_per_address: usize,
    addresses: Arc<Mutex<HashMap<IpAddr, Crowd>>>,
    /// Told when somebody waits for a place, to one connection on which nothing happens.
    wanted: Arc<Notify>,
}

/// The connections of one address.
#[derive(Debug, Default)]
struct Crowd {
    count: usize,
    /// That it had all it may is said once, until it has none.
    is_told: bool,
}

/// One connection's place, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _of_address: Option<OfAddress>,
}

#[derive(Debug)]
struct OfAddress {
    address: IpAddr,
    addresses: Arc<Mutex<HashMap<IpAddr, Crowd>>>,
}

impl Places {
    pub(crate) fn new(most: usize, most_per_address: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS))),
            most_per_address: most_per_address.max(1),
            addresses: Arc::default(),
            wanted: Arc::default(),
        }
    }

    /// A place for a connection of this address, once there is one; none where the address has too
    /// many, which needn't wait for that.
    pub(crate) async fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = canonical(address);
        let of_address = match address.is_loopback() {
            true => None,
            false => Some(self.count(address)?),
        };
        Some(Place { _permit: self.free().await?, _of_address: of_address })
    }

    /// Done once somebody waits for the place of a connection that could do without.
    pub(crate) fn wanted(&self) -> Arc<Notify> {
        Arc::clone(&self.wanted)
    }

    async fn free(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(permit);
        }
        self.wanted.notify_one();
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// One more of this address, unless it has too many.
    fn count(&self, address: IpAddr) -> Option<OfAddress> {
        let mut crowds = lock(&self.addresses);
        let crowd = crowds.entry(address).or_default();
        if crowd.count >= self.most_per_address {
            if !crowd.is_told {
                crowd.is_told = true;
                tracing::warn!(%address, "too many connections of one address; others are closed");
            }
            return None;
        }
        crowd.count += 1;
        Some(OfAddress { address, addresses: Arc::clone(&self.addresses) })
    }
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut crowds = lock(&self.addresses);
        if let Some(crowd) = crowds.get_mut(&self.address) {
            crowd.count -= 1;
            if crowd.count == 0 {
                crowds.remove(&self.address);
            }
        }
    }
}

fn lock(crowds: &Mutex<HashMap<IpAddr, Crowd>>) -> MutexGuard<'_, HashMap<IpAddr, Crowd>> {
    crowds.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address as one party: whoever has one of IPv6 has all of its network.
fn canonical(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_does_not_take_all_places() {
        let places = Places::new(6, 2);
        let take = async |address: &str| places.enter(address.parse().unwrap()).await;
        let held = [take("192.0.2.1").await, take("::ffff:192.0.2.1").await];
        assert!(held.iter().all(Option::is_some));
        assert!(take("192.0.2.1").await.is_none());
        let others = [take("2001:db8::1").await, take("2001:db8::2:1").await];
        assert!(others.iter().all(Option::is_some));
        assert!(take("2001:db8::3").await.is_none());
        drop(held);
        assert!(take("192.0.2.1").await.is_some());
        let here = [take("127.0.0.1").await, take("::1").await, take("127.0.0.1").await];
        assert!(here.iter().all(Option::is_some));
        drop((others, here));
        assert!(lock(&places.addresses).is_empty());
        assert_eq!(places.free.available_permits(), 6);
    }

    #[tokio::test]
    async fn who_waits_asks_one_to_go() {
        let places = Places::new(1, 1);
        let address = "127.0.0.1".parse().unwrap();
        let held = places.enter(address).await.unwrap();
        let wanted = places.wanted();
        let idle = async {
            wanted.notified().await;
            drop(held);
        };
        let (next, ()) = tokio::join!(places.enter(address), idle);
        assert!(next.is_some());
    }
}
