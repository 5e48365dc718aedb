//! Managers vouch for their own people. Each of them is an attack, or a limit.

use serde_json::{Value, json};

use super::{Browser, JANE_ID, MANAGERS, MEGAN_ID, changed, same, with_desk, with_managers};
use crate::test_app::{ALEX, JANE, MEGAN, SAM, VERA};

#[tokio::test]
async fn a_manager_sees_the_name_and_the_department_of_their_own_people_alone() {
    let app = with_managers().await;
    let megan = Browser::of(&app, MEGAN).await;
    let found = megan.post("/desk/people", &json!({"person": JANE})).await;
    let person = &found.json;
    assert_eq!(person["name"], "Jane Doe", "{person}");
    assert_eq!(person["department"], "Marketing");
    for hidden in ["job_title", "manager"] {
        assert_eq!(person[hidden], Value::Null, "{hidden}");
    }
    for hidden in ["contacts", "hints", "rejections"] {
        assert_eq!(person[hidden], json!([]), "{hidden}");
    }
    // Whether there is another person a manager does not learn.
    for other in [ALEX, "unknown@contoso.example"] {
        let refused = megan.post("/desk/people", &json!({"person": other})).await;
        assert_eq!(refused.code(), "verifier_not_manager", "{other}");
    }
    let contact = json!({"person": JANE_ID, "contact": "business_phone"});
    let refused = megan.post("/desk/contacts", &contact).await;
    assert_eq!(refused.code(), "desk_role_missing");
}

#[tokio::test]
async fn a_manager_vouches_for_no_person_of_another_manager_and_not_for_themselves() {
    let app = with_managers().await;
    let megan = Browser::of(&app, MEGAN).await;
    assert_eq!(megan.draft_vouching(ALEX).await.code(), "desk_evidence");
    assert_eq!(megan.draft_vouching(JANE).await.status, 200);
    // Jane has another manager since she was looked up.
    app.tenant.set_manager(JANE, None);
    let body = super::browser::vouching(JANE);
    let refused = megan.post("/desk/drafts", &body).await;
    assert_eq!(refused.code(), "verifier_not_manager", "{}", refused.json);
    // Even where the directory says so.
    app.tenant
        .set_manager(MEGAN, Some(MEGAN_ID.parse().unwrap()));
    let refused = megan.draft_vouching(MEGAN).await;
    assert_eq!(refused.code(), "desk_same_person", "{}", refused.json);
}

#[tokio::test]
async fn a_manager_signs_nothing_but_that_they_vouch() {
    let app = with_managers().await;
    let megan = Browser::of(&app, MEGAN).await;
    let refused = megan.draft_verification(JANE).await;
    assert_eq!(refused.code(), "desk_role_missing", "{}", refused.json);
    for evidence in [
        json!([{"method": "manager_attestation"}, {"method": "video_call"}]),
        json!([{"method": "manager_attestation"}, {"method": "manager_attestation"}]),
        json!([{"method": "manager_attestation", "via": "teams"}]),
    ] {
        let mut body = super::browser::verification(JANE);
        body["verification"]["evidence"] = evidence.clone();
        let refused = megan.draft(&body).await;
        assert_eq!(refused.code(), "desk_evidence", "{evidence}");
    }
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    assert_eq!(
        megan.draft_approval(&case).await.code(),
        "desk_role_missing"
    );
    let path = format!("/desk/cases/{case}");
    for path in [path.clone(), format!("{path}/outcome")] {
        assert_eq!(megan.get(&path).await.code(), "desk_role_missing", "{path}");
    }
    let reason = json!({"reason": "no"});
    let rejected = megan.post(&format!("{path}/rejection"), &reason).await;
    assert_eq!(rejected.code(), "desk_role_missing");
}

#[tokio::test]
async fn a_verifier_does_not_give_the_managers_word() {
    let app = with_managers().await;
    let vera = Browser::of(&app, VERA).await;
    let refused = vera.draft_vouching(JANE).await;
    assert_eq!(refused.code(), "desk_role_missing", "{}", refused.json);
}

#[tokio::test]
async fn a_manager_who_approves_does_not_approve_what_they_vouched_for() {
    let app = with_managers().await;
    app.tenant.set_manager(
        JANE,
        Some("a1000000-0000-4000-8000-00000000000c".parse().unwrap()),
    );
    let sam = Browser::of(&app, SAM).await;
    let case = sam.vouch(JANE).await;
    assert_eq!(sam.draft_approval(&case).await.code(), "desk_same_person");
}

#[tokio::test]
async fn a_role_in_the_token_alone_makes_no_manager() {
    let app = with_managers().await;
    // Vera is not in their group. Entra gives her the role by mistake.
    app.tenant.set_manager(
        JANE,
        Some("a1000000-0000-4000-8000-00000000000d".parse().unwrap()),
    );
    let mut vera = Browser::new(&app);
    vera.changes = changed("roles", &json!(["Manager"]));
    let refused = vera.look(VERA).await;
    assert_eq!(refused.code(), "desk_role_missing", "{}", refused.json);
}

#[tokio::test]
async fn a_manager_who_has_left_the_group_since_does_not_count() {
    let app = with_managers().await;
    let case = Browser::of(&app, MEGAN).await.vouch(JANE).await;
    app.tenant.leave_group(MANAGERS.parse().unwrap(), MEGAN);
    let refused = Browser::of(&app, SAM).await.approve(&case).await;
    assert_eq!(refused.code(), "signer_without_role", "{}", refused.json);
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn where_the_policy_names_no_managers_their_role_is_none() {
    let app = with_desk(same).await;
    let mut vera = Browser::new(&app);
    vera.changes = changed("roles", &json!(["Manager"]));
    let refused = vera.look(VERA).await;
    assert_eq!(refused.code(), "desk_role_missing", "{}", refused.json);

    let mut app = with_managers().await;
    let case = Browser::of(&app, MEGAN).await.vouch(JANE).await;
    app.redeploy(|policy| policy.remove("desk.managers")).await;
    let refused = Browser::of(&app, SAM).await.draft_approval(&case).await;
    assert_eq!(refused.code(), "sign_in_invalid", "{}", refused.json);
}
