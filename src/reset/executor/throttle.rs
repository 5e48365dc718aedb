//! What one process keeps in mind: a misuse that is repeated notifies the security team once an hour, and an approval can
//! be previewed so often and no more.

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

/// How often one process previews on the same approval in an hour. A preview takes as many reads from Graph as a reset,
/// and uses nothing up.
const MOST_PREVIEWS: usize = 20;

/// The previews of the last hour, by approval, in this process alone, so that neither a preview nor a reset needs another
/// write.
#[derive(Default)]
pub struct PreviewThrottle(Mutex<BTreeMap<TokenId, Vec<Timestamp>>>);

impl PreviewThrottle {
    /// Counts a preview on these approvals, if each has one left.
    pub fn allows(&self, approvals: &[TokenId], now: Timestamp) -> bool {
        let mut previews = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        previews.retain(|_, at| {
            at.retain(|at| now < clock::after(*at, ONCE_IN));
            !at.is_empty()
        });
        let count = |id| previews.get(id).map_or(0, Vec::len);
        if approvals.iter().any(|id| count(id) >= MOST_PREVIEWS) {
            return false;
        }
        for id in approvals {
            previews.entry(id.clone()).or_default().push(now);
        }
        true
    }
}

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
