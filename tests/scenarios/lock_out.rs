//! A reset after which the person could not register is not begun, unless the approval says so.

use simulated::entra::Method;

use crate::documented::{Rows, documented};
use crate::test_app::{ALEX, GRACE, JANE, Reply, TestApp};

const METHODS_OF_JANE: [&str; 6] = [
    "microsoftAuthenticator",
    "phone mobile",
    "phone alternateMobile",
    "softwareOath",
    "fido2",
    "windowsHelloForBusiness",
];

/// A security key of no model that this program knows.
fn security_key() -> Method {
    Method::fido2("Jane's YubiKey")
}

fn assert_nothing_was_done(app: &TestApp, reply: &Reply) {
    assert_eq!(app.has(JANE), METHODS_OF_JANE);
    assert_eq!(app.writes(), [""; 0]);
    assert!(!app.tenant.sessions_revoked(JANE));
    assert!(
        reply.note().contains("This request changed nothing."),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_lost_phone_with_a_passkey_is_refused_before_anything_is_removed() {
    let app = TestApp::new().await;
    let reply = app.reset(app.draft().scope("mfa:reregister")).await;
    documented(&reply);
    assert_nothing_was_done(&app, &reply);
    assert_eq!(reply.json["retry"], false);
    assert_eq!(reply.json["second_approval"], false);
    insta::assert_snapshot!(reply.note(), @"MFA re-registration was refused. This request changed nothing. The person could not register afterwards. Sign-in would ask for a passkey that stays in place: Passkey on the iPhone (in Microsoft Authenticator). Ask the person whether they still have it. If not, get a new approval that removes passkeys too (passkeys:remove). If they do, get one that keeps them (passkeys:keep). To go ahead although they cannot register, get one with lockout:accept.");

    // Nothing is used up: the next approval works at once, by one approver.
    let draft = app.draft().scope("mfa:reregister passkeys:remove");
    let reply = app.reset(draft).await;
    reply.assert_completed();
    assert_eq!(reply.json["can_register"], "yes");
}

#[tokio::test]
async fn whatever_happened_to_the_device_a_passkey_that_may_be_on_it_is_asked_about_first() {
    for reason in ["lost", "replaced", "broken"] {
        let app = TestApp::new().await;
        let draft = app.draft().scope("mfa:reregister").reason(reason);
        app.reset(draft).await.assert_refused(422, "would_lock_out");
        assert_eq!(app.has(JANE), METHODS_OF_JANE);
    }
}

#[tokio::test]
async fn without_a_reason_the_reset_goes_ahead_and_names_the_passkey() {
    let app = TestApp::new().await;
    let draft = app.draft().scope("mfa:reregister").without("reason");
    let reply = app.reset(draft).await;
    reply.assert_completed();
    assert_eq!(reply.json["can_register"], "unknown");
    assert_eq!(reply.warnings(), ["passkey_left"]);
}

#[tokio::test]
async fn after_a_theft_an_approval_that_keeps_sessions_begins_nothing() {
    let app = TestApp::new().await;
    let scope = "mfa:reregister passkeys:remove sessions:keep";
    let refused = app.reset(app.draft().scope(scope).reason("stolen")).await;
    refused.assert_refused(422, "approval_claim");
    app.assert_nothing_happened();
    app.reset(app.draft().scope(scope).reason("lost"))
        .await
        .assert_completed();
}

#[tokio::test]
async fn after_a_theft_everything_goes_as_asked_and_the_answer_offers_to_remove_the_passkey() {
    let app = TestApp::new().await;
    let draft = app.draft().scope("mfa:reregister").reason("stolen");
    let reply = app.reset(draft).await;
    documented(&reply);
    assert_eq!(reply.json["can_register"], "no");
    assert_eq!(reply.json["sessions"], "revoked");
    assert_eq!(app.has(JANE), ["fido2", "windowsHelloForBusiness"]);
    assert!(reply.note().contains("passkeys:remove"), "{reply:?}");
}

#[tokio::test]
async fn a_person_who_still_has_the_passkey_can_register_with_it() {
    let app = TestApp::new().await;
    app.tenant.register(JANE, security_key());
    let draft = app.draft().scope("mfa:reregister passkeys:keep");
    let reply = app.reset(draft).await;
    documented(&reply);
    assert_eq!(reply.json["can_register"], "yes");
    assert_eq!(reply.warnings(), [""; 0]);
    assert_eq!(
        reply.methods("kept"),
        ["Passkey", "Windows Hello for Business", "Passkey"]
    );
}

#[tokio::test]
async fn a_passkey_in_authenticator_is_on_the_phone_so_keeping_it_does_not_help_where_the_phone_is_gone()
 {
    for (reason, status) in [
        ("lost", 422),
        ("broken", 422),
        ("replaced", 200),
        ("other", 200),
    ] {
        let app = TestApp::new().await;
        let draft = app
            .draft()
            .scope("mfa:reregister passkeys:keep")
            .reason(reason);
        let reply = app.reset(draft).await;
        assert_eq!(reply.status, status, "{reply:?}");
        if status == 422 {
            assert_eq!(reply.code(), "would_lock_out");
            assert_nothing_was_done(&app, &reply);
            let told = "is on the device that is gone: Passkey on the iPhone (in Microsoft Authenticator).";
            assert!(reply.note().contains(told), "{reply:?}");
        } else {
            assert_eq!(reply.json["can_register"], "yes");
        }
    }
}

#[tokio::test]
async fn a_security_key_counts_as_gone_with_the_phone_unless_the_approval_keeps_it() {
    let app = TestApp::new().await;
    app.tenant.register(ALEX, security_key());
    let draft = || app.draft().target(ALEX);
    let reply = app.reset(draft().scope("mfa:reregister")).await;
    reply.assert_refused(422, "would_lock_out");
    let reply = app
        .reset(draft().scope("mfa:reregister passkeys:keep"))
        .await;
    reply.assert_completed();
    assert_eq!(reply.json["can_register"], "yes");
}

#[tokio::test]
async fn an_approval_may_accept_that_the_person_cannot_register() {
    let app = TestApp::new().await;
    let draft = app.draft().scope("mfa:reregister lockout:accept");
    let reply = app.reset(draft).await;
    documented(&reply);
    assert_eq!(reply.json["can_register"], "no");
    assert!(reply.note().contains("CANNOT register yet"), "{reply:?}");
}

#[tokio::test]
async fn a_preview_shows_it_before_and_two_approvals_do_not_help() {
    let app = TestApp::new().await;
    let draft = app.on_call_draft().scope("mfa:reregister");
    let reply = app.preview(&app.approve_on_call(draft)).await;
    reply.assert_refused(422, "would_lock_out");

    app.tenant.register(GRACE, security_key());
    let first = app.draft().target(GRACE).scope("mfa:reregister");
    let second = app.second_draft().target(GRACE).scope("mfa:reregister");
    let reply = app.reset_on_two(first, second).await;
    reply.assert_refused(422, "would_lock_out");
    let rows = Rows::of_this_scenario();
    rows.show(
        "a Global Administrator who lost a phone and has a passkey",
        "two",
        &reply,
    );
}

#[tokio::test]
async fn an_approval_that_keeps_passkeys_and_removes_them_is_refused() {
    let app = TestApp::new().await;
    let draft = app
        .draft()
        .scope("mfa:reregister passkeys:keep passkeys:remove");
    app.reset(draft).await.assert_refused(422, "approval_claim");
}
