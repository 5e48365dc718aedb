use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use simulated::approval::Draft;
use simulated::issuer::Issuer;
use simulated::senders::signatures::{hub_signature, standard_webhooks_signature};

use crate::{TestDir, text};

const SECRET: &str = "correct horse battery staple and more";

fn approval() -> String {
    Issuer::es256("issuer", "k").approve(&Draft::new(1_790_000_000))
}

/// A directory with the secret as text in `raw`, as Secrets Manager's JSON in `json`, and an approval in `approval`.
fn test_dir() -> (TestDir, String) {
    let (dir, token) = (TestDir::new(), approval());
    dir.write("approval", &format!("{token}\n"));
    dir.write("raw", &format!("{SECRET}\n"));
    dir.write(
        "json",
        &format!(r#"{{"current": "{SECRET}", "previous": "old"}}"#),
    );
    (dir, token)
}

fn event(dir: &TestDir, arguments: &str) -> Value {
    let output = dir.run(&format!("event {arguments}"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn body(event: &Value) -> Value {
    serde_json::from_str(event["body"].as_str().unwrap()).unwrap()
}

#[test]
fn a_jira_event_is_a_signed_transition_to_the_approved_status_with_the_approval_in_the_field() {
    let (dir, token) = test_dir();
    let event = event(
        &dir,
        "--source jira --secret-file json --approval approval --path /webhooks/desk \
         --approved-status-id 7 --approved-status-name Done --field customfield_1",
    );
    assert_eq!(event["rawPath"], "/webhooks/desk");
    assert_eq!(event["requestContext"]["http"]["method"], "POST");
    let signature = hub_signature(SECRET, event["body"].as_str().unwrap().as_bytes());
    assert_eq!(event["headers"]["x-hub-signature"], signature.as_str());
    let body = body(&event);
    assert_eq!(body["issue"]["key"], "ITSD-1042", "from the approval");
    assert_eq!(body["issue"]["fields"]["customfield_1"], token.as_str());
    assert_eq!(body["issue"]["fields"]["status"]["name"], "Done");
    assert_eq!(body["changelog"]["items"][0]["to"], "7");
}

#[test]
fn a_servicenow_event_is_signed_now_over_id_time_and_body() {
    let ((dir, token), second) = (test_dir(), approval());
    dir.write("second", &second);
    let event = event(
        &dir,
        "--source servicenow --secret-file raw --approval approval --approval second",
    );
    let headers = &event["headers"];
    let at: i64 = headers["webhook-timestamp"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((jiff::Timestamp::now().as_second() - at).abs() < 60);
    let signature = standard_webhooks_signature(
        &STANDARD.encode(SECRET),
        headers["webhook-id"].as_str().unwrap(),
        at,
        event["body"].as_str().unwrap().as_bytes(),
    );
    assert_eq!(headers["webhook-signature"], signature.unwrap().as_str());
    let body = body(&event);
    assert_eq!(body["number"], "ITSD-1042");
    assert_eq!(body["requested_for"], "adele@contoso.example");
    assert_eq!(body["approvals"], json!([token, second]));
}

#[test]
fn a_whsec_secret_is_the_base64_key_behind_the_prefix_and_no_secret_for_jira() {
    let (dir, _) = test_dir();
    let key = STANDARD.encode("thirty-two bytes, more or less ok");
    dir.write("secret", &format!("whsec_{key}"));
    let event = event(
        &dir,
        "--source servicenow --secret-file secret --approval approval",
    );
    let headers = &event["headers"];
    let signature = standard_webhooks_signature(
        &key,
        headers["webhook-id"].as_str().unwrap(),
        headers["webhook-timestamp"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap(),
        event["body"].as_str().unwrap().as_bytes(),
    );
    assert_eq!(headers["webhook-signature"], signature.unwrap().as_str());
    let refusal = dir.refusal("event --source jira --secret-file secret --approval approval");
    assert!(refusal.contains("Standard Webhooks"), "{refusal}");
}

#[test]
fn an_automation_event_carries_the_secret_in_the_header_that_was_named() {
    let (dir, token) = test_dir();
    let event = event(
        &dir,
        "--source jira-automation --secret-file raw --approval approval --header X-Reset --ticket IT-9",
    );
    assert_eq!(event["headers"]["x-reset"], SECRET);
    assert_eq!(body(&event)["issue"]["key"], "IT-9");
    assert_eq!(
        body(&event)["issue"]["fields"]["customfield_10123"],
        token.as_str()
    );
}

#[test]
fn an_on_call_event_bears_the_approval_and_needs_no_secret() {
    let (dir, token) = test_dir();
    let event = event(&dir, "--source on-call --approval approval");
    assert_eq!(event["rawPath"], "/resets");
    assert_eq!(
        event["headers"]["authorization"],
        format!("Bearer {token}").as_str()
    );
    assert_eq!(event.get("body"), None);
}

#[test]
fn an_event_that_could_not_be_genuine_is_refused_before_anything_is_printed() {
    let (dir, _) = test_dir();
    dir.write("keyless", r#"{"previous": "x"}"#);
    dir.write("empty", "\n");
    dir.write("junk", "no approval");
    dir.write("opaque", "a.b.c");
    for (arguments, why) in [
        ("--source jira --approval approval", "--secret-file"),
        ("--source jira --secret-file raw", "--approval"),
        (
            "--source jira --secret-file keyless --approval approval",
            "has no \"current\"",
        ),
        (
            "--source jira --secret-file empty --approval approval",
            "is empty",
        ),
        (
            "--source jira --secret-file raw --approval junk",
            "junk is not an approval",
        ),
        (
            "--source jira --secret-file raw --approval opaque",
            "--ticket is missing",
        ),
        (
            "--source on-call --approval approval --approval opaque --approval opaque",
            "more than twice",
        ),
    ] {
        let refusal = dir.refusal(&format!("event {arguments}"));
        assert!(refusal.contains(why), "{arguments}\n{refusal}");
    }
}

#[test]
fn an_approval_on_the_command_line_is_refused_and_not_repeated() {
    let (dir, token) = test_dir();
    let refusal = dir.refusal(&format!("event --source on-call --approval {token}"));
    assert!(refusal.contains("the name of a file"), "{refusal}");
    for part in token.split('.') {
        assert!(!refusal.contains(part), "{refusal}");
    }
}
