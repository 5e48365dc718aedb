//! `grant_type=authorization_code`: a confidential client redeems the code of a sign-in
//! (<https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#redeem-a-code-for-an-access-token>).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::answers::LoginError;
use super::id_token::IdToken;
use super::registration::Registration;
use super::sign_ins::Challenge;
use super::state::State;

/// What a client sends with a code, beside its credentials.
#[derive(Debug)]
pub(super) struct Redemption<'a> {
    pub(super) code: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: Option<&'a str>,
    /// The header, which a browser sends.
    pub(super) origin: Option<&'a str>,
    pub(super) base: &'a str,
}

/// What a code is redeemed for.
#[derive(Debug)]
pub(super) struct Redeemed {
    pub(super) scope: String,
    pub(super) id_token: String,
    pub(super) person: Uuid,
}

fn invalid_grant(code: u32, text: impl Into<String>) -> LoginError {
    LoginError::new(400, "invalid_grant", code, text)
}

/// Redeems a code for an authenticated client. A code is used up by success alone: the documentation does not say what
/// an error does to it.
pub(super) fn redeem(
    login: &mut State,
    client_id: Uuid,
    registration: &Registration,
    request: &Redemption,
) -> Result<Redeemed, LoginError> {
    let now = login.now().as_second();
    let code = login.sign_ins.codes.get(request.code).cloned();
    let code = code
        .filter(|code| code.client_id == client_id)
        .ok_or_else(|| {
            invalid_grant(
                70000,
                "The provided value for the 'code' parameter is not valid.",
            )
        })?;
    if code.is_used {
        let text = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an \
                    existing refresh token.";
        return Err(invalid_grant(54005, text));
    }
    if code.is_expired(now) {
        let text = "The provided authorization code or refresh token has expired due to inactivity. Send a new \
                    interactive authorization request for this user and resource.";
        return Err(invalid_grant(70008, text));
    }
    if code.redirect_uri != request.redirect_uri {
        let text = format!(
            "The reply address '{}' does not match the reply address '{}' provided when requesting Authorization \
             code.",
            request.redirect_uri, code.redirect_uri
        );
        return Err(LoginError::client(500_112, text));
    }
    if !proves(code.challenge.as_ref(), request.verifier) {
        let text = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
        return Err(invalid_grant(501_481, text));
    }
    let Some(person) = login.directory.find(&code.person.to_string()) else {
        return Err(invalid_grant(50034, "The user account does not exist."));
    };
    let id_token = IdToken {
        base: request.base,
        client_id,
        registration,
        person,
        now,
        auth_time: code.auth_time,
        nonce: code.nonce.as_deref(),
        scope: &code.scope,
        session: code.session,
        contexts: &code.contexts,
    };
    let id_token = id_token.sign(&login.directory, &login.sign_ins.keys, &code.changes);
    if let Some(code) = login.sign_ins.codes.get_mut(request.code) {
        code.is_used = true;
    }
    Ok(Redeemed {
        scope: code.scope,
        id_token,
        person: code.person,
    })
}

/// A browser redeems the codes of redirect URIs of type `spa`, and of no others. A code that is not known passes: what
/// is wrong with it is said later.
pub(super) fn check_origin(
    login: &State,
    client_id: Uuid,
    request: &Redemption,
) -> Result<(), LoginError> {
    let code = login.sign_ins.codes.get(request.code);
    let Some(code) = code.filter(|code| code.client_id == client_id) else {
        return Ok(());
    };
    match (code.is_spa, request.origin) {
        (false, None) => Ok(()),
        (false, Some(origin)) => {
            let text = format!(
                "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. \
                 Request origin: '{origin}'."
            );
            Err(LoginError::new(400, "invalid_request", 9_002_326, text))
        }
        (true, None) => {
            let text = "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via \
                        cross-origin requests.";
            Err(LoginError::new(400, "invalid_request", 9_002_327, text))
        }
        (true, Some(_)) => {
            let text = "A browser cannot redeem the code.";
            Err(LoginError::not_simulated("invalid_request", 90023, text))
        }
    }
}

/// Whether a verifier belongs to a challenge (RFC 7636, section 4.6). A verifier without a challenge does not fit.
fn proves(challenge: Option<&Challenge>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(Challenge::Plain(challenge)), Some(verifier)) => challenge == verifier,
        (Some(Challenge::S256(challenge)), Some(verifier)) => {
            URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) == *challenge
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}
