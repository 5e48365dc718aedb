//! Which guardrails a claim meets: caps by the hour and the cool-down. All are checked inside the claim, and none uses an
//! approval up. The freeze switch is in the ledger.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Rules;
use crate::ids::{Issuer, ObjectId, TenantId};
use crate::reset::model::{Cap, Counter, Guardrail, Guardrails};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// From the evening to the morning.
const NIGHT: Duration = Duration::from_secs(12 * 60 * 60);

impl Guardrails {
    /// Those that policy.toml sets for approvals by these approvers and issuers. `alone`: one person verified and approved,
    /// and so many may in a night.
    pub fn of(
        tenant: TenantId,
        approvers: &BTreeSet<ObjectId>,
        signers: &BTreeSet<&Issuer>,
        rules: &Rules,
        per_hour_of: impl Fn(&Issuer) -> u16,
        alone: Option<u16>,
    ) -> Guardrails {
        let of_nights = alone.map(|most| Counter {
            guardrail: Guardrail::Alone,
            window: NIGHT,
            name: "alone".to_owned(),
            most: most.into(),
        });
        let of_tenant = Counter {
            guardrail: Guardrail::Cap(Cap::Tenant),
            window: HOUR,
            name: format!("tenant#{tenant}"),
            most: rules.per_hour.into(),
        };
        let of_approvers = approvers.iter().map(|approver| Counter {
            guardrail: Guardrail::Cap(Cap::Approver),
            window: HOUR,
            name: format!("approver#{tenant}#{approver}"),
            most: rules.approver_per_hour.into(),
        });
        let of_issuers = signers.iter().map(|iss| Counter {
            guardrail: Guardrail::Cap(Cap::Issuer),
            window: HOUR,
            name: format!("issuer#{iss}"),
            most: per_hour_of(iss).into(),
        });
        Guardrails {
            cool_down: rules.cool_down,
            counters: [of_tenant]
                .into_iter()
                .chain(of_approvers)
                .chain(of_issuers)
                .chain(of_nights)
                .collect(),
        }
    }
}
