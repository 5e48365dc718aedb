//! What came of a request is written into its ticket, once. What fails on the way there is in note_retries.rs.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use simulated::senders::jira::IssueEvent;
use simulated::senders::servicenow::ItemApproved;
use simulated::tickets::Serving;
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL, JiraCloud};
use simulated::tickets::servicenow::{PASSWORD, ServiceNow, USER};
use tokio::net::TcpListener;

use crate::documented::{Rows, documented};
use crate::malformed_requests::signed;
use crate::test_app::requests::{jira_event, jira_issue};
use crate::test_app::{Document, GRACE, JANE, JIRA_SECRET, Reply, SERVICENOW_KEY, TestApp};

const TICKET: &str = "HELP-42";
const ITEM: &str = "RITM0010072";
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The product with ticket systems that take notes.
pub struct Desk {
    pub app: TestApp,
    pub jira: JiraCloud,
    servicenow: ServiceNow,
    _serving: [Serving; 2],
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::with(json!({})).await
    }

    /// With what is to be seen in pictures.
    pub async fn for_pictures() -> Desk {
        Desk::with_policy(json!({}), |policy| {
            policy
                .add("organisation", "Contoso")
                .add("tenants.contoso.rules.cool_down", "0s")
        })
        .await
    }

    /// With these members in the sections of Jira's notes.
    async fn with(more: Value) -> Desk {
        Desk::with_policy(more, |policy| policy).await
    }

    async fn with_policy(more: Value, change: impl FnOnce(Document) -> Document) -> Desk {
        let (jira, servicenow) = (JiraCloud::new(), ServiceNow::new());
        jira.add_issue(TICKET);
        servicenow.add_record("sc_req_item", ITEM);
        let listener = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = [
            jira.serve(listener().await),
            servicenow.serve(listener().await),
        ];
        let mut jira_notes = json!({
            "system": {"jira_cloud": {"site": serving[0].url}},
            "secret": "sandbox/jira-notes",
        });
        let members = jira_notes.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        let servicenow_notes = json!({
            "system": {"servicenow": {"instance": serving[1].url, "table": "sc_req_item"}},
            "secret": "sandbox/servicenow-notes",
        });
        let app = TestApp::with_policy(|policy| {
            change(policy)
                .add("notes.jira", jira_notes.clone())
                .add("notes.jira-automation", jira_notes)
                .add("notes.servicenow", servicenow_notes)
        })
        .await;
        let jira_account = json!({"email": EMAIL, "api_token": API_TOKEN});
        app.set_secret("sandbox/jira-notes", jira_account);
        let servicenow_account = json!({"username": USER, "password": PASSWORD});
        app.set_secret("sandbox/servicenow-notes", servicenow_account);
        Desk {
            app,
            jira,
            servicenow,
            _serving: serving,
        }
    }

    /// The comments of Jira's ticket, oldest first.
    pub fn comments(&self) -> Vec<String> {
        let comments = self.jira.comments(TICKET);
        comments.into_iter().map(|comment| comment.text).collect()
    }
}

/// The note that belongs to an answer, with its mark.
pub fn note_of(reply: &Reply) -> String {
    format!("{}\nreregister-mfa {}", reply.note(), reply.reset())
}

#[tokio::test]
async fn a_completed_reset_leaves_one_note_with_what_was_done_and_where_to_register() {
    let desk = Desk::new().await;
    let app = &desk.app;
    let draft = app.draft().scope("mfa:reregister passkeys:remove");
    let delivery = app.jira(&app.approve(draft));
    let reply = app.send(delivery.clone()).await;
    documented(&reply);
    app.send(delivery).await.assert_completed();
    app.wait(HOUR).await;

    let comments = desk.jira.comments(TICKET);
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].text, note_of(&reply));
    assert!(comments[0].internal, "the customer does not see it");
    insta::assert_snapshot!(
        reply.note(),
        @"Done: Jane Doe (jane.doe@contoso.example) can now register MFA again. Please ask them to go to https://aka.ms/mfasetup. Removed: Passkey (Passkey on the iPhone), Software OATH token, Microsoft Authenticator (Jane's iPhone), Alternate mobile phone (ending in 34), Mobile phone (ending in 12). Kept: Windows Hello for Business (JANE-LAPTOP). Sessions were revoked."
    );
}

#[tokio::test]
async fn the_customer_sees_the_note_if_the_policy_says_so() {
    let desk = Desk::with(json!({"public": true})).await;
    let reply = desk.app.reset(desk.app.draft()).await;
    reply.assert_completed();
    let comments = desk.jira.comments(TICKET);
    assert_eq!(comments.len(), 1);
    assert!(!comments[0].internal);
}

#[tokio::test]
async fn a_refusal_leaves_a_note_that_says_what_to_do() {
    let rows = Rows::of_this_scenario();
    let desk = Desk::new().await;
    let app = &desk.app;
    let grace = app.approve(app.draft().target(GRACE));
    for (person, approvals, field, code, next) in [
        (
            "a Global Administrator, and the ticket takes notes",
            "one",
            grace.as_str(),
            "privileged_role",
            "Verify the person in a second way",
        ),
        (
            "a standard person, and the ticket takes notes",
            "none in the approved ticket",
            "not there yet",
            "approval_missing",
            "Put the approval into the ticket",
        ),
        (
            "a standard person, and the ticket takes notes",
            "one that is not valid",
            "eyJhbGciOiJFUzI1NiJ9.e30.AA",
            "approval_invalid",
            "copy the whole approval again",
        ),
    ] {
        let reply = app.send(app.jira(field)).await;
        assert_eq!(reply.code(), code, "{reply:?}");
        rows.show(person, approvals, &reply);
        let note = desk.comments().pop().unwrap();
        let (text, mark) = note.rsplit_once('\n').unwrap();
        assert_eq!(text, reply.note());
        assert!(mark.starts_with("reregister-mfa "), "{mark}");
        assert!(note.starts_with("MFA re-registration was refused."));
        assert!(note.contains(next), "{note}");
    }
    app.wait(HOUR).await;
    assert_eq!(desk.comments().len(), 3);
}

