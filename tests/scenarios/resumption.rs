//! A reset that was interrupted after its claim is judged again before it is resumed. docs/design.md has a table of the
//! points in which a first run and a resumption differ on purpose:
//!
//! | point | test |
//! |---|---|
//! | the person in the ticket | `the_person_in_the_ticket_is_compared_with_the_target_only_in_the_first_run` |
//! | whether the source may reset privileged people | `whether_the_source_may_reset_privileged_people_is_judged_only_at_the_claim` |
//! | which approvals count | `an_unclaimed_approval_does_not_count_in_a_resumption`, `every_claimed_approval_must_still_be_there_in_a_resumption` |
//! | guardrails | `the_caps_are_not_looked_at_again_in_a_resumption`, `a_freeze_makes_a_resumption_wait` |
//! | scope and reason | `a_record_that_was_tampered_with_is_not_resumed` |
//! | whether the person could register afterwards | `a_claimed_reset_goes_on_although_the_person_cannot_register` |
//! | whether the signers of the desk may still sign | asked in both: `signers` |
//! | what the evidence is worth | `a_claimed_reset_goes_on_although_the_password_was_changed_since` |

mod signers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::clock::Timestamp;
use reregister_mfa::reset::ports::{Item, Key, Store, StoreError, Write};
use serde_json::{Value, json};
use simulated::entra::{Fault, Method};
use simulated::request::Request;

use crate::documented::{Answer, Rows, documented};
use crate::guardrails::freeze;
use crate::memory::MemoryStore;
use crate::test_app::{ADA, ALEX, Document, GRACE, JANE, MEGAN, Overrides, Reply, SAM, TestApp};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);
const JANES_ID: &str = "a1000000-0000-4000-8000-00000000000b";
const ALEXS_ID: &str = "a1000000-0000-4000-8000-000000000002";

/// A store that can fail from the commit after the next claim on, until it is mended.
#[derive(Default)]
pub struct InterruptingStore {
    inner: MemoryStore,
    fails_after_claim: AtomicBool,
    is_down: AtomicBool,
}

#[async_trait]
impl Store for InterruptingStore {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.inner.get(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("down".to_owned()));
        }
        let is_claim = |write: &Write| write.key.0.starts_with("approval#");
        if writes.iter().any(is_claim) && self.fails_after_claim.load(Ordering::SeqCst) {
            self.is_down.store(true, Ordering::SeqCst);
        }
        self.inner.commit(writes).await
    }
}

/// A product on such a store, before anything is interrupted.
async fn uninterrupted(
    policy: impl FnOnce(Document) -> Document,
) -> (TestApp, Arc<InterruptingStore>) {
    let store = Arc::new(InterruptingStore::default());
    let overrides = Overrides {
        store: Some(store.clone()),
        ..Overrides::default()
    };
    (
        TestApp::build(policy, |tenant| tenant, overrides).await,
        store,
    )
}

/// A product in which a reset was claimed and then interrupted, before any method was removed. Its store works again.
pub struct Interrupted {
    pub app: TestApp,
    pub store: Arc<InterruptingStore>,
    /// The request.
    pub delivery: Request,
}

impl Interrupted {
    /// A reset of Jane.
    pub async fn new() -> Interrupted {
        let (app, store) = uninterrupted(|policy| policy).await;
        let delivery = app.jira(&app.approve(app.draft()));
        Interrupted::by(app, store, delivery).await
    }

    async fn by(app: TestApp, store: Arc<InterruptingStore>, delivery: Request) -> Interrupted {
        store.fails_after_claim.store(true, Ordering::SeqCst);
        app.tenant.forget_calls();
        app.send(delivery.clone()).await.assert_running();
        // The claim holds this intent, so it needs no other commit.
        let writes = app.writes();
        assert!(
            matches!(writes.as_slice(), [one] if one == "POST revokeSignInSessions"),
            "{writes:?}"
        );
        app.tenant.forget_calls();
        store.fails_after_claim.store(false, Ordering::SeqCst);
        store.is_down.store(false, Ordering::SeqCst);
        Interrupted {
            app,
            store,
            delivery,
        }
    }

    /// Changes the record in the table, as an attacker could.
    fn tamper(&self, change: impl Fn(Document) -> Document) {
        let change = |body: &str| change(Document::from_json(body)).to_json();
        self.store.inner.edit("reset#", change);
    }

