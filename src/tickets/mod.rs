//! Notes into the tickets: a comment in Jira, a work note in ServiceNow. Translates; decides nothing.
//!
//! Neither system has an idempotency key. A note therefore carries a mark, and before one is written the ticket is
//! searched for it. While we cannot look, nothing is written.

mod call;
mod jira;
mod note;
mod servicenow;

use std::collections::BTreeMap;
use std::sync::Arc;

use nutype::nutype;
use reqwest::Url;
use serde::Deserialize;

use crate::ids::{Label, Malformed, SecretName, TicketKey, trusted_url};
use crate::reset::ports::TicketError;
use crate::secrets::{Freshness, SecretSource};
use call::{Failed, NO_SUCH_TICKET};
use jira::Jira;
use servicenow::ServiceNow;

pub use note::TicketNotes;

/// One section `[notes.NAME]` of policy.toml: notes into the tickets of the source of that name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// Where the tickets are.
    pub system: System,
    /// Where the credential is, in JSON. Jira Cloud: `{"email", "api_token"}`; Data Center: `{"token"}`;
    /// ServiceNow: `{"client_id", "client_secret"}` or `{"username", "password"}`.
    pub secret: SecretName,
    /// Whether the customer sees them.
    #[serde(default)]
    pub public: bool,
}

/// A ticket system that we can write into.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum System {
    /// Jira Cloud.
    JiraCloud {
        /// `https://NAME.atlassian.net`; for a scoped API token `https://api.atlassian.com/ex/jira/CLOUD-ID`.
        site: BaseUrl,
    },
    /// Jira Data Center.
    JiraDataCenter {
        /// Where it is, with its context path if it has one.
        base: BaseUrl,
    },
    /// ServiceNow.
    #[serde(rename = "servicenow")]
    ServiceNow {
        /// `https://NAME.service-now.com`.
        instance: BaseUrl,
        /// The table that the tickets are in: `sc_req_item`, `incident`.
        table: Table,
    },
}

/// Where a ticket system is: https, or http to this machine alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BaseUrl(Url);

impl TryFrom<String> for BaseUrl {
    type Error = Malformed;

    fn try_from(text: String) -> Result<BaseUrl, Malformed> {
        trusted_url(&text)
            .filter(|url| url.query().is_none())
            .map(BaseUrl)
            .ok_or(Malformed(
                "a URL https://HOST[:PORT][/PATH], or http:// to localhost, 127.0.0.1 or [::1]",
            ))
    }
}

impl BaseUrl {
    /// The address below it that these segments give, each escaped.
    fn join<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Failed> {
        let BaseUrl(base) = self;
        let mut url = base.clone();
        url.path_segments_mut()
            .map_err(|()| Failed::Permanent("its address has no path"))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }
}

fn check_table(text: &str) -> Result<(), Malformed> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    (plain && (1..=80).contains(&text.len()))
        .then_some(())
        .ok_or(Malformed("a table of 1 to 80 characters of a-z0-9_"))
}

/// A table of ServiceNow, by its name and not by its label.
#[nutype(
    validate(with = check_table, error = Malformed),
    derive(Debug, Clone, PartialEq, Eq, Display, AsRef, TryFrom, Deserialize)
)]
pub struct Table(String);

/// The ticket systems that we write into.
pub struct TicketSystems {
    notes: BTreeMap<Label, Notes>,
    http: reqwest::Client,
    secrets: Arc<dyn SecretSource>,
}

/// What is to be in a ticket.
struct Note<'a> {
    ticket: &'a str,
    text: &'a str,
    mark: &'a str,
    public: bool,
}

impl TicketSystems {
    /// By source. The client must not follow redirects: the credential would go along.
    pub fn new(
        notes: BTreeMap<Label, Notes>,
        http: reqwest::Client,
        secrets: Arc<dyn SecretSource>,
    ) -> TicketSystems {
        TicketSystems {
            notes,
            http,
            secrets,
        }
    }

    /// Whether notes are written into the tickets of this source.
    pub fn writes_to(&self, source: &Label) -> bool {
        self.notes.contains_key(source)
    }

