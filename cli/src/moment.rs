//! A time as an approver says it: RFC 3339, a time of the day, or how long ago.

use anyhow::{Context as _, ensure};
use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp, ToSpan as _, ZonedDateTime};

/// Reads `2026-11-24T09:00:00Z`, `02:40` in local time, today or else yesterday, or `10m` ago.
pub fn moment(text: &str) -> anyhow::Result<Timestamp> {
    at(text, &ZonedDateTime::now())
}

fn at(text: &str, now: &ZonedDateTime) -> anyhow::Result<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(ago) = text.parse::<SignedDuration>() {
        ensure!(
            ago.is_positive(),
            "this is in the future; write 10m for ten minutes ago"
        );
        let then = now.timestamp().checked_sub(ago);
        return then.context("this is too long ago");
    }
    let time = Time::strptime("%H:%M", text).ok();
    let time = time.context("write a time such as 02:40, 10m (ago) or 2026-11-24T09:00:00Z")?;
    let today = now.with().time(time).build()?;
    let last = if today <= *now {
        today
    } else {
        today.checked_sub(1.day())?
    };
    Ok(last.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::{Offset, TimeZone};

    #[test]
    fn a_time_is_rfc_3339_or_a_time_of_the_day_or_how_long_ago() {
        let now: Timestamp = "2026-11-24T00:10:00Z".parse().unwrap();
        // 02:10 there.
        let now = now.to_zoned_datetime(TimeZone::fixed(Offset::constant(2)));
        for (text, means) in [
            ("2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z"),
            ("2026-11-24T09:00:00+01:00", "2026-11-24T08:00:00Z"),
            ("02:10", "2026-11-24T00:10:00Z"),
            ("00:40", "2026-11-23T22:40:00Z"),
            ("02:40", "2026-11-23T00:40:00Z"),
            ("23:59", "2026-11-23T21:59:00Z"),
            ("10m", "2026-11-24T00:00:00Z"),
            ("1h", "2026-11-23T23:10:00Z"),
        ] {
            assert_eq!(at(text, &now).unwrap().to_string(), means, "{text}");
        }
        for wrong in [
            "",
            "now",
            "25:00",
            "2:4:1:1",
            "-10m",
            "10",
            "0s",
            "yesterday",
        ] {
            assert!(at(wrong, &now).is_err(), "{wrong}");
        }
    }
}