    /// A time in the record.
    fn time(&self, path: &[&str]) -> Timestamp {
        let mut time = None;
        let read = |body: &str| {
            let record: Value = serde_json::from_str(body).unwrap();
            let member = path.iter().fold(&record, |member, name| &member[*name]);
            member.as_str().unwrap().parse().unwrap()
        };
        self.store
            .inner
            .look("reset#", |body| time = Some(read(body)));
        time.unwrap()
    }

    pub fn received_at(&self) -> Timestamp {
        self.time(&["request", "received_at"])
    }

    pub fn lease_until(&self) -> Timestamp {
        self.time(&["lease_until"])
    }

    pub fn set_lease_until(&self, end: Timestamp) {
        self.tamper(|record| record.set("lease_until", end.to_string()));
    }

    /// Lets the queue resume it, and asks how it ended.
    async fn resumed(&self) -> Reply {
        self.app.wait(2 * MINUTE).await;
        self.app.send(self.delivery.clone()).await
    }

    /// Lets the queue resume it: it is ended for this reason, and nothing is removed.
    async fn is_ended(&self, case: &str, code: &str) -> Answer {
        let reply = self.resumed().await;
        assert_eq!(reply.state(), "needs_human", "{case}: {reply:?}");
        assert_eq!(self.app.ended_because(), code, "{case}");
        assert_eq!(self.app.writes(), [""; 0], "{case}");
        assert!(reply.warnings().contains(&"no_longer_allowed"), "{case}");
        Answer::ended_because(&reply, code)
    }
}

#[tokio::test]
async fn the_person_in_the_ticket_is_compared_with_the_target_only_in_the_first_run() {
    let (app, store) = uninterrupted(|policy| policy).await;
    let request = |app: &TestApp, ticket: &str| {
        let approval = app.approve(app.draft().target(JANES_ID).ticket(ticket));
        app.servicenow(ticket, JANE, &approval)
    };
    let delivery = request(&app, "RITM1");
    let interrupted = Interrupted::by(app, store, delivery).await;
    // The user principal name in the ticket is no longer Jane's, as after a change of her name.
    let app = &interrupted.app;
    let renamed = Fault::on("GET", JANE).times(u32::MAX);
    app.tenant.fail(renamed.status(404));
    interrupted.resumed().await.assert_completed();

    let first_run = app.send(request(app, "RITM2")).await;
    first_run.assert_refused(422, "ticket_user_not_found");
}

#[tokio::test]
async fn whether_the_source_may_reset_privileged_people_is_judged_only_at_the_claim() {
    let for_grace = |app: &TestApp| {
        let (first, second) = (app.draft().target(GRACE), app.second_draft().target(GRACE));
        app.jira(&app.approve_twice(first, second))
    };
    let (app, store) = uninterrupted(|policy| policy).await;
    let delivery = for_grace(&app);
    let mut interrupted = Interrupted::by(app, store, delivery).await;
    let app = &mut interrupted.app;
    app.redeploy(|policy| policy.remove("sources.jira.privileged"))
        .await;
    interrupted.resumed().await.assert_completed();

    let app = &interrupted.app;
    let first_run = app.send(for_grace(app)).await;
    first_run.assert_refused(403, "source_standard_only");
}

#[tokio::test]
async fn an_unclaimed_approval_does_not_count_in_a_resumption() {
    let (app, store) = uninterrupted(|policy| policy).await;
    let lasting = app.draft().expires_at(app.now() + 90 * 60);
    let used = app.approve(lasting.approver(ADA));
    app.send(app.jira(&used)).await.assert_completed();
    app.clock.pass(HOUR);
    app.tenant.register(JANE, Method::authenticator("A phone"));
    let unused = app.approve(app.draft().approver(SAM));
    let delivery = app.jira(&format!("{used}\n{unused}"));
    let interrupted = Interrupted::by(app, store, delivery).await;
    // Ada leaves: the approval that was claimed is Sam's.
    interrupted.app.tenant.set_enabled(ADA, false);
    let reply = interrupted.resumed().await;
    reply.assert_completed();
    assert_eq!(reply.methods("removed"), ["Microsoft Authenticator"]);
}

