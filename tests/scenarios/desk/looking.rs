//! Attacks by those who may look, or would like to: roles, sessions, people and contacts.

use std::time::Duration;

use serde_json::json;
use simulated::entra::Fault;

use super::{Browser, about_to_approve, changed, same, with_desk};
use crate::test_app::{JANE, SAM, VERA};

#[tokio::test]
async fn a_role_in_the_token_alone_opens_no_desk() {
    let app = with_desk(same).await;
    // Whoever may assign the app's roles need not be able to change the groups.
    let mut vera = Browser::new(&app);
    vera.changes = changed("roles", &json!(["Approver"]));
    let refused = vera.look(VERA).await;
    assert_eq!(refused.code(), "desk_role_missing", "{}", refused.json);
    // Of two roles, the one whose group has her.
    vera.changes = changed("roles", &json!(["Verifier", "Approver"]));
    assert_eq!(vera.look(VERA).await.json["roles"], json!(["Verifier"]));
}

#[tokio::test]
async fn after_a_theft_nobody_signs_that_sessions_stay() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let mut body = super::browser::verification(JANE);
    body["verification"]["scope"] = json!("mfa:reregister passkeys:remove sessions:keep");
    assert_eq!(vera.draft(&body).await.status, 200);
    body["verification"]["reason"] = json!("stolen");
    let refused = vera.draft(&body).await;
    assert_eq!(
        refused.code(),
        "desk_request_unreadable",
        "{}",
        refused.json
    );
}

#[tokio::test]
async fn a_draft_is_no_way_to_look_a_person_up() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let body = super::browser::verification(JANE);
    let refused = vera.post("/desk/drafts", &body).await;
    assert_eq!(refused.code(), "desk_evidence", "{}", refused.json);
    let said = refused.json.to_string();
    assert!(!said.contains("jane.doe"), "{said}");
    // Another tab of the same person did not look her up either.
    let other_tab = Browser::of(&app, VERA).await;
    assert_eq!(other_tab.draft(&body).await.status, 200);
    assert_eq!(
        vera.post("/desk/drafts", &body).await.code(),
        "desk_evidence"
    );
}

#[tokio::test]
async fn a_number_that_is_changed_back_after_the_verifier_called_it_signs_nothing() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let contact = json!({"person": super::JANE_ID, "contact": "business_phone"});
    let mut body = super::browser::verification(JANE);
    body["verification"]["evidence"] = json!([{"method": "phone_call", "via": "desk"}]);
    let shown = async || vera.post("/desk/contacts", &contact).await.json["number"].clone();
    let change = |number: &'static str| {
        let profile = Fault::on("GET", "businessPhones").times(u32::MAX);
        profile.edit(move |user| user["businessPhones"] = json!([number]))
    };
    assert_eq!(shown().await, "+1 4255550150");
    app.tenant.fail(change("+1 4255550166"));
    vera.draft(&body)
        .await
        .assert_refused(403, "contact_changed");
    assert_eq!(app.decisions().last().unwrap(), "refused contact_changed");
    // Neither the new number nor the old one counts in this session any more.
    assert_eq!(shown().await, "+1 4255550166");
    vera.draft(&body)
        .await
        .assert_refused(403, "contact_changed");
    app.tenant.mend();
    vera.draft(&body)
        .await
        .assert_refused(403, "contact_changed");
    assert_eq!(app.security_inbox.texts().len(), 1, "told once");
    // Another way does.
    body["verification"]["evidence"] = json!([{"method": "video_call"}]);
    assert_eq!(vera.draft(&body).await.status, 200);
}

#[tokio::test]
async fn a_number_that_was_not_shown_here_is_no_contact_of_record() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    for evidence in [
        json!({"method": "phone_call", "via": "desk"}),
        json!({"method": "phone_call", "via": "mobile"}),
        json!({"method": "phone_call", "via": "home"}),
        json!({"method": "secure_message", "via": "sms"}),
        json!({"method": "manager_attestation"}),
        json!({"method": "verified_id"}),
    ] {
        let mut body = super::browser::verification(JANE);
        body["verification"]["evidence"] = json!([evidence]);
        app.clock.pass(Duration::from_secs(130));
        let refused = vera.draft(&body).await;
        assert_eq!(refused.code(), "desk_evidence", "{evidence}");
    }
}

#[tokio::test]
async fn without_a_bearer_or_with_a_wrong_one_nothing_is_shown_or_signed() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let mut stranger = Browser::new(&app);
    let code = sam.code(SAM, draft["nonce"].as_str().unwrap()).await;
    let (code, case) = (code.unwrap(), super::rejections::case_of(&draft));
    let asked = app.tenant.token_requests();
    for bearer in ["", "wrong", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"] {
        stranger.bearer = bearer.to_owned();
        for path in [
            format!("/desk/cases/{case}"),
            format!("/desk/cases/{case}/outcome"),
        ] {
            assert_eq!(stranger.get(&path).await.code(), "desk_session_over");
        }
        for path in ["/desk/people", "/desk/contacts", "/desk/drafts"] {
            let reply = stranger.post(path, &json!({})).await;
            assert_eq!(reply.code(), "desk_session_over", "{path}");
        }
        let signed = stranger.redeem(&draft, &code).await;
        assert_eq!(signed.code(), "desk_session_over");
    }
    assert_eq!(app.tenant.token_requests(), asked);
    sam.redeem(&draft, &code).await.assert_completed();
}

#[tokio::test]
async fn after_a_person_has_signed_out_their_bearer_opens_nothing() {
    let app = with_desk(same).await;
    let (vera, other_tab) = (Browser::of(&app, VERA).await, Browser::of(&app, VERA).await);
    let ended = app
        .ask("DELETE", "/desk/sessions", &vera.bearer, None)
        .await;
    assert_eq!(ended.status, 204);
    let refused = vera.post("/desk/people", &json!({"person": JANE})).await;
    assert_eq!(refused.code(), "desk_session_over");
    let again = app
        .ask("DELETE", "/desk/sessions", &vera.bearer, None)
        .await;
    assert_eq!(again.code(), "desk_session_over");
    assert_eq!(other_tab.draft_verification(JANE).await.status, 200);
}

#[tokio::test]
async fn a_sign_in_that_opened_a_session_signs_nothing_in_another_window() {
    let app = with_desk(same).await;
    // Whoever holds the cookies of Vera's browser has made a draft before she signs in to look.
    let thief = Browser::of(&app, VERA).await;
    let draft = thief.draft_verification(JANE).await.json;
    let mut vera = Browser::new(&app);
    assert_eq!(vera.look(VERA).await.status, 200);
    let code = thief.code(VERA, draft["nonce"].as_str().unwrap()).await;
    let refused = thief.redeem(&draft, &code.unwrap()).await;
    assert_eq!(refused.code(), "sign_in_invalid", "{}", refused.json);
}
