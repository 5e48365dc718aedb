//! The security team is notified of every end, and of every refusal after a good signature, once.

use std::time::Duration;

use reregister_mfa::reset::Event;
use simulated::entra::Fault;
use simulated::issuer::Issuer;
use simulated::request::Request;
use simulated::senders::jira::IssueEvent;
use simulated::senders::on_call;

use crate::malformed_requests::signed;
use crate::test_app::requests::{forged, jira_issue};
use crate::test_app::{GRACE, JANE, JIRA_SECRET, SAM, TestApp};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

const DONE: &str = "MFA reset: jane.doe@contoso.example (HELP-42)";

#[tokio::test]
async fn the_security_team_is_notified_once_of_a_completed_reset_however_often_it_is_sent() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    for _ in 0..3 {
        app.send(delivery.clone()).await.assert_completed();
        app.wait(HOUR).await;
    }
    assert_eq!(app.security_inbox.subjects(), [DONE]);
}

#[tokio::test]
async fn the_notification_says_that_a_reset_is_not_complete() {
    let app = TestApp::new().await;
    let refused = Fault::on("DELETE", "softwareOathMethods").times(9);
    app.tenant.fail(refused.status(403));
    app.reset(app.draft()).await.assert_needs_human();
    app.wait(HOUR).await;
    assert_eq!(
        app.security_inbox.subjects(),
        ["MFA reset NOT complete: jane.doe@contoso.example (HELP-42)"]
    );
}

#[tokio::test]
async fn the_security_team_is_notified_of_an_outage_when_the_request_is_given_up_and_not_before() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("GET", "").times(u32::MAX).status(503));
    assert_eq!(app.reset(app.draft()).await.status, 202);
    app.wait(HOUR).await;
    assert_eq!(app.security_inbox.subjects(), [""; 0]);
    app.wait(2 * HOUR).await;
    assert_eq!(
        app.security_inbox.subjects(),
        ["MFA reset NOT done: directory_unavailable (HELP-42)"]
    );
}

