//! Claims, leases and records over a compare-and-swap [`Store`].
//!
//! | key | holds | written |
//! |---|---|---|
//! | `reset#ID` | the reset | by the claim, then by whoever has the lease |
//! | `approval#ISS#JTI` | which reset used it | by the claim, once |
//! | `target#TENANT#OBJECT-ID` | which reset has the person, and whether it goes on | by claim and end |
//!
//! A claim writes all of them in one commit, or nothing.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ports::{Condition, Item, Key, Store, StoreError, Write};
use super::state::{Claim, Reset, State};
use crate::approval::TokenId;
use crate::clock::{self, Timestamp};
use crate::ids::{ObjectId, ResetId, TenantId};

/// How long records are kept: longer than any sender repeats a delivery, and long enough to ask questions.
const RETENTION: Duration = Duration::from_secs(35 * 24 * 60 * 60);

/// The records of all resets.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
}

/// The right to act on one reset: made only by claiming or resuming. Every write uses it up and gives the
/// next one, so whoever was overtaken cannot write.
///
/// ```compile_fail
/// fn forge(reset: reregister_mfa::reset::Reset) -> reregister_mfa::reset::Lease {
///     reregister_mfa::reset::Lease { reset, version: 1, writer: uuid::Uuid::nil() }
/// }
/// ```
#[derive(Debug)]
pub struct Lease {
    reset: Reset,
    version: u64,
    writer: Uuid,
}

impl Lease {
    /// The reset, as it is stored.
    pub fn reset(&self) -> &Reset {
        &self.reset
    }
}

/// A claim that succeeded.
#[derive(Debug)]
pub(super) struct Claimed {
    /// The right to act.
    pub lease: Lease,
    /// The abandoned reset of the same person that had to be ended for it.
    pub ended: Option<Reset>,
}

/// The ledger did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// One of the approvals is claimed already.
    #[error("an approval was claimed by another reset meanwhile")]
    Claimed,
    /// Another reset of the same person goes on.
    #[error("another reset of this person goes on")]
    Busy,
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

#[derive(Serialize, Deserialize)]
struct Used {
    reset: ResetId,
}

#[derive(Serialize, Deserialize)]
struct Occupied {
    reset: ResetId,
    running: bool,
}

impl Ledger {
    /// Over this store.
    pub fn new(store: Arc<dyn Store>) -> Ledger {
        Ledger { store }
    }

    /// The reset that used this approval, if it has been used.
    pub async fn used_by(&self, approval: &TokenId) -> Result<Option<Reset>, LedgerError> {
        let Some(item) = self.get(&approval_key(approval)).await? else {
            return Ok(None);
        };
        let used: Used = decode(&item)?;
        // DynamoDB forgets items one by one, after weeks: that it was used is still known.
        self.read(used.reset)
            .await?
            .ok_or(LedgerError::Forgotten)
            .map(Some)
    }

    /// A reset by its name.
    pub async fn read(&self, id: ResetId) -> Result<Option<Reset>, LedgerError> {
        self.get(&reset_key(id))
            .await?
            .map(|item| reset(&item))
            .transpose()
    }

    /// Claims the approvals and the person for this reset, all or nothing.
    ///
    /// # Errors
    /// [`LedgerError::Claimed`] or [`LedgerError::Busy`] if another was first.
    pub(super) async fn claim(&self, reset: Reset) -> Result<Claimed, LedgerError> {
        let claim = reset.claim();
        let target_key = target_key(claim.tenant, claim.target);
        let target = self.get(&target_key).await?;
        let abandoned = match &target {
            Some(item) => self.abandoned_by(&decode(item)?, claim.claimed_at).await?,
            None => None,
        };
        let writer = Uuid::new_v4();
        let seal = Seal::of(writer, claim);
        let mut writes = vec![
            seal.reset(&reset, 0)?,
            seal.write(
                target_key,
                target.map_or(0, |item| item.version),
                encode(&Occupied {
                    reset: claim.id,
                    running: true,
                })?,
            ),
        ];
        for approval in &claim.approvals {
            writes.push(seal.write(
                approval_key(&approval.id),
                0,
                encode(&Used { reset: claim.id })?,
            ));
        }
        if let Some((old, version)) = &abandoned {
            writes.push(seal.reset(old, *version)?);
        }
        let key = reset_key(claim.id);
        let claimed = |reset| Claimed {
            lease: Lease {
                reset,
                version: 1,
                writer,
            },
            ended: abandoned.map(|(old, _)| old),
        };
        match self.store.commit(&writes).await {
            Ok(()) => Ok(claimed(reset)),
            Err(StoreError::Conflict(found)) => {
                let mut found = found.into_iter();
                match (found.next().flatten(), found.next().flatten()) {
                    // Our own write, whose answer was lost and which was then sent again.
                    (Some(item), _) if item.writer == writer => Ok(claimed(reset)),
                    _ if found.flatten().next().is_some() => Err(LedgerError::Claimed),
                    _ => Err(LedgerError::Busy),
                }
            }
            // It may have happened.
            Err(StoreError::Unavailable(why)) => match self.get(&key).await {
                Ok(Some(item)) if item.writer == writer => Ok(claimed(reset)),
                _ => Err(LedgerError::Unavailable(why)),
            },
        }
    }

