//! Tokens for Graph by client credentials (Microsoft identity platform, "OAuth 2.0 client credentials flow").

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::client::{Client, Denied, OUTAGE, REFUSED};
use super::settings::{ActsOn, EntraDeps, EntraSettings};
use super::{errors, login_errors};
use crate::clock::{self, Timestamp};
use crate::ids::TenantId;
use crate::json;
use crate::outbound::{bounded_body, retry_after};
use crate::reset::ports::{DirectoryError, Fault};
use crate::secrets::Freshness;
use crate::single_flight::SingleFlight;

/// The most that an answer may hold. A token with every role there is has some thousand bytes.
const LARGEST_ANSWER: usize = 256 * 1024;

/// A token is renewed this long before it ends.
const EARLY: Duration = Duration::from_secs(5 * 60);

/// A token that is younger than this has what a new one would have.
const YOUNG: Duration = Duration::from_secs(60);

/// The app-only tokens of one credential, cached until they end.
pub struct Tokens {
    tenant: TenantId,
    acts_on: ActsOn,
    client: Client,
    scope: String,
    deps: EntraDeps,
    cached: SingleFlight<(), Option<Token>>,
}

#[derive(Clone)]
pub struct Token {
    pub(super) value: SecretString,
    /// The application permissions in it.
    roles: BTreeSet<String>,
    fetched_at: Timestamp,
    renew_at: Timestamp,
}

impl Token {
    fn is(&self, other: &Token) -> bool {
        self.value.expose_secret() == other.value.expose_secret()
    }

    /// Whether it says that it has this application permission.
    pub(super) fn has(&self, permission: &str) -> bool {
        self.roles.contains(permission)
    }
}

/// The `roles` of an access token; none if it is not a token in which they can be read. Graph alone decides what it
/// allows: this is only for what Graph leaves out without a word.
fn roles(token: &SecretString) -> BTreeSet<String> {
    #[derive(Default, Deserialize)]
    struct Claims {
        #[serde(default)]
        roles: BTreeSet<String>,
    }
    let payload = token.expose_secret().split('.').nth(1).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('='));
    let claims = claims.ok().and_then(|claims| json::read(&claims).ok());
    claims.unwrap_or_else(Claims::default).roles
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: u64,
}

fn granted(body: &[u8]) -> Option<Granted> {
    json::read(body).ok()
}

impl Tokens {
    pub(super) fn new(
        tenant: TenantId,
        settings: &EntraSettings,
        acts_on: ActsOn,
        deps: EntraDeps,
    ) -> Tokens {
        let (login, graph) = (settings.login.as_str(), settings.graph.as_str());
        Tokens {
            tenant,
            acts_on,
            client: Client {
                token_url: format!("{login}/{tenant}/oauth2/v2.0/token"),
                credential: settings.credential.clone(),
                deps: deps.clone(),
            },
            scope: format!("{graph}/.default"),
            deps,
            cached: SingleFlight::default(),
        }
    }

    /// A token that is good for some minutes at least.
    pub(super) async fn get(&self) -> Result<Token, DirectoryError> {
        let mut cached = self.cached.enter(&()).await;
        if let Some(token) = cached.as_ref()
            && self.deps.clock.now() < token.renew_at
        {
            return Ok(token.clone());
        }
        let token = self.fetch().await?;
        *cached = Some(token.clone());
        Ok(token)
    }

    /// Forgets this token, which Graph did not accept. A newer one stays.
    pub(super) async fn forget(&self, refused: &Token) {
        let mut cached = self.cached.enter(&()).await;
        if cached.as_ref().is_some_and(|token| token.is(refused)) {
            *cached = None;
        }
    }

    /// Forgets this token, which lacks a permission, if it is old enough for a new one to have more. Says whether the
    /// next one is another.
    pub(super) async fn forget_if_old(&self, refused: &Token) -> bool {
        let mut cached = self.cached.enter(&()).await;
        let is_cached = cached.as_ref().is_some_and(|token| token.is(refused));
        if is_cached && self.deps.clock.now() < clock::after(refused.fetched_at, YOUNG) {
            return false;
        }
        if is_cached {
            *cached = None;
        }
        true
    }

