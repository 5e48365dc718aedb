//! One person is on call alone.

use serde_json::json;

use crate::desk::browser::verification;
use crate::desk::{Browser, VICTOR_ID, alone::alone, same, with_desk};
use crate::test_app::{ALEX, Document, GRACE, JANE, SAM, VICTOR};

use super::draft;

#[tokio::test]
async fn without_alone_one_person_verifies_and_another_one_has_to_approve() {
    let app = with_desk(same).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(JANE).await;
    let refused = victor.draft_approval(&case).await;
    refused.assert_refused(403, "desk_same_person");
    insta::assert_snapshot!(refused.note(), @"MFA re-registration was refused. This request changed nothing. The verifier, the approver and the person to be reset must be three people. Ask a colleague to do it.");
    // What was verified is kept for the approver.
    let done = Browser::of(&app, SAM).await.approve(&case).await;
    done.assert_completed();
}

#[tokio::test]
async fn with_alone_a_privileged_person_is_refused_and_nothing_is_counted() {
    let app = with_desk(|policy| policy.add("desk.alone", json!({"per_night": 1}))).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(GRACE).await;
    let refused = victor.approve(&case).await;
    refused.assert_refused(403, "source_standard_only");
    insta::assert_snapshot!(refused.note(), @"MFA re-registration was refused. This request changed nothing. The person holds the role Global Administrator, and resets for administrators may not be requested on the MFA reset page. A Privileged Authentication Administrator has to reset the person by hand.");
    let case = victor.verify(JANE).await;
    let done = victor.approve(&case).await;
    done.assert_completed();
    assert!(done.warnings().contains(&"approver_verified"), "{done:?}");
}

#[tokio::test]
async fn a_privileged_desk_does_not_make_one_person_two() {
    let app = with_desk(|policy| alone(policy).add("desk.privileged", true)).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(GRACE).await;
    let refused = victor.approve(&case).await;
    refused.assert_refused(403, "issuer_standard_only");
    insta::assert_snapshot!(refused.note(), @"MFA re-registration was refused. This request changed nothing. The person holds the role Global Administrator, and one person verified and approved alone. Get two approvals from approval systems that may approve resets for administrators.");
}

#[tokio::test]
async fn after_the_last_of_a_night_the_answer_says_that_a_second_person_helps() {
    let app = with_desk(|policy| policy.add("desk.alone", json!({"per_night": 1}))).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(JANE).await;
    victor.approve(&case).await.assert_completed();
    let case = victor.verify(ALEX).await;
    let refused = victor.approve(&case).await;
    refused.assert_refused(403, "alone_cap_reached");
    insta::assert_snapshot!(refused.note(), @"MFA re-registration was refused. This request changed nothing. Too many resets within 12 hours were verified and approved by one person each. Have a different person verify or approve: that is not counted.");
    let other = Browser::of(&app, SAM).await.approve(&case).await;
    other.assert_completed();
}

#[tokio::test]
async fn the_limit_of_a_night_is_for_the_desk_and_a_key_on_call_needs_verifier_apart() {
    let of_victor = |policy: Document| {
        policy
            .add("desk.alone", json!({"per_night": 1}))
            .set("issuers.on-call.key.olga-2026.owner", VICTOR)
    };
    let mut app = with_desk(of_victor).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(JANE).await;
    victor.approve(&case).await.assert_completed();
    let own_word = draft(&app, ALEX)
        .approver(VICTOR)
        .verified(VICTOR, app.now());
    let approval = app.approve_on_call(own_word);
    app.redeploy(|policy| policy.add("on_call.verifier_apart", true))
        .await;
    let refused = app.reset_on_call(&approval).await;
    refused.assert_refused(403, "approver_verified");
    app.redeploy(|policy| policy.remove("on_call.verifier_apart"))
        .await;
    app.reset_on_call(&approval).await.assert_completed();
}

#[tokio::test]
async fn the_person_who_is_alone_cannot_have_themselves_reset() {
    let own_key = |policy| alone(policy).set("issuers.on-call.key.olga-2026.owner", VICTOR);
    let app = with_desk(own_key).await;
    let victor = Browser::of(&app, VICTOR).await;
    let mut own = verification(JANE);
    own["verification"]["target"] = json!(VICTOR_ID);
    let refused = victor.post("/desk/drafts", &own).await;
    refused.assert_refused(403, "desk_same_person");
    let by_key = app.approve_on_call(draft(&app, VICTOR).approver(VICTOR));
    let refused = app.reset_on_call(&by_key).await;
    refused.assert_refused(403, "approver_is_target");
}
