//! Entra's sign-in, or all of Entra, does not answer.

use simulated::entra::Fault;
use simulated::request::Request;

use crate::desk::{Browser, about_to_approve, same, with_desk};
use crate::passkeys::{draft, phone, reset_with_two, with_passkey};
use crate::test_app::{GRACE, JANE, Reply, SAM, TestApp, VERA};

use super::{HOUR, MINUTE, by_ada, entra_down, sign_in_down};

/// It may be tried again, and says so; it is no false signature.
#[track_caller]
fn assert_retryable(reply: &Reply, code: &str) {
    reply.assert_refused(503, code);
    assert_eq!(reply.json["retry"], true, "{reply:?}");
    assert!(reply.retry_after.is_some(), "{reply:?}");
}

#[tokio::test]
async fn the_page_on_which_people_sign_in_answers_503_and_the_desk_stays_up() {
    let app = with_desk(same).await;
    sign_in_down(&app);
    let settings = app.get("/desk/settings").await.json;
    let authorize = settings["authorize"].as_str().unwrap();
    assert_eq!(reqwest::get(authorize).await.unwrap().status(), 503);
    assert_eq!(app.get("/desk/settings").await.status, 200);
    let app_token = app.reset(app.draft()).await;
    app_token.assert_completed();
}

#[tokio::test]
async fn while_a_sign_in_cannot_be_redeemed_the_desk_says_so_and_that_it_may_pass() {
    let faults = [
        Fault::on("POST", "/oauth2/v2.0/token"),
        Fault::on("POST", "/oauth2/v2.0/token").lose_request(),
        Fault::on("POST", "/oauth2/v2.0/token").garbage(),
    ];
    for fault in faults {
        let app = with_desk(same).await;
        app.tenant.fail(fault.times(u32::MAX));
        let refused = Browser::new(&app).look(VERA).await;
        assert_retryable(&refused, "directory_unavailable");
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.note(), @"MFA re-registration is not done yet. Microsoft Entra's sign-in does not answer. Sign in again in a few minutes: what was signed before is kept. If the person cannot wait, ask a person on call: they can approve with a passkey or a key of their own.");
        }
        app.tenant.mend();
        assert_eq!(Browser::new(&app).look(VERA).await.status, 200);
    }
}

#[tokio::test]
async fn while_entras_keys_cannot_be_fetched_the_desk_says_so_and_known_ones_count_on() {
    let mut app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    app.tenant
        .fail(Fault::on("GET", "/discovery/v2.0/keys").times(u32::MAX));
    app.clock.pass(HOUR);
    let done = Browser::of(&app, SAM).await.approve(&case).await;
    done.assert_completed();

    // A new process knows none.
    app.redeploy(same).await;
    let refused = Browser::new(&app).look(VERA).await;
    assert_retryable(&refused, "keys_unavailable");
    insta::assert_snapshot!(refused.note(), @"MFA re-registration is not done yet. Microsoft Entra's sign-in does not answer. Sign in again in a few minutes: what was signed before is kept. If the person cannot wait, ask a person on call: they can approve with a passkey or a key of their own.");
    app.tenant.mend();
    app.clock.pass(MINUTE);
    assert_eq!(Browser::new(&app).look(VERA).await.status, 200);
}

#[tokio::test]
async fn a_signature_that_meets_the_outage_is_no_false_one_and_is_signed_again_afterwards() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    sign_in_down(&app);
    let refused = sam.sign(&draft).await;
    assert_retryable(&refused, "directory_unavailable");
    let decisions = app.decisions();
    assert!(!decisions.contains(&"signature refused".to_owned()));
    assert!(app.writes().is_empty());
    app.tenant.mend();
    sam.sign(&draft).await.assert_completed();
}

#[tokio::test]
async fn what_was_verified_before_the_outage_is_approved_after_it() {
    let app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    entra_down(&app);
    let refused = Browser::new(&app).look(SAM).await;
    assert_retryable(&refused, "directory_unavailable");
    app.wait(3 * HOUR).await;
    app.tenant.mend();
    let done = Browser::of(&app, SAM).await.approve(&case).await;
    done.assert_completed();
}

