//! How long there is for an answer.

use std::time::Duration;

use crate::clock::{self, Timestamp};

/// When the platform will end the process, if it said so.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Timestamp);

/// The longest that Lambda lets a function run.
const LONGEST_INVOCATION: Duration = Duration::from_secs(15 * 60);

/// What is left for the write that is under way when the time for the work is over, for the one that lets go of the
/// record, and for answering.
const MARGIN: Duration = Duration::from_secs(10);

impl Deadline {
    /// When work has to be over: after `budget`, or before the platform's deadline if that is sooner. Emulators
    /// say 1970 or next century; a deadline is believed only from now to 15 minutes from now.
    pub fn within(platform: Option<Deadline>, budget: Duration, now: Timestamp) -> Timestamp {
        let wanted = clock::after(now, budget);
        match platform {
            Some(Deadline(at)) if at > now && at <= clock::after(now, LONGEST_INVOCATION) => {
                wanted.min(clock::before(at, MARGIN))
            }
            _ => wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_believed_only_if_it_is_one_that_lambda_could_set() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let budget = Duration::from_secs(20);
        let until = |platform: &str| {
            let platform = Deadline(platform.parse().unwrap());
            clock::between(now, Deadline::within(Some(platform), budget, now)).as_secs()
        };
        assert_eq!(until("2026-11-24T12:00:16Z"), 6);
        assert_eq!(until("2026-11-24T12:10:00Z"), 20);
        assert_eq!(until("1970-01-01T00:10:00Z"), 20);
        assert_eq!(until("2072-01-01T00:00:00Z"), 20);
        assert_eq!(
            clock::between(now, Deadline::within(None, budget, now)).as_secs(),
            20
        );
    }
}
