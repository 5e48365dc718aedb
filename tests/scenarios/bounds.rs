//! Guardrails on the harm that good approvals can do: the freeze switch, the cool-down, the caps. Whoever meets one is
//! refused, and nothing is used up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::memory::MemoryStore;
use async_trait::async_trait;
use reregister_mfa::clock::Timestamp;
use reregister_mfa::reset::ports::{Item, Key, Store, StoreError, Write};
use reregister_mfa::reset::{Freeze, Ledger};
use simulated::approval::Draft;
use simulated::entra::{Fault, Method};
use simulated::request::Request;
use simulated::senders::on_call;

use crate::test_app::{ADA, JANE, Reply, SAM, TestApp, VERA, VICTOR};

const ALEX: &str = "alex.wilber@contoso.example";
const ADELE: &str = "adele.vance@contoso.example";
const CASH: &str = "$cash@contoso.example";
const GRACE: &str = "grace.admin@contoso.example";

const WHY: &str = "somebody has the laptop of the service desk";
const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// Somebody sets the switch, as `reregister freeze` does.
async fn freeze(store: Arc<dyn Store>, standard: bool, privileged: bool) {
    let freeze = Freeze {
        standard,
        privileged,
        why: WHY.to_owned(),
        since: Timestamp::now(),
    };
    Ledger::new(store).freeze(&freeze).await.unwrap();
}

/// A policy with one more line in the tenant's rules.
fn rule(line: &'static str) -> impl FnOnce(String) -> String {
    move |policy| policy.replace("break_glass =", &format!("{line}\nbreak_glass ="))
}

/// Good for as long as an approval may be.
fn lasting(app: &TestApp) -> Draft {
    app.draft().expires_at(app.now() + 90 * 60)
}

/// Jira asks for Grace, who is privileged, on two approvals.
fn for_grace(app: &TestApp) -> Request {
    let first = app.approve(app.draft().target(GRACE));
    let second = app.security.approve(&app.second_draft().target(GRACE));
    app.jira(&format!("{first}\n{second}"))
}

fn is_refused(reply: &Reply, code: &str) {
    assert_eq!((reply.status, reply.code()), (403, code), "{reply:?}");
}

fn is_completed(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
}

/// What a refusal says about this time.
fn detail(reply: &Reply) -> &str {
    reply.json["detail"].as_str().unwrap()
}

#[tokio::test]
async fn while_resets_are_frozen_nobody_is_reset_and_afterwards_the_same_approvals_are_good() {
    let app = TestApp::new().await;
    let alex = app.approve(app.draft().target(ALEX).ticket("RITM1"));
    let deliveries = [
        app.jira(&app.approve(app.draft())),
        for_grace(&app),
        app.servicenow("RITM1", ALEX, &alex),
    ];
    freeze(app.store.clone(), true, true).await;
    for delivery in &deliveries {
        let reply = app.send(delivery.clone()).await;
        is_refused(&reply, "frozen");
        assert!(detail(&reply).contains(WHY), "{reply:?}");
        assert_eq!(reply.retry_after, None, "nobody knows when it ends");
    }
    assert_eq!(app.writes(), [""; 0]);
    assert!(app.nothing_claimed());

    freeze(app.store.clone(), false, false).await;
    for delivery in deliveries {
        is_completed(&app.send(delivery).await);
    }
}

#[tokio::test]
async fn a_freeze_of_one_tier_leaves_the_other_alone() {
    let app = TestApp::new().await;
    let grace = for_grace(&app);
    freeze(app.store.clone(), false, true).await;
    is_refused(&app.send(grace.clone()).await, "frozen");
    is_completed(&app.reset(app.draft()).await);

    let alex = app.jira(&app.approve(app.draft().target(ALEX)));
    freeze(app.store.clone(), true, false).await;
    is_refused(&app.send(alex.clone()).await, "frozen");
    is_completed(&app.send(grace).await);

    freeze(app.store.clone(), false, false).await;
    is_completed(&app.send(alex).await);
}

/// A ledger that somebody freezes just before a claim, or that takes nothing any more just after one.
#[derive(Default)]
struct Meddled {
    inner: Arc<MemoryStore>,
    freezes_before_claim: AtomicBool,
    fails_after_claim: AtomicBool,
    down: AtomicBool,
}

