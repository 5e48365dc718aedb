//! The freeze switch: one item, set by an operator, read inside every claim and before every resumption.

use super::items::{decode, encode};
use super::store::Ledger;
use crate::clock::Timestamp;
use crate::reset::model::{Freeze, FreezeChange, LedgerError};
use crate::reset::ports::{Condition, Key, Write};

pub fn key() -> Key {
    Key("freeze".to_owned())
}

/// The switch before and after a change; `None` if it was never set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchedTo {
    pub before: Option<Freeze>,
    pub after: Option<Freeze>,
}

/// The change of the switch is not known to be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    #[error("other operators set the freeze switch at the same time")]
    Overtaken,
    #[error("the freeze switch cannot be set: {0}")]
    Ledger(#[from] LedgerError),
}

/// How often to try while other operators set the switch at the same moment.
const MOST_TRIES: usize = 5;

impl Ledger {
    /// Changes what is frozen, and leaves the rest as it is.
    ///
    /// # Errors
    /// [`SwitchError::Ledger`] if the change may or may not be made.
    pub async fn change_freeze(
        &self,
        change: &FreezeChange,
        now: Timestamp,
    ) -> Result<SwitchedTo, SwitchError> {
        for _ in 0..MOST_TRIES {
            let (version, before) = self.switch().await?;
            if before.is_none() && matches!(change, FreezeChange::Thaw { .. }) {
                return Ok(SwitchedTo {
                    before: None,
                    after: None,
                });
            }
            let after = change.apply(before.as_ref(), now);
            if self.set_switch(version, &after).await? {
                let after = Some(after);
                return Ok(SwitchedTo { before, after });
            }
        }
        Err(SwitchError::Overtaken)
    }

    /// The switch as it is; `None` if it was never set.
    ///
    /// # Errors
    /// [`LedgerError`], which must never be taken for off.
    pub async fn freeze_switch(&self) -> Result<Option<Freeze>, LedgerError> {
        Ok(self.switch().await?.1)
    }

    /// Writes the switch over this version. False if another operator set it at the same moment.
    async fn set_switch(&self, version: u64, freeze: &Freeze) -> Result<bool, LedgerError> {
        // It must not be forgotten.
        let expires_at = Timestamp::MAX;
        let body = encode(freeze)?;
        let written = self.store.write_over(version, key(), body, expires_at);
        Ok(written.await?)
    }

    async fn switch(&self) -> Result<(u64, Option<Freeze>), LedgerError> {
        match self.get(&key()).await? {
            None => Ok((0, None)),
            Some(item) => Ok((item.version, Some(decode(&item)?))),
        }
    }
}

/// Holds if the switch was not touched since this version.
pub fn switch_stays(version: u64) -> Write {
    Write {
        key: key(),
        condition: Condition::at(version),
        item: None,
    }
}
