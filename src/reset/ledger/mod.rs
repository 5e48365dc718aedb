//! Acceptances, claims, leases and records over a compare-and-swap [`Store`].
//!
//! | key | holds | written |
//! |---|---|---|
//! | `reset#ID` | the record: the request, how far it is, who has to be told | by whoever has it |
//! | the same | `null`: its message came before it was accepted, so it never will be | by whoever is woken |
//! | `delivery#SOURCE#DIGEST` | which record came of this delivery | when it is accepted |
//! | `approval#ISS#JTI` | which reset used it | by the claim, once |
//! | `target#TENANT#OBJECT-ID` | which reset has the person, whether it goes on, when one last removed something | by claim and end |
//! | `count#…` | the claims of an hour, by issuer, approver and tenant | by the claim |
//! | `freeze` | the switch | by `reregister freeze`; read inside the claim |
//!
//! A claim writes the record, its approvals, the person and the counts in one commit, or nothing. Nothing is ever
//! deleted.

mod claim;
mod freeze;
mod items;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::ports::{Item, Key, Store, StoreError, Write};
use super::record::event::Parties;
use super::record::request::Request;
use super::record::{Duties, Record, Stage};
use super::rules::bounds::Guardrail;
use super::state::{Reset, State};
use crate::approval::TokenId;
use crate::clock::Timestamp;
use crate::ids::{ResetId, TenantId};
use items::{Accepted, CommitId, Occupied, Used, decode, encode};

/// The records of all resets.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
}

/// The right to go on with one record. Every write uses it up and gives the next one, so whoever was overtaken
/// cannot write.
#[derive(Debug)]
pub(super) struct RecordLease {
    record: Box<Record>,
    version: u64,
}

/// What there is under a reset's name, as it was read: for one look and, after that, one [`Ledger::take`].
#[derive(Debug)]
pub struct VersionedRecord {
    pub(super) id: ResetId,
    /// Nothing if it was never accepted.
    pub(super) record: Option<Record>,
    version: u64,
}

impl VersionedRecord {
    /// The tenant that the record is about; nothing if there is no record.
    pub fn tenant(&self) -> Option<TenantId> {
        self.record.as_ref().map(|record| record.request.tenant)
    }
}

/// The right to act on one reset: made only by claiming, or by taking up what was claimed.
///
/// ```compile_fail
/// use reregister_mfa::reset::ResetLease;
///
/// fn forge(lease: ResetLease) -> ResetLease {
///     ResetLease { ..lease }
/// }
/// ```
#[derive(Debug)]
pub struct ResetLease {
    held: RecordLease,
    reset: Reset,
}

/// The ledger did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// This delivery has been accepted by somebody else meanwhile.
    #[error("the delivery was accepted meanwhile")]
    Accepted,
    /// One of the approvals is claimed already.
    #[error("an approval was claimed by another reset meanwhile")]
    Claimed,
    /// Another reset of the same person goes on.
    #[error("another reset of this person goes on")]
    Busy(ResetId),
    /// A bound on harm.
    #[error(transparent)]
    Guardrail(#[from] Guardrail),
    /// Somebody else has the lease.
    #[error("somebody else works on this reset")]
    Leased,
    /// The approval was used, and the record of the reset is gone.
    #[error("used by a reset whose record is gone")]
    Forgotten,
    /// What is stored makes no sense.
    #[error("a record cannot be read")]
    Corrupt,
    /// The store does not answer.
    #[error("the ledger is not available: {0}")]
    Unavailable(String),
}

impl RecordLease {
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Names who is involved; written down with what is written next.
    pub fn name(&mut self, parties: Parties) {
        self.record.parties = parties;
    }

    /// The right to act on what was claimed.
    ///
    /// # Errors
    /// The record as it is, if nothing is claimed in it, or if it is over.
    pub fn into_lease(self) -> Result<ResetLease, RecordLease> {
        match &self.record.stage {
            Stage::Claimed(reset) if reset.state() == State::Running => Ok(ResetLease {
                reset: reset.clone(),
                held: self,
            }),
            _ => Err(self),
        }
    }
}

