//! Time that passes only when everything waits for it. (tokio has such a clock. Its feature would have every dependency
//! built twice, once for the tests and once for the program.)

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The time since the beginning, and who waits until when.
#[derive(Default)]
pub struct VirtualTime {
    now: Mutex<Duration>,
    sleepers: Mutex<Vec<(Duration, Waker)>>,
}

impl VirtualTime {
    pub fn now(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    pub async fn sleep(&self, time: Duration) {
        let end = self.now() + time;
        poll_fn(|context| {
            if self.now() >= end {
                return Poll::Ready(());
            }
            let sleeper = (end, context.waker().clone());
            self.sleepers.lock().unwrap().push(sleeper);
            Poll::Pending
        })
        .await;
    }

    /// Lets time pass, for none who waits.
    pub fn pass(&self, time: Duration) {
        *self.now.lock().unwrap() += time;
    }

    /// Runs something to its end; `None` if it waits for what never comes.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        // The core asks tokio for its timers; nothing here waits for them.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _entered = runtime.enter();
        let mut work = pin!(work);
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return Some(done);
            }
            let mut sleepers = self.sleepers.lock().unwrap();
            let next = sleepers.iter().map(|(end, _)| *end).min()?;
            *self.now.lock().unwrap() = next;
            for (_, waker) in sleepers.extract_if(.., |(end, _)| *end <= next) {
                waker.wake();
            }
        }
    }
}
