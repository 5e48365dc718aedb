//! Guardrails on the harm that good approvals can do: the freeze switch, the cool-down, the caps. A request that meets one
//! is refused, and nothing is used up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use reregister_mfa::clock::Timestamp;
use reregister_mfa::reset::ports::{Item, Key, Store, StoreError, Write};
use reregister_mfa::reset::{Freeze, FreezeChange, FreezeReason, Ledger, Tiers};
use serde_json::Value;
use simulated::approval::Draft;
use simulated::entra::{Fault, Method};
use simulated::request::Request;

use crate::documented::{Rows, documented};
use crate::memory::MemoryStore;
use crate::test_app::{ADA, ADELE, ALEX, Document, GRACE, JANE, Reply, SAM, TestApp, VERA, VICTOR};

const CASH: &str = "$cash@contoso.example";

const WHY: &str = "a laptop of the service desk was stolen";
const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// An administrator sets the switch, as `reregister freeze` and `thaw` do.
pub async fn freeze(store: Arc<dyn Store>, standard: bool, privileged: bool) {
    let ledger = Ledger::new(store);
    let now = Timestamp::now();
    for (tiers, stops) in [(Tiers::Standard, standard), (Tiers::Privileged, privileged)] {
        let change = match stops {
            true => FreezeChange::Freeze {
                tiers,
                why: FreezeReason::new(WHY).unwrap(),
            },
            false => FreezeChange::Thaw { tiers },
        };
        ledger.change_freeze(&change, now).await.unwrap();
    }
}

/// A policy with one more rule for the tenant.
fn rule(name: &str, value: impl Into<Value>) -> impl FnOnce(Document) -> Document {
    let path = format!("tenants.contoso.rules.{name}");
    move |policy| policy.add(&path, value)
}

/// Valid for as long as an approval may be.
fn lasting(app: &TestApp) -> Draft {
    app.draft().expires_at(app.now() + 90 * 60)
}

/// Jira asks for Grace, who is privileged, on two approvals.
fn for_grace(app: &TestApp) -> Request {
    let (first, second) = (app.draft().target(GRACE), app.second_draft().target(GRACE));
    app.jira(&app.approve_twice(first, second))
}

#[tokio::test]
async fn while_resets_are_frozen_every_request_is_refused_and_afterwards_the_same_approvals_are_good()
 {
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
        reply.assert_refused(403, "frozen");
        assert!(reply.detail().contains(WHY), "{reply:?}");
        assert_eq!(reply.retry_after, None, "its end is not known");
    }
    documented(&app.send(deliveries[0].clone()).await);
    assert_eq!(app.writes(), [""; 0]);
    assert!(app.nothing_claimed());

    freeze(app.store.clone(), false, false).await;
    for delivery in deliveries {
        app.send(delivery).await.assert_completed();
    }
}

#[tokio::test]
async fn a_refusal_says_also_when_it_is_read_later_whether_a_second_approval_may_help() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    freeze(app.store.clone(), true, true).await;
    let frozen = app.send(app.jira(&approval)).await;
    let role = app.approve(app.draft().target(GRACE));
    freeze(app.store.clone(), false, false).await;
    let privileged = app.send(app.jira(&role)).await;
    for (reply, approval, may_help) in [(frozen, approval, false), (privileged, role, true)] {
        assert_eq!(reply.json["second_approval"], may_help);
        let read = app.read(reply.reset(), &approval).await;
        assert_eq!((read.status, read.state()), (200, "refused"));
        assert_eq!(read.json["second_approval"], may_help);
    }
}

#[tokio::test]
async fn a_freeze_of_one_tier_leaves_the_other_alone() {
    let app = TestApp::new().await;
    let grace = for_grace(&app);
    freeze(app.store.clone(), false, true).await;
    app.send(grace.clone()).await.assert_refused(403, "frozen");
    app.reset(app.draft()).await.assert_completed();

    let alex = app.jira(&app.approve(app.draft().target(ALEX)));
    freeze(app.store.clone(), true, false).await;
    app.send(alex.clone()).await.assert_refused(403, "frozen");
    app.send(grace).await.assert_completed();

    freeze(app.store.clone(), false, false).await;
    app.send(alex).await.assert_completed();
}

/// A store in which an administrator freezes resets just before the first claim.
#[derive(Default)]
struct FreezesBeforeClaim {
    inner: Arc<MemoryStore>,
    is_done: AtomicBool,
}

#[async_trait]
impl Store for FreezesBeforeClaim {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.inner.get(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let is_claim = |write: &Write| write.key.0.starts_with("approval#");
        if writes.iter().any(is_claim) && !self.is_done.swap(true, Ordering::SeqCst) {
            freeze(self.inner.clone(), true, true).await;
        }
        self.inner.commit(writes).await
    }
}

