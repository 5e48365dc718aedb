//! An approval works once. Presented again it gets the stored outcome; used for anything else it is refused.

use std::time::Duration;

use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::on_call;

use crate::test_app::{FIELD, JANE, JIRA_SECRET, TestApp};

#[tokio::test]
async fn the_second_delivery_gets_the_same_answer_and_touches_nothing_even_after_the_approval_expired()
 {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    let first = app.send(delivery.clone()).await;
    app.tenant.forget_calls();

    app.clock.pass(Duration::from_secs(3 * 60 * 60));
    let second = app.send(delivery).await;

    assert_eq!(second.status, 200);
    assert_eq!(second.note(), first.note());
    assert_eq!(second.json["reset"], first.json["reset"]);
    assert_eq!(
        (&first.json["replayed"], &second.json["replayed"]),
        (&false.into(), &true.into())
    );
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn what_jane_registered_afterwards_survives_a_replay() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    app.send(delivery.clone()).await;
    app.tenant.register(
        JANE,
        simulated::entra::Method::authenticator("Jane's new phone"),
    );
    app.send(delivery).await;
    assert!(app.has(JANE).contains(&"microsoftAuthenticator".to_owned()));
}

#[tokio::test]
async fn a_used_approval_is_no_good_for_another_ticket() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    app.send(app.jira(&approval)).await;
    app.tenant.forget_calls();

    let issue =
        Issue::new("HELP-43", Status::new("10042", "Approved")).field(FIELD, approval.as_str());
    let other = IssueEvent::transition(issue, &Status::new("1", "Open"));
    let reply = app.send(other.signed("/webhooks/jira", JIRA_SECRET)).await;
    assert_eq!((reply.status, reply.code()), (422, "other_ticket"));
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn a_new_approval_beside_a_used_one_in_the_same_ticket_is_acted_upon() {
    let app = TestApp::new().await;
    let first = app.approve(app.draft());
    app.send(app.jira(&first)).await;
    app.tenant.register(
        JANE,
        simulated::entra::Method::authenticator("Jane's second phone"),
    );
    app.clock.pass(Duration::from_secs(60 * 60));

    let second = app.approve(app.draft());
    let reply = app.send(app.jira(&format!("{first}\n{second}"))).await;
    assert_eq!(reply.methods("removed"), ["Microsoft Authenticator"]);
    assert_eq!(reply.json["replayed"], false);
}

#[tokio::test]
async fn two_deliveries_at_once_make_one_reset() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    let replies = futures_util::future::join_all((0..8).map(|_| app.send(delivery.clone()))).await;

    assert!(
        replies
            .iter()
            .all(|reply| matches!(reply.status, 200 | 202)),
        "{replies:?}"
    );
    let ids: std::collections::BTreeSet<String> = replies
        .iter()
        .map(|reply| reply.json["reset"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
    app.wait(Duration::from_secs(120)).await;
    assert_eq!(app.has(JANE).len(), 2);
    let revoked = app
        .writes()
        .iter()
        .filter(|write| *write == "POST revokeSignInSessions")
        .count();
    assert_eq!(revoked, 1);
}

#[tokio::test]
async fn whoever_holds_the_approval_can_read_the_outcome_for_a_day_and_nobody_else_can() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let reply = app.send(app.jira(&approval)).await;
    let path = format!("/resets/{}", reply.json["reset"].as_str().unwrap());

    app.clock.pass(Duration::from_secs(23 * 60 * 60));
    let read = app.send(on_call::get(&path, &approval)).await;
    assert_eq!((read.status, read.note()), (200, reply.note()));

    let other = app.approve(app.draft());
    let stranger = app.send(on_call::get(&path, &other)).await;
    assert_eq!((stranger.status, stranger.code()), (404, "no_such_reset"));

    app.clock.pass(Duration::from_secs(2 * 60 * 60));
    assert_eq!(app.send(on_call::get(&path, &approval)).await.status, 404);
}
