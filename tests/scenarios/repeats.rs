//! An approval works once. Presented again it gets the stored outcome; used for anything else it is refused.

use std::time::Duration;

use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::on_call;

use crate::house::{FIELD, House, JANE, JIRA_SECRET};

#[tokio::test]
async fn the_second_delivery_gets_the_same_answer_and_touches_nothing_even_after_the_approval_expired()
 {
    let house = House::new().await;
    let delivery = house.jira(&house.approve(house.draft()));
    let first = house.send(delivery.clone()).await;
    house.tenant.forget_calls();

    house.clock.pass(Duration::from_secs(3 * 60 * 60));
    let second = house.send(delivery).await;

    assert_eq!(second.status, 200);
    assert_eq!(second.note(), first.note());
    assert_eq!(second.json["reset"], first.json["reset"]);
    assert_eq!(
        (&first.json["replayed"], &second.json["replayed"]),
        (&false.into(), &true.into())
    );
    assert_eq!(house.tenant.calls().len(), 0);
}

#[tokio::test]
async fn what_jane_registered_afterwards_survives_a_replay() {
    let house = House::new().await;
    let delivery = house.jira(&house.approve(house.draft()));
    house.send(delivery.clone()).await;
    house.tenant.register(
        JANE,
        simulated::entra::Method::authenticator("Jane's new phone"),
    );
    house.send(delivery).await;
    assert!(
        house
            .has(JANE)
            .contains(&"microsoftAuthenticator".to_owned())
    );
}

#[tokio::test]
async fn a_used_approval_is_no_good_for_another_ticket() {
    let house = House::new().await;
    let approval = house.approve(house.draft());
    house.send(house.jira(&approval)).await;
    house.tenant.forget_calls();

    let issue =
        Issue::new("HELP-43", Status::new("10042", "Approved")).field(FIELD, approval.as_str());
    let other = IssueEvent::transition(issue, &Status::new("1", "Open"));
    let reply = house
        .send(other.signed("/webhooks/jira", JIRA_SECRET))
        .await;
    assert_eq!((reply.status, reply.code()), (422, "other_ticket"));
    assert_eq!(house.tenant.calls().len(), 0);
}

#[tokio::test]
async fn a_new_approval_beside_a_used_one_in_the_same_ticket_is_acted_upon() {
    let house = House::new().await;
    let first = house.approve(house.draft());
    house.send(house.jira(&first)).await;
    house.tenant.register(
        JANE,
        simulated::entra::Method::authenticator("Jane's second phone"),
    );
    house.clock.pass(Duration::from_secs(60 * 60));

    let second = house.approve(house.draft());
    let reply = house.send(house.jira(&format!("{first}\n{second}"))).await;
    assert_eq!(reply.methods("removed"), ["Microsoft Authenticator"]);
    assert_eq!(reply.json["replayed"], false);
}

#[tokio::test]
async fn two_deliveries_at_once_make_one_reset() {
    let house = House::new().await;
    let delivery = house.jira(&house.approve(house.draft()));
    let replies =
        futures_util::future::join_all((0..8).map(|_| house.send(delivery.clone()))).await;

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
    house.wait(Duration::from_secs(120)).await;
    assert_eq!(house.has(JANE).len(), 2);
    let revoked = house
        .writes()
        .iter()
        .filter(|write| *write == "POST revokeSignInSessions")
        .count();
    assert_eq!(revoked, 1);
}

#[tokio::test]
async fn whoever_holds_the_approval_can_read_the_outcome_for_a_day_and_nobody_else_can() {
    let house = House::new().await;
    let approval = house.approve(house.draft());
    let reply = house.send(house.jira(&approval)).await;
    let path = format!("/resets/{}", reply.json["reset"].as_str().unwrap());

    house.clock.pass(Duration::from_secs(23 * 60 * 60));
    let read = house.send(on_call::get(&path, &approval)).await;
    assert_eq!((read.status, read.note()), (200, reply.note()));

    let other = house.approve(house.draft());
    let stranger = house.send(on_call::get(&path, &other)).await;
    assert_eq!((stranger.status, stranger.code()), (404, "no_such_reset"));

    house.clock.pass(Duration::from_secs(2 * 60 * 60));
    assert_eq!(house.send(on_call::get(&path, &approval)).await.status, 404);
}
