//! Why a person needs to register again, as far as it matters for what counts.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// Why the person needs to register again.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// The device is gone.
    Lost,
    /// Another person has the device.
    Stolen,
    /// There is a new device.
    Replaced,
    /// The device does not work.
    Broken,
    /// None of these.
    Other,
}

impl Reason {
    /// Whether another person may hold the device.
    pub fn out_of_hand(self) -> bool {
        matches!(self, Reason::Lost | Reason::Stolen)
    }
}
