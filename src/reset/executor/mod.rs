//! The executor: what a run does with a record.
//!
//! ```text
//! run ─┬─ waiting ── claim: validate, look ahead, identify, judge, claim ── execute ─┬─ the worker: notify
//!      └─ claimed ── resume: validate, identify, judge ───────────────────── execute ─┘
//! ```
//! A refusal on the way releases the record for another run, or ends it (`release`). A request that was here before is
//! answered with what came of it (`replay`).

pub mod claim;
pub mod context;
pub mod evidence_record;
pub mod execute;
pub mod identify;
pub mod judge;
pub mod look_ahead;
pub mod notify;
pub mod outlook;
pub mod release;
pub mod replay;
pub mod resume;
pub mod run;
pub mod run_end;
pub mod signers;
pub mod throttle;
pub mod validate;
