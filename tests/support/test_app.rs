//! The product as a test sees it: wired to a simulated tenant and to stand-ins, with the throw-away keys of the tour, and
//! served over HTTP.

mod document;
mod observations;
mod reply;
pub mod requests;

use std::collections::BTreeMap;
use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::memory::{MemorySecrets, MemoryStore, MemoryTrail, NoWebIdentity};
use reregister_mfa::app::{Adapters, App};
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::http::{SLOWEST_HEADERS, serve};
use reregister_mfa::ids::SecretName;
use reregister_mfa::policy::Policy;
use reregister_mfa::reset::ports::{AuditTrail, EvidenceStore, Queue, Security, Store, Wake};
use reregister_mfa::secrets::SecretSource;
use reregister_mfa::web_identity::WebIdentity;
use serde_json::Value;
use simulated::entra::{Serving, Tenant};
use simulated::issuer::Issuer;
use simulated::request::Request;
use tokio::net::TcpListener;

use crate::stand_ins::{ManualClock, QueuedMessages, SecurityInbox, TestQueue};

pub use document::Document;
pub use reply::Reply;

// People in examples/users.json.
pub const JANE: &str = "jane.doe@contoso.example";
pub const ALEX: &str = "alex.wilber@contoso.example";
pub const ADELE: &str = "adele.vance@contoso.example";
pub const MEGAN: &str = "megan.bowen@contoso.example";
/// A Global Administrator.
pub const GRACE: &str = "grace.admin@contoso.example";
pub const SAM: &str = "sam.approver@contoso.example";
pub const VERA: &str = "vera.desk@contoso.example";
pub const ADA: &str = "ada.approver@contoso.example";
pub const VICTOR: &str = "victor.verifier@contoso.example";
pub const OLGA: &str = "olga.oncall@contoso.example";

// As in examples/secrets.json.
pub const JIRA_SECRET: &str = "development only: the secret of the Jira webhook";
pub const AUTOMATION_SECRET: &str = "development only: the secret of the Jira Automation rule";
pub const SERVICENOW_KEY: &str = "whsec_ZGV2ZWxvcG1lbnQgb25seTogdGhlIHNlY3JldCBvZiBTZXJ2aWNlTm93";
pub const FIELD: &str = "customfield_10123";

/// What replaces the usual stand-ins.
#[derive(Default)]
pub struct Overrides {
    pub store: Option<Arc<dyn Store>>,
    pub trail: Option<Arc<dyn AuditTrail>>,
    pub identity: Option<Arc<dyn WebIdentity>>,
    pub secrets: Option<Arc<dyn SecretSource>>,
    pub security: Option<Arc<dyn Security>>,
    /// Otherwise no evidence is kept for auditors.
    pub evidence: Option<Arc<dyn EvidenceStore>>,
    /// A message goes here first, and into the usual queue only if this one takes it.
    pub first_queue: Option<Arc<dyn Queue>>,
}

pub struct TestApp {
    pub app: App,
    pub queued: Arc<QueuedMessages>,
    pub security_inbox: Arc<SecurityInbox>,
    pub tenant: Tenant,
    pub clock: Arc<ManualClock>,
    pub store: Arc<MemoryStore>,
    pub secrets: Arc<MemorySecrets>,
    pub trail: Arc<MemoryTrail>,
    pub service_desk_issuer: Issuer,
    pub security_issuer: Issuer,
    /// It signs with the key of Olga or with the key of Ada.
    pub on_call_issuer: Issuer,
    url: String,
    client: reqwest::Client,
    policy: Document,
    adapters: Adapters,
    keys: tempfile::TempDir,
    _entra: Serving,
}

/// A policy by which the same person may be reset again at once.
pub fn without_cool_down(policy: Document) -> Document {
    policy.add("tenants.contoso.rules.cool_down", "0s")
}

/// Starts the product on a free port. Gives it and its URL.
async fn start(policy: &Document, keys: &Path, adapters: &Adapters) -> (App, String) {
    let policy = Policy::parse(&policy.to_toml(), keys.to_owned()).unwrap();
    let adapters = Adapters {
        secrets: adapters.secrets.clone(),
        identity: adapters.identity.clone(),
        store: adapters.store.clone(),
        queue: adapters.queue.clone(),
        audit: adapters.audit.clone(),
        security: adapters.security.clone(),
        evidence: adapters.evidence.clone(),
        clock: adapters.clock.clone(),
    };
    let app = App::new(policy, adapters).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = app.router();
    tokio::spawn(serve(listener, router, SLOWEST_HEADERS, pending()));
    (app, url)
}

/// No change of a document.
fn same(document: Document) -> Document {
    document
}

impl TestApp {
    pub async fn new() -> TestApp {
        TestApp::with_policy(same).await
    }

