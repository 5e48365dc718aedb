//! A draft: what a person signs by signing in. Its SHA-256 is the `nonce` of the sign-in, so that Entra's token says that
//! this person signed in for this text.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::super::{Channel, ContactEnds, Evidence, Reason, Scope};
use crate::clock::Timestamp;
use crate::ids::{Digest, DraftId, ObjectId, TenantId, TicketKey};
use crate::json;

/// How long a draft can be signed.
pub const DRAFT_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The most bytes that a draft has. One of the second kind holds one of the first.
const LARGEST: usize = 8 * 1024;

/// What is signed. Its own bytes are stored and shown; they are the only ones that it is written as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// 128 random bits: no two drafts have one hash, and no draft's hash can be found from what it says.
    pub id: DraftId,
    /// Which deployment it is for: `audience.desk` of policy.toml.
    pub aud: String,
    pub tid: TenantId,
    /// The only person who can sign it.
    pub signer: ObjectId,
    /// When the session began in which it was made. The signing sign-in is a later one.
    pub signed_in_at: Timestamp,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub about: Subject,
    pub act: Act,
}

/// Whose reset it is about, and what is to be done. The same in a verification and in its approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    pub ticket: TicketKey,
    pub target: ObjectId,
    /// The target's user principal name when the person was verified, to be read. The object id decides.
    pub target_name: String,
    pub scope: Scope,
    pub reason: Reason,
}

/// What the signature says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// I have verified the person, in these ways.
    Verify {
        evidence: Vec<Evidence>,
        /// What the contacts of record end in that the evidence rests on.
        #[serde(default, skip_serializing_if = "ContactEnds::are_none")]
        contacts: ContactEnds,
    },
    /// I approve the reset, on this verification.
    Approve {
        /// Where the approval counts: at the desk, or in the ticket.
        channel: Channel,
        verification: SignedDigest,
    },
}

/// A signed draft, as another one contains it: its text, and the SHA-256 of the token that signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDigest {
    pub draft: String,
    pub token: Digest,
}

/// The text is no draft of this program, or not as this program writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the draft cannot be read")]
pub struct NotADraft;

impl Draft {
    /// The bytes that are stored, shown and signed.
    ///
    /// # Errors
    /// [`NotADraft`] if it has too many of them.
    pub fn text(&self) -> Result<String, NotADraft> {
        let text = serde_json::to_string(self).map_err(|_| NotADraft)?;
        (text.len() <= LARGEST).then_some(text).ok_or(NotADraft)
    }

    /// Reads stored bytes. A text that says the same in another spelling is none: it is not what was shown.
    ///
    /// # Errors
    /// [`NotADraft`].
    pub fn read(text: &str) -> Result<Draft, NotADraft> {
        if text.len() > LARGEST {
            return Err(NotADraft);
        }
        let draft: Draft = json::read(text.as_bytes()).map_err(|_| NotADraft)?;
        (draft.text()? == text).then_some(draft).ok_or(NotADraft)
    }
}

/// The `nonce` of a sign-in that signs this text: the base64url of its SHA-256.
pub fn nonce(text: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// The `nonce` of a sign-in that only looks. A draft begins with a brace, so this is never the hash of one.
pub fn view_nonce(random: &str) -> String {
    nonce(&format!("view{random}"))
}
