//! What the worker does for the desk without a visitor, and what it leaves alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reregister_mfa::reset::ports::Wake;
use serde_json::{Value, json};
use simulated::entra::{self, OldKey};
use simulated::tickets::Fault;

use super::mortal::World;
use super::{Browser, JANE_ID, about_to_approve, changed, same, with_desk, with_references};
use crate::documented::documented;
use crate::log;
use crate::test_app::{ADA, JANE, SAM, TestApp, VERA};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// An approval that was signed and kept, and a page that died before it asked for the reset. Gives the case and the
/// approval's draft.
async fn left_alone(world: &World) -> [String; 2] {
    let case = Browser::of(&world.app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&world.app, SAM).await;
    let draft = sam.draft_approval(&case).await.json;
    let id = draft["id"].as_str().unwrap().to_owned();
    let mut calls = 0;
    while !world.has_signature(&id) {
        world.mortal.dies_after(calls);
        sam.sign(&draft).await;
        world.mortal.begins_anew();
        calls += 1;
    }
    assert!(world.app.writes().is_empty());
    [case, id]
}

#[tokio::test]
async fn an_approval_whose_page_died_after_the_signature_is_submitted_within_a_minute_and_once() {
    let world = World::new(same).await;
    let [_, draft] = left_alone(&world).await;
    world.wait(MINUTE, None).await;
    let kept = ["windowsHelloForBusiness"];
    assert_eq!(world.app.has(JANE), kept);
    let writes = world.app.writes();
    for _ in 0..3 {
        let wake = Wake::Draft(draft.as_str().try_into().unwrap());
        world.app.app.wake(wake, None).await.unwrap();
    }
    world.wait(HOUR, None).await;
    assert_eq!(world.app.writes(), writes);
    assert_eq!(world.trail(), ["Completed"]);
    assert_eq!(world.comments(), ["verified", "done"]);
}

#[tokio::test]
async fn asking_how_it_ended_begins_nothing() {
    let world = World::new(same).await;
    let [case, _] = left_alone(&world).await;
    let sam = Browser::of(&world.app, SAM).await;
    let ask = async || sam.get(&format!("/desk/cases/{case}/outcome")).await;
    let (items, messages) = (world.mortal.store.len(), world.app.queue_length());
    assert_eq!(ask().await.code(), "desk_no_such_case");
    assert_eq!(world.mortal.store.len(), items);
    assert_eq!(world.app.queue_length(), messages);
    assert!(world.app.writes().is_empty());
    world.wait(MINUTE, None).await;
    ask().await.assert_completed();
}

#[tokio::test]
async fn a_stored_signature_that_entra_did_not_make_is_not_submitted() {
    let world = World::new(same).await;
    let [_, draft] = left_alone(&world).await;
    let key = format!("desk-signature#{draft}");
    world.mortal.store.edit(&key, |body| {
        let at = body.rfind("\",\"verification\"").unwrap();
        let (token, rest) = body.split_at(at);
        let (front, _) = token.split_at(token.len() - 8);
        format!("{front}AAAAAAAA{rest}")
    });
    world.wait(HOUR, None).await;
    assert!(world.app.writes().is_empty());
    assert_eq!(world.trail(), ["signature refused"]);
}

#[tokio::test]
async fn a_stored_verification_that_entra_did_not_sign_gets_no_note_and_the_security_team_is_told()
{
    let world = World::new(same).await;
    let case = Browser::of(&world.app, VERA).await.verify(JANE).await;
    let key = format!("desk-signature#{case}");
    world.mortal.store.edit(&key, |body| {
        let mut stored: Value = serde_json::from_str(body).unwrap();
        let token = stored["token"].as_str().unwrap();
        stored["token"] = json!(format!("{}AAAAAAAA", &token[..token.len() - 8]));
        stored.to_string()
    });
    world.wait(5 * HOUR, None).await;
    assert_eq!(world.comments(), ["verified"]);
    assert_eq!(world.trail(), ["signature refused"]);
    assert_eq!(
        world.app.security_inbox.subjects(),
        ["MFA desk: signatures refused (HELP-42)"]
    );
    let notice = world.app.security_inbox.texts().concat();
    assert!(notice.contains("signed by no sign-in"), "{notice}");
}

/// Entra's key set has no keys while this holds.
fn without_keys(app: &TestApp) -> Arc<AtomicBool> {
    let holds = Arc::new(AtomicBool::new(true));
    let is_so = holds.clone();
    let no_keys = entra::Fault::on("GET", "/discovery/v2.0/keys")
        .times(u32::MAX)
        .only_while(move || is_so.load(Ordering::SeqCst))
        .edit(|set| set["keys"] = json!([]));
    app.tenant.fail(no_keys);
    holds
}