#[tokio::test]
async fn a_freeze_that_comes_between_the_look_at_the_switch_and_the_claim_stops_the_claim() {
    let store = Arc::new(FreezesBeforeClaim::default());
    let app = TestApp::on_store(store.clone()).await;
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    reply.assert_refused(403, "frozen");
    assert_eq!(app.writes(), [""; 0]);
    let is_of_a_claim = |Key(key): &Key| {
        ["approval#", "target#", "count#"]
            .iter()
            .any(|kind| key.starts_with(kind))
    };
    let claimed = store.inner.keys().iter().any(is_of_a_claim);
    assert!(!claimed, "{:?}", store.inner);

    freeze(store, false, false).await;
    app.send(delivery).await.assert_completed();
}

/// A store in which an administrator thaws resets just after the first look at the switch.
#[derive(Default)]
struct ThawsAfterTheLook {
    inner: Arc<MemoryStore>,
    is_done: AtomicBool,
}

#[async_trait]
impl Store for ThawsAfterTheLook {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.inner.get(key).await
    }

    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let found = self.inner.get_all(keys).await;
        let has_switch = keys.iter().any(|Key(key)| key == "freeze");
        if has_switch && !self.is_done.swap(true, Ordering::SeqCst) {
            freeze(self.inner.clone(), false, false).await;
        }
        found
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.inner.commit(writes).await
    }
}

#[tokio::test]
async fn a_thaw_that_comes_between_the_look_at_the_switch_and_the_claim_lets_the_claim_through() {
    let store = Arc::new(ThawsAfterTheLook::default());
    let app = TestApp::on_store(store.clone()).await;
    freeze(store.inner.clone(), true, true).await;
    app.reset(app.draft()).await.assert_completed();
    assert!(store.is_done.load(Ordering::SeqCst));
}

/// A store whose answers to commits are lost.
#[derive(Default)]
struct LosesAnswers {
    inner: MemoryStore,
}

#[async_trait]
impl Store for LosesAnswers {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.inner.get(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.inner.commit(writes).await?;
        Err(StoreError::Unavailable("no answer".to_owned()))
    }
}

#[tokio::test]
async fn an_operator_is_told_what_a_thaw_lifted_although_the_answer_was_lost() {
    let ledger = Ledger::new(Arc::new(LosesAnswers::default()));
    let why = FreezeReason::new("SEC-77").unwrap();
    let tiers = Tiers::All;
    for (change, was_frozen, is_frozen) in [
        (FreezeChange::Freeze { tiers, why }, false, true),
        (FreezeChange::Thaw { tiers }, true, false),
    ] {
        let switched = ledger.change_freeze(&change, Timestamp::UNIX_EPOCH).await;
        let switched = switched.unwrap();
        let stops = |switch: Option<Freeze>| switch.is_some_and(|switch| switch.stops(false));
        assert_eq!(stops(switched.before), was_frozen);
        assert_eq!(stops(switched.after), is_frozen);
    }
}

#[tokio::test]
async fn one_approver_can_reset_the_same_person_once_an_hour_and_the_approval_is_good_afterwards() {
    let app = TestApp::new().await;
    app.reset(app.draft()).await.assert_completed();
    app.tenant
        .register(JANE, Method::authenticator("Another phone"));
    // One other approver alone is not enough either.
    let again = app.jira(&app.approve(lasting(&app).approver(ADA)));
    let reply = app.send(again.clone()).await;
    reply.assert_refused(403, "cooling_down");
    documented(&reply);
    app.clock.pass(59 * MINUTE);
    let reply = app.send(again.clone()).await;
    reply.assert_refused(403, "cooling_down");
    assert_eq!(app.has(JANE).len(), 3);

    app.clock.pass(MINUTE);
    let reply = app.send(again).await;
    reply.assert_completed();
    assert_eq!(reply.methods("removed"), ["Microsoft Authenticator"]);
}

#[tokio::test]
async fn two_approvers_can_reset_the_same_person_again_at_once_and_one_who_signs_twice_cannot() {
    let rows = Rows::of_this_scenario();
    let person = "a standard person who was reset within the hour";
    let app = TestApp::new().await;
    app.reset(app.draft()).await.assert_completed();
    let twice_sam = app.second_draft().approver(SAM);
    let reply = app.reset_on_two(app.draft(), twice_sam).await;
    reply.assert_refused(403, "cooling_down");
    rows.show(person, "two, by one approver", &reply);
    let reply = app.reset_on_two(app.draft(), app.second_draft()).await;
    rows.show(person, "two, by two approvers", &reply);
}

#[tokio::test]
async fn a_reset_that_failed_or_removed_nothing_may_be_repeated_at_once() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let refused = Fault::on("DELETE", "softwareOathMethods").times(9);
    app.tenant.fail(refused.status(403));
    app.reset(app.draft()).await.assert_needs_human();
    app.tenant.mend();
    let reply = app.reset(app.draft()).await;
    let person = "a standard person whose reset within the hour was not completed";
    rows.show(person, "one", &reply);

    // Vera has a passkey alone, which is kept.
    let person = "a standard person whose reset within the hour removed nothing";
    for _ in 0..2 {
        let vera = app.draft().target(VERA).verified(VICTOR, app.now());
        let reply = app.reset(vera).await;
        assert_eq!(reply.methods("removed"), [""; 0]);
        rows.show(person, "one", &reply);
    }
}

