//! The ledger's reads and writes over a compare-and-swap [`Store`].

use std::sync::Arc;

use super::items::{
    self, ApprovalItem, CommitId, CounterItem, DeliveryItem, HeldTarget, decode, encode,
};
use super::lease::{RecordLease, ResetLease, WriteError};
use super::record::{Record, Stage};
use crate::approval::TokenId;
use crate::clock::Timestamp;
use crate::ids::{ObjectId, ResetId, TenantId};
use crate::reset::machine::Reset;
use crate::reset::model::{LedgerError, Request, State};
use crate::reset::ports::{Item, Key, Store, StoreError, Write};

/// How often the end of a reset is tried while the person's item is not as it was written.
const MOST_ENDS: usize = 3;

/// The records of all resets.
#[derive(Clone)]
pub struct Ledger {
    pub(super) store: Arc<dyn Store>,
}

/// What is stored under a reset's id, as it was read: for one look and, after that, one [`Ledger::take`].
#[derive(Debug)]
pub struct VersionedRecord {
    /// `None` if it was never accepted.
    pub record: Option<Record>,
    version: u64,
}

/// What became of the same delivery before.
pub struct Previous {
    /// `None` for a new delivery, and after a refusal: that consumed nothing, so the same may be asked again.
    pub record: Option<Record>,
    /// A refusal that the same delivery would only meet again.
    pub final_refusal: Option<Record>,
    /// When it came for the first time; `None` if this is the first time.
    first_at: Option<Timestamp>,
    /// The version of the delivery's item.
    version: u64,
}

impl Previous {
    /// Whether it was ever accepted.
    pub fn is_any(&self) -> bool {
        self.version > 0
    }

    /// The record that answers the delivery, if one does.
    pub fn take_answer(&mut self) -> Option<Record> {
        self.record.take().or(self.final_refusal.take())
    }
}

/// Whether a new record was accepted.
pub enum Acceptance {
    Accepted(RecordLease),
    /// The same delivery was accepted meanwhile.
    Duplicate,
}

/// What has become of an approval; `None` if nothing has.
pub type ApprovalUse = Option<Use>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// This reset has used it.
    By(ResetId),
    /// An approver has rejected it.
    Rejected,
}

/// When a person's methods were last removed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastReset {
    Never,
    /// A reset is under way.
    Running,
    At(Timestamp),
}

/// Whether an acceptance is blocked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    Blocked,
    /// The request was accepted meanwhile.
    AlreadyAccepted,
}

impl Ledger {
    pub fn new(store: Arc<dyn Store>) -> Ledger {
        Ledger { store }
    }

    /// What is stored under this id, and its version.
    pub(in crate::reset) async fn find(&self, id: ResetId) -> Result<VersionedRecord, LedgerError> {
        let item = self.get(&items::reset_key(id)).await?;
        Ok(VersionedRecord {
            record: item.as_ref().map(decode).transpose()?.flatten(),
            version: items::version(item.as_ref()),
        })
    }

    /// A record by its id.
    pub(in crate::reset) async fn read(&self, id: ResetId) -> Result<Option<Record>, LedgerError> {
        Ok(self.find(id).await?.record)
    }

    /// Blocks the acceptance of a request whose message has come already: the process that was about to accept it was
    /// frozen for longer than that took, and no other message would cause another run.
    pub(in crate::reset) async fn block_acceptance(
        &self,
        id: ResetId,
        now: Timestamp,
    ) -> Result<Block, LedgerError> {
        let tombstone = encode(&None::<Record>)?;
        let write = CommitId::of_tombstone(now).write(items::reset_key(id), 0, tombstone);
        match self.store.commit(&[write]).await {
            Ok(()) => Ok(Block::Blocked),
            Err(StoreError::Unavailable(why)) => Err(LedgerError::Unavailable(why)),
            Err(StoreError::Conflict(_)) => Ok(match self.read(id).await? {
                None => Block::Blocked,
                Some(_) => Block::AlreadyAccepted,
            }),
        }
    }

    /// What became of the same delivery before, and which resets have used these approvals, in their order. One read, if
    /// the delivery is new.
    pub(in crate::reset) async fn look_up(
        &self,
        request: &Request,
        approvals: &[TokenId],
    ) -> Result<(Previous, Vec<ApprovalUse>), LedgerError> {
        let mut keys = vec![items::delivery_key(request)];
        keys.extend(approvals.iter().map(items::approval_key));
        let mut found = self.get_all(&keys).await?.into_iter();
        let delivery = found.next().flatten();
        let uses = found.map(used_by).collect::<Result<_, _>>()?;
        Ok((self.previous(request, delivery).await?, uses))
    }

