//! The first check: bytes in, an authenticated delivery out. Pure; keys and time are passed in.
//!
//! [`Source::open`] looks at the shape of the headers alone, so that junk is turned away before a secret
//! is fetched. [`Sealed::verify`] proves who sent the raw bytes, and only then are they parsed.

mod jira;
mod payload;
pub mod scheme;
mod source;
mod ticket;

use axum::http::HeaderMap;

use crate::clock::Timestamp;
use crate::ids::{Digest, Label, PersonRef, TicketKey};
use crate::secrets::WebhookSecret;

pub use scheme::Scheme;
pub use source::{Source, Status};

/// The sender could not be authenticated. There is one answer, whatever was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delivery does not prove who sent it")]
pub struct Unauthentic;

/// What a genuine sender sent wrong. Only whoever holds the source's secret ever sees one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or a part that is needed has another shape.
    #[error("the body is not what this source sends: {at}")]
    Shape {
        /// Where in the JSON, as a path; never a value.
        at: String,
    },
    /// `user_field` is configured and names nobody in this ticket.
    #[error("the ticket does not name the person in {field}")]
    NoUser {
        /// The configured field.
        field: String,
    },
}

/// What came in, with its claim to be genuine, not yet proven.
#[derive(Debug)]
pub struct Sealed<'a> {
    source: &'a Source,
    name: &'a Label,
    body: &'a [u8],
    presented: scheme::Presented,
}

impl Source {
    /// Takes a request apart by the source's scheme, without any key.
    ///
    /// # Errors
    /// [`Unauthentic`] if the headers cannot belong to a genuine delivery.
    pub fn open<'a>(
        &'a self,
        name: &'a Label,
        headers: &HeaderMap,
        body: &'a [u8],
    ) -> Result<Sealed<'a>, Unauthentic> {
        let presented = self.scheme.read(headers)?;
        Ok(Sealed {
            source: self,
            name,
            body,
            presented,
        })
    }
}

impl Sealed<'_> {
    /// Proves the sender on the raw bytes, then reads them.
    ///
    /// # Errors
    /// [`Unauthentic`] if no key of the secret made the proof, or its time is out of tolerance.
    pub fn verify(&self, secret: &WebhookSecret, now: Timestamp) -> Result<Genuine, Unauthentic> {
        self.source
            .scheme
            .verify(&self.presented, self.body, secret, now)?;
        Ok(Genuine(self.read()))
    }

    /// What the bytes say, by whoever sends them.
    fn read(&self) -> Result<Option<Delivery>, Unreadable> {
        let said = match self.source.scheme {
            Scheme::JiraWebhook => jira::webhook(self.source, self.body)?,
            Scheme::SecretHeader { .. } => jira::automation(self.source, self.body)?,
            Scheme::StandardWebhooks { .. } => {
                ticket::read(self.source, payload::parse(self.body)?)?
            }
        };
        let digest = Digest::of(self.body);
        Ok(said.map(|said| Delivery {
            source: self.name.clone(),
            id: self
                .presented
                .id()
                .map_or_else(|| digest.to_string(), str::to_owned),
            digest,
            ticket: said.ticket,
            user: said.user,
            approvals: said.approvals,
        }))
    }
}

/// Proof that the sender holds the source's secret, with what it wanted to say.
#[derive(Debug)]
pub struct Genuine(Result<Option<Delivery>, Unreadable>);

impl Genuine {
    /// What was sent: nothing if the event asks for nothing (a comment, another transition).
    ///
    /// # Errors
    /// [`Unreadable`], if the sender must change what it sends.
    pub fn into_delivery(self) -> Result<Option<Delivery>, Unreadable> {
        self.0
    }
}

/// A genuine request for a reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which source of the policy sent it.
    pub source: Label,
    /// What names this delivery for people: the sender's signed id, or the digest where none is signed.
    pub id: String,
    /// What tells it from others: made of what is signed, since an attacker can change the rest.
    pub digest: Digest,
    /// The ticket.
    pub ticket: TicketKey,
    /// The person that the ticket names, where it names one: must be the target.
    pub user: Option<PersonRef>,
    /// The approvals in it, compact JWS, unproven. Possibly none.
    pub approvals: Vec<String>,
}
