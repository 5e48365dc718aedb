//! The desk: people verify and approve by signing in, in a browser that only speaks HTTP.

mod attacks;
mod browser;
mod journeys;

use reregister_mfa::clock::Clock as _;
use serde_json::json;

use simulated::entra::Method;

use crate::test_app::{ADA, Document, Overrides, SAM, TestApp, VERA, VICTOR};

pub use browser::Browser;

pub const VERIFIERS: &str = "c1000000-0000-4000-8000-0000000000d1";
pub const APPROVERS: &str = "c1000000-0000-4000-8000-0000000000d2";
pub const CLIENT: &str = "2d3e4f50-6172-4384-9a5b-6c7d8e9fa0b1";
pub const DESK_URL: &str = "https://mfa.contoso.example/desk";

const VERA_ID: &str = "a1000000-0000-4000-8000-00000000000d";
const VICTOR_ID: &str = "a1000000-0000-4000-8000-000000000011";
const SAM_ID: &str = "a1000000-0000-4000-8000-00000000000c";
const ADA_ID: &str = "a1000000-0000-4000-8000-000000000010";
pub const JANE_ID: &str = "a1000000-0000-4000-8000-00000000000b";

/// Vera and Victor verify, Sam, Ada and Victor approve.
fn tenant(document: Document) -> Document {
    let sign_in = json!({
        "redirectUris": [DESK_URL],
        "appRoles": [
            {"value": "Verifier", "assigned": [VERIFIERS]},
            {"value": "Approver", "assigned": [APPROVERS]},
        ],
    });
    document
        .push("apps", json!({"clientId": CLIENT, "secret": "desk-app-secret", "signIn": sign_in}))
        .push(
            "groups",
            json!({"id": VERIFIERS, "displayName": "Verifiers", "members": [VERA_ID, VICTOR_ID]}),
        )
        .push(
            "groups",
            json!({"id": APPROVERS, "displayName": "Approvers", "members": [SAM_ID, ADA_ID, VICTOR_ID]}),
        )
        .add("contextPolicies", json!([{"context": "c1", "phishingResistant": true}]))
}

fn policy(policy: Document) -> Document {
    policy
        .add("audience.desk", "https://mfa.contoso.example/desk")
        .add(
            "desk",
            json!({
                "url": DESK_URL,
                "client_id": CLIENT,
                "credential": {"secret": "sandbox/desk"},
                "verifiers": VERIFIERS,
                "approvers": APPROVERS,
                "context": "c1",
            }),
        )
}

/// The product with a desk.
pub async fn with_desk(change: impl FnOnce(Document) -> Document) -> TestApp {
    with_desk_and(change, Overrides::default()).await
}

pub async fn with_desk_and(
    change: impl FnOnce(Document) -> Document,
    overrides: Overrides,
) -> TestApp {
    let app = TestApp::build(|document| change(policy(document)), tenant, overrides).await;
    let secret = json!({"client_id": CLIENT, "client_secret": "desk-app-secret"});
    app.set_secret("sandbox/desk", secret);
    // What the context demands of them.
    for signer in [VERA, VICTOR, SAM, ADA] {
        app.tenant.register(signer, Method::fido2("Security key"));
    }
    let clock = app.clock.clone();
    app.tenant.set_clock(move || clock.now());
    app
}
