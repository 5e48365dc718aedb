//! What senders do beside the documentation: Jira's webhooks without an event, with nulls, with half an emoji; bodies
//! that name a member twice, or have no status.

use std::path::Path;

use reregister_mfa::clock::Timestamp;
use reregister_mfa::webhook::{Delivery, Unreadable};
use serde_json::{Value, json};
use simulated::senders::signatures::standard_webhooks_signature;

use crate::captures::{KEY, asked_by};
use crate::{headers, receive, secret, source};

const FIELD: &str = "customfield_10900";
const APPROVAL: &str = "eyJa.b.c";

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/senders");
    let text = std::fs::read_to_string(folder.join(format!("jira-{name}.json"))).unwrap();
    text.replace("<APPROVAL>", APPROVAL)
}

fn jira(body: &str) -> Option<Delivery> {
    let more = format!("approvals_field = \"{FIELD}\"");
    asked_by(body.as_bytes(), "10042", &more)
}

/// What a delivery of Jira Automation asks for, where the status 10042 means approved.
fn automation(body: &str) -> Result<Option<Delivery>, Unreadable> {
    let more = format!("approvals_field = \"{FIELD}\"");
    let source = source(".secret_header.header = \"X-Secret\"", "10042", &more);
    let headers = headers([("x-secret", KEY)]);
    let body = body.as_bytes();
    receive(&source, &headers, body, &secret(KEY), Timestamp::now()).unwrap()
}

/// The same of ServiceNow, where the state `approved` does.
fn servicenow(body: &[u8]) -> Result<Option<Delivery>, Unreadable> {
    let source = source(
        ".standard_webhooks.tolerance = \"5m\"",
        "approved",
        "user_field = \"requested_for\"",
    );
    let now = Timestamp::now();
    let key = "whsec_ZGV2ZWxvcG1lbnQgb25seTogdGhlIHNlY3JldCBvZiBTZXJ2aWNlTm93";
    let at = now.as_second();
    let signature = standard_webhooks_signature(key, "msg-1", at, body).unwrap();
    let headers = headers([
        ("webhook-id", "msg-1"),
        ("webhook-timestamp", at.to_string().as_str()),
        ("webhook-signature", signature.as_str()),
    ]);
    receive(&source, &headers, body, &secret(key), now).unwrap()
}

