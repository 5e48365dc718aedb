//! Stand-ins for what is around the product beside the tenant: a clock that a test moves, a queue that delivers when a
//! test lets time pass, and the security team's inbox.

#![allow(dead_code, reason = "not every user of this file uses every stand-in")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::report::{self, Notification};
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::{Queue, QueueError, Security, SecurityError, Wake};

/// A clock in which a sleep takes no real time.
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

/// The messages in the queue, each with the time when it is due.
#[derive(Default)]
pub struct QueuedMessages {
    pub messages: Mutex<Vec<(Timestamp, Wake)>>,
    pub is_down: AtomicBool,
}

pub struct TestQueue {
    /// It has to take a message, too.
    pub first: Option<Arc<dyn Queue>>,
    pub queued: Arc<QueuedMessages>,
    pub clock: Arc<ManualClock>,
}

#[async_trait]
impl Queue for TestQueue {
    async fn schedule(&self, wake: Wake, after: Duration) -> Result<(), QueueError> {
        if self.queued.is_down.load(Ordering::SeqCst) {
            return Err(QueueError("down".to_owned()));
        }
        if let Some(first) = &self.first {
            first.schedule(wake.clone(), after).await?;
        }
        let due = self.clock.now().checked_add(after).unwrap();
        self.queued.messages.lock().unwrap().push((due, wake));
        Ok(())
    }
}

/// The notifications that the security team has got.
#[derive(Default)]
pub struct SecurityInbox {
    notifications: Mutex<Vec<Notification>>,
    is_down: AtomicBool,
}

impl SecurityInbox {
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// The subjects, oldest first.
    pub fn subjects(&self) -> Vec<String> {
        let all = self.notifications.lock().unwrap();
        all.iter().map(|one| one.subject.clone()).collect()
    }

    /// The texts, oldest first.
    pub fn texts(&self) -> Vec<String> {
        let all = self.notifications.lock().unwrap();
        all.iter().map(|one| one.text.clone()).collect()
    }
}

#[async_trait]
impl Security for SecurityInbox {
    async fn notify(&self, event: &Event) -> Result<(), SecurityError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(SecurityError("down".to_owned()));
        }
        let notification = report::notification(event, "https://aka.ms/mfasetup").unwrap();
        self.notifications.lock().unwrap().push(notification);
        Ok(())
    }
}
