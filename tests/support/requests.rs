//! Approvals for the people of the simulated tenant, and the requests that carry them.

use serde_json::{Value, json};
use simulated::approval::{Draft, ON_CALL_AUDIENCE, evidence};
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::jira_automation::web_request;
use simulated::senders::on_call;
use simulated::senders::servicenow::ItemApproved;

use super::{
    ADA, AUTOMATION_SECRET, FIELD, JANE, JIRA_SECRET, OLGA, Reply, SAM, SERVICENOW_KEY, TestApp,
    VERA, VICTOR,
};

/// The approval with an invalid signature.
pub fn forged(approval: &str) -> String {
    let (signed, _) = approval.rsplit_once('.').unwrap();
    format!("{signed}.{}", "A".repeat(86))
}

/// A Jira ticket that is approved, with this in its approval field.
pub fn jira_issue(ticket: &str, field: &str) -> Issue {
    Issue::new(ticket, Status::new("10042", "Approved")).field(FIELD, field)
}

/// Such a ticket has just become approved.
pub fn jira_event(ticket: &str, field: &str) -> IssueEvent {
    let before = Status::new("10041", "Waiting for approval");
    IssueEvent::transition(jira_issue(ticket, field), &before)
}

impl TestApp {
    /// A good approval for Jane's ticket HELP-42, to be changed before it is signed. Jane's passkey stays, so it accepts
    /// that she cannot register: `lock_out` has the scenarios without that.
    pub fn draft(&self) -> Draft {
        Draft::new(self.now())
            .target(JANE)
            .approver(SAM)
            .ticket("HELP-42")
            .scope("mfa:reregister lockout:accept")
            .verified(VERA, self.now() - 300)
    }

    /// The same for an operator on call.
    pub fn on_call_draft(&self) -> Draft {
        self.draft().audience(ON_CALL_AUDIENCE).approver(OLGA)
    }

    pub fn approve(&self, draft: Draft) -> String {
        self.service_desk_issuer.approve(&draft)
    }

    /// Olga signs with her own key.
    pub fn approve_on_call(&self, draft: Draft) -> String {
        self.sign_on_call("olga-2026", &draft)
    }

    /// The owner of this on-call key signs.
    pub fn sign_on_call(&self, kid: &str, draft: &Draft) -> String {
        let mut header = self.on_call_issuer.header();
        header["kid"] = kid.into();
        self.on_call_issuer
            .sign(header, draft.claims(self.on_call_issuer.iss()))
    }

    /// The approval by Ada of the security department: Victor has seen the person.
    pub fn second_draft(&self) -> Draft {
        self.draft().approver(ADA).verification([self.in_person()])
    }

    /// Evidence by Victor, who saw the person two minutes ago.
    pub fn in_person(&self) -> Value {
        json!({"method": "in_person", "verified_by": VICTOR, "verified_at": self.now() - 120})
    }

    /// Evidence by a call to the desk phone five minutes ago.
    pub fn desk_call(&self) -> Value {
        evidence(VERA, self.now() - 300)
    }

    /// A Jira webhook: HELP-42 becomes approved, with this in its approval field.
    pub fn jira(&self, field: &str) -> Request {
        jira_event("HELP-42", field).signed("/webhooks/jira", JIRA_SECRET)
    }

    /// The same, sent by a rule of Jira Automation.
    pub fn jira_automation(&self, field: &str) -> Request {
        let (path, header) = ("/webhooks/jira-automation", "X-Reregister-Secret");
        web_request(
            path,
            &jira_issue("HELP-42", field),
            header,
            AUTOMATION_SECRET,
        )
    }

    /// A ServiceNow request about this ticket and this person.
    pub fn servicenow(&self, number: &str, requested_for: &str, approval: &str) -> Request {
        ItemApproved::new(number, requested_for)
            .approval(approval)
            .signed("/webhooks/servicenow", SERVICENOW_KEY, self.now())
            .unwrap()
    }

    /// Two approvals of different issuers, as one field of a ticket holds them.
    pub fn approve_twice(&self, first: Draft, second: Draft) -> String {
        let second = self.security_issuer.approve(&second);
        format!("{}\n{second}", self.approve(first))
    }

    /// Two approvals for one ticket, sent by Jira.
    pub async fn reset_on_two(&self, first: Draft, second: Draft) -> Reply {
        self.send(self.jira(&self.approve_twice(first, second)))
            .await
    }

    /// An operator on call asks for a reset.
    pub async fn reset_on_call(&self, approval: &str) -> Reply {
        self.send(on_call::post("/resets", approval, None)).await
    }

    /// An operator on call asks what a reset would do.
    pub async fn preview(&self, approval: &str) -> Reply {
        self.send(on_call::post("/resets/preview", approval, None))
            .await
    }

    /// The holder of an approval reads how a request stands.
    pub async fn read(&self, reset: &str, approval: &str) -> Reply {
        let path = format!("/resets/{reset}");
        self.send(on_call::get(&path, approval)).await
    }

    /// What the desk's page asks, with the bearer of its session. The worker is not woken.
    pub async fn ask(&self, method: &str, path: &str, bearer: &str, body: Option<&Value>) -> Reply {
        let mut request = match (method, body) {
            ("POST", Some(body)) => Request::post_json(path, body.to_string()),
            _ => Request::new(method, path, Vec::new()),
        };
        if !bearer.is_empty() {
            request = request.header("Authorization", format!("Bearer {bearer}"));
        }
        self.send_alone(request).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send_alone(Request::get(path)).await
    }

    /// The usual request: one approval, sent by Jira.
    pub async fn reset(&self, draft: Draft) -> Reply {
        self.send(self.jira(&self.approve(draft))).await
    }
}
