//! Each attack on the desk by its name. None of them may change a person.

use std::time::Duration;

use reregister_mfa::approval::sign_in::{nonce, view_nonce};
use serde_json::{Value, json};
use simulated::entra::{Fault, Method};

use super::{Browser, about_to_approve, changed, same, with_desk};
use crate::documented::{Rows, documented};
use crate::test_app::{ADA, JANE, MEGAN, SAM, TestApp, VERA};

#[tokio::test]
async fn a_sign_in_that_only_looks_is_no_signature() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let code = sam.code(SAM, &view_nonce("random")).await.unwrap();
    let refused = sam.redeem(&draft, &code).await;
    assert_eq!(refused.code(), "sign_in_invalid", "{}", refused.json);
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn a_signature_is_no_session() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let text = draft["text"].as_str().unwrap();
    let code = sam.code(SAM, &nonce(text)).await.unwrap();
    let body = json!({"code": code, "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "random": &text[..100]});
    let refused = Browser::new(&app).post("/desk/sessions", &body).await;
    assert_eq!(refused.code(), "sign_in_invalid", "{}", refused.json);
}

#[tokio::test]
async fn the_wrong_account_signs_nothing() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let refused = sam.sign_as(ADA, &draft).await;
    assert_eq!(refused.code(), "sign_in_invalid", "{}", refused.json);
    // The draft stays open: the right account can still sign it.
    assert_eq!(sam.sign(&draft).await.state(), "completed");
}

#[tokio::test]
async fn a_draft_of_another_session_is_not_there() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let other_tab = Browser::of(&app, SAM).await;
    let ada = Browser::of(&app, ADA).await;
    let asked = app.tenant.token_requests();
    for other in [&other_tab, &ada] {
        let refused = other.sign_as(SAM, &draft).await;
        assert_eq!(refused.code(), "desk_no_such_draft");
    }
    assert_eq!(app.tenant.token_requests(), asked);
    assert_eq!(sam.sign(&draft).await.state(), "completed");
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_a_repeated_signature_gets_what_came_of_it() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let code = sam
        .code(SAM, draft["nonce"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(sam.redeem(&draft, &code).await.state(), "completed");
    let redeemed = app.tenant.token_requests();
    let again = sam.redeem(&draft, &code).await;
    assert_eq!(again.json["replayed"], true, "{}", again.json);
    assert_eq!(app.tenant.token_requests(), redeemed);
    let removals = app.writes().len();
    assert_eq!(sam.sign(&draft).await.json["replayed"], true);
    assert_eq!(app.writes().len(), removals);
}

#[tokio::test]
async fn a_sign_in_that_signed_one_draft_signs_no_other_in_silence() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let (first, second) = (
        vera.draft_verification(JANE).await.json,
        vera.draft_verification(MEGAN).await.json,
    );
    let silent = async |draft: &Value| {
        let code = vera.code(VERA, draft["nonce"].as_str().unwrap()).await;
        vera.redeem(draft, &code.unwrap()).await
    };
    // At one second by the clock, each of the next is the sign-in of the first.
    assert_eq!(silent(&first).await.status, 200);
    let refused = silent(&second).await;
    assert_eq!(refused.code(), "sign_in_invalid", "{}", refused.json);
    assert_eq!(vera.sign(&second).await.status, 200);
}

