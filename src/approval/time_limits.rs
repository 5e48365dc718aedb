//! How long an approval may be valid, and how old its evidence may be.

use std::time::Duration;

use super::Channel;

/// The time limits that a channel sets, whatever the policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// The longest that `exp` may be after `iat`.
    pub longest_lifetime: Duration,
    /// The oldest that a verification may be.
    pub oldest_evidence: Duration,
}

/// How far the issuer's clock may be off, for `iat`, `nbf` and `verified_at`. An expiry gets no allowance.
pub(super) const CLOCK_SKEW: Duration = Duration::from_secs(60);

const MINUTE: u64 = 60;

impl TimeLimits {
    /// An approval in a ticket has to outlive Jira's retries of a delivery, which go on for 75 minutes.
    pub const fn of(channel: Channel) -> TimeLimits {
        let (lifetime, evidence) = match channel {
            Channel::Webhook => (90, 240),
            Channel::OnCall => (15, 60),
            // From the sign-in to the start there is no more than a draft's lifetime; a verification waits for its approver.
            Channel::Desk => (15, 240),
        };
        TimeLimits {
            longest_lifetime: Duration::from_secs(lifetime * MINUTE),
            oldest_evidence: Duration::from_secs(evidence * MINUTE),
        }
    }
}

/// How long after it was seen an approval may still be valid: as long as one can live, if the issuer's clock is ahead.
pub fn longest_use(channel: Channel) -> Duration {
    TimeLimits::of(channel)
        .longest_lifetime
        .saturating_add(CLOCK_SKEW)
}
