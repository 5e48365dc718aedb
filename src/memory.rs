//! The world in memory, for the tour and for tests: nothing is kept when the process ends.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::clock::Clock;
use crate::ids::{ResetId, SecretName};
use crate::reset::Event;
use crate::reset::ports::{
    AuditError, AuditTrail, Condition, Item, Key, Queue, QueueError, Security, SecurityError,
    Store, StoreError, Write,
};
use crate::secrets::{Freshness, NoIdentity, SecretError, SecretSource, WebIdentity};

/// A panic elsewhere has not made the map wrong: every change to it is one insert.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store that forgets.
#[derive(Debug, Default)]
pub struct MemoryStore {
    items: Mutex<HashMap<Key, Item>>,
}

impl MemoryStore {
    /// How many items there are.
    pub fn len(&self) -> usize {
        lock(&self.items).len()
    }

    /// The keys of all items.
    pub fn keys(&self) -> Vec<Key> {
        lock(&self.items).keys().cloned().collect()
    }

    /// Changes every record, as somebody with access to the table could.
    pub fn edit(&self, change: impl Fn(&str) -> String) {
        for item in lock(&self.items).values_mut() {
            item.body = change(&item.body);
        }
    }

    /// Whether nothing was ever written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        Ok(lock(&self.items).get(key).cloned())
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut items = lock(&self.items);
        let met = |write: &Write| {
            let version = items.get(&write.key).map(|item| item.version);
            match write.condition {
                Condition::Absent => version.is_none(),
                Condition::Version(wanted) => version == Some(wanted),
            }
        };
        if writes.iter().all(met) {
            items.extend(
                writes
                    .iter()
                    .filter_map(|write| Some((write.key.clone(), write.item.clone()?))),
            );
            return Ok(());
        }
        // As DynamoDB does: what was there instead, for the writes whose condition did not hold.
        let found = writes.iter().map(|write| {
            if met(write) {
                None
            } else {
                items.get(&write.key).cloned()
            }
        });
        Err(StoreError::Conflict(found.collect()))
    }
}

/// Secrets that are given by hand and can be changed.
#[derive(Default)]
pub struct MemorySecrets {
    secrets: Mutex<BTreeMap<SecretName, SecretString>>,
    /// Newer texts, which whoever is content with a cached copy does not see yet.
    newer: Mutex<BTreeMap<SecretName, SecretString>>,
}

impl MemorySecrets {
    /// Sets a secret's text.
    pub fn set(&self, name: SecretName, text: impl Into<SecretString>) {
        lock(&self.secrets).insert(name, text.into());
    }

    /// Sets a secret's text behind the back of caches.
    pub fn set_uncached(&self, name: SecretName, text: impl Into<SecretString>) {
        lock(&self.newer).insert(name, text.into());
    }

    /// Forgets a secret.
    pub fn remove(&self, name: &SecretName) {
        lock(&self.secrets).remove(name);
    }
}

#[async_trait]
impl SecretSource for MemorySecrets {
    async fn get(
        &self,
        name: &SecretName,
        freshness: Freshness,
    ) -> Result<SecretString, SecretError> {
        if freshness == Freshness::Forced
            && let Some(text) = lock(&self.newer).remove(name)
        {
            self.set(name.clone(), text);
        }
        lock(&self.secrets)
            .get(name)
            .cloned()
            .ok_or_else(|| SecretError::Missing(name.clone()))
    }
}

/// A queue inside this process: what is in it is lost with the process.
///
/// It works once somebody has said who takes what comes out of it.
#[derive(Clone, Default)]
pub struct MemoryQueue {
    worker: Arc<OnceLock<Worker>>,
}

/// Who takes what comes out of a queue, and what time it is there.
struct Worker {
    clock: Arc<dyn Clock>,
    take: Box<dyn Fn(ResetId) -> BoxFuture<'static, bool> + Send + Sync>,
}

/// When what was not taken comes again.
const AGAIN: Duration = Duration::from_secs(30);

impl MemoryQueue {
    /// Hands everything to `take`, which says whether it is done with it; if not, it comes again. The first time
    /// counts.
    pub fn hand_to(
        &self,
        clock: Arc<dyn Clock>,
        take: impl Fn(ResetId) -> BoxFuture<'static, bool> + Send + Sync + 'static,
    ) {
        let take = Box::new(take);
        let _ = self.worker.set(Worker { clock, take });
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn schedule(&self, id: ResetId, after: Duration) -> Result<(), QueueError> {
        if self.worker.get().is_none() {
            return Err(QueueError("nobody takes what comes out of it".to_owned()));
        }
        let worker = self.worker.clone();
        tokio::spawn(async move {
            let Some(worker) = worker.get() else { return };
            worker.clock.sleep(after).await;
            while !(worker.take)(id).await {
                worker.clock.sleep(AGAIN).await;
            }
        });
        Ok(())
    }
}

/// No security team.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecurity;

#[async_trait]
impl Security for NoSecurity {
    async fn tell(&self, _: &Event) -> Result<(), SecurityError> {
        Ok(())
    }
}

/// Nobody says who we are.
pub struct NoWebIdentity;

#[async_trait]
impl WebIdentity for NoWebIdentity {
    async fn token(&self, _: &str) -> Result<SecretString, NoIdentity> {
        Err(NoIdentity::Refused("there is no AWS here".to_owned()))
    }
}

/// A trail that can be looked at.
#[derive(Default)]
pub struct MemoryTrail {
    events: Mutex<Vec<Event>>,
}

impl MemoryTrail {
    /// What has been written down.
    pub fn events(&self) -> Vec<Event> {
        lock(&self.events).clone()
    }
}

#[async_trait]
impl AuditTrail for MemoryTrail {
    async fn append(&self, event: &Event) -> Result<(), AuditError> {
        lock(&self.events).push(event.clone());
        Ok(())
    }
}
