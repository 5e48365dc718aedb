//! The audit trail beside a record: the lines that the function wrote of the same reset, in another place than the record.

use serde::Deserialize;

use super::verify::Verified;
use crate::ids::{Digest, ResetId};

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
}

impl TrailFault {
    /// Whether the trail only does not say it, so that a longer part of it may.
    pub fn is_silence(self) -> bool {
        match self {
            TrailFault::NoEvidence | TrailFault::NotAllowed => true,
            TrailFault::OtherRecord | TrailFault::OtherApprovals => false,
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
        let id = verified.record.request.reset;
        let mut digests = self.lines.iter().filter_map(|line| match line {
            Line::Evidence { reset, sha256 } if *reset == id => Some(sha256),
            _ => None,
        });
        let mut found = digests.clone().peekable();
        if found.peek().is_none() {
            return Err(TrailFault::NoEvidence);
        }
        if !digests.any(|sha256| *sha256 == verified.sha256) {
            return Err(TrailFault::OtherRecord);
        }
        let mut allowed = self.lines.iter().filter_map(|line| match line {
            Line::Allowed { reset, kept_sha256 } if *reset == id && !kept_sha256.is_empty() => {
                Some(kept_sha256)
            }
            _ => None,
        });
        let approvals = verified.record.approvals.approvals.iter();
        let kept: Vec<Digest> = approvals.map(|one| one.kept.digest()).collect();
        let mut found = allowed.clone().peekable();
        if found.peek().is_none() {
            return Err(TrailFault::NotAllowed);
        }
        // A claim that was not made leaves a line, too.
        if allowed.any(|digests| *digests == kept) {
            Ok(())
        } else {
            Err(TrailFault::OtherApprovals)
        }
    }
}
