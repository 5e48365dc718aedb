//! Who hears of it. The security team hears of every end, and of every refusal after a good signature, once; the audit
//! trail hears of every change in Graph before it is asked for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::memory::MemoryTrail;
use async_trait::async_trait;
use reregister_mfa::reset::ports::{AuditError, AuditTrail};
use reregister_mfa::reset::{Change, Event};
use simulated::entra::Fault;
use simulated::issuer::Issuer;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::on_call;
use simulated::senders::signatures::hub_signature;

use crate::test_app::{FIELD, JANE, JIRA_SECRET, SAM, TestApp, forged};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// What the security team has heard.
fn heard(app: &TestApp) -> Vec<String> {
    app.heard.subjects.lock().unwrap().clone()
}

#[tokio::test]
async fn a_completed_reset_is_heard_of_once_however_often_it_is_asked_for() {
    let app = TestApp::new().await;
    let delivery = app.jira(&app.approve(app.draft()));
    for _ in 0..3 {
        assert_eq!(app.send(delivery.clone()).await.status, 200);
        app.wait(HOUR).await;
    }
    assert_eq!(
        heard(&app),
        ["MFA reset: jane.doe@contoso.example (HELP-42)"]
    );
}

#[tokio::test]
async fn a_reset_that_a_person_has_to_look_at_is_heard_of_as_such() {
    let app = TestApp::new().await;
    app.tenant.fail(
        Fault::on("DELETE", "softwareOathMethods")
            .times(9)
            .status(403),
    );
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "needs_human", "{reply:?}");
    app.wait(HOUR).await;
    assert_eq!(
        heard(&app),
        ["MFA reset NOT complete: jane.doe@contoso.example (HELP-42)"]
    );
}

#[tokio::test]
async fn an_outage_is_heard_of_when_it_is_given_up_and_not_before() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("GET", "").times(u32::MAX).status(503));
    assert_eq!(app.reset(app.draft()).await.status, 202);
    app.wait(HOUR).await;
    assert_eq!(heard(&app), [""; 0]);
    app.wait(2 * HOUR).await;
    assert_eq!(
        heard(&app),
        ["MFA reset NOT done: directory_unavailable (HELP-42)"]
    );
}

/// A genuine delivery of anything.
fn signed(body: &str) -> Request {
    Request::post_json("/webhooks/jira", body).header(
        "X-Hub-Signature",
        hub_signature(JIRA_SECRET, body.as_bytes()),
    )
}

#[tokio::test]
async fn every_refusal_after_a_good_signature_is_heard_of_once() {
    let app = TestApp::new().await;
    let jira = |draft| app.jira(&app.approve(draft));
    let good = app.approve_on_call(app.on_call_draft());
    let of_another = app.approve_on_call(app.on_call_draft().ticket("INC-7"));
    let not_owned = app.approve_on_call(app.on_call_draft().approver(SAM));
    let of_a_ticket = app.approve(app.draft());
    let for_both = app.approve_on_call(app.draft());
    let refusals = [
        (app.jira("not there yet"), "approval_missing (HELP-42)"),
        (
            app.jira("eyJhbGciOiJFUzI1NiJ9.e30.AA"),
            "approval_invalid (HELP-42)",
        ),
        (
            jira(app.draft().target("grace.admin@contoso.example")),
            "privileged_role (HELP-42)",
        ),
        (
            jira(app.draft().target("breakglass1@contoso.example")),
            "break_glass (HELP-42)",
        ),
        (
            jira(app.draft().ticket("HELP-43")),
            "other_ticket (HELP-42)",
        ),
        (signed("[]"), "delivery_unreadable (no ticket)"),
        // The approval alone proves who asks here.
        (
            on_call::post("/resets", &of_a_ticket, None),
            "issuer_not_allowed (HELP-42)",
        ),
        (
            on_call::post("/resets", &good, Some(&of_another)),
            "approvals_disagree (no ticket)",
        ),
        (
            on_call::post("/resets", &not_owned, None),
            "not_the_keys_owner (HELP-42)",
        ),
        (
            on_call::post("/resets", &for_both, None),
            "approval_audience (HELP-42)",
        ),
        // A forgery beside what is genuine is somebody's who has the genuine one.
        (
            on_call::post("/resets", &forged(&good), Some(&good)),
            "approval_invalid (HELP-42)",
        ),
    ];
    let mut expected = Vec::new();
    for (request, subject) in refusals {
        let reply = app.send(request).await;
        assert!(matches!(reply.status, 401 | 403 | 422), "{reply:?}");
        expected.push(format!("MFA reset refused: {subject}"));
        assert_eq!(heard(&app), expected);
    }
    app.wait(3 * HOUR).await;
    assert_eq!(heard(&app), expected);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_approval_that_is_used_or_old_does_not_flood_the_security_team() {
    let app = TestApp::new().await;
    let used = app.approve_on_call(app.on_call_draft());
    let reset = app.send(on_call::post("/resets", &used, None)).await;
    assert_eq!(reset.json["state"], "completed", "{reset:?}");
    let of_a_ticket = app.approve(app.draft());
    app.wait(2 * HOUR).await;
    let before = heard(&app);
    for (approval, code) in [
        (&used, "approval_used"),
        (&of_a_ticket, "issuer_not_allowed"),
    ] {
        for path in ["/resets/preview", "/resets/preview"] {
            let reply = app.send(on_call::post(path, approval, None)).await;
            assert_eq!(reply.code(), code);
        }
    }
    assert_eq!(heard(&app), before);
    // The trail has them all the same, and who they came from.
    let refused = app.trail.events().into_iter().filter(
        |event| matches!(event, Event::Refused { parties, .. } if parties.approvals.len() == 1),
    );
    assert_eq!(refused.count(), 4);
}

#[tokio::test]
async fn whoever_repeats_a_misuse_is_heard_of_once_in_an_hour() {
    let app = TestApp::new().await;
    let later = app.draft().expires_at(app.now() + 5000);
    let of_a_ticket = app.approve(later);
    let another = app.approve(app.draft().ticket("HELP-43"));
    let misuse = "MFA reset refused: issuer_not_allowed (HELP-42)";
    for _ in 0..3 {
        app.send(on_call::post("/resets/preview", &of_a_ticket, None))
            .await;
        assert_eq!(heard(&app), [misuse]);
    }
    app.send(on_call::post("/resets", &another, None)).await;
    let other = "MFA reset refused: issuer_not_allowed (HELP-43)";
    assert_eq!(heard(&app), [misuse, other]);
    app.wait(HOUR).await;
    app.send(on_call::post("/resets", &of_a_ticket, None)).await;
    assert_eq!(heard(&app), [misuse, other, misuse]);
}

#[tokio::test]
async fn what_anybody_can_send_is_not_heard_of() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let genuine = app.jira(&approval);
    let mut changed = genuine.clone();
    changed.body.push(b' ');
    let mut servicenow = app.servicenow("RITM1", JANE, &approval);
    servicenow.body.push(b' ');
    let stranger = Issuer::es256("https://stranger.example", "stranger-1");
    let issue =
        Issue::new("HELP-42", Status::new("10042", "Approved")).field(FIELD, approval.as_str());
    let comment = IssueEvent::commented(issue, "Any news?");
    for (request, status) in [
        (changed, 401),
        (genuine.without("X-Hub-Signature"), 401),
        (servicenow, 401),
        (Request::post_json("/resets", "{}"), 401),
        (
            on_call::post("/resets", &stranger.approve(&app.on_call_draft()), None),
            401,
        ),
        (
            on_call::get("/resets/6e7b768e-07e2-4810-8459-485f84f8f204", &approval),
            404,
        ),
        (Request::post_json("/webhooks/nobody", "{}"), 404),
        (Request::post("/webhooks/jira", "{}"), 415),
        (comment.signed("/webhooks/jira", JIRA_SECRET), 204),
    ] {
        let reply = app.send(request).await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
    app.wait(HOUR).await;
    assert_eq!(heard(&app), [""; 0]);
}

#[tokio::test]
async fn a_security_team_that_cannot_be_reached_undoes_nothing_and_hears_of_it_later() {
    let app = TestApp::new().await;
    app.heard.deaf.store(true, Ordering::SeqCst);
    let reply = app.reset(app.draft()).await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (200, &"completed".into()),
        "{reply:?}"
    );
    assert_eq!(app.has(JANE).len(), 2);
    app.wait(30 * MINUTE).await;
    assert_eq!(heard(&app), [""; 0]);

    app.heard.deaf.store(false, Ordering::SeqCst);
    app.wait(10 * MINUTE).await;
    assert_eq!(
        heard(&app),
        ["MFA reset: jane.doe@contoso.example (HELP-42)"]
    );
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
    assert_eq!(app.queued(), 0);
}

