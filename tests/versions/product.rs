//! The product over a table that can be filled and read. Whatever is called as it is in the product is called so here
//! and in no other file of this test, so that a change of names is made in one place.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reregister_mfa::app::{Adapters, App};
use reregister_mfa::aws::SqsEvent;
use reregister_mfa::clock::Clock;
use reregister_mfa::ids::{ResetId, SecretName};
use reregister_mfa::policy::Policy;
use reregister_mfa::reset::ports::{
    AuditError, AuditTrail, Condition, Item, Key, Queue, QueueError, Security, SecurityError,
    Store, StoreError, Wake, Write,
};
use reregister_mfa::reset::{Event, FreezeChange, FreezeReason, Ledger, Tiers};
use reregister_mfa::secrets::{Freshness, SecretError, SecretSource};
use reregister_mfa::web_identity::{WebIdentity, WebIdentityError};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::memory::MemoryStore;
use crate::snapshot::{Message, StoredItem};

/// The product, wired to what is simulated here.
pub struct Product {
    app: App,
    pub clock: Arc<StoppedClock>,
    pub table: Arc<Table>,
    pub queue: Arc<MessageQueue>,
    pub audit: Arc<Audit>,
    pub security: Arc<SecurityTopic>,
}

impl Product {
    /// Starts it with this policy, whose key files are in `keys`, at this time, over these items.
    pub async fn start(
        policy: &str,
        keys: &Path,
        secrets: BTreeMap<String, String>,
        now: Timestamp,
        items: &[StoredItem],
    ) -> Product {
        let clock = Arc::new(StoppedClock(Mutex::new(now)));
        let table = Arc::new(Table::default());
        table.fill(items).await;
        let queue = Arc::new(MessageQueue {
            clock: clock.clone(),
            messages: Mutex::default(),
        });
        let audit = Arc::new(Audit::default());
        let security = Arc::new(SecurityTopic::default());
        let app = App::new(
            Policy::parse(policy, keys.to_owned()).unwrap(),
            Adapters {
                secrets: Arc::new(Secrets(secrets)),
                identity: Arc::new(NoCloud),
                store: table.clone(),
                queue: queue.clone(),
                audit: audit.clone(),
                security: security.clone(),
                evidence: None,
                clock: clock.clone(),
            },
        )
        .unwrap();
        Product {
            app,
            clock,
            table,
            queue,
            audit,
            security,
        }
    }

    pub fn router(&self) -> axum::Router {
        self.app.router()
    }

    /// Takes a message as the worker takes it from the queue: from the body alone. False if it has to come again.
    pub async fn take(&self, body: &str) -> bool {
        let event = json!({"Records": [{"body": body}]});
        let event: SqsEvent = serde_json::from_value(event).unwrap();
        let wake = event.records[0].wake().unwrap();
        self.app.wake(wake, None).await.is_ok()
    }

    /// Sets the freeze switch as `reregister freeze` and `thaw` do.
    pub async fn freeze(&self, standard: bool, privileged: bool) {
        let ledger = Ledger::new(self.table.clone());
        for (tiers, stops) in [(Tiers::Standard, standard), (Tiers::Privileged, privileged)] {
            let why = FreezeReason::new("SEC-77: the service desk has lost a laptop").unwrap();
            let change = match stops {
                true => FreezeChange::Freeze { tiers, why },
                false => FreezeChange::Thaw { tiers },
            };
            ledger
                .change_freeze(&change, self.clock.now())
                .await
                .unwrap();
        }
    }
}

/// The body of the message that wakes this reset.
pub fn message_for(reset: &str) -> String {
    let reset: ResetId = reset.parse().unwrap();
    serde_json::to_string(&Wake::Reset(reset)).unwrap()
}

/// Time that passes when it is told to, and when the product waits.
pub struct StoppedClock(Mutex<Timestamp>);

impl StoppedClock {
    pub fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }

    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[async_trait]
impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        StoppedClock::now(self)
    }

    async fn sleep(&self, time: Duration) {
        self.pass(time);
        tokio::task::yield_now().await;
    }
}

type AfterCommit = Box<dyn Fn() + Send + Sync>;

/// A table in memory that tells of each commit, and that can be made to fail.
#[derive(Default)]
pub struct Table {
    inner: MemoryStore,
    items: Mutex<BTreeMap<String, StoredItem>>,
    after_commit: Mutex<Option<AfterCommit>>,
    /// How many more commits are taken, if there is a limit.
    commits_left: Mutex<Option<usize>>,
    /// Of which keys nothing can be read.
    unreadable: Mutex<Option<String>>,
}