#[tokio::test]
async fn every_claimed_approval_must_still_be_there_in_a_resumption() {
    for token in ["request.tokens.0", "request.tokens.1"] {
        let (app, store) = uninterrupted(|policy| policy).await;
        let (first, second) = (app.draft().target(GRACE), app.second_draft().target(GRACE));
        let delivery = app.jira(&app.approve_twice(first, second));
        let interrupted = Interrupted::by(app, store, delivery).await;
        interrupted.tamper(|record| record.remove(token));
        interrupted.is_ended(token, "approval_missing").await;
    }
}

#[tokio::test]
async fn the_caps_are_not_looked_at_again_in_a_resumption() {
    let (app, store) = uninterrupted(|policy| {
        policy
            .add("tenants.contoso.rules.per_hour", 1)
            .add("tenants.contoso.rules.approver_per_hour", 1)
            .add("issuers.service-desk.per_hour", 1)
    })
    .await;
    let delivery = app.jira(&app.approve(app.draft()));
    let interrupted = Interrupted::by(app, store, delivery).await;
    // The claim itself has reached them.
    let app = &interrupted.app;
    let first_run = app.reset(app.draft().target(ALEX)).await;
    first_run.assert_refused(403, "cap_reached");
    interrupted.resumed().await.assert_completed();
}

#[tokio::test]
async fn a_freeze_makes_a_resumption_wait() {
    let interrupted = Interrupted::new().await;
    let Interrupted {
        app,
        store,
        delivery,
    } = &interrupted;
    freeze(store.clone(), true, false).await;
    app.wait(30 * MINUTE).await;
    documented(&app.send(delivery.clone()).await);
    assert_eq!(app.writes(), [""; 0]);
    assert_eq!(app.has(JANE).len(), 6);

    freeze(store.clone(), false, false).await;
    app.wait(10 * MINUTE).await;
    assert_eq!(app.has(JANE).len(), 2);
    app.send(delivery.clone()).await.assert_completed();
}

#[tokio::test]
async fn after_two_hours_of_a_freeze_an_administrator_has_to_look_at_an_interrupted_reset() {
    let interrupted = Interrupted::new().await;
    let Interrupted {
        app,
        store,
        delivery,
    } = &interrupted;
    freeze(store.clone(), true, true).await;
    app.wait(3 * HOUR).await;
    assert_eq!(app.queue_length(), 0);
    assert_eq!(app.writes(), [""; 0]);
    let reply = app.send(delivery.clone()).await;
    reply.assert_needs_human();
    assert!(reply.note().contains("NOT complete"), "{reply:?}");
}

/// A reset of Jane whose removals were accepted. The lists of the judgement and of the plan were answered; those that
/// would show what is gone are not.
async fn removed_and_not_listed() -> (TestApp, Arc<InterruptingStore>, Request) {
    let (app, store) = uninterrupted(|policy| policy).await;
    let listing = Fault::on("GET", "authentication/methods");
    app.tenant.fail(listing.skip(2).times(u32::MAX).status(503));
    let delivery = app.jira(&app.approve(app.draft()));
    app.send(delivery.clone()).await.assert_running();
    (app, store, delivery)
}

#[tokio::test]
async fn what_was_removed_before_a_freeze_is_shown_by_one_more_list_when_the_reset_is_given_up() {
    let (app, store, delivery) = removed_and_not_listed().await;
    freeze(store.clone(), true, true).await;
    app.tenant.mend();
    app.wait(3 * HOUR).await;
    let reply = app.send(delivery).await;
    reply.assert_completed();
    assert_eq!(reply.methods("removed").len(), 4, "{reply:?}");
}

#[tokio::test]
async fn a_reset_that_is_stopped_after_its_last_removal_is_left_to_an_administrator() {
    let (app, _, delivery) = removed_and_not_listed().await;
    app.tenant.mend();
    app.tenant.set_enabled(JANE, false);
    app.wait(10 * MINUTE).await;
    let reply = app.send(delivery).await;
    reply.assert_needs_human();
    assert_eq!(app.ended_because(), "target_disabled");
    assert_eq!(reply.methods("removed").len(), 4, "{reply:?}");
    assert!(!reply.note().contains("Done"), "{reply:?}");
}

