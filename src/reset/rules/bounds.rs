//! Guardrails on the harm that can be done with approvals that are all good: caps by the hour, a cool-down for each
//! person, and a switch that freezes everything. All are checked inside the claim, and none uses an approval up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::approval::IssuerPolicy;
use crate::clock::Timestamp;
use crate::ids::{Issuer, Label, ObjectId};
use crate::reset::Rules;
use crate::reset::state::Claim;

/// What a cap counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cap {
    /// The issuer of an approval.
    #[error("the issuer")]
    Issuer,
    /// Who approved.
    #[error("the approver")]
    Approver,
    /// The tenant.
    #[error("the tenant")]
    Tenant,
}

/// The bound that a claim met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Guardrail {
    /// Somebody has frozen resets of this tier.
    #[error("resets are frozen: {0}")]
    Frozen(String),
    /// The person was reset a short while ago, and one approver asks for it again.
    #[error("the person was reset at {since}, and until {until} one approver is not enough")]
    CoolingDown {
        /// When the person was reset.
        since: Timestamp,
        /// When one approver is enough again.
        until: Timestamp,
    },
    /// Enough for an hour.
    #[error("{0} has reached its cap of resets in an hour")]
    Cap(Cap),
}

/// The switch that stops resets, as it is in the ledger. `reregister freeze` sets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Whether standard people are not reset.
    pub standard: bool,
    /// Whether privileged people are not reset.
    pub privileged: bool,
    /// Why; whoever is refused reads it.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

impl Freeze {
    /// Whether it stops this tier.
    pub fn stops(&self, privileged: bool) -> bool {
        if privileged {
            self.privileged
        } else {
            self.standard
        }
    }
}

/// A count of claims in an hour, and how many there may be.
pub(in crate::reset) struct Counter {
    pub by: Cap,
    /// Unambiguous among all counters.
    pub name: String,
    pub most: usize,
}

/// The bounds of one claim.
pub(in crate::reset) struct Guardrails {
    pub cool_down: Duration,
    pub counters: Vec<Counter>,
}

impl Guardrails {
    /// Those that policy.toml sets.
    pub fn of(claim: &Claim, rules: &Rules, issuers: &BTreeMap<Label, IssuerPolicy>) -> Guardrails {
        let tenant = claim.tenant;
        let approvals = &claim.approvals;
        let approvers: BTreeSet<ObjectId> = approvals.iter().map(|one| one.approver).collect();
        let signers: BTreeSet<&Issuer> = approvals.iter().map(|one| &one.id.iss).collect();
        let of_tenant = Counter {
            by: Cap::Tenant,
            name: format!("tenant#{tenant}"),
            most: rules.per_hour.into(),
        };
        let of_approvers = approvers.into_iter().map(|approver| Counter {
            by: Cap::Approver,
            name: format!("approver#{tenant}#{approver}"),
            most: rules.approver_per_hour.into(),
        });
        let of_issuers = signers.into_iter().map(|iss| Counter {
            by: Cap::Issuer,
            name: format!("issuer#{iss}"),
            most: issuers
                .values()
                .find(|issuer| issuer.iss == *iss)
                .map_or(0, |issuer| issuer.per_hour.into()),
        });
        Guardrails {
            cool_down: rules.cool_down,
            counters: [of_tenant]
                .into_iter()
                .chain(of_approvers)
                .chain(of_issuers)
                .collect(),
        }
    }
}

/// Whether more than one person approved.
pub(in crate::reset) fn two_approvers(claim: &Claim) -> bool {
    let approvers: BTreeSet<ObjectId> = claim.approvals.iter().map(|one| one.approver).collect();
    approvers.len() > 1
}
