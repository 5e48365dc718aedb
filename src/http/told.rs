//! What the security team has been told of lately, so that whoever repeats a misuse does not flood it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::approval::TokenId;
use crate::clock::{self, Timestamp};
use crate::report::Code;
use crate::reset::Parties;

/// How long the same misuse of the same approvals is told of once.
const ONCE_IN: Duration = Duration::from_secs(60 * 60);

/// A code, and the approvals that were refused with it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Misuse {
    code: Code,
    approvals: Vec<TokenId>,
}

impl Misuse {
    /// Nothing where no approval is named: whoever sends that has a secret of ours, and is always told of.
    pub fn of(code: Code, parties: &Parties) -> Option<Misuse> {
        let ids = parties.approvals.iter().map(|mark| mark.id.clone());
        let approvals: Vec<TokenId> = ids.collect();
        (!approvals.is_empty()).then_some(Misuse { code, approvals })
    }
}

/// What was told in the last hour, by this process: others have their own.
#[derive(Default)]
pub struct Told(Mutex<BTreeMap<Misuse, Timestamp>>);

impl Told {
    /// Whether this was told already.
    pub fn knows(&self, misuse: &Misuse, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| now < clock::after(*at, ONCE_IN));
        told.contains_key(misuse)
    }

    /// It is told now.
    pub fn note(&self, misuse: Misuse, now: Timestamp) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(misuse, now);
    }
}
