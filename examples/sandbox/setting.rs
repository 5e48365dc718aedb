//! The product and the world around it, in one process.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use reregister_mfa::app::{Adapters, App};
use reregister_mfa::clock::SystemClock;
use reregister_mfa::local_queue::LocalQueue;
use reregister_mfa::policy::Policy;
use reregister_mfa::reset::ports::NoSecurityTeam;
use serde_json::Value;
use simulated::approval::{Draft, ON_CALL_AUDIENCE};
use simulated::entra::{Serving, Tenant};
use simulated::issuer::Issuer;
use simulated::passkey::Passkey;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use tokio::net::TcpListener;

use crate::memory::{MemorySecrets, MemoryStore, MemoryTrail, NoWebIdentity};

pub const SAM: &str = "sam.approver@contoso.example";
pub const VERA: &str = "vera.desk@contoso.example";
pub const ADA: &str = "ada.approver@contoso.example";
pub const VICTOR: &str = "victor.verifier@contoso.example";
pub const OLGA: &str = "olga.oncall@contoso.example";

pub const NINA: &str = "nina.night@contoso.example";
/// A person of the tour alone, whom no other scene resets.
const NINA_AT_NIGHT: &str = r#"{
    "id": "a1000000-0000-4000-8000-0000000000d7",
    "userPrincipalName": "nina.night@contoso.example",
    "displayName": "Nina Night",
    "methods": [{ "type": "microsoftAuthenticator", "displayName": "Nina's phone" }]
}"#;

/// Where the desk is in desk.toml and users.json.
const DEFAULT_URL: &str = "http://127.0.0.1:9000";

/// The custom field that holds approvals, and the secrets, as in policy.toml and secrets.json.
pub const FIELD: &str = "customfield_10123";
pub const JIRA_SECRET: &str = "development only: the secret of the Jira webhook";
pub const AUTOMATION_SECRET: &str = "development only: the secret of the Jira Automation rule";
pub const SERVICENOW_KEY: &str = "whsec_ZGV2ZWxvcG1lbnQgb25seTogdGhlIHNlY3JldCBvZiBTZXJ2aWNlTm93";

pub struct Setting {
    pub url: String,
    pub entra: Serving,
    pub tenant: Tenant,
    pub trail: Arc<MemoryTrail>,
    service_desk: Issuer,
    security: Issuer,
    on_call: Issuer,
    phone: Passkey,
    client: reqwest::Client,
    files: PathBuf,
}

/// What the product answered.
pub struct Reply {
    pub status: u16,
    pub json: Value,
}

impl Reply {
    /// A member that is a text; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.json
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

impl Setting {
    /// Starts it all on loopback: the product on port 9000 if it is free.
    pub async fn start() -> Result<Setting, Box<dyn Error>> {
        let listener = match TcpListener::bind("127.0.0.1:9000").await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind("127.0.0.1:0").await?,
        };
        let url = format!("http://{}", listener.local_addr()?);
        let users = include_str!("../users.json")
            .replace(DEFAULT_URL, &url)
            .replacen("\"users\": [", &format!("\"users\": [{NINA_AT_NIGHT},"), 1);
        let tenant = Tenant::from_json(&users)?;
        let entra = tenant.serve(TcpListener::bind("127.0.0.1:0").await?);

        let service_desk = Issuer::es256("https://approvals.contoso.example", "desk-2026");
        let security = Issuer::es256("https://security.contoso.example", "sec-2026");
        let on_call = Issuer::es256("https://on-call.contoso.example", "olga-2026");
        // A passkey needs a domain, and an address such as 127.0.0.1 is none.
        let page = url.replace("127.0.0.1", "localhost");
        let phone = Passkey::es256("https://passkeys.contoso.example", "olga-phone", &page);
        // Two of them at once do not write over each other's keys.
        let files = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/sandbox"))
            .join(std::process::id().to_string());
        fs::create_dir_all(&files)?;
        fs::write(
            files.join("service-desk.jwks.json"),
            service_desk.jwks().to_string(),
        )?;
        fs::write(files.join("on-call.jwks.json"), on_call.jwks().to_string())?;
        fs::write(
            files.join("security.jwks.json"),
            security.jwks().to_string(),
        )?;

