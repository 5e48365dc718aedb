//! The notes of the desk.

use super::approval::how;
use crate::approval::Evidence;

/// A person was verified, and an approver is next. The link is harmless to open.
pub fn verified_note(target: &str, evidence: &[Evidence], link: &str) -> String {
    let ways: Vec<String> = evidence.iter().copied().map(how).collect();
    format!(
        "MFA re-registration: {target} was verified at the desk: {}. Nothing has changed yet. An approver reads the \
         evidence and approves or rejects it here, within four hours: {link}",
        ways.join("; ")
    )
}

/// No approver decided in time.
pub fn expired_note(target: &str) -> String {
    format!(
        "MFA re-registration of {target} has expired: no approver approved or rejected it within four hours. Nothing was \
         changed. If the person still needs it, verify them again."
    )
}

/// An approver said no.
pub fn rejected_note(target: &str, approver: Option<&str>, why: Option<&str>) -> String {
    let approver = approver.unwrap_or("The approver");
    let why = why.map_or(String::new(), |why| format!(" Reason: {why}."));
    format!(
        "MFA re-registration of {target} was rejected by {approver}.{why} Nothing was changed. If the person still needs \
         it, verify them again."
    )
}
