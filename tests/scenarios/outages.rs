//! Graph, Secrets Manager or an issuer's keys are not available. Before the claim nothing is used up; after it the work
//! goes on, and the outcome says what is not confirmed.

use std::time::Duration;

use serde_json::json;
use simulated::entra::{Fault, Method};

use crate::documented::{Rows, documented};
use crate::log;
use crate::test_app::{ALEX, JANE, TestApp};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// Graph answers every read with 503.
fn graph_down() -> Fault {
    Fault::on("GET", "").times(u32::MAX).status(503)
}

#[tokio::test]
async fn a_403_from_graph_during_the_check_is_a_misconfiguration() {
    let app = TestApp::new().await;
    app.tenant
        .grant(&["User.Read.All", "UserAuthenticationMethod.Read.All"]);
    let reply = app.reset(app.draft()).await;
    reply.assert_waiting("misconfigured");
    assert!(reply.retry_after.is_some());
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_group_whose_properties_are_null_does_not_count_as_ordinary() {
    let app = TestApp::new().await;
    app.tenant.grant(&[
        "User.Read.All",
        "UserAuthenticationMethod.Read.All",
        "RoleManagement.Read.Directory",
    ]);
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_waiting("misconfigured");
    documented(&reply);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn while_graph_throttles_the_check_it_is_not_asked_and_then_asked_again() {
    let app = TestApp::new().await;
    let throttled = Fault::on("GET", "transitiveMemberOf").times(1);
    app.tenant.fail(throttled.throttle(Some(120)));
    let reply = app.reset(app.draft()).await;
    reply.assert_waiting("directory_unavailable");
    documented(&reply);
    app.assert_nothing_happened();

    app.tenant.forget_calls();
    // Of the two messages the first comes when Graph may be asked again.
    app.lose_messages_before(Duration::from_secs(100));
    app.wait(Duration::from_secs(119)).await;
    assert_eq!(app.tenant.calls().len(), 0);
    app.wait(MINUTE).await;
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
}

#[tokio::test]
async fn a_short_throttling_of_the_check_only_delays_the_answer() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("GET", "roleAssignments").throttle(Some(2)));
    app.reset(app.draft()).await.assert_completed();
}

#[tokio::test]
async fn a_run_whose_time_the_check_has_used_up_does_not_begin_and_the_next_one_does() {
    let app = TestApp::new().await;
    // Of the 15 seconds that Jira waits, 10 are over when the check is.
    for (path, seconds) in [
        ("/users/jane", 5),
        ("roleAssignments", 4),
        ("authentication/methods", 1),
    ] {
        app.tenant
            .fail(Fault::on("GET", path).throttle(Some(seconds)));
    }
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    reply.assert_waiting("out_of_time");
    documented(&reply);
    app.assert_nothing_happened();
    app.wait(MINUTE).await;
    app.send(delivery).await.assert_completed();
}

#[tokio::test]
async fn an_answer_that_is_no_json_or_never_ends_is_an_outage() {
    let members = Fault::on("GET", "transitiveMemberOf").times(9);
    let methods = Fault::on("GET", "authentication/methods").times(9);
    let users = Fault::on("GET", "/users/").times(99);
    for fault in [
        members.clone().garbage(),
        members.huge(),
        methods.non_graph_body(404),
        users.non_graph_body(404),
    ] {
        let app = TestApp::new().await;
        app.tenant.fail(fault);
        let reply = app.reset(app.draft()).await;
        reply.assert_waiting("directory_unavailable");
        app.assert_nothing_happened();
    }
}

#[tokio::test]
async fn an_approval_that_met_an_outage_is_as_good_as_before() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    let outage = Fault::on("GET", "roleAssignments").times(3);
    app.tenant.fail(outage.status(503));
    assert_eq!(app.send(delivery.clone()).await.status, 202);
    // Sent again at once it is not tried at once: Graph is not asked more often because a sender repeats itself.
    let calls = app.tenant.calls().len();
    assert_eq!(app.send(delivery.clone()).await.status, 202);
    assert_eq!(app.tenant.calls().len(), calls);
    app.clock.pass(Duration::from_secs(2));
    app.send(delivery).await.assert_completed();
}

