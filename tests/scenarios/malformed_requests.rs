//! Bad input in quantity: every refusal is problem+json with all members, the process stays up, nothing is written.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use simulated::request::Request;
use simulated::senders::signatures::hub_signature;

use crate::documented::documented;
use crate::test_app::{GRACE, JIRA_SECRET, Reply, TestApp};

fn is_a_complete_problem(reply: &Reply) {
    assert!((400..600).contains(&reply.status), "{reply:?}");
    assert_eq!(reply.content_type, "application/problem+json", "{reply:?}");
    for member in ["type", "title", "detail", "code", "next", "note"] {
        assert!(reply.json[member].is_string(), "{member}: {reply:?}");
    }
    assert_eq!(reply.json["status"], reply.status);
    assert_eq!(reply.json["retry"], reply.retry_after.is_some());
}

/// A body of any kind that Jira has signed.
pub fn signed(body: &str) -> Request {
    Request::post_json("/webhooks/jira", body).header(
        "X-Hub-Signature",
        hub_signature(JIRA_SECRET, body.as_bytes()),
    )
}

#[tokio::test]
async fn requests_that_no_route_takes_are_problems_too() {
    let app = TestApp::new().await;
    for (request, status, code) in [
        (Request::get("/nowhere"), 404, "not_found"),
        (Request::get("/webhooks/jira"), 405, "method_not_allowed"),
        (Request::get("/resets"), 405, "method_not_allowed"),
        (
            Request::post_json("/webhooks/unknown", "{}"),
            404,
            "no_such_source",
        ),
        (
            Request::post_json("/webhooks/No%20Such%20Source", "{}"),
            404,
            "no_such_source",
        ),
        (
            Request::post_json("/webhooks/jira/more", "{}"),
            404,
            "not_found",
        ),
        (
            Request::post_json("//webhooks/jira", "{}"),
            404,
            "not_found",
        ),
        (
            Request::post("/webhooks/jira", "{}")
                .header("Content-Type", "application/json, text/plain"),
            415,
            "not_json",
        ),
        (Request::post("/webhooks/jira", "{}"), 415, "not_json"),
        (
            Request::post("/webhooks/jira", "{}").header("Content-Type", "text/plain"),
            415,
            "not_json",
        ),
        (
            Request::post_json("/webhooks/jira", vec![b' '; 1024 * 1024 + 1]),
            413,
            "too_large",
        ),
    ] {
        let reply = app.send(request.clone()).await;
        assert_eq!(
            (reply.status, reply.code()),
            (status, code),
            "{} {}",
            request.method,
            request.path
        );
        is_a_complete_problem(&reply);
    }
    assert_eq!(app.send(Request::get("/health")).await.status, 200);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_address_with_a_slash_too_many_is_not_taken_and_the_answer_says_what_to_change() {
    let app = TestApp::new().await;
    for (path, told) in [
        (
            "//webhooks/jira",
            "It has two slashes in a row: remove one.",
        ),
        (
            "/webhooks//jira",
            "It has two slashes in a row: remove one.",
        ),
        ("/webhooks/jira/", "Remove the slash at its end."),
        ("/resets/", "Remove the slash at its end."),
        ("/resets/preview/", "Remove the slash at its end."),
    ] {
        let reply = app.send(Request::post_json(path, "{}")).await;
        reply.assert_refused(404, "not_found");
        assert!(reply.detail().ends_with(told), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn a_content_type_that_is_said_twice_is_taken() {
    let app = TestApp::new().await;
    let json = ("Content-Type", "application/json");
    let joined = "application/json,application/json; charset=utf-8";
    for request in [
        Request::post("/webhooks/jira", "{}")
            .header(json.0, json.1)
            .header(json.0, json.1),
        Request::post("/webhooks/jira", "{}").header(json.0, joined),
    ] {
        let reply = app.send(request).await;
        reply.assert_refused(401, "delivery_unauthentic");
    }
}

#[tokio::test]
async fn the_refusal_of_an_authentic_malformed_delivery_says_where_it_is_wrong() {
    let app = TestApp::new().await;
    for (body, place) in [
        ("", "line 1, column 0"),
        ("{\n \"webhookEvent\": jira", "line 2, column 18"),
        ("[]", "."),
        ("{\"webhookEvent\": 7}", "webhookEvent"),
        (
            "{\"webhookEvent\": \"jira:issue_updated\", \"issue\": {\"key\": \"../../x\"}}",
            "issue.key",
        ),
        ("{\"webhookEvent\": \"x\"} {}", "line 1, column 23"),
        (
            "{\"webhookEvent\": \"jira:issue_updated\", \"webhookEvent\": \"x\"}",
            "the name webhookEvent comes twice",
        ),
    ] {
        let reply = app.send(signed(body)).await;
        let answer = (reply.status, reply.code());
        assert_eq!(answer, (422, "delivery_unreadable"), "{body}");
        documented(&reply);
        assert!(reply.detail().contains(place), "{reply:?}");
        is_a_complete_problem(&reply);
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_name_as_long_as_a_body_makes_no_long_answer_log_line_or_notice() {
    let app = TestApp::new().await;
    let name = format!("\u{202e}\\r\\n<b>{}", "x".repeat(500_000));
    for body in [
        format!("{{\"{name}\": 1, \"{name}\": 2}}"),
        format!("{{\"webhookEvent\": \"jira:issue_updated\", \"issue\": {{\"{name}\": [}}}}"),
        format!("{{\"webhookEvent\": \"jira:issue_updated\", \"issue\": {{\"key\": \"{name}\"}}}}"),
        format!("{{\"webhookEvent\": {{\"{name}\": 7}}}}"),
    ] {
        let reply = app.send(signed(&body)).await;
        reply.assert_refused(422, "delivery_unreadable");
        assert!(
            reply.json.to_string().len() < 1500,
            "{}",
            reply.json.to_string().len()
        );
        assert!(
            !reply.json.to_string().contains(['<', '\u{202e}']),
            "{reply:?}"
        );
    }
    let trail = serde_json::to_string(&app.trail.events()).unwrap();
    assert!(
        trail.len() < 5000 && !trail.contains('<'),
        "{}",
        trail.len()
    );
    let subjects = app.security_inbox.subjects();
    assert!(subjects.iter().all(|subject| subject.len() < 100));
}

#[tokio::test]
async fn each_of_a_thousand_kinds_of_garbage_is_refused_with_a_complete_problem() {
    let app = TestApp::new().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let garbage = proptest::collection::vec(any::<u8>(), 0..400);
    let texts = "\\PC{0,200}";
    for n in 0..1000 {
        let bytes = garbage.new_tree(&mut runner).unwrap().current();
        let text = texts.new_tree(&mut runner).unwrap().current();
        let request = match n % 5 {
            0 => Request::post_json("/webhooks/jira", bytes),
            1 => signed(&text),
            2 => Request::post_json("/webhooks/servicenow", bytes)
                .header("webhook-id", "x")
                .header("webhook-timestamp", app.now().to_string())
                .header(
                    "webhook-signature",
                    "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                ),
            3 => Request::post_json("/resets", bytes)
                .header("Authorization", "Bearer eyJhbGciOiJFUzI1NiJ9.e30.AA"),
            _ => app.jira(&format!(
                "eyJ.{}.x",
                text.split_whitespace().collect::<String>().replace('.', "")
            )),
        };
        is_a_complete_problem(&app.send(request).await);
    }
    assert_eq!(app.send(Request::get("/health")).await.status, 200);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn no_secret_token_or_phone_number_is_in_any_answer_or_audit_event() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let mut output = String::new();
    for request in [
        app.jira(&approval),
        app.jira(&approval),
        app.jira(&app.approve(app.draft().target(GRACE))),
        app.jira(&app.approve(app.draft().ticket("HELP-1"))),
        signed("nonsense"),
    ] {
        output.push_str(&app.send(request).await.json.to_string());
    }
    output.push_str(&serde_json::to_string(&app.trail.events()).unwrap());
    output.push_str(&format!("{:?}", app.trail.events()));
    let (_, signature) = approval.rsplit_once('.').unwrap();
    for canary in [
        signature,
        JIRA_SECRET,
        "standard-app-secret",
        "4255550112",
        "eyJ",
    ] {
        assert!(!output.contains(canary), "{canary}");
    }
}