    /// The reset that has the person, ended, if whoever worked on it is gone; nothing if it is over anyway.
    /// A person must not stay locked because a process died and nobody sent its delivery again.
    async fn abandoned_by(
        &self,
        occupied: &Occupied,
        now: Timestamp,
    ) -> Result<Option<(Reset, u64)>, LedgerError> {
        if !occupied.running {
            return Ok(None);
        }
        let Some(item) = self.get(&reset_key(occupied.reset)).await? else {
            return Ok(None);
        };
        let mut old = reset(&item)?;
        if old.state() != State::Running {
            return Ok(None);
        }
        if old.lease_until() > now {
            return Err(LedgerError::Busy);
        }
        old.close(now);
        Ok(Some((old, item.version)))
    }

    /// Takes over a reset whose lease has run out.
    ///
    /// # Errors
    /// [`LedgerError::Leased`] while somebody has it, or if somebody else was first.
    pub(super) async fn resume(
        &self,
        id: ResetId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Lease, LedgerError> {
        let item = self
            .get(&reset_key(id))
            .await?
            .ok_or(LedgerError::Corrupt)?;
        let mut reset = reset(&item)?;
        if reset.state() != State::Running || reset.lease_until() > now {
            return Err(LedgerError::Leased);
        }
        reset.resume(lease_until);
        let lease = Lease {
            reset: reset.clone(),
            version: item.version,
            writer: Uuid::new_v4(),
        };
        self.save(lease, reset).await
    }

    /// Records a step.
    ///
    /// # Errors
    /// [`LedgerError::Leased`] if somebody else has taken over: stop at once.
    pub(super) async fn save(&self, lease: Lease, reset: Reset) -> Result<Lease, LedgerError> {
        let write = Seal::of(lease.writer, reset.claim()).reset(&reset, lease.version)?;
        self.advance(lease, reset, vec![write]).await
    }

    /// Records the end, and frees the person for another reset.
    pub(super) async fn finish(&self, lease: Lease, reset: Reset) -> Result<Lease, LedgerError> {
        let claim = reset.claim();
        let seal = Seal::of(lease.writer, claim);
        let target_key = target_key(claim.tenant, claim.target);
        let target = self.get(&target_key).await?;
        let mut writes = vec![seal.reset(&reset, lease.version)?];
        if let Some(target) = target
            && decode::<Occupied>(&target)?.reset == claim.id
        {
            writes.push(seal.write(
                target_key,
                target.version,
                encode(&Occupied {
                    reset: claim.id,
                    running: false,
                })?,
            ));
        }
        self.advance(lease, reset, writes).await
    }

    async fn advance(
        &self,
        lease: Lease,
        reset: Reset,
        writes: Vec<Write>,
    ) -> Result<Lease, LedgerError> {
        let next = Lease {
            reset,
            version: lease.version.saturating_add(1),
            writer: lease.writer,
        };
        let ours = |item: &Item| item.writer == next.writer && item.version == next.version;
        match self.store.commit(&writes).await {
            Ok(()) => Ok(next),
            Err(StoreError::Conflict(found)) => match found.into_iter().next().flatten() {
                Some(item) if ours(&item) => Ok(next),
                _ => Err(LedgerError::Leased),
            },
            // It may have happened.
            Err(StoreError::Unavailable(why)) => {
                match self.get(&reset_key(next.reset.id())).await {
                    Ok(Some(item)) if ours(&item) => Ok(next),
                    _ => Err(LedgerError::Unavailable(why)),
                }
            }
        }
    }

    async fn get(&self, key: &Key) -> Result<Option<Item>, LedgerError> {
        self.store.get(key).await.map_err(|error| match error {
            StoreError::Unavailable(why) => LedgerError::Unavailable(why),
            StoreError::Conflict(_) => LedgerError::Corrupt,
        })
    }
}

/// What all writes of one commit have in common.
struct Seal {
    writer: Uuid,
    expires_at: Timestamp,
}

impl Seal {
    fn of(writer: Uuid, claim: &Claim) -> Seal {
        Seal {
            writer,
            expires_at: clock::after(claim.claimed_at, RETENTION),
        }
    }

    fn reset(&self, reset: &Reset, over: u64) -> Result<Write, LedgerError> {
        let body = reset.encode().map_err(|_| LedgerError::Corrupt)?;
        Ok(self.write(reset_key(reset.id()), over, body))
    }

    /// Over version `over`; 0 is nothing yet.
    fn write(&self, key: Key, over: u64, body: String) -> Write {
        Write {
            key,
            condition: if over == 0 {
                Condition::Absent
            } else {
                Condition::Version(over)
            },
            item: Item {
                version: over.saturating_add(1),
                writer: self.writer,
                body,
                expires_at: self.expires_at,
            },
        }
    }
}

fn reset_key(id: ResetId) -> Key {
    Key(format!("reset#{id}"))
}

/// Unambiguous, since a jti holds no `#`.
fn approval_key(id: &TokenId) -> Key {
    Key(format!("approval#{}#{}", id.iss, id.jti))
}

fn target_key(tenant: TenantId, target: ObjectId) -> Key {
    Key(format!("target#{tenant}#{target}"))
}

fn reset(item: &Item) -> Result<Reset, LedgerError> {
    Reset::decode(&item.body).map_err(|_| LedgerError::Corrupt)
}

fn encode(value: &impl Serialize) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|_| LedgerError::Corrupt)
}

fn decode<T: for<'de> Deserialize<'de>>(item: &Item) -> Result<T, LedgerError> {
    serde_json::from_str(&item.body).map_err(|_| LedgerError::Corrupt)
}
