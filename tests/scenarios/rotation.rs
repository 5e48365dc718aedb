//! Secrets and keys change while deliveries are on their way.

use std::time::Duration;

use crate::test_app::requests::jira_event;
use crate::test_app::{JIRA_SECRET, TestApp, without_cool_down};
use reregister_mfa::ids::SecretName;
use serde_json::json;

const NEW: &str = "the new secret of the Jira webhook, 32 bytes or more";

fn rotate(app: &TestApp, until: jiff::Timestamp) {
    let text = json!({"current": NEW, "previous": JIRA_SECRET, "previous_until": until});
    app.set_secret("sandbox/jira", text);
}

fn soon(app: &TestApp, seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(app.now() + seconds).unwrap()
}

async fn signed_with(app: &TestApp, secret: &str, ticket: &str) -> (u16, String) {
    let approval = app.approve(app.draft().ticket(ticket));
    let request = jira_event(ticket, &approval).signed("/webhooks/jira", secret);
    let reply = app.send(request).await;
    (reply.status, reply.code().to_owned())
}

#[tokio::test]
async fn during_a_rotation_both_secrets_are_accepted_and_afterwards_only_the_new_one() {
    let app = TestApp::with_policy(without_cool_down).await;
    rotate(&app, soon(&app, 3600));
    assert_eq!(signed_with(&app, JIRA_SECRET, "HELP-1").await.0, 200);
    assert_eq!(signed_with(&app, NEW, "HELP-2").await.0, 200);
    app.clock.pass(Duration::from_secs(3601));
    assert_eq!(
        signed_with(&app, JIRA_SECRET, "HELP-3").await,
        (401, "delivery_unauthentic".to_owned())
    );
    assert_eq!(signed_with(&app, NEW, "HELP-4").await.0, 200);
}

#[tokio::test]
async fn a_malformed_secret_that_has_been_corrected_works_at_once() {
    let good = [
        ("sandbox/jira", json!({ "current": JIRA_SECRET })),
        (
            "sandbox/graph",
            json!({"client_id": "0b1c2d3e-4f50-4162-8738-495a6b7c8d9e", "client_secret": "mended"}),
        ),
    ];
    for broken in ["sandbox/jira", "sandbox/graph"] {
        let app = TestApp::new().await;
        app.tenant.set_secret("mended");
        for (name, mended) in &good {
            app.set_secret(name, mended);
            let name = SecretName::try_from(*name).unwrap();
            app.secrets.set_uncached(name, mended.to_string());
        }
        app.set_secret(broken, "{");
        let (status, code) = signed_with(&app, JIRA_SECRET, "HELP-42").await;
        assert_eq!((status, code.as_str()), (200, ""));
    }
}

#[tokio::test]
async fn a_previous_secret_without_an_end_within_a_day_makes_the_secret_unusable() {
    let app = TestApp::new().await;
    rotate(&app, soon(&app, 24 * 60 * 60 + 60));
    assert_eq!(
        signed_with(&app, NEW, "HELP-1").await,
        (503, "misconfigured".to_owned())
    );
    app.assert_nothing_happened();
}

#[tokio::test]
async fn with_a_secret_that_is_empty_short_or_no_json_every_sender_is_refused() {
    for text in [
        "",
        "{}",
        "null",
        r#"{"current":""}"#,
        r#"{"current":"short"}"#,
        r#"{"current":"whsec_"}"#,
    ] {
        let app = TestApp::new().await;
        app.set_secret("sandbox/jira", text);
        for secret in ["", "short", JIRA_SECRET] {
            let (status, code) = signed_with(&app, secret, "HELP-1").await;
            assert_eq!((status, code.as_str()), (503, "misconfigured"), "{text}");
        }
        app.assert_nothing_happened();
    }
}