#[tokio::test]
async fn an_outage_of_graph_for_the_whole_first_request_ends_in_one_outcome_without_a_second_delivery()
 {
    let rows = Rows::of_this_scenario();
    let person = "a standard person, while Entra does not answer for the whole first request";
    let app = TestApp::new().await;
    app.tenant.fail(graph_down());
    let delivery = app.jira(&app.approve(app.draft().expires_at(app.now() + 600)));
    let first = app.send(delivery.clone()).await;
    first.assert_waiting("directory_unavailable");
    rows.show(person, "one that expires meanwhile", &first);
    app.wait(40 * MINUTE).await;
    app.assert_nothing_happened();

    // The approval has expired meanwhile: it is judged as of the moment when it arrived.
    app.tenant.mend();
    app.wait(10 * MINUTE).await;
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
    assert_eq!(app.has(JANE).len(), 2);
    let last = app.send(delivery).await;
    assert_eq!(last.reset(), first.reset());
    rows.show(person, "one that expires meanwhile; afterwards", &last);
}

#[tokio::test]
async fn an_outage_of_graph_for_two_hours_ends_with_a_note_that_nothing_was_removed() {
    let rows = Rows::of_this_scenario();
    let person = "a standard person, while Entra does not answer for two hours";
    let app = TestApp::new().await;
    app.tenant.fail(graph_down());
    let approval = app.approve(app.draft());
    let first = app.send(app.jira(&approval)).await;
    rows.show(person, "one", &first);
    app.wait(3 * HOUR).await;
    assert_eq!(app.queue_length(), 0);
    assert_eq!(app.decisions(), ["refused directory_unavailable"]);
    assert!(app.nothing_claimed());
    let read = app.read(first.reset(), &approval).await;
    read.assert_needs_human();
    rows.show(person, "one; afterwards", &read);
    insta::assert_snapshot!(
        read.note(),
        @"MFA re-registration was NOT done. It was retried for two hours. Microsoft Entra does not answer. Nothing was removed and no sessions were revoked. An administrator has to find the cause. Then get a new approval: this one has expired."
    );
}

#[tokio::test]
async fn throttling_during_the_removals_only_delays_them() {
    let app = TestApp::new().await;
    for fault in [
        Fault::on("DELETE", "softwareOathMethods").throttle(Some(3)),
        Fault::on("DELETE", "phoneMethods").times(2).status(503),
        Fault::on("POST", "revokeSignInSessions").status(500),
    ] {
        app.tenant.fail(fault);
    }
    app.reset(app.draft()).await.assert_completed();
    assert_eq!(app.has(JANE).len(), 2);
}

#[tokio::test]
async fn after_a_lost_answer_the_methods_are_listed_before_anything_is_sent_again() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("DELETE", "softwareOathMethods").lose_answer());
    app.tenant
        .fail(Fault::on("DELETE", "phoneMethods").lose_request());
    app.reset(app.draft()).await.assert_completed();
    let writes = app.writes().into_iter();
    let software = writes.filter(|write| write.contains("softwareOath"));
    assert_eq!(software.count(), 1, "it was gone, so it was deleted once");
}

#[tokio::test]
async fn a_method_counts_as_removed_only_when_the_list_agrees_with_the_answer() {
    let app = TestApp::new().await;
    app.tenant.set_deletion_lag(2);
    app.reset(app.draft()).await.assert_completed();

    let app = TestApp::new().await;
    app.tenant.set_deletion_lag(u32::MAX);
    let delivery = app.jira(&app.approve(app.draft()));
    app.send(delivery.clone()).await.assert_running();
    app.wait(3 * HOUR).await;
    let reply = app.send(delivery).await;
    reply.assert_needs_human();
    assert!(!reply.methods("unknown").is_empty());
    assert_eq!(reply.methods("removed"), [""; 0]);
    assert!(reply.note().contains("NOT complete"));
}

#[tokio::test]
async fn a_removal_that_is_not_allowed_is_named_and_does_not_stop_the_others() {
    let app = TestApp::new().await;
    let refused = Fault::on("DELETE", "softwareOathMethods").times(9);
    app.tenant.fail(refused.status(403));
    let reply = app.reset(app.draft()).await;
    reply.assert_needs_human();
    let (failed, removed) = (reply.methods("failed"), reply.methods("removed"));
    assert!(failed.contains(&"Software OATH token".to_owned()));
    assert!(removed.contains(&"Mobile phone".to_owned()));
    assert_eq!(reply.json["can_register"], "no");
}

