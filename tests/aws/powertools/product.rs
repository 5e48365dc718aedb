//! The whole product over a table of moto, whose calls can be stopped, lost or doubled.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use reregister_mfa::aws::DynamoDb;
use reregister_mfa::clock::SystemClock;
use reregister_mfa::reset::ports::{Item, Key, Store, StoreError, Write};
use serde_json::Value;
use simulated::entra::DefaultMethod;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use tokio::sync::{Barrier, Notify, Semaphore};

use crate::moto;
use crate::test_app::{FIELD, JANE, JIRA_SECRET, Reply, TestApp};

/// The commit that claims, counted from the one that accepts.
pub const CLAIM: usize = 1;
/// The one after it, which writes down that sessions are about to be revoked: nothing is changed before.
pub const FIRST_INTENT: usize = 2;

pub const AT_ONCE: usize = 8;

pub type Attributes = HashMap<String, AttributeValue>;

/// A call of the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Read,
    Commit,
}

/// What goes wrong with one.
#[derive(Clone, Copy)]
pub enum Trouble {
    Fails,
    /// It happens, and whoever asked hears that it failed.
    AnswerLost,
    /// It happens, and is sent again, as the SDK does when an answer is lost.
    SentTwice,
    Panics,
    /// Whoever asked stands still before it happens, until somebody lets them go on.
    StandsStill,
}

/// The table, and what goes wrong with it.
pub struct Troubled {
    pub inner: DynamoDb,
    /// What goes wrong, once, and how many such calls go well before.
    pub plan: Mutex<Option<(Call, usize, Trouble)>>,
    pub stands_still: Notify,
    pub go_on: Notify,
    /// How many commits wait for each other.
    pub gathering: Semaphore,
    pub gathered: Barrier,
    /// moto does not isolate what comes at once: a transaction that fails puts the whole table back.
    pub turn: tokio::sync::Mutex<()>,
}

impl Troubled {
    pub fn plan(&self, call: Call, nth: usize, trouble: Trouble) {
        *self.plan.lock().unwrap() = Some((call, nth, trouble));
    }

    /// Whether what was planned has gone wrong.
    pub fn struck(&self) -> bool {
        self.plan.lock().unwrap().is_none()
    }

    pub fn trouble(&self, call: Call) -> Option<Trouble> {
        let mut plan = self.plan.lock().unwrap();
        let (planned, nth, trouble) = (*plan)?;
        if planned != call {
            return None;
        }
        *plan = nth.checked_sub(1).map(|left| (planned, left, trouble));
        plan.is_none().then_some(trouble)
    }
}

pub fn down<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("down".to_owned()))
}

#[async_trait]
impl Store for Troubled {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        if self.trouble(Call::Read).is_some() {
            return down();
        }
        let _turn = self.turn.lock().await;
        self.inner.get(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let trouble = self.trouble(Call::Commit);
        match trouble {
            Some(Trouble::Fails) => return down(),
            Some(Trouble::Panics) => panic!("as planned"),
            Some(Trouble::StandsStill) => {
                self.stands_still.notify_one();
                self.go_on.notified().await;
            }
            _ => {}
        }
        if let Ok(one) = self.gathering.try_acquire() {
            one.forget();
            self.gathered.wait().await;
        }
        let _turn = self.turn.lock().await;
        self.inner.commit(writes).await?;
        match trouble {
            Some(Trouble::AnswerLost) => down(),
            Some(Trouble::SentTwice) => self.inner.commit(writes).await,
            _ => Ok(()),
        }
    }
}

/// The product over a table, and a good delivery for it.
pub struct Product {
    pub test_app: TestApp,
    pub store: Arc<Troubled>,
    pub client: Client,
    pub table: String,
    pub approval: String,
    pub delivery: Request,
}

impl Product {
    pub async fn new() -> Product {
        let config = moto::config().await;
        let table = moto::table(&config).await;
        let store = Arc::new(Troubled {
            inner: DynamoDb::new(&config, table.clone(), Arc::new(SystemClock)),
            plan: Mutex::default(),
            stands_still: Notify::new(),
            go_on: Notify::new(),
            gathering: Semaphore::new(0),
            gathered: Barrier::new(AT_ONCE),
            turn: tokio::sync::Mutex::default(),
        });
        let test_app = TestApp::on_store(store.clone()).await;
        // She has no such phone, so nothing is refused for being her default and asked for twice.
        test_app
            .tenant
            .set_default(JANE, DefaultMethod::VoiceOffice);
        let approval = test_app.approve(test_app.draft());
        Product {
            delivery: test_app.jira(&approval),
            client: Client::new(&config),
            test_app,
            store,
            table,
            approval,
        }
    }

    /// One that has reset Jane.
    pub async fn done() -> (Product, Reply) {
        let product = Product::new().await;
        let reply = product.send().await;
        is_completed(&reply);
        product.test_app.tenant.forget_calls();
        (product, reply)
    }

