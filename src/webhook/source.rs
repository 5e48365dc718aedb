//! One section `[sources.NAME]` of policy.toml: who sends tickets, and how to read them.

use std::time::Duration;

use serde::Deserialize;

use super::signature::Scheme;
use crate::ids::{Label, SecretName};

/// A system that sends tickets to `POST /webhooks/NAME`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// How it authenticates itself.
    pub scheme: Scheme,
    /// Where its webhook secret is.
    pub secret: SecretName,
    /// Whose approvals it may carry: names of `[issuers]`.
    pub issuers: Vec<Label>,
    /// Which of `[tenants]` its people are in; may be left out while there is only one.
    pub tenant: Option<Label>,
    /// Whether it may ask for privileged people. Never with [`Scheme::SecretHeader`].
    #[serde(default)]
    pub privileged: bool,
    /// How long the sender waits for an answer. What is not done and confirmed by then goes on by itself.
    #[serde(
        default = "default_answer_within",
        deserialize_with = "jiff::fmt::serde::unsigned_duration::required::deserialize"
    )]
    pub answer_within: Duration,
    /// The statuses that mean approved.
    pub approved: Vec<Status>,
    /// Which field of the ticket holds the approvals.
    #[serde(default = "default_approvals_field")]
    pub approvals_field: String,
    /// Which field of the ticket names the person, if one does.
    pub user_field: Option<String>,
}

fn default_answer_within() -> Duration {
    Duration::from_secs(15)
}

fn default_approvals_field() -> String {
    "approvals".to_owned()
}

/// A status, by its id or by its name. Ids are better: administrators rename statuses, and Jira translates them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Status {
    /// Digits only.
    Id(String),
    /// Anything else, compared exactly.
    Name(String),
}

impl From<String> for Status {
    fn from(text: String) -> Status {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            Status::Id(text)
        } else {
            Status::Name(text)
        }
    }
}

impl Status {
    /// Whether it is no status: a ticket without one would match it.
    pub fn is_empty(&self) -> bool {
        let (Status::Id(text) | Status::Name(text)) = self;
        text.trim().is_empty()
    }
}

impl Source {
    /// Whether a status with this id and name means approved.
    pub(super) fn approves(&self, id: Option<&str>, name: Option<&str>) -> bool {
        self.approved.iter().any(|status| match status {
            Status::Id(wanted) => id == Some(wanted),
            Status::Name(wanted) => name == Some(wanted),
        })
    }
}
