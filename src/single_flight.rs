//! Single flight: of all that want one value at once, one fetches it and the others wait for that.
//!
//! How long a value is good, and what a failure means, are the rules of each cache. Times are on the wall clock: a frozen
//! Lambda environment may not advance a monotonic one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::clock::{self, Timestamp};

/// One slot for each key. The caller that has the slot may fetch; the others wait for it.
#[derive(Debug)]
pub struct SingleFlight<K, S> {
    slots: Mutex<HashMap<K, Arc<AsyncMutex<S>>>>,
}

impl<K, S> Default for SingleFlight<K, S> {
    fn default() -> SingleFlight<K, S> {
        SingleFlight {
            slots: Mutex::default(),
        }
    }
}

impl<K: Clone + Eq + Hash, S: Default> SingleFlight<K, S> {
    /// Waits for the slot of this key.
    pub async fn enter(&self, key: &K) -> OwnedMutexGuard<S> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.entry(key.clone()).or_default().clone()
        };
        slot.lock_owned().await
    }

    /// The slot of this key, unless a caller has it or there was none yet.
    pub fn try_enter(&self, key: &K) -> Option<OwnedMutexGuard<S>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(key)?.clone().try_lock_owned().ok()
    }
}

/// A value, and when it was fetched.
#[derive(Debug, Clone)]
pub struct Fetched<T> {
    pub value: T,
    pub at: Timestamp,
}

impl<T> Fetched<T> {
    pub fn new(value: T, at: Timestamp) -> Fetched<T> {
        Fetched { value, at }
    }

    /// Whether it is younger than this.
    pub fn is_younger_than(&self, age: Duration, now: Timestamp) -> bool {
        now < clock::after(self.at, age)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn of_all_that_want_a_value_at_once_one_fetches_it() {
        let flight: SingleFlight<&str, Option<usize>> = SingleFlight::default();
        let fetches = AtomicUsize::new(0);
        let get = async || {
            let mut slot = flight.enter(&"key").await;
            if slot.is_none() {
                tokio::task::yield_now().await;
                *slot = Some(fetches.fetch_add(1, Ordering::SeqCst));
            }
            *slot
        };
        let values = join_all((0..10).map(|_| get())).await;
        assert_eq!(values, [Some(0); 10]);
        assert_eq!(*flight.enter(&"another").await, None);
    }
}