        let policy = [include_str!("../policy.toml"), include_str!("../desk.toml")]
            .join("\n")
            .replace("http://127.0.0.1:8443", &entra.url)
            .replace(DEFAULT_URL, &url)
            .replace(
                "issuers = [\"on-call\"]",
                "issuers = [\"on-call\", \"passkeys\"]",
            );
        let policy = format!("{policy}\n{}", passkeys(&phone, &page)?);
        let secrets = MemorySecrets::default();
        let texts: BTreeMap<String, Value> = serde_json::from_str(include_str!("../secrets.json"))?;
        for (name, text) in texts {
            secrets.set(name.try_into()?, text.to_string());
        }
        let trail = Arc::new(MemoryTrail::default());
        let queue = LocalQueue::default();
        let app = App::new(
            Policy::parse(&policy, files.clone())?,
            Adapters {
                secrets: Arc::new(secrets),
                identity: Arc::new(NoWebIdentity),
                store: Arc::new(MemoryStore::default()),
                queue: Arc::new(queue.clone()),
                audit: trail.clone(),
                security: Arc::new(NoSecurityTeam),
                evidence: None,
                clock: Arc::new(SystemClock),
            },
        )?;
        app.work(&queue);
        app.warm_up().await;
        let router = app.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Setting {
            url,
            entra,
            tenant,
            trail,
            service_desk,
            security,
            on_call,
            phone,
            client: reqwest::Client::new(),
            files,
        })
    }

    pub fn now(&self) -> i64 {
        jiff::Timestamp::now().as_second()
    }

    /// An approval as a careful service desk writes it, for this ticket and this person.
    pub fn draft(&self, ticket: &str, target: &str) -> Draft {
        Draft::new(self.now())
            .target(target)
            .approver(SAM)
            .ticket(ticket)
            .verified(VERA, self.now() - 300)
    }

    pub fn sign(&self, draft: &Draft) -> String {
        self.service_desk.approve(draft)
    }

    /// A second approval, by another person in another department who has seen the person.
    pub fn sign_in_security(&self, ticket: &str, target: &str) -> String {
        let seen = serde_json::json!({
            "method": "in_person", "verified_by": VICTOR, "verified_at": self.now() - 120,
        });
        let draft = self
            .draft(ticket, target)
            .approver(ADA)
            .verification([seen]);
        self.security.approve(&draft)
    }

    /// Olga, on call, approves with a key of her own.
    pub fn on_call(&self, ticket: &str, target: &str) -> String {
        let draft = self
            .draft(ticket, target)
            .audience(ON_CALL_AUDIENCE)
            .approver(OLGA);
        self.on_call.approve(&draft)
    }

    /// Olga approves with the passkey of her phone.
    pub fn by_phone(&self, ticket: &str, target: &str) -> String {
        let draft = self
            .draft(ticket, target)
            .audience(ON_CALL_AUDIENCE)
            .approver(OLGA);
        self.phone.approve(&draft)
    }

    /// A Jira webhook that says: this ticket has been approved, and here is the approval.
    pub fn jira(&self, ticket: &str, approval: &str) -> Request {
        let issue = Issue::new(ticket, Status::new("10042", "Approved")).field(FIELD, approval);
        IssueEvent::transition(issue, &Status::new("10041", "Waiting for approval"))
            .signed("/webhooks/jira", JIRA_SECRET)
    }

    pub async fn send(&self, request: &Request) -> Result<Reply, Box<dyn Error>> {
        let url = format!("{}{}", self.url, request.path);
        let mut sent = self
            .client
            .request(request.method.parse()?, url)
            .body(request.body.clone());
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        let answer = sent.send().await?;
        Ok(Reply {
            status: answer.status().as_u16(),
            json: serde_json::from_slice(&answer.bytes().await?).unwrap_or_default(),
        })
    }

    /// Lines to paste, with approvals that are good for fifteen minutes.
    pub fn invite(&self) -> Result<(), Box<dyn Error>> {
        let (url, megan) = (&self.url, "megan.bowen@contoso.example");
        let on_call = self.on_call("INC-7001", megan);
        let for_cash = self.on_call("INC-7002", "$cash@contoso.example");
        let jira = self.jira(
            "HELP-99",
            &self.sign(&self.draft("HELP-99", "jordan_fabrikam.example#EXT#@contoso.example")),
        );
        let body = self.files.join("jira.json");
        fs::write(&body, &jira.body)?;
        let signature = jira.value("X-Hub-Signature").unwrap_or_default();
        println!(
            "\nIt stays up until Ctrl-C. Lines to paste; the approvals are good for fifteen minutes, then start it again."
        );
        println!(
            "\n# The desk: sign in as Vera and verify Jane, whom you find by jane.doe@contoso.example.\n\
             # Then open the link in the note that the page shows, in a private window, and sign in as Sam to approve.\n\
             # The page warns that Vera has had many people reset: that was the tour."
        );
        println!("{url}/desk?ticket=HELP-42");
        println!("\n# The page for the operator on call, to reset Cash.");
        println!("{url}/#approval={for_cash}");
        println!("\n# Make a passkey that signs approvals. It needs this name of the host.");
        println!("{}/passkey", url.replace("127.0.0.1", "localhost"));
        println!("\n# What would a reset of Megan do? Changes nothing.");
        println!("curl -s -X POST {url}/resets/preview -H 'Authorization: Bearer {on_call}'");
        println!("\n# Do it. Twice, to see that it is done once.");
        println!("curl -s -X POST {url}/resets -H 'Authorization: Bearer {on_call}'");
        println!("\n# A Jira webhook. Change a byte of the file, and it is refused.");
        println!(
            "curl -s {url}/webhooks/jira -H 'Content-Type: application/json' \\\n  -H 'X-Hub-Signature: {signature}' \\\n  --data-binary @{}",
            body.display()
        );
        Ok(())
    }
}

/// The section of the policy with the passkey of Olga's phone, which signs on this page.
fn passkeys(phone: &Passkey, page: &str) -> Result<String, toml::ser::Error> {
    let issuer = serde_json::json!({ "issuers": { "passkeys": {
        "iss": phone.iss(),
        "keys": { "webauthn": { "rp_id": phone.rp_id(), "origin": page } },
        "algorithms": ["ES256", "RS256", "Ed25519"],
        "domain": "phones",
        "privileged": true,
        "key": { phone.kid(): phone.policy(OLGA) },
    } } });
    toml::to_string(&issuer)
}
