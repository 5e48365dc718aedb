//! Keys of Entra that are withdrawn after they signed: what they signed waits, and an administrator has to look. What was
//! kept of them decides nothing.

use std::time::Duration;

use reregister_mfa::reset::Event;
use simulated::entra::OldKey;

use super::{Browser, same, with_desk, with_references};
use crate::documented::documented;
use crate::test_app::{JANE, SAM, TestApp, VERA};

const THREE_HOURS: Duration = Duration::from_secs(3 * 60 * 60);

/// It was tried for two hours, and nothing was allowed.
#[track_caller]
fn is_given_up(app: &TestApp) {
    let events = app.trail.events();
    let Some(Event::Refused { code, gave_up, .. }) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!((code.as_str(), *gave_up), ("keys_unavailable", true));
    assert!(!app.decisions().contains(&"allowed".to_owned()));
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn an_approval_on_a_key_that_entra_has_withdrawn_waits_and_an_administrator_has_to_look() {
    let mut app = with_desk(same).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    let (draft, bearer) = (sam.draft_approval(&case).await.json, sam.bearer);
    app.tenant.rotate_keys(OldKey::Leaves);
    app.redeploy(same).await;
    let mut sam = Browser::new(&app);
    (sam.who, sam.bearer) = (SAM.to_owned(), bearer);
    documented(&sam.sign(&draft).await);
    app.wait(THREE_HOURS).await;
    is_given_up(&app);
}

#[tokio::test]
async fn a_reference_on_keys_that_entra_has_withdrawn_waits_and_an_administrator_has_to_look() {
    let mut app = with_references().await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let reference = Browser::of(&app, SAM).await.approve_for_ticket(&case).await;
    app.tenant.rotate_keys(OldKey::Leaves);
    app.redeploy(same).await;
    let waits = app.send(app.jira(&reference)).await;
    waits.assert_waiting("keys_unavailable");
    app.wait(THREE_HOURS).await;
    is_given_up(&app);
}
