//! The claim: approvals, person and guardrails in one commit, or nothing.

use std::collections::BTreeMap;

use super::freeze;
use super::items::{
    self, ApprovalItem, CommitId, CounterItem, HeldTarget, PasskeyItem, TargetItem, decode, encode,
    version,
};
use super::lease::{RecordLease, ResetLease};
use super::record::Stage;
use super::store::Ledger;
use crate::clock;
use crate::ids::{Digest, ObjectId, ResetId, TenantId};
use crate::reset::machine::Reset;
use crate::reset::model::{Claim, Freeze, Guardrail, Guardrails, LedgerError, Limit};
use crate::reset::ports::{Item, Key, StoreError, Write};

/// How often a claim is tried while others change the counters.
const MOST_TRIES: usize = 10;

/// What the guardrails of a claim are checked against, as it was read: the switch, the person's item and the counts.
#[derive(Debug, Default)]
pub struct GuardrailItems(BTreeMap<Key, Option<Item>>);

impl GuardrailItems {
    /// The keys that a claim on this person within these guardrails looks at.
    fn keys(tenant: TenantId, target: ObjectId, guardrails: &Guardrails) -> Vec<Key> {
        let counters = guardrails.counters.iter();
        let passkeys = guardrails.passkeys.iter();
        [freeze::key(), items::target_key(tenant, target)]
            .into_iter()
            .chain(counters.map(|counter| items::count_key(&counter.name)))
            .chain(passkeys.map(|passkey| items::passkey_key(&passkey.credential)))
            .collect()
    }

    /// An item; [`LedgerError::Corrupt`] if it was not read, which is no answer about it.
    fn get(&self, key: &Key) -> Result<Option<&Item>, LedgerError> {
        let item = self.0.get(key).ok_or(LedgerError::Corrupt)?;
        Ok(item.as_ref())
    }

    /// Takes over what a commit found instead of what was read. False if it found nothing.
    fn take_over(&mut self, writes: &[Write], found: Vec<Option<Item>>) -> bool {
        let mut is_changed = false;
        for (write, item) in writes.iter().zip(found) {
            if let (Some(known), Some(item)) = (self.0.get_mut(&write.key), item) {
                *known = Some(item);
                is_changed = true;
            }
        }
        is_changed
    }
}

/// What a claim writes beside the record and the approvals, on condition that nothing of it has changed since it was read.
struct Headroom {
    target: HeldTarget,
    counts: Vec<(String, u64, CounterItem)>,
    /// A verifier reaches the number that the security team is told of.
    tells_of_pace: bool,
    passkeys: Vec<(Digest, u64, PasskeyItem)>,
    /// The version of the freeze switch, which must not be set meanwhile.
    freeze: u64,
}

/// What is in the way of a claim.
#[derive(Debug, PartialEq, Eq)]
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
    /// Claims the approvals and the person for the leased record, all or nothing. If something that was read has changed
    /// meanwhile, it looks again whether there is room.
    pub(in crate::reset) async fn claim(
        &self,
        lease: &RecordLease,
        mut reset: Reset,
        guardrails: &Guardrails,
        mut read: GuardrailItems,
    ) -> Result<ClaimAttempt, LedgerError> {
        let mut record = lease.record().clone();
        for _ in 0..MOST_TRIES {
            let headroom = match headroom(&read, reset.claim(), guardrails)? {
                Ok(headroom) => headroom,
                Err(obstacle) => return Ok(ClaimAttempt::Blocked(obstacle)),
            };
            reset.remark_pace(headroom.tells_of_pace);
            record.stage = Stage::Claimed(reset.clone());
            let next = || RecordLease {
                record: Box::new(record.clone()),
                version: lease.version.saturating_add(1),
            };
            let claim = reset.claim();
            let commit = CommitId::of(&record);
            let mut writes = vec![commit.record(&record, lease.version)?];
            for approval in &claim.approvals {
                let used = ApprovalItem {
                    reset: record.id,
                    rejected: false,
                };
                writes.push(commit.write(items::approval_key(&approval.id), 0, encode(&used)?));
            }
            writes.extend(headroom.writes(&commit, claim)?);
            let lease = match self.store.commit(&writes).await {
                Ok(()) => next(),
                Err(StoreError::Conflict(found)) => match found.first().cloned().flatten() {
                    // The same commit, whose answer was lost and which was then sent again.
                    Some(item) if commit.is_on(&item) => next(),
                    Some(_) => return Ok(ClaimAttempt::LeaseLost),
                    None => {
                        let mut approvals = found.iter().skip(1).take(claim.approvals.len());
                        if approvals.any(Option::is_some) {
                            return Ok(ClaimAttempt::ApprovalUsed);
                        }
                        // The person, a count or the switch has changed.
                        if !read.take_over(&writes, found) {
                            read = self
                                .guardrail_items(claim.tenant, claim.target, guardrails)
                                .await?;
                        }
                        continue;
                    }
                },
                Err(StoreError::Unavailable(why)) => {
                    self.unless_written(&commit, next(), why).await?
                }
            };
            let target = Some(HeldTarget {
                version: headroom.target.version.saturating_add(1),
                item: headroom.target.item,
            });
            return Ok(ClaimAttempt::Claimed(ResetLease {
                lease,
                reset,
                target,
            }));
        }
        Err(LedgerError::Unavailable("too many at once".to_owned()))
    }

    /// Reads what the guardrails of a claim are checked against.
    pub(in crate::reset) async fn guardrail_items(
        &self,
        tenant: TenantId,
        target: ObjectId,
        guardrails: &Guardrails,
    ) -> Result<GuardrailItems, LedgerError> {
        let keys = GuardrailItems::keys(tenant, target, guardrails);
        let found = self.get_all(&keys).await?;
        Ok(GuardrailItems(keys.into_iter().zip(found).collect()))
    }
}

