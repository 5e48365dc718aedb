//! What all payloads have in common: members that name people, and members that hold approvals.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ids::{PersonRef, TicketKey};

/// What an authentic sender sent wrong. Only a sender that holds the source's secret ever sees one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or a part that is needed has another shape.
    #[error("the delivery cannot be read at this place: {at}")]
    Shape {
        /// Where in the JSON, as a path; never a value.
        at: String,
    },
    /// `user_field` is configured, and the ticket names no person there.
    #[error("the ticket's field {field} does not name a person")]
    NoUser { field: String },
}

/// What a payload says, whichever system sent it.
pub struct Content {
    pub ticket: TicketKey,
    pub user: Option<PersonRef>,
    pub approvals: Vec<String>,
}

/// Parses, and on failure says where, never what.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| Unreadable::Shape {
        at: error.path().to_string(),
    })?;
    json.end().map_err(|_| Unreadable::Shape {
        at: "after the end".to_owned(),
    })?;
    Ok(value)
}

/// The approvals in a field: a text with one or more tokens between white space, or a list of texts.
///
/// Words that are no compact JWS are passed over, since people write around them.
pub fn tokens(field: Option<&Value>) -> Vec<String> {
    let texts: Vec<&str> = match field {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    texts
        .into_iter()
        .flat_map(str::split_whitespace)
        .filter(|word| word.starts_with("eyJ") && word.matches('.').count() == 2)
        .map(str::to_owned)
        .collect()
}

/// The person in a field: a text, or a Jira user with an e-mail address.
pub fn person(field: Option<&Value>) -> Option<PersonRef> {
    let text = match field? {
        Value::String(text) => text,
        Value::Object(user) => user.get("emailAddress")?.as_str()?,
        _ => return None,
    };
    PersonRef::try_from(text.trim().to_owned()).ok()
}

/// A member that some versions send as a number and some as a text.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
