//! What came of a request stands in its ticket, once. What fails on the way to it is in late_notes.rs.

use std::time::Duration;

use serde_json::json;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::jira_automation::web_request;
use simulated::senders::servicenow::ItemApproved;
use simulated::senders::signatures::hub_signature;
use simulated::tickets::Serving;
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL, JiraCloud};
use simulated::tickets::servicenow::{PASSWORD, ServiceNow, USER};
use tokio::net::TcpListener;

use crate::test_app::{
    AUTOMATION_SECRET, FIELD, JANE, JIRA_SECRET, Reply, SERVICENOW_KEY, TestApp,
};

const TICKET: &str = "HELP-42";
const ITEM: &str = "RITM0010072";
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A app whose ticket systems take notes.
pub struct Desk {
    pub app: TestApp,
    pub jira: JiraCloud,
    servicenow: ServiceNow,
    _serving: [Serving; 2],
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::with("").await
    }

    /// With this in the sections of Jira's notes.
    async fn with(more: &str) -> Desk {
        let (jira, servicenow) = (JiraCloud::new(), ServiceNow::new());
        jira.add_issue(TICKET);
        servicenow.add_record("sc_req_item", ITEM);
        let listener = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = [
            jira.serve(listener().await),
            servicenow.serve(listener().await),
        ];
        let site = format!(
            "system.jira_cloud.site = {:?}\nsecret = \"sandbox/jira-notes\"\n{more}",
            serving[0].url
        );
        let instance = format!(
            "system.servicenow = {{ instance = {:?}, table = \"sc_req_item\" }}\n\
             secret = \"sandbox/servicenow-notes\"",
            serving[1].url
        );
        let notes = format!(
            "\n[notes.jira]\n{site}\n[notes.jira-automation]\n{site}\n[notes.servicenow]\n{instance}\n"
        );
        let app = TestApp::with_policy(|policy| policy + &notes).await;
        for (name, secret) in [
            (
                "sandbox/jira-notes",
                json!({"email": EMAIL, "api_token": API_TOKEN}),
            ),
            (
                "sandbox/servicenow-notes",
                json!({"username": USER, "password": PASSWORD}),
            ),
        ] {
            let name = name.to_owned().try_into().unwrap();
            app.secrets.set(name, secret.to_string());
        }
        Desk {
            app,
            jira,
            servicenow,
            _serving: serving,
        }
    }

    /// What Jira's ticket says, oldest first.
    pub fn comments(&self) -> Vec<String> {
        let comments = self.jira.comments(TICKET);
        comments.into_iter().map(|comment| comment.text).collect()
    }
}

/// The note that belongs to an answer, with its mark.
pub fn note_of(reply: &Reply) -> String {
    let reset = reply.json["reset"].as_str().unwrap();
    format!("{}\nreregister-mfa {reset}", reply.note())
}

/// The ticket, approved, with this approval in it.
pub fn issue(ticket: &str, approval: &str) -> Issue {
    Issue::new(ticket, Status::new("10042", "Approved")).field(FIELD, approval)
}

pub fn is_completed(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
}

#[tokio::test]
async fn a_completed_reset_leaves_one_note_with_what_was_done_and_where_to_register() {
    let desk = Desk::new().await;
    let app = &desk.app;
    let draft = app.draft().scope("mfa:reregister passkeys:remove");
    let delivery = app.jira(&app.approve(draft));
    let reply = app.send(delivery.clone()).await;
    is_completed(&app.send(delivery).await);
    app.wait(HOUR).await;

    let comments = desk.jira.comments(TICKET);
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].text, note_of(&reply));
    assert!(comments[0].internal, "the customer does not see it");
    insta::assert_snapshot!(
        reply.note(),
        @"Done: jane.doe@contoso.example can now register MFA again. Please ask them to go to https://aka.ms/mfasetup. Removed: Passkey (Passkey on the iPhone), Software OATH token, Microsoft Authenticator (Jane's iPhone), Alternate mobile phone (ending in 34), Mobile phone (ending in 12). Kept: Windows Hello for Business (JANE-LAPTOP). Sessions were revoked."
    );
}

#[tokio::test]
async fn the_customer_sees_the_note_if_the_policy_says_so() {
    let desk = Desk::with("public = true").await;
    is_completed(&desk.app.reset(desk.app.draft()).await);
    let comments = desk.jira.comments(TICKET);
    assert_eq!(comments.len(), 1);
    assert!(!comments[0].internal);
}

