//! The ledger or the queue fails, or the process dies: what was accepted comes to its end, and nothing is done twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::ports::{Item, Key, Store, StoreError, Wake, Write};
use simulated::entra::Fault;

use crate::documented::{Rows, documented};
use crate::memory::MemoryStore;
use crate::resumption::Interrupted;
use crate::test_app::{JANE, TestApp};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// A store whose commits fail from the nth on until it is mended; with or without having happened.
#[derive(Default)]
pub struct FailingStore {
    pub inner: MemoryStore,
    commits: AtomicUsize,
    from: AtomicUsize,
    happens: bool,
}

impl FailingStore {
    pub fn from(nth: usize, happens: bool) -> FailingStore {
        FailingStore {
            from: nth.into(),
            happens,
            ..FailingStore::default()
        }
    }

    pub fn mend(&self) {
        self.from.store(usize::MAX, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for FailingStore {
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
    let rows = Rows::of_this_scenario();
    let person = "a standard person, while the ledger does not answer";
    for happens in [false, true] {
        for nth in 0..15 {
            let store = Arc::new(FailingStore::from(nth, happens));
            let app = TestApp::on_store(store.clone()).await;
            let delivery = app.jira(&app.approve(app.draft()));
            let first = app.send(delivery.clone()).await;
            match first.status {
                200 => continue,
                202 => {}
                503 => {
                    first.assert_refused(503, "ledger_unavailable");
                    rows.show(person, "one, before it is accepted", &first);
                    assert_eq!(app.writes(), [""; 0], "not accepted, so nothing is done");
                }
                _ => panic!("{nth} {happens}: {first:?}"),
            }
            store.mend();

            // While the lease of the interrupted run lives, no other run works on it.
            if first.status == 202 {
                let meanwhile = app.send(delivery.clone()).await;
                let was_over = meanwhile.state() == "completed";
                assert!(
                    meanwhile.status == 202 || was_over,
                    "{nth} {happens}: {meanwhile:?}"
                );
            }
            app.wait(10 * MINUTE).await;
            let accepted = first.status == 202 || happens;
            assert_eq!(app.has(JANE).len() == 2, accepted, "{nth} {happens}");
            let last = app.send(delivery).await;
            assert_eq!(last.state(), "completed", "{nth} {happens}: {last:?}");
            assert_eq!(last.json["replayed"], accepted, "{nth} {happens}");
            if first.state() == "running" {
                rows.show(person, "one, after it is claimed", &first);
                rows.show(person, "one, after it is claimed; afterwards", &last);
            }
        }
    }
}

#[tokio::test]
async fn a_reset_whose_message_was_lost_is_closed_by_the_next_request_for_the_same_person() {
    let Interrupted { app, delivery, .. } = Interrupted::new().await;
    app.lose_messages();
    app.clock.pass(HOUR);

    let second = app.approve(app.draft().ticket("RITM1"));
    let reply = app.send(app.servicenow("RITM1", JANE, &second)).await;
    reply.assert_waiting("target_busy");
    app.wait(90 * MINUTE).await;
    app.send(delivery).await.assert_needs_human();
    let read = app.read(reply.reset(), &second).await;
    read.assert_completed();
}

#[tokio::test]
async fn a_reset_that_no_run_took_up_for_hours_is_ended_and_removes_nothing() {
    let Interrupted { app, delivery, .. } = Interrupted::new().await;
    app.lose_messages();
    app.clock.pass(3 * HOUR);
    app.tenant.remove_user(JANE);
    let reply = app.send(delivery).await;
    reply.assert_needs_human();
    documented(&reply);
    assert_eq!(app.writes(), [""; 0]);
}

#[tokio::test]
async fn a_look_up_that_fails_in_a_resumption_is_tried_again() {
    let Interrupted { app, delivery, .. } = Interrupted::new().await;
    app.clock.pass(MINUTE);
    let outage = Fault::on("GET", "roleAssignments").times(3);
    app.tenant.fail(outage.status(503));
    app.send(delivery.clone()).await.assert_running();
    app.wait(MINUTE).await;
    app.send(delivery).await.assert_completed();
}

#[tokio::test]
async fn an_attacker_who_writes_to_the_queue_alone_causes_no_call() {
    let app = TestApp::new().await;
    let reply = app.reset(app.draft()).await;
    let calls = app.tenant.calls().len();
    let id = reply.reset().parse().unwrap();
    for _ in 0..3 {
        app.app.wake(Wake::Reset(id), None).await.unwrap();
        app.app
            .wake(Wake::Reset(ResetId::random()), None)
            .await
            .unwrap();
    }
    assert_eq!(app.tenant.calls().len(), calls);
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
}

#[tokio::test]
async fn without_the_queue_nothing_is_accepted_since_no_message_would_bring_it_back() {
    let app = TestApp::new().await;
    app.break_queue();
    let reply = app.reset(app.draft()).await;
    reply.assert_refused(503, "queue_unavailable");
    documented(&reply);
    app.assert_nothing_happened();
    assert!(app.store.is_empty());
}
