//! The only approver is the one who is locked out, and there is only one trust domain.

use crate::desk::{Browser, with_desk};
use crate::passkeys::{draft, phone, reset_with_two, with_passkey};
use crate::test_app::{ADA, GRACE, OLGA, SAM, TestApp, VERA};

use super::{as_at_the_desk, by_ada, desk_in_tickets, one_approver, one_domain, reference};

#[tokio::test]
async fn the_only_approver_does_not_approve_for_themselves_and_the_answer_says_who_does() {
    let olga = phone("olga-phone");
    let app = TestApp::with_policy(|policy| with_passkey(one_approver(policy), &olga)).await;
    let own = draft(&app, OLGA);
    for own in [app.approve_on_call(own.clone()), olga.approve(&own)] {
        let refused = app.reset_on_call(&own).await;
        refused.assert_refused(403, "approver_is_target");
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.note(), @"MFA re-registration was refused. This request changed nothing. The person approved their own reset. Get an approval from a different approver.");
        }
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn two_others_of_two_trust_domains_have_an_approver_reset() {
    let app = TestApp::new().await;
    let first = app.approve_on_call(draft(&app, SAM));
    let one = app.reset_on_call(&first).await;
    one.assert_refused(403, "privileged_approver");
    insta::assert_snapshot!(one.note(), @"MFA re-registration was refused. This request changed nothing. The person is an approver: one approval is not enough. Verify the person in a second way. Then add an approval by a different approver in a different trust domain (for example another approval system). If there is none, a Privileged Authentication Administrator has to reset the person by hand.");
    let two = reset_with_two(&app, &first, &by_ada(&app, SAM)).await;
    two.assert_completed();
}

#[tokio::test]
async fn with_two_approvers_the_one_who_is_left_is_not_enough_for_the_other() {
    let app = TestApp::new().await;
    let by_olga = app.approve_on_call(draft(&app, ADA));
    let refused = reset_with_two(&app, &by_olga, &by_ada(&app, ADA)).await;
    refused.assert_refused(403, "approver_is_target");
    let one = app.reset_on_call(&by_olga).await;
    one.assert_refused(403, "privileged_approver");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_approver_cannot_approve_their_own_case_at_the_desk() {
    let app = with_desk(desk_in_tickets).await;
    let target =
        crate::desk::browser::verification_in("HELP-42", "a1000000-0000-4000-8000-00000000000c");
    let vera = Browser::of(&app, VERA).await;
    let draft = vera.draft(&target).await;
    let case = vera.sign(&draft.json).await.json["case"].clone();
    let case = case.as_str().unwrap();
    let refused = Browser::of(&app, SAM).await.draft_approval(case).await;
    refused.assert_refused(403, "desk_same_person");
}

#[tokio::test]
async fn in_one_trust_domain_the_answers_say_that_the_second_one_is_missing() {
    let app = TestApp::with_policy(one_domain).await;
    let first = app.approve_on_call(draft(&app, GRACE));
    let one = app.reset_on_call(&first).await;
    one.assert_refused(403, "privileged_role");
    insta::assert_snapshot!(one.note(), @"MFA re-registration was refused. This request changed nothing. The person holds the role Global Administrator: one approval is not enough. Verify the person in a second way. Then add an approval by a different approver in a different trust domain (for example another approval system). If there is none, a Privileged Authentication Administrator has to reset the person by hand.");
    let two = reset_with_two(&app, &first, &by_ada(&app, GRACE)).await;
    two.assert_refused(403, "approvals_one_domain");
    insta::assert_snapshot!(two.note(), @"MFA re-registration was refused. This request changed nothing. The person holds the role Global Administrator, and both approvals come from one trust domain. Get an approval from another trust domain as well, by a person who did not verify the person. If there is only one trust domain, a Privileged Authentication Administrator has to reset the person by hand.");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn two_sign_ins_at_the_desk_are_one_trust_domain() {
    let app = with_desk(desk_in_tickets).await;
    let mut references = Vec::new();
    for approver in [SAM, ADA] {
        let case = Browser::of(&app, VERA).await.verify(GRACE).await;
        references.push(reference(&app, approver, &case).await);
    }
    let refused = app.send(app.jira(&references.join("\n"))).await;
    refused.assert_refused(403, "approvals_one_domain");
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn an_issuer_that_people_use_through_entra_is_no_second_trust_domain_beside_the_desk() {
    let through_entra = |policy| desk_in_tickets(policy).set("issuers.security.domain", "entra");
    let app = with_desk(through_entra).await;
    let case = Browser::of(&app, VERA).await.verify(GRACE).await;
    let first = reference(&app, SAM, &case).await;
    let second = as_at_the_desk(app.second_draft().target(GRACE));
    let second = app.security_issuer.approve(&second);
    let refused = app.send(app.jira(&format!("{first}\n{second}"))).await;
    refused.assert_refused(403, "approvals_one_domain");
    assert!(app.writes().is_empty());
}
