//! ServiceNow.

use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use reregister_mfa::reset::ports::TicketError;
use reregister_mfa::tickets::TicketSystems;
use serde_json::{Value, json};
use simulated::tickets::servicenow::{CLIENT_ID, CLIENT_SECRET, Entry, PASSWORD, ServiceNow, USER};
use simulated::tickets::{Fault, Serving};

use crate::{MARK, Rotated, TEXT, listener, systems, systems_with, write};

const TABLE: &str = "sc_req_item";
const TICKET: &str = "RITM0010072";
const OTHER: &str = "RITM0010073";

/// An instance with two requested items.
pub async fn serve() -> (ServiceNow, Serving) {
    let servicenow = ServiceNow::new();
    servicenow.add_record(TABLE, OTHER);
    servicenow.add_record(TABLE, TICKET);
    let serving = servicenow.serve(listener().await);
    (servicenow, serving)
}

pub fn system(serving: &Serving, table: &str) -> String {
    format!(
        "system.servicenow = {{ instance = {:?}, table = {table:?} }}",
        serving.url
    )
}

fn user() -> Value {
    json!({"username": USER, "password": PASSWORD})
}

fn client() -> Value {
    json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})
}

fn notes(serving: &Serving) -> TicketSystems {
    systems(&system(serving, TABLE), &user())
}

fn writes(servicenow: &ServiceNow) -> usize {
    let calls = servicenow.calls();
    calls
        .iter()
        .filter(|call| call.starts_with("PATCH"))
        .count()
}

fn entry(element: &str) -> Entry {
    Entry {
        text: format!("{TEXT}\n{MARK}"),
        element: element.to_owned(),
        author: USER.to_owned(),
    }
}

#[tokio::test]
async fn a_note_is_one_work_note_whose_last_line_is_the_mark() {
    for secret in [user(), client()] {
        let (servicenow, serving) = serve().await;
        let systems = systems(&system(&serving, TABLE), &secret);
        write(&systems, TICKET).await.unwrap();
        assert_eq!(servicenow.journal(TICKET), [entry("work_notes")]);
        assert!(servicenow.journal(OTHER).is_empty());
    }
}

#[tokio::test]
async fn a_public_note_is_a_comment() {
    let (servicenow, serving) = serve().await;
    let public = format!("{}\npublic = true", system(&serving, TABLE));
    write(&systems(&public, &user()), TICKET).await.unwrap();
    assert_eq!(servicenow.journal(TICKET), [entry("comments")]);
}

#[tokio::test]
async fn a_note_that_is_there_is_not_written_again_even_if_its_answer_was_lost() {
    let (servicenow, serving) = serve().await;
    // The same mark elsewhere is another matter.
    write(&notes(&serving), OTHER).await.unwrap();
    servicenow.fail(Fault::on("PATCH", TABLE).lose_answer());
    assert_eq!(
        write(&notes(&serving), TICKET).await,
        Err(TicketError::Transient { after: None })
    );
    write(&notes(&serving), TICKET).await.unwrap();
    assert_eq!(servicenow.journal(TICKET), [entry("work_notes")]);
}

/// An instance that takes no note and answers each search with these rows, whatever its conditions.
async fn says(record: Value, journal: Value) -> TicketSystems {
    let answer = |rows: Value| get(move || async move { Json(json!({"result": rows})) });
    let instance = Router::new()
        .route("/api/now/table/sys_journal_field", answer(journal))
        .route("/api/now/table/sc_req_item", answer(json!([record])));
    let listener = listener().await;
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, instance).await });
    let system = format!("system.servicenow = {{ instance = {url:?}, table = {TABLE:?} }}");
    systems(&system, &user())
}

const SYS_ID: &str = "ee1197db476cc2904bf15222516d439f";

/// A record with this in its journals, as they are displayed.
fn displayed(work_notes: &str, comments: &str) -> Value {
    json!({"sys_id": SYS_ID, "number": TICKET, "work_notes": work_notes, "comments": comments})
}

