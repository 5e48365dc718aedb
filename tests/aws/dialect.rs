//! How the changing proxy understands AWS: what a call is named by, and the JSON inside an answer's texts.

use std::collections::BTreeSet;

use axum::http::request::Parts;
use serde_json::{Value, json};

use crate::odd::{Change, Odd, pointers};
use crate::proxy::Dialect;

pub const AWS: Dialect = Dialect {
    call,
    read,
    fields,
    apply,
    with_errors: true,
};

/// The pointer of a change of the whole body into a page of some proxy.
const HTML: &str = "/HTML";

/// The texts that hold JSON: the body of a stored item, and a secret.
const TEXTS: [&str; 2] = ["S", "SecretString"];

/// What such a text becomes when it is opened.
const OPENED: &str = "JSON";

/// The action, with the kind of the item or the name of the secret.
fn call(head: &Parts, body: &[u8]) -> String {
    let Some(target) = head.headers.get("x-amz-target") else {
        return "Publish".to_owned();
    };
    let action = target.to_str().unwrap().rsplit('.').next().unwrap();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let about = body["Key"]["pk"]["S"]
        .as_str()
        .or(body["SecretId"].as_str());
    let kind = about.and_then(|about| about.split('#').next());
    kind.map_or_else(|| action.to_owned(), |kind| format!("{action} {kind}"))
}

/// SNS answers in XML, which is changed as a whole only.
fn read(answer: &[u8]) -> Option<Value> {
    let xml = || String::from_utf8(answer.to_vec()).map(Value::String).ok();
    serde_json::from_slice(answer).ok().or_else(xml)
}

fn fields(answer: &Value) -> BTreeSet<String> {
    let mut all = pointers(answer);
    let opened = pointers(&open(answer.clone())).into_iter();
    all.extend(opened.filter(|pointer| pointer.contains("/JSON")));
    all.insert(HTML.to_owned());
    all
}

fn apply(change: &Change, answer: &Value) -> Option<Vec<u8>> {
    if change.field.pointer == HTML {
        let page = "<html><body>Welcome to the network</body></html>";
        return (change.odd == Odd::Unknown).then(|| page.into());
    }
    if !change.field.pointer.contains("/JSON") {
        return change.apply(answer);
    }
    let changed = change.apply(&open(answer.clone()))?;
    let changed = close(serde_json::from_slice(&changed).unwrap());
    Some(changed.to_string().into_bytes())
}

fn open(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(open).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| {
                let text = member.as_str().filter(|_| TEXTS.contains(&name.as_str()));
                let inner = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
                match inner.filter(|inner| inner.is_object() || inner.is_null()) {
                    Some(inner) => (name, json!({ OPENED: inner })),
                    None => (name, open(member)),
                }
            })
            .collect(),
        other => other,
    }
}

fn close(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(close).collect(),
        Value::Object(members) => match members.get(OPENED) {
            Some(inner) => inner.to_string().into(),
            None => members
                .into_iter()
                .map(|(name, member)| (name, close(member)))
                .collect(),
        },
        other => other,
    }
}