    /// With a policy that is changed first.
    pub async fn with_policy(change: impl FnOnce(Document) -> Document) -> TestApp {
        TestApp::build(change, same, Overrides::default()).await
    }

    /// In a tenant that is changed first.
    pub async fn with_tenant(change: impl FnOnce(Document) -> Document) -> TestApp {
        TestApp::build(same, change, Overrides::default()).await
    }

    /// On another store.
    pub async fn on_store(store: Arc<dyn Store>) -> TestApp {
        let overrides = Overrides {
            store: Some(store),
            ..Overrides::default()
        };
        TestApp::build(same, same, overrides).await
    }

    /// With another audit trail.
    pub async fn on_trail(trail: Arc<dyn AuditTrail>) -> TestApp {
        let overrides = Overrides {
            trail: Some(trail),
            ..Overrides::default()
        };
        TestApp::build(same, same, overrides).await
    }

    pub async fn build(
        change_policy: impl FnOnce(Document) -> Document,
        change_tenant: impl FnOnce(Document) -> Document,
        overrides: Overrides,
    ) -> TestApp {
        let users = Document::from_json(include_str!("../../examples/users.json"));
        let tenant = Tenant::from_json(&change_tenant(users).to_json()).unwrap();
        let entra = tenant.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let policy = Document::from_toml(include_str!("../../examples/policy.toml"))
            .set("tenants.contoso.entra.login", entra.url.as_str())
            .set("tenants.contoso.entra.graph", entra.url.as_str());
        let policy = change_policy(policy);

        let secrets = Arc::new(MemorySecrets::default());
        let texts: BTreeMap<String, Value> =
            serde_json::from_str(include_str!("../../examples/secrets.json")).unwrap();
        for (name, text) in texts {
            secrets.set(name.try_into().unwrap(), text.to_string());
        }
        let clock = Arc::new(ManualClock::new());
        let store = Arc::new(MemoryStore::default());
        let trail = Arc::new(MemoryTrail::default());
        let queued = Arc::new(QueuedMessages::default());
        let security_inbox = Arc::new(SecurityInbox::default());
        let adapters = Adapters {
            secrets: overrides.secrets.unwrap_or_else(|| secrets.clone()),
            identity: overrides
                .identity
                .unwrap_or_else(|| Arc::new(NoWebIdentity)),
            store: overrides.store.unwrap_or_else(|| store.clone()),
            queue: Arc::new(TestQueue {
                first: overrides.first_queue,
                queued: queued.clone(),
                clock: clock.clone(),
            }),
            audit: overrides.trail.unwrap_or_else(|| trail.clone()),
            security: overrides.security.unwrap_or_else(|| security_inbox.clone()),
            evidence: overrides.evidence,
            clock: clock.clone(),
        };
        let keys = tempfile::tempdir().unwrap();
        let (app, url) = start(&policy, keys.path(), &adapters).await;
        let app = TestApp {
            app,
            queued,
            security_inbox,
            tenant,
            clock,
            store,
            secrets,
            trail,
            service_desk_issuer: Issuer::es256("https://approvals.contoso.example", "desk-2026"),
            security_issuer: Issuer::es256("https://security.contoso.example", "sec-2026"),
            on_call_issuer: Issuer::es256("https://on-call.contoso.example", "olga-2026")
                .with_key("ada-2026"),
            url,
            client: reqwest::Client::new(),
            policy,
            adapters,
            keys,
            _entra: entra,
        };
        app.publish_keys();
        app
    }

    /// The product is deployed anew with a changed policy, on the same store and queue.
    pub async fn redeploy(&mut self, change: impl FnOnce(Document) -> Document) {
        self.policy = change(self.policy.clone());
        (self.app, self.url) = start(&self.policy, self.keys.path(), &self.adapters).await;
    }

    /// Changes a secret.
    pub fn set_secret(&self, name: &str, text: impl ToString) {
        let name = SecretName::try_from(name).unwrap();
        self.secrets.set(name, text.to_string());
    }

    pub fn remove_secret(&self, name: &str) {
        self.secrets.remove(&SecretName::try_from(name).unwrap());
    }

    fn key_files(&self) -> [(&str, &Issuer); 3] {
        [
            ("service-desk.jwks.json", &self.service_desk_issuer),
            ("security.jwks.json", &self.security_issuer),
            ("on-call.jwks.json", &self.on_call_issuer),
        ]
    }

    /// The public keys of all issuers can be fetched.
    pub fn publish_keys(&self) {
        for (name, issuer) in self.key_files() {
            self.publish_as(name, &issuer.jwks().to_string());
        }
    }

    /// This text can be fetched as an issuer's public keys.
    pub fn publish_as(&self, name: &str, text: &str) {
        std::fs::write(self.keys.path().join(name), text).unwrap();
    }

