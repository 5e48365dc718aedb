//! Whether those who signed at the desk may still sign, and whether Entra still has the keys that signed, is asked again.

use simulated::entra::OldKey;

use super::*;
use crate::desk::{APPROVERS, Browser, VERIFIERS, build, tenant};
use crate::memory::MemoryEvidence;
use crate::test_app::VERA;

/// A reset of Jane by a reference of the desk. What verified it is kept as evidence.
async fn interrupted() -> Interrupted {
    let store = Arc::new(InterruptingStore::default());
    let overrides = Overrides {
        store: Some(store.clone()),
        evidence: Some(Arc::new(MemoryEvidence::default())),
        ..Overrides::default()
    };
    let with_references = |policy: Document| policy.push("sources.jira.issuers", "desk");
    let app = build(with_references, tenant, overrides).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    let delivery = app.jira(&sam.approve_for_ticket(&case).await);
    Interrupted::by(app, store, delivery).await
}

#[tokio::test]
async fn a_reset_is_resumed_while_those_who_signed_at_the_desk_may_sign() {
    interrupted().await.resumed().await.assert_completed();
}

#[tokio::test]
async fn a_reset_is_ended_if_a_signer_of_the_desk_may_sign_no_more() {
    let rows = Rows::of_this_scenario();
    let approvals = "one that was signed at the desk";
    for (who, group, signer) in [(SAM, APPROVERS, "approver"), (VERA, VERIFIERS, "verifier")] {
        let interrupted = interrupted().await;
        let tenant = &interrupted.app.tenant;
        tenant.leave_group(group.parse().unwrap(), who);
        let answer = interrupted.is_ended(who, "signer_without_role").await;
        let person = format!(
            "a standard person whose {signer} at the desk leaves the group while the reset is interrupted"
        );
        rows.show(&person, approvals, answer);
    }

    let interrupted = interrupted().await;
    let app = &interrupted.app;
    app.tenant
        .register(SAM, Method::authenticator("Sam's phone"));
    let first = app.draft().target(SAM).approver(MEGAN);
    let own = app.reset_on_two(first, app.second_draft().target(SAM));
    own.await.assert_completed();
    app.tenant.forget_calls();
    let answer = interrupted.is_ended("reset", "signer_just_reset").await;
    let person =
        "a standard person whose approver at the desk is reset while the reset is interrupted";
    rows.show(person, approvals, answer);
}

#[tokio::test]
async fn a_key_that_was_kept_resumes_nothing_once_entra_has_withdrawn_it() {
    let mut interrupted = interrupted().await;
    let old = interrupted.app.tenant.key_set("https://login.example");
    let kid = old["keys"][0]["kid"].as_str().unwrap();
    let mut kept = Vec::new();
    let inner = &interrupted.store.inner;
    inner.look("reset#", |body| kept.push(body.to_owned()));
    let record: Value = serde_json::from_str(&kept[0]).unwrap();
    let keys = &record["stage"]["claimed"]["claim"]["kept"]["approvals"][0]["keys"];
    assert_eq!(keys[0]["kid"], kid, "{record}");

    interrupted.app.tenant.rotate_keys(OldKey::Leaves);
    interrupted.app.redeploy(|policy| policy).await;
    let waits = interrupted.resumed().await;
    waits.assert_running();
    interrupted.app.wait(3 * HOUR).await;
    let ended = interrupted.resumed().await;
    documented(&ended);
    assert_eq!(interrupted.app.writes(), [""; 0]);
}
