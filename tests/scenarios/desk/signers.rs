//! Whose signature counts at the reset: verifiers are held to the same as approvers.

use std::time::Duration;

use simulated::approval::evidence;
use simulated::entra::{Changes, Method};

use super::{Browser, VERIFIERS, about_to_approve, same, with_desk};
use crate::documented::documented;
use crate::test_app::{ALEX, JANE, SAM, TestApp, VERA};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn a_verifier_who_has_left_the_group_since_has_verified_nobody() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    app.tenant.leave_group(VERIFIERS.parse().unwrap(), VERA);
    let refused = sam.sign(&draft).await;
    documented(&refused);
    assert!(app.writes().is_empty());
}

/// Vera is reset on two approvals, since verifiers are privileged.
async fn reset_vera(app: &TestApp) {
    app.tenant
        .register(VERA, Method::authenticator("Vera's phone"));
    let seen = [evidence(ALEX, app.now() - 300)];
    let first = app.draft().target(VERA).approver(SAM).verification(seen);
    let done = app.reset_on_two(first, app.second_draft().target(VERA));
    done.await.assert_completed();
    app.work().await;
    app.tenant.forget_calls();
}

#[tokio::test]
async fn a_verifier_who_was_just_reset_has_verified_nobody_for_a_day() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let mut vera = Browser::of(&app, VERA).await;
    reset_vera(&app).await;
    // Neither what she signed before counts, nor what she signs in the session that she has.
    let refused = sam.sign(&draft).await;
    documented(&refused);
    let case = vera.verify(JANE).await;
    let refused = sam.approve(&case).await;
    refused.assert_refused(403, "signer_just_reset");
    assert!(app.writes().is_empty());

    vera.changes = Changes::none();
    app.clock.pass(DAY);
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let done = Browser::of(&app, SAM).await.approve(&case).await;
    done.assert_completed();
}
