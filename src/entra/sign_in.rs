//! Sign-ins to the desk: codes made into id_tokens (Microsoft identity platform, "OAuth 2.0 authorization code flow",
//! redeem a code with a client secret or certificate).

use async_trait::async_trait;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::client::{Client, Denied};
use super::settings::{Credential, EntraDeps, ServiceUrl};
use super::{errors, token};
use crate::desk::{AuthorizationCode, RedeemError, SignInClient};
use crate::ids::TenantId;
use crate::json;
use crate::outbound::bounded_body;
use crate::reset::ports::{DirectoryError, Fault};
use crate::secrets::Freshness;

/// The most that an answer may hold.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The desk's app registration.
pub struct DeskClient {
    client: Client,
    client_id: String,
    /// As the policy says it: never from a request.
    redirect_uri: String,
}

#[derive(Deserialize)]
struct Redeemed {
    id_token: SecretString,
}

impl DeskClient {
    pub fn new(
        tenant: TenantId,
        login: &ServiceUrl,
        credential: Credential,
        client_id: String,
        redirect_uri: String,
        deps: EntraDeps,
    ) -> DeskClient {
        let login = login.as_str();
        DeskClient {
            client: Client {
                token_url: format!("{login}/{tenant}/oauth2/v2.0/token"),
                credential,
                deps,
            },
            client_id,
            redirect_uri,
        }
    }

    async fn attempt(
        &self,
        code: &AuthorizationCode,
        freshness: Freshness,
    ) -> Result<SecretString, Failed> {
        let (client_id, proof) = self.client.proof(freshness).await?;
        if !client_id.eq_ignore_ascii_case(&self.client_id) {
            tracing::error!(
                client_id,
                "the desk's credential is of another app than [desk] names"
            );
            return Err(Failed::Denied(Denied::PerhapsStale));
        }
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code", code.code.expose_secret()),
            ("code_verifier", code.verifier.expose_secret()),
        ];
        let proof = proof.iter();
        let form = form
            .into_iter()
            .chain(proof.map(|(name, value)| (*name, value.expose_secret())))
            .collect::<Vec<_>>();
        let request = self
            .client
            .deps
            .http
            .post(&self.client.token_url)
            .form(&form);
        let outage = || Failed::Denied(super::client::OUTAGE);
        let answer = request.send().await.map_err(|_| outage())?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = bounded_body(answer, LARGEST_ANSWER).await;
        let body = body.map_err(|_| outage())?;
        if status == StatusCode::OK {
            let redeemed: Redeemed = json::read(&body).map_err(|_| outage())?;
            return Ok(redeemed.id_token);
        }
        match errors::code(&body).as_deref() {
            // Used, too old, or not of this verifier (RFC 6749, section 5.2); or Entra wants the person to do more.
            Some(
                "invalid_grant" | "interaction_required" | "consent_required" | "login_required",
            ) => Err(Failed::Refused),
            _ => Err(Failed::Denied(token::denied(status, &headers, &body))),
        }
    }
}

enum Failed {
    Refused,
    Denied(Denied),
}

impl From<Denied> for Failed {
    fn from(denied: Denied) -> Failed {
        Failed::Denied(denied)
    }
}

#[async_trait]
impl SignInClient for DeskClient {
    async fn redeem(&self, code: &AuthorizationCode) -> Result<SecretString, RedeemError> {
        // A code whose credential was refused is not used up.
        let redeemed = match self.attempt(code, Freshness::Cached).await {
            Err(Failed::Denied(Denied::PerhapsStale)) => {
                self.attempt(code, Freshness::Forced).await
            }
            other => other,
        };
        redeemed.map_err(|failed| match failed {
            Failed::Refused => RedeemError::Refused,
            Failed::Denied(Denied::Otherwise(error)) => RedeemError::Directory(error),
            Failed::Denied(Denied::PerhapsStale) => {
                RedeemError::Directory(DirectoryError::Permanent(Fault::Credential))
            }
        })
    }
}
