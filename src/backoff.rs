//! Pauses between tries: each twice as long as the one before, up to a limit.

use std::time::Duration;

/// Pauses between the tries of one thing.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    pub first: Duration,
    pub longest: Duration,
}

impl Backoff {
    /// The pause after the try of this number, counted from 0.
    pub fn pause(&self, nth: u32) -> Duration {
        let factor = 1_u32.checked_shl(nth).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pause_is_twice_the_last_until_the_longest() {
        let backoff = Backoff {
            first: Duration::from_secs(10),
            longest: Duration::from_secs(300),
        };
        let seconds: Vec<u64> = (0..7).map(|nth| backoff.pause(nth).as_secs()).collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(backoff.pause(u32::MAX).as_secs(), 300);
    }
}
