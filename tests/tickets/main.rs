//! Notes, written into ticket systems over HTTP: into simulated ones, and into a Jira Data Center that others
//! simulate.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod data_center;
mod jira_cloud;
mod servicenow;

#[path = "../support/memory.rs"]
mod memory;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::memory::MemorySecrets;
use async_trait::async_trait;
use reregister_mfa::ids::{Label, SecretName, TicketKey};
use reregister_mfa::outbound::http_client;
use reregister_mfa::reset::ports::TicketError;
use reregister_mfa::secrets::{Freshness, SecretError, SecretSource};
use reregister_mfa::tickets::{Notes, System, TicketSystems};
use secrecy::SecretString;
use serde_json::{Value, json};
use strum::EnumCount as _;
use tokio::net::TcpListener;

const TEXT: &str =
    "Jane Doe registers again.\n\nShe does so at https://aka.ms/mfasetup [~admin] {code}";
const MARK: &str = "reregister-mfa 0d0f6a1e-6f53-4f7f-9a39-4a4f3f3f2b11";

fn source() -> Label {
    Label::try_from("desk").unwrap()
}

fn secret_name() -> SecretName {
    SecretName::try_from("notes").unwrap()
}

/// The source's tickets are in this system; `system` is of policy.toml.
fn systems_with(system: &str, secrets: Arc<dyn SecretSource>) -> TicketSystems {
    let notes: Notes = toml::from_str(&format!("{system}\nsecret = \"notes\"")).unwrap();
    TicketSystems::new(
        BTreeMap::from([(source(), notes)]),
        http_client().unwrap(),
        secrets,
    )
}

/// The same, with this text for a secret.
fn systems(system: &str, secret: &Value) -> TicketSystems {
    let secrets = MemorySecrets::default();
    secrets.set(secret_name(), secret.to_string());
    systems_with(system, Arc::new(secrets))
}

async fn write(systems: &TicketSystems, ticket: &str) -> Result<(), TicketError> {
    let ticket = TicketKey::try_from(ticket).unwrap();
    systems.write(&source(), &ticket, TEXT, MARK).await
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A secret that was rotated while the old one was cached.
struct Rotated {
    cached: Value,
    current: Value,
}

#[async_trait]
impl SecretSource for Rotated {
    async fn get(&self, _: &SecretName, freshness: Freshness) -> Result<SecretString, SecretError> {
        Ok(match freshness {
            Freshness::Cached => self.cached.to_string().into(),
            Freshness::Forced => self.current.to_string().into(),
        })
    }
}

/// Secrets Manager on a bad day.
struct Broken(fn(SecretName) -> SecretError);

#[async_trait]
impl SecretSource for Broken {
    async fn get(&self, name: &SecretName, _: Freshness) -> Result<SecretString, SecretError> {
        Err((self.0)(name.clone()))
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_the_secret_may_be_mended_while_there_is_time() {
    let system = r#"system.jira_cloud.site = "http://127.0.0.1:9""#;
    let outcome =
        async |secrets: Broken| write(&systems_with(system, Arc::new(secrets)), "HELP-42").await;
    for wrong in [
        SecretError::Unavailable,
        SecretError::Missing,
        SecretError::MarkedForDeletion,
        SecretError::Denied,
    ] {
        assert_eq!(
            outcome(Broken(wrong)).await,
            Err(TicketError::Transient { after: None })
        );
    }
}

#[tokio::test]
async fn a_source_without_notes_gets_none() {
    let systems = systems(
        r#"system.jira_cloud.site = "http://127.0.0.1:9""#,
        &json!({}),
    );
    let other = Label::try_from("other").unwrap();
    assert!(systems.writes_to(&source()) && !systems.writes_to(&other));
    let ticket = TicketKey::try_from("HELP-42").unwrap();
    assert!(matches!(
        systems.write(&other, &ticket, TEXT, MARK).await,
        Err(TicketError::Permanent(_))
    ));
}

#[tokio::test]
async fn no_error_shows_anything_of_a_secret() {
    const CANARY: &str = "c4n4ry";
    const {
        assert!(
            System::COUNT == 3,
            "the secret of a new system belongs into the table below"
        )
    };
    let (_, jira) = jira_cloud::serve().await;
    let (_, servicenow) = servicenow::serve().await;
    let cloud = format!("system.jira_cloud.site = {:?}", jira.url);
    let data_center = format!("system.jira_data_center.base = {:?}", jira.url);
    let servicenow = servicenow::system(&servicenow, "sc_req_item");
    for (system, secret) in [
        (&cloud, json!(CANARY)),
        (&cloud, json!({"email": CANARY, "api_token": CANARY})),
        (
            &cloud,
            json!({"email": CANARY, "api_token": CANARY, "more": CANARY}),
        ),
        (&data_center, json!({"token": CANARY})),
        // It fits into no header.
        (&data_center, json!({"token": format!("{CANARY}\n")})),
        (&servicenow, json!({"username": CANARY, "password": CANARY})),
        (
            &servicenow,
            json!({"client_id": CANARY, "client_secret": CANARY}),
        ),
        (
            &servicenow,
            json!({"username": CANARY, "client_secret": CANARY}),
        ),
    ] {
        let error = write(&systems(system, &secret), "HELP-42")
            .await
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    }
}
