//! The app: the product, wired to a simulated tenant, with the throw-away keys of the tour.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::memory::{MemorySecrets, MemoryStore, MemoryTrail, NoWebIdentity};
use reregister_mfa::app::{Adapters, App};
use reregister_mfa::clock::Clock;
use reregister_mfa::policy::Policy;
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::{AuditTrail, Key, Store};
use reregister_mfa::web_identity::WebIdentity;
use serde_json::{Value, json};
use simulated::approval::{Draft, ON_CALL_AUDIENCE, evidence};
use simulated::entra::{Serving, Tenant};
use simulated::issuer::Issuer;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::servicenow::ItemApproved;
use tokio::net::TcpListener;

pub use crate::stand_ins::{Heard, ManualClock, TestQueue, Waiting};

pub const JANE: &str = "jane.doe@contoso.example";
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

/// What a app is built with, where it is not the usual.
#[derive(Default)]
pub struct Overrides {
    pub store: Option<Arc<dyn Store>>,
    pub trail: Option<Arc<dyn AuditTrail>>,
    pub identity: Option<Arc<dyn WebIdentity>>,
}

pub struct TestApp {
    pub app: App,
    pub waiting: Arc<Waiting>,
    pub heard: Arc<Heard>,
    pub tenant: Tenant,
    pub clock: Arc<ManualClock>,
    pub store: Arc<MemoryStore>,
    pub secrets: Arc<MemorySecrets>,
    pub trail: Arc<MemoryTrail>,
    pub service_desk: Issuer,
    pub security: Issuer,
    pub on_call: Issuer,
    pub url: String,
    client: reqwest::Client,
    _entra: Serving,
    _keys: tempfile::TempDir,
}

/// A policy by which the same person may be reset again at once.
pub fn without_cool_down(policy: String) -> String {
    policy.replace("break_glass =", "cool_down = \"0s\"\nbreak_glass =")
}

/// The approval with a signature that is none.
pub fn forged(approval: &str) -> String {
    let (signed, _) = approval.rsplit_once('.').unwrap();
    format!("{signed}.{}", "A".repeat(86))
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub content_type: String,
    pub cache_control: String,
    pub challenge: String,
    pub json: Value,
}

