//! What is written into the audit trail before anything is changed, and what happens while it cannot be written.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::reset::ports::{AuditError, AuditTrail};
use reregister_mfa::reset::{Change, Event};
use simulated::entra::Fault;

use crate::documented::documented;
use crate::memory::MemoryTrail;
use crate::test_app::{JANE, TestApp};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// The changes that were written down beforehand.
fn intended(trail: &MemoryTrail) -> Vec<Change> {
    let events = trail.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Intended { change, .. } => Some(change),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn every_change_in_graph_is_in_the_audit_trail_before_it_is_asked_for() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("DELETE", "softwareOathMethods").throttle(Some(2)));
    app.tenant
        .fail(Fault::on("DELETE", "phoneMethods").times(2).status(503));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (trail, sees) = (app.trail.clone(), seen.clone());
    app.tenant.on_write(move |nth, _| {
        let before = intended(&trail).len();
        sees.lock().unwrap().push((nth, before));
    });
    app.reset(app.draft()).await.assert_completed();

    let writes = app.tenant.writes().len();
    assert!(writes > 6, "some writes were tried twice: {writes}");
    let one_each: Vec<(usize, usize)> = (1..=writes).map(|nth| (nth, nth)).collect();
    assert_eq!(*seen.lock().unwrap(), one_each);
    let intended = intended(&app.trail);
    assert_eq!(intended.len(), writes);
    assert_eq!(intended[0], Change::RevokeSessions);
    let is_removal = |change: &Change| matches!(change, Change::Remove { .. });
    assert!(intended[1..].iter().all(is_removal), "{intended:?}");
    let kinds: BTreeSet<String> = intended[1..]
        .iter()
        .map(|change| format!("{change:?}"))
        .collect();
    let allowed = app
        .trail
        .events()
        .into_iter()
        .find_map(|event| match event {
            Event::Allowed { removals, .. } => Some(removals),
            _ => None,
        });
    assert_eq!(allowed, Some(kinds.len()), "{kinds:?}");
}

/// A trail that takes nothing.
pub struct FullTrail;

#[async_trait]
impl AuditTrail for FullTrail {
    async fn append(&self, _: &Event) -> Result<(), AuditError> {
        Err(AuditError("full".to_owned()))
    }
}

#[tokio::test]
async fn a_decision_that_cannot_be_written_down_has_no_effect() {
    let app = TestApp::on_trail(Arc::new(FullTrail)).await;
    let reply = app.reset(app.draft()).await;
    reply.assert_waiting("audit_unavailable");
    documented(&reply);
    app.wait(3 * HOUR).await;
    assert_eq!(app.writes(), [""; 0]);
    assert!(app.nothing_claimed());
}

/// A trail that takes only so many intended changes until there is room.
struct NoChanges {
    inner: MemoryTrail,
    room_for: AtomicUsize,
}

impl NoChanges {
    fn with_room_for(changes: usize) -> Arc<NoChanges> {
        Arc::new(NoChanges {
            inner: MemoryTrail::default(),
            room_for: changes.into(),
        })
    }
}

#[async_trait]
impl AuditTrail for NoChanges {
    async fn append(&self, event: &Event) -> Result<(), AuditError> {
        let is_change = matches!(event, Event::Intended { .. });
        let less_room = |room: usize| room.checked_sub(1);
        let (to, from) = (Ordering::SeqCst, Ordering::SeqCst);
        if is_change && self.room_for.fetch_update(to, from, less_room).is_err() {
            return Err(AuditError("full".to_owned()));
        }
        self.inner.append(event).await
    }
}

#[tokio::test]
async fn a_first_change_that_cannot_be_written_down_beforehand_claims_nothing() {
    let trail = NoChanges::with_room_for(0);
    let app = TestApp::on_trail(trail.clone()).await;
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    reply.assert_waiting("audit_unavailable");
    app.wait(30 * MINUTE).await;
    assert_eq!(app.writes(), [""; 0]);
    assert!(app.nothing_claimed());

    trail.room_for.store(100, Ordering::SeqCst);
    app.wait(10 * MINUTE).await;
    assert_eq!(intended(&trail.inner).len(), app.writes().len());
    app.send(delivery).await.assert_completed();
}

#[tokio::test]
async fn a_change_that_cannot_be_written_down_beforehand_waits_until_it_can() {
    let trail = NoChanges::with_room_for(1);
    let app = TestApp::on_trail(trail.clone()).await;
    let delivery = app.jira(&app.approve(app.draft()));
    app.send(delivery.clone()).await.assert_running();
    app.wait(30 * MINUTE).await;
    assert_eq!(app.writes(), ["POST revokeSignInSessions"]);

    trail.room_for.store(100, Ordering::SeqCst);
    app.wait(10 * MINUTE).await;
    assert_eq!(app.has(JANE).len(), 2);
    assert_eq!(intended(&trail.inner).len(), app.writes().len());
    app.send(delivery).await.assert_completed();
}