#[tokio::test]
async fn a_verification_whose_key_entra_lists_again_after_hours_is_told_to_its_end() {
    let world = World::new(same).await;
    Browser::of(&world.app, VERA).await.verify(JANE).await;
    let holds = without_keys(&world.app);
    world.wait(4 * HOUR + 10 * MINUTE, None).await;
    assert_eq!(world.trail(), [""; 0]);
    holds.store(false, Ordering::SeqCst);
    world.wait(HOUR, None).await;
    assert_eq!(world.trail(), ["expired"]);
    assert_eq!(world.comments(), ["verified", "expired"]);
    assert_eq!(world.app.security_inbox.subjects(), [""; 0]);
    assert_eq!(world.app.queue_length(), 0);
}

#[tokio::test]
async fn a_verification_whose_key_stays_away_ends_before_the_queue_gives_it_up() {
    let world = World::new(same).await;
    Browser::of(&world.app, VERA).await.verify(JANE).await;
    without_keys(&world.app);
    world.wait(4 * HOUR, None).await;
    assert_eq!(world.trail(), [""; 0]);
    world.wait(HOUR, None).await;
    assert_eq!(world.trail(), ["signature refused"]);
    assert_eq!(world.comments(), ["verified"]);
    let notice = world.app.security_inbox.texts().concat();
    assert!(notice.contains("key of a sign-in is not among"), "{notice}");
    assert_eq!(world.app.queue_length(), 0);
}

#[tokio::test]
async fn a_sign_in_whose_key_entra_does_not_list_yet_is_no_refused_sign_in() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    app.tenant.rotate_keys(OldKey::Stays);
    let holds = without_keys(&app);
    for _ in 0..4 {
        app.clock.pass(MINUTE);
        documented(&sam.sign(&draft).await);
    }
    let mut nobody = Browser::new(&app);
    nobody
        .look(VERA)
        .await
        .assert_refused(503, "keys_unavailable");
    assert_eq!(app.security_inbox.subjects(), [""; 0]);
    holds.store(false, Ordering::SeqCst);
    app.clock.pass(MINUTE);
    sam.sign(&draft).await.assert_completed();
}

#[tokio::test]
async fn an_approval_that_was_signed_for_a_ticket_is_not_submitted() {
    let app = with_references().await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    sam.approve_for_ticket(&case).await;
    app.wait(6 * HOUR).await;
    assert!(app.writes().is_empty());
    assert!(!app.decisions().contains(&"expired".to_owned()));
    assert_eq!(app.queue_length(), 0);
}

#[tokio::test]
async fn a_message_about_a_draft_that_is_not_signed_does_nothing_and_says_so() {
    log::start();
    let app = with_desk(same).await;
    let (_, draft) = about_to_approve(&app).await;
    let unsigned = draft["id"].as_str().unwrap();
    let unknown = "0123456789abcdef0123456789abcdef";
    app.wait(15 * MINUTE).await;
    for id in [unsigned, unknown] {
        let wake = Wake::Draft(id.try_into().unwrap());
        app.app.wake(wake, None).await.unwrap();
        assert!(log::lines_with(id).contains("nothing is done"));
    }
    assert!(app.writes().is_empty());
    assert_eq!(app.decisions().last().unwrap(), "session begun");
}

#[tokio::test]
async fn a_message_that_comes_before_the_signature_does_not_stop_it() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let wake = Wake::Draft(draft["id"].as_str().unwrap().try_into().unwrap());
    app.app.wake(wake, None).await.unwrap();
    assert_eq!(sam.sign(&draft).await.state(), "completed");
}

#[tokio::test]
async fn without_the_queue_nothing_is_signed_since_no_message_would_bring_it_to_its_end() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    app.break_queue();
    let refused = sam.sign(&draft).await;
    refused.assert_refused(503, "queue_unavailable");
    assert!(!app.decisions().contains(&"signed approval".to_owned()));
}

#[tokio::test]
async fn a_note_with_the_link_that_fails_is_written_when_the_ticket_system_answers_again() {
    let world = World::new(same).await;
    world.jira.fail(Fault::on("*", "").times(4).status(503));
    let vera = Browser::of(&world.app, VERA).await;
    let draft = vera.draft_verification(JANE).await.json;
    let signed = vera.sign(&draft).await;
    assert_eq!(signed.json["noted"], false, "{}", signed.json);
    world.wait(10 * MINUTE, None).await;
    assert_eq!(world.comments(), ["verified"]);
    world.wait(5 * HOUR, None).await;
    assert_eq!(world.comments(), ["verified", "expired"]);
    assert_eq!(world.app.queue_length(), 0);
}

#[tokio::test]
async fn a_note_about_a_rejection_that_fails_is_retried_for_two_hours() {
    for (outage, expected) in [(5, vec!["rejected"]), (u32::MAX, vec![])] {
        let world = World::new(same).await;
        let vera = Browser::of(&world.app, VERA).await;
        world
            .jira
            .fail(Fault::on("*", "").times(outage).status(503));
        let case = vera.verify(JANE).await;
        let sam = Browser::of(&world.app, SAM).await;
        let path = format!("/desk/cases/{case}/rejection");
        let rejected = sam.post(&path, &json!({"reason": "no"})).await;
        assert_eq!(rejected.status, 200, "{}", rejected.json);
        world.wait(3 * HOUR, None).await;
        assert_eq!(world.comments(), expected);
        assert_eq!(world.trail(), ["rejected"]);
        assert_eq!(world.app.queue_length(), 0);
    }
}

