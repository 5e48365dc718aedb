//! Which guardrails a claim meets: caps by the hour and the cool-down. All are checked inside the claim, and none uses an
//! approval up. The freeze switch is in the ledger.

use std::collections::{BTreeMap, BTreeSet};

use super::Rules;
use crate::approval::IssuerPolicy;
use crate::ids::{Issuer, Label};
use crate::reset::model::{Cap, Claim, Counter, Guardrails};

impl Guardrails {
    /// Those that policy.toml sets.
    pub fn of(claim: &Claim, rules: &Rules, issuers: &BTreeMap<Label, IssuerPolicy>) -> Guardrails {
        let tenant = claim.tenant;
        let approvals = &claim.approvals;
        let signers: BTreeSet<&Issuer> = approvals.iter().map(|one| &one.id.iss).collect();
        let of_tenant = Counter {
            by: Cap::Tenant,
            name: format!("tenant#{tenant}"),
            most: rules.per_hour.into(),
        };
        let of_approvers = claim.approvers().into_iter().map(|approver| Counter {
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
