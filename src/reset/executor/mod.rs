//! The executor: what a run does with a record.
//!
//! ```text
//! run ─┬─ waiting ── claim: validate, identify, judge, headroom, claim ── execute ─┬─ notify
//!      └─ claimed ── resume: validate, identify, judge ─────────────────── execute ─┘
//! ```
//! A refusal on the way releases the record for another run, or ends it (`release`). A request that was here before is
//! answered with what came of it (`replay`).

pub(in crate::reset) mod claim;
pub(in crate::reset) mod context;
pub(in crate::reset) mod execute;
pub(in crate::reset) mod identify;
pub(in crate::reset) mod judge;
pub(in crate::reset) mod notify;
pub(in crate::reset) mod release;
pub(in crate::reset) mod replay;
pub(in crate::reset) mod resume;
pub(in crate::reset) mod run;
pub(in crate::reset) mod run_end;
pub(in crate::reset) mod throttle;
pub(in crate::reset) mod validate;