    /// Which resets have used these approvals, in their order.
    pub(in crate::reset) async fn approval_uses(
        &self,
        approvals: &[TokenId],
    ) -> Result<Vec<ApprovalUse>, LedgerError> {
        let keys: Vec<Key> = approvals.iter().map(items::approval_key).collect();
        let found = self.get_all(&keys).await?.into_iter();
        found.map(used_by).collect()
    }

    /// Rejects an approval, unless a reset has used it: the claim and this write the same item, and one of them is first.
    pub(in crate::reset) async fn reject(
        &self,
        approval: &TokenId,
        now: Timestamp,
    ) -> Result<Use, LedgerError> {
        let key = items::approval_key(approval);
        let rejected = encode(&ApprovalItem {
            reset: ResetId::random(),
            rejected: true,
        })?;
        let write = CommitId::of_tombstone(now).write(key.clone(), 0, rejected);
        match self.store.commit(&[write]).await {
            Ok(()) => Ok(Use::Rejected),
            Err(StoreError::Unavailable(why)) => Err(LedgerError::Unavailable(why)),
            Err(StoreError::Conflict(_)) => {
                let found = used_by(self.get(&key).await?)?;
                found.ok_or(LedgerError::Corrupt)
            }
        }
    }

    /// When a reset last removed something of this person, within 35 days.
    pub(in crate::reset) async fn last_reset(
        &self,
        tenant: TenantId,
        person: ObjectId,
    ) -> Result<LastReset, LedgerError> {
        let item = self.get(&items::target_key(tenant, person)).await?;
        Ok(match HeldTarget::of(item)? {
            None => LastReset::Never,
            Some(held) if held.item.running => LastReset::Running,
            Some(held) => held
                .item
                .last_removal()
                .map_or(LastReset::Never, LastReset::At),
        })
    }

    /// When this person was last reset to the end, which the cool-down begins with.
    pub(in crate::reset) async fn cooling_since(
        &self,
        tenant: TenantId,
        person: ObjectId,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let item = self.get(&items::target_key(tenant, person)).await?;
        Ok(HeldTarget::of(item)?.and_then(|held| held.item.removed_at))
    }

    /// How many claims this count has had since then.
    pub(in crate::reset) async fn counted(
        &self,
        name: &str,
        since: Timestamp,
    ) -> Result<usize, LedgerError> {
        let item = self.get(&items::count_key(name)).await?;
        let count: CounterItem = item.as_ref().map(decode).transpose()?.unwrap_or_default();
        Ok(count.since(since))
    }

    async fn previous(
        &self,
        request: &Request,
        delivery: Option<Item>,
    ) -> Result<Previous, LedgerError> {
        let Some(item) = delivery else {
            return Ok(Previous {
                record: None,
                final_refusal: None,
                first_at: None,
                version: 0,
            });
        };
        let accepted: DeliveryItem = decode(&item)?;
        let record = self.read(accepted.reset).await?;
        let received_at = record.as_ref().map(|record| record.request.received_at);
        let first_at = accepted.first_at.or(received_at);
        let (refused, record) = match record {
            Some(record) if matches!(record.stage, Stage::Refused(_)) => (Some(record), None),
            record => (None, record),
        };
        Ok(Previous {
            record,
            final_refusal: refused.filter(|refused| refused.is_refused_for_good(request, first_at)),
            first_at,
            version: item.version,
        })
    }

    /// Accepts a new record, if its delivery is still as it was read.
    pub(in crate::reset) async fn accept(
        &self,
        record: Record,
        previous: &Previous,
    ) -> Result<Acceptance, LedgerError> {
        let commit = CommitId::of(&record);
        let delivery = commit.write(
            items::delivery_key(&record.request),
            previous.version,
            encode(&DeliveryItem {
                reset: record.id,
                first_at: previous.first_at,
            })?,
        );
        match self.advance(commit, 0, record, vec![delivery]).await {
            Ok(lease) => Ok(Acceptance::Accepted(lease)),
            Err(WriteError::LeaseLost) => Ok(Acceptance::Duplicate),
            Err(WriteError::Ledger(error)) => Err(error),
        }
    }