#[async_trait]
impl Store for Meddled {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.inner.get(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("down".to_owned()));
        }
        let claims = writes
            .iter()
            .any(|write| write.key.0.starts_with("approval#"));
        if claims && self.freezes_before_claim.swap(false, Ordering::SeqCst) {
            freeze(self.inner.clone(), true, true).await;
        }
        if claims && self.fails_after_claim.swap(false, Ordering::SeqCst) {
            self.down.store(true, Ordering::SeqCst);
        }
        self.inner.commit(writes).await
    }
}

#[tokio::test]
async fn a_freeze_that_comes_between_the_look_at_the_switch_and_the_claim_stops_the_claim() {
    let store = Arc::new(Meddled {
        freezes_before_claim: true.into(),
        ..Meddled::default()
    });
    let app = TestApp::on_store(store.clone()).await;
    let delivery = app.jira(&app.approve(app.draft()));
    is_refused(&app.send(delivery.clone()).await, "frozen");
    assert_eq!(app.writes(), [""; 0]);
    let claimed = |Key(key): &Key| {
        ["approval#", "target#", "count#"]
            .iter()
            .any(|kind| key.starts_with(kind))
    };
    assert!(!store.inner.keys().iter().any(claimed), "{:?}", store.inner);

    freeze(store, false, false).await;
    is_completed(&app.send(delivery).await);
}

/// A app where a reset of Jane was claimed and then interrupted, before anything was sent; with the delivery.
async fn interrupted() -> (TestApp, Arc<Meddled>, Request) {
    let store = Arc::new(Meddled {
        fails_after_claim: true.into(),
        ..Meddled::default()
    });
    let app = TestApp::on_store(store.clone()).await;
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(reply.json["state"], "running", "{reply:?}");
    store.down.store(false, Ordering::SeqCst);
    (app, store, delivery)
}

#[tokio::test]
async fn a_reset_that_was_interrupted_waits_for_the_end_of_a_freeze_and_then_goes_on_by_itself() {
    let (app, store, delivery) = interrupted().await;
    freeze(store.clone(), true, false).await;
    app.wait(30 * MINUTE).await;
    assert_eq!(app.writes(), [""; 0]);
    assert_eq!(app.has(JANE).len(), 6);

    freeze(store, false, false).await;
    app.wait(10 * MINUTE).await;
    assert_eq!(app.has(JANE).len(), 2);
    is_completed(&app.send(delivery).await);
}

#[tokio::test]
async fn a_freeze_of_more_than_two_hours_leaves_what_was_interrupted_to_a_person() {
    let (app, store, delivery) = interrupted().await;
    freeze(store, true, true).await;
    app.wait(3 * HOUR).await;
    assert_eq!(app.queued(), 0);
    assert_eq!(app.writes(), [""; 0]);
    let reply = app.send(delivery).await;
    assert_eq!(reply.json["state"], "needs_human", "{reply:?}");
    assert!(reply.note().contains("NOT complete"), "{reply:?}");
}

#[tokio::test]
async fn one_approver_has_somebody_reset_once_an_hour_and_the_approval_is_good_afterwards() {
    let app = TestApp::new().await;
    is_completed(&app.reset(app.draft()).await);
    app.tenant
        .register(JANE, Method::authenticator("Another phone"));
    // Nor is it better if it is another approver, as long as it is one.
    let again = app.jira(&app.approve(lasting(&app).approver(ADA)));
    is_refused(&app.send(again.clone()).await, "cooling_down");
    app.clock.pass(59 * MINUTE);
    is_refused(&app.send(again.clone()).await, "cooling_down");
    assert_eq!(app.has(JANE).len(), 3);

    app.clock.pass(MINUTE);
    let reply = app.send(again).await;
    is_completed(&reply);
    assert_eq!(reply.methods("removed"), ["Microsoft Authenticator"]);
}

#[tokio::test]
async fn two_approvers_have_somebody_reset_again_at_once_and_one_who_signs_twice_does_not() {
    let app = TestApp::new().await;
    is_completed(&app.reset(app.draft()).await);
    let one = app.second_draft().approver(SAM);
    is_refused(&app.reset_on_two(app.draft(), one).await, "cooling_down");
    is_completed(&app.reset_on_two(app.draft(), app.second_draft()).await);
}