    /// Sees to it that the ticket has a note with this mark: looks for the mark first, and writes `text` with the
    /// mark as its last line only if there is none. One attempt.
    ///
    /// # Errors
    /// [`TicketError`]. After `Later` the note may be there all the same; the next attempt finds it.
    pub async fn write(
        &self,
        source: &Label,
        ticket: &TicketKey,
        text: &str,
        mark: &str,
    ) -> Result<(), TicketError> {
        let Some(notes) = self.notes.get(source) else {
            return Err(TicketError::Permanent("this source gets no notes"));
        };
        // `^` separates the conditions of a search in ServiceNow.
        if mark.is_empty() || mark.contains(['^', '\n', '\r']) {
            return Err(TicketError::Permanent("its mark cannot be searched for"));
        }
        let ticket: &str = ticket.as_ref();
        // As a segment of a path they would not name a ticket but lead to another place.
        if matches!(ticket, "." | "..") {
            return Err(TicketError::Permanent(NO_SUCH_TICKET));
        }
        let note = Note {
            ticket,
            text,
            mark,
            public: notes.public,
        };
        let written = match self.attempt(notes, &note, Freshness::Cached).await {
            // It may have been rotated. Nothing was written, and what was written is found.
            Err(Failed::Credential) => self.attempt(notes, &note, Freshness::Forced).await,
            other => other,
        };
        written.map_err(TicketError::from)
    }

    async fn attempt(
        &self,
        notes: &Notes,
        note: &Note<'_>,
        freshness: Freshness,
    ) -> Result<(), Failed> {
        let secret = self.secrets.get(&notes.secret, freshness).await?;
        match &notes.system {
            System::JiraCloud { site } => Jira::cloud(&self.http, site, &secret)?.write(note).await,
            System::JiraDataCenter { base } => {
                Jira::data_center(&self.http, base, &secret)?
                    .write(note)
                    .await
            }
            System::ServiceNow { instance, table } => {
                ServiceNow::log_in(&self.http, instance, table, &secret)
                    .await?
                    .write(note)
                    .await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(toml: &str) -> Result<System, String> {
        let notes = format!("{toml}\nsecret = \"notes\"");
        toml::from_str::<Notes>(&notes)
            .map(|notes| notes.system)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_system_is_named_as_the_documentation_names_it_and_notes_are_internal_unless_said() {
        for good in [
            r#"system.jira_cloud.site = "https://contoso.atlassian.net""#,
            r#"system.jira_data_center.base = "https://jira.contoso.com/jira""#,
            r#"system.servicenow = { instance = "https://contoso.service-now.com", table = "sc_req_item" }"#,
            r#"system.jira_cloud.site = "http://127.0.0.1:8080""#,
        ] {
            assert!(system(good).is_ok(), "{good}: {:?}", system(good));
        }
        let notes = "system.jira_cloud.site = \"https://a.example\"\nsecret = \"notes\"";
        assert!(!toml::from_str::<Notes>(notes).unwrap().public);
    }

    #[test]
    fn a_credential_goes_nowhere_but_over_https_and_to_a_table_by_its_name() {
        for wrong in [
            r#"system.jira_cloud.site = "http://contoso.atlassian.net""#,
            r#"system.jira_cloud.site = "https://user:password@contoso.atlassian.net""#,
            r#"system.jira_cloud.site = "https://contoso.atlassian.net?a=b""#,
            r#"system.jira_cloud.site = "https://contoso.atlassian.net#a""#,
            r#"system.jira_cloud = { site = "https://contoso.atlassian.net", base = "x" }"#,
            r#"system.service_now = { instance = "https://a.example", table = "incident" }"#,
            r#"system.servicenow = { instance = "https://a.example", table = "incident/.." }"#,
            r#"system.servicenow = { instance = "https://a.example", table = "" }"#,
        ] {
            assert!(system(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_keeps_its_path_and_each_segment_is_escaped() {
        for base in [
            "https://jira.contoso.com/jira",
            "https://jira.contoso.com/jira/",
        ] {
            let base = BaseUrl::try_from(base.to_owned()).unwrap();
            let url = base.join(["issue", "a/b?c#d%2f", "comment"]).unwrap();
            assert_eq!(
                url.as_str(),
                "https://jira.contoso.com/jira/issue/a%2Fb%3Fc%23d%252f/comment"
            );
        }
    }
}
