//! A Jira issue as Jira's REST API version 2 writes it, which is also how it stands in webhooks.
//!
//! The shape follows captures of Jira Cloud and Jira Data Center. Values that depend on neither are made up.

use serde_json::{Map, Value, json};

/// Which Jira is speaking. They differ in how they name people and in some members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// Jira Cloud: people have an `accountId`.
    Cloud,
    /// Jira Data Center or Server: people have a `name` and a `key`.
    DataCenter,
}

impl Deployment {
    /// The base URL of the instance, without a slash at the end.
    #[must_use]
    pub fn base_url(self) -> &'static str {
        match self {
            Deployment::Cloud => "https://contoso.atlassian.net",
            Deployment::DataCenter => "https://jira.contoso.example",
        }
    }

    /// A person, as Jira writes one. `name` is the part before the at sign of their e-mail address.
    #[must_use]
    pub fn person(self, name: &str, display_name: &str) -> Value {
        let base = self.base_url();
        let email = format!("{name}@contoso.example");
        match self {
            Deployment::Cloud => json!({
                "self": format!("{base}/rest/api/2/user?accountId=5cedcb4355a88a0fc86388ba"),
                "accountId": "5cedcb4355a88a0fc86388ba",
                "emailAddress": email,
                "displayName": display_name,
                "active": true,
                "timeZone": "Europe/Amsterdam",
                "accountType": "atlassian",
            }),
            Deployment::DataCenter => json!({
                "self": format!("{base}/rest/api/2/user?username={name}"),
                "name": name,
                "key": name,
                "emailAddress": email,
                "displayName": display_name,
                "active": true,
                "timeZone": "Europe/Amsterdam",
            }),
        }
    }
}

/// A status of a workflow. The id is what rules should look at: the name is translated and can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The id, a number in text.
    pub id: String,
    /// The name.
    pub name: String,
}

impl Status {
    /// A status by id and name.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Status {
        Status {
            id: id.to_owned(),
            name: name.to_owned(),
        }
    }

    fn json(&self, base: &str) -> Value {
        json!({
            "self": format!("{base}/rest/api/2/status/{}", self.id),
            "description": "",
            "iconUrl": format!("{base}/images/icons/statuses/generic.png"),
            "name": self.name,
            "id": self.id,
            "statusCategory": {
                "self": format!("{base}/rest/api/2/statuscategory/4"),
                "id": 4,
                "key": "indeterminate",
                "colorName": "yellow",
                "name": "In Progress",
            },
        })
    }
}

/// An issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// The key, as people write it: `ITSD-1042`.
    pub key: String,
    /// The id behind the key, a number in text.
    pub id: String,
    /// The status that it has now.
    pub status: Status,
    /// The title.
    pub summary: String,
    fields: Map<String, Value>,
}

impl Issue {
    /// An issue with this key, in this status.
    #[must_use]
    pub fn new(key: &str, status: Status) -> Issue {
        Issue {
            key: key.to_owned(),
            id: "10368".to_owned(),
            status,
            summary: "Locked out after losing the phone with Authenticator".to_owned(),
            fields: Map::new(),
        }
    }

    /// Sets a field by its id, such as `customfield_10123`; also one that Jira itself sets.
    #[must_use]
    pub fn field(mut self, id: &str, value: impl Into<Value>) -> Issue {
        self.fields.insert(id.to_owned(), value.into());
        self
    }

    /// The issue as this kind of Jira writes it.
    #[must_use]
    pub fn json(&self, deployment: Deployment) -> Value {
        let base = deployment.base_url();
        let project = self.key.rsplit_once('-').map_or("", |(project, _)| project);
        let person = deployment.person("adele", "Adele Vance");
        let fields = json!({
            "issuetype": {
                "self": format!("{base}/rest/api/2/issuetype/10004"),
                "id": "10004",
                "description": "A request for help.",
                "name": "Service Request",
                "subtask": false,
            },
            "project": {
                "self": format!("{base}/rest/api/2/project/10008"),
                "id": "10008",
                "key": project,
                "name": "IT Service Desk",
                "projectTypeKey": "service_desk",
            },
            "priority": {
                "self": format!("{base}/rest/api/2/priority/3"),
                "name": "Medium",
                "id": "3",
            },
            "summary": self.summary,
            "description": "I cannot sign in.\nPlease reset my MFA.",
            "status": self.status.json(base),
            "resolution": null,
            "resolutiondate": null,
            "labels": [],
            "components": [],
            "assignee": null,
            "creator": person,
            "reporter": person,
            "customfield_10022": "0|i0024z:",
            "customfield_10031": null,
        });
        let mut issue = json!({
            "id": self.id,
            "self": format!("{base}/rest/api/2/issue/{}", self.id),
            "key": self.key,
            "fields": fields,
        });
        if let Some(fields) = issue.get_mut("fields").and_then(Value::as_object_mut) {
            fields.extend(self.fields.clone());
        }
        issue
    }
}