#[tokio::test]
async fn the_security_team_is_notified_once_of_every_refusal_after_a_good_signature() {
    let app = TestApp::new().await;
    let jira = |draft| app.jira(&app.approve(draft));
    let on_call = |approval: &str| on_call::post("/resets", approval, None);
    let both = |first: &str, second: &str| on_call::post("/resets", first, Some(second));
    let good = app.approve_on_call(app.on_call_draft());
    let of_another = app.approve_on_call(app.on_call_draft().ticket("INC-7"));
    let not_owned = app.approve_on_call(app.on_call_draft().approver(SAM));
    let break_glass = app.draft().target("breakglass1@contoso.example");
    let refusals = [
        (app.jira("not there yet"), "approval_missing (HELP-42)"),
        (
            app.jira("eyJhbGciOiJFUzI1NiJ9.e30.AA"),
            "approval_invalid (HELP-42)",
        ),
        (jira(app.draft().target(GRACE)), "privileged_role (HELP-42)"),
        (jira(break_glass), "break_glass (HELP-42)"),
        (
            jira(app.draft().ticket("HELP-43")),
            "other_ticket (HELP-42)",
        ),
        (signed("[]"), "delivery_unreadable (no ticket)"),
        // On call the approval alone says who asks.
        (
            on_call(&app.approve(app.draft())),
            "issuer_not_allowed (HELP-42)",
        ),
        (both(&good, &of_another), "approvals_disagree (no ticket)"),
        (on_call(&not_owned), "not_the_keys_owner (HELP-42)"),
        (
            on_call(&app.approve_on_call(app.draft())),
            "approval_audience (HELP-42)",
        ),
        // A sender of a forgery who also has a genuine approval is not a stranger.
        (both(&forged(&good), &good), "approval_invalid (HELP-42)"),
    ];
    let mut expected = Vec::new();
    for (request, subject) in refusals {
        let reply = app.send(request).await;
        assert!(matches!(reply.status, 401 | 403 | 422), "{reply:?}");
        expected.push(format!("MFA reset refused: {subject}"));
        assert_eq!(app.security_inbox.subjects(), expected);
    }
    app.wait(3 * HOUR).await;
    assert_eq!(app.security_inbox.subjects(), expected);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn used_and_old_approvals_do_not_flood_the_security_team() {
    let app = TestApp::new().await;
    let used = app.approve_on_call(app.on_call_draft());
    app.reset_on_call(&used).await.assert_completed();
    let of_a_ticket = app.approve(app.draft());
    app.wait(2 * HOUR).await;
    let before = app.security_inbox.subjects();
    for (approval, code) in [
        (&used, "approval_used"),
        (&of_a_ticket, "issuer_not_allowed"),
    ] {
        for _ in 0..2 {
            let reply = app.preview(approval).await;
            assert_eq!(reply.code(), code);
        }
    }
    assert_eq!(app.security_inbox.subjects(), before);
    // The audit trail has them nevertheless, with the approval that was used.
    let refused = app.trail.events().into_iter().filter(
        |event| matches!(event, Event::Refused { parties, .. } if parties.approvals.len() == 1),
    );
    assert_eq!(refused.count(), 4);
}

#[tokio::test]
async fn the_security_team_is_notified_of_a_repeated_misuse_once_in_an_hour() {
    let app = TestApp::new().await;
    let later = app.draft().expires_at(app.now() + 5000);
    let of_a_ticket = app.approve(later);
    let another = app.approve(app.draft().ticket("HELP-43"));
    let misuse = "MFA reset refused: issuer_not_allowed (HELP-42)";
    for _ in 0..3 {
        app.preview(&of_a_ticket).await;
        assert_eq!(app.security_inbox.subjects(), [misuse]);
    }
    app.reset_on_call(&another).await;
    let other = "MFA reset refused: issuer_not_allowed (HELP-43)";
    assert_eq!(app.security_inbox.subjects(), [misuse, other]);
    app.wait(HOUR).await;
    app.reset_on_call(&of_a_ticket).await;
    assert_eq!(app.security_inbox.subjects(), [misuse, other, misuse]);
}

#[tokio::test]
async fn the_security_team_is_not_notified_of_what_a_stranger_can_send() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let genuine = app.jira(&approval);
    let mut changed = genuine.clone();
    changed.body.push(b' ');
    let mut servicenow = app.servicenow("RITM1", JANE, &approval);
    servicenow.body.push(b' ');
    let stranger = Issuer::es256("https://stranger.example", "stranger-1");
    let strangers = stranger.approve(&app.on_call_draft());
    let comment = IssueEvent::commented(jira_issue("HELP-42", &approval), "Any news?");
    for (request, status) in [
        (changed, 401),
        (genuine.without("X-Hub-Signature"), 401),
        (servicenow, 401),
        (Request::post_json("/resets", "{}"), 401),
        (on_call::post("/resets", &strangers, None), 401),
        (
            on_call::get("/resets/6e7b768e-07e2-4810-8459-485f84f8f204", &approval),
            404,
        ),
        (Request::post_json("/webhooks/unknown", "{}"), 404),
        (Request::post("/webhooks/jira", "{}"), 415),
        (comment.signed("/webhooks/jira", JIRA_SECRET), 204),
    ] {
        let reply = app.send(request).await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
    app.wait(HOUR).await;
    assert_eq!(app.security_inbox.subjects(), [""; 0]);
}

#[tokio::test]
async fn a_reset_stands_while_notifications_fail_and_the_security_team_is_notified_later() {
    let app = TestApp::new().await;
    app.security_inbox.set_down(true);
    app.reset(app.draft()).await.assert_completed();
    assert_eq!(app.has(JANE).len(), 2);
    app.wait(30 * MINUTE).await;
    assert_eq!(app.security_inbox.subjects(), [""; 0]);

    app.security_inbox.set_down(false);
    app.wait(10 * MINUTE).await;
    assert_eq!(app.security_inbox.subjects(), [DONE]);
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
    assert_eq!(app.queue_length(), 0);
}

#[tokio::test]
async fn a_notification_that_fails_for_two_hours_is_given_up_and_the_reset_stands() {
    let app = TestApp::new().await;
    app.security_inbox.set_down(true);
    let delivery = app.jira(&app.approve(app.draft()));
    assert_eq!(app.send(delivery.clone()).await.status, 200);
    app.wait(3 * HOUR).await;
    assert_eq!(app.queue_length(), 0);
    app.security_inbox.set_down(false);
    app.send(delivery).await.assert_completed();
    app.wait(HOUR).await;
    assert_eq!(app.security_inbox.subjects(), [""; 0]);
    assert_eq!(app.has(JANE).len(), 2);
}
