//! A "no" at the desk, and what it stops: everything but a reset that has begun.

use std::time::Duration;

use serde_json::{Value, json};
use simulated::entra::Fault;

use super::browser::verification_in;
use super::{Browser, JANE_ID, about_to_approve, same, with_desk, with_references};
use crate::documented::documented;
use crate::guardrails::freeze;
use crate::test_app::{ADA, JANE, SAM, VERA};

const ADELE_ID: &str = "a1000000-0000-4000-8000-000000000001";

/// The case that an approver's draft rests on.
pub fn case_of(draft: &Value) -> String {
    let about: Value = serde_json::from_str(draft["text"].as_str().unwrap()).unwrap();
    let verified = about["act"]["verification"]["draft"].as_str().unwrap();
    let verified: Value = serde_json::from_str(verified).unwrap();
    verified["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_rejection_stops_an_approval_that_is_drafted_already_and_comes_too_late_after_one() {
    let app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let (sam, ada) = (Browser::of(&app, SAM).await, Browser::of(&app, ADA).await);
    let drafted = ada.draft_approval(&case).await.json;
    let reject = format!("/desk/cases/{case}/rejection");
    let no = json!({"reason": "I called: it was not her"});
    assert_eq!(sam.post(&reject, &no).await.status, 200);
    assert_eq!(ada.sign(&drafted).await.code(), "desk_rejected");
    assert!(app.writes().is_empty());

    app.clock.pass(Duration::from_secs(16 * 60));
    let (sam, draft) = about_to_approve(&app).await;
    assert_eq!(sam.sign(&draft).await.state(), "completed");
    let reject = format!("/desk/cases/{}/rejection", case_of(&draft));
    let ada = Browser::of(&app, ADA).await;
    assert_eq!(ada.post(&reject, &no).await.code(), "desk_approved");
    // It is too late for this reset, and the next verification shows it.
    assert_eq!(app.decisions().last().unwrap(), "rejected");
    app.clock.pass(Duration::from_secs(16 * 60));
    let next = Browser::of(&app, VERA).await.verify(JANE).await;
    let ada = Browser::of(&app, ADA).await;
    let shown = ada.get(&format!("/desk/cases/{next}")).await.json;
    let rejections = shown["rejections"].as_array().unwrap();
    assert_eq!(rejections.len(), 2, "{shown}");
}

#[tokio::test]
async fn a_rejection_stops_an_approval_that_was_signed_and_did_not_begin_a_reset() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let case = case_of(&draft);
    freeze(app.store.clone(), true, true).await;
    sam.sign(&draft).await.assert_refused(403, "frozen");
    let ada = Browser::of(&app, ADA).await;
    let reject = format!("/desk/cases/{case}/rejection");
    let no = json!({"reason": "Jane did not call: fraud"});
    let rejected = ada.post(&reject, &no).await;
    assert_eq!(rejected.status, 200, "{}", rejected.json);
    // The approver takes their own signature back by no other "no".
    sam.post(&reject, &json!({"reason": "typo"})).await;
    freeze(app.store.clone(), false, false).await;

    let again = sam.redeem(&draft, "any-code").await;
    documented(&again);
    assert_eq!(sam.draft_approval(&case).await.code(), "desk_rejected");
    app.wait(Duration::from_secs(2 * 60 * 60)).await;
    assert!(app.writes().is_empty());
    let ada = Browser::of(&app, ADA).await;
    let shown = ada.get(&format!("/desk/cases/{case}")).await.json;
    let rejections = shown["rejections"].as_array().unwrap();
    assert_eq!(rejections.len(), 1, "{shown}");
    assert_eq!(rejections[0]["reason"], "Jane did not call: fraud");
    assert_eq!(
        app.decisions()
            .iter()
            .filter(|one| *one == "rejected")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_rejection_stops_a_reference_that_no_ticket_has_presented() {
    let app = with_references().await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    let reference = sam.approve_for_ticket(&case).await;
    let ada = Browser::of(&app, ADA).await;
    let reject = format!("/desk/cases/{case}/rejection");
    let rejected = ada.post(&reject, &json!({"reason": "fraud"})).await;
    assert_eq!(rejected.status, 200, "{}", rejected.json);
    let refused = app.send(app.jira(&reference)).await;
    refused.assert_refused(403, "approval_rejected");
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn a_rejection_stops_an_accepted_reset_that_waits_for_entra() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let outage = Fault::on("GET", "/transitiveMemberOf");
    app.tenant.fail(outage.times(u32::MAX).status(503));
    sam.sign(&draft)
        .await
        .assert_waiting("directory_unavailable");
    let ada = Browser::of(&app, ADA).await;
    let reject = format!("/desk/cases/{}/rejection", case_of(&draft));
    let rejected = ada.post(&reject, &json!({"reason": "fraud"})).await;
    assert_eq!(rejected.status, 200, "{}", rejected.json);
    app.tenant.mend();
    app.wait(Duration::from_secs(2 * 60 * 60)).await;
    assert!(app.writes().is_empty());
    assert_eq!(app.decisions().last().unwrap(), "refused approval_rejected");
}

#[tokio::test]
async fn an_approval_for_a_ticket_is_not_drafted_where_no_ticket_system_takes_references() {
    let app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    let body = json!({"approval": {"case": case, "for_ticket": true}});
    let refused = sam.post("/desk/drafts", &body).await;
    assert_eq!(refused.code(), "desk_no_references", "{}", refused.json);
    // What is refused takes none of the five places of a session.
    for _ in 0..6 {
        sam.post("/desk/drafts", &body).await;
    }
    assert_eq!(sam.draft_approval(&case).await.status, 200);
}

#[tokio::test]
async fn a_rejection_is_shown_with_the_next_ticket_of_the_person_and_the_next_person_of_the_ticket()
{
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let verify = async |ticket: &str, id: &str| {
        let draft = vera.draft(&verification_in(ticket, id)).await;
        let case = vera.sign(&draft.json).await.json["case"].clone();
        case.as_str().unwrap().to_owned()
    };
    let rejected = verify("HELP-42", JANE_ID).await;
    let sam = Browser::of(&app, SAM).await;
    let path = format!("/desk/cases/{rejected}/rejection");
    let no = sam.post(&path, &json!({"reason": "not her"})).await;
    assert_eq!(no.status, 200, "{no:?}");
    for (ticket, id, is_shown) in [
        ("HELP-43", JANE_ID, true),
        ("HELP-42", ADELE_ID, true),
        ("HELP-43", ADELE_ID, false),
    ] {
        let case = verify(ticket, id).await;
        let shown = sam.get(&format!("/desk/cases/{case}")).await.json;
        let rejections = shown["rejections"].as_array().unwrap();
        assert_eq!(!rejections.is_empty(), is_shown, "{ticket} {id}: {shown}");
    }
}