#[tokio::test]
async fn a_rule_that_sends_the_ticket_again_because_of_our_note_causes_no_second_note_in_the_hour()
{
    let desk = Desk::new().await;
    let app = &desk.app;
    // The same note is written again in the next hour: the clock is set to its start.
    let into_the_hour = u64::try_from(app.now().rem_euclid(3600)).unwrap();
    app.clock.pass(HOUR - Duration::from_secs(into_the_hour));
    let grace = app.approve(app.draft().target(GRACE));
    for _ in 0..5 {
        // A new delivery each time, as a rule without a condition makes it.
        let reply = app.send(app.jira(&grace)).await;
        assert_eq!(reply.code(), "privileged_role");
        app.clock.pass(Duration::from_secs(5));
    }
    assert_eq!(desk.comments().len(), 1, "the same note is written once");
    app.clock.pass(HOUR);
    app.send(app.jira(&app.approve(app.draft()))).await;
    assert_eq!(desk.comments().len(), 2);
}

#[tokio::test]
async fn a_delivery_that_is_not_authentic_leaves_no_note() {
    let desk = Desk::new().await;
    let app = &desk.app;
    let mut forged = app.jira(&app.approve(app.draft()));
    forged.body.push(b' ');
    assert_eq!(app.send(forged).await.status, 401);
    app.wait(HOUR).await;
    assert_eq!(desk.jira.calls(), [""; 0]);
}

#[tokio::test]
async fn our_own_note_in_jira_asks_for_nothing() {
    let desk = Desk::new().await;
    let app = &desk.app;
    let approval = app.approve(app.draft());
    app.send(app.jira(&approval)).await.assert_completed();
    let (note, known) = (desk.comments().pop().unwrap(), app.store.len());

    let commented = IssueEvent::commented(jira_issue(TICKET, &approval), &note);
    // Jira may also send a comment as an update in which nothing changed.
    let update = jira_event(TICKET, &approval);
    let mut payload = update.payload();
    payload["issue_event_type_name"] = json!("issue_commented");
    payload.as_object_mut().unwrap().remove("changelog");
    let updated = signed(&payload.to_string());
    for event in [commented.signed("/webhooks/jira", JIRA_SECRET), updated] {
        assert_eq!(app.send(event).await.status, 204);
    }
    app.wait(HOUR).await;
    assert_eq!(app.store.len(), known, "nothing was accepted");
    assert_eq!(desk.comments().len(), 1);
}

#[tokio::test]
async fn servicenow_gets_a_work_note_and_what_its_rule_sends_after_it_changes_nothing() {
    let desk = Desk::new().await;
    let app = &desk.app;
    let approval = app.approve(app.draft().ticket(ITEM));
    let mut item = ItemApproved::new(ITEM, JANE).approval(&approval);
    let send = async |item: &ItemApproved| {
        let signed = item.signed("/webhooks/servicenow", SERVICENOW_KEY, app.now());
        app.send(signed.unwrap()).await
    };
    let first = send(&item).await;
    first.assert_completed();
    let journal = desk.servicenow.journal(ITEM);
    assert_eq!(journal.len(), 1);
    assert_eq!(
        (journal[0].element.as_str(), &journal[0].text),
        ("work_notes", &note_of(&first))
    );

    // Our note is a change of the record, and a rule without a condition sends every change.
    item.sys_mod_count = "4".to_owned();
    app.tenant.forget_calls();
    let second = send(&item).await;
    assert_eq!(second.reset(), first.reset());
    second.assert_replayed();
    app.wait(HOUR).await;
    assert_eq!(app.tenant.calls().len(), 0);
    assert_eq!(desk.servicenow.journal(ITEM).len(), 1);
    assert_eq!(app.queue_length(), 0);
}

#[tokio::test]
async fn jira_and_its_automation_at_one_ticket_make_one_reset_and_one_note() {
    let desk = Desk::new().await;
    let app = &desk.app;
    let approval = app.approve(app.draft());
    let deliveries = [app.jira(&approval), app.jira_automation(&approval)];
    let sent = deliveries.clone().map(|delivery| app.send(delivery));
    for reply in join_all(sent).await {
        assert!(matches!(reply.status, 200 | 202), "{reply:?}");
    }
    app.wait(HOUR).await;
    let again = deliveries.map(|delivery| app.send(delivery));
    let replies = join_all(again).await;
    let (jira, automation) = (&replies[0], &replies[1]);
    jira.assert_completed();
    assert_eq!(automation.reset(), jira.reset());
    let writes = app.writes();
    let is_revocation = |write: &&String| *write == "POST revokeSignInSessions";
    assert_eq!(writes.iter().filter(is_revocation).count(), 1, "{writes:?}");
    assert_eq!(desk.comments(), [note_of(jira)]);
}
