//! A process that dies after any of its calls to the table, the queue and the trail: from then on none of its calls
//! arrives, those to the ticket system and to Entra neither, until the next process begins.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::clock::Clock as _;
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::{
    AuditError, AuditTrail, Item, Key, Queue, QueueError, Store, StoreError, Wake, Write,
};
use serde_json::json;
use simulated::entra;
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL, JiraCloud};
use simulated::tickets::{Fault, Serving};
use tokio::net::TcpListener;

use super::with_desk_and;
use crate::memory::{MemoryStore, MemoryTrail};
use crate::test_app::{Document, Overrides, TestApp};

/// What is between a process and the world.
#[derive(Default)]
pub struct Mortal {
    pub store: MemoryStore,
    pub trail: MemoryTrail,
    life: Mutex<Life>,
}

#[derive(Default)]
struct Life {
    /// How many more calls arrive; `None` for all of them.
    left: Option<usize>,
    has_died: bool,
}

impl Mortal {
    /// The next process dies after this many calls.
    pub fn dies_after(&self, calls: usize) {
        *self.life.lock().unwrap() = Life {
            left: Some(calls),
            has_died: calls == 0,
        };
    }

    /// The next process lives. Whether the last one had died.
    pub fn begins_anew(&self) -> bool {
        std::mem::take(&mut *self.life.lock().unwrap()).has_died
    }

    fn arrives(&self) -> bool {
        let mut life = self.life.lock().unwrap();
        let Some(left) = life.left else { return true };
        life.left = Some(left.saturating_sub(1));
        life.has_died |= left <= 1;
        left > 0
    }

    fn is_dead(&self) -> bool {
        self.life.lock().unwrap().has_died
    }
}

fn dead() -> StoreError {
    StoreError::Unavailable("the process is dead".to_owned())
}

#[async_trait]
impl Store for Mortal {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        match self.arrives() {
            true => self.store.get(key).await,
            false => Err(dead()),
        }
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        match self.arrives() {
            true => self.store.commit(writes).await,
            false => Err(dead()),
        }
    }
}

#[async_trait]
impl AuditTrail for Mortal {
    async fn append(&self, event: &Event) -> Result<(), AuditError> {
        match self.arrives() {
            true => self.trail.append(event).await,
            false => Err(AuditError("the process is dead".to_owned())),
        }
    }
}

#[async_trait]
impl Queue for Mortal {
    async fn schedule(&self, _: Wake, _: Duration) -> Result<(), QueueError> {
        match self.arrives() {
            true => Ok(()),
            false => Err(QueueError("the process is dead".to_owned())),
        }
    }
}

/// The product with a desk, notes in Jira, and processes that die.
pub struct World {
    pub app: TestApp,
    pub jira: JiraCloud,
    pub mortal: Arc<Mortal>,
    _serving: Serving,
}

impl World {
    pub async fn new(change: impl FnOnce(Document) -> Document) -> World {
        let jira = JiraCloud::new();
        jira.add_issue("HELP-42");
        let serving = jira.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let notes = json!({
            "system": {"jira_cloud": {"site": serving.url}},
            "secret": "sandbox/jira-notes",
        });
        let mortal = Arc::new(Mortal::default());
        let overrides = Overrides {
            store: Some(mortal.clone()),
            trail: Some(mortal.clone()),
            first_queue: Some(mortal.clone()),
            ..Overrides::default()
        };
        let app = with_desk_and(|policy| change(policy.add("notes.jira", notes)), overrides).await;
        let account = json!({"email": EMAIL, "api_token": API_TOKEN});
        app.set_secret("sandbox/jira-notes", account);
        let (of_jira, of_entra) = (mortal.clone(), mortal.clone());
        jira.fail(
            Fault::on("*", "")
                .times(u32::MAX)
                .only_while(move || of_jira.is_dead()),
        );
        let fault = entra::Fault::on("*", "").times(u32::MAX);
        app.tenant
            .fail(fault.only_while(move || of_entra.is_dead()));
        World {
            app,
            jira,
            mortal,
            _serving: serving,
        }
    }

    /// Lets time pass. Each message is another process, and one of a process that died comes again. The first that dies
    /// does so after `calls`.
    pub async fn wait(&self, time: Duration, calls: Option<usize>) -> bool {
        if let Some(calls) = calls {
            self.mortal.dies_after(calls);
        }
        let end = self.app.clock.now().checked_add(time).unwrap();
        let mut has_died = false;
        while self.app.deliver_one(end).await {
            if self.mortal.is_dead() {
                has_died |= self.mortal.begins_anew();
            }
        }
        has_died |= self.mortal.begins_anew();
        let left = end.duration_since(self.app.clock.now());
        self.app.wait(left.try_into().unwrap_or_default()).await;
        has_died
    }

    /// The comments, without what is different in each run.
    pub fn comments(&self) -> Vec<&'static str> {
        let comments = self.jira.comments("HELP-42").into_iter();
        let kind = |text: &str| {
            let kinds = [
                ("waits for an approver", "verified"),
                ("was rejected by", "rejected"),
                ("has expired", "expired"),
                ("Done:", "done"),
            ];
            let found = kinds.into_iter().find(|(part, _)| text.contains(part));
            found.map_or("another", |(_, kind)| kind)
        };
        comments.map(|comment| kind(&comment.text)).collect()
    }

    pub fn has_signature(&self, draft: &str) -> bool {
        let mut has = false;
        let key = format!("desk-signature#{draft}");
        self.mortal
            .store
            .look(&key, |body| has |= !body.contains("\"is_tombstone\":true"));
        has
    }

    /// What the trail says, each once: it may get the same twice.
    pub fn trail(&self) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        for event in self.mortal.trail.events() {
            let name = match event {
                Event::Outcome { outcome, .. } => format!("{:?}", outcome.state),
                Event::Rejected { .. } => "rejected".to_owned(),
                Event::Expired { .. } => "expired".to_owned(),
                Event::Refused { code, .. } => format!("refused {code}"),
                Event::SignatureRefused { .. } => "signature refused".to_owned(),
                _ => continue,
            };
            if !said.contains(&name) {
                said.push(name);
            }
        }
        said
    }
}