    /// The public keys of no issuer can be fetched.
    pub fn withdraw_keys(&self) {
        for (name, _) in self.key_files() {
            std::fs::remove_file(self.keys.path().join(name)).unwrap();
        }
    }

    /// Lets time pass, and lets the queue deliver what is due meanwhile. A message that the product does not take comes
    /// again after three minutes.
    pub async fn wait(&self, time: Duration) {
        let end = self.clock.now().checked_add(time).unwrap();
        while self.deliver_one(end).await {}
        let left = end.duration_since(self.clock.now());
        self.clock.pass(left.try_into().unwrap_or_default());
    }

    /// Lets the queue deliver the first message that is due by then, when it is due. False if there is none.
    pub async fn deliver_one(&self, end: Timestamp) -> bool {
        let Some((due, wake)) = self.next_message(end) else {
            return false;
        };
        let early = due.duration_since(self.clock.now());
        self.clock.pass(early.try_into().unwrap_or_default());
        self.wake(wake).await;
        true
    }

    /// Lets the worker do what it is woken for at the end of a request, in no time.
    pub async fn work(&self) {
        let soon = self.clock.now().checked_add(Duration::from_secs(1));
        let soon = soon.unwrap();
        let due = {
            let mut messages = self.queued.messages.lock().unwrap();
            let (due, later) = messages.drain(..).partition(|(at, _)| *at <= soon);
            *messages = later;
            due
        };
        let due: Vec<(Timestamp, Wake)> = due;
        for (_, wake) in due {
            self.wake(wake).await;
        }
    }

    /// Takes the first message out of the queue that is due by then.
    fn next_message(&self, end: Timestamp) -> Option<(Timestamp, Wake)> {
        let mut messages = self.queued.messages.lock().unwrap();
        messages.sort();
        let (due, _) = messages.first()?;
        (*due <= end).then(|| messages.remove(0))
    }

    async fn wake(&self, wake: Wake) {
        if self.app.wake(wake.clone(), None).await.is_err() {
            let again = self.clock.now().checked_add(Duration::from_secs(180));
            let mut messages = self.queued.messages.lock().unwrap();
            messages.push((again.unwrap(), wake));
        }
    }

    /// How many messages are in the queue.
    pub fn queue_length(&self) -> usize {
        self.queued.messages.lock().unwrap().len()
    }

    /// The queue loses the messages that are due within this time.
    pub fn lose_messages_before(&self, time: Duration) {
        let end = self.clock.now().checked_add(time).unwrap();
        let mut messages = self.queued.messages.lock().unwrap();
        messages.retain(|(due, _)| *due > end);
    }

    /// The queue loses the messages by which the worker tells of an end at once: those of the acceptance come later.
    pub fn lose_ends_before(&self, time: Duration) {
        let end = self.clock.now().checked_add(time).unwrap();
        let mut messages = self.queued.messages.lock().unwrap();
        messages.retain(|(due, wake)| *due > end || matches!(wake, Wake::Draft(_)));
    }

    /// The queue loses every message.
    pub fn lose_messages(&self) {
        self.queued.messages.lock().unwrap().clear();
    }

    /// The queue takes no messages any more.
    pub fn break_queue(&self) {
        self.queued.is_down.store(true, Ordering::SeqCst);
    }

    /// Where it serves, without a slash at the end.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// Sends a request, and lets the worker send the notifications of it.
    pub async fn send(&self, request: Request) -> Reply {
        let reply = self.send_alone(request).await;
        self.work().await;
        reply
    }

    /// Sends a request. Its notifications wait for the worker.
    pub async fn send_alone(&self, request: Request) -> Reply {
        let method = request.method.parse().unwrap();
        let query = match request.query.is_empty() {
            true => String::new(),
            false => format!("?{}", request.query),
        };
        let mut sent = self
            .client
            .request(method, format!("{}{}{query}", self.url, request.path))
            .body(request.body);
        for (name, value) in request.headers {
            sent = sent.header(name, value);
        }
        let answer = sent.send().await.unwrap();
        let headers = answer.headers().clone();
        let header = |name: &str| {
            let values = headers.get_all(name).iter();
            let values: Vec<&str> = values.map(|value| value.to_str().unwrap()).collect();
            values.join(", ")
        };
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let reply = Reply {
            status,
            retry_after: header("retry-after").parse().ok(),
            content_type: header("content-type"),
            content_type_options: header("x-content-type-options"),
            cache_control: header("cache-control"),
            challenge: header("www-authenticate"),
            json: serde_json::from_str(&text).unwrap_or_default(),
            headers,
            text,
        };
        // Whatever the test is about: no answer may be cached, nor its type guessed by a browser.
        assert_eq!(reply.cache_control, "no-store", "{reply:?}");
        assert_eq!(reply.content_type_options, "nosniff", "{reply:?}");
        reply
    }
}
