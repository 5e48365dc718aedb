//! Where a reset stands.

use serde::{Deserialize, Serialize};

/// Where a reset stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// Accepted, and nothing is changed yet.
    Waiting,
    /// Claimed, and not done.
    Running,
    /// Everything that was approved has been done and confirmed.
    Completed,
    /// Part of it could not be done or confirmed: an administrator has to look.
    NeedsHuman,
    /// Not done, and nothing was changed.
    Refused,
}

impl State {
    /// As programs write it: `needs_human`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