#[tokio::test]
async fn a_claimed_reset_goes_on_although_the_person_cannot_register() {
    let (app, store) = uninterrupted(|policy| policy).await;
    let draft = app.draft().target(ALEX).scope("mfa:reregister");
    let delivery = app.jira(&app.approve(draft));
    let interrupted = Interrupted::by(app, store, delivery).await;
    let passkey = Method::fido2("YubiKey 5 NFC");
    interrupted.app.tenant.register(ALEX, passkey);
    let reply = interrupted.resumed().await;
    reply.assert_completed();
    assert_eq!(reply.methods("appeared"), ["Passkey"]);
    assert_ne!(reply.json["can_register"], "yes");
    let again = interrupted.app.draft().target(ALEX).scope("mfa:reregister");
    let again = interrupted.app.reset(again).await;
    again.assert_refused(422, "would_lock_out");
}

#[tokio::test]
async fn a_claimed_reset_goes_on_although_the_password_was_changed_since() {
    let interrupted = Interrupted::new().await;
    let now = Timestamp::now().to_string();
    let users = Fault::on("GET", "$select=id,userPrincipalName").times(u32::MAX);
    let changed = users.edit(move |user| user["lastPasswordChangeDateTime"] = json!(now));
    interrupted.app.tenant.fail(changed);
    interrupted.resumed().await.assert_completed();
}

#[tokio::test]
async fn a_record_that_was_tampered_with_is_not_resumed() {
    let rows = Rows::of_this_scenario();
    let other_tenant = "00000000-0000-4000-8000-000000000001";
    let cases: [(&str, Value, &str); 12] = [
        ("target", json!(ALEXS_ID), "other_person"),
        (
            "scope",
            json!("mfa:reregister sessions:keep"),
            "approvals_disagree",
        ),
        ("reason", json!("broken"), "approvals_disagree"),
        ("ticket", json!("HELP-43"), "other_ticket"),
        ("source", json!("servicenow"), "other_ticket"),
        ("tenant", json!(other_tenant), "other_tenant"),
        ("privileged", json!(true), "changed_meanwhile"),
        ("deactivates", json!(true), "changed_meanwhile"),
        ("alone", json!({"manager": null}), "changed_meanwhile"),
        ("approvals.0.approver", json!(ALEXS_ID), "changed_meanwhile"),
        (
            "approvals.0.verifiers",
            json!([ALEXS_ID]),
            "changed_meanwhile",
        ),
        (
            "approvals.0.evidence",
            json!([{"method": "in_person"}]),
            "changed_meanwhile",
        ),
    ];
    for (name, value, code) in cases {
        let interrupted = Interrupted::new().await;
        let path = format!("stage.claimed.claim.{name}");
        interrupted.tamper(|record| match name {
            "alone" => record.add(&path, value.clone()),
            _ => record.set(&path, value.clone()),
        });
        let answer = interrupted.is_ended(name, code).await;
        if name == "target" {
            let person = "a person whom only a changed record in the table names";
            rows.show(person, "one, for another person", answer);
        }
    }
}

#[tokio::test]
async fn a_reset_is_ended_if_the_person_may_no_longer_be_reset() {
    let rows = Rows::of_this_scenario();
    let interrupted = Interrupted::new().await;
    interrupted.app.tenant.set_enabled(JANE, false);
    let answer = interrupted.is_ended("disabled", "target_disabled").await;
    let person = "a standard person whose account is disabled while the reset is interrupted";
    rows.show(person, "one", answer);

    let mut interrupted = Interrupted::new().await;
    let approvers = "tenants.contoso.rules.approvers";
    let app = &mut interrupted.app;
    app.redeploy(|policy| policy.push(approvers, JANE)).await;
    let answer = interrupted
        .is_ended("privileged", "changed_meanwhile")
        .await;
    let person = "a standard person who becomes privileged while the reset is interrupted";
    rows.show(person, "one", answer);
}

#[tokio::test]
async fn a_reset_is_ended_if_the_manager_who_vouched_is_the_persons_no_more() {
    let (app, store) = uninterrupted(|policy| policy).await;
    let vouched = json!({
        "method": "manager_attestation", "contact_source": "company_directory",
        "verified_by": MEGAN, "verified_at": app.now() - 60,
    });
    let delivery = app.jira(&app.approve(app.draft().verification([vouched])));
    let interrupted = Interrupted::by(app, store, delivery).await;
    interrupted.app.tenant.set_manager(JANE, None);
    let answer = interrupted
        .is_ended("manager", "verifier_not_manager")
        .await;
    documented(answer);
}
