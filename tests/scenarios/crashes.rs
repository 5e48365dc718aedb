//! The ledger or the audit trail fails, or the process dies: nothing is half-done in silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::memory::MemoryStore;
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::{AuditError, AuditTrail, Item, Key, Store, StoreError, Write};

use crate::house::{House, JANE};

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
async fn wherever_the_ledger_fails_the_same_delivery_finishes_the_work_later() {
    for happens in [false, true] {
        for nth in 0..12 {
            let store = Arc::new(Failing::from(nth, happens));
            let house = House::on_store(store.clone()).await;
            let delivery = house.jira(&house.approve(house.draft()));
            let first = house.send(delivery.clone()).await;
            if first.status == 200 {
                continue;
            }
            assert_eq!(first.status, 503, "{nth} {happens}: {first:?}");
            assert!(
                ["interrupted", "ledger_unavailable"].contains(&first.code()),
                "{first:?}"
            );
            if first.code() == "ledger_unavailable" {
                assert_eq!(
                    house.writes(),
                    [""; 0],
                    "nothing was claimed, so nothing was done"
                );
            }
            store.mend();

            // While the lease of whoever was interrupted lives, nobody else works on it.
            if nth > 0 || happens {
                let meanwhile = house.send(delivery.clone()).await;
                let was_over = happens && meanwhile.json["state"] == "completed";
                assert!(
                    meanwhile.status == 202 || was_over,
                    "{nth} {happens}: {meanwhile:?}"
                );
            }
            house.clock.pass(Duration::from_secs(120));
            let last = house.send(delivery).await;
            assert_eq!(last.json["state"], "completed", "{nth} {happens}: {last:?}");
            assert_eq!(house.has(JANE).len(), 2);
        }
    }
}

#[tokio::test]
async fn an_abandoned_reset_does_not_lock_the_person_for_ever() {
    let store = Arc::new(Failing::from(3, false));
    let house = House::on_store(store.clone()).await;
    let first = house.send(house.jira(&house.approve(house.draft()))).await;
    assert_eq!(first.code(), "interrupted");
    store.mend();

    let second = house.approve(house.draft().ticket("RITM1"));
    let delivery = house.servicenow("RITM1", JANE, &second);
    assert_eq!(house.send(delivery.clone()).await.code(), "target_busy");
    house.clock.pass(Duration::from_secs(120));
    assert_eq!(house.send(delivery).await.json["state"], "completed");
}

#[tokio::test]
async fn somebody_who_may_no_longer_be_reset_is_not_reset_further_and_a_person_has_to_look() {
    let store = Arc::new(Failing::from(3, false));
    let house = House::on_store(store.clone()).await;
    let delivery = house.jira(&house.approve(house.draft()));
    assert_eq!(house.send(delivery.clone()).await.code(), "interrupted");
    store.mend();
    house.clock.pass(Duration::from_secs(120));
    house.tenant.set_enabled(JANE, false);
    house.tenant.forget_calls();
    let reply = house.send(delivery).await;
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
    assert_eq!(house.writes(), [""; 0]);
}

#[tokio::test]
async fn a_reset_that_nobody_took_up_for_hours_is_ended_and_touches_nothing() {
    let store = Arc::new(Failing::from(3, false));
    let house = House::on_store(store.clone()).await;
    let delivery = house.jira(&house.approve(house.draft()));
    assert_eq!(house.send(delivery.clone()).await.code(), "interrupted");
    store.mend();
    house.clock.pass(Duration::from_secs(3 * 60 * 60));
    house.tenant.remove_user(JANE);
    house.tenant.forget_calls();
    let reply = house.send(delivery).await;
    assert_eq!(reply.json["state"], "needs_human", "{reply:?}");
    assert_eq!(house.tenant.calls().len(), 0);
}

#[tokio::test]
async fn a_look_up_that_fails_when_a_reset_is_taken_up_is_an_interruption_and_not_a_refusal() {
    let store = Arc::new(Failing::from(3, false));
    let house = House::on_store(store.clone()).await;
    let delivery = house.jira(&house.approve(house.draft()));
    house.send(delivery.clone()).await;
    store.mend();
    house.clock.pass(Duration::from_secs(120));
    house.tenant.fail(
        simulated::entra::Fault::on("GET", "roleAssignments")
            .times(3)
            .status(503),
    );
    let reply = house.send(delivery.clone()).await;
    assert_eq!((reply.status, reply.code()), (503, "interrupted"));
    assert_eq!(house.send(delivery).await.json["state"], "completed");
}

#[tokio::test]
async fn whoever_writes_to_the_table_alone_cannot_order_a_reset() {
    let store = Arc::new(Failing::from(3, false));
    let house = House::on_store(store.clone()).await;
    let delivery = house.jira(&house.approve(house.draft()));
    house.send(delivery.clone()).await;
    store.mend();
    house.clock.pass(Duration::from_secs(120));
    // The record now says that it is about Alex; the approvals in it do not.
    let jane = "a1000000-0000-4000-8000-00000000000b";
    store
        .inner
        .edit(|body| body.replace(jane, "a1000000-0000-4000-8000-000000000002"));
    house.tenant.forget_calls();
    let reply = house.send(delivery).await;
    assert_eq!(reply.json["state"], "needs_human", "{reply:?}");
    assert_eq!(house.writes(), [""; 0]);
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
    let house = House::on_trail(Arc::new(Full)).await;
    let reply = house.reset(house.draft()).await;
    assert_eq!((reply.status, reply.code()), (503, "audit_unavailable"));
    assert_eq!(house.writes(), [""; 0]);
    assert!(house.store.is_empty());
}
