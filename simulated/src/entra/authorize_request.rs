//! The request to `GET /{tenant}/oauth2/v2.0/authorize`: its parameters, and the errors that they cause
//! (<https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>).

use serde_json::Value;
use uuid::Uuid;

use super::answers::LoginError;
use super::registration::Registration;
use super::sign_ins::Challenge;
use super::state::State;
use super::way_back::{ResponseMode, WayBack, origin};

/// Where answers go: an app and a redirect URI of it. Errors before this is known stay on the login's own page.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) client_id: Uuid,
    pub(super) registration: Registration,
    pub(super) redirect_uri: String,
    pub(super) is_spa: bool,
    mode: ResponseMode,
    state: Option<String>,
}

/// How the person is to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompt {
    /// A session is sufficient.
    WhenNeeded,
    Login,
    SelectAccount,
    /// The consent is given already: the page asks once more who signs in.
    Consent,
    /// No page is shown.
    Never,
}

/// The parameters of a request whose target is known.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    pub(super) prompt: Prompt,
    pub(super) hint: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<Challenge>,
    pub(super) scope: String,
    /// How many seconds ago the person may have given the password.
    pub(super) max_age: Option<i64>,
    /// The authentication contexts that the id_token is to have.
    pub(super) contexts: Vec<String>,
}

fn parameter<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

fn missing(name: &str) -> LoginError {
    let text = format!("The request body must contain the following parameter: '{name}'.");
    LoginError::new(400, "invalid_request", 900_144, text)
}

