//! The freeze switch: one item, set by an operator, read inside every claim and before every resumption.

use uuid::Uuid;

use super::items::{at, decode, encode};
use super::store::Ledger;
use crate::clock::Timestamp;
use crate::reset::model::{Freeze, LedgerError};
use crate::reset::ports::{Item, Key, StoreError, Write};

fn key() -> Key {
    Key("freeze".to_owned())
}

/// Whether the switch was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switched {
    Set,
    /// Another operator set it at the same moment; nothing was written.
    Overtaken,
}

impl Ledger {
    /// The switch as it is; `None` if it was never set.
    ///
    /// # Errors
    /// [`LedgerError`], which must never be taken for off.
    pub async fn frozen(&self) -> Result<Option<Freeze>, LedgerError> {
        Ok(self.switch().await?.1)
    }

    /// Sets the switch, whatever it was.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] if it may or may not be set.
    pub async fn freeze(&self, freeze: &Freeze) -> Result<Switched, LedgerError> {
        let (version, _) = self.switch().await?;
        let write = Write {
            key: key(),
            condition: at(version),
            item: Some(Item {
                version: version.saturating_add(1),
                writer: Uuid::new_v4(),
                body: encode(freeze)?,
                // It must not be forgotten.
                expires_at: Timestamp::MAX,
            }),
        };
        match self.store.commit(&[write]).await {
            Ok(()) => Ok(Switched::Set),
            Err(StoreError::Conflict(_)) => Ok(Switched::Overtaken),
            Err(StoreError::Unavailable(why)) => Err(LedgerError::Unavailable(why)),
        }
    }

    pub(super) async fn switch(&self) -> Result<(u64, Option<Freeze>), LedgerError> {
        match self.get(&key()).await? {
            None => Ok((0, None)),
            Some(item) => Ok((item.version, Some(decode(&item)?))),
        }
    }

    /// Holds if the switch was not touched since this version.
    pub(super) fn switch_stays(version: u64) -> Write {
        Write {
            key: key(),
            condition: at(version),
            item: None,
        }
    }
}
