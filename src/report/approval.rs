//! Approvals in words: who approved, with which key, and how the person was verified.

use serde::Serialize;

use crate::approval::{ContactSource, Evidence, Messenger, PhoneLine};
use crate::clock::Timestamp;
use crate::ids::{Issuer, Kid, Label, TicketKey};
use crate::reset::ApprovalSummary;

/// What an approval says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApprovalLine {
    /// Who signed it.
    pub issuer: Issuer,
    /// With which key.
    pub kid: Kid,
    /// Whose key it is, if it is one person's.
    pub owner: Option<String>,
    /// The key's trust domain: two approvals out of one count as one.
    pub domain: Label,
    /// Whether its issuer may approve privileged people.
    pub privileged: bool,
    /// Whom it is about, as it writes them.
    pub target: String,
    /// The ticket that it belongs to.
    pub ticket: TicketKey,
    /// Who approved.
    pub approver: String,
    /// How they signed in, by the names of RFC 8176; empty if the approval does not say.
    pub amr: Vec<String>,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How the person was verified.
    pub verification: Vec<VerificationLine>,
}

/// How a person was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerificationLine {
    /// In which way, in words.
    pub how: String,
    /// By whom.
    pub verified_by: String,
    /// When.
    pub verified_at: Timestamp,
    /// What the verifier's records call it.
    pub reference: Option<String>,
}

impl From<&ApprovalSummary> for ApprovalLine {
    fn from(summary: &ApprovalSummary) -> ApprovalLine {
        ApprovalLine {
            issuer: summary.id.iss.clone(),
            kid: summary.kid.clone(),
            owner: summary.owner.clone(),
            domain: summary.domain.clone(),
            privileged: summary.privileged,
            target: summary.target.clone(),
            ticket: summary.ticket.clone(),
            approver: summary.approver.clone(),
            amr: summary.amr.clone(),
            expires_at: summary.expires_at,
            verification: summary
                .verification
                .iter()
                .map(|one| VerificationLine {
                    how: how(one.evidence),
                    verified_by: one.verified_by.clone(),
                    verified_at: one.verified_at,
                    reference: one.reference.clone(),
                })
                .collect(),
        }
    }
}

/// A way in which a person was verified, in words; and where the contact was from, if it took one.
pub fn way(evidence: Evidence) -> (&'static str, Option<ContactSource>) {
    match evidence {
        Evidence::PhoneCall {
            via,
            contact_source,
        } => {
            let line = match via {
                PhoneLine::Desk => "a call to the person's desk phone",
                PhoneLine::Home => "a call to the person's home",
                PhoneLine::Mobile => "a call to the person's mobile",
            };
            (line, Some(contact_source))
        }
        Evidence::SecureMessage {
            via,
            contact_source,
        } => {
            let messenger = match via {
                Messenger::Slack => "a message on Slack",
                Messenger::Teams => "a message on Teams",
                Messenger::Telegram => "a message on Telegram",
                Messenger::Signal => "a message on Signal",
                Messenger::Sms => "a text message (SMS)",
            };
            (messenger, Some(contact_source))
        }
        Evidence::VideoCall { contact_source } => ("a video call", Some(contact_source)),
        Evidence::InPerson => ("seen in person", None),
        Evidence::ManagerAttestation { contact_source } => (
            "the person's manager vouched for them",
            Some(contact_source),
        ),
        Evidence::VerifiedId => ("Microsoft Entra Verified ID", None),
    }
}

/// Both in one.
pub fn how(evidence: Evidence) -> String {
    let (what, from) = way(evidence);
    match from {
        None => what.to_owned(),
        Some(ContactSource::CompanyDirectory) => {
            format!("{what}, with contact details from the company directory")
        }
        Some(ContactSource::PhoneBook) => {
            format!("{what}, with contact details from the phone book")
        }
        Some(ContactSource::Colleague) => format!("{what}, with contact details from a colleague"),
    }
}
