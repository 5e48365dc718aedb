//! A Jira issue in the form of Jira's REST API version 2, which webhooks use too.
//!
//! The shape follows captures from Jira Cloud and Jira Data Center; values that are the same in both are invented.

use serde_json::{Map, Value, json};

/// Which Jira sends. The two differ in how they identify people, and in some members.
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

    /// A person in JSON. `name` is the part of their e-mail address before the at sign.
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

/// A status of a workflow. Rules should compare the id: the name is translated, and administrators can change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// A number as text.
    pub id: String,
    pub name: String,
}

impl Status {
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

#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// For example `ITSD-1042`.
    pub key: String,
    /// A number as text.
    pub id: String,
    pub status: Status,
    pub summary: String,
    fields: Map<String, Value>,
}

impl Issue {
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

    /// Sets a field by its id, for example `customfield_10123`, or replaces one that Jira sets.
    #[must_use]
    pub fn field(mut self, id: &str, value: impl Into<Value>) -> Issue {
        self.fields.insert(id.to_owned(), value.into());
        self
    }

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