#[tokio::test]
async fn a_draft_is_signed_within_ten_minutes_or_not_at_all() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    app.clock.pass(Duration::from_secs(10 * 60));
    let asked = app.tenant.token_requests();
    documented(&sam.sign(&draft).await);
    app.clock.pass(Duration::from_secs(5 * 60));
    assert_eq!(sam.sign(&draft).await.code(), "desk_session_over");
    assert_eq!(app.tenant.token_requests(), asked);
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn each_claim_of_a_forged_or_foreign_token_refuses_it() {
    let rows = Rows::of_this_scenario();
    let app = with_desk(same).await;
    for (claim, value, code) in [
        (
            "aud",
            json!("6f1c0000-0000-4000-8000-000000000002"),
            "sign_in_invalid",
        ),
        ("iss", json!("https://login.other/v2.0"), "sign_in_invalid"),
        (
            "tid",
            json!("6f1c0000-0000-4000-8000-000000000002"),
            "sign_in_invalid",
        ),
        ("ver", json!("1.0"), "sign_in_invalid"),
        ("acct", json!(1), "sign_in_invalid"),
        (
            "idp",
            json!("https://sts.windows.net/x/"),
            "sign_in_invalid",
        ),
        ("roles", json!(["Verifier"]), "sign_in_invalid"),
        ("roles", Value::Null, "sign_in_invalid"),
        ("acrs", json!(["c2"]), "sign_in_invalid"),
        ("acrs", Value::Null, "sign_in_invalid"),
        ("exp", json!(1), "sign_in_invalid"),
        ("nbf", json!(4_000_000_000_i64), "sign_in_invalid"),
        ("auth_time", Value::Null, "misconfigured"),
        ("acct", Value::Null, "misconfigured"),
        ("oid", Value::Null, "sign_in_invalid"),
        ("nonce", Value::Null, "sign_in_invalid"),
    ] {
        let (mut sam, draft) = about_to_approve(&app).await;
        sam.changes = changed(claim, &value);
        let refused = sam.sign(&draft).await;
        assert_eq!(refused.code(), code, "{claim} {value}: {}", refused.json);
        if code == "misconfigured" {
            rows.show(
                "a standard person, at the desk",
                "a sign-in whose token lacks `auth_time` or `acct`",
                &refused,
            );
        }
        assert!(app.writes().is_empty(), "{claim} {value}");
        app.clock.pass(Duration::from_secs(60 * 60));
    }
}

#[tokio::test]
async fn one_verification_is_good_for_one_reset() {
    let app = with_desk(crate::test_app::without_cool_down).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let (sam, ada) = (Browser::of(&app, SAM).await, Browser::of(&app, ADA).await);
    let drafts = [
        sam.draft_approval(&case).await,
        ada.draft_approval(&case).await,
    ];
    assert_eq!(sam.sign(&drafts[0].json).await.state(), "completed");
    let removals = app.writes().len();
    let second = ada.sign(&drafts[1].json).await;
    documented(&second);
    assert_eq!(second.json["replayed"], true, "{}", second.json);
    assert_eq!(app.writes().len(), removals);
}

#[tokio::test]
async fn a_text_that_is_signed_no_longer_counts_as_one_that_waits() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    for _ in 0..8 {
        vera.verify(JANE).await;
    }
}

#[tokio::test]
async fn each_role_does_its_own_part_alone() {
    let app = with_desk(same).await;
    let (vera, sam) = (Browser::of(&app, VERA).await, Browser::of(&app, SAM).await);
    let case = vera.verify(JANE).await;
    assert_eq!(vera.draft_approval(&case).await.code(), "desk_role_missing");
    assert_eq!(
        sam.draft_verification(JANE).await.code(),
        "desk_role_missing"
    );
    let found = sam.post("/desk/people", &json!({"person": JANE})).await;
    assert_eq!(found.code(), "desk_role_missing");
    let rejected = vera
        .post(
            &format!("/desk/cases/{case}/rejection"),
            &json!({"reason": "x"}),
        )
        .await;
    assert_eq!(rejected.code(), "desk_role_missing");
    let self_verified = vera.draft_verification(VERA).await;
    assert_eq!(self_verified.code(), "desk_same_person");
}

#[tokio::test]
async fn a_person_who_is_in_no_group_of_the_desk_does_not_come_back_from_entra() {
    let app = with_desk(same).await;
    let browser = Browser::new(&app);
    let page = browser.code(JANE, &view_nonce("random")).await.unwrap_err();
    assert!(page.contains("AADSTS50105"), "{page}");
}

