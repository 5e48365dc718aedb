//! What people do at the desk, from the look-up to the outcome.

use std::time::Duration;

use serde_json::{Value, json};

use super::browser::verification_in;
use super::{Browser, JANE_ID, same, with_desk, with_references};
use crate::documented::documented;
use crate::evidence::ago;
use crate::test_app::{Document, JANE, Overrides, SAM, TestApp, VERA, VICTOR};

#[tokio::test]
async fn a_verification_alone_changes_nothing() {
    let app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    app.wait(Duration::from_secs(3 * 60 * 60)).await;
    assert!(app.writes().is_empty());
    let sam = Browser::of(&app, SAM).await;
    let outcome = sam.get(&format!("/desk/cases/{case}/outcome")).await;
    assert_eq!(outcome.code(), "desk_no_such_case");
}

#[tokio::test]
async fn an_approver_who_rejects_ends_the_verification_and_the_next_one_shows_it() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let case = vera.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    let path = format!("/desk/cases/{case}/rejection");
    let rejected = sam
        .post(&path, &json!({"reason": "I called: it was not her"}))
        .await;
    assert_eq!(rejected.status, 200, "{}", rejected.json);

    let ada = Browser::of(&app, crate::test_app::ADA).await;
    assert_eq!(ada.draft_approval(&case).await.code(), "desk_rejected");
    let next = vera.verify(JANE).await;
    let shown = ada.get(&format!("/desk/cases/{next}")).await;
    let note = rejected.json["note"].as_str().unwrap();
    assert!(note.contains("was rejected by Sam Approver"), "{note}");
    assert_eq!(rejected.json["noted"], false, "no ticket takes notes");
    let rejection = &shown.json["rejections"][0];
    assert_eq!(rejection["reason"], "I called: it was not her");
    assert_eq!(rejection["by"], "Sam Approver");
    app.wait(Duration::from_secs(24 * 60 * 60)).await;
    let later = Browser::of(&app, VERA).await;
    let found = later.post("/desk/people", &json!({"person": JANE})).await;
    assert_eq!(found.json["rejections"], json!([]));
}

#[tokio::test]
async fn an_approver_is_told_what_stands_in_the_way_and_what_to_do() {
    let app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    app.tenant.set_enabled(JANE, false);
    let sam = Browser::of(&app, SAM).await;
    let shown = sam.get(&format!("/desk/cases/{case}")).await;
    let refused = sam.approve(&case).await;
    assert_eq!(shown.json["preview"], json!(null), "{}", shown.json);
    assert_eq!(shown.json["obstacle"], refused.json["detail"]);
    assert_eq!(shown.json["obstacle_next"], refused.json["next"]);
}

#[tokio::test]
async fn without_a_section_desk_there_is_none() {
    let app = TestApp::new().await;
    for path in [
        "/desk",
        "/desk/settings",
        "/desk/0123456789abcdef0123456789abcdef",
    ] {
        assert_eq!(app.get(path).await.code(), "not_found", "{path}");
    }
    for path in [
        "/desk/sessions",
        "/desk/people",
        "/desk/contacts",
        "/desk/drafts",
    ] {
        let reply = app.ask("POST", path, "", Some(&json!({}))).await;
        assert_eq!(reply.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn a_reference_in_a_ticket_is_looked_up_and_counts_once() {
    let app = with_references().await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    let shown = sam.get(&format!("/desk/cases/{case}")).await;
    assert_eq!(shown.json["for_ticket"], true, "{}", shown.json);
    let reference = sam.approve_for_ticket(&case).await;
    assert!(app.writes().is_empty());

    let done = app.send(app.jira(&reference)).await;
    documented(&done);
    let other = app.send(app.servicenow("HELP-42", JANE, &reference)).await;
    assert_eq!(other.code(), "issuer_not_allowed", "{}", other.json);
}

#[tokio::test]
async fn a_reference_counts_in_a_ticket_of_servicenow() {
    let change = |policy: Document| policy.push("sources.servicenow.issuers", "desk");
    let app = with_desk(change).await;
    let vera = Browser::of(&app, VERA).await;
    let draft = vera.draft(&verification_in("RITM0010042", JANE_ID)).await;
    let case = vera.sign(&draft.json).await.json["case"].clone();
    let sam = Browser::of(&app, SAM).await;
    let reference = sam.approve_for_ticket(case.as_str().unwrap()).await;
    let other = app.servicenow("RITM0010043", JANE, &reference);
    app.send(other).await.assert_refused(422, "other_ticket");
    let done = app.servicenow("RITM0010042", JANE, &reference);
    app.send(done).await.assert_completed();
}

#[tokio::test]
async fn a_person_with_both_roles_verifies_and_another_one_approves() {
    let app = with_desk(same).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(JANE).await;
    documented(&victor.draft_approval(&case).await);
    let done = Browser::of(&app, SAM).await.approve(&case).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
}

#[tokio::test]
async fn a_verifier_sees_what_speaks_against_a_person_and_nothing_else() {
    for (hours, codes) in [
        (23, vec!["password_changed", "account_created"]),
        (25, vec![]),
    ] {
        let changed = |users| {
            super::tenant(users)
                .add("users.11.lastPasswordChangeDateTime", ago(hours))
                .add("users.11.createdDateTime", ago(hours))
        };
        let app = super::build(same, changed, Overrides::default()).await;
        let vera = Browser::of(&app, VERA).await;
        let look = async |who: &str| {
            let found = vera
                .post("/desk/people", &json!({"person": who}))
                .await
                .json;
            let hints = found["hints"].as_array().unwrap().clone();
            let codes = hints
                .iter()
                .map(|hint| hint["code"].as_str().unwrap().to_owned());
            codes.collect::<Vec<_>>()
        };
        assert_eq!(look(JANE).await, codes);
        assert!(!look(SAM).await.contains(&"yourself".to_owned()));
        assert!(look(VERA).await.contains(&"yourself".to_owned()));
    }
}

#[tokio::test]
async fn an_approval_without_an_authentication_context_is_warned_of_in_each_outcome() {
    let none = |policy: Document| policy.set("desk.context", "none");
    for (app, is_warned) in [
        (with_desk(none).await, true),
        (with_desk(same).await, false),
    ] {
        let case = Browser::of(&app, VERA).await.verify(JANE).await;
        let done = Browser::of(&app, SAM).await.approve(&case).await;
        assert_eq!(done.state(), "completed", "{}", done.json);
        let warnings = done.warnings();
        if is_warned {
            documented(&done);
        }
        assert_eq!(
            warnings.contains(&"sign_in_out_of_context"),
            is_warned,
            "{warnings:?}"
        );
    }
}

#[tokio::test]
async fn a_ticket_that_is_typed_in_small_letters_is_the_ticket_systems() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let mut body = super::browser::verification(JANE);
    body["verification"]["ticket"] = json!("help-42");
    let draft = vera.draft(&body).await.json;
    let text: Value = serde_json::from_str(draft["text"].as_str().unwrap()).unwrap();
    assert_eq!(text["about"]["ticket"], "HELP-42");
    let approval = app.approve(app.draft().ticket("help-42"));
    let done = app.send(app.jira(&approval)).await;
    done.assert_completed();
    let again = app.send(app.jira(&approval)).await;
    again.assert_replayed();
}