    /// Takes a record that is due, as it was found: what was judged is what is taken. `None` if it is not due, or
    /// another run was first.
    pub(in crate::reset) async fn take(
        &self,
        found: VersionedRecord,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<RecordLease>, LedgerError> {
        let mut record = found.record.ok_or(LedgerError::Corrupt)?;
        if record.due_at() > now {
            return Ok(None);
        }
        record.lease_until = lease_until;
        record.runs = record.runs.saturating_add(1);
        if let Stage::Claimed(reset) = &mut record.stage
            && reset.state() == State::Running
        {
            reset.resume();
        }
        let commit = CommitId::of(&record);
        match self
            .advance(commit, found.version, record, Vec::new())
            .await
        {
            Ok(lease) => Ok(Some(lease)),
            Err(WriteError::LeaseLost) => Ok(None),
            Err(WriteError::Ledger(error)) => Err(error),
        }
    }

    /// Writes a change of the record.
    pub(in crate::reset) async fn save(
        &self,
        lease: RecordLease,
        record: Record,
    ) -> Result<RecordLease, WriteError> {
        let commit = CommitId::of(&record);
        self.advance(commit, lease.version, record, Vec::new())
            .await
    }

    /// Writes a step of a reset.
    pub(in crate::reset) async fn step(
        &self,
        lease: ResetLease,
        reset: Reset,
    ) -> Result<ResetLease, WriteError> {
        let mut record = lease.record().clone();
        record.stage = Stage::Claimed(reset.clone());
        let target = lease.target;
        let lease = self.save(lease.lease, record).await?;
        Ok(ResetLease {
            lease,
            reset,
            target,
        })
    }

    /// Writes the record of a reset that is over, and frees the person for another. The person's item is written over
    /// the version that the claim gave it, or over what is found instead.
    pub(in crate::reset) async fn finish(
        &self,
        lease: ResetLease,
        mut record: Record,
        reset: Reset,
    ) -> Result<RecordLease, WriteError> {
        let claim = reset.claim();
        let key = items::target_key(claim.tenant, claim.target);
        let mut held = match lease.target {
            Some(written) => Some(written),
            None => HeldTarget::of(self.get(&key).await?)?,
        };
        let version = lease.lease.version;
        let commit = CommitId::of(&record);
        record.stage = Stage::Claimed(reset.clone());
        for _ in 0..MOST_ENDS {
            let mut writes = vec![commit.record(&record, version)?];
            if let Some(held) = held.as_ref().filter(|held| held.item.reset == record.id) {
                let freed = encode(&held.freed(&reset))?;
                writes.push(commit.write(key.clone(), held.version, freed));
            }
            match self.store.commit(&writes).await {
                // The record is as it was, so the person's item is what has changed.
                Err(StoreError::Conflict(found)) if found.first().is_some_and(Option::is_none) => {
                    let item = match found.into_iter().nth(1).flatten() {
                        Some(item) => Some(item),
                        None => self.get(&key).await?,
                    };
                    held = HeldTarget::of(item)?;
                }
                committed => return self.committed(committed, &commit, version, record).await,
            }
        }
        Err(LedgerError::Unavailable("the person's item changes too often".to_owned()).into())
    }

    /// One commit of the record, over the version that it had, and of what goes with it.
    async fn advance(
        &self,
        commit: CommitId,
        version: u64,
        record: Record,
        also: Vec<Write>,
    ) -> Result<RecordLease, WriteError> {
        let mut writes = vec![commit.record(&record, version)?];
        writes.extend(also);
        let committed = self.store.commit(&writes).await;
        self.committed(committed, &commit, version, record).await
    }

    /// What came of a commit of the record over this version.
    async fn committed(
        &self,
        committed: Result<(), StoreError>,
        commit: &CommitId,
        version: u64,
        record: Record,
    ) -> Result<RecordLease, WriteError> {
        let next = RecordLease {
            record: Box::new(record),
            version: version.saturating_add(1),
        };
        match committed {
            Ok(()) => Ok(next),
            Err(StoreError::Conflict(found)) => match found.into_iter().next().flatten() {
                Some(item) if commit.is_on(&item) => Ok(next),
                _ => Err(WriteError::LeaseLost),
            },
            Err(StoreError::Unavailable(why)) => Ok(self.unless_written(commit, next, why).await?),
        }
    }

    /// A commit whose answer was lost may have happened.
    pub(super) async fn unless_written(
        &self,
        commit: &CommitId,
        next: RecordLease,
        why: String,
    ) -> Result<RecordLease, LedgerError> {
        match self.get(&items::reset_key(next.record.id)).await {
            Ok(Some(item)) if commit.is_on(&item) => Ok(next),
            _ => Err(LedgerError::Unavailable(why)),
        }
    }

    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, LedgerError> {
        Ok(self.store.get(key).await?)
    }

    /// The items of these keys, in their order.
    pub(super) async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, LedgerError> {
        let found = self.store.get_all(keys).await?;
        // An item that is not among them must not be taken for one that is absent.
        if found.len() == keys.len() {
            Ok(found)
        } else {
            Err(LedgerError::Corrupt)
        }
    }
}

fn used_by(item: Option<Item>) -> Result<ApprovalUse, LedgerError> {
    let item: Option<ApprovalItem> = item.as_ref().map(decode).transpose()?;
    Ok(item.map(|item| match item.rejected {
        true => Use::Rejected,
        false => Use::By(item.reset),
    }))
}
