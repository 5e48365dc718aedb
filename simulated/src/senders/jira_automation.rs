//! Jira Automation's action *Send web request*. It cannot sign: its only proof is a secret in a header, which Jira
//! hides from people who read the rule.
//!
//! <https://support.atlassian.com/cloud-automation/docs/jira-automation-actions/>

use serde_json::json;

use super::issue::{Deployment, Issue};
use crate::request::Request;

/// The request with the web request body *Issue data (Jira format)*, and the secret in a header of any name.
#[must_use]
pub fn web_request(path: &str, issue: &Issue, header: &str, secret: &str) -> Request {
    let body = json!({"issue": issue.json(Deployment::Cloud)});
    Request::post_json(path, body.to_string()).header(header, secret)
}

/// The request with the web request body *Issue data (Automation format)*: the issue itself, with numbers for ids.
#[must_use]
pub fn web_request_in_automation_format(
    path: &str,
    issue: &Issue,
    header: &str,
    secret: &str,
) -> Request {
    let mut body = issue.json(Deployment::Cloud);
    for id in ["/id", "/fields/status/id", "/fields/project/id"] {
        if let Some(id) = body.pointer_mut(id) {
            let number = id.as_str().and_then(|text| text.parse::<u64>().ok());
            *id = number.into();
        }
    }
    Request::post_json(path, body.to_string()).header(header, secret)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::senders::issue::Status;

    #[test]
    fn the_issue_is_in_the_body_and_the_secret_is_only_in_the_header() {
        let issue = Issue::new("ITSD-7", Status::new("10042", "Approved"));
        let issue = issue.field("customfield_10123", "a.b.c");
        let request = web_request("/webhooks/automation", &issue, "X-Reset-Secret", "hunter2");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["issue"]["fields"]["customfield_10123"], "a.b.c");
        assert_eq!(request.value("x-reset-secret"), Some("hunter2"));
        assert!(!body.to_string().contains("hunter2"));
    }
}
