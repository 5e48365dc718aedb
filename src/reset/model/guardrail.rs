//! Guardrails: limits on the harm that valid approvals can do.

use std::time::Duration;

use crate::clock::{self, Timestamp};
use crate::ids::{Digest, Kid};

/// The guardrail that stopped a claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Guardrail {
    /// An operator has frozen resets of this tier.
    #[error("resets are frozen: {0}")]
    Frozen(String),
    /// The person was reset a short while ago, and one approver asks for it again.
    #[error(
        "the person was reset at {since}, and until {until} another reset needs two approvers (cool_down)"
    )]
    CoolingDown { since: Timestamp, until: Timestamp },
    /// The cap of an hour is reached.
    #[error("{0} has reached the limit of resets for now")]
    Cap(Cap),
    /// One person verified and approved too often.
    #[error("too many resets within 12 hours were verified and approved by one person each")]
    Alone,
    /// A passkey that counts its signatures has not counted on: a copy of it may have signed.
    #[error("the passkey {0} has not counted on, so there may be a copy of it")]
    PasskeyCopied(Kid),
}

impl Guardrail {
    /// The cool-down of a person who was reset then, if it is not over.
    pub fn cooling_down(
        since: Timestamp,
        cool_down: Duration,
        now: Timestamp,
    ) -> Option<Guardrail> {
        let until = clock::after(since, cool_down);
        (until > now).then_some(Guardrail::CoolingDown { since, until })
    }
}

/// What a cap counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cap {
    /// The issuer of an approval.
    #[error("the issuer (per_hour)")]
    Issuer,
    #[error("the approver (approver_per_hour)")]
    Approver,
    #[error("the tenant (per_hour)")]
    Tenant,
    /// A verifier, by the hour and by the day.
    #[error("the verifier (verifier_per_hour, verifier_per_day)")]
    Verifier,
}

/// The guardrails of one claim, as policy.toml sets them.
#[derive(Debug, PartialEq, Eq)]
pub struct Guardrails {
    /// For how long after a reset one approver is not enough for the same person.
    pub cool_down: Duration,
    pub counters: Vec<Counter>,
    pub passkeys: Vec<PasskeyCount>,
}

/// How often a passkey says that it has signed, in the approvals of one claim.
#[derive(Debug, PartialEq, Eq)]
pub struct PasskeyCount {
    pub kid: Kid,
    pub credential: Digest,
    /// In each of its approvals, the smallest first. 0 where it does not count.
    pub signed: Vec<u32>,
}

impl PasskeyCount {
    /// The count to keep after `last`; `None` unless each is larger than the one before it. A passkey that has never
    /// counted need not begin to (WebAuthn Level 3, section 6.1.1).
    pub fn after(&self, last: u32) -> Option<u32> {
        self.signed.iter().try_fold(last, |last, count| {
            (*count > last || (*count == 0 && last == 0)).then_some(*count)
        })
    }
}

/// A count of claims, and how many there may be.
#[derive(Debug, PartialEq, Eq)]
pub struct Counter {
    /// What stops a claim that is one too many.
    pub guardrail: Guardrail,
    /// Unambiguous among all counters.
    pub name: String,
    pub limits: Vec<Limit>,
    /// The security team is notified of the claim that reaches this number, and again only after the count has dropped below
    /// it.
    pub told: Option<Limit>,
}

/// A number of claims within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub number: usize,
    pub within: Duration,
}