#[tokio::test]
async fn where_a_tenant_may_have_two_resets_an_hour_the_third_is_refused_and_is_good_later() {
    let app = TestApp::with_policy(rule("per_hour", 2)).await;
    app.reset(app.draft()).await.assert_completed();
    // A refused request does not count.
    let grace = app.reset(app.draft().target(GRACE)).await;
    grace.assert_refused(403, "privileged_role");
    let alex = app.reset(app.draft().target(ALEX)).await;
    alex.assert_completed();

    let third = app.jira(&app.approve(lasting(&app).target(ADELE)));
    let short = app.jira(&app.approve(app.draft().target(CASH)));
    for delivery in [&third, &short, &third] {
        let reply = app.send(delivery.clone()).await;
        reply.assert_refused(403, "cap_reached");
        assert!(reply.detail().contains("tenant"), "{reply:?}");
    }
    documented(&app.send(third.clone()).await);
    assert_eq!(app.has(ADELE).len(), 6);

    app.clock.pass(HOUR);
    app.send(third).await.assert_completed();
    let expired = app.send(short).await;
    expired.assert_refused(422, "approval_expired");
}

#[tokio::test]
async fn of_four_requests_at_once_two_are_done_where_a_tenant_may_have_two_resets_an_hour() {
    let app = TestApp::with_policy(rule("per_hour", 2)).await;
    let requests = [JANE, ALEX, ADELE, CASH]
        .map(|target| app.send(app.jira(&app.approve(app.draft().target(target)))));
    let replies = join_all(requests).await;
    let (done, others): (Vec<Reply>, Vec<Reply>) =
        replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(done.len(), 2, "{others:?}");
    for reply in others {
        reply.assert_refused(403, "cap_reached");
    }
}

#[tokio::test]
async fn the_cap_of_one_approver_is_not_that_of_another() {
    let app = TestApp::with_policy(rule("approver_per_hour", 1)).await;
    app.reset(app.draft()).await.assert_completed();
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_refused(403, "cap_reached");
    documented(&reply);
    assert!(reply.detail().contains("approver"), "{reply:?}");
    // A second approval, by another approver, does not lift the cap; nor does the refusal count for the other one.
    let sam = app.draft().target(ALEX);
    let ada = app.second_draft().target(ALEX);
    let reply = app.reset_on_two(sam, ada).await;
    reply.assert_refused(403, "cap_reached");
    let by_ada = app.draft().target(ALEX).approver(ADA);
    app.reset(by_ada).await.assert_completed();
}

#[tokio::test]
async fn the_cap_of_one_issuer_is_not_that_of_another() {
    let cap = "issuers.service-desk.per_hour";
    let app = TestApp::with_policy(|policy| policy.add(cap, 1)).await;
    app.reset(app.draft()).await.assert_completed();
    let alex = app.draft().target(ALEX);
    let reply = app.reset(alex.clone()).await;
    reply.assert_refused(403, "cap_reached");
    documented(&reply);
    assert!(reply.detail().contains("approval system"), "{reply:?}");
    let by_another = app.jira(&app.security_issuer.approve(&alex));
    app.send(by_another).await.assert_completed();
}

#[tokio::test]
async fn one_approval_is_previewed_twenty_times_an_hour_and_is_good_for_the_reset_afterwards() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    for _ in 0..20 {
        assert_eq!(app.preview(&approval).await.status, 200);
    }
    let calls = app.tenant.calls().len();
    let reply = app.preview(&approval).await;
    reply.assert_refused(403, "too_many_previews");
    documented(&reply);
    assert_eq!(app.tenant.calls().len(), calls);
    let another = app.approve_on_call(app.on_call_draft());
    assert_eq!(app.preview(&another).await.status, 200);
    app.reset_on_call(&approval).await.assert_completed();
}

#[tokio::test]
async fn a_preview_meets_the_same_guardrails_and_does_not_count() {
    let app = TestApp::with_policy(rule("per_hour", 1)).await;
    let preview = async |target: &str| {
        let approval = app.approve_on_call(app.on_call_draft().target(target));
        app.preview(&approval).await
    };
    for _ in 0..3 {
        assert_eq!(preview(JANE).await.status, 200);
    }
    app.reset(app.draft()).await.assert_completed();
    preview(JANE).await.assert_refused(403, "cooling_down");
    preview(ALEX).await.assert_refused(403, "cap_reached");
    freeze(app.store.clone(), true, true).await;
    preview(ALEX).await.assert_refused(403, "frozen");
}
