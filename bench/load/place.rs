//! A tenant with many people, a ticket system and a table, and the product between them, started as often as is asked for.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use reregister_mfa::app::{Adapters, App};
use reregister_mfa::clock::SystemClock;
use reregister_mfa::local_queue::LocalQueue;
use reregister_mfa::policy::Policy;
use reregister_mfa::reset::ports::NoSecurityTeam;
use serde_json::{Value, json};
use simulated::approval::Draft;
use simulated::entra::{self, Tenant};
use simulated::issuer::Issuer;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::tickets::{self, jira_cloud};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::Result;
use crate::consumed::{CountedQueue, FarStore, Used};
use crate::memory::{MemorySecrets, MemoryStore, MemoryTrail, NoWebIdentity};
use crate::proxy::{self, RoundTrips, Traffic};
use crate::service::Service;

const JIRA_SECRET: &str = "development only: the secret of the Jira webhook";
const FIELD: &str = "customfield_10123";

pub struct Place {
    pub tenant: Tenant,
    pub jira: jira_cloud::JiraCloud,
    pub store: Arc<MemoryStore>,
    service_desk: Issuer,
    files: tempfile::TempDir,
    servers: (entra::Serving, tickets::Serving),
}

/// A process of the product: its function behind the URL and its worker, with caches of its own.
pub struct Running {
    app: App,
    pub traffic: Traffic,
    pub used: Used,
}

/// What the sender of a webhook got.
pub struct Answered {
    pub status: u16,
    pub body: Value,
}

