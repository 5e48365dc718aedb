//! Jira's payloads: its webhooks (Cloud and Data Center) and Automation's "Send web request".
//!
//! Source: developer.atlassian.com, "Webhooks", and captures of both products. They disagree with each
//! other in many small ways, so everything that is not needed is ignored. `issue_event_type_name` is
//! never looked at: Cloud says `issue_generic` where Data Center says `issue_resolved`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::payload::{self, Content, Unreadable};
use super::servicenow;
use super::source::Source;
use crate::ids::TicketKey;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    webhook_event: String,
    issue: Option<Issue>,
    #[serde(default)]
    changelog: Changelog,
}

#[derive(Deserialize)]
struct Issue {
    key: TicketKey,
    #[serde(default)]
    fields: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct Changelog {
    #[serde(default)]
    items: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    field: Option<String>,
    /// Missing on Data Center.
    field_id: Option<String>,
    to: Option<Value>,
    /// The text that people see; Jira's own name for it.
    #[serde(rename = "toString")]
    shown: Option<String>,
}

/// A webhook asks for a reset if the ticket is approved, and either became so just now or got an approval just now.
pub fn webhook(source: &Source, body: &[u8]) -> Result<Option<Content>, Unreadable> {
    let event: Event = payload::parse(body)?;
    let about_an_issue = matches!(
        event.webhook_event.as_str(),
        "jira:issue_updated" | "jira:issue_created"
    );
    let Some(issue) = event.issue.filter(|_| about_an_issue) else {
        return Ok(None);
    };
    let just_now = event
        .changelog
        .items
        .iter()
        .any(|change| change.approves(source) || change.adds_approval(source, &issue));
    if !just_now || !issue.approved(source) {
        return Ok(None);
    }
    issue.content(source).map(Some)
}

/// Automation decides by its rule when to send; the status in the body must still mean approved.
pub fn automation(source: &Source, body: &[u8]) -> Result<Option<Content>, Unreadable> {
    #[derive(Deserialize)]
    struct Sent {
        issue: Option<Issue>,
        #[serde(flatten)]
        rest: Map<String, Value>,
    }
    let sent: Sent = payload::parse(body)?;
    match sent.issue {
        Some(issue) if issue.approved(source) => issue.content(source).map(Some),
        Some(_) => Ok(None),
        None => servicenow::read(source, sent.rest),
    }
}

impl Issue {
    fn approved(&self, source: &Source) -> bool {
        let status = self.fields.get("status");
        let member = |name| status.and_then(|s| s.get(name)).and_then(payload::text);
        source.approves(member("id").as_deref(), member("name").as_deref())
    }

    fn content(self, source: &Source) -> Result<Content, Unreadable> {
        let user =
            match &source.user_field {
                None => None,
                Some(field) => Some(payload::person(self.fields.get(field)).ok_or_else(|| {
                    Unreadable::NoUser {
                        field: field.clone(),
                    }
                })?),
            };
        Ok(Content {
            approvals: payload::tokens(self.fields.get(&source.approvals_field)),
            ticket: self.key,
            user,
        })
    }
}

impl Change {
    fn approves(&self, source: &Source) -> bool {
        let of_status = match (&self.field_id, &self.field) {
            (Some(id), _) => id == "status",
            (None, Some(name)) => name.eq_ignore_ascii_case("status"),
            (None, None) => false,
        };
        let to = self.to.as_ref().and_then(payload::text);
        of_status && source.approves(to.as_deref(), self.shown.as_deref())
    }

    fn adds_approval(&self, source: &Source, issue: &Issue) -> bool {
        match &self.field_id {
            Some(id) => *id == source.approvals_field,
            // Data Center names the field as people see it, which the policy does not know: go by its value.
            None => {
                let now = issue
                    .fields
                    .get(&source.approvals_field)
                    .and_then(Value::as_str);
                now.is_some() && now == self.shown.as_deref()
            }
        }
    }
}