#[tokio::test]
async fn a_security_team_that_cannot_be_reached_for_two_hours_is_given_up_and_the_reset_stands() {
    let app = TestApp::new().await;
    app.heard.deaf.store(true, Ordering::SeqCst);
    let delivery = app.jira(&app.approve(app.draft()));
    assert_eq!(app.send(delivery.clone()).await.status, 200);
    app.wait(3 * HOUR).await;
    assert_eq!(app.queued(), 0);
    app.heard.deaf.store(false, Ordering::SeqCst);
    let reply = app.send(delivery).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
    app.wait(HOUR).await;
    assert_eq!(heard(&app), [""; 0]);
    assert_eq!(app.has(JANE).len(), 2);
}

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
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");

    let writes = app.tenant.writes().len();
    assert!(writes > 6, "something was tried twice: {writes}");
    let one_each: Vec<(usize, usize)> = (1..=writes).map(|nth| (nth, nth)).collect();
    assert_eq!(*seen.lock().unwrap(), one_each);
    let intended = intended(&app.trail);
    assert_eq!(intended.len(), writes);
    assert_eq!(intended[0], Change::RevokeSessions);
    assert!(
        intended[1..]
            .iter()
            .all(|change| matches!(change, Change::Remove { .. })),
        "{intended:?}"
    );
}

/// A trail that takes everything but what is about to be changed.
#[derive(Default)]
struct NoChanges {
    inner: MemoryTrail,
    full: AtomicBool,
}

#[async_trait]
impl AuditTrail for NoChanges {
    async fn append(&self, event: &Event) -> Result<(), AuditError> {
        if matches!(event, Event::Intended { .. }) && self.full.load(Ordering::SeqCst) {
            return Err(AuditError("full".to_owned()));
        }
        self.inner.append(event).await
    }
}

#[tokio::test]
async fn a_change_that_cannot_be_written_down_beforehand_is_not_asked_for_until_it_can() {
    let trail = Arc::new(NoChanges {
        full: true.into(),
        ..NoChanges::default()
    });
    let app = TestApp::on_trail(trail.clone()).await;
    let delivery = app.jira(&app.approve(app.draft()));
    let reply = app.send(delivery.clone()).await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (202, &"running".into()),
        "{reply:?}"
    );
    app.wait(30 * MINUTE).await;
    assert_eq!(app.writes(), [""; 0]);

    trail.full.store(false, Ordering::SeqCst);
    app.wait(10 * MINUTE).await;
    assert_eq!(app.has(JANE).len(), 2);
    assert_eq!(intended(&trail.inner).len(), app.writes().len());
    assert_eq!(app.send(delivery).await.json["state"], "completed");
}
