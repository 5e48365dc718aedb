//! The first check: bytes in, an authenticated delivery out. Pure; keys and time are passed in.
//!
//! [`Source::parse`] looks at the shape of the headers alone, so that junk is refused before a secret is fetched.
//! [`UnverifiedDelivery::verify`] proves the sender on the raw bytes, and only then are they read.

mod jira;
mod json;
mod payload;
mod secret;
mod servicenow;
mod signature;
mod source;
mod unreadable;

use axum::http::HeaderMap;

use crate::clock::Timestamp;
use crate::ids::{Digest, Label, PersonRef, TicketKey};

use json::Object;

pub use secret::WebhookSecret;
pub use signature::{Scheme, Unauthentic};
pub use source::{Source, Status};
pub use unreadable::Unreadable;

/// A delivery as it came, with its signature, which is not verified yet.
#[derive(Debug)]
pub struct UnverifiedDelivery<'a> {
    source: &'a Source,
    name: &'a Label,
    body: &'a [u8],
    signature: signature::ParsedSignature,
}

/// Why a delivery gives no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryError {
    Unauthentic,
    /// The sender is authentic and has to change what it sends.
    Unreadable(Unreadable),
}

/// An authentic request for a reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which source of the policy sent it.
    pub source: Label,
    /// What names this delivery for people: the sender's signed id, or the digest where none is signed.
    pub id: String,
    /// What distinguishes it from other deliveries: made of what is signed, since an attacker can change the rest.
    pub digest: Digest,
    pub ticket: TicketKey,
    /// The person that the ticket names, where it names one: must be the target.
    pub user: Option<PersonRef>,
    /// The approvals in it, compact JWS, not validated. Possibly none.
    pub approvals: Vec<String>,
}

impl Source {
    /// Parses the headers by the source's scheme, without any key.
    ///
    /// # Errors
    /// [`Unauthentic`] if the headers cannot belong to an authentic delivery.
    pub fn parse<'a>(
        &'a self,
        name: &'a Label,
        headers: &HeaderMap,
        body: &'a [u8],
    ) -> Result<UnverifiedDelivery<'a>, Unauthentic> {
        let signature = self.scheme.parse(headers)?;
        Ok(UnverifiedDelivery {
            source: self,
            name,
            body,
            signature,
        })
    }
}

impl UnverifiedDelivery<'_> {
    /// Verifies the sender on the raw bytes, then reads them. `None` if the event asks for nothing (a comment, another
    /// transition).
    ///
    /// # Errors
    /// [`DeliveryError::Unauthentic`] if no key of the secret made the signature, or its time is out of tolerance.
    pub fn verify(
        &self,
        secret: &WebhookSecret,
        now: Timestamp,
    ) -> Result<Option<Delivery>, DeliveryError> {
        self.signature
            .verify(self.body, secret, now)
            .map_err(|Unauthentic| DeliveryError::Unauthentic)?;
        self.read().map_err(DeliveryError::Unreadable)
    }

    fn read(&self) -> Result<Option<Delivery>, Unreadable> {
        let text = json::text_of(self.body);
        let body = Object::of(&text)?;
        let content = match self.source.scheme {
            Scheme::JiraWebhook => jira::webhook(self.source, &body)?,
            Scheme::SecretHeader { .. } => jira::automation(self.source, &body)?,
            Scheme::StandardWebhooks { .. } => servicenow::read(self.source, &body)?,
        };
        let digest = Digest::of(self.body);
        let id = self.signature.id().map(str::to_owned);
        Ok(content.map(|content| Delivery {
            source: self.name.clone(),
            id: id.unwrap_or_else(|| digest.to_string()),
            digest,
            ticket: content.ticket,
            user: content.user,
            approvals: content.approvals,
        }))
    }
}
