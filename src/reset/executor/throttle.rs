//! The notification throttle: a misuse that is repeated notifies the security team once an hour.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::approval::TokenId;
use crate::clock::{self, Timestamp};
use crate::reset::model::{Code, Parties};

/// For how long the same misuse of the same approvals notifies once.
const ONCE_IN: Duration = Duration::from_secs(60 * 60);

/// A code, and the approvals that were refused with it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Misuse {
    code: Code,
    approvals: Vec<TokenId>,
}

impl Misuse {
    /// `None` where no approval is named: its sender holds a secret of this deployment, and every one is notified.
    pub fn of(code: Code, parties: &Parties) -> Option<Misuse> {
        let ids = parties.approvals.iter().map(|summary| summary.id.clone());
        let approvals: Vec<TokenId> = ids.collect();
        (!approvals.is_empty()).then_some(Misuse { code, approvals })
    }
}

/// What was notified in the last hour, by this process: each has its own.
#[derive(Default)]
pub struct NotificationThrottle(Mutex<BTreeMap<Misuse, Timestamp>>);

impl NotificationThrottle {
    /// Whether this was notified in the last hour.
    pub fn knows(&self, misuse: &Misuse, now: Timestamp) -> bool {
        let mut notified = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notified.retain(|_, at| now < clock::after(*at, ONCE_IN));
        notified.contains_key(misuse)
    }

    /// It was notified now.
    pub fn record(&self, misuse: Misuse, now: Timestamp) {
        let mut notified = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notified.insert(misuse, now);
    }
}
