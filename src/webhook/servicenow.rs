//! The body that this project documents for ServiceNow and everybody who writes the sender themselves.
//!
//! ```json
//! {"number": "RITM0010072", "state": "approved", "requested_for": "jane@contoso.com", "approvals": ["eyJ…"]}
//! ```
//! `ticket`, `status` and `user` are other names for the first three. What else is in it is ignored.

use super::json::Object;
use super::payload::{self, Content};
use super::source::Source;
use super::unreadable::Unreadable;
use crate::ids::TicketKey;

pub fn read(source: &Source, body: &Object<'_>) -> Result<Option<Content>, Unreadable> {
    let either = |one: &'static str, other: &'static str| -> Result<_, Unreadable> {
        match body.text_or_number(one)? {
            Some(text) => Ok(Some(text)),
            None => body.text_or_number(other),
        }
    };
    // What a sender has not written cannot be found in its rule.
    let named = |one, other| match body.has(other) && !body.has(one) {
        true => other,
        false => one,
    };
    // What has no state is no ticket: a sender that is set up wrong has to hear of it.
    let state = either("state", "status")?.ok_or_else(|| body.wrong(named("state", "status")))?;
    if !source.approves(Some(&state), Some(&state)) {
        return Ok(None);
    }
    let ticket = either("number", "ticket")?
        .and_then(|text| TicketKey::try_from(text).ok())
        .ok_or_else(|| body.wrong(named("number", "ticket")))?;
    let field = match &source.user_field {
        Some(field) => field,
        None if body.is_null("requested_for") => "user",
        None => "requested_for",
    };
    let user = payload::person(body, field)?;
    if user.is_none() && (source.user_field.is_some() || !body.is_null(field)) {
        let field = field.to_owned();
        return Err(Unreadable::NoUser { field });
    }
    Ok(Some(Content {
        ticket,
        user,
        approvals: payload::tokens(body, &source.approvals_field)?,
    }))
}
