//! The ground floor: what there is to say about a reset. Plain data, which knows no rule.

pub mod claim;
pub mod code;
pub mod event;
pub mod guardrail;
pub mod ledger_error;
pub mod method;
pub mod outcome;
pub mod parties;
pub mod person;
pub mod plan;
pub mod refusal_text;
pub mod request;
pub mod state;
pub mod status;