impl Target {
    pub(super) fn find(
        login: &State,
        tenant: &str,
        query: &[(String, String)],
    ) -> Result<Target, LoginError> {
        let client = parameter(query, "client_id").ok_or_else(|| missing("client_id"))?;
        let app = login.app(client)?;
        if State::is_shared(tenant) {
            return Err(LoginError::not_multi_tenant(client));
        }
        login.check_tenant(tenant)?;
        let uri = parameter(query, "redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
        let Some(registration) = app.sign_in.clone() else {
            let text = "No reply address is registered for the application.";
            return Err(LoginError::new(400, "invalid_request", 500_113, text));
        };
        let is_spa = has_registered(&registration.spa_redirect_uris, uri);
        if !is_spa && !has_registered(&registration.redirect_uris, uri) {
            let text = format!(
                "The redirect URI '{uri}' specified in the request does not match the redirect URIs configured \
                 for the application '{client}'. Make sure the redirect URI sent in the request matches one \
                 added to your application in the Azure portal."
            );
            return Err(LoginError::new(400, "invalid_request", 50011, text));
        }
        let mode = match parameter(query, "response_mode") {
            None => ResponseMode::Query,
            Some(name) => {
                ResponseMode::named(name).ok_or_else(|| unsupported("response_mode", name))?
            }
        };
        Ok(Target {
            client_id: app.client_id,
            registration,
            redirect_uri: uri.to_owned(),
            is_spa,
            mode,
            state: parameter(query, "state").map(without_tags),
        })
    }

    /// An answer on its way to the redirect URI.
    pub(super) fn way_back(&self, answer: &[(&'static str, &str)]) -> WayBack {
        let state = self.state.as_deref().map(|state| ("state", state));
        let fields = answer.iter().copied().chain(state);
        let fields = fields.map(|(name, value)| (name, value.to_owned()));
        WayBack::new(&self.redirect_uri, self.mode, fields.collect())
    }

    /// The scheme and host of the redirect URI.
    pub(super) fn origin(&self) -> String {
        origin(&self.redirect_uri)
    }
}

pub(super) fn has_registered(uris: &[String], given: &str) -> bool {
    uris.iter().any(|own| is_registered(own, given))
}

/// A redirect URI has to be the registered one, byte for byte; only the port of `http://localhost` may differ
/// (<https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions>).
fn is_registered(own: &str, given: &str) -> bool {
    let local = |uri: &str| {
        let rest = uri.strip_prefix("http://localhost")?;
        let port = rest.strip_prefix(':').map(|rest| {
            rest.trim_start_matches(|digit: char| digit.is_ascii_digit())
                .to_owned()
        });
        Some(port.unwrap_or_else(|| rest.to_owned()))
            .filter(|path| path.is_empty() || path.starts_with('/'))
    };
    own == given || (local(own).is_some() && local(own) == local(given))
}

/// Entra strips HTML from the state.
fn without_tags(state: &str) -> String {
    let mut is_tag = false;
    let kept = state.chars().filter(|&character| {
        is_tag |= character == '<';
        let keep = !is_tag;
        is_tag &= character != '>';
        keep
    });
    kept.collect()
}

impl Parameters {
    pub(super) fn read(
        target: &Target,
        query: &[(String, String)],
    ) -> Result<Parameters, LoginError> {
        match parameter(query, "response_type") {
            Some("code") => {}
            None => return Err(missing("response_type")),
            Some(other) => return Err(unsupported_response(other)),
        }
        let hint = parameter(query, "login_hint").map(str::to_owned);
        let prompt = match parameter(query, "prompt") {
            None => Prompt::WhenNeeded,
            Some("login") => Prompt::Login,
            // The documentation says that the two are an error, and not which.
            Some("select_account") if hint.is_some() => {
                return Err(unsupported("prompt", "select_account with login_hint"));
            }
            Some("select_account") => Prompt::SelectAccount,
            Some("none") => Prompt::Never,
            Some("consent") => Prompt::Consent,
            Some(other) => return Err(unsupported("prompt", other)),
        };
        let max_age = parameter(query, "max_age").map(|text| {
            let seconds = text.parse().ok().filter(|&seconds: &i64| seconds >= 0);
            seconds.ok_or_else(|| unsupported("max_age", text))
        });
        Ok(Parameters {
            prompt,
            hint,
            nonce: parameter(query, "nonce").map(str::to_owned),
            challenge: challenge(target, query)?,
            scope: scope(query)?,
            max_age: max_age.transpose()?,
            contexts: contexts(query)?,
        })
    }
}

/// The app's registration allows the code alone.
fn unsupported_response(given: &str) -> LoginError {
    let kinds: Vec<_> = given.split_whitespace().collect();
    let disabled = |kind: &str, code| {
        let text = format!(
            "response_type '{kind}' is not enabled for the application. Enabling this feature requires the '{kind}' \
             flag in the application's registration."
        );
        LoginError::new(400, "unsupported_response_type", code, text)
    };
    let is_known = |kind: &&str| ["code", "id_token", "token"].contains(kind);
    if !kinds.iter().all(is_known) {
        let text = format!("The response type '{given}' is not supported.");
        return LoginError::new(400, "unsupported_response_type", 70005, text);
    }
    match kinds.contains(&"id_token") {
        true => disabled("id_token", 700_054),
        false => disabled("token", 700_051),
    }
}

/// The scopes of the sign-in itself, with `openid` among them. Those of Graph and of other APIs are not simulated, and
/// neither is the refresh token: `offline_access` has no effect, and is not in the token's answer.
fn scope(query: &[(String, String)]) -> Result<String, LoginError> {
    let scope = parameter(query, "scope").ok_or_else(|| missing("scope"))?;
    let names: Vec<_> = scope.split_whitespace().collect();
    let invalid = format!(
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter \
         'scope' is not valid. The scope {scope} is not valid."
    );
    let is_simulated =
        |name: &&str| ["openid", "profile", "email", "offline_access"].contains(name);
    if !names.contains(&"openid") || !names.iter().all(is_simulated) {
        return Err(LoginError::not_simulated("invalid_scope", 70011, &invalid));
    }
    let granted = names.iter().filter(|name| **name != "offline_access");
    Ok(granted.copied().collect::<Vec<_>>().join(" "))
}

fn challenge(target: &Target, query: &[(String, String)]) -> Result<Option<Challenge>, LoginError> {
    let Some(text) = parameter(query, "code_challenge") else {
        if target.is_spa {
            let text = "Proof Key for Code Exchange is required for cross-origin authorization code redemption.";
            return Err(LoginError::new(400, "invalid_request", 9_002_325, text));
        }
        return Ok(None);
    };
    if !(43..=128).contains(&text.len()) {
        let text = "The size of the Code_Challenge parameter is not valid.";
        return Err(LoginError::new(400, "invalid_request", 501_491, text));
    }
    match parameter(query, "code_challenge_method") {
        Some("S256") => Ok(Some(Challenge::S256(text.to_owned()))),
        None | Some("plain") => Ok(Some(Challenge::Plain(text.to_owned()))),
        Some(other) => Err(unsupported("code_challenge_method", other)),
    }
}

/// The values of `acrs` for the id_token in the parameter `claims` (OpenID Connect Core 1.0, section 5.5). Other claims
/// are ignored.
fn contexts(query: &[(String, String)]) -> Result<Vec<String>, LoginError> {
    let Some(claims) = parameter(query, "claims") else {
        return Ok(Vec::new());
    };
    let parsed: Value = serde_json::from_str(claims).map_err(|_| unsupported("claims", claims))?;
    let acrs = parsed.pointer("/id_token/acrs");
    let one = acrs.and_then(|acrs| acrs.get("value"));
    let several = acrs.and_then(|acrs| acrs.get("values")?.as_array());
    Ok(one
        .into_iter()
        .chain(several.into_iter().flatten())
        .filter_map(Value::as_str)
        // Tokens have the ids in lower case, however they were requested.
        .map(str::to_lowercase)
        .collect())
}

fn unsupported(name: &str, value: &str) -> LoginError {
    let text = format!("The value '{value}' of the parameter '{name}' is not valid.");
    LoginError::new(400, "invalid_request", 90023, text)
}
