//! Which guardrails a claim meets: caps by the hour and by the day, and the cool-down. All are checked inside the claim, and
//! none uses an approval up. The freeze switch is in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Rules;
use crate::approval::PasskeyUse;
use crate::ids::{Issuer, Kid, ObjectId, TenantId};
use crate::reset::model::{Cap, Counter, Guardrail, Guardrails, Limit, PasskeyCount};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Over how long the most verifications of a person are counted.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Over how long a verifier's pace is watched. One fooled service desk reset three accounts in a morning.
const PACE: Duration = Duration::from_secs(2 * 60 * 60);

/// From the evening to the morning.
const NIGHT: Duration = Duration::from_secs(12 * 60 * 60);

/// Whose claims are counted.
pub struct Counted<'a> {
    pub approvers: BTreeSet<ObjectId>,
    pub verifiers: BTreeSet<ObjectId>,
    pub signers: BTreeSet<&'a Issuer>,
    pub passkeys: Vec<(&'a Kid, &'a PasskeyUse)>,
    /// Whether one person verified and approved.
    pub is_alone: bool,
}

/// The name of the count of the resets that this person verified.
pub fn verifier_count(tenant: TenantId, verifier: ObjectId) -> String {
    format!("verifier#{tenant}#{verifier}")
}

impl Guardrails {
    /// Those that policy.toml sets for approvals by these people and issuers; `alone` is how many resets in 12 hours may be
    /// verified and approved by one and the same person, in the whole deployment.
    pub fn of(
        tenant: TenantId,
        counted: &Counted<'_>,
        rules: &Rules,
        per_hour_of: impl Fn(&Issuer) -> u16,
        alone: u16,
    ) -> Guardrails {
        let by_hour = |by, name, most: u16| Counter {
            guardrail: Guardrail::Cap(by),
            name,
            limits: vec![limit(most, HOUR)],
            told: None,
        };
        let of_nights = counted.is_alone.then(|| Counter {
            guardrail: Guardrail::Alone,
            name: "alone".to_owned(),
            limits: vec![limit(alone, NIGHT)],
            told: None,
        });
        let of_tenant = by_hour(Cap::Tenant, format!("tenant#{tenant}"), rules.per_hour);
        let of_approvers = counted.approvers.iter().map(|approver| {
            let name = format!("approver#{tenant}#{approver}");
            by_hour(Cap::Approver, name, rules.approver_per_hour)
        });
        let of_issuers = counted
            .signers
            .iter()
            .map(|iss| by_hour(Cap::Issuer, format!("issuer#{iss}"), per_hour_of(iss)));
        let of_verifiers = counted.verifiers.iter().map(|verifier| Counter {
            guardrail: Guardrail::Cap(Cap::Verifier),
            name: verifier_count(tenant, *verifier),
            limits: vec![
                limit(rules.verifier_per_hour, HOUR),
                limit(rules.verifier_per_day, DAY),
            ],
            told: Some(limit(rules.verifier_told_at, PACE)),
        });
        Guardrails {
            cool_down: rules.cool_down,
            counters: [of_tenant]
                .into_iter()
                .chain(of_approvers)
                .chain(of_issuers)
                .chain(of_verifiers)
                .chain(of_nights)
                .collect(),
            passkeys: counts(&counted.passkeys),
        }
    }
}

fn limit(number: u16, within: Duration) -> Limit {
    Limit {
        number: number.into(),
        within,
    }
}

/// The counts of each passkey.
fn counts(passkeys: &[(&Kid, &PasskeyUse)]) -> Vec<PasskeyCount> {
    let mut counts = BTreeMap::new();
    for (kid, used) in passkeys {
        let count = counts
            .entry(&used.credential)
            .or_insert_with(|| PasskeyCount {
                kid: (*kid).clone(),
                credential: used.credential.clone(),
                signed: Vec::new(),
            });
        count.signed.push(used.sign_count);
        count.signed.sort_unstable();
    }
    counts.into_values().collect()
}