#[tokio::test]
async fn a_method_that_is_registered_meanwhile_is_left_and_reported() {
    let app = TestApp::new().await;
    app.tenant.on_write(|nth, tenant| {
        if nth == 2 {
            tenant.register(JANE, Method::authenticator("Not Jane's phone"));
        }
    });
    let reply = app.reset(app.draft()).await;
    assert_eq!(
        reply.methods("appeared"),
        ["Microsoft Authenticator"],
        "{reply:?}"
    );
    assert!(app.has(JANE).contains(&"microsoftAuthenticator".to_owned()));
    assert_ne!(reply.json["can_register"], "yes");
    assert!(reply.warnings().contains(&"method_appeared"));
}

#[tokio::test]
async fn a_rotated_graph_secret_is_fetched_again_and_a_wrong_one_is_a_misconfiguration() {
    log::start();
    let app = TestApp::new().await;
    app.tenant.set_secret("rotated");
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    reply.assert_waiting("misconfigured");
    app.assert_nothing_happened();
    let logged = log::lines_with("\"error_code\":7000215");
    let advice = "\"advice\":\"The client secret is wrong. Put its value, not its id, into Secrets Manager.\"";
    assert!(logged.contains(advice), "{logged}");

    let client_id = "0b1c2d3e-4f50-4162-8738-495a6b7c8d9e";
    let rotated = json!({"client_id": client_id, "client_secret": "rotated"});
    app.set_secret("sandbox/graph", rotated);
    app.clock.pass(Duration::from_secs(2));
    app.send(delivery).await.assert_completed();
}

#[tokio::test]
async fn a_token_that_graph_no_longer_accepts_is_renewed() {
    let app = TestApp::new().await;
    app.reset(app.draft().target(ALEX)).await.assert_completed();
    app.tenant.expire_tokens();
    app.reset(app.draft()).await.assert_completed();
}

#[tokio::test]
async fn a_missing_webhook_secret_disables_its_source_alone_and_is_not_named_to_the_sender() {
    let app = TestApp::new().await;
    app.remove_secret("sandbox/jira");
    let reply = app.reset(app.draft()).await;
    reply.assert_refused(503, "misconfigured");
    documented(&reply);
    assert!(!reply.json.to_string().contains("sandbox/jira"));
    app.assert_nothing_happened();

    let approval = app.approve(app.draft().ticket("RITM1"));
    let request = app.servicenow("RITM1", JANE, &approval);
    app.send(request).await.assert_completed();
}

#[tokio::test]
async fn while_secrets_cannot_be_fetched_nothing_is_accepted_and_the_sender_may_try_again() {
    let app = TestApp::new().await;
    app.secrets.set_down(true);
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    reply.assert_refused(503, "secrets_unavailable");
    documented(&reply);
    assert_eq!(reply.retry_after, Some(30));
    app.assert_nothing_happened();
    assert!(app.store.is_empty());

    app.secrets.set_down(false);
    app.send(delivery).await.assert_completed();
}

#[tokio::test]
async fn while_the_keys_of_an_issuer_cannot_be_fetched_a_ticket_waits_and_on_call_is_refused() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    app.withdraw_keys();
    let delivery = app.jira(&app.approve(app.draft()));
    let waits = app.send(delivery.clone()).await;
    waits.assert_waiting("keys_unavailable");
    let person = "a standard person, while the issuer's keys cannot be fetched";
    rows.show(person, "one", &waits);

    let approval = app.approve_on_call(app.on_call_draft());
    let on_call = app.reset_on_call(&approval).await;
    on_call.assert_refused(503, "keys_unavailable");
    let person = "a standard person, on call, while the issuer's keys cannot be fetched";
    rows.show(person, "one", &on_call);
    app.assert_nothing_happened();

    app.publish_keys();
    app.wait(MINUTE).await;
    app.send(delivery).await.assert_completed();
}

#[tokio::test]
async fn another_reset_of_the_same_person_waits_until_the_first_is_over() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("POST", "revokeSignInSessions").hang());
    let first = app.jira(&app.approve(app.draft()));
    let second = app.servicenow("RITM1", JANE, &app.approve(app.draft().ticket("RITM1")));
    let stuck = tokio::time::timeout(Duration::from_millis(700), app.send(first)).await;
    assert!(stuck.is_err(), "the first is stuck in Graph");
    let reply = app.send(second).await;
    reply.assert_waiting("target_busy");
    documented(&reply);
    assert!(reply.retry_after.is_some());
}