impl Answered {
    pub fn state(&self) -> &str {
        self.body
            .get("state")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

pub fn object_id(nth: usize) -> String {
    format!("c0000000-0000-4000-8000-{nth:012}")
}

pub fn person(nth: usize) -> String {
    format!("person-{nth}@contoso.example")
}

pub fn ticket(nth: usize) -> String {
    format!("HELP-{nth}")
}

/// The tenant of the tour, with so many people and role-assignable groups more.
fn tenant(people: usize, groups: usize) -> Result<Tenant> {
    let mut file: Value = serde_json::from_str(include_str!("../../examples/users.json"))?;
    let mut list = |name: &str, items: Vec<Value>| -> Result<()> {
        let list = file.get_mut(name).and_then(Value::as_array_mut);
        list.ok_or("no such list")?.extend(items);
        Ok(())
    };
    let user = |nth| {
        json!({
            "id": object_id(nth),
            "userPrincipalName": person(nth),
            "displayName": format!("Person {nth}"),
            "methods": [
                {"type": "phone", "phoneType": "mobile", "phoneNumber": "+1 4255550101"},
                {"type": "microsoftAuthenticator", "displayName": "Pixel 9"},
                {"type": "softwareOath"},
            ],
        })
    };
    let group = |nth: usize| {
        json!({
            "id": format!("d0000000-0000-4000-8000-{nth:012}"),
            "displayName": format!("Role-assignable group {nth}"),
            "isAssignableToRole": true,
            "members": [object_id(people - 1 - nth)],
        })
    };
    list("users", (0..people).map(user).collect())?;
    list("groups", (0..groups).map(group).collect())?;
    Ok(Tenant::from_json(&file.to_string())?)
}

impl Place {
    pub async fn new(people: usize, groups: usize) -> Result<Place> {
        let tenant = tenant(people, groups)?;
        let entra = tenant.serve(TcpListener::bind("127.0.0.1:0").await?);
        let jira = jira_cloud::JiraCloud::new();
        for nth in 0..people {
            jira.add_issue(&ticket(nth));
        }
        let notes = jira.serve(TcpListener::bind("127.0.0.1:0").await?);
        let files = tempfile::tempdir()?;
        let issuer =
            |host: &str, kid| Issuer::es256(&format!("https://{host}.contoso.example"), kid);
        let service_desk = issuer("approvals", "desk-2026");
        for (file, issuer) in [
            ("service-desk", &service_desk),
            ("on-call", &issuer("on-call", "olga-2026")),
            ("security", &issuer("security", "sec-2026")),
        ] {
            let file = files.path().join(format!("{file}.jwks.json"));
            std::fs::write(file, issuer.jwks().to_string())?;
        }
        Ok(Place {
            tenant,
            jira,
            store: Arc::default(),
            service_desk,
            files,
            servers: (entra, notes),
        })
    }

    /// Starts the product, as far away from its services as this. It is ready when it has warmed up.
    pub async fn start(&self, round_trips: RoundTrips) -> Result<Running> {
        let traffic = Traffic::default();
        let (entra, notes) = &self.servers;
        let before = |service, url: &str| proxy::before(service, url, round_trips, &traffic);
        let login = before(Service::Login, &entra.url)?;
        let graph = before(Service::Graph, &entra.url)?;
        let jira = before(Service::Jira, &notes.url)?;
        let policy = include_str!("../../examples/policy.toml")
            .replace(
                "login = \"http://127.0.0.1:8443",
                &format!("login = \"{login}"),
            )
            .replace(
                "graph = \"http://127.0.0.1:8443",
                &format!("graph = \"{graph}"),
            )
            .replace(
                "break_glass =",
                "per_hour = 2000\napprover_per_hour = 2000\nverifier_per_hour = 2000\nverifier_per_day = 2000\nbreak_glass =",
            )
            .replace(
                "domain = \"service-desk\"",
                "domain = \"service-desk\"\nper_hour = 2000",
            );
        let policy = format!(
            "{policy}\n[notes.jira]\nsystem.jira_cloud.site = \"{jira}\"\nsecret = \"sandbox/jira-notes\"\n"
        );
        let secrets = MemorySecrets::default();
        let texts: serde_json::Map<String, Value> =
            serde_json::from_str(include_str!("../../examples/secrets.json"))?;
        for (name, text) in texts {
            secrets.set(name.try_into()?, text.to_string());
        }
        let notes = json!({"email": jira_cloud::EMAIL, "api_token": jira_cloud::API_TOKEN});
        secrets.set(
            "sandbox/jira-notes".to_owned().try_into()?,
            notes.to_string(),
        );
        let (queue, used) = (LocalQueue::default(), Used::default());
        let app = App::new(
            Policy::parse(&policy, self.files.path().to_owned())?,
            Adapters {
                secrets: Arc::new(secrets),
                identity: Arc::new(NoWebIdentity),
                store: Arc::new(FarStore::new(
                    self.store.clone(),
                    round_trips.aws,
                    used.clone(),
                )),
                queue: Arc::new(CountedQueue {
                    queue: Arc::new(queue.clone()),
                    used: used.clone(),
                }),
                audit: Arc::new(MemoryTrail::default()),
                security: Arc::new(NoSecurityTeam),
                evidence: None,
                clock: Arc::new(SystemClock),
            },
        )?;
        app.work(&queue);
        app.warm_up().await;
        Ok(Running { app, traffic, used })
    }

    /// Sends the webhook of the ticket of this person.
    pub async fn reset(&self, running: &Running, nth: usize) -> Result<Answered> {
        let now = jiff::Timestamp::now().as_second();
        let draft = Draft::new(now)
            .target(&person(nth))
            .approver("sam.approver@contoso.example")
            .ticket(&ticket(nth))
            .verified("vera.desk@contoso.example", now - 300);
        let approval = self.service_desk.approve(&draft);
        let issue = Issue::new(&ticket(nth), Status::new("10042", "Approved"))
            .field(FIELD, approval.as_str());
        let delivery = IssueEvent::transition(issue, &Status::new("1", "Open"))
            .signed("/webhooks/jira", JIRA_SECRET);
        let mut request = axum::http::Request::builder()
            .method(delivery.method.as_str())
            .uri(&delivery.path);
        for (name, value) in &delivery.headers {
            request = request.header(name, value);
        }
        let router = running.app.router();
        let response = router
            .oneshot(request.body(Body::from(delivery.body))?)
            .await?;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await?;
        Ok(Answered {
            status,
            body: serde_json::from_slice(&body)?,
        })
    }
}