#[tokio::test]
async fn no_code_bearer_or_number_is_kept_and_tokens_only_with_what_they_sign() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let vera = Browser::of(&app, VERA).await;
    let contact = json!({"person": super::JANE_ID, "contact": "business_phone"});
    let shown = vera.post("/desk/contacts", &contact).await;
    assert_eq!(shown.json["number"], "+1 4255550150");
    let code = sam
        .code(SAM, draft["nonce"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(sam.redeem(&draft, &code).await.state(), "completed");
    app.work().await;
    let mut bodies = Vec::new();
    app.store.look("", |body| bodies.push(body.to_owned()));
    let events = format!("{:?}", app.trail.events());
    for secret in [code.as_str(), sam.bearer.as_str(), "4255550150"] {
        assert!(!events.contains(secret));
        assert!(bodies.iter().all(|body| !body.contains(secret)));
    }
    assert!(!events.contains("eyJ"));
    let mut tokens = 0;
    app.store.look("desk-signature#", |body| {
        tokens += body.matches("eyJ").count()
    });
    let all: usize = bodies.iter().map(|body| body.matches("eyJ").count()).sum();
    assert_eq!(all, tokens);
    assert!(tokens > 0);
}

#[tokio::test]
async fn a_break_glass_account_signs_nothing_whatever_group_it_is_in() {
    let sam = "a1000000-0000-4000-8000-00000000000c";
    let app = with_desk(|policy| policy.push("tenants.contoso.rules.break_glass", sam)).await;
    let (sam, draft) = about_to_approve(&app).await;
    documented(&sam.sign(&draft).await);
    assert!(app.writes().is_empty());
}

/// Begins a reset of Sam, which meets this fault.
async fn begin_sams_reset(app: &TestApp, fault: Fault) {
    app.tenant
        .register(SAM, Method::authenticator("Sam's phone"));
    app.tenant.fail(fault.times(u32::MAX).status(503));
    let begun = app
        .reset_on_two(
            app.draft().target(SAM).approver(MEGAN),
            app.second_draft().target(SAM),
        )
        .await;
    assert_eq!(begun.state(), "running", "{}", begun.json);
}

#[tokio::test]
async fn a_signer_whose_own_reset_is_under_way_does_not_sign() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    begin_sams_reset(&app, Fault::on("DELETE", "Methods")).await;
    assert_eq!(
        Browser::new(&app).look(SAM).await.code(),
        "signer_just_reset"
    );
    assert_eq!(sam.sign(&draft).await.code(), "signer_just_reset");
}

#[tokio::test]
async fn a_signer_whose_own_reset_was_given_up_does_not_sign_where_a_method_may_be_gone() {
    let lists = || Fault::on("GET", "authentication/methods");
    for (fault, may_be_gone) in [
        // The removal was accepted, and no list shows whether it was done.
        (lists().skip(3), true),
        (Fault::on("DELETE", "Methods"), false),
    ] {
        let app = with_desk(same).await;
        begin_sams_reset(&app, fault).await;
        let removals = app.writes();
        let removed = removals.iter().any(|call| call.starts_with("DELETE"));
        assert!(removed, "{removals:?}");
        app.wait(3 * 60 * Duration::from_secs(60)).await;
        app.tenant.mend();
        if may_be_gone {
            let refused = Browser::new(&app).look(SAM).await;
            assert_eq!(refused.code(), "signer_just_reset");
        } else {
            let (sam, draft) = about_to_approve(&app).await;
            sam.sign(&draft).await.assert_completed();
        }
    }
}

#[tokio::test]
async fn an_approval_is_no_case_that_can_be_approved_again() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    assert_eq!(sam.sign(&draft).await.state(), "completed");
    let ada = Browser::of(&app, ADA).await;
    let of_approval = ada.draft_approval(draft["id"].as_str().unwrap()).await;
    assert_eq!(of_approval.code(), "desk_no_such_case");
}

#[tokio::test]
async fn a_session_is_bound_to_a_random_of_bounded_length() {
    let app = with_desk(same).await;
    let browser = Browser::new(&app);
    for random in [String::new(), "r".repeat(129)] {
        let body = json!({"code": "any", "code_verifier": "v".repeat(43), "random": random});
        let answer = browser.post("/desk/sessions", &body).await;
        assert_eq!(answer.status, 422, "{}", answer.json);
    }
    assert_eq!(app.tenant.token_requests(), 0);
}
