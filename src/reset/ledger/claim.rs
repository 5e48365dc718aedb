//! The claim: approvals, person and bounds in one commit, or nothing.

use std::time::Duration;

use super::items::{self, CommitId, Count, Occupied, Used, decode, encode, version};
use super::{Ledger, LedgerError, RecordLease, ResetLease};
use crate::clock::{self, Timestamp};
use crate::reset::ports::{StoreError, Write};
use crate::reset::record::Stage;
use crate::reset::rules::bounds::{Guardrail, Guardrails, two_approvers};
use crate::reset::state::{Claim, Reset};

/// How often a claim is tried while others change the counters.
const MOST_TRIES: usize = 10;

/// What caps count over.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Room for a claim, as it was found: what the claim writes beside the record and the approvals, on condition that
/// nothing of it has changed meanwhile.
pub(in crate::reset) struct Room {
    target: (u64, Occupied),
    counts: Vec<(String, u64, Count)>,
    /// The version of the freeze switch, which must not be set meanwhile.
    freeze: u64,
}

impl Ledger {
    /// Claims the approvals and the person for the record that is held, all or nothing. If somebody else has taken
    /// the room meanwhile, it looks whether there is some left.
    ///
    /// # Errors
    /// [`LedgerError::Claimed`], [`LedgerError::Busy`] or [`LedgerError::Guardrail`]: the record is still held, and
    /// as it was.
    pub(in crate::reset) async fn claim(
        &self,
        held: &RecordLease,
        reset: Reset,
        bounds: &Guardrails,
        mut room: Room,
    ) -> Result<ResetLease, LedgerError> {
        let mut record = held.record().clone();
        record.stage = Stage::Claimed(reset.clone());
        let next = || RecordLease {
            record: Box::new(record.clone()),
            version: held.version.saturating_add(1),
        };
        let approvals = &reset.claim().approvals;
        for _ in 0..MOST_TRIES {
            let seal = CommitId::of(&record);
            let mut writes = vec![seal.record(&record, held.version)?];
            for approval in approvals {
                let used = Used { reset: record.id };
                writes.push(seal.write(items::approval_key(&approval.id), 0, encode(&used)?));
            }
            writes.extend(room.writes(&seal, reset.claim())?);
            let held = match self.store.commit(&writes).await {
                Ok(()) => next(),
                Err(StoreError::Conflict(found)) => {
                    let mut found = found.into_iter();
                    match found.next().flatten() {
                        // Our own write, whose answer was lost and which was then sent again.
                        Some(item) if seal.is_on(&item) => next(),
                        Some(_) => return Err(LedgerError::Leased),
                        None if found.take(approvals.len()).any(|item| item.is_some()) => {
                            return Err(LedgerError::Claimed);
                        }
                        // The person, a counter or the switch: look again.
                        None => {
                            room = self.room(reset.claim(), bounds).await?;
                            continue;
                        }
                    }
                }
                Err(StoreError::Unavailable(why)) => {
                    self.unless_written(&seal, next(), why).await?
                }
            };
            return Ok(ResetLease { held, reset });
        }
        Err(LedgerError::Unavailable("too many at once".to_owned()))
    }

    /// Looks for room for a claim, without claiming.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] or [`LedgerError::Guardrail`] if there is none.
    pub(in crate::reset) async fn room(
        &self,
        claim: &Claim,
        bounds: &Guardrails,
    ) -> Result<Room, LedgerError> {
        let now = claim.claimed_at;
        let (freeze, switch) = self.switch().await?;
        if let Some(freeze) = switch.filter(|switch| switch.stops(claim.privileged)) {
            return Err(Guardrail::Frozen(freeze.why).into());
        }
        let target = self
            .get(&items::target_key(claim.tenant, claim.target))
            .await?;
        let removed_at = match &target {
            None => None,
            Some(item) => {
                let occupied: Occupied = decode(item)?;
                if occupied.running && occupied.reset != claim.id {
                    return Err(LedgerError::Busy(occupied.reset));
                }
                occupied.removed_at
            }
        };
        if let Some(since) = removed_at.filter(|_| !two_approvers(claim)) {
            let until = clock::after(since, bounds.cool_down);
            if until > now {
                return Err(Guardrail::CoolingDown { since, until }.into());
            }
        }
        let mut counts = Vec::new();
        for counter in &bounds.counters {
            let item = self.get(&items::count_key(&counter.name)).await?;
            let mut count = item
                .as_ref()
                .map(decode::<Count>)
                .transpose()?
                .unwrap_or_default();
            count.forget_before(clock::before(now, HOUR));
            if count.at.len() >= counter.most {
                return Err(Guardrail::Cap(counter.by).into());
            }
            count.at.push(now);
            counts.push((counter.name.clone(), version(item.as_ref()), count));
        }
        Ok(Room {
            target: (
                version(target.as_ref()),
                Occupied {
                    reset: claim.id,
                    running: true,
                    removed_at,
                },
            ),
            counts,
            freeze,
        })
    }
}

impl Room {
    fn writes(&self, seal: &CommitId, claim: &Claim) -> Result<Vec<Write>, LedgerError> {
        let (version, occupied) = &self.target;
        let key = items::target_key(claim.tenant, claim.target);
        let mut writes = vec![seal.write(key, *version, encode(occupied)?)];
        for (name, version, count) in &self.counts {
            writes.push(seal.write(items::count_key(name), *version, encode(count)?));
        }
        writes.push(Ledger::switch_stays(self.freeze));
        Ok(writes)
    }
}

impl Count {
    fn forget_before(&mut self, oldest: Timestamp) {
        self.at.retain(|at| *at > oldest);
    }
}
