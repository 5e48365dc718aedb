//! Two tenants in one deployment: a request is worked on in its own tenant alone.

use std::time::Duration;

use serde_json::json;
use simulated::entra::{Fault, Tenant};
use tokio::net::TcpListener;

use crate::test_app::{Document, TestApp};

const CONTOSO: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";
const FABRIKAM: &str = "b0000000-0000-4000-8000-000000000002";

#[tokio::test]
async fn a_request_goes_on_in_its_own_tenant_even_if_its_source_was_given_another_one_meanwhile() {
    let mut app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("GET", "").times(u32::MAX).status(503));
    let delivery = app.jira(&app.approve(app.draft().tenant(CONTOSO)));
    app.send(delivery.clone())
        .await
        .assert_waiting("directory_unavailable");

    // The same people with the same ids, in another tenant.
    let users = Document::from_json(include_str!("../../examples/users.json"));
    let other = Tenant::from_json(&users.set("tenantId", FABRIKAM).to_json()).unwrap();
    let entra = other.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let fabrikam = json!({
        "id": FABRIKAM,
        "entra": {
            "credential": {"secret": "sandbox/graph"}, "login": entra.url, "graph": entra.url,
        },
        "rules": {"break_glass": "none"},
    });
    app.redeploy(|policy| {
        policy
            .add("tenants.fabrikam", fabrikam)
            .add("sources.jira.tenant", "fabrikam")
            .add("sources.jira-automation.tenant", "fabrikam")
            .add("sources.servicenow.tenant", "fabrikam")
    })
    .await;
    app.tenant.mend();
    app.lose_messages();
    app.clock.pass(Duration::from_secs(60));

    app.send(delivery).await.assert_completed();
    assert_eq!(other.writes().len(), 0);
    assert!(app.tenant.writes().len() > 3);
}
