//! Forged and replayed deliveries. Each test has the name of an attack; none of them succeeds.

use simulated::entra::Method;
use simulated::request::Request;
use simulated::senders::servicenow::ItemApproved;

use crate::documented::documented;
use crate::test_app::requests::jira_event;
use crate::test_app::{AUTOMATION_SECRET, JANE, JIRA_SECRET, Reply, SERVICENOW_KEY, TestApp};

async fn delivery_fails(app: &TestApp, case: &str, request: Request) -> Reply {
    let reply = app.send(request).await;
    let answer = (reply.status, reply.code());
    assert_eq!(answer, (401, "delivery_unauthentic"), "{case}: {reply:?}");
    app.assert_nothing_happened();
    reply
}

#[tokio::test]
async fn a_webhook_with_no_signature_or_with_a_wrong_one_is_unauthentic() {
    let app = TestApp::new().await;
    let good = app.jira(&app.approve(app.draft()));
    let signature = good.value("x-hub-signature").unwrap().to_owned();
    let unsigned = good.clone().without("x-hub-signature");
    let reply = delivery_fails(&app, "no signature", unsigned.clone()).await;
    documented(&reply);
    for wrong in [
        String::new(),
        "sha256=".to_owned(),
        signature.replace("sha256=", "sha1="),
        signature.replace("sha256=", ""),
        signature.to_uppercase().replace("SHA256", "sha256"),
        format!("{signature}x"),
        format!("{signature},{signature}"),
        format!("sha256={}", "0".repeat(64)),
        signature[..70].to_owned(),
    ] {
        let forged = unsigned.clone().header("X-Hub-Signature", wrong.as_str());
        delivery_fails(&app, &wrong, forged).await;
    }
    let twice = good.clone().header("X-Hub-Signature", signature.as_str());
    delivery_fails(&app, "the signature twice", twice).await;
    let mut changed = good;
    changed.body.push(b' ');
    delivery_fails(&app, "a changed body", changed).await;
}

#[tokio::test]
async fn a_webhook_signed_with_the_secret_of_another_source_is_unauthentic() {
    let app = TestApp::new().await;
    let event = jira_event("HELP-42", &app.approve(app.draft()));
    for (path, secret) in [
        ("/webhooks/jira", AUTOMATION_SECRET),
        ("/webhooks/servicenow", JIRA_SECRET),
    ] {
        delivery_fails(&app, path, event.signed(path, secret)).await;
    }
}

#[tokio::test]
async fn standard_webhooks_with_a_timestamp_or_list_that_readers_disagree_about_are_unauthentic() {
    let app = TestApp::new().await;
    let item = ItemApproved::new("RITM1", JANE).approval(&app.approve(app.draft().ticket("RITM1")));
    let good = item
        .signed("/webhooks/servicenow", SERVICENOW_KEY, app.now())
        .unwrap();
    let with = |name: &str, value: &str| good.clone().without(name).header(name, value);
    let at = good.value("webhook-timestamp").unwrap();
    let signature = good.value("webhook-signature").unwrap();
    for (name, value) in [
        ("webhook-timestamp", format!("+{at}")),
        ("webhook-timestamp", format!("000{at}")),
        ("webhook-timestamp", "-9223372036854775808".to_owned()),
        ("webhook-timestamp", format!("{at}.0")),
        ("webhook-timestamp", (app.now() + 600).to_string()),
        ("webhook-id", "a.b".to_owned()),
        ("webhook-id", String::new()),
        ("webhook-signature", "v1,".to_owned()),
        ("webhook-signature", "v1,null".to_owned()),
        ("webhook-signature", signature.replace("v1,", "v1a,")),
        ("webhook-signature", signature.replace("v1,", "v0,")),
        (
            "webhook-signature",
            signature.trim_end_matches('=').to_owned(),
        ),
        ("webhook-signature", format!("v1,bad,{signature}")),
        ("webhook-signature", ["v1,AAAA"; 9].join(" ")),
    ] {
        let case = format!("{name}: {value}");
        delivery_fails(&app, &case, with(name, &value)).await;
    }
    for (name, value) in [("webhook-signature", signature), ("webhook-id", "other")] {
        delivery_fails(&app, name, good.clone().header(name, value)).await;
    }
    let padded = format!("v1,{}= v2,x {signature}", "A".repeat(43));
    let rotated = with("webhook-signature", &padded);
    app.send(rotated).await.assert_completed();
}

#[tokio::test]
async fn a_genuine_delivery_replayed_under_another_identifier_resets_nobody_again() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    app.send(delivery.clone()).await.assert_completed();
    app.tenant.forget_calls();
    // Jira signs the body alone, so an attacker who has seen a delivery can change its headers.
    let identifier = "X-Atlassian-Webhook-Identifier";
    let replay = delivery
        .without(identifier)
        .header(identifier, "00000000-0000-0000-0000-000000000000");
    app.send(replay).await.assert_replayed();
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn markup_and_control_characters_in_the_name_of_a_device_come_into_no_note() {
    let app = TestApp::new().await;
    let name = "x\u{1b}[2J\u{202e}<script>[click](http://evil) 4255550112";
    app.tenant.register(JANE, Method::authenticator(name));
    let answer = app.reset(app.draft()).await.json.to_string();
    for wrong in ["\\u001b", "\u{202e}", "<script>", "](", "4255550112"] {
        assert!(!answer.contains(wrong), "{wrong}: {answer}");
    }
}
