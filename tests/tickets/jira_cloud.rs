//! Jira Cloud.

use std::sync::Arc;
use std::time::Duration;

use reregister_mfa::reset::ports::TicketError;
use reregister_mfa::tickets::TicketSystems;
use serde_json::{Value, json};
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL, JiraCloud};
use simulated::tickets::{Fault, Serving};

use crate::{MARK, Rotated, TEXT, listener, systems, systems_with, write};

const TICKET: &str = "HELP-42";

/// A site with one issue.
pub async fn serve() -> (JiraCloud, Serving) {
    let jira = JiraCloud::new();
    jira.add_issue(TICKET);
    let serving = jira.serve(listener().await);
    (jira, serving)
}

fn system(serving: &Serving) -> String {
    format!("system.jira_cloud.site = {:?}", serving.url)
}

fn account() -> Value {
    json!({"email": EMAIL, "api_token": API_TOKEN})
}

fn notes(serving: &Serving) -> TicketSystems {
    systems(&system(serving), &account())
}

/// How often it was called with this method.
fn calls(jira: &JiraCloud, method: &str) -> usize {
    let calls = jira.calls();
    calls.iter().filter(|call| call.starts_with(method)).count()
}

/// How many notes there are.
fn marked(jira: &JiraCloud) -> usize {
    let comments = jira.comments(TICKET);
    comments
        .iter()
        .filter(|comment| comment.text.contains(MARK))
        .count()
}

#[tokio::test]
async fn a_note_is_one_internal_comment_whose_last_line_is_the_mark() {
    let (jira, serving) = serve().await;
    write(&notes(&serving), TICKET).await.unwrap();
    let comments = jira.comments(TICKET);
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].text, format!("{TEXT}\n{MARK}"));
    assert!(comments[0].internal);
    assert_eq!(comments[0].author, EMAIL);
}

#[tokio::test]
async fn a_public_note_is_for_the_customer_too() {
    let (jira, serving) = serve().await;
    let public = format!("{}\npublic = true", system(&serving));
    write(&systems(&public, &account()), TICKET).await.unwrap();
    assert!(!jira.comments(TICKET)[0].internal);
}

