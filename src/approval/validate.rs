//! From authentic to admitted: the rules that depend on the time and on the channel.

use std::ops::Deref;

use super::time_limits::CLOCK_SKEW;
use super::{ApprovalError, Authentic, TimeLimits};
use crate::clock::{self, Timestamp};

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
    pub fn admit(self, now: Timestamp) -> Result<Approval, ApprovalError> {
        let limits = TimeLimits::of(self.channel());
        let claims = self.claims();
        let soon = clock::after(now, CLOCK_SKEW);
        if claims.exp <= now {
            return Err(ApprovalError::Expired { exp: claims.exp });
        }
        if claims.iat > soon || claims.nbf.is_some_and(|nbf| nbf > soon) {
            return Err(ApprovalError::NotYet);
        }
        if claims.exp > clock::after(claims.iat, limits.longest_lifetime) {
            return Err(ApprovalError::TooLongLived {
                minutes: limits.longest_lifetime.as_secs() / 60,
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
