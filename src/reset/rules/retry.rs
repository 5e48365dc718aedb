//! For how long a request is retried, and when. (Which refusals wait is in the table of `model/code`, column retry.)

use std::time::Duration;

use crate::backoff::Backoff;

/// A request is retried for this long after it arrived, a notification for this long after the reset ended. Then a person
/// has to act.
/// Texts that say "two hours" mean this.
pub const RETRY_WINDOW: Duration = Duration::from_secs(2 * 60 * 60);

/// How much longer than the time for the work a lease lives: for the writes that record the end, and for clocks that
/// differ. What is under way in Graph ends with the time for the work.
pub const LEASE_MARGIN: Duration = Duration::from_secs(20);

/// What must be left of a run for a claim to be worth it.
pub const WORTH_STARTING: Duration = Duration::from_secs(6);

/// What must be left of the time for a call to a ticket system to be worth it.
pub const WORTH_CALLING: Duration = Duration::from_secs(1);

/// How soon to look again at what has just changed under another run.
pub const SOON: Duration = Duration::from_secs(5);

/// How long after the end of the first run the next one is due.
const FIRST: Duration = Duration::from_secs(1);

/// The pauses between later runs.
const LATER: Backoff = Backoff {
    first: Duration::from_secs(10),
    longest: Duration::from_secs(5 * 60),
};

/// The longest pause that a peer may ask for: a message cannot be delayed for longer, and a run that comes too early
/// only asks again.
const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

/// How long until the next run, after this many: as long as a peer asked for, but not less than the pause of this
/// program.
pub fn pause(asked: Option<Duration>, runs: u32) -> Duration {
    let ours = match runs {
        0 | 1 => FIRST,
        more => LATER.pause(more.saturating_sub(2)),
    };
    asked.map_or(ours, |asked| asked.min(LONGEST_ASKED).max(ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_what_was_asked_for_but_not_less_than_ours_nor_more_than_a_quarter_of_an_hour() {
        let seconds = Duration::from_secs;
        for (asked, runs, expected) in [
            (None, 0, 1),
            (None, 1, 1),
            (None, 2, 10),
            (None, 3, 20),
            (None, u32::MAX, 300),
            (Some(0), 1, 1),
            (Some(9), 2, 10),
            (Some(11), 2, 11),
            (Some(15 * 60), 1, 15 * 60),
            (Some(15 * 60 + 1), 1, 15 * 60),
            (Some(u64::MAX), 1, 15 * 60),
        ] {
            assert_eq!(
                pause(asked.map(seconds), runs),
                seconds(expected),
                "{asked:?} after {runs} runs"
            );
        }
    }
}
