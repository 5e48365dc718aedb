//! Jira's payloads: its webhooks (Cloud and Data Center), those of a workflow's post-function, and Automation's "Send
//! web request".
//!
//! Source: developer.atlassian.com, "Webhooks"; support.atlassian.com, "Issue data payload for Send Web Request"; and
//! captures of both products. They disagree with each other in many small ways, so everything that is not needed is
//! ignored. `issue_event_type_name` is never looked at: Cloud says `issue_generic` where Data Center says
//! `issue_resolved`.

use super::json::Object;
use super::payload::{self, Content};
use super::servicenow;
use super::source::Source;
use super::unreadable::Unreadable;
use crate::ids::TicketKey;

/// What an event says of the ticket's status.
enum Happened<'a> {
    /// The whole ticket is new. Data Center sends no changelog then.
    Created,
    /// What changed.
    Updated(Vec<Object<'a>>),
    /// A transition of the workflow, by its post-function.
    Transition(Object<'a>),
}

struct Issue<'a> {
    key: TicketKey,
    /// Missing in a payload that has none.
    fields: Option<Object<'a>>,
    status: Option<Status>,
}

struct Status {
    id: Option<String>,
    name: Option<String>,
}

/// A webhook asks for a reset if the ticket is approved, and either became so just now or got an approval just now.
pub fn webhook(source: &Source, event: &Object<'_>) -> Result<Option<Content>, Unreadable> {
    let happened = match event.text("webhookEvent")?.as_deref() {
        Some("jira:issue_created") => Happened::Created,
        Some("jira:issue_updated") => {
            let changelog = event.object("changelog")?;
            let items = changelog.map(|changelog| changelog.objects("items"));
            Happened::Updated(items.transpose()?.unwrap_or_default())
        }
        Some(_) => return Ok(None),
        None => match event.object("transition")? {
            Some(transition) => Happened::Transition(transition),
            None => return Ok(None),
        },
    };
    let Some(issue) = event.object("issue")? else {
        return Ok(None);
    };
    let issue = Issue::of(&issue)?;
    if !issue.is_approved(source) || !issue.is_asked_for_by(&happened, source)? {
        return Ok(None);
    }
    // A webhook without JQL sends the tickets of other projects, too. They have statuses in common, and not this field.
    let field = &source.approvals_field;
    if !issue
        .fields
        .as_ref()
        .is_some_and(|fields| fields.has(field))
    {
        tracing::info!(ticket = %issue.key, field, "an approved ticket has no such field: it asks for nothing");
        return Ok(None);
    }
    issue.content(source).map(Some)
}

/// Automation decides by its rule when to send; the status in the body must still mean approved. Its body is the issue,
/// in `issue` (Jira format) or without it (Automation format), or the short one that is documented for ServiceNow.
pub fn automation(source: &Source, sent: &Object<'_>) -> Result<Option<Content>, Unreadable> {
    let wrapped = sent.object("issue")?;
    let issue = match &wrapped {
        Some(issue) => Issue::of(issue)?,
        None if sent.is_object("fields") => Issue::of(sent)?,
        None => return servicenow::read(source, sent),
    };
    if issue.status.is_none() {
        // The rule has to hear of a body that can never mean anything.
        return Err(wrapped.as_ref().unwrap_or(sent).wrong("fields.status"));
    }
    if !issue.is_approved(source) {
        return Ok(None);
    }
    issue.content(source).map(Some)
}

impl<'a> Issue<'a> {
    fn of(issue: &Object<'a>) -> Result<Issue<'a>, Unreadable> {
        let key = issue.text("key")?.map(TicketKey::try_from);
        let fields = issue.object("fields")?;
        let status = fields.as_ref().map(|fields| fields.object("status"));
        let status = status.transpose()?.flatten();
        let status = status.map(|status| {
            Ok(Status {
                id: status.text_or_number("id")?,
                name: status.text("name")?,
            })
        });
        Ok(Issue {
            key: match key {
                Some(Ok(key)) => key,
                _ => return Err(issue.wrong("key")),
            },
            fields,
            status: status.transpose()?,
        })
    }

    fn is_approved(&self, source: &Source) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| source.approves(status.id.as_deref(), status.name.as_deref()))
    }

    fn is_asked_for_by(
        &self,
        happened: &Happened<'_>,
        source: &Source,
    ) -> Result<bool, Unreadable> {
        match happened {
            Happened::Created => Ok(true),
            Happened::Updated(items) => {
                for item in items {
                    if self.is_approved_by(item, source)? || self.gets_approval_by(item, source)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            // One that runs before the status changes has the old one in the ticket: the new one has to be there.
            Happened::Transition(transition) => {
                let to = transition.text("to_status")?;
                let now = self.status.as_ref().and_then(|status| status.name.clone());
                let is_there = to.is_some() && to == now;
                if !is_there {
                    tracing::info!(ticket = %self.key, "the transition leads to another status than the ticket has");
                }
                Ok(is_there)
            }
        }
    }

    fn is_approved_by(&self, item: &Object<'_>, source: &Source) -> Result<bool, Unreadable> {
        let is_of_status = match (item.text("fieldId")?, item.text("field")?) {
            (Some(id), _) => id == "status",
            (None, Some(name)) => name.eq_ignore_ascii_case("status"),
            (None, None) => false,
        };
        if !is_of_status {
            return Ok(false);
        }
        let (to, shown) = (item.text_or_number("to")?, item.text("toString")?);
        Ok(source.approves(to.as_deref(), shown.as_deref()))
    }

    fn gets_approval_by(&self, item: &Object<'_>, source: &Source) -> Result<bool, Unreadable> {
        let field = &source.approvals_field;
        match (item.text("fieldId")?, &self.fields) {
            (Some(id), _) => Ok(id == *field && !is_cleared(item)),
            // Data Center names the field as people see it, which the policy does not know: go by its value.
            (None, Some(fields)) => match fields.text(field) {
                Ok(Some(now)) => Ok(item.text("toString").ok().flatten() == Some(now)),
                Ok(None) | Err(_) => Ok(false),
            },
            (None, None) => Ok(false),
        }
    }

    fn content(self, source: &Source) -> Result<Content, Unreadable> {
        let no_fields = || Unreadable::Shape {
            at: "issue.fields".to_owned(),
        };
        let fields = self.fields.ok_or_else(no_fields)?;
        let user = match &source.user_field {
            None => None,
            Some(field) => {
                let person = payload::person(&fields, field)?;
                Some(person.ok_or_else(|| Unreadable::NoUser {
                    field: field.clone(),
                })?)
            }
        };
        Ok(Content {
            approvals: payload::tokens(&fields, &source.approvals_field)?,
            ticket: self.key,
            user,
        })
    }
}

/// Whether a field was emptied, as people do before they send an approval again.
fn is_cleared(item: &Object<'_>) -> bool {
    let now = item.text("toString");
    item.has("toString") && now.is_ok_and(|now| now.is_none_or(|now| now.trim().is_empty()))
}
