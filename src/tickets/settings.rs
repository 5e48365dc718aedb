//! `[notes.NAME]` of policy.toml: which ticket systems notes are written into.

use reqwest::Url;
use serde::Deserialize;

use super::call::Failed;
use crate::ids::{Malformed, SecretName, Table, trusted_url};

/// One section `[notes.NAME]` of policy.toml: notes into the tickets of the source of that name, or of the desk.
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

/// A ticket system that notes can be written into.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, strum::EnumCount)]
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
    pub(super) fn join<'a>(
        &self,
        segments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Url, Failed> {
        let BaseUrl(base) = self;
        let mut url = base.clone();
        url.path_segments_mut()
            .map_err(|()| Failed::Permanent("the address in [notes] cannot hold a path"))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
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
