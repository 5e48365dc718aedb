//! The ledger's items: their keys, what is in them, and how they are written.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::record::Record;
use crate::approval::TokenId;
use crate::clock::{self, Timestamp};
use crate::ids::{Digest, ObjectId, ResetId, TenantId};
use crate::reset::machine::Reset;
use crate::reset::model::{LedgerError, Request, State};
use crate::reset::ports::{Condition, Item, Key, Write};

/// How long records are kept: longer than any sender repeats a delivery, and long enough to ask questions.
pub const RETENTION: Duration = Duration::from_secs(35 * 24 * 60 * 60);

/// How long a tombstone is kept: longer than a process that was about to accept the request can be frozen.
const TOMBSTONE_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Serialize, Deserialize)]
pub struct DeliveryItem {
    pub reset: ResetId,
    /// When the delivery came for the first time, once it has come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub struct ApprovalItem {
    /// Which has used it. Of one that was rejected there is no such reset: an earlier version refuses it as used.
    pub reset: ResetId,
    /// That an approver has rejected it before a reset used it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rejected: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TargetItem {
    pub reset: ResetId,
    pub running: bool,
    /// When a reset that removed something was completed. Null if none was. It is never left out: without it, the
    /// cool-down would be over.
    #[serde(deserialize_with = "Option::deserialize")]
    pub removed_at: Option<Timestamp>,
    /// When a reset that removed something ended otherwise. The cool-down does not count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
}

impl TargetItem {
    /// When a reset last removed something, however it ended.
    pub fn last_removal(&self) -> Option<Timestamp> {
        self.removed_at.max(self.stopped_at)
    }
}

/// A target's item, with its version.
#[derive(Debug)]
pub struct HeldTarget {
    pub version: u64,
    pub item: TargetItem,
}

impl HeldTarget {
    /// The item as it was read; `None` if there is none.
    pub fn of(item: Option<Item>) -> Result<Option<HeldTarget>, LedgerError> {
        item.map(|found| {
            Ok(HeldTarget {
                version: found.version,
                item: decode(&found)?,
            })
        })
        .transpose()
    }

    /// The item after the end of the reset that has the person.
    pub fn freed(&self, reset: &Reset) -> TargetItem {
        let cools = reset.state() == State::Completed && reset.may_have_removed_something();
        let removed_at = reset.finished_at().filter(|_| cools);
        let stopped = !cools && reset.may_have_removed_something();
        TargetItem {
            running: false,
            removed_at: removed_at.or(self.item.removed_at),
            stopped_at: reset
                .finished_at()
                .filter(|_| stopped)
                .or(self.item.stopped_at),
            reset: self.item.reset,
        }
    }
}

/// The claims that are counted still.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct CounterItem {
    pub at: Vec<Timestamp>,
}

/// How often a passkey has signed, so that a copy of it shows. Only of one that counts.
#[derive(Serialize, Deserialize)]
pub struct PasskeyItem {
    pub sign_count: u32,
}

pub fn passkey_key(credential: &Digest) -> Key {
    Key(format!("passkey#{credential}"))
}

pub fn reset_key(id: ResetId) -> Key {
    Key(format!("reset#{id}"))
}

/// Unambiguous, since neither a source nor a digest holds a `#`, and no source has an empty name.
pub fn delivery_key(request: &Request) -> Key {
    let source = request.source.as_ref().map_or("", AsRef::as_ref);
    Key(format!("delivery#{source}#{}", request.digest))
}

/// Unambiguous, since a jti holds no `#`.
pub fn approval_key(id: &TokenId) -> Key {
    Key(format!("approval#{}#{}", id.iss, id.jti))
}

pub fn target_key(tenant: TenantId, target: ObjectId) -> Key {
    Key(format!("target#{tenant}#{target}"))
}

pub fn count_key(name: &str) -> Key {
    Key(format!("count#{name}"))
}

/// The id that all writes of one commit carry, and no other commit: a commit that is sent again because its answer was
/// lost finds its own id on the items.
pub struct CommitId {
    writer: Uuid,
    expires_at: Timestamp,
}

impl CommitId {
    /// For a commit about this record.
    pub fn of(record: &Record) -> CommitId {
        CommitId {
            writer: Uuid::new_v4(),
            expires_at: clock::after(record.request.received_at, RETENTION),
        }
    }

    /// For a commit that blocks an acceptance.
    pub fn of_tombstone(now: Timestamp) -> CommitId {
        CommitId {
            writer: Uuid::new_v4(),
            expires_at: clock::after(now, TOMBSTONE_RETENTION),
        }
    }

    /// Whether this item was written by this very commit.
    pub fn is_on(&self, item: &Item) -> bool {
        item.writer == self.writer
    }

    pub fn record(&self, record: &Record, over: u64) -> Result<Write, LedgerError> {
        Ok(self.write(reset_key(record.id), over, encode(record)?))
    }

    /// Over version `over`; 0 is an item that is absent.
    pub fn write(&self, key: Key, over: u64, body: String) -> Write {
        Write {
            key,
            condition: Condition::at(over),
            item: Some(Item {
                version: over.saturating_add(1),
                writer: self.writer,
                body,
                expires_at: self.expires_at,
            }),
        }
    }
}

/// The version of the item; 0 if it is absent.
pub fn version(item: Option<&Item>) -> u64 {
    item.map_or(0, |item| item.version)
}

impl CounterItem {
    pub fn forget_before(&mut self, oldest: Timestamp) {
        self.at.retain(|at| *at > oldest);
    }

    /// How many there were after this.
    pub fn since(&self, oldest: Timestamp) -> usize {
        self.at.iter().filter(|at| **at > oldest).count()
    }
}

pub fn encode(value: &impl Serialize) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|_| LedgerError::Corrupt)
}

pub fn decode<T: for<'de> Deserialize<'de>>(item: &Item) -> Result<T, LedgerError> {
    serde_json::from_str(&item.body).map_err(|_| LedgerError::Corrupt)
}