#[tokio::test]
async fn a_refusal_leaves_a_note_that_says_what_to_do() {
    let desk = Desk::new().await;
    let app = &desk.app;
    let grace = app.approve(app.draft().target("grace.admin@contoso.example"));
    for (field, code, next) in [
        (grace.as_str(), "privileged_role", "Add a second approval"),
        (
            "not there yet",
            "approval_missing",
            "Have the approval put into the ticket",
        ),
        (
            "eyJhbGciOiJFUzI1NiJ9.e30.AA",
            "approval_invalid",
            "Get a new approval",
        ),
    ] {
        let reply = app.send(app.jira(field)).await;
        assert_eq!(reply.code(), code, "{reply:?}");
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
async fn a_rule_that_sends_the_ticket_again_because_of_our_note_does_not_go_round_for_ever() {
    let desk = Desk::new().await;
    let app = &desk.app;
    // It is said again in another hour.
    let into_the_hour = u64::try_from(app.now().rem_euclid(3600)).unwrap();
    app.clock.pass(HOUR - Duration::from_secs(into_the_hour));
    let grace = app.approve(app.draft().target("grace.admin@contoso.example"));
    for _ in 0..5 {
        // A new delivery each time, as a rule without a condition makes it.
        let reply = app.send(app.jira(&grace)).await;
        assert_eq!(reply.code(), "privileged_role");
        app.clock.pass(Duration::from_secs(5));
    }
    assert_eq!(desk.comments().len(), 1, "the same is said once");
    app.clock.pass(HOUR);
    app.send(app.jira(&app.approve(app.draft()))).await;
    assert_eq!(desk.comments().len(), 2);
}

#[tokio::test]
async fn a_delivery_that_proves_nothing_is_no_reason_to_write_into_a_ticket() {
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
    is_completed(&app.send(app.jira(&approval)).await);
    let (note, known) = (desk.comments().pop().unwrap(), app.store.len());

    let commented = IssueEvent::commented(issue(TICKET, &approval), &note);
    // Jira may also tell of a comment as of an update in which nothing changed.
    let update = IssueEvent::transition(issue(TICKET, &approval), &Status::new("1", "Open"));
    let mut payload = update.payload();
    payload["issue_event_type_name"] = json!("issue_commented");
    payload.as_object_mut().unwrap().remove("changelog");
    let body = payload.to_string();
    let updated = Request::post_json("/webhooks/jira", body.as_str()).header(
        "X-Hub-Signature",
        hub_signature(JIRA_SECRET, body.as_bytes()),
    );
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
    is_completed(&first);
    let journal = desk.servicenow.journal(ITEM);
    assert_eq!(journal.len(), 1);
    assert_eq!(
        (journal[0].element.as_str(), &journal[0].text),
        ("work_notes", &note_of(&first))
    );

    // Our note is a change of the record, and a rule without a condition tells of every change.
    item.sys_mod_count = "4".to_owned();
    app.tenant.forget_calls();
    let second = send(&item).await;
    assert_eq!(second.json["reset"], first.json["reset"]);
    assert_eq!(
        (second.status, &second.json["replayed"]),
        (200, &json!(true))
    );
    app.wait(HOUR).await;
    assert_eq!(app.tenant.calls().len(), 0);
    assert_eq!(desk.servicenow.journal(ITEM).len(), 1);
    assert_eq!(app.queued(), 0);
}

#[tokio::test]
async fn jira_and_its_automation_at_one_ticket_make_one_reset_and_one_note() {
    let desk = Desk::new().await;
    let app = &desk.app;
    let approval = app.approve(app.draft());
    let automation = web_request(
        "/webhooks/jira-automation",
        &issue(TICKET, &approval),
        "X-Reregister-Secret",
        AUTOMATION_SECRET,
    );
    let deliveries = [app.jira(&approval), automation];
    let sent = deliveries.clone().map(|delivery| app.send(delivery));
    for reply in futures_util::future::join_all(sent).await {
        assert!(matches!(reply.status, 200 | 202), "{reply:?}");
    }
    app.wait(HOUR).await;
    let again = deliveries.map(|delivery| app.send(delivery));
    let replies = futures_util::future::join_all(again).await;
    let (jira, automation) = (&replies[0], &replies[1]);
    is_completed(jira);
    assert_eq!(automation.json["reset"], jira.json["reset"]);
    let writes = app.writes();
    let revoked = writes
        .iter()
        .filter(|write| *write == "POST revokeSignInSessions")
        .count();
    assert_eq!(revoked, 1, "{writes:?}");
    assert_eq!(desk.comments(), [note_of(jira)]);
}
