//! The claim: approvals, person and guardrails in one commit, or nothing.

use std::time::Duration;

use super::items::{
    self, ApprovalItem, CommitId, CounterItem, TargetItem, decode, encode, version,
};
use super::lease::{RecordLease, ResetLease};
use super::record::Stage;
use super::store::Ledger;
use crate::clock;
use crate::ids::ResetId;
use crate::reset::machine::Reset;
use crate::reset::model::{Claim, Guardrail, Guardrails, LedgerError};
use crate::reset::ports::{StoreError, Write};

/// How often a claim is tried while others change the counters.
const MOST_TRIES: usize = 10;

/// What caps count over.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Room for a claim, as it was found: what the claim writes beside the record and the approvals, on condition that
/// nothing of it has changed meanwhile.
pub struct Headroom {
    target: (u64, TargetItem),
    counts: Vec<(String, u64, CounterItem)>,
    /// The version of the freeze switch, which must not be set meanwhile.
    freeze: u64,
}

/// Whether there is room for a claim.
pub enum HeadroomCheck {
    Free(Headroom),
    Blocked(Obstacle),
}

/// What is in the way of a claim.
pub enum Obstacle {
    /// This reset has the person.
    Busy(ResetId),
    Guardrail(Guardrail),
}

/// What came of a claim. Unless it was made, the record is as it was.
pub enum ClaimAttempt {
    Claimed(ResetLease),
    /// Another reset has used one of the approvals meanwhile.
    ApprovalUsed,
    Blocked(Obstacle),
    /// Another run has taken over the record.
    LeaseLost,
}

impl Ledger {
    /// Claims the approvals and the person for the leased record, all or nothing. If another claim has taken the room
    /// meanwhile, it looks whether there is some left.
    pub(in crate::reset) async fn claim(
        &self,
        lease: &RecordLease,
        reset: Reset,
        guardrails: &Guardrails,
        mut headroom: Headroom,
    ) -> Result<ClaimAttempt, LedgerError> {
        let mut record = lease.record().clone();
        record.stage = Stage::Claimed(reset.clone());
        let next = || RecordLease {
            record: Box::new(record.clone()),
            version: lease.version.saturating_add(1),
        };
        let approvals = &reset.claim().approvals;
        for _ in 0..MOST_TRIES {
            let commit = CommitId::of(&record);
            let mut writes = vec![commit.record(&record, lease.version)?];
            for approval in approvals {
                let used = ApprovalItem { reset: record.id };
                writes.push(commit.write(items::approval_key(&approval.id), 0, encode(&used)?));
            }
            writes.extend(headroom.writes(&commit, reset.claim())?);
            let lease = match self.store.commit(&writes).await {
                Ok(()) => next(),
                Err(StoreError::Conflict(found)) => {
                    let mut found = found.into_iter();
                    match found.next().flatten() {
                        // The same commit, whose answer was lost and which was then sent again.
                        Some(item) if commit.is_on(&item) => next(),
                        Some(_) => return Ok(ClaimAttempt::LeaseLost),
                        None if found.take(approvals.len()).any(|item| item.is_some()) => {
                            return Ok(ClaimAttempt::ApprovalUsed);
                        }
                        // The person, a counter or the switch has changed: look again.
                        None => match self.headroom(reset.claim(), guardrails).await? {
                            HeadroomCheck::Free(now) => {
                                headroom = now;
                                continue;
                            }
                            HeadroomCheck::Blocked(obstacle) => {
                                return Ok(ClaimAttempt::Blocked(obstacle));
                            }
                        },
                    }
                }
                Err(StoreError::Unavailable(why)) => {
                    self.unless_written(&commit, next(), why).await?
                }
            };
            return Ok(ClaimAttempt::Claimed(ResetLease { lease, reset }));
        }
        Err(LedgerError::Unavailable("too many at once".to_owned()))
    }

    /// Looks for room for a claim, without claiming.
    pub(in crate::reset) async fn headroom(
        &self,
        claim: &Claim,
        guardrails: &Guardrails,
    ) -> Result<HeadroomCheck, LedgerError> {
        let blocked = |guardrail| Ok(HeadroomCheck::Blocked(Obstacle::Guardrail(guardrail)));
        let now = claim.claimed_at;
        let (freeze, switch) = self.switch().await?;
        if let Some(freeze) = switch.filter(|switch| switch.stops(claim.privileged)) {
            return blocked(Guardrail::Frozen(freeze.why));
        }
        let target = self
            .get(&items::target_key(claim.tenant, claim.target))
            .await?;
        let held: Option<TargetItem> = target.as_ref().map(decode).transpose()?;
        if let Some(other) = held
            .as_ref()
            .filter(|held| held.running && held.reset != claim.id)
        {
            return Ok(HeadroomCheck::Blocked(Obstacle::Busy(other.reset)));
        }
        let removed_at = held.and_then(|held| held.removed_at);
        if let Some(since) = removed_at.filter(|_| claim.approvers().len() < 2) {
            let until = clock::after(since, guardrails.cool_down);
            if until > now {
                return blocked(Guardrail::CoolingDown { since, until });
            }
        }
        let mut counts = Vec::new();
        for counter in &guardrails.counters {
            let item = self.get(&items::count_key(&counter.name)).await?;
            let mut count: CounterItem = item.as_ref().map(decode).transpose()?.unwrap_or_default();
            count.forget_before(clock::before(now, HOUR));
            if count.at.len() >= counter.most {
                return blocked(Guardrail::Cap(counter.by));
            }
            count.at.push(now);
            counts.push((counter.name.clone(), version(item.as_ref()), count));
        }
        let target_item = TargetItem {
            reset: claim.id,
            running: true,
            removed_at,
        };
        Ok(HeadroomCheck::Free(Headroom {
            target: (version(target.as_ref()), target_item),
            counts,
            freeze,
        }))
    }
}

impl Headroom {
    fn writes(&self, commit: &CommitId, claim: &Claim) -> Result<Vec<Write>, LedgerError> {
        let (version, target) = &self.target;
        let key = items::target_key(claim.tenant, claim.target);
        let mut writes = vec![commit.write(key, *version, encode(target)?)];
        for (name, version, count) in &self.counts {
            writes.push(commit.write(items::count_key(name), *version, encode(count)?));
        }
        writes.push(Ledger::switch_stays(self.freeze));
        Ok(writes)
    }
}