fn place(read: Result<Option<Delivery>, Unreadable>) -> String {
    match read {
        Err(Unreadable::Shape { at }) => at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_of_jira_that_differ_from_the_documentation_ask_for_what_they_mean() {
    for asks in [
        "created-approved-data-center",
        "workflow-post-function",
        "half-an-emoji-in-summary",
    ] {
        let delivery = jira(&file(asks)).unwrap();
        assert_eq!(delivery.approvals, [APPROVAL], "{asks}");
        assert_eq!(delivery.ticket.to_string(), "HELP-42", "{asks}");
    }
    for asks_for_nothing in ["comment-with-null-changelog", "other-project"] {
        assert_eq!(jira(&file(asks_for_nothing)), None, "{asks_for_nothing}");
    }
}

#[test]
fn a_post_function_asks_only_if_its_transition_leads_to_the_approved_status_that_the_ticket_has() {
    let event: Value = serde_json::from_str(&file("workflow-post-function")).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut event = event.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        jira(&event.to_string())
    };
    assert!(changed("/transition/transitionName", Value::Null).is_some());
    // It runs before the status changes: the ticket leaves the approved status.
    assert_eq!(changed("/transition/to_status", json!("Cancelled")), None);
    assert_eq!(changed("/transition/to_status", Value::Null), None);
    assert_eq!(changed("/issue/fields/status/id", json!("10041")), None);
    assert_eq!(changed("/transition", Value::Null), None);
    assert_eq!(changed("/issue", Value::Null), None);
}

#[test]
fn null_is_as_good_as_missing_wherever_jira_may_put_one() {
    let update: Value =
        serde_json::from_str(&file("half-an-emoji-in-summary").replace("\\ud83d", "")).unwrap();
    for pointer in [
        "/changelog",
        "/changelog/items",
        "/changelog/items/0",
        "/issue/fields",
        "/issue",
    ] {
        let mut event = update.clone();
        *event.pointer_mut(pointer).unwrap() = Value::Null;
        assert_eq!(jira(&event.to_string()), None, "{pointer}");
    }
    for pointer in ["/changelog/items/0/fieldId", "/changelog/items/0/from"] {
        let mut event = update.clone();
        *event.pointer_mut(pointer).unwrap() = Value::Null;
        assert!(jira(&event.to_string()).is_some(), "{pointer}");
    }
}

#[test]
fn a_rule_of_jira_automation_asks_only_with_a_status_that_means_approved() {
    let issue =
        |status: Value| json!({"key": "HELP-42", "fields": {"status": status, FIELD: APPROVAL}});
    let (approved, waiting) = (
        json!({"id": 10042}),
        json!({"id": "10041", "name": "Waiting"}),
    );
    for wrap in [|issue: Value| json!({"issue": issue}), |issue: Value| issue] {
        let send = |status: &Value| automation(&wrap(issue(status.clone())).to_string());
        let delivery = send(&approved).unwrap().unwrap();
        assert_eq!(delivery.approvals, [APPROVAL]);
        assert_eq!(send(&waiting).unwrap(), None);
        assert!(place(send(&Value::Null)).ends_with("fields.status"));
    }
    let short = |status: &str| json!({"ticket": "HELP-42", "status": status, FIELD: APPROVAL});
    assert!(automation(&short("10042").to_string()).unwrap().is_some());
    assert_eq!(automation(&short("10041").to_string()).unwrap(), None);
}

#[test]
fn an_approvals_field_that_is_emptied_asks_for_nothing() {
    let update = file("half-an-emoji-in-summary").replace("\\ud83d", "");
    let asks = |now: Value| {
        let mut event: Value = serde_json::from_str(&update).unwrap();
        event["changelog"]["items"] = json!([
            {"field": "Approval", "fieldId": FIELD, "fromString": "x", "toString": now}
        ]);
        jira(&event.to_string()).is_some()
    };
    assert!(asks(json!(APPROVAL)));
    for emptied in [Value::Null, json!(""), json!(" \n")] {
        assert!(!asks(emptied));
    }
}

#[test]
fn a_fault_is_named_as_the_sender_wrote_it() {
    let named = |body: Value| match automation(&body.to_string()) {
        Err(Unreadable::NoUser { field }) => field,
        other => place(other),
    };
    for (person, field) in [("user", "user"), ("requested_for", "requested_for")] {
        let body = json!({"ticket": "HELP-42", "status": "10042", person: "", FIELD: APPROVAL});
        assert_eq!(named(body), field);
    }
    for ticket in ["ticket", "number"] {
        let body = json!({ticket: "", "status": "10042", FIELD: APPROVAL});
        assert_eq!(named(body), ticket);
    }
}

#[test]
fn a_body_that_can_never_mean_anything_is_named_for_the_rule_to_print() {
    for (body, at) in [
        ("{}", "state"),
        (r#"{"issue": null}"#, "state"),
        (r#"{"issue": {"fields": {}}}"#, "issue.key"),
        (r#"{"issue": {"key": "HELP-42"}}"#, "issue.fields.status"),
        (r#"{"issue": "HELP-42"}"#, "issue"),
        (r#"{"status": "10042"}"#, "number"),
        ("{{issue.toJson}}", "line 1, column 2, where it is not JSON"),
        ("", "line 1, column 0, where it is not JSON"),
    ] {
        assert_eq!(place(automation(body)), at, "{body}");
    }
}

#[test]
fn a_member_that_comes_twice_is_refused_and_what_is_not_read_may_be_odd() {
    let good =
        r#""number": "RITM1", "requested_for": "jane@contoso.com", "approvals": ["eyJa.b.c"]"#;
    let read = |more: &str| servicenow(format!("{{{good}, {more}}}").as_bytes());
    for odd in [
        r#""state": "approved", "short_description": "New phone \ud83d""#,
        r#""state": "approved", "\udc00": 1e999, "x": {"y": 1, "y": 2}"#,
    ] {
        assert_eq!(read(odd).unwrap().unwrap().approvals, [APPROVAL], "{odd}");
    }
    let mut bytes = format!("{{{good}, \"state\": \"approved\", \"latin\": \"").into_bytes();
    bytes.extend(b"M\xfcller\"}");
    assert!(servicenow(&bytes).unwrap().is_some());
    for twice in [
        r#""state": "new", "state": "approved""#,
        r#""state": "approved", "stat\u0065": "approved""#,
        r#""state": "approved", "requested_for": "adele@contoso.com""#,
        r#""state": "approved", "approvals": []"#,
    ] {
        assert!(place(read(twice)).contains("comes twice"), "{twice}");
    }
    let issue =
        r#"{"issue": {"key": "HELP-42", "fields": {"status": {"id": "10041", "id": "10042"}}}}"#;
    assert!(place(automation(issue)).starts_with("issue.fields.status, where the name id"));
    assert!(place(servicenow(b"[]")).starts_with('.'));
}
