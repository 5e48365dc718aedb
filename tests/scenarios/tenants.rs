//! Two tenants in one deployment: a request is worked on in its own tenant alone.

use std::time::Duration;

use serde_json::{Value, json};
use simulated::entra::{Call, Fault, Serving, Tenant};
use tokio::net::TcpListener;

use crate::test_app::{Document, JANE, TestApp};

const CONTOSO: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";
const FABRIKAM: &str = "b0000000-0000-4000-8000-000000000002";

/// Jane, by her object id: the same in both tenants.
const JANES_ID: &str = "a1000000-0000-4000-8000-00000000000b";

/// The same people with the same ids, in another tenant.
async fn fabrikam() -> (Tenant, Serving) {
    let users = Document::from_json(include_str!("../../examples/users.json"));
    let other = Tenant::from_json(&users.set("tenantId", FABRIKAM).to_json()).unwrap();
    let entra = other.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());
    (other, entra)
}

/// Fabrikam in the policy.
fn section(entra: &Serving, break_glass: Value) -> Value {
    json!({
        "id": FABRIKAM,
        "entra": {
            "credential": {"secret": "sandbox/graph"}, "login": entra.url, "graph": entra.url,
        },
        "rules": {"break_glass": break_glass},
    })
}

/// The policy with a second tenant, which all sources are given to.
fn now_for_fabrikam(policy: Document, fabrikam: Value) -> Document {
    policy
        .add("tenants.fabrikam", fabrikam)
        .add("sources.jira.tenant", "fabrikam")
        .add("sources.jira-automation.tenant", "fabrikam")
        .add("sources.servicenow.tenant", "fabrikam")
}

#[tokio::test]
async fn a_request_goes_on_in_its_own_tenant_even_if_its_source_was_given_another_one_meanwhile() {
    let mut app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("GET", "").times(u32::MAX).status(503));
    let delivery = app.jira(&app.approve(app.draft().tenant(CONTOSO)));
    app.send(delivery.clone())
        .await
        .assert_waiting("directory_unavailable");

    let (other, entra) = fabrikam().await;
    let section = section(&entra, json!("none"));
    app.redeploy(|policy| now_for_fabrikam(policy, section))
        .await;
    app.tenant.mend();
    app.lose_messages();
    app.clock.pass(Duration::from_secs(60));

    app.send(delivery).await.assert_completed();
    assert_eq!(other.writes().len(), 0);
    assert!(app.tenant.writes().len() > 3);
}

#[tokio::test]
async fn a_wake_follows_the_rules_of_the_tenant_of_its_record_and_of_no_other() {
    // Whether Jane is a break-glass account, and so never reset, in Contoso, and in Fabrikam.
    for (in_contoso, in_fabrikam, ends) in [
        (
            json!("none"),
            json!([JANES_ID]),
            ["allowed", "Completed"].as_slice(),
        ),
        (
            json!([JANES_ID]),
            json!("none"),
            ["refused break_glass"].as_slice(),
        ),
    ] {
        let mut app = TestApp::new().await;
        app.tenant
            .fail(Fault::on("GET", "").times(u32::MAX).status(503));
        let delivery = app.jira(&app.approve(app.draft().tenant(CONTOSO)));
        let reply = app.send(delivery).await;
        reply.assert_waiting("directory_unavailable");

        let (other, entra) = fabrikam().await;
        let section = section(&entra, in_fabrikam);
        app.redeploy(|policy| {
            now_for_fabrikam(policy, section).set("tenants.contoso.rules.break_glass", in_contoso)
        })
        .await;
        app.tenant.mend();
        // No request any more: the queue alone wakes it.
        app.wait(Duration::from_secs(10 * 60)).await;

        assert_eq!(app.decisions(), ends);
        let is_about_jane = |call: &Call| call.path.contains(JANES_ID) || call.path.contains(JANE);
        assert!(!other.calls().iter().any(is_about_jane));
        assert_eq!(app.writes().is_empty(), ends.len() == 1);
    }
}

#[tokio::test]
async fn an_approval_for_one_tenant_has_no_person_reset_in_another_one() {
    let mut app = TestApp::new().await;
    let (other, entra) = fabrikam().await;
    let section = section(&entra, json!("none"));
    app.redeploy(|policy| now_for_fabrikam(policy, section))
        .await;
    for (tenant, source) in [(FABRIKAM, "contoso"), (CONTOSO, "fabrikam")] {
        app.redeploy(|policy| policy.set("sources.jira.tenant", source))
            .await;
        let reply = app
            .send(app.jira(&app.approve(app.draft().tenant(tenant))))
            .await;
        reply.assert_refused(422, "other_tenant");
        app.assert_nothing_happened();
        assert_eq!(other.writes().len(), 0);
    }
}
