//! The freeze switch: one item, set by an operator, read inside every claim and before whatever goes on.

use uuid::Uuid;

use super::items::{at, decode, encode};
use super::{Ledger, LedgerError};
use crate::clock::Timestamp;
use crate::reset::ports::{Item, Key, StoreError, Write};
use crate::reset::rules::bounds::Freeze;

fn key() -> Key {
    Key("freeze".to_owned())
}

impl Ledger {
    /// The switch as it is; nothing if it was never set.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`], and nobody may take it for off.
    pub async fn frozen(&self) -> Result<Option<Freeze>, LedgerError> {
        Ok(self.switch().await?.1)
    }

    /// Sets the switch, whoever set it before.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] if it may not be set; [`LedgerError::Leased`] if somebody else sets it just now.
    pub async fn freeze(&self, freeze: &Freeze) -> Result<(), LedgerError> {
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
            Ok(()) => Ok(()),
            Err(StoreError::Conflict(_)) => Err(LedgerError::Leased),
            Err(StoreError::Unavailable(why)) => Err(LedgerError::Unavailable(why)),
        }
    }

    pub(super) async fn switch(&self) -> Result<(u64, Option<Freeze>), LedgerError> {
        match self.get(&key()).await? {
            None => Ok((0, None)),
            Some(item) => Ok((item.version, Some(decode(&item)?))),
        }
    }

    /// Holds if nobody has touched the switch since this version.
    pub(super) fn switch_stays(version: u64) -> Write {
        Write {
            key: key(),
            condition: at(version),
            item: None,
        }
    }
}