impl ResetLease {
    /// The reset, as it is stored.
    pub fn reset(&self) -> &Reset {
        &self.reset
    }

    /// What it is stored in.
    pub(super) fn record(&self) -> &Record {
        &self.held.record
    }

    pub(super) fn into_held(self) -> RecordLease {
        self.held
    }
}

impl Ledger {
    /// Over this store.
    pub fn new(store: Arc<dyn Store>) -> Ledger {
        Ledger { store }
    }

    /// What there is under this name, and its version.
    ///
    /// # Errors
    /// If the store does not answer, or the record cannot be read.
    pub async fn find(&self, id: ResetId) -> Result<VersionedRecord, LedgerError> {
        let item = self.get(&items::reset_key(id)).await?;
        Ok(VersionedRecord {
            id,
            record: item.as_ref().map(decode).transpose()?.flatten(),
            version: items::version(item.as_ref()),
        })
    }

    /// A record by its name.
    pub(super) async fn read(&self, id: ResetId) -> Result<Option<Record>, LedgerError> {
        Ok(self.find(id).await?.record)
    }

    /// Sees to it that nothing is accepted under a name whose message has come: whoever was to accept it stood still
    /// for longer than that took, and no other message would bring the record back.
    ///
    /// # Errors
    /// [`LedgerError::Leased`] if it was accepted meanwhile.
    pub(super) async fn never_accept(
        &self,
        id: ResetId,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let write =
            CommitId::of_nothing(now).write(items::reset_key(id), 0, encode(&None::<Record>)?);
        match self.store.commit(&[write]).await {
            Ok(()) => Ok(()),
            Err(StoreError::Unavailable(why)) => Err(LedgerError::Unavailable(why)),
            Err(StoreError::Conflict(_)) if self.read(id).await?.is_none() => Ok(()),
            Err(StoreError::Conflict(_)) => Err(LedgerError::Leased),
        }
    }

    /// The record that used this approval, if it has been used.
    pub(super) async fn used_by(&self, approval: &TokenId) -> Result<Option<Record>, LedgerError> {
        let Some(item) = self.get(&items::approval_key(approval)).await? else {
            return Ok(None);
        };
        let used: Used = decode(&item)?;
        // DynamoDB forgets items one by one, after weeks: that it was used is still known.
        self.read(used.reset)
            .await?
            .ok_or(LedgerError::Forgotten)
            .map(Some)
    }

    /// The record that came of the same delivery before. One that was refused is none: it consumed nothing, so the
    /// same may be asked again.
    pub(super) async fn known(&self, like: &Request) -> Result<Option<Record>, LedgerError> {
        Ok(self.last_of(like).await?.0)
    }

    /// The last record of the same delivery unless it was refused, and the version of the delivery's item.
    async fn last_of(&self, like: &Request) -> Result<(Option<Record>, u64), LedgerError> {
        let Some(item) = self.get(&items::delivery_key(like)).await? else {
            return Ok((None, 0));
        };
        let accepted: Accepted = decode(&item)?;
        let record = self.read(accepted.reset).await?;
        let good = record.filter(|record| !matches!(record.stage, Stage::Refused(_)));
        Ok((good, item.version))
    }

    /// Accepts a new record.
    ///
    /// # Errors
    /// [`LedgerError::Accepted`] if somebody else has accepted the same delivery.
    pub(super) async fn accept(&self, record: Record) -> Result<RecordLease, LedgerError> {
        let (known, version) = self.last_of(&record.request).await?;
        if known.is_some() {
            return Err(LedgerError::Accepted);
        }
        let seal = CommitId::of(&record);
        let delivery = seal.write(
            items::delivery_key(&record.request),
            version,
            encode(&Accepted { reset: record.id })?,
        );
        self.advance(seal, 0, record, vec![delivery])
            .await
            .map_err(|error| match error {
                LedgerError::Leased => LedgerError::Accepted,
                other => other,
            })
    }