#[tokio::test]
async fn the_first_of_two_rejections_is_the_one_that_is_told() {
    let world = World::new(same).await;
    let case = Browser::of(&world.app, VERA).await.verify(JANE).await;
    let path = format!("/desk/cases/{case}/rejection");
    let sam = Browser::of(&world.app, SAM).await;
    for reason in ["the first", "the second"] {
        let rejected = sam.post(&path, &json!({"reason": reason})).await;
        assert_eq!(rejected.status, 200, "{}", rejected.json);
    }
    let vera = Browser::of(&world.app, VERA).await;
    let found = vera.post("/desk/people", &json!({"person": JANE})).await;
    assert_eq!(found.json["id"], JANE_ID);
    let rejections = found.json["rejections"].as_array().unwrap();
    assert_eq!(rejections.len(), 1);
    assert_eq!(rejections[0]["reason"], "the first");
}

#[tokio::test]
async fn a_case_that_has_expired_is_not_approved_by_a_draft_from_before() {
    let app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    app.wait(4 * HOUR - 2 * MINUTE).await;
    let sam = Browser::of(&app, SAM).await;
    let draft = sam.draft_approval(&case).await.json;
    app.wait(5 * MINUTE).await;
    let refused = sam.sign(&draft).await;
    assert_eq!(refused.code(), "desk_no_such_case", "{}", refused.json);
    app.wait(HOUR).await;
    assert!(app.writes().is_empty());
    assert_eq!(app.queue_length(), 0);
}

#[tokio::test]
async fn the_third_refused_sign_in_within_an_hour_is_told_to_the_security_team_once_an_hour() {
    let app = with_desk(same).await;
    let told = || {
        let subjects = app.security_inbox.subjects().into_iter();
        let about_it = |text: &String| text.contains("signatures refused");
        subjects.filter(about_it).count()
    };
    let refuse = async |times: u32| {
        let case = Browser::of(&app, VERA).await.verify(JANE).await;
        let mut sam = Browser::of(&app, SAM).await;
        let draft = sam.draft_approval(&case).await.json;
        sam.changes = changed("acrs", &json!(null));
        for _ in 0..times {
            assert_eq!(sam.sign(&draft).await.code(), "sign_in_invalid");
        }
    };
    refuse(2).await;
    assert_eq!(told(), 0);
    app.security_inbox.set_down(true);
    refuse(1).await;
    app.security_inbox.set_down(false);
    assert_eq!(told(), 0, "it could not be told");
    refuse(5).await;
    assert_eq!(told(), 1);
    app.wait(HOUR).await;
    refuse(4).await;
    assert_eq!(told(), 2);
}

#[tokio::test]
async fn refused_sign_ins_at_the_same_moment_are_told_as_well() {
    let app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let mut sam = Browser::of(&app, SAM).await;
    let draft = sam.draft_approval(&case).await.json;
    sam.changes = changed("acrs", &json!(null));
    let refused = tokio::join!(sam.sign(&draft), sam.sign(&draft), sam.sign(&draft));
    for one in [refused.0, refused.1, refused.2] {
        assert_eq!(one.code(), "sign_in_invalid");
    }
    let subjects = app.security_inbox.subjects().into_iter();
    let told = subjects.filter(|text| text.contains("signatures refused"));
    assert!(told.count() > 0);
}

#[tokio::test]
async fn an_approval_that_was_decided_and_never_signed_is_taken_back_after_its_time() {
    let world = World::new(same).await;
    let case = Browser::of(&world.app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&world.app, SAM).await;
    let draft = sam.draft_approval(&case).await.json;
    let decision = format!("desk-decision#{case}");
    let is_decided = || {
        let mut is_decided = false;
        let look = |body: &str| is_decided = body.contains("approved");
        world.mortal.store.look(&decision, look);
        is_decided
    };
    let mut calls = 0;
    while !is_decided() {
        world.mortal.dies_after(calls);
        sam.sign(&draft).await;
        world.mortal.begins_anew();
        calls += 1;
    }
    assert!(!world.has_signature(draft["id"].as_str().unwrap()));
    world.wait(15 * MINUTE, None).await;
    assert!(!is_decided());
    let ada = Browser::of(&world.app, ADA).await;
    let reject = format!("/desk/cases/{case}/rejection");
    let no = ada.post(&reject, &json!({"reason": "not her"})).await;
    assert_eq!(no.status, 200, "{}", no.json);
    assert!(world.app.writes().is_empty());
}
