//! Which guardrails a claim meets: caps by the hour and the cool-down. All are checked inside the claim, and none uses an
//! approval up. The freeze switch is in the ledger.

use std::collections::{BTreeMap, BTreeSet};

use super::Rules;
use crate::approval::PasskeyUse;
use crate::ids::{Issuer, Kid, ObjectId, TenantId};
use crate::reset::model::{Cap, Counter, Guardrails, PasskeyCount};

impl Guardrails {
    /// Those that policy.toml sets for approvals by these approvers and issuers.
    pub fn of<'a>(
        tenant: TenantId,
        approvers: &BTreeSet<ObjectId>,
        signers: &BTreeSet<&Issuer>,
        rules: &Rules,
        passkeys: impl Iterator<Item = (&'a Kid, &'a PasskeyUse)>,
        per_hour_of: impl Fn(&Issuer) -> u16,
    ) -> Guardrails {
        let of_tenant = Counter {
            by: Cap::Tenant,
            name: format!("tenant#{tenant}"),
            most: rules.per_hour.into(),
        };
        let of_approvers = approvers.iter().map(|approver| Counter {
            by: Cap::Approver,
            name: format!("approver#{tenant}#{approver}"),
            most: rules.approver_per_hour.into(),
        });
        let of_issuers = signers.iter().map(|iss| Counter {
            by: Cap::Issuer,
            name: format!("issuer#{iss}"),
            most: per_hour_of(iss).into(),
        });
        Guardrails {
            cool_down: rules.cool_down,
            counters: [of_tenant]
                .into_iter()
                .chain(of_approvers)
                .chain(of_issuers)
                .collect(),
            passkeys: counts(passkeys),
        }
    }
}

/// The counts of each passkey.
fn counts<'a>(passkeys: impl Iterator<Item = (&'a Kid, &'a PasskeyUse)>) -> Vec<PasskeyCount> {
    let mut counts = BTreeMap::new();
    for (kid, used) in passkeys {
        let count = counts
            .entry(&used.credential)
            .or_insert_with(|| PasskeyCount {
                kid: kid.clone(),
                credential: used.credential.clone(),
                signed: Vec::new(),
            });
        count.signed.push(used.sign_count);
        count.signed.sort_unstable();
    }
    counts.into_values().collect()
}