#[tokio::test]
async fn a_passkeys_approval_that_was_given_in_the_outage_is_not_lost() {
    let olga = phone("olga-phone").having_signed(7);
    let app = TestApp::with_policy(|policy| with_passkey(policy, &olga)).await;
    entra_down(&app);
    let approval = olga.approve(&draft(&app, JANE));
    let preview = app.preview(&approval).await;
    assert_retryable(&preview, "directory_unavailable");
    insta::assert_snapshot!(preview.note(), @"MFA re-registration is not done yet. Microsoft Entra does not answer. This request changed nothing, and the approval can still be used. Send the same request again later.");
    let accepted = app.reset_on_call(&approval).await;
    accepted.assert_waiting("directory_unavailable");
    app.wait(90 * MINUTE).await;
    app.assert_nothing_happened();

    // It has expired long ago: what counts is when it arrived.
    app.tenant.mend();
    app.wait(20 * MINUTE).await;
    app.read(accepted.reset(), &approval)
        .await
        .assert_completed();
    assert_eq!(
        app.decisions()
            .iter()
            .filter(|one| *one == "allowed")
            .count(),
        1
    );
}

#[tokio::test]
async fn an_approval_that_was_only_looked_at_in_the_outage_is_good_while_it_lasts() {
    let olga = phone("olga-phone").having_signed(7);
    let app = TestApp::with_policy(|policy| with_passkey(policy, &olga)).await;
    entra_down(&app);
    let early = olga.approve(&draft(&app, JANE));
    assert_eq!(app.preview(&early).await.status, 503);
    app.clock.pass(10 * MINUTE);
    app.tenant.mend();
    assert_eq!(app.preview(&early).await.status, 200);
    app.reset_on_call(&early).await.assert_completed();
}

#[tokio::test]
async fn a_privileged_person_waits_too_and_one_approval_is_not_enough_afterwards() {
    let olga = phone("olga-phone");
    let app = TestApp::with_policy(|policy| with_passkey(policy, &olga)).await;
    entra_down(&app);
    // Who is privileged, only Entra knows.
    let one = olga.approve(&draft(&app, GRACE));
    let alone = app.reset_on_call(&one).await;
    alone.assert_waiting("directory_unavailable");
    let first = olga.approve(&draft(&app, GRACE));
    let two = reset_with_two(&app, &first, &by_ada(&app, GRACE)).await;
    two.assert_waiting("directory_unavailable");
    app.tenant.mend();
    app.wait(20 * MINUTE).await;
    let refused = app.read(alone.reset(), &one).await;
    assert_eq!(refused.code(), "privileged_role", "{refused:?}");
    app.read(two.reset(), &first).await.assert_completed();
}

/// Entra dies once Jane's sessions are revoked, at the first removal.
async fn dies_half_way(app: &TestApp, delivery: &Request) {
    app.tenant.on_write(|nth, tenant| {
        if nth == 2 {
            tenant.fail(Fault::on("*", "").times(u32::MAX));
        }
    });
    app.send(delivery.clone()).await.assert_running();
}

#[tokio::test]
async fn a_reset_in_which_entra_dies_is_resumed_when_it_is_back_and_removes_nothing_twice() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    dies_half_way(&app, &delivery).await;
    app.wait(30 * MINUTE).await;
    app.tenant.mend();
    app.wait(20 * MINUTE).await;
    assert_eq!(app.decisions().last().unwrap(), "Completed");
    assert_eq!(app.has(JANE), ["fido2", "windowsHelloForBusiness"]);
    let removals = app.tenant.writes().into_iter();
    let removed = removals.filter(|call| call.status == 204).count();
    assert_eq!(removed, 4);
}

#[tokio::test]
async fn a_reset_in_which_entra_dies_for_good_ends_after_two_hours_with_what_is_left() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    dies_half_way(&app, &delivery).await;
    app.wait(3 * HOUR).await;
    assert_eq!(app.queue_length(), 0);
    let ended = app.send(delivery).await;
    ended.assert_needs_human();
    let removed = app.tenant.writes().into_iter();
    assert_eq!(removed.filter(|call| call.status == 204).count(), 1);
    insta::assert_snapshot!(ended.note(), @"MFA re-registration of Jane Doe (jane.doe@contoso.example) is NOT complete: an administrator has to finish it in Microsoft Entra. Kept: Passkey (Passkey on the iPhone), Windows Hello for Business (JANE-LAPTOP). Not known whether removed: Software OATH token, Microsoft Authenticator (Jane's iPhone), Alternate mobile phone (ending in 34), Mobile phone (ending in 12). Sessions were revoked. A passkey stays in place. If it was on the phone that is gone, ask for an approval that removes passkeys too (passkeys:remove). So soon after a reset, it needs two approvers.");
}
