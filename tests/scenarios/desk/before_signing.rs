//! What verifiers and approvers learn before they sign, so that they sign nothing that would be refused.

use std::time::Duration;

use reregister_mfa::approval::sign_in::view_nonce;
use serde_json::{Value, json};
use simulated::entra::Fault;

use super::{Browser, JANE_ID, about_to_approve, same, with_desk, with_managers};
use crate::guardrails::freeze;
use crate::log;
use crate::passkeys::{phone, with_passkey};
use crate::test_app::{
    ADA, ADELE, Document, GRACE, JANE, MEGAN, SAM, TestApp, VERA, VICTOR, without_cool_down,
};

async fn found(browser: &Browser<'_>, who: &str) -> Value {
    let found = browser.post("/desk/people", &json!({"person": who})).await;
    assert_eq!(found.status, 200, "{}", found.json);
    found.json
}

#[tokio::test]
async fn a_verifier_learns_that_a_person_is_privileged_and_by_what() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let grace = found(&vera, GRACE).await;
    assert_eq!(grace["privileged"], true, "{grace}");
    let shown = grace["privilege"].as_str().unwrap();
    assert_eq!(grace["can_go_on"], false, "nothing can come of it: {grace}");
    let case = vera.verify(GRACE).await;
    let refused = Browser::of(&app, SAM).await.approve(&case).await;
    refused.assert_refused(403, "source_standard_only");
    assert!(
        refused.detail().contains(shown),
        "{shown}: {}",
        refused.json
    );
    let jane = found(&vera, JANE).await;
    assert_eq!(jane["privileged"], false, "{jane}");
    assert_eq!(jane["obstacle"], json!(null), "{jane}");
    assert_eq!(jane["can_go_on"], true, "{jane}");
}

#[tokio::test]
async fn a_privileged_person_is_worth_verifying_only_where_an_approval_from_here_can_count_for_them()
 {
    let in_jira = |policy: Document| policy.push("sources.jira.issuers", "desk");
    let apps = [
        (with_desk(in_jira).await, false),
        (
            with_desk(|policy| policy.add("desk.privileged", true)).await,
            false,
        ),
        (
            with_desk(|policy| in_jira(policy).add("desk.privileged", true)).await,
            true,
        ),
        (
            with_desk(|policy| with_passkey(policy, &phone("sam-phone"))).await,
            true,
        ),
    ];
    for (nth, (app, is_worth_it)) in apps.into_iter().enumerate() {
        let vera = Browser::of(&app, VERA).await;
        let grace = found(&vera, GRACE).await;
        assert_eq!(grace["can_go_on"], is_worth_it, "{nth}: {grace}");
        let jane = found(&vera, JANE).await;
        assert_eq!(jane["can_go_on"], true, "{nth}: {jane}");
    }
}

#[tokio::test]
async fn a_verifier_learns_that_an_account_is_disabled_and_goes_no_further() {
    let app = with_desk(same).await;
    app.tenant.set_enabled(JANE, false);
    let vera = Browser::of(&app, VERA).await;
    let jane = found(&vera, JANE).await;
    assert_eq!(
        jane["obstacle"], "The person's account is disabled.",
        "{jane}"
    );
    assert_eq!(jane["can_go_on"], false, "{jane}");
}

#[tokio::test]
async fn a_verifier_learns_of_the_cool_down_and_may_verify_for_its_end() {
    let app = with_desk(same).await;
    app.reset(app.draft()).await.assert_completed();
    let vera = Browser::of(&app, VERA).await;
    let jane = found(&vera, JANE).await;
    let why = jane["obstacle"].as_str().unwrap();
    assert!(why.starts_with("The person was already reset"), "{why}");
    assert_eq!(jane["can_go_on"], true, "{jane}");
    let next = jane["obstacle_next"].as_str().unwrap();
    assert!(next.contains("send the approver the link"), "{next}");
}

#[tokio::test]
async fn a_verifier_who_verifies_often_is_told_the_number() {
    let app = with_desk(without_cool_down).await;
    let sam = Browser::of(&app, SAM).await;
    for (before, is_told) in [(0, false), (1, false), (2, true)] {
        let vera = Browser::of(&app, VERA).await;
        let jane = found(&vera, JANE).await;
        let hints = jane["hints"].as_array().unwrap();
        let often = hints.iter().find(|hint| hint["code"] == "often_you");
        assert_eq!(often.is_some(), is_told, "{before}: {jane}");
        if let Some(hint) = often {
            let text = hint["text"].as_str().unwrap();
            assert!(text.contains("reset number 3"), "{text}");
        }
        let case = vera.verify(JANE).await;
        sam.approve(&case).await.assert_completed();
    }
}