#[tokio::test]
async fn a_reset_that_failed_or_removed_nothing_may_be_repeated_at_once() {
    let app = TestApp::new().await;
    app.tenant.fail(
        Fault::on("DELETE", "softwareOathMethods")
            .times(9)
            .status(403),
    );
    let failed = app.reset(app.draft()).await;
    assert_eq!(failed.json["state"], "needs_human", "{failed:?}");
    app.tenant.mend();
    is_completed(&app.reset(app.draft()).await);

    // Vera has nothing that could go.
    for _ in 0..2 {
        let vera = app.draft().target(VERA).verified(VICTOR, app.now());
        let reply = app.reset(vera).await;
        is_completed(&reply);
        assert_eq!(reply.methods("removed"), [""; 0]);
    }
}

#[tokio::test]
async fn the_third_reset_in_an_hour_is_refused_where_a_tenant_may_have_two_and_is_good_later() {
    let app = TestApp::with_policy(rule("per_hour = 2")).await;
    is_completed(&app.reset(app.draft()).await);
    // What is refused does not count.
    let grace = app.reset(app.draft().target(GRACE)).await;
    is_refused(&grace, "privileged_role");
    is_completed(&app.reset(app.draft().target(ALEX)).await);

    let third = app.jira(&app.approve(lasting(&app).target(ADELE)));
    let short = app.jira(&app.approve(app.draft().target(CASH)));
    for delivery in [&third, &short, &third] {
        let reply = app.send(delivery.clone()).await;
        is_refused(&reply, "cap_reached");
        assert!(detail(&reply).contains("tenant"), "{reply:?}");
    }
    assert_eq!(app.has(ADELE).len(), 6);

    app.clock.pass(HOUR);
    is_completed(&app.send(third).await);
    let expired = app.send(short).await;
    assert_eq!((expired.status, expired.code()), (422, "approval_expired"));
}

#[tokio::test]
async fn of_four_at_once_two_are_reset_where_a_tenant_may_have_two_in_an_hour() {
    let app = TestApp::with_policy(rule("per_hour = 2")).await;
    let asked = [JANE, ALEX, ADELE, CASH]
        .map(|target| app.send(app.jira(&app.approve(app.draft().target(target)))));
    let replies = futures_util::future::join_all(asked).await;
    let (done, others): (Vec<Reply>, Vec<Reply>) =
        replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(done.len(), 2, "{others:?}");
    others
        .iter()
        .for_each(|reply| is_refused(reply, "cap_reached"));
}

#[tokio::test]
async fn the_cap_of_one_approver_is_nobody_elses() {
    let app = TestApp::with_policy(rule("approver_per_hour = 1")).await;
    is_completed(&app.reset(app.draft()).await);
    let reply = app.reset(app.draft().target(ALEX)).await;
    is_refused(&reply, "cap_reached");
    assert!(detail(&reply).contains("approver"), "{reply:?}");
    // Nor does the signature of another carry one who has had enough; and it does not count for the other.
    let sam = app.draft().target(ALEX);
    let ada = app.second_draft().target(ALEX);
    is_refused(&app.reset_on_two(sam, ada).await, "cap_reached");
    is_completed(&app.reset(app.draft().target(ALEX).approver(ADA)).await);
}

#[tokio::test]
async fn the_cap_of_one_issuer_is_no_others() {
    let app = TestApp::with_policy(|policy| {
        let domain = "domain = \"service-desk\"";
        policy.replace(domain, &format!("{domain}\nper_hour = 1"))
    })
    .await;
    is_completed(&app.reset(app.draft()).await);
    let alex = app.draft().target(ALEX);
    let reply = app.reset(alex.clone()).await;
    is_refused(&reply, "cap_reached");
    assert!(detail(&reply).contains("issuer"), "{reply:?}");
    let by_another = app.jira(&app.security.approve(&alex));
    is_completed(&app.send(by_another).await);
}

#[tokio::test]
async fn a_preview_says_that_a_reset_would_meet_a_bound_and_does_not_count() {
    let app = TestApp::with_policy(rule("per_hour = 1")).await;
    let preview = async |target: &str| {
        let approval = app.approve_on_call(app.on_call_draft().target(target));
        let request = on_call::post("/resets/preview", &approval, None);
        app.send(request).await
    };
    for _ in 0..3 {
        assert_eq!(preview(JANE).await.status, 200);
    }
    is_completed(&app.reset(app.draft()).await);
    is_refused(&preview(JANE).await, "cooling_down");
    is_refused(&preview(ALEX).await, "cap_reached");
    freeze(app.store.clone(), true, true).await;
    is_refused(&preview(ALEX).await, "frozen");
}
