//! Jira's own webhooks, which an administrator registers under System, WebHooks.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/webhooks/>

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

pub use super::issue::{Deployment, Issue, Status};
use super::signatures::hub_signature;
use crate::request::Request;

/// A change of an issue, of which Jira sends a webhook: by default Jira Cloud, now, for the first time.
#[derive(Debug, Clone)]
pub struct IssueEvent {
    issue: Issue,
    change: Change,
    deployment: Deployment,
    timestamp_ms: i64,
    identifier: String,
    retry: Option<u32>,
}

#[derive(Debug, Clone)]
enum Change {
    Updated {
        type_name: &'static str,
        items: Vec<Value>,
    },
    Commented(String),
    Created,
    /// From a status of this name, by a workflow.
    PostFunction(String),
}

impl IssueEvent {
    /// The issue moved from another status to its present one.
    #[must_use]
    pub fn transition(issue: Issue, from: &Status) -> IssueEvent {
        let item = json!({
            "field": "status",
            "fieldtype": "jira",
            "fieldId": "status",
            "from": from.id,
            "fromString": from.name,
            "to": issue.status.id,
            "toString": issue.status.name,
        });
        IssueEvent::updated("issue_generic", issue, vec![item])
    }

    /// An approval was written into a custom field, and the status did not change.
    #[must_use]
    pub fn approval_added(issue: Issue, field: &str, approval: &str) -> IssueEvent {
        let item = json!({
            "field": "MFA approval",
            "fieldtype": "custom",
            "fieldId": field,
            "from": null,
            "fromString": null,
            "to": null,
            "toString": approval,
        });
        IssueEvent::updated("issue_updated", issue.field(field, approval), vec![item])
    }

    /// A person wrote a comment. The issue itself did not change.
    #[must_use]
    pub fn commented(issue: Issue, comment: &str) -> IssueEvent {
        IssueEvent::new(issue, Change::Commented(comment.to_owned()))
    }

    /// The issue was created in its present status. Data Center sends no changelog then.
    #[must_use]
    pub fn created(issue: Issue) -> IssueEvent {
        IssueEvent::new(issue, Change::Created)
    }

    /// The post-function *Trigger a Webhook* of a workflow's transition. Its payload names no event.
    #[must_use]
    pub fn post_function(issue: Issue, from: &Status) -> IssueEvent {
        IssueEvent::new(issue, Change::PostFunction(from.name.clone()))
    }

    fn updated(type_name: &'static str, issue: Issue, items: Vec<Value>) -> IssueEvent {
        IssueEvent::new(issue, Change::Updated { type_name, items })
    }

    fn new(issue: Issue, change: Change) -> IssueEvent {
        IssueEvent {
            issue,
            change,
            deployment: Deployment::Cloud,
            timestamp_ms: Timestamp::now().as_millisecond(),
            identifier: Uuid::new_v4().to_string(),
            retry: None,
        }
    }

    /// Adds an item to the changelog. Does nothing to a comment, which has no changelog.
    #[must_use]
    pub fn item(mut self, item: Value) -> IssueEvent {
        if let Change::Updated { items, .. } = &mut self.change {
            items.push(item);
        }
        self
    }

    /// When it happened, in milliseconds since 1970.
    #[must_use]
    pub fn at(mut self, timestamp_ms: i64) -> IssueEvent {
        self.timestamp_ms = timestamp_ms;
        self
    }

    /// Sent by Jira Data Center.
    #[must_use]
    pub fn data_center(mut self) -> IssueEvent {
        self.deployment = Deployment::DataCenter;
        self
    }

    /// The n-th retry of the same delivery, with the same body and the same identifier.
    #[must_use]
    pub fn retried(mut self, times: u32) -> IssueEvent {
        self.retry = Some(times);
        self
    }

    #[must_use]
    pub fn payload(&self) -> Value {
        let mut payload = json!({
            "timestamp": self.timestamp_ms,
            "user": self.deployment.person("megan", "Megan Bowen"),
            "issue": self.issue.json(self.deployment),
        });
        match &self.change {
            Change::Updated { type_name, items } => merge(
                &mut payload,
                json!({
                    "webhookEvent": "jira:issue_updated",
                    "issue_event_type_name": type_name,
                    "changelog": {"id": "10227", "items": self.items(items)},
                }),
            ),
            Change::Created => {
                merge(
                    &mut payload,
                    json!({
                        "webhookEvent": "jira:issue_created",
                        "issue_event_type_name": "issue_created",
                    }),
                );
                if self.deployment == Deployment::Cloud {
                    let status = &self.issue.status;
                    let item = json!({
                        "field": "status",
                        "fieldtype": "jira",
                        "fieldId": "status",
                        "from": null,
                        "fromString": null,
                        "to": status.id,
                        "toString": status.name,
                    });
                    merge(
                        &mut payload,
                        json!({"changelog": {"id": "10227", "items": [item]}}),
                    );
                }
            }
            Change::PostFunction(from) => merge(
                &mut payload,
                json!({
                    "comment": "",
                    "transition": {
                        "workflowId": 3_580_030,
                        "workflowName": "Access requests",
                        "transitionId": 871,
                        "transitionName": "Approve",
                        "from_status": from,
                        "to_status": self.issue.status.name,
                    },
                }),
            ),
            Change::Commented(text) => {
                merge(&mut payload, self.comment(text));
                // As captured: a comment has an author and no user; that of Data Center has no issue either.
                remove(&mut payload, "user");
                if self.deployment == Deployment::DataCenter {
                    remove(&mut payload, "issue");
                }
            }
        }
        payload
    }

