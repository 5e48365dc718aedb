//! The audit trail beside a record: the lines that the function wrote of the same reset, in another place than the record.

use serde::Deserialize;

use super::document::{EvidenceRecord, KeptText, Signatures};
use super::verify::Verified;
use crate::approval::sign_in::{Draft, NotADraft};
use crate::ids::{Digest, DraftId, ResetId};

/// What the audit trail says of records.
#[derive(Debug, Default)]
pub struct Trail {
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "audit", rename_all = "snake_case")]
enum Line {
    Allowed {
        reset: ResetId,
        #[serde(default)]
        kept_sha256: Vec<Digest>,
    },
    Evidence {
        reset: ResetId,
        sha256: Digest,
    },
    /// At the desk, before there is a reset.
    Signed {
        draft: DraftId,
        token_sha256: Digest,
    },
    #[serde(other)]
    Other,
}

/// Why the audit trail does not confirm a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrailFault {
    /// It may be too short.
    #[error("the audit trail has no line `evidence` of this reset")]
    NoEvidence,
    #[error("the audit trail has no line `allowed` of this reset that says what was kept")]
    NotAllowed,
    #[error("the audit trail has another SHA-256 of this record: it was changed")]
    OtherRecord,
    #[error("the audit trail says that it was allowed on other approvals, keys or terms")]
    OtherApprovals,
    #[error(
        "the audit trail has no line `signed` of one of the two drafts: take the lines of the ticket"
    )]
    NotSigned,
    #[error("the audit trail says that another sign-in signed one of the drafts")]
    OtherSignature,
}

impl TrailFault {
    /// Whether the trail only does not say it, so that a longer part of it may.
    pub fn is_silence(self) -> bool {
        match self {
            TrailFault::NoEvidence | TrailFault::NotAllowed | TrailFault::NotSigned => true,
            TrailFault::OtherRecord | TrailFault::OtherApprovals | TrailFault::OtherSignature => {
                false
            }
        }
    }
}

impl Trail {
    /// Takes the lines of the trail out of a log. Other lines are passed over.
    pub fn read(log: &str) -> Trail {
        let lines = log.lines().filter_map(|line| {
            let (_, json) = line.split_at(line.find('{')?);
            serde_json::from_str(json.trim_end()).ok()
        });
        Trail {
            lines: lines.collect(),
        }
    }

    /// Whether it confirms what was verified.
    ///
    /// # Errors
    /// [`TrailFault`].
    pub fn confirm(&self, verified: &Verified) -> Result<(), TrailFault> {
        let record = &verified.record;
        let id = record.request.reset;
        self.has(
            |line| match line {
                Line::Evidence { reset, sha256 } => (*reset == id).then_some(sha256),
                _ => None,
            },
            &verified.sha256,
            (TrailFault::NoEvidence, TrailFault::OtherRecord),
        )?;
        let approvals = record.approvals.approvals.iter();
        let kept: Result<Vec<_>, _> = approvals.map(|one| one.kept.digest()).collect();
        // A claim that was not made leaves a line, too.
        self.has(
            |line| match line {
                Line::Allowed { reset, kept_sha256 } => {
                    (*reset == id && !kept_sha256.is_empty()).then_some(kept_sha256)
                }
                _ => None,
            },
            &kept.map_err(|_| TrailFault::OtherApprovals)?,
            (TrailFault::NotAllowed, TrailFault::OtherApprovals),
        )?;
        for (id, token) in drafts(record).map_err(|_| TrailFault::OtherSignature)? {
            self.has(
                |line| match line {
                    Line::Signed {
                        draft,
                        token_sha256,
                    } => (*draft == id).then_some(token_sha256),
                    _ => None,
                },
                &token,
                (TrailFault::NotSigned, TrailFault::OtherSignature),
            )?;
        }
        Ok(())
    }

    /// Whether one of the lines about something says this.
    fn has<'a, T: PartialEq + 'a>(
        &'a self,
        says: impl Fn(&'a Line) -> Option<&'a T>,
        this: &T,
        (silent, contradicts): (TrailFault, TrailFault),
    ) -> Result<(), TrailFault> {
        let mut found = self.lines.iter().filter_map(says).peekable();
        if found.peek().is_none() {
            Err(silent)
        } else if found.any(|one| one == this) {
            Ok(())
        } else {
            Err(contradicts)
        }
    }
}

/// What was signed at the desk, and the SHA-256 of the token that signs it.
fn drafts(record: &EvidenceRecord) -> Result<Vec<(DraftId, Digest)>, NotADraft> {
    let approvals = record.approvals.approvals.iter();
    let texts = approvals.flat_map(|one| match &one.signed {
        Signatures::Token { .. } => Vec::new(),
        Signatures::Desk {
            approval,
            verification,
            ..
        } => vec![approval, verification],
    });
    let draft = |text: &KeptText| {
        let id = Draft::read(&text.draft)?.id;
        Ok((id, Digest::of(text.token.as_bytes())))
    };
    texts.map(draft).collect()
}
