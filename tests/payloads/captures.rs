//! What Jira really sends, Cloud and Data Center, old and new: read without a complaint, and acted upon only
//! where it asks for something.

use std::path::Path;

use axum::body::to_bytes;
use reregister_mfa::aws::function_url::{self, FunctionUrlError};
use reregister_mfa::clock::Timestamp;
use reregister_mfa::webhook::Delivery;
use serde_json::Value;
use simulated::senders::signatures::hub_signature;

use crate::{headers, receive, secret, source};

pub const KEY: &str = "It's a Secret to Everybody, and long enough";

/// What the delivery of this capture asks for, where this status means approved.
fn asked(file: &Path, approved: &str, more: &str) -> Option<Delivery> {
    let body = std::fs::read(file).unwrap();
    asked_by(&body, approved, more)
}

pub fn asked_by(body: &[u8], approved: &str, more: &str) -> Option<Delivery> {
    let signature = hub_signature(KEY, body);
    let headers = headers([("x-hub-signature", signature.as_str())]);
    let source = source(" = \"jira_webhook\"", approved, more);
    receive(&source, &headers, body, &secret(KEY), Timestamp::now())
        .expect("genuine")
        .expect("readable")
}

fn captures() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/jira");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_capture_is_read_and_none_asks_for_anything_where_its_status_means_nothing() {
    let files = captures();
    assert_eq!(files.len(), 17);
    for file in files {
        assert_eq!(asked(&file, "99999", ""), None, "{}", file.display());
    }
}

#[test]
fn a_capture_asks_if_it_is_the_one_that_brought_the_approved_status() {
    let asking = |approved: &str| -> Vec<String> {
        captures()
            .into_iter()
            .filter(|file| asked(file, approved, "approvals_field = \"summary\"").is_some())
            .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        asking("10002"),
        ["mattermost__webhook-issue-updated-resolved"]
    );
    assert_eq!(
        asking("5"),
        ["mattermost__webhook-server-issue-updated-resolved"]
    );
    assert_eq!(
        asking("In Progress"),
        [
            "mattermost__webhook-issue-updated-started-working",
            "mattermost__webhook-server-issue-updated-in-progress",
        ]
    );
    // Assigned, commented on, edited while it was To Do: only its creation and its return to To Do ask.
    assert_eq!(
        asking("10001"),
        [
            "mattermost__webhook-issue-created",
            "mattermost__webhook-issue-updated-reopened"
        ]
    );
}

#[test]
fn a_custom_field_is_found_by_its_id_and_not_by_a_name_that_two_fields_share() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/jira/mattermost__webhook-issue-updated-multiple-custom-fields.json");
    let field = |id: &str| asked(&file, "10001", &format!("approvals_field = \"{id}\""));
    assert!(field("customfield_10001").is_some());
    assert!(field("customfield_10003").is_none());
    assert!(field("Field Name").is_none());
}

#[test]
fn an_approval_between_other_words_is_found_and_the_ticket_is_named() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/jira/mattermost__webhook-issue-updated-resolved.json");
    let mut event: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    event["issue"]["fields"]["customfield_9"] =
        "Approved by Sam:\n\teyJa.b.c  and\r\neyJd.e.f".into();
    let delivery = asked_by(
        event.to_string().as_bytes(),
        "10002",
        "approvals_field = \"customfield_9\"",
    )
    .unwrap();
    assert_eq!(delivery.approvals, ["eyJa.b.c", "eyJd.e.f"]);
    assert_eq!(delivery.ticket.to_string(), "TES-41");
}

#[test]
fn a_person_in_the_ticket_is_a_text_or_a_user_with_an_address() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/jira/mattermost__webhook-issue-updated-resolved.json");
    let event: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for value in [
        serde_json::json!("jane@contoso.com"),
        serde_json::json!({"accountId": "x", "emailAddress": "jane@contoso.com"}),
    ] {
        let mut event = event.clone();
        event["issue"]["fields"]["customfield_8"] = value;
        let delivery = asked_by(
            event.to_string().as_bytes(),
            "10002",
            "user_field = \"customfield_8\"\napprovals_field = \"summary\"",
        )
        .unwrap();
        assert_eq!(delivery.user.unwrap().to_string(), "jane@contoso.com");
    }
}

fn lambda_event(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lambda");
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

#[test]
fn the_events_of_lambda_that_others_recorded_are_requests_or_are_named_as_of_another_service() {
    let read = |name: &str| function_url::request(&lambda_event(name));
    for name in [
        "lambda_http-1.3.2__lambda_function_url_request.json",
        "lambda_http-1.3.2__apigw_v2_proxy_request.json",
        "lambda_http-1.3.2__apigw_v2_proxy_request_minimal.json",
        "lambda_http-1.3.2__apigw_v2_sam_local.json",
    ] {
        assert!(read(name).is_ok(), "{name}: {:?}", read(name));
    }
    for name in [
        "lambda_http-1.3.2__alb_multi_value_request.json",
        "lambda_http-1.3.2__apigw_multi_value_proxy_request.json",
    ] {
        let error = read(name).unwrap_err();
        assert_eq!(error, FunctionUrlError::OtherService, "{name}");
    }
}

#[tokio::test]
async fn the_same_capture_through_a_function_url_is_the_same_bytes_as_text_and_as_base64() {
    let request = async |name: &str| {
        let (parts, body) = function_url::request(&lambda_event(name))
            .unwrap()
            .into_parts();
        (parts.headers, to_bytes(body, usize::MAX).await.unwrap())
    };
    let (headers, text) = request("derived__function-url__jira-signed__text.json").await;
    let (_, base64) = request("derived__function-url__jira-signed__base64.json").await;
    assert_eq!(text, base64);
    let signature = hub_signature("It's a Secret to Everybody", &text);
    assert_eq!(headers["x-hub-signature"], signature.as_str());

    // Lambda joins duplicate headers with a comma: that is no signature.
    let (twice, _) = request("derived__function-url__jira-signed__duplicate-header.json").await;
    let source = source(" = \"jira_webhook\"", "x", "");
    let name = reregister_mfa::ids::Label::try_from("s").unwrap();
    assert!(source.parse(&name, &twice, b"").is_err());
}
