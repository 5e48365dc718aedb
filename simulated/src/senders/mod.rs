//! The systems that send: each module turns what happened there into the [`Request`](crate::request::Request)
//! that the system would make of it, signed the way it signs.

pub mod issue;
pub mod jira;
pub mod jira_automation;
pub mod on_call;
pub mod servicenow;
pub mod signatures;