    /// The changelog items. Those of Data Center have no `fieldId`.
    fn items(&self, items: &[Value]) -> Vec<Value> {
        let mut items = items.to_vec();
        if self.deployment == Deployment::DataCenter {
            items.iter_mut().for_each(|item| remove(item, "fieldId"));
        }
        items
    }

    fn comment(&self, text: &str) -> Value {
        let base = self.deployment.base_url();
        let author = self.deployment.person("megan", "Megan Bowen");
        let when = Timestamp::from_millisecond(self.timestamp_ms)
            .unwrap_or_default()
            .strftime("%Y-%m-%dT%H:%M:%S.000+0000")
            .to_string();
        json!({
            "webhookEvent": "comment_created",
            "comment": {
                "self": format!("{base}/rest/api/2/issue/{}/comment/10019", self.issue.id),
                "id": "10019",
                "author": author,
                "body": text,
                "updateAuthor": author,
                "created": when,
                "updated": when,
                "jsdPublic": true,
            },
        })
    }

    /// The request of a webhook with this secret.
    #[must_use]
    pub fn signed(&self, path: &str, secret: &str) -> Request {
        let request = self.unsigned(path);
        let signature = hub_signature(secret, &request.body);
        request.header("X-Hub-Signature", signature)
    }

    /// The request of a webhook without a secret.
    #[must_use]
    pub fn unsigned(&self, path: &str) -> Request {
        let mut request = Request::post(path, self.payload().to_string())
            .header("Content-Type", "application/json; charset=utf-8")
            .header("User-Agent", "Atlassian Webhook HTTP Client")
            .header("X-Atlassian-Webhook-Identifier", &self.identifier);
        if self.deployment == Deployment::Cloud {
            request = request
                .header("X-Atlassian-Webhook-Flow", "Primary")
                .header(
                    "X-Atlassian-Webhook-Trace",
                    Uuid::new_v4().simple().to_string(),
                );
        }
        match self.retry {
            Some(times) => request.header("X-Atlassian-Webhook-Retry", times.to_string()),
            None => request,
        }
    }
}

fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

fn remove(object: &mut Value, name: &str) {
    if let Value::Object(object) = object {
        object.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: &str = "customfield_10123";

    fn issue() -> Issue {
        Issue::new("ITSD-1042", Status::new("10042", "Approved"))
    }

    #[test]
    fn a_transition_has_both_statuses_and_the_issue_has_the_new_one() {
        let event = IssueEvent::transition(issue(), &Status::new("10001", "To Do"));
        let payload = event.at(1_790_000_000_000).payload();
        assert_eq!(payload["webhookEvent"], "jira:issue_updated");
        assert_eq!(payload["timestamp"], 1_790_000_000_000_i64);
        assert_eq!(payload["changelog"]["items"][0]["from"], "10001");
        assert_eq!(payload["changelog"]["items"][0]["to"], "10042");
        assert_eq!(payload["issue"]["fields"]["status"]["id"], "10042");
        assert_eq!(payload["issue"]["fields"]["project"]["key"], "ITSD");
    }

    #[test]
    fn an_added_approval_is_in_the_field_and_in_the_changelog_without_a_transition() {
        let payload = IssueEvent::approval_added(issue(), FIELD, "a.b.c").payload();
        let items = payload["changelog"]["items"].as_array().unwrap();
        assert_eq!(payload["issue"]["fields"][FIELD], "a.b.c");
        assert_eq!(items.len(), 1);
        assert_eq!(items[0]["fieldId"], FIELD);
        assert_eq!(items[0]["toString"], "a.b.c");
        assert_eq!(items[0]["to"], Value::Null);
    }

    #[test]
    fn data_center_sends_no_account_id_no_field_id_and_no_issue_with_a_comment() {
        let update = IssueEvent::transition(issue(), &Status::new("1", "To Do")).data_center();
        let text = update.payload().to_string();
        assert!(!text.contains("accountId") && !text.contains("fieldId"));
        let comment = IssueEvent::commented(issue(), "Any news?");
        assert_eq!(comment.payload()["issue"]["key"], "ITSD-1042");
        assert_eq!(comment.data_center().payload().get("issue"), None);
    }

    #[test]
    fn the_body_is_signed_and_a_retry_has_the_same_body_and_identifier() {
        let event = IssueEvent::approval_added(issue(), FIELD, "a.b.c");
        let first = event.signed("/webhooks/jira", "It's a Secret to Everybody");
        let again = event
            .retried(1)
            .signed("/webhooks/jira", "It's a Secret to Everybody");
        let expected = hub_signature("It's a Secret to Everybody", &first.body);
        assert_eq!(first.value("x-hub-signature"), Some(expected.as_str()));
        assert_eq!(again.body, first.body);
        assert_eq!(
            again.value("x-atlassian-webhook-identifier"),
            first.value("x-atlassian-webhook-identifier")
        );
        assert_eq!(first.value("x-atlassian-webhook-retry"), None);
        assert_eq!(again.value("x-atlassian-webhook-retry"), Some("1"));
    }
}
