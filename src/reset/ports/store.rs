//! The store: compare and swap, all or nothing.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::reset::model::LedgerError;

/// A compare-and-swap store that knows nothing of resets.
#[async_trait]
pub trait Store: Send + Sync {
    /// The item, strongly consistent.
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError>;
    /// The items, in the order of their keys, each strongly consistent. Others may write between two of them. A store that
    /// can does it in one round trip.
    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let mut items = Vec::new();
        for key in keys {
            items.push(self.get(key).await?);
        }
        Ok(items)
    }
    /// All of the writes or none of them.
    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError>;
    /// Writes one item over this version, 0 if there is none yet; one's own write whose answer was lost counts. False if
    /// another writer was first.
    async fn write_over(
        &self,
        version: u64,
        key: Key,
        body: String,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let writer = uuid::Uuid::new_v4();
        let is_ours = |found: Option<&Item>| found.is_some_and(|item| item.writer == writer);
        let write = Write {
            key: key.clone(),
            condition: Condition::at(version),
            item: Some(Item {
                version: version.saturating_add(1),
                writer,
                body,
                expires_at,
            }),
        };
        match self.commit(&[write]).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict(found)) => Ok(is_ours(found.first().and_then(Option::as_ref))),
            // What is there decides.
            Err(StoreError::Unavailable(why)) => match self.get(&key).await {
                Ok(found) if is_ours(found.as_ref()) => Ok(true),
                _ => Err(StoreError::Unavailable(why)),
            },
        }
    }
}

/// Where an item is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub String);

/// What is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Counts the writes of this key.
    pub version: u64,
    /// Who wrote it: tells one's own write, whose answer was lost, from another's.
    pub writer: uuid::Uuid,
    /// JSON.
    pub body: String,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// One write of a commit.
#[derive(Debug, Clone)]
pub struct Write {
    /// Where.
    pub key: Key,
    /// On which condition.
    pub condition: Condition,
    /// What; nothing if the condition alone is to hold.
    pub item: Option<Item>,
}

/// The condition of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// There is nothing yet.
    Absent,
    /// What is there has this version.
    Version(u64),
}

impl Condition {
    /// What is there has this version; 0 is that there is nothing yet.
    pub fn at(version: u64) -> Condition {
        match version {
            0 => Condition::Absent,
            version => Condition::Version(version),
        }
    }
}

/// The store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A condition did not hold; what was there instead, in the order of the writes.
    #[error("a condition did not hold")]
    Conflict(Vec<Option<Item>>),
    /// No answer, or not a good one. A commit may have happened.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> LedgerError {
        match error {
            StoreError::Unavailable(why) => LedgerError::Unavailable(why),
            StoreError::Conflict(_) => LedgerError::Corrupt,
        }
    }
}