    /// One where whoever works on the delivery has claimed it and stands still for ever. The sender has hung up.
    pub async fn stuck() -> Product {
        let product = Product::new().await;
        let store = &product.store;
        store.plan(Call::Commit, FIRST_INTENT, Trouble::StandsStill);
        tokio::select! {
            reply = product.send() => panic!("{reply:?}"),
            () = store.stands_still.notified() => {}
        }
        // The claim holds the intent of this.
        let app = &product.test_app;
        assert_eq!(app.writes(), ["POST revokeSignInSessions"]);
        app.tenant.forget_calls();
        product
    }

    pub async fn send(&self) -> Reply {
        self.test_app.send(self.delivery.clone()).await
    }

    /// Sends it, and does something else while whoever works on it stands still at this commit.
    pub async fn send_and<T>(&self, nth: usize, meanwhile: impl Future<Output = T>) -> (Reply, T) {
        self.store.plan(Call::Commit, nth, Trouble::StandsStill);
        tokio::join!(self.send(), async {
            self.store.stands_still.notified().await;
            let done = meanwhile.await;
            self.store.go_on.notify_one();
            done
        })
    }

    /// The items whose key starts so.
    pub async fn items(&self, prefix: &str) -> BTreeMap<String, Attributes> {
        let scan = self.client.scan().table_name(&self.table);
        let scanned = scan.consistent_read(true).send().await.unwrap();
        let items = scanned.items().iter().cloned();
        items
            .map(|item| (item["pk"].as_s().unwrap().clone(), item))
            .filter(|(key, _)| key.starts_with(prefix))
            .collect()
    }

    /// The records; under a name whose message came and that was never accepted there is none.
    pub async fn records(&self) -> Vec<Value> {
        let items = self.items("reset#").await;
        let mut records: Vec<Value> = items.values().map(body).collect();
        records.retain(|record| !record.is_null());
        records
    }

    /// Somebody with access to the table changes items.
    pub async fn edit(&self, prefix: &str, change: impl Fn(&mut Value)) {
        for mut item in self.items(prefix).await.into_values() {
            let mut changed = body(&item);
            change(&mut changed);
            let text = AttributeValue::S(changed.to_string());
            item.insert("body".to_owned(), text);
            let put = self.client.put_item().table_name(&self.table);
            put.set_item(Some(item)).send().await.unwrap();
        }
    }

    /// DynamoDB forgets items.
    pub async fn forget(&self, prefix: &str) {
        for key in self.items(prefix).await.into_keys() {
            let delete = self.client.delete_item().table_name(&self.table);
            let delete = delete.key("pk", AttributeValue::S(key));
            delete.send().await.unwrap();
        }
    }

    /// One reset was claimed and did everything; no method was asked to go twice, and sessions were revoked this often
    /// at most.
    pub async fn is_done(&self, most_revocations: usize) {
        assert_eq!(
            self.test_app.has(JANE),
            ["fido2", "windowsHelloForBusiness"]
        );
        let writes = self.test_app.writes();
        let times = |write: &String| writes.iter().filter(|other| *other == write).count();
        for write in &writes {
            let a_deletion = write.starts_with("DELETE ");
            let most = if a_deletion { 1 } else { most_revocations };
            assert!(times(write) <= most, "{writes:?}");
        }
        self.claimed_one().await;
    }

    /// Whatever else was asked.
    pub async fn claimed_one(&self) {
        let mut records = self.records().await;
        records.retain(|record| !record["stage"]["claimed"].is_null());
        assert_eq!(records.len(), 1, "{records:?}");
    }

    pub fn nothing_was_changed(&self) {
        assert_eq!(self.test_app.writes(), [""; 0]);
    }
}

pub fn body(item: &Attributes) -> Value {
    serde_json::from_str(item["body"].as_s().unwrap()).unwrap()
}

pub fn expires_at(item: &Attributes) -> i64 {
    item["expires_at"].as_n().unwrap().parse().unwrap()
}

/// Done just now.
pub fn is_completed(reply: &Reply) {
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
    assert_eq!(reply.json["replayed"], false, "{reply:?}");
}

/// Done before, under the name that was told then.
pub fn is_stored(reply: &Reply, told: &Reply) {
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
    assert_eq!(reply.json["replayed"], true, "{reply:?}");
    assert_eq!(reply.json["reset"], told.json["reset"]);
}

/// Jira tells that the approval was written into this ticket, which is another body than that of a transition.
pub fn added_to(ticket: &str, product: &Product) -> Request {
    let issue = Issue::new(ticket, Status::new("10042", "Approved"));
    IssueEvent::approval_added(issue, FIELD, &product.approval)
        .signed("/webhooks/jira", JIRA_SECRET)
}
