//! Lengths of time as policy.toml writes them.

use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;

/// Reads a length of time such as `15s` or `60m`.
pub fn positive<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    Duration::try_from(SignedDuration::deserialize(input)?)
        .map_err(|_| serde::de::Error::custom("a length of time cannot be negative"))
}
