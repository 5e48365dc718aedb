//! From authentic to admitted: the rules that depend on the time and on the door.

use std::ops::Deref;
use std::time::Duration;

use super::{ApprovalError, Authentic};
use crate::clock::{self, Timestamp};

/// Through which door an approval came. The two have different audiences, so that an approval read in a
/// ticket is no key to the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// In a ticket system's delivery.
    Webhook,
    /// In the hand of whoever is on call.
    OnCall,
}

/// What a door demands of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest that `exp` may be after `iat`.
    pub longest_life: Duration,
    /// The oldest that a verification may be.
    pub oldest_evidence: Duration,
}

/// How far the issuer's clock may be off, for `iat`, `nbf` and `verified_at`; an expiry gets nothing.
const SKEW: Duration = Duration::from_secs(60);

impl Limits {
    /// What a door demands, whatever the policy says. Jira tries a delivery again for 75 minutes.
    pub const fn of(door: Channel) -> Limits {
        const MINUTE: u64 = 60;
        let (life, evidence) = match door {
            Channel::Webhook => (90, 240),
            Channel::OnCall => (15, 60),
        };
        Limits {
            longest_life: Duration::from_secs(life * MINUTE),
            oldest_evidence: Duration::from_secs(evidence * MINUTE),
        }
    }
}

/// An approval that was good at the time at which it was admitted.
#[derive(Debug)]
pub struct Approval {
    authentic: Authentic,
}

impl Deref for Approval {
    type Target = Authentic;

    fn deref(&self) -> &Authentic {
        &self.authentic
    }
}

impl Authentic {
    /// Judges the approval as of `now`.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn admit(self, limits: &Limits, now: Timestamp) -> Result<Approval, ApprovalError> {
        let claims = self.claims();
        let soon = clock::after(now, SKEW);
        if claims.exp <= now {
            return Err(ApprovalError::Expired { exp: claims.exp });
        }
        if claims.iat > soon || claims.nbf.is_some_and(|nbf| nbf > soon) {
            return Err(ApprovalError::NotYet);
        }
        if claims.exp > clock::after(claims.iat, limits.longest_life) {
            return Err(ApprovalError::TooLongLived {
                minutes: limits.longest_life.as_secs() / 60,
            });
        }
        let oldest = clock::before(now, limits.oldest_evidence);
        if claims
            .verification
            .iter()
            .any(|v| v.verified_at < oldest || v.verified_at > soon)
        {
            return Err(ApprovalError::StaleEvidence {
                minutes: limits.oldest_evidence.as_secs() / 60,
            });
        }
        if !claims
            .verification
            .iter()
            .any(|v| v.evidence.counts(claims.reason))
        {
            return Err(ApprovalError::EvidenceOnLostPhone);
        }
        Ok(Approval { authentic: self })
    }
}
