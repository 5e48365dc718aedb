//! An approval works once. Presented again it gets the stored outcome; used for anything else it is refused.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use reregister_mfa::reset::ports::{Item, Key, Store, StoreError, Write};
use simulated::entra::Method;

use crate::documented::{Rows, documented};
use crate::malformed_requests::signed;
use crate::memory::MemoryStore;
use crate::test_app::requests::{forged, jira_event};
use crate::test_app::{GRACE, JANE, JIRA_SECRET, TestApp};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn the_second_delivery_gets_the_stored_outcome_and_calls_nothing_even_after_the_approval_expired()
 {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    let first = app.send(delivery.clone()).await;
    app.tenant.forget_calls();

    app.clock.pass(3 * HOUR);
    let second = app.send(delivery).await;
    documented(&second);
    assert_eq!(second.note(), first.note());
    assert_eq!(second.reset(), first.reset());
    assert_eq!(first.json["replayed"], false);
    second.assert_replayed();
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn what_jane_registered_afterwards_survives_a_replay() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    app.send(delivery.clone()).await.assert_completed();
    let new_phone = Method::authenticator("Jane's new phone");
    app.tenant.register(JANE, new_phone);
    app.send(delivery).await.assert_replayed();
    assert!(app.has(JANE).contains(&"microsoftAuthenticator".to_owned()));
}

#[tokio::test]
async fn a_used_approval_is_refused_in_another_ticket() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    app.send(app.jira(&approval)).await.assert_completed();
    app.tenant.forget_calls();

    let other = jira_event("HELP-43", &approval).signed("/webhooks/jira", JIRA_SECRET);
    let reply = app.send(other).await;
    reply.assert_refused(422, "other_ticket");
    documented(&reply);
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn a_new_approval_beside_a_used_one_in_the_same_ticket_starts_a_new_reset() {
    let app = TestApp::new().await;
    let first = app.approve(app.draft());
    app.send(app.jira(&first)).await.assert_completed();
    let second_phone = Method::authenticator("Jane's second phone");
    app.tenant.register(JANE, second_phone);
    app.clock.pass(HOUR);

    let second = app.approve(app.draft());
    let reply = app.send(app.jira(&format!("{first}\n{second}"))).await;
    documented(&reply);
    assert_eq!(reply.methods("removed"), ["Microsoft Authenticator"]);
    assert_eq!(reply.json["replayed"], false);
}

/// A store that can show a claim with one of its two approvals alone, once: DynamoDB reads several items one by one.
#[derive(Default)]
struct TornRead {
    inner: MemoryStore,
    comes: AtomicBool,
}

#[async_trait]
impl Store for TornRead {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.inner.get(key).await
    }

    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let mut found = self.inner.get_all(keys).await?;
        let first = keys.iter().position(|key| key.0.starts_with("approval#"));
        if let Some(first) = first
            && self.comes.swap(false, Ordering::SeqCst)
        {
            found[first] = None;
        }
        Ok(found)
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.inner.commit(writes).await
    }
}

#[tokio::test]
async fn a_claim_that_shows_with_one_of_its_two_approvals_alone_is_repeated_and_not_refused() {
    let store = Arc::new(TornRead::default());
    let app = TestApp::on_store(store.clone()).await;
    let (first, second) = (app.draft().target(GRACE), app.second_draft().target(GRACE));
    let approvals = app.approve_twice(first, second);
    app.send(app.jira(&approvals)).await.assert_completed();

    store.comes.store(true, Ordering::SeqCst);
    let again = app.send(app.jira_automation(&approvals)).await;
    again.assert_replayed();
    assert!(!store.comes.load(Ordering::SeqCst));
}

