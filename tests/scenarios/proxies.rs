//! A proxy answers in place of Graph, or changes what Graph says. What it says is never taken for Graph's word.

use std::time::Duration;

use serde_json::{Value, json};
use simulated::entra::Fault;

use crate::test_app::{ALEX, Document, JANE, MEGAN, Overrides, Reply, TestApp};

const ROSA: &str = "rosa.member@contoso.example";
const LONG: Duration = Duration::from_secs(3 * 60 * 60);

fn deactivating(policy: Document) -> Document {
    policy.add("tenants.contoso.rules.hardware_oath", "deactivate")
}

/// The reset of this person under these faults, and the same three hours later.
async fn reset(target: &str, faults: impl IntoIterator<Item = Fault>) -> (TestApp, Reply) {
    let app = TestApp::with_policy(deactivating).await;
    for fault in faults {
        app.tenant.fail(fault);
    }
    let delivery = app.jira(&app.approve(app.draft().target(target)));
    let mut reply = app.send(delivery.clone()).await;
    if reply.status == 202 {
        app.wait(LONG).await;
        reply = app.send(delivery).await;
    }
    (app, reply)
}

#[tokio::test]
async fn a_list_that_goes_on_under_another_name_or_counts_more_than_it_shows_makes_no_person_standard()
 {
    let elsewhere = "https://graph.microsoft.com/v1.0/next?$skiptoken=x";
    for (name, member) in [
        ("@nextLink", json!(elsewhere)),
        ("odata.nextLink", json!(elsewhere)),
        ("nextLink", json!(elsewhere)),
        ("@odata.NextLink", json!(elsewhere)),
        ("@odata.deltaLink", json!(elsewhere)),
        ("@odata.count", json!(3)),
    ] {
        for (path, target) in [
            ("transitiveMemberOf", ROSA),
            ("directory/roleAssignments?", ALEX),
            ("authentication/methods", JANE),
        ] {
            let app = TestApp::new().await;
            let member = member.clone();
            let cut = move |page: &mut Value| *page = json!({"value": [], name: member});
            app.tenant
                .fail(Fault::on("GET", path).times(u32::MAX).edit(cut));
            let reply = app.reset(app.draft().target(target)).await;
            assert_eq!(reply.state(), "waiting", "{path}, {name}: {reply:?}");
            app.assert_nothing_happened();
        }
    }
}

const PAGES: [&str; 5] = [
    "<!DOCTYPE html><title>Sign in</title>",
    r#"{"error":{"code":"x","message":"m"}}"#,
    r#"{"value":false}"#,
    r#"{"message":"blocked"}"#,
    "[]",
];

#[tokio::test]
async fn a_change_that_a_proxy_answered_with_a_page_of_its_own_is_asked_for_again() {
    for page in PAGES {
        let faults = [
            Fault::on("POST", "revokeSignInSessions").body(200, page),
            Fault::on("POST", "/deactivate").body(200, page),
            Fault::on("DELETE", "microsoftAuthenticatorMethods").body(200, page),
        ];
        let (app, reply) = reset(MEGAN, faults).await;
        reply.assert_completed();
        assert!(app.tenant.sessions_revoked(MEGAN), "{page}");
        let left = app.has(MEGAN);
        let left = left
            .iter()
            .any(|kind| kind.starts_with("microsoftAuthenticator"));
        assert!(!left, "{page}");
        let calls = app.tenant.calls();
        let asked = calls
            .iter()
            .filter(|call| call.path.ends_with("/deactivate"));
        assert_eq!(asked.count(), 2, "{page}");
    }
}