/// To an account without the role the table of journals looks empty; the record shows its own to it.
#[tokio::test]
async fn a_note_is_found_by_an_account_that_may_not_read_the_table_of_journals() {
    let shown = format!("2026-11-24 12:00:00 - Integration (Work notes)\n{TEXT}\n{MARK}\n\n");
    let systems = says(displayed(&shown, ""), json!([])).await;
    write(&systems, TICKET).await.unwrap();
}

#[tokio::test]
async fn a_work_note_that_is_among_the_comments_is_no_internal_note_and_is_not_written_again() {
    let note = format!("{TEXT}\n{MARK}");
    for record in [displayed("", &note), displayed(&note, &note)] {
        let error = write(&says(record, json!([])).await, TICKET).await;
        let error = error.unwrap_err();
        assert!(
            matches!(error, TicketError::Permanent(why) if why.contains("among the comments")),
            "{error:?}"
        );
    }
}

/// Such an instance ignores a condition that it does not understand.
#[tokio::test]
async fn a_comment_in_the_journal_does_not_pass_for_a_work_note() {
    let note = format!("{TEXT}\n{MARK}");
    let entry = |element| json!([{"element_id": SYS_ID, "element": element, "value": note}]);
    let work_note = says(displayed("", ""), entry("work_notes")).await;
    write(&work_note, TICKET).await.unwrap();
    // The note is sent, which this instance does not take.
    let comment = says(displayed("", ""), entry("comments")).await;
    assert!(write(&comment, TICKET).await.is_err());
}

#[tokio::test]
async fn nothing_is_written_while_record_or_journal_cannot_be_searched() {
    let (servicenow, serving) = serve().await;
    for searched in [TABLE, "sys_journal_field"] {
        for fault in [
            Fault::on("GET", searched).status(503),
            Fault::on("GET", searched).lose_answer(),
        ] {
            servicenow.fail(fault.clone());
            assert_eq!(
                write(&notes(&serving), TICKET).await,
                Err(TicketError::Transient { after: None }),
                "{fault:?}"
            );
        }
    }
    assert_eq!(writes(&servicenow), 0);
}

#[tokio::test]
async fn who_is_throttled_hears_when_to_come_back() {
    let (servicenow, serving) = serve().await;
    for (method, path) in [
        ("POST", "oauth_token.do"),
        ("GET", TABLE),
        ("GET", "sys_journal_field"),
        ("PATCH", TABLE),
    ] {
        servicenow.fail(Fault::on(method, path).throttle(Some(3600)));
        let systems = systems(&system(&serving, TABLE), &client());
        assert_eq!(
            write(&systems, TICKET).await,
            Err(TicketError::Transient {
                after: Some(Duration::from_secs(3600))
            }),
            "{method} {path}"
        );
    }
    assert!(servicenow.journal(TICKET).is_empty());
}

#[tokio::test]
async fn a_number_that_names_no_record_or_two_gets_no_note() {
    let (servicenow, serving) = serve().await;
    servicenow.add_record(TABLE, "RITM0010074");
    servicenow.add_record(TABLE, "RITM0010074");
    for ticket in ["RITM0010075", "RITM0010074", ".."] {
        assert!(matches!(
            write(&notes(&serving), ticket).await,
            Err(TicketError::Permanent(_))
        ));
    }
    assert_eq!(writes(&servicenow), 0);
}

#[tokio::test]
async fn a_search_whose_condition_is_ignored_leads_into_no_other_record() {
    let (servicenow, serving) = serve().await;
    write(&notes(&serving), OTHER).await.unwrap();
    // It has no numbers: searched for one, it gives its only row.
    let numberless = systems(&system(&serving, "sys_journal_field"), &user());
    assert!(matches!(
        write(&numberless, TICKET).await,
        Err(TicketError::Permanent(_))
    ));
    assert_eq!(writes(&servicenow), 1);
    assert_eq!(servicenow.journal(OTHER), [entry("work_notes")]);
}