#[tokio::test]
async fn a_manager_learns_nothing_of_what_makes_their_people_privileged_or_stands_in_the_way() {
    let app = with_managers().await;
    app.reset(app.draft()).await.assert_completed();
    let megan = Browser::of(&app, MEGAN).await;
    let jane = found(&megan, JANE).await;
    assert_eq!(jane["obstacle"], json!(null), "{jane}");
    assert_eq!(jane["privileged"], false, "{jane}");
    let draft = megan.draft_vouching(JANE).await;
    assert_eq!(draft.json["obstacle"], json!(null), "{}", draft.json);
}

/// What a verifier reads before they sign this, and what an approver then meets.
async fn warned_and_refused(app: &TestApp, target: &str, change: Value) -> (Value, Value) {
    let vera = Browser::of(app, VERA).await;
    let mut body = super::browser::verification(target);
    for (name, value) in change.as_object().unwrap() {
        body["verification"][name] = value.clone();
    }
    let draft = vera.draft(&body).await;
    let signed = vera.sign(&draft.json).await;
    let case = signed.json["case"].as_str().unwrap();
    let refused = Browser::of(app, SAM).await.approve(case).await;
    (draft.json, refused.json)
}

#[tokio::test]
async fn a_verifier_reads_before_they_sign_why_the_reset_would_be_refused() {
    let app = with_desk(same).await;
    let teams = json!({"evidence": [{"method": "secure_message", "via": "teams"}]});
    let kept = json!({"scope": "mfa:reregister", "reason": "broken"});
    for (target, change, code) in [
        (JANE, teams, "evidence_weak"),
        (ADELE, kept, "would_lock_out"),
    ] {
        let (draft, refused) = warned_and_refused(&app, target, change).await;
        assert_eq!(refused["code"], code, "{refused}");
        assert_eq!(draft["obstacle"], refused["detail"], "{draft}");
        let next = draft["obstacle_next"].as_str().unwrap();
        assert!(next.contains("ress Back"), "nothing is signed yet: {next}");
    }
    let vera = Browser::of(&app, VERA).await;
    let draft = vera.draft_verification(JANE).await;
    assert_eq!(draft.json["obstacle"], json!(null), "{}", draft.json);
}

#[tokio::test]
async fn an_outage_of_graph_is_told_and_stops_no_verifier() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let outage = Fault::on("GET", "/transitiveMemberOf");
    app.tenant.fail(outage.times(u32::MAX).status(503));
    let jane = found(&vera, JANE).await;
    assert_ne!(jane["obstacle"], json!(null), "{jane}");
    assert_eq!(jane["can_go_on"], true, "{jane}");
    let draft = vera.draft_verification(JANE).await;
    assert_eq!(draft.status, 200, "{}", draft.json);
    assert_ne!(draft.json["obstacle"], json!(null), "{}", draft.json);
}

#[tokio::test]
async fn a_name_that_graph_does_not_take_is_no_person_and_a_question_about_a_person_is_not_their_absence()
 {
    for (question, who, status, code) in [
        ("isManagementRestricted", JANE, 422, "target_not_found"),
        ("isManagementRestricted", JANE_ID, 503, "misconfigured"),
        ("department", JANE, 503, "misconfigured"),
        ("/manager", JANE, 503, "misconfigured"),
    ] {
        let app = with_desk(same).await;
        let vera = Browser::of(&app, VERA).await;
        app.tenant.fail(Fault::on("GET", question).status(400));
        let reply = vera.post("/desk/people", &json!({"person": who})).await;
        assert_eq!(
            (reply.status, reply.code()),
            (status, code),
            "{question} of {who}"
        );
    }
}

#[tokio::test]
async fn an_odd_property_that_only_describes_a_person_is_absent() {
    for (property, odd) in [
        ("createdDateTime", json!("2019-01-01T00:00:00")),
        ("createdDateTime", json!("")),
        ("createdDateTime", json!("9999-12-31T23:59:59Z")),
        ("lastPasswordChangeDateTime", json!("2020-01-01T00:00:00")),
        ("businessPhones", json!([null])),
        ("businessPhones", json!(["", "+1 2065550199"])),
        ("businessPhones", json!(7)),
        ("mobilePhone", json!(7)),
        ("mobilePhone", json!(" ")),
        ("jobTitle", json!(["x"])),
        ("department", json!({})),
    ] {
        let app = with_desk(same).await;
        let vera = Browser::of(&app, VERA).await;
        let given = odd.clone();
        let change = move |user: &mut Value| user[property] = given.clone();
        let fault = Fault::on("GET", "jobTitle").times(u32::MAX).edit(change);
        app.tenant.fail(fault);
        let reply = vera.post("/desk/people", &json!({"person": JANE})).await;
        assert_eq!(reply.status, 200, "{property} {odd}: {reply:?}");
        let contact = match property {
            "businessPhones" => "business_phone",
            "mobilePhone" => "mobile_phone",
            _ => continue,
        };
        let contacts = reply.json["contacts"].to_string();
        assert!(!contacts.contains(contact), "{odd}: {}", reply.json);
        let body = json!({"person": JANE_ID, "contact": contact});
        let shown = vera.post("/desk/contacts", &body).await;
        shown.assert_refused(422, "desk_evidence");
    }
}

