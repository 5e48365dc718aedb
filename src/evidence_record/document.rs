//! The document: four parts, each with its SHA-256. It is written in one way only, so another spelling of the same is
//! another document.

use serde::{Deserialize, Serialize};

use super::done::{DonePart, MethodRead};
use super::fault::EvidenceFault;
use crate::approval::{Channel, KeptApproval, Reason, Scope, TokenId};
use crate::clock::Timestamp;
use crate::ids::{Digest, Label, ObjectId, ResetId, TenantId, TicketKey};
use crate::json;

/// Names the version of the document.
pub const FORMAT: &str = "reregister-mfa-evidence/1";

/// What is known of one finished reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRecord {
    pub request: RequestPart,
    pub approvals: ApprovalsPart,
    pub judged: JudgedPart,
    pub done: DonePart,
}

/// The request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestPart {
    pub reset: ResetId,
    pub tenant: TenantId,
    pub channel: Channel,
    pub source: Option<Label>,
    pub ticket: TicketKey,
    pub received_at: Timestamp,
    /// The address of the client that connected, and its `User-Agent`.
    pub address: Option<String>,
    pub agent: Option<String>,
}

/// What was signed, in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalsPart {
    pub reset: ResetId,
    pub approvals: Vec<SignedPart>,
}

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedPart {
    pub id: TokenId,
    /// Whom the directory gave for the people that it names.
    pub approver: ObjectId,
    pub verifiers: Vec<ObjectId>,
    /// Whether the approver verified the person too, with one account or with two of the same `employeeId`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approver_verified: bool,
    pub signed: Signatures,
    pub kept: KeptApproval,
}

/// The signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Signatures {
    /// The token of an issuer.
    Token { token: String },
    /// What two people signed at the desk by signing in.
    Desk {
        reference: String,
        approval: KeptText,
        verification: KeptText,
    },
}

/// A text that was shown, byte for byte, and the id_token of the sign-in that signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptText {
    pub draft: String,
    pub token: String,
}

/// What was read and decided before anything was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedPart {
    pub reset: ResetId,
    pub policy_sha256: Digest,
    pub claimed_at: Timestamp,
    pub target: ObjectId,
    /// The user principal name.
    pub target_name: String,
    pub display_name: Option<String>,
    pub external: bool,
    /// `standard`, or what makes the person privileged.
    pub tier: String,
    pub scope: Scope,
    pub reason: Option<Reason>,
    pub methods: Vec<MethodRead>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    parts: EvidenceRecord,
    digests: Digests,
}

/// SHA-256 of each part, as it is written.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digests {
    request: Digest,
    approvals: Digest,
    judged: Digest,
    done: Digest,
}

impl Digests {
    fn of(record: &EvidenceRecord) -> Result<Digests, serde_json::Error> {
        fn digest(part: &impl Serialize) -> Result<Digest, serde_json::Error> {
            Ok(Digest::of(&serde_json::to_vec(part)?))
        }
        Ok(Digests {
            request: digest(&record.request)?,
            approvals: digest(&record.approvals)?,
            judged: digest(&record.judged)?,
            done: digest(&record.done)?,
        })
    }
}

impl EvidenceRecord {
    /// The document, and nothing else is it.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&File {
            format: FORMAT.to_owned(),
            parts: self.clone(),
            digests: Digests::of(self)?,
        })
    }

    /// Reads a document, and finds each change of its bytes that was made without its digests.
    ///
    /// # Errors
    /// [`EvidenceFault`].
    pub fn read(bytes: &[u8]) -> Result<EvidenceRecord, EvidenceFault> {
        let unreadable = |error: json::JsonError| EvidenceFault::Unreadable(error.place());
        let File {
            format,
            parts,
            digests,
        } = json::read(bytes).map_err(unreadable)?;
        if format != FORMAT {
            return Err(EvidenceFault::Unreadable("format".to_owned()));
        }
        let found = Digests::of(&parts).map_err(|_| EvidenceFault::OtherBytes)?;
        for (part, is_whole) in [
            ("request", found.request == digests.request),
            ("approvals", found.approvals == digests.approvals),
            ("judged", found.judged == digests.judged),
            ("done", found.done == digests.done),
        ] {
            if !is_whole {
                return Err(EvidenceFault::Changed(part));
            }
        }
        match parts.text() {
            Ok(text) if text.as_bytes() == bytes => Ok(parts),
            _ => Err(EvidenceFault::OtherBytes),
        }
    }

    /// The name of its object in the bucket.
    pub fn object_name(&self) -> String {
        object_name(self.done.reset, self.done.finished_at)
    }
}

/// The name of the object of a reset that ended then.
pub fn object_name(reset: ResetId, finished_at: Timestamp) -> String {
    format!("evidence/{}/{reset}.json", finished_at.strftime("%Y/%m/%d"))
}