#[tokio::test]
async fn a_refusal_does_not_pass() {
    let (servicenow, serving) = serve().await;
    for status in [400, 404, 409, 415] {
        servicenow.fail(Fault::on("PATCH", TABLE).status(status));
        let error = write(&notes(&serving), TICKET).await.unwrap_err();
        assert!(matches!(error, TicketError::Permanent(_)), "{status}");
    }
    assert!(servicenow.journal(TICKET).is_empty());
}

#[tokio::test]
async fn a_credential_that_was_rotated_is_fetched_anew() {
    for (cached, current) in [
        (json!({"username": USER, "password": "the old one"}), user()),
        (
            json!({"client_id": CLIENT_ID, "client_secret": "the old one"}),
            client(),
        ),
    ] {
        let (servicenow, serving) = serve().await;
        let secrets = Rotated { cached, current };
        let systems = systems_with(&system(&serving, TABLE), Arc::new(secrets));
        write(&systems, TICKET).await.unwrap();
        assert_eq!(servicenow.journal(TICKET), [entry("work_notes")]);
    }
}

#[tokio::test]
async fn a_credential_that_stays_wrong_is_left_for_later_and_writes_nothing() {
    let (servicenow, serving) = serve().await;
    for wrong in [
        json!({"username": USER, "password": "wrong"}),
        json!({"client_id": CLIENT_ID, "client_secret": "wrong"}),
    ] {
        let systems = systems(&system(&serving, TABLE), &wrong);
        assert_eq!(
            write(&systems, TICKET).await,
            Err(TicketError::Transient { after: None })
        );
    }
    assert_eq!(writes(&servicenow), 0);
}

#[tokio::test]
async fn a_note_whose_field_the_account_may_not_write_counts_as_failed_though_the_answer_is_200() {
    let (servicenow, serving) = serve().await;
    servicenow.deny_field("work_notes");
    for _ in 0..2 {
        let error = write(&notes(&serving), TICKET).await.unwrap_err();
        assert!(matches!(error, TicketError::Permanent(why) if why.contains("not in the ticket")));
    }
    assert!(servicenow.journal(TICKET).is_empty());
    let public = format!("{}\npublic = true", system(&serving, TABLE));
    write(&systems(&public, &user()), TICKET).await.unwrap();
    assert_eq!(servicenow.journal(TICKET), [entry("comments")]);
}

/// Written, perhaps, but not seen: nothing says that it is there.
#[tokio::test]
async fn a_note_that_the_account_may_not_read_counts_as_failed() {
    let (servicenow, serving) = serve().await;
    servicenow.hide_journal();
    let error = write(&notes(&serving), TICKET).await.unwrap_err();
    assert!(matches!(error, TicketError::Permanent(_)));
    assert_eq!(servicenow.journal(TICKET).len(), 1);
}

#[tokio::test]
async fn a_success_that_is_none_is_looked_up_and_never_taken_for_a_note() {
    let (servicenow, serving) = serve().await;
    let patch = || Fault::on("PATCH", TABLE);
    let without_note = json!({"result": {
        "sys_id": "ee1197db476cc2904bf15222516d439f",
        "number": TICKET,
        "work_notes": "",
        "comments": "",
    }});
    for (fault, transient) in [
        (patch().garbage(), true),
        (patch().body(200, ""), true),
        (patch().body(202, "{}"), true),
        (patch().body(204, ""), true),
        (patch().body(201, without_note.to_string()), true),
        (patch().body(200, without_note.to_string()), false),
    ] {
        servicenow.fail(fault.clone());
        let error = write(&notes(&serving), TICKET).await.unwrap_err();
        let is_transient = matches!(error, TicketError::Transient { .. });
        assert_eq!(is_transient, transient, "{fault:?}: {error:?}");
        assert!(servicenow.journal(TICKET).is_empty());
    }
    write(&notes(&serving), TICKET).await.unwrap();
    assert_eq!(servicenow.journal(TICKET), [entry("work_notes")]);
}
