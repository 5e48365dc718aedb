//! Graph, Secrets Manager or the ledger do not answer. Before the claim nothing is consumed; after it the
//! work goes only forward, and what is not confirmed is said to be so.

use std::time::Duration;

use simulated::entra::{Fault, Method};

use crate::test_app::{JANE, TestApp};

const JANES_ID: &str = "a1000000-0000-4000-8000-00000000000b";

#[tokio::test]
async fn graph_answering_403_during_the_check_is_our_misconfiguration() {
    let app = TestApp::new().await;
    app.tenant
        .grant(&["User.Read.All", "UserAuthenticationMethod.Read.All"]);
    let reply = app.reset(app.draft()).await;
    assert_eq!((reply.status, reply.code()), (202, "misconfigured"));
    assert!(reply.retry_after.is_some());
    app.assert_nothing_happened();
}

#[tokio::test]
async fn groups_that_come_back_as_nulls_are_not_ordinary_groups() {
    let app = TestApp::new().await;
    app.tenant.grant(&[
        "User.Read.All",
        "UserAuthenticationMethod.Read.All",
        "RoleManagement.Read.Directory",
    ]);
    let reply = app
        .reset(app.draft().target("alex.wilber@contoso.example"))
        .await;
    assert_eq!((reply.status, reply.code()), (202, "misconfigured"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn graph_throttling_the_check_is_left_alone_for_as_long_as_it_asks_and_then_asked_again() {
    let app = TestApp::new().await;
    app.tenant.fail(
        Fault::on("GET", "transitiveMemberOf")
            .times(1)
            .throttle(Some(120)),
    );
    let reply = app.reset(app.draft()).await;
    assert_eq!((reply.status, reply.code()), (202, "directory_unavailable"));
    assert_eq!(reply.json["state"], "waiting");
    app.assert_nothing_happened();

    app.tenant.forget_calls();
    // Of the two messages the first comes when Graph may be asked again.
    app.lose_messages_before(Duration::from_secs(100));
    app.wait(Duration::from_secs(119)).await;
    assert_eq!(app.tenant.calls().len(), 0);
    app.wait(Duration::from_secs(60)).await;
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
}

#[tokio::test]
async fn a_short_throttling_of_the_check_is_waited_out() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("GET", "roleAssignments").throttle(Some(2)));
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
}

#[tokio::test]
async fn an_answer_that_is_no_json_or_never_ends_is_an_outage() {
    for fault in [
        Fault::on("GET", "transitiveMemberOf").times(9).garbage(),
        Fault::on("GET", "transitiveMemberOf").times(9).huge(),
        Fault::on("GET", "authentication/methods")
            .times(9)
            .non_graph_body(404),
        Fault::on("GET", "/users/").times(99).non_graph_body(404),
    ] {
        let app = TestApp::new().await;
        app.tenant.fail(fault);
        let reply = app.reset(app.draft()).await;
        assert_eq!((reply.status, reply.code()), (202, "directory_unavailable"));
        app.assert_nothing_happened();
    }
}

#[tokio::test]
async fn an_approval_that_met_an_outage_is_as_good_as_before() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    app.tenant
        .fail(Fault::on("GET", "roleAssignments").times(3).status(503));
    assert_eq!(app.send(delivery.clone()).await.status, 202);
    // Sent again at once it is not tried at once: a sender who hammers does not make us hammer Graph.
    let calls = app.tenant.calls().len();
    assert_eq!(app.send(delivery.clone()).await.status, 202);
    assert_eq!(app.tenant.calls().len(), calls);
    app.clock.pass(Duration::from_secs(2));
    assert_eq!(app.send(delivery).await.json["state"], "completed");
}

#[tokio::test]
async fn graph_down_for_the_whole_first_request_still_ends_in_one_outcome_with_no_second_delivery()
{
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("GET", "").times(u32::MAX).status(503));
    let delivery = app.jira(&app.approve(app.draft().expires_at(app.now() + 600)));
    let first = app.send(delivery.clone()).await;
    assert_eq!((first.status, first.code()), (202, "directory_unavailable"));
    app.wait(Duration::from_secs(40 * 60)).await;
    app.assert_nothing_happened();

    // The approval has expired in between: it is judged as of the moment when it came.
    app.tenant.mend();
    app.wait(Duration::from_secs(10 * 60)).await;
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
    assert_eq!(app.has(JANE).len(), 2);
    let last = app.send(delivery).await;
    assert_eq!(last.json["reset"], first.json["reset"]);
    assert_eq!(last.json["state"], "completed");
}