    /// Takes up a record that is due, as it was found: what was judged is what is taken.
    ///
    /// # Errors
    /// [`LedgerError::Leased`] if it is not due, or if somebody else was first.
    pub(super) async fn take(
        &self,
        found: VersionedRecord,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<RecordLease, LedgerError> {
        let mut record = found.record.ok_or(LedgerError::Corrupt)?;
        if record.due_at() > now {
            return Err(LedgerError::Leased);
        }
        record.lease_until = lease_until;
        record.runs = record.runs.saturating_add(1);
        if let Stage::Claimed(reset) = &mut record.stage
            && reset.state() == State::Running
        {
            reset.resume();
        }
        let seal = CommitId::of(&record);
        self.advance(seal, found.version, record, Vec::new()).await
    }

    /// Records a change.
    ///
    /// # Errors
    /// [`LedgerError::Leased`] if somebody else has taken over: stop at once.
    pub(super) async fn save(
        &self,
        held: RecordLease,
        record: Record,
    ) -> Result<RecordLease, LedgerError> {
        self.advance(CommitId::of(&record), held.version, record, Vec::new())
            .await
    }

    /// Records a step of a reset.
    pub(super) async fn step(
        &self,
        lease: ResetLease,
        reset: Reset,
    ) -> Result<ResetLease, LedgerError> {
        let mut record = lease.record().clone();
        record.stage = Stage::Claimed(reset.clone());
        let held = self.save(lease.held, record).await?;
        Ok(ResetLease { held, reset })
    }

    /// Records the end of a reset and who has to be told of it, and frees the person for another.
    pub(super) async fn finish(
        &self,
        lease: ResetLease,
        reset: Reset,
        duties: Duties,
    ) -> Result<RecordLease, LedgerError> {
        let RecordLease {
            mut record,
            version,
        } = lease.held;
        let claim = reset.claim();
        let key = items::target_key(claim.tenant, claim.target);
        let target = self.get(&key).await?;
        let seal = CommitId::of(&record);
        let mut also = Vec::new();
        if let Some(target) = target {
            let occupied: Occupied = decode(&target)?;
            if occupied.reset == record.id {
                let cools = reset.state() == State::Completed && reset.removed_something();
                let freed = Occupied {
                    running: false,
                    removed_at: reset
                        .finished_at()
                        .filter(|_| cools)
                        .or(occupied.removed_at),
                    ..occupied
                };
                also.push(seal.write(key, target.version, encode(&freed)?));
            }
        }
        record.stage = Stage::Claimed(reset);
        record.duties = duties;
        self.advance(seal, version, *record, also).await
    }

    /// One commit of the record, over the version that it had, and what goes with it.
    async fn advance(
        &self,
        seal: CommitId,
        version: u64,
        record: Record,
        also: Vec<Write>,
    ) -> Result<RecordLease, LedgerError> {
        let mut writes = vec![seal.record(&record, version)?];
        writes.extend(also);
        let next = RecordLease {
            record: Box::new(record),
            version: version.saturating_add(1),
        };
        match self.store.commit(&writes).await {
            Ok(()) => Ok(next),
            Err(StoreError::Conflict(found)) => match found.into_iter().next().flatten() {
                Some(item) if seal.is_on(&item) => Ok(next),
                _ => Err(LedgerError::Leased),
            },
            Err(StoreError::Unavailable(why)) => self.unless_written(&seal, next, why).await,
        }
    }

    /// A commit whose answer was lost may have happened.
    async fn unless_written(
        &self,
        seal: &CommitId,
        next: RecordLease,
        why: String,
    ) -> Result<RecordLease, LedgerError> {
        match self.get(&items::reset_key(next.record.id)).await {
            Ok(Some(item)) if seal.is_on(&item) => Ok(next),
            _ => Err(LedgerError::Unavailable(why)),
        }
    }

    async fn get(&self, key: &Key) -> Result<Option<Item>, LedgerError> {
        self.store.get(key).await.map_err(|error| match error {
            StoreError::Unavailable(why) => LedgerError::Unavailable(why),
            StoreError::Conflict(_) => LedgerError::Corrupt,
        })
    }
}
