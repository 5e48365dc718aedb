//! The ledger or the audit trail fails, or the process dies: nothing is half-done in silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::memory::MemoryStore;
use async_trait::async_trait;
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::{AuditError, AuditTrail, Item, Key, Store, StoreError, Write};
use simulated::request::Request;
use simulated::senders::on_call;

use crate::test_app::{JANE, TestApp};

/// A store whose commits fail from the nth on, for a while; with or without having happened.
#[derive(Default)]
pub struct Failing {
    inner: MemoryStore,
    commits: AtomicUsize,
    from: AtomicUsize,
    happens: bool,
}

impl Failing {
    fn from(nth: usize, happens: bool) -> Failing {
        Failing {
            from: nth.into(),
            happens,
            ..Failing::default()
        }
    }

    fn mend(&self) {
        self.from.store(usize::MAX, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for Failing {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.inner.get(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let nth = self.commits.fetch_add(1, Ordering::SeqCst);
        if nth < self.from.load(Ordering::SeqCst) {
            return self.inner.commit(writes).await;
        }
        if self.happens {
            self.inner.commit(writes).await?;
        }
        Err(StoreError::Unavailable("down".to_owned()))
    }
}

#[tokio::test]
async fn wherever_the_ledger_fails_the_work_is_finished_later_without_a_second_delivery() {
    for happens in [false, true] {
        for nth in 0..15 {
            let store = Arc::new(Failing::from(nth, happens));
            let app = TestApp::on_store(store.clone()).await;
            let delivery = app.jira(&app.approve(app.draft()));
            let first = app.send(delivery.clone()).await;
            match first.status {
                200 => continue,
                202 => {}
                503 => {
                    assert_eq!(first.code(), "ledger_unavailable");
                    assert_eq!(app.writes(), [""; 0], "not accepted, so nothing is done");
                }
                _ => panic!("{nth} {happens}: {first:?}"),
            }
            store.mend();

            // While the lease of whoever was interrupted lives, nobody else works on it.
            if first.status == 202 {
                let meanwhile = app.send(delivery.clone()).await;
                let was_over = meanwhile.json["state"] == "completed";
                assert!(
                    meanwhile.status == 202 || was_over,
                    "{nth} {happens}: {meanwhile:?}"
                );
            }
            app.wait(Duration::from_secs(600)).await;
            let accepted = first.status == 202 || happens;
            assert_eq!(app.has(JANE).len() == 2, accepted, "{nth} {happens}");
            let last = app.send(delivery).await;
            assert_eq!(last.json["state"], "completed", "{nth} {happens}: {last:?}");
            assert_eq!(last.json["replayed"], accepted, "{nth} {happens}");
        }
    }
}

/// A app whose ledger failed after a reset of Jane was claimed, and works again; with the delivery.
async fn interrupted() -> (TestApp, Arc<Failing>, Request) {
    let store = Arc::new(Failing::from(4, false));
    let app = TestApp::on_store(store.clone()).await;
    let delivery = app.jira(&app.approve(app.draft()));
    let first = app.send(delivery.clone()).await;
    assert_eq!(
        (first.status, &first.json["state"]),
        (202, &"running".into())
    );
    store.mend();
    app.tenant.forget_calls();
    (app, store, delivery)
}

#[tokio::test]
async fn a_reset_whose_message_was_lost_does_not_lock_the_person_for_ever() {
    let (app, _store, first) = interrupted().await;
    app.lose_messages();
    app.clock.pass(Duration::from_secs(60 * 60));

    let second = app.approve(app.draft().ticket("RITM1"));
    let delivery = app.servicenow("RITM1", JANE, &second);
    let reply = app.send(delivery).await;
    assert_eq!((reply.status, reply.code()), (202, "target_busy"));
    app.wait(Duration::from_secs(90 * 60)).await;
    assert_eq!(app.send(first).await.json["state"], "needs_human");
    let path = format!("/resets/{}", reply.json["reset"].as_str().unwrap());
    let read = app.send(on_call::get(&path, &second)).await;
    assert_eq!(read.json["state"], "completed", "{read:?}");
}

#[tokio::test]
async fn somebody_who_may_no_longer_be_reset_is_not_reset_further_and_a_person_has_to_look() {
    let (app, _store, delivery) = interrupted().await;
    app.tenant.set_enabled(JANE, false);
    app.wait(Duration::from_secs(120)).await;
    let reply = app.send(delivery).await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (200, &"needs_human".into()),
        "{reply:?}"
    );
    assert!(
        reply.json["warnings"]
            .to_string()
            .contains("no_longer_allowed")
    );
    assert_eq!(app.writes(), [""; 0]);
}

#[tokio::test]
async fn a_reset_that_nobody_took_up_for_hours_is_ended_and_touches_nothing() {
    let (app, _store, delivery) = interrupted().await;
    app.lose_messages();
    app.clock.pass(Duration::from_secs(3 * 60 * 60));
    app.tenant.remove_user(JANE);
    let reply = app.send(delivery).await;
    assert_eq!(reply.json["state"], "needs_human", "{reply:?}");
    assert_eq!(app.writes(), [""; 0]);
}

#[tokio::test]
async fn a_look_up_that_fails_when_a_reset_is_taken_up_is_no_refusal_and_is_tried_again() {
    let (app, _store, delivery) = interrupted().await;
    app.clock.pass(Duration::from_secs(60));
    app.tenant.fail(
        simulated::entra::Fault::on("GET", "roleAssignments")
            .times(3)
            .status(503),
    );
    let reply = app.send(delivery.clone()).await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (202, &"running".into())
    );
    app.wait(Duration::from_secs(60)).await;
    assert_eq!(app.send(delivery).await.json["state"], "completed");
}

#[tokio::test]
async fn whoever_writes_to_the_table_alone_cannot_order_a_reset() {
    let (app, store, delivery) = interrupted().await;
    // The record now says that it is about Alex; the approvals in it do not.
    let jane = "a1000000-0000-4000-8000-00000000000b";
    store
        .inner
        .edit(|body| body.replace(jane, "a1000000-0000-4000-8000-000000000002"));
    app.wait(Duration::from_secs(120)).await;
    let reply = app.send(delivery).await;
    assert_eq!(reply.json["state"], "needs_human", "{reply:?}");
    assert_eq!(app.writes(), [""; 0]);
}

#[tokio::test]
async fn whoever_writes_to_the_queue_alone_has_nothing_done() {
    let app = TestApp::new().await;
    let reply = app.send(app.jira(&app.approve(app.draft()))).await;
    let calls = app.tenant.calls().len();
    let id = reply.json["reset"].as_str().unwrap().parse().unwrap();
    for _ in 0..3 {
        app.app.wake(id, None).await.unwrap();
        app.app.wake(ResetId::random(), None).await.unwrap();
    }
    assert_eq!(app.tenant.calls().len(), calls);
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
}

#[tokio::test]
async fn without_the_queue_nothing_is_accepted_since_nothing_would_bring_it_back() {
    let app = TestApp::new().await;
    app.break_queue();
    let reply = app.reset(app.draft()).await;
    assert_eq!((reply.status, reply.code()), (503, "queue_unavailable"));
    app.assert_nothing_happened();
    assert!(app.store.is_empty());
}

/// A trail that is full.
pub struct Full;

#[async_trait]
impl AuditTrail for Full {
    async fn append(&self, _: &Event) -> Result<(), AuditError> {
        Err(AuditError("full".to_owned()))
    }
}

#[tokio::test]
async fn a_decision_that_cannot_be_written_down_is_not_acted_upon() {
    let app = TestApp::on_trail(Arc::new(Full)).await;
    let reply = app.reset(app.draft()).await;
    assert_eq!((reply.status, reply.code()), (202, "audit_unavailable"));
    app.wait(Duration::from_secs(3 * 60 * 60)).await;
    assert_eq!(app.writes(), [""; 0]);
    assert!(app.nothing_claimed());
}