#[tokio::test]
async fn an_approver_sees_the_cool_down_before_they_sign_and_approves_the_case_after_it() {
    let app = with_desk(same).await;
    app.reset(app.draft()).await.assert_completed();
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    let shown = sam.get(&format!("/desk/cases/{case}")).await.json;
    let refused = sam.approve(&case).await;
    refused.assert_refused(403, "cooling_down");
    assert_eq!(shown["obstacle"], refused.json["detail"], "{shown}");
    assert_eq!(shown["obstacle_next"], refused.json["next"], "{shown}");
    assert_ne!(refused.json["reset"], json!(null), "{}", refused.json);
    assert_eq!(shown["preview"], json!(null), "{shown}");
    assert_eq!(shown["name"], "Jane Doe", "{shown}");
    let next = shown["obstacle_next"].as_str().unwrap();
    assert!(next.starts_with("Wait until then"), "{next}");
    app.wait(Duration::from_secs(60 * 60)).await;
    Browser::of(&app, SAM)
        .await
        .approve(&case)
        .await
        .assert_completed();
}

#[tokio::test]
async fn verifier_and_approver_see_a_freeze_and_a_full_count_before_they_sign() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let case = vera.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    freeze(app.store.clone(), true, true).await;
    let draft = vera.draft_verification(MEGAN).await.json;
    let shown = sam.get(&format!("/desk/cases/{case}")).await.json;
    for answer in [&draft, &shown] {
        let obstacle = answer["obstacle"].as_str().unwrap_or_default();
        assert!(obstacle.contains("frozen"), "{answer}");
    }
    freeze(app.store.clone(), false, false).await;
    let shown = sam.get(&format!("/desk/cases/{case}")).await.json;
    assert_eq!(shown["obstacle"], json!(null), "{shown}");

    let one_an_hour = |policy: Document| policy.add("tenants.contoso.rules.verifier_per_hour", 1);
    let app = with_desk(one_an_hour).await;
    let vera = Browser::of(&app, VERA).await;
    let case = vera.verify(JANE).await;
    Browser::of(&app, SAM)
        .await
        .approve(&case)
        .await
        .assert_completed();
    let draft = vera.draft_verification(MEGAN).await.json;
    assert_ne!(draft["obstacle"], json!(null), "{draft}");
}

#[tokio::test]
async fn who_verified_and_may_approve_sees_the_preview_and_no_limit_that_is_not_theirs() {
    let app = with_desk(same).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(JANE).await;
    let shown = victor.get(&format!("/desk/cases/{case}")).await.json;
    assert_eq!(shown["obstacle"], json!(null), "{shown}");
    assert_eq!(shown["preview"]["target"], JANE);
}

#[tokio::test]
async fn an_outage_at_the_desk_is_a_decision_that_the_alarms_count() {
    log::start();
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    app.tenant
        .fail(Fault::on("GET", "/users/").times(u32::MAX).status(403));
    let refused = vera
        .post(
            "/desk/people",
            &json!({"person": "only.here@contoso.example"}),
        )
        .await;
    refused.assert_refused(503, "misconfigured");
    let written = log::lines_with("misconfigured");
    assert!(written.contains(r#""event":"decision""#), "{written}");
}

#[tokio::test]
async fn who_signed_with_another_account_reads_as_whom_to_sign_in_and_not_which_check_failed() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let wrong = sam.sign_as(ADA, &draft).await;
    let next = wrong.json["next"].as_str().unwrap();
    let right = format!("Start again, and sign in as {SAM}.");
    assert!(next.starts_with(&right), "{next}");
    let code = sam.code(SAM, &view_nonce("random")).await.unwrap();
    let only_looked = sam.redeem(&draft, &code).await;
    assert_eq!(only_looked.json, wrong.json);
}

#[tokio::test]
async fn a_verifier_reads_that_a_person_signs_in_with_an_account_of_another_organisation() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let guest = found(&vera, "jordan_fabrikam.example#EXT#@contoso.example").await;
    assert_eq!(guest["hints"][0]["code"], "external", "{guest}");
}