#[tokio::test]
async fn a_change_that_a_proxy_always_answers_with_a_page_of_its_own_is_never_called_done() {
    for (page, method, path) in [
        (PAGES[0], "POST", "revokeSignInSessions"),
        (PAGES[2], "POST", "revokeSignInSessions"),
        (PAGES[1], "POST", "/deactivate"),
        (PAGES[0], "DELETE", "microsoftAuthenticatorMethods"),
    ] {
        let fault = Fault::on(method, path).times(u32::MAX).body(200, page);
        let (_app, reply) = reset(MEGAN, [fault]).await;
        reply.assert_needs_human();
    }
    let fault = Fault::on("POST", "revokeSignInSessions").times(u32::MAX);
    let (_app, reply) = reset(MEGAN, [fault.body(200, PAGES[0])]).await;
    assert_eq!(reply.json["sessions"], "unknown");
}

#[tokio::test]
async fn an_answer_to_a_change_that_is_empty_or_as_documented_is_an_answer() {
    let context = "https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean";
    for body in [
        String::new(),
        json!({"@odata.context": context, "value": true}).to_string(),
        json!({"@odata.context": context}).to_string(),
    ] {
        for status in [200, 202] {
            let fault = Fault::on("POST", "revokeSignInSessions").body(status, body.clone());
            let (app, reply) = reset(JANE, [fault]).await;
            reply.assert_completed();
            let calls = app.tenant.calls();
            let asked = calls
                .iter()
                .filter(|call| call.path.ends_with("/revokeSignInSessions"));
            assert_eq!(asked.count(), 1, "{status}: {body}");
        }
    }
}

#[tokio::test]
async fn a_deletion_that_a_proxy_confirmed_and_graph_never_got_is_sent_again() {
    let fault = Fault::on("DELETE", "softwareOathMethods").body(204, "");
    let (app, reply) = reset(JANE, [fault]).await;
    reply.assert_completed();
    let left = app.has(JANE);
    let is_left = left.iter().any(|kind| kind.starts_with("softwareOath"));
    assert!(!is_left, "{left:?}");
}

#[tokio::test]
async fn a_deletion_that_a_proxy_refused_in_its_own_words_is_sent_again() {
    for status in [302, 403, 407, 421, 425] {
        let fault = Fault::on("DELETE", "softwareOathMethods").body(status, PAGES[0]);
        let (_app, reply) = reset(JANE, [fault]).await;
        reply.assert_completed();
        let removed = reply.methods("removed");
        let token = "Software OATH token".to_owned();
        assert!(removed.contains(&token), "{status}: {removed:?}");
    }
}

#[tokio::test]
async fn one_failed_look_up_of_hardware_tokens_leaves_the_reset_to_an_administrator() {
    let robin = "robin@contoso.example";
    let device = json!({"serialNumber": "AOE1510002", "status": "activated"});
    let person = json!({
        "id": "a1000000-0000-4000-8000-0000000000e1", "userPrincipalName": robin, "displayName": "Robin",
        "methods": [{"type": "softwareOath"}, {"type": "hardwareOath", "device": device}],
    });
    let tenant = |tenant: Document| tenant.push("users", person);
    let app = TestApp::build(deactivating, tenant, Overrides::default()).await;
    app.tenant
        .fail(Fault::on("GET", "hardwareOathMethods").status(503));
    let reply = app.reset(app.draft().target(robin)).await;
    reply.assert_needs_human();
    assert_eq!(reply.methods("failed"), [""; 0]);
    let kept = reply.methods("kept");
    let token = "Hardware OATH token".to_owned();
    assert!(kept.contains(&token), "{kept:?}");
}

#[tokio::test]
async fn methods_that_only_a_later_list_shows_are_not_called_registered_during_the_reset() {
    let nothing = |page: &mut Value| page["value"] = json!([]);
    let fault = Fault::on("GET", "authentication/methods").edit(nothing);
    let (app, reply) = reset(JANE, [fault]).await;
    reply.assert_needs_human();
    let note = reply.note();
    assert!(
        note.contains("Not listed when the reset began, and kept: "),
        "{note}"
    );
    assert!(!note.contains("egistered during the reset"), "{note}");
    assert!(!app.has(JANE).is_empty());
}
