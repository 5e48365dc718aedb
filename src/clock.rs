//! Time, passed in so that no test waits.
//!
//! Wall time throughout: a frozen Lambda environment may not advance a monotonic clock. Sleeping goes
//! through the clock as well, because paused tokio time and real sockets do not mix.

use std::time::Duration;

use async_trait::async_trait;
pub use jiff::Timestamp;

/// What time it is, and waiting.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, on the wall.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, time: Duration);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// `at` and `time` later; the end of time instead of an overflow.
pub fn after(at: Timestamp, time: Duration) -> Timestamp {
    at.saturating_add(time).unwrap_or(Timestamp::MAX)
}

/// `at` and `time` earlier; the beginning of time instead of an overflow.
pub fn before(at: Timestamp, time: Duration) -> Timestamp {
    at.saturating_sub(time).unwrap_or(Timestamp::MIN)
}

/// How long from `start` to `end`; nothing if `end` came first.
pub fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or(Duration::ZERO)
}
