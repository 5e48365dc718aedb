//! The body that this project documents for ServiceNow and everybody who writes the sender themselves.
//!
//! ```json
//! {"number": "RITM0010072", "state": "approved", "requested_for": "jane@contoso.com", "approvals": ["eyJ…"]}
//! ```
//! `ticket`, `status` and `user` are other names for the first three. What else is in it is ignored.

use serde_json::{Map, Value};

use super::payload::{self, Content, Unreadable};
use super::source::Source;
use crate::ids::TicketKey;

pub fn read(source: &Source, body: Map<String, Value>) -> Result<Option<Content>, Unreadable> {
    let member = |name: &str| body.get(name).filter(|value| !value.is_null());
    let either = |one: &str, other: &str| member(one).or_else(|| member(other));

    let state = either("state", "status").and_then(payload::text);
    if !source.approves(state.as_deref(), state.as_deref()) {
        return Ok(None);
    }
    let ticket = either("number", "ticket")
        .and_then(payload::text)
        .and_then(|text| TicketKey::try_from(text).ok())
        .ok_or_else(|| Unreadable::Shape {
            at: "number".to_owned(),
        })?;
    let (user, field) = match &source.user_field {
        Some(field) => (member(field), field.as_str()),
        None => (either("requested_for", "user"), "requested_for"),
    };
    let named = payload::person(user);
    if named.is_none() && (user.is_some() || source.user_field.is_some()) {
        return Err(Unreadable::NoUser {
            field: field.to_owned(),
        });
    }
    Ok(Some(Content {
        ticket,
        user: named,
        approvals: payload::tokens(body.get(&source.approvals_field)),
    }))
}
