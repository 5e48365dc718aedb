//! What a reset uses of AWS, and what that costs.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::reset::ports::{Item, Key, Queue, QueueError, Store, StoreError, Wake, Write};

use crate::memory::MemoryStore;

/// The names and types of an item's attributes, and those that have one size (Amazon DynamoDB, "Item sizes and formats").
const ATTRIBUTES: usize = 85;

/// What was used, in the units of AWS's price list. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Used(Arc<Units>);

#[derive(Debug, Default)]
struct Units {
    reads: AtomicU64,
    writes: AtomicU64,
    table_calls: AtomicU64,
    conflicts: AtomicU64,
    messages: AtomicU64,
}

/// At one moment.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Read units: 4 KB each, of a consistent read.
    pub reads: u64,
    /// Write units: 1 KB each, twice as many in a transaction.
    pub writes: u64,
    pub table_calls: u64,
    /// Transactions that another one has cancelled.
    pub conflicts: u64,
    /// Messages to the queue.
    pub messages: u64,
}

impl Used {
    pub fn now(&self) -> Reading {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Reading {
            reads: read(&self.0.reads),
            writes: read(&self.0.writes),
            table_calls: read(&self.0.table_calls),
            conflicts: read(&self.0.conflicts),
            messages: read(&self.0.messages),
        }
    }
}

impl Reading {
    pub fn since(self, earlier: Reading) -> Reading {
        Reading {
            reads: self.reads - earlier.reads,
            writes: self.writes - earlier.writes,
            table_calls: self.table_calls - earlier.table_calls,
            conflicts: self.conflicts - earlier.conflicts,
            messages: self.messages - earlier.messages,
        }
    }
}

/// Units of this size that an item takes up, and one if there is none.
fn units(key: &Key, item: Option<&Item>, of: usize) -> u64 {
    let size = item.map_or(0, |item| key.0.len() + item.body.len() + ATTRIBUTES);
    u64::try_from(size.div_ceil(of).max(1)).unwrap_or(u64::MAX)
}

/// A table that is one round trip away. As DynamoDB does, it cancels a transaction that meets another one at an item.
pub struct FarStore {
    store: Arc<MemoryStore>,
    round_trip: Duration,
    used: Used,
    /// The items of the transactions that are under way.
    under_way: Mutex<HashSet<Key>>,
}

/// How long the product stays out of the way of another transaction, each time: as src/aws/dynamodb.rs has it.
const BETWEEN_TRIES: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(60),
    Duration::from_millis(150),
    Duration::from_millis(300),
];

impl FarStore {
    pub fn new(store: Arc<MemoryStore>, round_trip: Duration, used: Used) -> FarStore {
        FarStore {
            store,
            round_trip,
            used,
            under_way: Mutex::default(),
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashSet<Key>> {
        let keys = self.under_way.lock();
        keys.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes these items for a transaction, unless another one is at one of them.
    fn take(&self, writes: &[Write]) -> Option<Taken<'_>> {
        let mut under_way = self.under_way();
        if writes.iter().any(|write| under_way.contains(&write.key)) {
            return None;
        }
        let keys: Vec<Key> = writes.iter().map(|write| write.key.clone()).collect();
        under_way.extend(keys.iter().cloned());
        Some(Taken { store: self, keys })
    }

    async fn travel(&self) {
        self.used.0.table_calls.fetch_add(1, Ordering::Relaxed);
        if !self.round_trip.is_zero() {
            tokio::time::sleep(self.round_trip).await;
        }
    }
}

/// The items of a transaction, until it is over or given up.
struct Taken<'a> {
    store: &'a FarStore,
    keys: Vec<Key>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut under_way = self.store.under_way();
        for key in &self.keys {
            under_way.remove(key);
        }
    }
}

#[async_trait]
impl Store for FarStore {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.travel().await;
        let item = self.store.get(key).await?;
        let read = units(key, item.as_ref(), 4096);
        self.used.0.reads.fetch_add(read, Ordering::Relaxed);
        Ok(item)
    }

    /// One round trip, with the units of each.
    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.travel().await;
        let items = self.store.get_all(keys).await?;
        for (key, item) in keys.iter().zip(&items) {
            let read = units(key, item.as_ref(), 4096);
            self.used.0.reads.fetch_add(read, Ordering::Relaxed);
        }
        Ok(items)
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut pauses = BETWEEN_TRIES.iter();
        let _taken = loop {
            if let Some(taken) = self.take(writes) {
                break taken;
            }
            self.travel().await;
            self.used.0.conflicts.fetch_add(1, Ordering::Relaxed);
            match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(StoreError::Unavailable("TransactionConflict".to_owned())),
            }
        };
        self.travel().await;
        for write in writes {
            let before = self.store.get(&write.key).await?;
            let before = units(&write.key, before.as_ref(), 1024);
            let after = units(&write.key, write.item.as_ref(), 1024);
            let written = 2 * before.max(after);
            self.used.0.writes.fetch_add(written, Ordering::Relaxed);
        }
        self.store.commit(writes).await
    }
}

/// A queue whose messages are counted.
pub struct CountedQueue {
    pub queue: Arc<dyn Queue>,
    pub used: Used,
}

#[async_trait]
impl Queue for CountedQueue {
    async fn schedule(&self, wake: Wake, after: Duration) -> Result<(), QueueError> {
        self.used.0.messages.fetch_add(1, Ordering::Relaxed);
        self.queue.schedule(wake, after).await
    }
}