impl Table {
    async fn fill(&self, items: &[StoredItem]) {
        for item in items {
            let written = Item {
                version: item.version,
                writer: item.writer.parse().unwrap(),
                body: item.body.clone(),
                expires_at: Timestamp::from_second(item.expires_at).unwrap(),
            };
            let write = Write {
                key: Key(item.pk.clone()),
                condition: Condition::Absent,
                item: Some(written),
            };
            self.commit(&[write]).await.unwrap();
        }
    }

    pub fn items(&self) -> Vec<StoredItem> {
        self.items.lock().unwrap().values().cloned().collect()
    }

    pub fn after_commit(&self, tell: impl Fn() + Send + Sync + 'static) {
        *self.after_commit.lock().unwrap() = Some(Box::new(tell));
    }

    /// After so many more commits none is taken; or all are.
    pub fn limit_commits(&self, left: Option<usize>) {
        *self.commits_left.lock().unwrap() = left;
    }

    /// Keys that begin like this cannot be read; or all can.
    pub fn make_unreadable(&self, prefix: Option<&str>) {
        *self.unreadable.lock().unwrap() = prefix.map(str::to_owned);
    }
}

#[async_trait]
impl Store for Table {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let unreadable = self.unreadable.lock().unwrap().clone();
        if unreadable.is_some_and(|prefix| key.0.starts_with(&prefix)) {
            return Err(StoreError::Unavailable("down".to_owned()));
        }
        self.inner.get(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        match self.commits_left.lock().unwrap().as_mut() {
            Some(0) => return Err(StoreError::Unavailable("down".to_owned())),
            Some(left) => *left -= 1,
            None => {}
        }
        self.inner.commit(writes).await?;
        for write in writes {
            if let Some(item) = &write.item {
                let stored = StoredItem {
                    pk: write.key.0.clone(),
                    version: item.version,
                    writer: item.writer.to_string(),
                    expires_at: item.expires_at.as_second(),
                    body: item.body.clone(),
                };
                let mut items = self.items.lock().unwrap();
                items.insert(stored.pk.clone(), stored);
            }
        }
        if let Some(tell) = self.after_commit.lock().unwrap().as_ref() {
            tell();
        }
        Ok(())
    }
}

/// What is in the queue, as Amazon SQS would hold it.
pub struct MessageQueue {
    clock: Arc<StoppedClock>,
    pub messages: Mutex<Vec<Message>>,
}

impl MessageQueue {
    pub fn put(&self, body: String, after: Duration) {
        let due = self.clock.now().checked_add(after).unwrap();
        self.messages.lock().unwrap().push(Message { due, body });
    }

    /// Takes out what is due first, if that is before `end`.
    pub fn next_before(&self, end: Timestamp) -> Option<Message> {
        let mut messages = self.messages.lock().unwrap();
        messages.sort();
        let due = messages.first().is_some_and(|message| message.due <= end);
        due.then(|| messages.remove(0))
    }
}

#[async_trait]
impl Queue for MessageQueue {
    async fn schedule(&self, wake: Wake, after: Duration) -> Result<(), QueueError> {
        self.put(serde_json::to_string(&wake).unwrap(), after);
        Ok(())
    }
}

/// Secrets by name.
struct Secrets(BTreeMap<String, String>);

#[async_trait]
impl SecretSource for Secrets {
    async fn get(&self, name: &SecretName, _: Freshness) -> Result<SecretString, SecretError> {
        let text = self.0.get(&name.to_string()).cloned();
        text.map(SecretString::from)
            .ok_or_else(|| SecretError::Missing(name.clone()))
    }
}

/// There is no AWS.
struct NoCloud;

#[async_trait]
impl WebIdentity for NoCloud {
    async fn token(&self, _: &str) -> Result<SecretString, WebIdentityError> {
        Err(WebIdentityError::Refused("there is no AWS here".to_owned()))
    }
}

/// The audit trail, in JSON. It may be full.
#[derive(Default)]
pub struct Audit {
    pub events: Mutex<Vec<Value>>,
    pub full: AtomicBool,
}

#[async_trait]
impl AuditTrail for Audit {
    async fn append(&self, event: &Event) -> Result<(), AuditError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(AuditError("full".to_owned()));
        }
        let event = serde_json::to_value(event).unwrap();
        self.events.lock().unwrap().push(event);
        Ok(())
    }
}

/// The security team's topic. It may take nothing.
#[derive(Default)]
pub struct SecurityTopic {
    pub published: AtomicUsize,
    pub down: AtomicBool,
}

#[async_trait]
impl Security for SecurityTopic {
    async fn notify(&self, _: &Event) -> Result<(), SecurityError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(SecurityError("down".to_owned()));
        }
        self.published.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
