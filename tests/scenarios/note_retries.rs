//! Notes while Graph or the ticket system is down: one note at most, perhaps late, and a reset stands without it.

use std::time::Duration;

use serde_json::{Value, json};
use simulated::entra;
use simulated::tickets::Fault;

use crate::documented::{Rows, documented};
use crate::log;
use crate::notes::{Desk, note_of};
use crate::test_app::requests::jira_event;
use crate::test_app::{JANE, JIRA_SECRET};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_outage_of_graph_for_the_whole_first_request_ends_in_one_note_without_a_second_delivery()
{
    let rows = Rows::of_this_scenario();
    let person =
        "a standard person, and the ticket takes notes, while Entra does not answer at first";
    let desk = Desk::new().await;
    let app = &desk.app;
    app.tenant
        .fail(entra::Fault::on("GET", "").times(u32::MAX).status(503));
    let delivery = app.jira(&app.approve(app.draft().expires_at(app.now() + 600)));
    let first = app.send(delivery.clone()).await;
    first.assert_waiting("directory_unavailable");
    rows.show(person, "one", &first);
    app.wait(40 * MINUTE).await;
    assert_eq!(desk.jira.calls(), [""; 0], "there is no outcome yet");

    // The approval has expired meanwhile.
    app.tenant.mend();
    app.wait(HOUR).await;
    let comments = desk.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(
        comments[0].contains("Removed: Software OATH token"),
        "{comments:?}"
    );
    let mark = format!("\nreregister-mfa {}", first.reset());
    assert!(comments[0].ends_with(&mark));
    assert_eq!(app.queue_length(), 0);
    rows.show(person, "one; afterwards", &app.send(delivery).await);
}

#[tokio::test]
async fn an_outage_of_two_hours_ends_in_one_note_that_nothing_was_removed() {
    let desk = Desk::new().await;
    let app = &desk.app;
    app.tenant
        .fail(entra::Fault::on("GET", "").times(u32::MAX).status(503));
    let reply = app.reset(app.draft()).await;
    reply.assert_waiting("directory_unavailable");
    app.wait(3 * HOUR).await;
    let comments = desk.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].starts_with("MFA re-registration was NOT done."));
    assert!(comments[0].contains("Nothing was removed"));
}

#[tokio::test]
async fn a_ticket_system_that_is_down_gets_its_note_later_and_the_reset_stands() {
    let desk = Desk::new().await;
    let app = &desk.app;
    desk.jira.fail(Fault::on("*", "").times(3).status(503));
    let reply = app.reset(app.draft()).await;
    reply.assert_completed();
    documented(&reply);
    assert_eq!(app.has(JANE).len(), 2);
    assert_eq!(desk.comments(), [""; 0]);
    app.wait(2 * MINUTE).await;
    assert_eq!(desk.comments(), [note_of(&reply)]);

    app.wait(HOUR).await;
    assert_eq!(desk.comments().len(), 1);
    assert_eq!(app.queue_length(), 0);
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_note_was_written_causes_no_second_note() {
    let desk = Desk::new().await;
    let app = &desk.app;
    desk.jira.fail(Fault::on("POST", "/comment").lose_answer());
    let reply = app.reset(app.draft()).await;
    reply.assert_completed();
    app.wait(HOUR).await;
    assert_eq!(desk.comments(), [note_of(&reply)]);
    let calls = desk.jira.calls();
    let looks = calls.iter().filter(|call| call.starts_with("GET")).count();
    assert_eq!((calls.len(), looks), (3, 2), "look, write, look: {calls:?}");
    assert_eq!(app.queue_length(), 0);
}

#[tokio::test]
async fn a_ticket_system_that_is_down_for_more_than_two_hours_gets_no_note_and_the_reset_stands() {
    let desk = Desk::new().await;
    let app = &desk.app;
    desk.jira
        .fail(Fault::on("*", "").times(u32::MAX).status(503));
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    reply.assert_completed();
    app.wait(3 * HOUR).await;
    assert_eq!(app.queue_length(), 0);
    assert_eq!(desk.comments(), [""; 0]);
    assert_eq!(app.has(JANE).len(), 2);
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
    let again = app.send(delivery).await;
    assert_eq!((again.status, again.note()), (200, reply.note()));
}

#[tokio::test]
async fn a_ticket_that_does_not_exist_is_looked_up_once_and_that_is_logged() {
    let desk = Desk::new().await;
    let app = &desk.app;
    log::start();
    let approval = app.approve(app.draft().ticket("HELP-404"));
    let event = jira_event("HELP-404", &approval);
    let reply = app.send(event.signed("/webhooks/jira", JIRA_SECRET)).await;
    reply.assert_completed();
    app.wait(3 * HOUR).await;
    assert_eq!(app.queue_length(), 0);
    assert_eq!(
        desk.jira.calls(),
        ["GET /rest/api/3/issue/HELP-404/comment"],
        "given up at once"
    );
    let logged = log::lines_with("HELP-404");
    assert_eq!(
        logged.matches("\"event\":\"note\"").count(),
        1,
        "as the alarms count it: {logged}"
    );
    assert!(logged.contains("there is no such ticket"), "{logged}");
}

#[tokio::test]
async fn a_list_of_comments_that_counts_a_note_and_does_not_show_it_causes_no_second_note() {
    let desk = Desk::new().await;
    let app = &desk.app;
    desk.jira.fail(Fault::on("POST", "/comment").lose_answer());
    let hidden = |page: &mut Value| page["comments"] = json!([]);
    desk.jira
        .fail(Fault::on("GET", "/comment").skip(1).times(2).edit(hidden));
    let reply = app.reset(app.draft()).await;
    reply.assert_completed();
    app.wait(HOUR).await;
    assert_eq!(desk.comments(), [note_of(&reply)]);
    assert_eq!(app.queue_length(), 0);
}

#[tokio::test]
async fn a_404_of_a_gateway_does_not_give_the_note_up() {
    let desk = Desk::new().await;
    let app = &desk.app;
    let page = "<!DOCTYPE html><title>Not found</title>";
    desk.jira
        .fail(Fault::on("GET", "/comment").times(3).body(404, page));
    let reply = app.reset(app.draft()).await;
    reply.assert_completed();
    assert_eq!(desk.comments(), [""; 0]);
    app.wait(HOUR).await;
    assert_eq!(desk.comments(), [note_of(&reply)]);
}
