//! The secrets that a policy names, with the JSON that each holds.

use std::collections::BTreeSet;

use reregister_mfa::entra::Credential;
use reregister_mfa::policy::Policy;
use reregister_mfa::tickets::System;
use reregister_mfa::webhook::Scheme;

const GRAPH: &str = r#"{"client_id": "…", "certificate": "PEM", "private_key": "PEM"} or {"client_id": "…", "client_secret": "…"}"#;

/// One line for each secret and each use of it.
pub fn of(policy: &Policy) -> Vec<String> {
    let sections = &policy.sections;
    let mut lines = BTreeSet::new();
    let mut add = |name: &dyn std::fmt::Display, of: String, shape: &str| {
        lines.insert(format!("{name}, for {of}: {shape}"));
    };
    for (name, tenant) in &sections.tenants {
        if let Credential::Secret(secret) = &tenant.entra.credential {
            add(secret, format!("tenants.{name}.entra"), GRAPH);
        }
        if let Some(privileged) = &tenant.privileged
            && let Credential::Secret(secret) = &privileged.credential
        {
            add(secret, format!("tenants.{name}.privileged"), GRAPH);
        }
    }
    if let Some(desk) = &sections.desk
        && let Credential::Secret(secret) = &desk.credential
    {
        add(secret, "desk".to_owned(), GRAPH);
    }
    for (name, source) in &sections.sources {
        let shape = match source.scheme {
            Scheme::JiraWebhook | Scheme::SecretHeader { .. } => {
                r#"{"current": "32 characters or more"}"#
            }
            Scheme::StandardWebhooks { .. } => {
                r#"{"current": "whsec_ and 32 bytes or more in base64"}"#
            }
        };
        add(&source.secret, format!("sources.{name}"), shape);
    }
    for (name, notes) in &sections.notes {
        let shape = match notes.system {
            System::JiraCloud { .. } => r#"{"email": "…", "api_token": "…"}"#,
            System::JiraDataCenter { .. } => r#"{"token": "…"}"#,
            System::ServiceNow { .. } => {
                r#"{"client_id": "…", "client_secret": "…"} or {"username": "…", "password": "…"}"#
            }
        };
        add(&notes.secret, format!("notes.{name}"), shape);
    }
    if lines.is_empty() {
        return vec!["none".to_owned()];
    }
    lines.into_iter().collect()
}