#[tokio::test]
async fn a_note_that_is_there_is_not_written_again() {
    let (jira, serving) = serve().await;
    jira.add_comment(TICKET, "Jane called again.");
    for _ in 0..2 {
        write(&notes(&serving), TICKET).await.unwrap();
    }
    assert_eq!(marked(&jira), 1);
    assert_eq!(calls(&jira, "POST"), 1);
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_is_found_and_not_written_again() {
    let (jira, serving) = serve().await;
    jira.fail(Fault::on("POST", "/comment").lose_answer());
    assert_eq!(
        write(&notes(&serving), TICKET).await,
        Err(TicketError::Transient { after: None })
    );
    write(&notes(&serving), TICKET).await.unwrap();
    assert_eq!(marked(&jira), 1);
    assert_eq!(calls(&jira, "POST"), 1);
}

#[tokio::test]
async fn a_note_is_found_behind_a_hundred_newer_comments() {
    let (jira, serving) = serve().await;
    write(&notes(&serving), TICKET).await.unwrap();
    for number in 0..120 {
        jira.add_comment(TICKET, &format!("Comment {number}"));
    }
    write(&notes(&serving), TICKET).await.unwrap();
    assert_eq!(marked(&jira), 1);
    assert_eq!(calls(&jira, "GET"), 1 + 2);
}

#[tokio::test]
async fn an_issue_with_thousands_of_comments_is_not_read_to_its_beginning() {
    let (jira, serving) = serve().await;
    for number in 0..2000 {
        jira.add_comment(TICKET, &format!("Comment {number}"));
    }
    write(&notes(&serving), TICKET).await.unwrap();
    assert_eq!(marked(&jira), 1);
    assert_eq!(calls(&jira, "GET"), 5);
}

#[tokio::test]
async fn nothing_is_written_while_the_comments_cannot_be_read() {
    let (jira, serving) = serve().await;
    for number in 0..120 {
        jira.add_comment(TICKET, &format!("Comment {number}"));
    }
    for fault in [
        Fault::on("GET", "/comment").status(503),
        Fault::on("GET", "/comment").lose_answer(),
        Fault::on("GET", "startAt=100").status(500),
        // Takes as long as one call may.
        Fault::on("GET", "/comment").hang(),
    ] {
        jira.fail(fault.clone());
        assert_eq!(
            write(&notes(&serving), TICKET).await,
            Err(TicketError::Transient { after: None }),
            "{fault:?}"
        );
    }
    assert_eq!(calls(&jira, "POST"), 0);
}

#[tokio::test]
async fn who_is_throttled_hears_when_to_come_back() {
    let (jira, serving) = serve().await;
    for method in ["GET", "POST"] {
        jira.fail(Fault::on(method, "/comment").throttle(Some(7)));
        assert_eq!(
            write(&notes(&serving), TICKET).await,
            Err(TicketError::Transient {
                after: Some(Duration::from_secs(7))
            })
        );
    }
    assert_eq!(marked(&jira), 0);
}

#[tokio::test]
async fn an_outage_and_a_missing_right_pass_and_a_refusal_does_not() {
    let (jira, serving) = serve().await;
    for status in [403, 408, 425, 429, 500, 502, 503, 504] {
        jira.fail(Fault::on("POST", "/comment").status(status));
        let error = write(&notes(&serving), TICKET).await.unwrap_err();
        assert_eq!(error, TicketError::Transient { after: None }, "{status}");
    }
    for status in [302, 400, 404, 409, 413, 415] {
        jira.fail(Fault::on("POST", "/comment").status(status));
        let error = write(&notes(&serving), TICKET).await.unwrap_err();
        assert!(matches!(error, TicketError::Permanent(_)), "{status}");
    }
    assert_eq!(marked(&jira), 0);
}

#[tokio::test]
async fn a_jira_that_is_not_there_is_an_outage() {
    let address = listener().await.local_addr().unwrap();
    let systems = systems(
        &format!("system.jira_cloud.site = \"http://{address}\""),
        &account(),
    );
    assert_eq!(
        write(&systems, TICKET).await,
        Err(TicketError::Transient { after: None })
    );
}

#[tokio::test]
async fn a_ticket_that_does_not_exist_gets_no_note_nor_does_a_place_beside_it() {
    let (jira, serving) = serve().await;
    for ticket in ["HELP-43", "..", "."] {
        assert!(matches!(
            write(&notes(&serving), ticket).await,
            Err(TicketError::Permanent(_))
        ));
    }
    assert_eq!(
        jira.calls(),
        ["GET /rest/api/3/issue/HELP-43/comment"],
        "the others led nowhere"
    );
}

#[tokio::test]
async fn a_token_that_was_rotated_is_fetched_anew() {
    let (jira, serving) = serve().await;
    let secrets = Rotated {
        cached: json!({"email": EMAIL, "api_token": "the old one"}),
        current: account(),
    };
    let systems = systems_with(&system(&serving), Arc::new(secrets));
    write(&systems, TICKET).await.unwrap();
    assert_eq!(marked(&jira), 1);
}

#[tokio::test]
async fn a_token_that_stays_wrong_is_tried_twice_and_then_later() {
    let (jira, serving) = serve().await;
    let wrong = json!({"email": EMAIL, "api_token": "wrong"});
    assert_eq!(
        write(&systems(&system(&serving), &wrong), TICKET).await,
        Err(TicketError::Transient { after: None })
    );
    assert_eq!(jira.calls().len(), 2);
}

#[tokio::test]
async fn an_internal_note_that_came_out_public_is_deleted_and_counts_as_failed() {
    let (jira, serving) = serve().await;
    jira.publish_comments();
    let error = write(&notes(&serving), TICKET).await.unwrap_err();
    assert!(matches!(error, TicketError::Permanent(why) if why.contains("was public")));
    assert!(jira.comments(TICKET).is_empty());

    let public = format!("{}\npublic = true", system(&serving));
    write(&systems(&public, &account()), TICKET).await.unwrap();
    assert_eq!(marked(&jira), 1);
}

#[tokio::test]
async fn a_note_that_came_out_public_is_deleted_later_where_its_answer_was_lost_or_jira_does_not_answer()
 {
    for fault in [
        Fault::on("POST", "/comment").lose_answer(),
        Fault::on("GET", "fields=project").status(503),
        Fault::on("DELETE", "/comment/").status(503),
        Fault::on("DELETE", "/comment/").status(403),
        Fault::on("DELETE", "/comment/").garbage(),
    ] {
        let (jira, serving) = serve().await;
        jira.publish_comments();
        jira.fail(fault.clone());
        let first = write(&notes(&serving), TICKET).await;
        assert_eq!(
            first,
            Err(TicketError::Transient { after: None }),
            "{fault:?}"
        );
        let error = write(&notes(&serving), TICKET).await.unwrap_err();
        assert!(matches!(error, TicketError::Permanent(_)), "{fault:?}");
        assert!(jira.comments(TICKET).is_empty(), "{fault:?}");
        assert_eq!(calls(&jira, "POST"), 1);
    }
}

#[tokio::test]
async fn a_public_note_that_cannot_be_deleted_is_left_to_an_administrator() {
    let (jira, serving) = serve().await;
    jira.publish_comments();
    // The second: Jira does not know the comment that is there.
    for status in [405, 404] {
        jira.fail(Fault::on("DELETE", "/comment/").status(status));
        let error = write(&notes(&serving), TICKET).await.unwrap_err();
        assert!(matches!(error, TicketError::Permanent(why) if why.contains("delete it by hand")));
        assert_eq!(marked(&jira), 1);
    }
}

/// Jira says `jsdPublic` of every comment there, since there are no customers.
#[tokio::test]
async fn a_note_in_a_project_without_customers_stays_though_jira_calls_it_public() {
    let (jira, serving) = serve().await;
    jira.add_software_issue("DEV-7");
    for _ in 0..2 {
        write(&notes(&serving), "DEV-7").await.unwrap();
    }
    assert_eq!(jira.comments("DEV-7").len(), 1);
}

#[tokio::test]
async fn a_customer_who_quotes_a_note_keeps_their_comment_which_is_no_internal_note() {
    let (jira, serving) = serve().await;
    let quote = format!("What does {MARK} mean?");
    jira.add_comment(TICKET, &quote);
    let error = write(&notes(&serving), TICKET).await.unwrap_err();
    assert!(matches!(error, TicketError::Permanent(why) if why.contains("customers may see")));
    assert_eq!(jira.comments(TICKET).len(), 1);
    assert_eq!(calls(&jira, "POST") + calls(&jira, "DELETE"), 0);

    // Where customers are to see the note, or there are none, it is enough.
    let public = format!("{}\npublic = true", system(&serving));
    write(&systems(&public, &account()), TICKET).await.unwrap();
    jira.add_software_issue("DEV-7");
    jira.add_comment("DEV-7", &quote);
    write(&notes(&serving), "DEV-7").await.unwrap();
    assert_eq!(calls(&jira, "POST") + calls(&jira, "DELETE"), 0);
}

/// The comment may be quoted while the answer to it is lost.
#[tokio::test]
async fn a_comment_that_quotes_a_note_is_never_deleted_in_its_place() {
    let (jira, serving) = serve().await;
    jira.fail(Fault::on("POST", "/comment").body(201, ""));
    let server = jira.clone();
    let quote = tokio::spawn(async move {
        while calls(&server, "POST") == 0 {
            tokio::task::yield_now().await;
        }
        server.add_comment(TICKET, &format!("What does {MARK} mean?"));
    });
    // Whether the quote came before the search or after it.
    assert!(write(&notes(&serving), TICKET).await.is_err());
    quote.await.unwrap();
    assert!(write(&notes(&serving), TICKET).await.is_err());
    assert_eq!(jira.comments(TICKET).len(), 1);
    assert_eq!(calls(&jira, "DELETE"), 0);
}

#[tokio::test]
async fn a_note_is_found_behind_a_hundred_newer_comments_that_quote_it() {
    let (jira, serving) = serve().await;
    write(&notes(&serving), TICKET).await.unwrap();
    for number in 0..120 {
        jira.add_comment(TICKET, &format!("{number}: what does {MARK} mean?"));
    }
    write(&notes(&serving), TICKET).await.unwrap();
    assert_eq!(calls(&jira, "POST"), 1);
    assert_eq!(jira.comments(TICKET).len(), 121);
}

#[tokio::test]
async fn a_success_that_is_none_is_looked_up_and_never_taken_for_a_note() {
    let (jira, serving) = serve().await;
    let post = || Fault::on("POST", "/comment");
    let comment = json!({"id": "10000", "jsdPublic": false, "body": "another text"});
    for (fault, transient) in [
        (post().garbage(), true),
        (post().body(201, ""), true),
        (
            post().body(201, "<!DOCTYPE html><title>Log in</title>"),
            true,
        ),
        (post().body(202, "{}"), true),
        (post().body(204, ""), true),
        (post().body(200, comment.to_string()), true),
        (post().body(201, comment.to_string()), false),
    ] {
        jira.fail(fault.clone());
        let error = write(&notes(&serving), TICKET).await.unwrap_err();
        let is_transient = matches!(error, TicketError::Transient { .. });
        assert_eq!(is_transient, transient, "{fault:?}: {error:?}");
        assert!(jira.comments(TICKET).is_empty());
    }
    write(&notes(&serving), TICKET).await.unwrap();
    assert_eq!(marked(&jira), 1);
}
