//! Time as tokens write it.

use serde::{Deserialize, Deserializer};
use serde_json::Number;

use crate::clock::Timestamp;

/// Up to here each whole number has a floating-point number of its own.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A NumericDate in whole seconds (RFC 7519, section 2), in any spelling of the number: some libraries write
/// `1790000000.0` or `1.79e9`. Fractions are refused rather than rounded, since rounding moves an expiry.
pub fn numeric_date<'de, D: Deserializer<'de>>(input: D) -> Result<Timestamp, D::Error> {
    let number = Number::deserialize(input)?;
    number
        .as_i64()
        .or_else(|| whole(number.as_f64()?))
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or_else(|| serde::de::Error::custom("no time in whole seconds"))
}

fn whole(seconds: f64) -> Option<i64> {
    (seconds.fract() == 0.0 && seconds.abs() <= LARGEST_EXACT).then_some(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[derive(Deserialize)]
    struct Dated(#[serde(deserialize_with = "numeric_date")] Timestamp);

    fn read(text: &str) -> Option<i64> {
        let Dated(at) = json::read(text.as_bytes()).ok()?;
        Some(at.as_second())
    }

    #[test]
    fn a_whole_number_of_seconds_counts_in_any_spelling_and_a_fraction_does_not() {
        for whole in [
            "1700000000",
            "1700000000.0",
            "1.7e9",
            "17E+8",
            "17000000000e-1",
        ] {
            assert_eq!(read(whole), Some(1_700_000_000), "{whole}");
        }
        assert_eq!(read("-0.0"), Some(0));
        for wrong in [
            "1700000000.5",
            "1700000000.000001",
            "1e300",
            "9223372036854775807",
            "9223372036854775808",
            "9007199254740993.0",
            "\"1700000000\"",
            "\"2026-11-24T12:00:00Z\"",
            "null",
            "true",
            "[1700000000]",
            "{\"seconds\": 1700000000}",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
