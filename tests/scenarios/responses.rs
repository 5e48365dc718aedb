//! What every kind of answer has in common. `TestApp::send` checks the same headers in every scenario; here is one
//! answer of each kind.

use std::sync::Arc;

use async_trait::async_trait;
use reregister_mfa::reset::ports::{Item, Key, Store, StoreError, Write};
use simulated::entra::Fault;
use simulated::request::Request;
use simulated::senders::jira::IssueEvent;

use crate::memory::MemoryStore;
use crate::test_app::requests::jira_issue;
use crate::test_app::{GRACE, JIRA_SECRET, Overrides, TestApp};
use crate::{desk, log};

#[tokio::test]
async fn no_kind_of_answer_may_be_cached_or_have_its_type_guessed() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let on_call = app.approve_on_call(app.on_call_draft());
    let comment = IssueEvent::commented(jira_issue("HELP-42", &approval), "any news?");
    let preview = app.preview(&on_call).await;
    let completed = app.send(app.jira(&approval)).await;
    let read = app.read(completed.reset(), &approval).await;
    app.tenant.fail(Fault::on("GET", "").times(40).status(503));
    let waiting = app.reset(app.draft().target(GRACE)).await;
    app.tenant.mend();
    app.break_queue();
    let problem = app.reset(app.draft()).await;
    let nothing = app
        .send(comment.signed("/webhooks/jira", JIRA_SECRET))
        .await;
    let page = app.send(Request::get("/")).await;
    let health = app.send(Request::get("/health")).await;
    let no_route = app.send(Request::get("/nowhere")).await;
    let no_method = app.send(Request::get("/resets")).await;
    for (kind, reply, status, content_type) in [
        ("a preview", preview, 200, "application/json"),
        ("an outcome", completed, 200, "application/json"),
        ("a stored outcome", read, 200, "application/json"),
        ("accepted", waiting, 202, "application/json"),
        ("a problem", problem, 503, "application/problem+json"),
        ("nothing to do", nothing, 204, ""),
        ("the page", page, 200, "text/html; charset=utf-8"),
        ("/health", health, 200, "application/json"),
        ("no route", no_route, 404, "application/problem+json"),
        ("no method", no_method, 405, "application/problem+json"),
    ] {
        assert_eq!(reply.status, status, "{kind}: {reply:?}");
        assert_eq!(reply.content_type, content_type, "{kind}");
        assert_eq!(reply.cache_control, "no-store", "{kind}");
        assert_eq!(reply.content_type_options, "nosniff", "{kind}");
    }
}

/// A store that panics.
struct PanickingStore;

#[async_trait]
impl Store for PanickingStore {
    async fn get(&self, _: &Key) -> Result<Option<Item>, StoreError> {
        panic!("as planned")
    }

    async fn commit(&self, _: &[Write]) -> Result<(), StoreError> {
        panic!("as planned")
    }
}

#[tokio::test]
async fn the_answer_after_a_panic_may_not_be_cached_or_have_its_type_guessed_either() {
    let app = TestApp::on_store(Arc::new(PanickingStore)).await;
    // A submission runs in a task of its own, a preview in the handler.
    let submission = app.reset(app.draft()).await;
    let approval = app.approve_on_call(app.on_call_draft());
    let preview = app.preview(&approval).await;
    for reply in [submission, preview] {
        reply.assert_refused(500, "internal_error");
        assert_eq!(reply.cache_control, "no-store");
        assert_eq!(reply.content_type_options, "nosniff");
    }
}

/// A store that panics where a request is accepted.
#[derive(Default)]
struct PanicsAtAcceptance(MemoryStore);

#[async_trait]
impl Store for PanicsAtAcceptance {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.0.get(key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let accepts = writes
            .iter()
            .any(|write| write.key.0.starts_with("delivery#"));
        assert!(!accepts, "as planned");
        self.0.commit(writes).await
    }
}

#[tokio::test]
async fn a_panic_behind_a_signature_at_the_desk_is_told_as_a_mistake_of_this_service() {
    log::start();
    let store: Arc<dyn Store> = Arc::new(PanicsAtAcceptance::default());
    let overrides = Overrides {
        store: Some(store),
        ..Overrides::default()
    };
    let app = desk::with_desk_and(desk::same, overrides).await;
    let (sam, draft) = desk::about_to_approve(&app).await;
    sam.sign(&draft).await.assert_refused(500, "internal_error");
    let written = log::lines_with("internal_error");
    assert!(written.contains(r#""event":"decision""#), "{written}");
}
