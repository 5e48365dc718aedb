//! Published signature vectors, and payloads that Jira and ServiceNow really send.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod captures;
mod senders;
mod vectors;

use axum::http::{HeaderMap, HeaderName};
use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::{Label, SecretName};
use reregister_mfa::webhook::{
    Delivery, DeliveryError, Source, Unauthentic, Unreadable, WebhookSecret,
};

/// A source with these lines in its section of the policy.
fn source(scheme: &str, approved: &str, more: &str) -> Source {
    toml::from_str(&format!(
        "secret = \"s\"\nissuers = []\napproved = [\"{approved}\"]\nscheme{scheme}\n{more}"
    ))
    .unwrap()
}

/// The secret, as JSON in Secrets Manager holds it.
fn secret(current: &str) -> WebhookSecret {
    let name = SecretName::try_from("s").unwrap();
    let text = serde_json::json!({ "current": current }).to_string();
    WebhookSecret::parse(&name, &text.into(), Timestamp::now()).unwrap()
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    pairs
        .into_iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .collect()
}

fn receive(
    source: &Source,
    headers: &HeaderMap,
    body: &[u8],
    secret: &WebhookSecret,
    now: Timestamp,
) -> Result<Result<Option<Delivery>, Unreadable>, Unauthentic> {
    let name = Label::try_from("s").unwrap();
    let unverified = source.parse(&name, headers, body)?;
    match unverified.verify(secret, now) {
        Ok(delivery) => Ok(Ok(delivery)),
        Err(DeliveryError::Unreadable(why)) => Ok(Err(why)),
        Err(DeliveryError::Unauthentic) => Err(Unauthentic),
    }
}
