//! One person alone on call, where `[desk] alone` lets them.

use std::time::Duration;

use serde_json::json;
use simulated::entra::Fault;

use super::{Browser, with_desk, with_managers_and};

use crate::test_app::{ADELE, ALEX, Document, JANE, Overrides, SAM, VERA, VICTOR};

/// Two resets a night.
pub fn alone(policy: Document) -> Document {
    policy.add("desk.alone", json!({"per_night": 2}))
}

#[tokio::test]
async fn the_security_team_is_told_each_time_whom_to_ask() {
    let app = with_desk(alone).await;
    let victor = Browser::of(&app, VICTOR).await;
    for (target, whom) in [
        (JANE, "Tell the person's manager, Megan Bowen."),
        (ADELE, "Entra names no manager"),
    ] {
        if target == ADELE {
            app.tenant.set_manager(ADELE, None);
        }
        let case = victor.verify(target).await;
        let done = victor.approve(&case).await;
        assert_eq!(done.state(), "completed", "{}", done.json);
        let warnings = done.json["warnings"].to_string();
        assert!(warnings.contains("approver_verified"), "{warnings}");
        app.work().await;
        let told = app.security_inbox.texts().pop().unwrap();
        assert!(told.starts_with("ALONE: one person"), "{told}");
        assert!(told.contains(whom), "{told}");
    }
    // Two people are no news of this kind.
    let case = Browser::of(&app, VERA).await.verify(ALEX).await;
    let done = Browser::of(&app, SAM).await.approve(&case).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
    app.work().await;
    let told = app.security_inbox.texts().pop().unwrap();
    assert!(!told.contains("ALONE"), "{told}");
}

#[tokio::test]
async fn one_sign_in_verifies_and_approves_nothing_whatever_the_table_says() {
    let app = with_desk(alone).await;
    let victor = Browser::of(&app, VICTOR).await;
    let sign = async |draft: &serde_json::Value| {
        let code = victor.code(VICTOR, draft["nonce"].as_str().unwrap()).await;
        victor.redeem(draft, &code.unwrap()).await
    };
    let verified = sign(&victor.draft_verification(JANE).await.json).await;
    let case = verified.json["case"].as_str().unwrap();
    let approval = victor.draft_approval(case).await.json;
    // An attacker who can write to the table says that the sign-in is the approval's.
    app.store
        .edit("desk-sign-in#", |_| approval["id"].to_string());
    let refused = sign(&approval).await;
    refused.assert_refused(403, "sign_in_invalid");
    let mut kept = 0;
    let signature = format!("desk-signature#{}", approval["id"].as_str().unwrap());
    app.store.look(&signature, |_| kept += 1);
    assert_eq!(kept, 1, "it was judged");
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn a_manager_who_cannot_be_read_is_not_told_as_none() {
    let app = with_desk(alone).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(JANE).await;
    app.tenant.fail(
        Fault::on("GET", "/manager")
            .times(u32::MAX)
            .edit(|manager| manager["id"] = json!("nobody")),
    );
    let refused = victor.approve(&case).await;
    assert_ne!(refused.state(), "completed", "{}", refused.json);
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn two_people_may_go_on_where_one_may_not_and_one_may_again_after_the_night() {
    let app = with_desk(|policy| policy.add("desk.alone", json!({"per_night": 1}))).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(JANE).await;
    assert_eq!(victor.approve(&case).await.state(), "completed");
    app.work().await;
    let case = victor.verify(ALEX).await;
    let refused = victor.approve(&case).await;
    assert_eq!(refused.code(), "alone_cap_reached", "{}", refused.json);
    let done = Browser::of(&app, SAM).await.approve(&case).await;
    assert_eq!(done.state(), "completed", "{}", done.json);

    app.wait(Duration::from_secs(12 * 60 * 60 - 60)).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(ADELE).await;
    assert_eq!(victor.approve(&case).await.code(), "alone_cap_reached");
    app.wait(Duration::from_secs(120)).await;
    let case = victor.verify(ADELE).await;
    let done = victor.approve(&case).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
}

#[tokio::test]
async fn one_person_alone_needs_both_roles_and_is_not_the_person_nor_in_a_ticket() {
    let app = with_desk(alone).await;
    let vera = Browser::of(&app, VERA).await;
    let case = vera.verify(JANE).await;
    assert_eq!(vera.draft_approval(&case).await.code(), "desk_role_missing");

    let victor = Browser::of(&app, VICTOR).await;
    let mut own = super::browser::verification(JANE);
    own["verification"]["target"] = json!(super::VICTOR_ID);
    let refused = victor.post("/desk/drafts", &own).await;
    assert_eq!(refused.code(), "desk_same_person", "{}", refused.json);

    let case = victor.verify(JANE).await;
    let for_ticket = json!({"approval": {"case": case, "for_ticket": true}});
    let refused = victor.post("/desk/drafts", &for_ticket).await;
    assert_eq!(refused.code(), "desk_same_person", "{}", refused.json);
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn one_person_with_two_accounts_is_not_two_signers() {
    let changes: [fn(Document) -> Document; 2] = [super::same, alone];
    for change in changes {
        let sam_is_vera = |users| {
            super::tenant(users)
                .add("users.12.employeeId", "4711")
                .add("users.13.employeeId", "4711")
        };
        let app = super::build(change, sam_is_vera, Overrides::default()).await;
        let case = Browser::of(&app, VERA).await.verify(JANE).await;
        let refused = Browser::of(&app, SAM).await.approve(&case).await;
        assert_eq!(refused.code(), "approver_verified", "{}", refused.json);
        assert!(app.writes().is_empty());
    }
}

#[tokio::test]
async fn a_manager_who_approves_does_not_approve_their_own_word_alone_either() {
    let app = with_managers_and(alone).await;
    let sam_id = "a1000000-0000-4000-8000-00000000000c";
    app.tenant.set_manager(JANE, Some(sam_id.parse().unwrap()));
    let sam = Browser::of(&app, SAM).await;
    let case = sam.vouch(JANE).await;
    assert_eq!(sam.draft_approval(&case).await.code(), "desk_same_person");
}

#[tokio::test]
async fn what_one_person_signed_alone_counts_only_while_the_policy_says_so() {
    let mut app = with_desk(alone).await;
    let (draft, bearer) = {
        let victor = Browser::of(&app, VICTOR).await;
        let case = victor.verify(JANE).await;
        let draft = victor.draft_approval(&case).await;
        assert_eq!(draft.status, 200, "{}", draft.json);
        (draft.json, victor.bearer)
    };
    app.redeploy(|policy| policy.remove("desk.alone")).await;
    let mut victor = Browser::new(&app);
    victor.who = VICTOR.to_owned();
    victor.bearer = bearer;
    let refused = victor.sign(&draft).await;
    assert_eq!(refused.code(), "sign_in_invalid", "{}", refused.json);
    assert!(app.writes().is_empty());
}