#[tokio::test]
async fn graph_down_for_two_hours_ends_with_a_sentence_that_nothing_was_removed() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("GET", "").times(u32::MAX).status(503));
    let approval = app.approve(app.draft());
    let first = app.send(app.jira(&approval)).await;
    app.wait(Duration::from_secs(3 * 60 * 60)).await;
    assert_eq!(app.queued(), 0);
    assert_eq!(app.decisions(), ["refused directory_unavailable"]);
    assert!(app.nothing_claimed());
    let path = format!("/resets/{}", first.json["reset"].as_str().unwrap());
    let read = app
        .send(simulated::senders::on_call::get(&path, &approval))
        .await;
    assert_eq!(
        (read.status, &read.json["state"]),
        (200, &"needs_human".into())
    );
    insta::assert_snapshot!(
        read.note(),
        @"MFA re-registration is NOT done: a person has to look. It was tried for two hours. Microsoft Entra does not answer; nothing was changed. Nothing was removed and no sessions were revoked; the approval is not used up, but has expired."
    );
}

#[tokio::test]
async fn throttling_during_the_removals_is_waited_out() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("DELETE", "softwareOathMethods").throttle(Some(3)));
    app.tenant
        .fail(Fault::on("DELETE", "phoneMethods").times(2).status(503));
    app.tenant
        .fail(Fault::on("POST", "revokeSignInSessions").status(500));
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
    assert_eq!(app.has(JANE).len(), 2);
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_before_anything_is_sent_again() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("DELETE", "softwareOathMethods").lose_answer());
    app.tenant
        .fail(Fault::on("DELETE", "phoneMethods").lose_request());
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
    let software = app
        .writes()
        .iter()
        .filter(|write| write.contains("softwareOath"))
        .count();
    assert_eq!(software, 1, "it was gone, so it was not deleted twice");
}

#[tokio::test]
async fn a_method_that_graph_says_is_deleted_counts_only_when_the_list_agrees() {
    let app = TestApp::new().await;
    app.tenant.set_deletion_lag(2);
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");

    let app = TestApp::new().await;
    app.tenant.set_deletion_lag(u32::MAX);
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (202, &"running".into())
    );
    app.wait(Duration::from_secs(3 * 60 * 60)).await;
    let reply = app.send(delivery).await;
    assert_eq!(reply.json["state"], "needs_human");
    assert!(!reply.methods("unknown").is_empty());
    assert_eq!(reply.methods("removed"), [""; 0]);
    assert!(reply.note().contains("NOT complete"));
}

#[tokio::test]
async fn a_removal_that_is_not_allowed_is_named_and_does_not_stop_the_others() {
    let app = TestApp::new().await;
    app.tenant.fail(
        Fault::on("DELETE", "softwareOathMethods")
            .times(9)
            .status(403),
    );
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "needs_human");
    assert!(
        reply
            .methods("failed")
            .contains(&"Software OATH token".to_owned())
    );
    assert!(
        reply
            .methods("removed")
            .contains(&"Mobile phone".to_owned())
    );
    assert_eq!(reply.json["can_register"], "no");
}

#[tokio::test]
async fn a_method_that_somebody_registers_meanwhile_is_left_and_reported() {
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
    let codes = reply.json["warnings"].to_string();
    assert!(codes.contains("method_appeared"));
}

#[tokio::test]
async fn a_rotated_graph_secret_is_fetched_again_and_a_wrong_one_is_our_misconfiguration() {
    let app = TestApp::new().await;
    app.tenant.set_secret("rotated");
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    assert_eq!((reply.status, reply.code()), (202, "misconfigured"));
    app.assert_nothing_happened();

    app.secrets.set(
        "sandbox/graph".to_owned().try_into().unwrap(),
        r#"{"client_id":"0b1c2d3e-4f50-4162-8738-495a6b7c8d9e","client_secret":"rotated"}"#,
    );
    app.clock.pass(Duration::from_secs(2));
    assert_eq!(app.send(delivery).await.json["state"], "completed");
}

#[tokio::test]
async fn a_token_that_graph_no_longer_accepts_is_renewed() {
    let app = TestApp::new().await;
    app.reset(app.draft().target("alex.wilber@contoso.example"))
        .await;
    app.tenant.expire_tokens();
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
}

#[tokio::test]
async fn a_missing_webhook_secret_disables_its_source_alone_and_is_not_named_to_the_sender() {
    let app = TestApp::new().await;
    app.secrets
        .remove(&"sandbox/jira".to_owned().try_into().unwrap());
    let reply = app.reset(app.draft()).await;
    assert_eq!((reply.status, reply.code()), (503, "misconfigured"));
    assert!(!reply.json.to_string().contains("sandbox/jira"));
    app.assert_nothing_happened();

    let approval = app.approve(app.draft().ticket("RITM1"));
    let reply = app.send(app.servicenow("RITM1", JANES_ID, &approval)).await;
    assert_eq!(reply.json["state"], "completed");
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
    assert_eq!((reply.status, reply.code()), (202, "target_busy"));
    assert!(reply.retry_after.is_some());
}
