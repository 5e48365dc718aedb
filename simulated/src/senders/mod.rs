//! The systems that send requests. Each module turns an event there into the [`Request`](crate::request::Request) that
//! the system would send, signed as the system signs.

pub mod issue;
pub mod jira;
pub mod jira_automation;
pub mod on_call;
pub mod servicenow;
pub mod signatures;