/// What is in the way of a claim by what was read; `None` if nothing is.
pub fn obstacle(
    read: &GuardrailItems,
    claim: &Claim,
    guardrails: &Guardrails,
) -> Result<Option<Obstacle>, LedgerError> {
    Ok(headroom(read, claim, guardrails)?.err())
}

/// The same; and remarks in the claim whether it is the one of which the security team is told, for its verifier's pace.
pub fn remark_pace(
    read: &GuardrailItems,
    claim: &mut Claim,
    guardrails: &Guardrails,
) -> Result<Option<Obstacle>, LedgerError> {
    Ok(match headroom(read, claim, guardrails)? {
        Ok(headroom) => {
            claim.remarks.verifier_pace = headroom.tells_of_pace;
            None
        }
        Err(obstacle) => Some(obstacle),
    })
}

/// Whether there is room for a claim by what was read.
fn headroom(
    read: &GuardrailItems,
    claim: &Claim,
    guardrails: &Guardrails,
) -> Result<Result<Headroom, Obstacle>, LedgerError> {
    let blocked = |guardrail| Ok(Err(Obstacle::Guardrail(guardrail)));
    let now = claim.claimed_at;
    let switch = read.get(&freeze::key())?;
    let set: Option<Freeze> = switch.map(decode).transpose()?;
    if let Some(freeze) = set.filter(|switch| switch.stops(claim.privileged)) {
        return blocked(Guardrail::Frozen(freeze.why));
    }
    let target = read.get(&items::target_key(claim.tenant, claim.target))?;
    let held: Option<TargetItem> = target.map(decode).transpose()?;
    if let Some(other) = held
        .as_ref()
        .filter(|held| held.running && held.reset != claim.id)
    {
        return Ok(Err(Obstacle::Busy(other.reset)));
    }
    let mut passkeys = Vec::new();
    for passkey in &guardrails.passkeys {
        let item = read.get(&items::passkey_key(&passkey.credential))?;
        let known: Option<PasskeyItem> = item.map(decode).transpose()?;
        let last = known.map_or(0, |known| known.sign_count);
        match passkey.after(last) {
            None => return blocked(Guardrail::PasskeyCopied(passkey.kid.clone())),
            // It does not count, so there is nothing to keep.
            Some(0) => {}
            Some(sign_count) => {
                let next = PasskeyItem { sign_count };
                passkeys.push((passkey.credential.clone(), version(item), next));
            }
        }
    }
    let removed_at = held.as_ref().and_then(|held| held.removed_at);
    let stopped_at = held.and_then(|held| held.stopped_at);
    if let Some(since) = removed_at.filter(|_| claim.approvers().len() < 2)
        && let Some(cooling) = Guardrail::cooling_down(since, guardrails.cool_down, now)
    {
        return blocked(cooling);
    }
    let mut counts = Vec::new();
    let mut tells_of_pace = false;
    for counter in &guardrails.counters {
        let item = read.get(&items::count_key(&counter.name))?;
        let mut count: CounterItem = item.map(decode).transpose()?.unwrap_or_default();
        let longest = counter.limits.iter().chain(&counter.told);
        let longest = longest.map(|limit| limit.within).max().unwrap_or_default();
        count.forget_before(clock::before(now, longest));
        let within =
            |count: &CounterItem, limit: &Limit| count.since(clock::before(now, limit.within));
        let is_full = |limit: &Limit| within(&count, limit) >= limit.number;
        if counter.limits.iter().any(is_full) {
            return blocked(counter.guardrail.clone());
        }
        count.at.push(now);
        let told = counter.told.as_ref();
        tells_of_pace |= told.is_some_and(|limit| within(&count, limit) == limit.number);
        counts.push((counter.name.clone(), version(item), count));
    }
    Ok(Ok(Headroom {
        target: HeldTarget {
            version: version(target),
            item: TargetItem {
                reset: claim.id,
                running: true,
                removed_at,
                stopped_at,
            },
        },
        counts,
        tells_of_pace,
        passkeys,
        freeze: version(switch),
    }))
}

impl Headroom {
    fn writes(&self, commit: &CommitId, claim: &Claim) -> Result<Vec<Write>, LedgerError> {
        let key = items::target_key(claim.tenant, claim.target);
        let HeldTarget { version, item } = &self.target;
        let mut writes = vec![commit.write(key, *version, encode(item)?)];
        for (name, version, count) in &self.counts {
            writes.push(commit.write(items::count_key(name), *version, encode(count)?));
        }
        for (credential, version, signed) in &self.passkeys {
            let key = items::passkey_key(credential);
            writes.push(commit.write(key, *version, encode(signed)?));
        }
        writes.push(freeze::switch_stays(self.freeze));
        Ok(writes)
    }
}
