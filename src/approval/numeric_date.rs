//! Time as tokens write it.

use serde::{Deserialize, Deserializer};

use crate::clock::Timestamp;

/// A NumericDate in whole seconds (RFC 7519, section 2). Fractions are refused rather than rounded, since
/// rounding moves an expiry.
pub fn numeric_date<'de, D: Deserializer<'de>>(input: D) -> Result<Timestamp, D::Error> {
    Timestamp::from_second(i64::deserialize(input)?)
        .map_err(|_| serde::de::Error::custom("out of range"))
}