#[tokio::test]
async fn eight_deliveries_at_once_make_one_reset() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    let replies = join_all((0..8).map(|_| app.send(delivery.clone()))).await;
    assert!(
        replies
            .iter()
            .all(|reply| matches!(reply.status, 200 | 202)),
        "{replies:?}"
    );
    let ids: BTreeSet<&str> = replies.iter().map(|reply| reply.reset()).collect();
    assert_eq!(ids.len(), 1);
    app.wait(Duration::from_secs(120)).await;
    documented(&app.send(delivery).await);
    assert_eq!(app.has(JANE).len(), 2);
    let writes = app.writes();
    let is_revocation = |write: &&String| *write == "POST revokeSignInSessions";
    assert_eq!(writes.iter().filter(is_revocation).count(), 1);
}

#[tokio::test]
async fn only_the_holder_of_the_approval_can_read_the_outcome_and_only_for_a_day() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let reply = app.send(app.jira(&approval)).await;

    app.clock.pass(23 * HOUR);
    let read = app.read(reply.reset(), &approval).await;
    assert_eq!((read.status, read.note()), (200, reply.note()));
    let person = "a person whose reset is read";
    rows.show(person, "by the holder of its approval, within a day", &read);

    let other = app.approve(app.draft());
    let stranger = app.read(reply.reset(), &other).await;
    stranger.assert_refused(404, "no_such_reset");
    insta::assert_snapshot!(stranger.note(), @"The outcome cannot be shown. This question changed nothing, and how that reset ended is not known here. There is no such reset for this approval, or it is older than 24 hours. Use an approval of that reset. Outcomes can be read for 24 hours.");
    rows.show(person, "by the holder of another approval", &stranger);

    app.clock.pass(2 * HOUR);
    let late = app.read(reply.reset(), &approval).await;
    late.assert_refused(404, "no_such_reset");
    rows.show(person, "by the holder of its approval, later", &late);
}

#[tokio::test]
async fn a_question_about_an_outcome_that_gets_none_does_not_say_that_the_reset_was_refused() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let reply = app.send(app.jira(&approval)).await;
    let unsigned = app.read(reply.reset(), &forged(&approval)).await;
    unsigned.assert_refused(401, "approval_invalid");
    let garbage = app.read("not-an-id", &approval).await;
    garbage.assert_refused(404, "no_such_reset");
    app.withdraw_keys();
    app.clock.pass(25 * HOUR);
    let unknown_keys = app.read(reply.reset(), &approval).await;
    assert_eq!(unknown_keys.status, 503, "{unknown_keys:?}");
    for reply in [unsigned, garbage, unknown_keys] {
        let note = reply.note();
        assert!(note.starts_with("The outcome cannot be shown."), "{note}");
        assert!(!note.contains("re-registration was refused"), "{note}");
        assert!(!note.contains("not done yet"), "{note}");
    }
}

/// Jira signs no time: who has seen one delivery can send it again, without the secret.
#[tokio::test]
async fn a_captured_delivery_that_can_only_be_refused_again_is_answered_from_its_record() {
    let app = TestApp::new().await;
    let expired = app.draft().issued_at(app.now() - 600).expires_at(app.now());
    let other_ticket = app.approve(app.draft().ticket("HELP-1"));
    for (field, code, runs) in [
        (app.approve(expired), "approval_expired", 1),
        (String::new(), "approval_missing", 1),
        // Until two hours have passed the keys or the policy may be mended; once more after that, and never again.
        (forged(&app.approve(app.draft())), "approval_invalid", 3),
        (other_ticket, "other_ticket", 3),
    ] {
        let body = jira_event("HELP-42", &field).payload().to_string();
        let known = app.security_inbox.subjects().len();
        let mut resets = BTreeSet::new();
        for _ in 0..6 {
            let reply = app.send(signed(&body)).await;
            assert_eq!(reply.code(), code, "{reply:?}");
            resets.insert(reply.reset().to_owned());
            app.wait(HOUR).await;
        }
        assert_eq!(resets.len(), runs, "{code}");
        assert_eq!(app.security_inbox.subjects().len() - known, runs, "{code}");
        assert_eq!(app.queue_length(), 0);
    }
    app.reset(app.draft()).await.assert_completed();
}
