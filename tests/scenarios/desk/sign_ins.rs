//! Sign-ins that were made for something else, long ago, or by too many at once, and the codes and tokens of them.

use std::time::Duration;

use reregister_mfa::approval::sign_in::view_nonce;
use serde_json::json;
use simulated::entra::Fault;

use super::browser::VERIFIER;
use super::table_writers::redeemed;
use super::{Browser, about_to_approve, same, with_desk, with_references};
use crate::documented::documented;
use crate::test_app::{ADA, JANE, MEGAN, Reply, SAM, VERA, VICTOR};

const TWO_MINUTES: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_silent_sign_in_signs_nothing_whether_its_session_is_older_than_the_desks_or_not() {
    for signs_in_elsewhere in [false, true] {
        let app = with_desk(same).await;
        let case = Browser::of(&app, VERA).await.verify(JANE).await;
        let sam = Browser::of(&app, SAM).await;
        app.clock.pass(TWO_MINUTES);
        if signs_in_elsewhere {
            sam.code(SAM, "another app's").await.unwrap();
            app.clock.pass(TWO_MINUTES);
        }
        let draft = sam.draft_approval(&case).await.json;
        let code = sam
            .silent_code(SAM, draft["nonce"].as_str().unwrap())
            .await
            .unwrap();
        let refused = sam.redeem(&draft, &code).await;
        refused.assert_refused(403, "sign_in_invalid");
        assert!(app.writes().is_empty());
        sam.sign(&draft).await.assert_completed();
    }
}

#[tokio::test]
async fn of_four_sign_ins_at_once_one_is_told_to_come_back_and_its_code_is_good_then() {
    let app = with_desk(same).await;
    let random = "random-of-the-page";
    let mut bodies = Vec::new();
    for who in [VERA, SAM, ADA, VICTOR] {
        let code = Browser::new(&app).code(who, &view_nonce(random)).await;
        bodies.push(json!({"code": code.unwrap(), "code_verifier": VERIFIER, "random": random}));
    }
    // Each answer comes when all four have asked.
    let slow = Fault::on("POST", "/token").times(3);
    app.tenant.fail(slow.slow(Duration::from_millis(300)));
    let browser = Browser::new(&app);
    let answers = bodies
        .iter()
        .map(|body| browser.post("/desk/sessions", body));
    let answers: Vec<Reply> = futures_util::future::join_all(answers).await;
    let is_busy = |(_, answer): &(usize, &Reply)| answer.status != 200;
    let busy: Vec<_> = answers.iter().enumerate().filter(is_busy).collect();
    let [(nth, busy)] = busy[..] else {
        panic!("{answers:?}");
    };
    documented(busy);
    let later = browser.post("/desk/sessions", &bodies[nth]).await;
    assert_eq!(later.status, 200, "{later:?}");
}

#[tokio::test]
async fn a_code_with_the_verifier_of_another_tab_signs_nothing_and_the_draft_stays_open() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let code = sam.code(SAM, draft["nonce"].as_str().unwrap()).await;
    let path = format!("/desk/drafts/{}/signature", draft["id"].as_str().unwrap());
    let body = json!({"code": code.unwrap(), "code_verifier": "another-tabs".repeat(4)});
    let refused = sam.post(&path, &body).await;
    refused.assert_refused(422, "desk_code_refused");
    assert!(app.writes().is_empty());
    sam.sign(&draft).await.assert_completed();
}

#[tokio::test]
async fn a_used_code_signs_no_second_draft_and_that_one_stays_open() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let first = vera.draft_verification(JANE).await.json;
    let second = vera.draft_verification(MEGAN).await.json;
    let code = vera.code(VERA, first["nonce"].as_str().unwrap()).await;
    let code = code.unwrap();
    assert_eq!(vera.redeem(&first, &code).await.status, 200);
    documented(&vera.redeem(&second, &code).await);
    assert_eq!(vera.sign(&second).await.status, 200);
}

#[tokio::test]
async fn the_token_of_a_signature_is_no_approval_anywhere_else_and_no_code() {
    let app = with_references().await;
    let (sam, draft) = about_to_approve(&app).await;
    let token = redeemed(&sam, SAM, draft["nonce"].as_str().unwrap()).await;
    let in_ticket = app.send(app.jira(&token)).await;
    in_ticket.assert_refused(401, "approval_invalid");
    let on_call = app.reset_on_call(&token).await;
    on_call.assert_refused(401, "approval_invalid");
    let as_code = sam.redeem(&draft, &token).await;
    as_code.assert_refused(422, "desk_code_refused");
    let mut browser = Browser::new(&app);
    browser.bearer = token;
    let as_bearer = browser.draft_approval("any").await;
    as_bearer.assert_refused(401, "desk_session_over");
    assert!(app.writes().is_empty());
}
