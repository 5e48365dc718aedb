//! Stand-ins in memory for what is outside the product: the store, the secrets, the audit trail, the identity of the
//! process. For tests and for the tour; nothing is kept when the process ends.

#![allow(dead_code, reason = "not every user of this file uses every stand-in")]

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::SecretName;
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::{
    AuditError, AuditTrail, Condition, EvidenceRecordError, EvidenceStore, Item, Kept, Key, Store,
    StoreError, Write,
};
use reregister_mfa::secrets::{Freshness, SecretError, SecretSource};
use reregister_mfa::web_identity::{WebIdentity, WebIdentityError};
use secrecy::SecretString;

/// A panic elsewhere has not made the map wrong: every change to it is one insert.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store in memory.
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

    /// Changes the bodies of the items whose keys start so, as an attacker with access to the table could.
    pub fn edit(&self, prefix: &str, change: impl Fn(&str) -> String) {
        for (Key(key), item) in lock(&self.items).iter_mut() {
            if key.starts_with(prefix) {
                item.body = change(&item.body);
            }
        }
    }

    /// Writes an item, as an attacker with access to the table could.
    pub fn put(&self, key: &str, body: String, expires_at: Timestamp) {
        let item = Item {
            version: 1,
            writer: uuid::Uuid::nil(),
            body,
            expires_at,
        };
        lock(&self.items).insert(Key(key.to_owned()), item);
    }

    /// Shows what is in the items whose keys begin so.
    pub fn look(&self, prefix: &str, mut show: impl FnMut(&str)) {
        for (Key(key), item) in lock(&self.items).iter() {
            if key.starts_with(prefix) {
                show(&item.body);
            }
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

/// Secrets that a test sets.
#[derive(Default)]
pub struct MemorySecrets {
    secrets: Mutex<BTreeMap<SecretName, SecretString>>,
    /// Newer texts, which a fetch that takes a cached copy does not see.
    newer: Mutex<BTreeMap<SecretName, SecretString>>,
    is_down: AtomicBool,
}

impl MemorySecrets {
    /// Sets a secret's text.
    pub fn set(&self, name: SecretName, text: impl Into<SecretString>) {
        lock(&self.secrets).insert(name, text.into());
    }

    /// Sets a secret's text, which only a forced fetch sees.
    pub fn set_uncached(&self, name: SecretName, text: impl Into<SecretString>) {
        lock(&self.newer).insert(name, text.into());
    }

    /// While it is down, no secret can be fetched.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
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
        if self.is_down.load(Ordering::SeqCst) {
            return Err(SecretError::Unavailable(name.clone()));
        }
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

/// A process without an identity.
pub struct NoWebIdentity;

#[async_trait]
impl WebIdentity for NoWebIdentity {
    async fn token(&self, _: &str) -> Result<SecretString, WebIdentityError> {
        Err(WebIdentityError::Refused("there is no AWS here".to_owned()))
    }
}

/// An audit trail in memory.
#[derive(Default)]
pub struct MemoryTrail {
    events: Mutex<Vec<Event>>,
}

impl MemoryTrail {
    /// The events so far, oldest first.
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

/// Evidence records in memory.
#[derive(Default)]
pub struct MemoryEvidence {
    documents: Mutex<BTreeMap<String, String>>,
    is_down: AtomicBool,
    tries: AtomicUsize,
}

impl MemoryEvidence {
    /// While it is down, nothing is kept.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// What is kept, by name.
    pub fn documents(&self) -> BTreeMap<String, String> {
        lock(&self.documents).clone()
    }

    /// How often it was asked to keep something.
    pub fn tries(&self) -> usize {
        self.tries.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl EvidenceStore for MemoryEvidence {
    async fn keep(&self, name: &str, document: &str) -> Result<Kept, EvidenceRecordError> {
        self.tries.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Err(EvidenceRecordError("down".to_owned()));
        }
        let mut documents = lock(&self.documents);
        if documents.contains_key(name) {
            return Ok(Kept::WasThere);
        }
        documents.insert(name.to_owned(), document.to_owned());
        Ok(Kept::Written)
    }
}