    /// One try with the cached credential; if Entra says `invalid_client`, or the credential is malformed, one more with
    /// a fresh one, since it may have been rotated or mended.
    async fn fetch(&self) -> Result<Token, DirectoryError> {
        let cached = self.request(Freshness::Cached).await;
        let fetched = match cached {
            Err(Denied::PerhapsStale) => self.request(Freshness::Forced).await,
            other => other,
        };
        fetched.map_err(|denied| match denied {
            Denied::PerhapsStale => DirectoryError::Permanent(Fault::Credential),
            Denied::Otherwise(error) => error,
        })
    }

    async fn request(&self, freshness: Freshness) -> Result<Token, Denied> {
        let (client_id, proof) = self.client.proof(freshness).await?;
        let apps = &self.deps.standard_apps;
        if !apps.admit(self.acts_on, self.tenant, &client_id) {
            tracing::error!(
                client_id,
                "the credential for privileged people is of the app that acts on standard people: make a second app \
                 registration"
            );
            return Err(Denied::PerhapsStale);
        }
        let answer = self
            .deps
            .http
            .post(&self.client.token_url)
            .form(
                &[
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id.as_str()),
                    ("scope", self.scope.as_str()),
                ]
                .into_iter()
                .chain(
                    proof
                        .iter()
                        .map(|(name, value)| (*name, value.expose_secret())),
                )
                .collect::<Vec<_>>(),
            )
            .send()
            .await
            .map_err(|_| OUTAGE)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = bounded_body(answer, LARGEST_ANSWER)
            .await
            .map_err(|_| OUTAGE)?;
        if status != StatusCode::OK {
            return Err(denied(status, &headers, &body));
        }
        let granted = granted(&body).ok_or(OUTAGE)?;
        let lifetime = Duration::from_secs(granted.expires_in);
        let now = self.deps.clock.now();
        Ok(Token {
            roles: roles(&granted.access_token),
            value: granted.access_token,
            fetched_at: now,
            renew_at: clock::after(now, lifetime.saturating_sub(EARLY)),
        })
    }
}

/// What an answer without a token means.
pub(super) fn denied(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Denied {
    let code = errors::code(body).unwrap_or_default();
    let is_outage = matches!(code.as_str(), "temporarily_unavailable" | "server_error")
        || status == StatusCode::TOO_MANY_REQUESTS
        || status.is_server_error();
    let number = login_errors::number(body);
    let advice = number.filter(|_| !is_outage).map(login_errors::advice);
    tracing::warn!(
        status = status.as_u16(),
        code,
        error_code = number,
        advice = advice.as_deref(),
        "Entra gives no token"
    );
    match code.as_str() {
        // The second: an app registration that is not in the tenant any more, since the secret names another now.
        "invalid_client" | "unauthorized_client" => Denied::PerhapsStale,
        _ if is_outage => Denied::Otherwise(DirectoryError::Transient {
            after: retry_after(headers),
        }),
        _ => REFUSED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_an_object_in_which_no_member_comes_twice() {
        assert!(granted(br#"{"access_token": "a", "expires_in": 9, "more": [1]}"#).is_some());
        for odd in [
            r#"["a", 9]"#,
            r#"{"access_token": "a", "expires_in": 9, "access_token": "b"}"#,
            r#"{"access_token": "a", "expires_in": 9, "more": 1, "more": 2}"#,
        ] {
            assert!(granted(odd.as_bytes()).is_none(), "{odd}");
        }
        let payload = |json: &str| {
            let claims = URL_SAFE_NO_PAD.encode(json);
            roles(&format!("h.{claims}.s").into())
        };
        assert_eq!(payload(r#"{"roles": ["a"]}"#).len(), 1);
        for odd in [r#"[["a"]]"#, r#"{"roles": ["a"], "x": 1, "x": 2}"#] {
            assert_eq!(payload(odd).len(), 0, "{odd}");
        }
    }
}
