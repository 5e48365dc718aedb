//! How a tenant is reached: `[tenants.NAME.entra]` of policy.toml, and what a credential is used with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::clock::Clock;
use crate::ids::{SecretName, TenantId, canonical, trusted_url};
use crate::secrets::SecretSource;
use crate::web_identity::WebIdentity;

/// `[tenants.NAME.entra]`: which credential, and which cloud.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntraSettings {
    pub credential: Credential,
    /// The login host. Other clouds have others (Microsoft Graph, "National cloud deployments").
    #[serde(default = "login")]
    pub login: ServiceUrl,
    /// The Graph host.
    #[serde(default = "graph_host")]
    pub graph: ServiceUrl,
}

/// How the function authenticates as an app: with something from Secrets Manager, or with its AWS identity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// The name of a secret with a client secret or a certificate.
    Secret(SecretName),
    /// Nothing is stored: AWS states the function's role, and Entra trusts that role (workload identity federation).
    Federated {
        /// The app registration's client id.
        #[serde(deserialize_with = "client_id")]
        client_id: String,
        /// What Entra expects the token to be for.
        #[serde(default = "token_exchange")]
        audience: String,
    },
}

/// An app registration's client id, in the letters in which Entra writes it.
pub fn client_id<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let id = canonical(&String::deserialize(input)?);
    id.map(|id| id.to_string()).ok_or_else(|| {
        D::Error::custom("not a UUID: write the app registration's Application (client) ID")
    })
}

/// What Entra recommends (Microsoft Learn, "Workload identity federation": audience).
fn token_exchange() -> String {
    "api://AzureADTokenExchange".to_owned()
}

fn login() -> ServiceUrl {
    ServiceUrl("https://login.microsoftonline.com".to_owned())
}

fn graph_host() -> ServiceUrl {
    ServiceUrl("https://graph.microsoft.com".to_owned())
}

/// A base URL without a path: https, or http to this machine alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ServiceUrl(String);

impl ServiceUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The URL is not one that a credential may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a base URL is https://HOST[:PORT], or http:// to localhost, 127.0.0.1 or [::1]")]
pub struct BadServiceUrl;

impl TryFrom<String> for ServiceUrl {
    type Error = BadServiceUrl;

    fn try_from(text: String) -> Result<ServiceUrl, BadServiceUrl> {
        let url = trusted_url(&text).ok_or(BadServiceUrl)?;
        (url.path() == "/" && url.query().is_none())
            .then(|| ServiceUrl(url.origin().ascii_serialization()))
            .ok_or(BadServiceUrl)
    }
}

/// Whom a credential acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActsOn {
    Standard,
    Privileged,
}

/// The apps that act on standard people, each tenant's as last fetched. Which app a secret is for only the secret says,
/// so that the policy cannot tell whether two secrets are for one.
#[derive(Default)]
pub struct StandardApps(Mutex<BTreeMap<TenantId, String>>);

impl StandardApps {
    /// Whether a credential for this app may act on those people: the app for privileged people acts on no other.
    pub(super) fn admit(&self, acts_on: ActsOn, tenant: TenantId, client_id: &str) -> bool {
        let app = client_id.to_ascii_lowercase();
        let mut apps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match acts_on {
            ActsOn::Standard => {
                apps.insert(tenant, app);
                true
            }
            ActsOn::Privileged => !apps.values().any(|standard| *standard == app),
        }
    }
}

/// What a credential is used with.
#[derive(Clone)]
pub struct EntraDeps {
    /// The client for login and Graph.
    pub http: reqwest::Client,
    /// Where Graph credentials are.
    pub secrets: Arc<dyn SecretSource>,
    /// For federated credentials.
    pub identity: Arc<dyn WebIdentity>,
    pub clock: Arc<dyn Clock>,
    pub standard_apps: Arc<StandardApps>,
}

#[cfg(test)]
mod tests {
    use super::ServiceUrl;

    #[test]
    fn a_credential_is_never_sent_in_the_clear_to_another_machine() {
        let url = |text: &str| ServiceUrl::try_from(text.to_owned());
        assert!(url("https://graph.microsoft.us").is_ok());
        assert!(url("http://127.0.0.1:8443").is_ok());
        for wrong in [
            "http://graph.microsoft.com",
            "http://127.0.0.1.evil.example",
            "https://graph.microsoft.com/v1.0",
            "https://user@graph.microsoft.com",
            "ftp://localhost",
        ] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }
}
