//! What is around a app beside the tenant: time that passes when it is told to, a queue that is let bring, and a
//! security team that hears.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::ids::ResetId;
use reregister_mfa::report;
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::{Queue, QueueError, Security, SecurityError};

/// Time that passes when somebody sleeps, at once.
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    pub fn new() -> ManualClock {
        ManualClock(Mutex::new(Timestamp::now()))
    }

    pub fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, time: Duration) {
        self.pass(time);
        tokio::task::yield_now().await;
    }
}

/// What is to be brought back, and when; brought by [`TestApp::wait`].
#[derive(Default)]
pub struct Waiting {
    pub messages: Mutex<Vec<(Timestamp, ResetId)>>,
    pub broken: AtomicBool,
}

pub struct TestQueue {
    pub waiting: Arc<Waiting>,
    pub clock: Arc<ManualClock>,
}

#[async_trait]
impl Queue for TestQueue {
    async fn schedule(&self, id: ResetId, after: Duration) -> Result<(), QueueError> {
        if self.waiting.broken.load(Ordering::SeqCst) {
            return Err(QueueError("broken".to_owned()));
        }
        let due = self.clock.now().checked_add(after).unwrap();
        self.waiting.messages.lock().unwrap().push((due, id));
        Ok(())
    }
}

/// What the security team has heard.
#[derive(Default)]
pub struct Heard {
    pub subjects: Mutex<Vec<String>>,
    pub deaf: AtomicBool,
}

#[async_trait]
impl Security for Heard {
    async fn notify(&self, event: &Event) -> Result<(), SecurityError> {
        if self.deaf.load(Ordering::SeqCst) {
            return Err(SecurityError("deaf".to_owned()));
        }
        let notice = report::notification(event, "https://aka.ms/mfasetup").unwrap();
        self.subjects.lock().unwrap().push(notice.subject);
        Ok(())
    }
}
