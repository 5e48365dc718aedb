//! What the security team has been told of lately, so that whoever repeats a misuse does not flood it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::approval::TokenId;
use crate::clock::{self, Timestamp};
use crate::reset::Parties;

/// How long the same misuse of the same approvals is told of once.
const ONCE_IN: Duration = Duration::from_secs(60 * 60);

/// A code, and the approvals that were refused with it.
type Misuse = (&'static str, Vec<TokenId>);

/// What was told in the last hour, by this process: others have their own.
#[derive(Default)]
pub struct Told(Mutex<BTreeMap<Misuse, Timestamp>>);

impl Told {
    /// Whether this was told already. What names no approval always is new: its sender has a secret of ours.
    pub fn knows(&self, code: &'static str, parties: &Parties, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| now < clock::after(*at, ONCE_IN));
        told.contains_key(&misuse(code, parties))
    }

    /// It is told now.
    pub fn note(&self, code: &'static str, parties: &Parties, now: Timestamp) {
        if !parties.approvals.is_empty() {
            let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            told.insert(misuse(code, parties), now);
        }
    }
}

fn misuse(code: &'static str, parties: &Parties) -> Misuse {
    let ids = parties.approvals.iter().map(|mark| mark.id.clone());
    (code, ids.collect())
}