impl Reply {
    /// The stable code of a refusal; empty for an answer.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    pub fn note(&self) -> &str {
        self.json["note"].as_str().unwrap_or_default()
    }

    /// The methods of one status, by name.
    pub fn methods(&self, status: &str) -> Vec<String> {
        let rows = self.json["methods"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .filter(|row| row["status"] == status && row["method"] != "Password")
            .map(|row| row["method"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl TestApp {
    pub async fn new() -> TestApp {
        TestApp::with_policy(|policy| policy).await
    }

    /// A app whose policy is changed first.
    pub async fn with_policy(change: impl FnOnce(String) -> String) -> TestApp {
        TestApp::build(change, |users| users, Overrides::default()).await
    }

    /// A app in a tenant that is changed first.
    pub async fn with_tenant(change: impl FnOnce(String) -> String) -> TestApp {
        TestApp::with(|policy| policy, change).await
    }

    /// A app whose policy and tenant are changed first.
    pub async fn with(
        policy: impl FnOnce(String) -> String,
        tenant: impl FnOnce(String) -> String,
    ) -> TestApp {
        TestApp::build(policy, tenant, Overrides::default()).await
    }

    /// A app with another store.
    pub async fn on_store(store: Arc<dyn Store>) -> TestApp {
        let plans = Overrides {
            store: Some(store),
            ..Overrides::default()
        };
        TestApp::build(|policy| policy, |users| users, plans).await
    }

    /// A app with another audit trail.
    pub async fn on_trail(trail: Arc<dyn AuditTrail>) -> TestApp {
        let plans = Overrides {
            trail: Some(trail),
            ..Overrides::default()
        };
        TestApp::build(|policy| policy, |users| users, plans).await
    }

    /// A app that somebody says who it is, with a changed policy.
    pub async fn known_as(
        identity: Arc<dyn WebIdentity>,
        policy: impl FnOnce(String) -> String,
    ) -> TestApp {
        let plans = Overrides {
            identity: Some(identity),
            ..Overrides::default()
        };
        TestApp::build(policy, |users| users, plans).await
    }

    pub async fn build(
        change: impl FnOnce(String) -> String,
        change_tenant: impl FnOnce(String) -> String,
        plans: Overrides,
    ) -> TestApp {
        let users = change_tenant(include_str!("../../examples/users.json").to_owned());
        let tenant = Tenant::from_json(&users).unwrap();
        let entra = tenant.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());

        let service_desk = Issuer::es256("https://approvals.contoso.example", "desk-2026");
        let security = Issuer::es256("https://security.contoso.example", "sec-2026");
        let on_call =
            Issuer::es256("https://on-call.contoso.example", "olga-2026").with_key("ada-2026");
        let keys = tempfile::tempdir().unwrap();
        let write = |name: &str, issuer: &Issuer| {
            std::fs::write(keys.path().join(name), issuer.jwks().to_string()).unwrap();
        };
        write("service-desk.jwks.json", &service_desk);
        write("on-call.jwks.json", &on_call);
        write("security.jwks.json", &security);

        let text =
            include_str!("../../examples/policy.toml").replace("http://127.0.0.1:8443", &entra.url);
        let policy = Policy::parse(&change(text), keys.path().to_owned()).unwrap();

        let secrets = Arc::new(MemorySecrets::default());
        let texts: BTreeMap<String, Value> =
            serde_json::from_str(include_str!("../../examples/secrets.json")).unwrap();
        for (name, text) in texts {
            secrets.set(name.try_into().unwrap(), text.to_string());
        }
        let clock = Arc::new(ManualClock::new());
        let store = Arc::new(MemoryStore::default());
        let trail = Arc::new(MemoryTrail::default());
        let waiting = Arc::new(Waiting::default());
        let heard = Arc::new(Heard::default());
        let app = App::new(
            policy,
            Adapters {
                secrets: secrets.clone(),
                identity: plans.identity.unwrap_or_else(|| Arc::new(NoWebIdentity)),
                store: plans.store.unwrap_or_else(|| store.clone()),
                queue: Arc::new(TestQueue {
                    waiting: waiting.clone(),
                    clock: clock.clone(),
                }),
                audit: plans.trail.unwrap_or_else(|| trail.clone()),
                security: heard.clone(),
                clock: clock.clone(),
            },
        )
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = app.router();
        tokio::spawn(async move { axum::serve(listener, router).await });

        TestApp {
            app,
            waiting,
            heard,
            tenant,
            clock,
            store,
            secrets,
            trail,
            service_desk,
            security,
            on_call,
            url,
            client: reqwest::Client::new(),
            _entra: entra,
            _keys: keys,
        }
    }

    /// Lets time pass, and the queue bring what is due, until this long from now or until nothing is left in it. A
    /// message that is not taken comes again.
    pub async fn wait(&self, time: Duration) {
        let end = self.clock.now().checked_add(time).unwrap();
        loop {
            let next = {
                let mut messages = self.waiting.messages.lock().unwrap();
                messages.sort();
                match messages.first() {
                    Some((due, _)) if *due <= end => messages.remove(0),
                    _ => break,
                }
            };
            let (due, id) = next;
            let early = due.duration_since(self.clock.now());
            self.clock.pass(early.try_into().unwrap_or_default());
            if self.app.wake(id, None).await.is_err() {
                let again = self.clock.now().checked_add(Duration::from_secs(180));
                let mut messages = self.waiting.messages.lock().unwrap();
                messages.push((again.unwrap(), id));
            }
        }
        let left = end.duration_since(self.clock.now());
        self.clock.pass(left.try_into().unwrap_or_default());
    }

    /// How many messages are in the queue.
    pub fn queued(&self) -> usize {
        self.waiting.messages.lock().unwrap().len()
    }

    /// What was to come within this time is gone, as it never should be.
    pub fn lose_messages_before(&self, time: Duration) {
        let end = self.clock.now().checked_add(time).unwrap();
        let mut messages = self.waiting.messages.lock().unwrap();
        messages.retain(|(due, _)| *due > end);
    }

    /// What was in the queue is gone, as it never should be.
    pub fn lose_messages(&self) {
        self.waiting.messages.lock().unwrap().clear();
    }

    /// The queue takes nothing any more.
    pub fn break_queue(&self) {
        self.waiting.broken.store(true, Ordering::SeqCst);
    }

    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// A good approval for Jane's ticket HELP-42, to be changed before it is signed.
    pub fn draft(&self) -> Draft {
        Draft::new(self.now())
            .target(JANE)
            .approver(SAM)
            .ticket("HELP-42")
            .verified(VERA, self.now() - 300)
    }

    /// The same for whoever is on call.
    pub fn on_call_draft(&self) -> Draft {
        self.draft().audience(ON_CALL_AUDIENCE).approver(OLGA)
    }

    pub fn approve(&self, draft: Draft) -> String {
        self.service_desk.approve(&draft)
    }

    /// Olga signs, with her own key.
    pub fn approve_on_call(&self, draft: Draft) -> String {
        self.sign_on_call("olga-2026", &draft)
    }

    /// Whoever has this on-call key signs.
    pub fn sign_on_call(&self, kid: &str, draft: &Draft) -> String {
        let mut header = self.on_call.header();
        header["kid"] = kid.into();
        self.on_call.sign(header, draft.claims(self.on_call.iss()))
    }

    /// What Ada of the security department writes: she approves, and Victor has seen the person.
    pub fn second_draft(&self) -> Draft {
        self.draft().approver(ADA).verification([self.seen()])
    }

    /// Evidence by Victor, who saw the person two minutes ago.
    pub fn seen(&self) -> Value {
        json!({"method": "in_person", "verified_by": VICTOR, "verified_at": self.now() - 120})
    }

    /// Two approvals for one ticket, sent by Jira.
    pub async fn reset_on_two(&self, first: Draft, second: Draft) -> Reply {
        let both = format!(
            "{}\n{}",
            self.approve(first),
            self.security.approve(&second)
        );
        self.send(self.jira(&both)).await
    }

    /// A Jira webhook: HELP-42 becomes approved, with this in its approval field.
    pub fn jira(&self, field: &str) -> Request {
        let issue = Issue::new("HELP-42", Status::new("10042", "Approved")).field(FIELD, field);
        IssueEvent::transition(issue, &Status::new("10041", "Waiting for approval"))
            .signed("/webhooks/jira", JIRA_SECRET)
    }

    /// A ServiceNow request about this ticket and this person.
    pub fn servicenow(&self, number: &str, requested_for: &str, approval: &str) -> Request {
        ItemApproved::new(number, requested_for)
            .approval(approval)
            .signed("/webhooks/servicenow", SERVICENOW_KEY, self.now())
            .unwrap()
    }

    pub async fn send(&self, request: Request) -> Reply {
        let method = request.method.parse().unwrap();
        let mut sent = self
            .client
            .request(method, format!("{}{}", self.url, request.path))
            .body(request.body);
        for (name, value) in request.headers {
            sent = sent.header(name, value);
        }
        let answer = sent.send().await.unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let (status, retry_after, content_type, cache_control, challenge) = (
            answer.status().as_u16(),
            header("retry-after").and_then(|text| text.parse().ok()),
            header("content-type").unwrap_or_default(),
            header("cache-control").unwrap_or_default(),
            header("www-authenticate").unwrap_or_default(),
        );
        let text = answer.text().await.unwrap();
        Reply {
            status,
            retry_after,
            content_type,
            cache_control,
            challenge,
            json: serde_json::from_str(&text).unwrap_or_default(),
        }
    }

    /// The ordinary story: a good approval for this person, sent by Jira.
    pub async fn reset(&self, draft: Draft) -> Reply {
        self.send(self.jira(&self.approve(draft))).await
    }

    /// What somebody still has, by type, in Graph's words without their common ending.
    pub fn has(&self, user: &str) -> Vec<String> {
        self.tenant
            .methods_of(user)
            .into_iter()
            .map(|method| {
                let kind = method
                    .kind
                    .trim_end_matches("AuthenticationMethod")
                    .to_owned();
                match method.phone_type {
                    Some(phone) => format!("{kind} {phone}"),
                    None => kind,
                }
            })
            .collect()
    }

    /// The writes that Graph saw, in order, without the person.
    pub fn writes(&self) -> Vec<String> {
        self.tenant
            .writes()
            .into_iter()
            .map(|call| {
                let rest: Vec<&str> = call.path.split('/').skip(3).collect();
                format!("{} {}", call.method, rest.join("/"))
            })
            .collect()
    }

    /// The codes of what was decided, in order.
    pub fn decisions(&self) -> Vec<String> {
        self.trail
            .events()
            .into_iter()
            .filter(|event| !matches!(event, Event::Intended { .. }))
            .map(|event| match event {
                Event::Refused { code, .. } => format!("refused {code}"),
                Event::Allowed { .. } => "allowed".to_owned(),
                Event::Previewed { .. } => "previewed".to_owned(),
                Event::Replayed { .. } => "replayed".to_owned(),
                Event::Intended { .. } => unreachable!("filtered out"),
                Event::Resumed { .. } => "resumed".to_owned(),
                Event::Outcome { outcome, .. } => format!("{:?}", outcome.state),
            })
            .collect()
    }

    /// Refused, or only looked at, before anything happened: no write in Graph, nothing consumed, and events that say so.
    pub fn assert_nothing_happened(&self) {
        assert_eq!(self.writes(), [""; 0]);
        assert!(self.nothing_claimed());
        assert!(
            self.decisions()
                .iter()
                .all(|decision| decision.starts_with("refused") || decision == "previewed")
        );
    }

    /// No approval is used up, and nobody is taken.
    pub fn nothing_claimed(&self) -> bool {
        self.store.keys().iter().all(|key| {
            let Key(key) = key;
            key.starts_with("reset#") || key.starts_with("delivery#") || key == "freeze"
        })
    }

    /// Evidence by a call to the desk, five minutes ago.
    pub fn call(&self) -> Value {
        evidence(VERA, self.now() - 300)
    }
}
