//! How a run ends, and how a step of it does.

use std::time::Duration;

use crate::reset::ledger::{Record, RecordLease, WriteError};

/// How a run ended.
pub enum RunEnd {
    /// The request is over, and every notification is settled.
    Finished(Record),
    /// There is something left, for another run.
    Retry(Released),
    /// The next run takes the record up as it is written.
    Stopped(Stopped),
}

/// How far a run brought a request before its notifications.
pub enum Advanced {
    /// To its end.
    Over(RecordLease),
    /// Not as far as that.
    Released(Released),
}

/// A record that is released for another run.
pub struct Released {
    pub record: Box<Record>,
    /// When that run is due.
    pub after: Duration,
}

/// The ledger cannot be written, or another run has taken over: the run stops at once.
pub struct Stopped {
    /// The record as this run last knew it.
    pub record: Record,
    pub error: WriteError,
}

impl Stopped {
    /// What to make of a failed write, given the record before it.
    pub fn after(record: Record) -> impl FnOnce(WriteError) -> Stopped {
        |error| Stopped { record, error }
    }
}
