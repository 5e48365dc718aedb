//! Microsoft Graph: one [`Directory`] a credential. Translates; decides nothing.
//!
//! Every call is one attempt. What an answer means for the call is decided in [`errors`]; whether to try
//! again is the core's.

mod assertion;
mod errors;
mod graph;
mod group_eligibility;
mod methods;
mod people;
mod standing;
mod token;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use crate::clock::Clock;
use crate::ids::{ObjectId, PersonRef, SecretName, TenantId, trusted_url};
use crate::reset::ports::{Directory, DirectoryError, Fault, Listing};
use crate::reset::{Method, Person, PrivilegeFacts};
use crate::secrets::{SecretSource, WebIdentity};
use graph::Graph;
use group_eligibility::GroupEligibility;
use token::Tokens;

/// `[tenants.NAME.entra]`: which credential, and which cloud.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntraSettings {
    /// How we prove that we are the app.
    pub credential: Credential,
    /// The login host. Other clouds have others (Microsoft Graph, "National cloud deployments").
    #[serde(default = "login")]
    pub login: ServiceUrl,
    /// The Graph host.
    #[serde(default = "graph_host")]
    pub graph: ServiceUrl,
}

/// How we prove that we are an app: with something from Secrets Manager, or with who we are in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// The name of a secret with a client secret or a certificate.
    Secret(SecretName),
    /// Nothing is stored: AWS says which role we are, and Entra trusts that role (workload identity federation).
    Federated {
        /// The app registration's client id.
        client_id: String,
        /// What Entra expects the token to be for.
        #[serde(default = "token_exchange")]
        audience: String,
    },
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

/// What a credential is used with.
#[derive(Clone)]
pub struct EntraDeps {
    /// The client for login and Graph.
    pub http: reqwest::Client,
    /// Where Graph credentials are.
    pub secrets: Arc<dyn SecretSource>,
    /// Who says who we are, for federated ones.
    pub identity: Arc<dyn WebIdentity>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A tenant seen through one credential.
pub struct Entra {
    graph: Graph,
    group_eligibility: GroupEligibility,
    asks_for_hardware: bool,
}

impl Entra {
    /// Connects nothing yet; [`Entra::warm_up`] does. `asks_for_hardware` is whether this cloud has an API for
    /// hardware OATH tokens, `privileged_groups` whom else to ask who may become part of them.
    pub fn new(
        tenant: TenantId,
        settings: EntraSettings,
        asks_for_hardware: bool,
        privileged_groups: BTreeSet<ObjectId>,
        means: EntraDeps,
    ) -> Entra {
        let (http, clock) = (means.http.clone(), means.clock.clone());
        let tokens = Tokens::new(tenant, &settings, means);
        Entra {
            graph: Graph::new(settings.graph, http, tokens),
            group_eligibility: GroupEligibility::new(privileged_groups, clock),
            asks_for_hardware,
        }
    }

    /// Gets a token and what is the same for everybody, so that the first request need not wait for it.
    ///
    /// # Errors
    /// The [`DirectoryError`] that the first request would meet.
    pub async fn warm_up(&self) -> Result<(), DirectoryError> {
        self.graph.warm_up().await?;
        match self.group_eligibility.get(&self.graph).await {
            // What the licence means is decided when somebody asks.
            Ok(_) | Err(DirectoryError::Permanent(Fault::Unlicensed)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Directory for Entra {
    async fn person(&self, who: &PersonRef) -> Result<Person, DirectoryError> {
        people::find(&self.graph, who).await
    }

    async fn standing(&self, id: ObjectId) -> Result<PrivilegeFacts, DirectoryError> {
        standing::of(&self.graph, &self.group_eligibility, id).await
    }

    async fn methods(&self, id: ObjectId) -> Result<Listing, DirectoryError> {
        methods::list(&self.graph, id, self.asks_for_hardware).await
    }

    async fn remove(&self, id: ObjectId, method: &Method) -> Result<(), DirectoryError> {
        methods::remove(&self.graph, id, method).await
    }

    async fn deactivate(&self, id: ObjectId, method: &Method) -> Result<(), DirectoryError> {
        methods::deactivate(&self.graph, id, method).await
    }

    async fn revoke_sessions(&self, id: ObjectId) -> Result<(), DirectoryError> {
        people::revoke_sessions(&self.graph, id).await
    }
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
