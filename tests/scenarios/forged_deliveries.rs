//! Forged and replayed deliveries. Each test has the name of an attack; none of them gets past the door.

use serde_json::json;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::servicenow::ItemApproved;

use crate::test_app::{FIELD, JANE, JIRA_SECRET, SERVICENOW_KEY, TestApp};

async fn delivery_fails(app: &TestApp, request: Request) {
    let reply = app.send(request).await;
    assert_eq!((reply.status, reply.code()), (401, "delivery_unauthentic"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_webhook_with_no_signature_or_somebody_elses() {
    let app = TestApp::new().await;
    let good = app.jira(&app.approve(app.draft()));
    let signature = good.value("x-hub-signature").unwrap().to_owned();
    delivery_fails(&app, good.clone().without("x-hub-signature")).await;
    for wrong in [
        String::new(),
        "sha256=".to_owned(),
        signature.replace("sha256=", "sha1="),
        signature.replace("sha256=", ""),
        signature.to_uppercase().replace("SHA256", "sha256"),
        format!("{signature} "),
        format!("{signature},{signature}"),
        format!("sha256={}", "0".repeat(64)),
        signature[..70].to_owned(),
    ] {
        let forged = good.clone().without("x-hub-signature").header(
            "X-Hub-Signature",
            wrong.trim_end().to_owned() + if wrong.ends_with(' ') { "x" } else { "" },
        );
        delivery_fails(&app, forged).await;
    }
    delivery_fails(
        &app,
        good.clone().header("X-Hub-Signature", signature.clone()),
    )
    .await;
    let mut changed = good;
    changed.body.push(b' ');
    delivery_fails(&app, changed).await;
}

#[tokio::test]
async fn a_webhook_signed_with_the_secret_of_another_source() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let issue =
        Issue::new("HELP-42", Status::new("10042", "Approved")).field(FIELD, approval.as_str());
    let event = IssueEvent::transition(issue, &Status::new("1", "Open"));
    delivery_fails(
        &app,
        event.signed("/webhooks/jira", crate::test_app::AUTOMATION_SECRET),
    )
    .await;
    delivery_fails(&app, event.signed("/webhooks/servicenow", JIRA_SECRET)).await;
}

#[tokio::test]
async fn standard_webhooks_with_a_timestamp_or_list_that_readers_disagree_about() {
    let app = TestApp::new().await;
    let item = ItemApproved::new("RITM1", JANE).approval(&app.approve(app.draft().ticket("RITM1")));
    let good = item
        .signed("/webhooks/servicenow", SERVICENOW_KEY, app.now())
        .unwrap();
    let with = |name: &str, value: &str| good.clone().without(name).header(name, value);
    let (at, signature) = (
        good.value("webhook-timestamp").unwrap().to_owned(),
        good.value("webhook-signature").unwrap().to_owned(),
    );
    for request in [
        with("webhook-timestamp", &format!("+{at}")),
        with("webhook-timestamp", &format!("000{at}")),
        with("webhook-timestamp", "-9223372036854775808"),
        with("webhook-timestamp", &format!("{at}.0")),
        with("webhook-timestamp", &(app.now() + 600).to_string()),
        with("webhook-id", "a.b"),
        with("webhook-id", ""),
        with("webhook-signature", "v1,"),
        with("webhook-signature", "v1,null"),
        with("webhook-signature", &signature.replace("v1,", "v1a,")),
        with("webhook-signature", &signature.replace("v1,", "v0,")),
        with("webhook-signature", signature.trim_end_matches('=')),
        with("webhook-signature", &format!("v1,bad,{signature}")),
        with("webhook-signature", &["v1,AAAA"; 9].join(" ")),
        good.clone().header("webhook-signature", signature.clone()),
        good.clone().header("webhook-id", "other"),
    ] {
        delivery_fails(&app, request).await;
    }
    let rotated = with(
        "webhook-signature",
        &format!("v1,{} v2,x {signature}", "A".repeat(43) + "="),
    );
    assert_eq!(app.send(rotated).await.json["state"], "completed");
}

#[tokio::test]
async fn a_genuine_delivery_replayed_under_another_identifier() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    app.send(delivery.clone()).await;
    app.tenant.forget_calls();
    // Jira signs the body alone, so whoever has seen a delivery can change its headers.
    let replay = delivery.without("X-Atlassian-Webhook-Identifier").header(
        "X-Atlassian-Webhook-Identifier",
        "00000000-0000-0000-0000-000000000000",
    );
    let reply = app.send(replay).await;
    assert_eq!((reply.status, &reply.json["replayed"]), (200, &json!(true)));
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn markup_and_control_characters_in_the_name_of_a_device() {
    let app = TestApp::new().await;
    app.tenant.register(
        JANE,
        simulated::entra::Method::authenticator(
            "x\u{1b}[2J\u{202e}<script>[click](http://evil) 4255550112",
        ),
    );
    let reply = app.reset(app.draft()).await;
    let said = reply.json.to_string();
    for wrong in ["\\u001b", "\u{202e}", "<script>", "](", "4255550112"] {
        assert!(!said.contains(wrong), "{wrong}: {said}");
    }
}
