//! A request in a few words, without ids: what a picture of a reset shows of it.

use axum::http::request::Parts;
use serde_json::Value;
use uuid::Uuid;

/// Method and path; for AWS the operation, and the kinds of item that it names.
pub fn describe(parts: &Parts, body: &[u8]) -> String {
    let target = parts.headers.get("x-amz-target");
    if let Some(operation) = target.and_then(|target| target.to_str().ok()) {
        let operation = operation.rsplit('.').next().unwrap_or(operation);
        let kinds = kinds_of_item(body);
        return format!("{operation} {}", kinds.join(" + "))
            .trim_end()
            .to_owned();
    }
    let path = parts.uri.path().split('/').map(placeholder);
    let path = path.collect::<Vec<_>>().join("/");
    let query = form_of(parts.uri.query().unwrap_or_default());
    format!("{} {path}{query}", parts.method)
}

/// What a list is filtered by.
fn form_of(query: &str) -> String {
    let filter = query.split('&').find_map(|pair| {
        pair.strip_prefix("%24filter=")
            .or_else(|| pair.strip_prefix("$filter="))
    });
    let by = filter.and_then(|filter| filter.split(['+', '%', ' ']).next());
    by.map(|by| format!("?{by}")).unwrap_or_default()
}

/// An id in a path as `{id}`.
fn placeholder(segment: &str) -> &str {
    let is_name = segment.contains('@') || segment.contains("%40");
    let is_number = segment.len() > 3 && segment.chars().all(|c| c.is_ascii_digit());
    let is_ticket = segment.starts_with("HELP-");
    if is_name || is_number || is_ticket || Uuid::parse_str(segment).is_ok() {
        "{id}"
    } else {
        segment
    }
}

/// The first part of each key that a request to DynamoDB names, as `reset` of `reset#…`.
fn kinds_of_item(body: &[u8]) -> Vec<String> {
    let mut kinds = Vec::new();
    if let Ok(body) = serde_json::from_slice(body) {
        collect(&body, &mut kinds);
    }
    kinds
}

fn collect(value: &Value, kinds: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let key = member.get("S").and_then(Value::as_str);
                match key.filter(|_| name == "pk" || name == "id") {
                    Some(key) => kinds.push(key.split('#').next().unwrap_or(key).to_owned()),
                    None => collect(member, kinds),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, kinds)),
        _ => {}
    }
}
