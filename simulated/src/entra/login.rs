//! The login's token endpoint: access tokens for apps, by client credentials
//! (<https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>), and id_tokens for codes.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::{Answer, LoginError};
use super::assertions::{ASSERTION_TYPE, UnverifiedAssertion};
use super::permissions::Permissions;
use super::redemption::{Redemption, check_origin, redeem};
use super::state::{SignedIn, State, Token};
use super::users_file::App;

/// The lifetime of a token in seconds.
const LIFETIME: i64 = 3599;

const GRAPH: &str = "https://graph.microsoft.com";

/// Microsoft's login, which is a valid audience of assertions too.
const LOGIN: &str = "https://login.microsoftonline.com";

/// A request to the token endpoint.
#[derive(Debug)]
pub(super) struct TokenRequest<'a> {
    pub(super) tenant: &'a str,
    pub(super) form: &'a [(String, String)],
    /// The credentials of a Basic header.
    pub(super) basic: Option<&'a str>,
    /// The header, which a browser sends.
    pub(super) origin: Option<&'a str>,
    pub(super) base: &'a str,
    pub(super) correlation: &'a str,
}

/// `POST /{tenant}/oauth2/v2.0/token`
pub(super) fn token(state: &mut State, request: &TokenRequest) -> Answer {
    grant(state, request).unwrap_or_else(|error| error.answer(request.correlation))
}

fn grant(state: &mut State, request: &TokenRequest) -> Result<Answer, LoginError> {
    let is_shared = State::is_shared(request.tenant);
    if !is_shared {
        state.check_tenant(request.tenant)?;
    }
    let kind = request.required("grant_type")?;
    if !["authorization_code", "client_credentials"].contains(&kind) {
        let text = format!("The app requested an unsupported grant type '{kind}'.");
        return Err(LoginError::not_simulated(
            "unsupported_grant_type",
            70003,
            &text,
        ));
    }
    let basic = request.basic.and_then(basic_credentials);
    let (basic_id, basic_secret) = basic.unzip();
    let client = match &basic_id {
        Some(id) => id,
        None => request.required("client_id")?,
    };
    let app = state.app(client)?.clone();
    if is_shared {
        return Err(of_no_tenant(kind, client));
    }
    if kind == "authorization_code" {
        return sign_in(state, request, &app, basic_secret.as_deref());
    }
    check_scope(request.required("scope")?, request.base)?;
    authenticate(state, request, &app, basic_secret.as_deref())?;
    let (permissions, acts_on_restricted) =
        (Permissions(app.permissions.clone()), app.acts_on_restricted);
    let mut claims = json!({"appid": app.client_id, "idtyp": "app"});
    if let (false, Value::Object(claims)) = (app.permissions.is_empty(), &mut claims) {
        claims.insert("roles".to_owned(), json!(app.permissions));
    }
    let expires = expiry(state);
    let token = Token {
        permissions,
        acts_on_restricted,
        expires,
        sign_in: None,
    };
    let jwt = issue_token(state, claims, token);
    Ok(Answer::json(
        200,
        json!({"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": jwt}),
    ))
}

/// The error at an endpoint that names no tenant.
fn of_no_tenant(kind: &str, client: &str) -> LoginError {
    if kind == "authorization_code" {
        return LoginError::not_multi_tenant(client);
    }
    let text = "No tenant-identifying information found in either the request or implied by any provided \
                credentials.";
    LoginError::new(400, "invalid_request", 50059, text)
}

/// Redeems the code of a person's sign-in. There is no refresh token, whatever the scope: none is simulated.
fn sign_in(
    state: &mut State,
    request: &TokenRequest,
    app: &App,
    basic_secret: Option<&str>,
) -> Result<Answer, LoginError> {
    let redemption = Redemption {
        code: request.required("code")?,
        redirect_uri: request.required("redirect_uri")?,
        verifier: request.field("code_verifier"),
        origin: request.origin,
        base: request.base,
    };
    // A browser has no credentials: it hears of its mistake first.
    check_origin(state, app.client_id, &redemption)?;
    authenticate(state, request, app, basic_secret)?;
    let Some(registration) = &app.sign_in else {
        let text = "The provided value for the 'code' parameter is not valid.";
        return Err(LoginError::new(400, "invalid_grant", 70000, text));
    };
    let redeemed = redeem(state, app.client_id, registration, &redemption)?;
    // UserInfo takes it, and no other call of the simulated Graph is allowed with it.
    let claims = json!({"appid": app.client_id, "idtyp": "user", "oid": redeemed.person, "scp": redeemed.scope});
    let token = Token {
        permissions: Permissions::default(),
        acts_on_restricted: false,
        expires: expiry(state),
        sign_in: Some(SignedIn {
            client_id: app.client_id,
            person: redeemed.person,
            scope: redeemed.scope.clone(),
        }),
    };
    let jwt = issue_token(state, claims, token);
    let mut answer = json!({
        "token_type": "Bearer",
        "scope": redeemed.scope,
        "expires_in": LIFETIME,
        "ext_expires_in": LIFETIME,
        "access_token": jwt,
        "id_token": redeemed.id_token,
    });
    if let (Some("1"), Value::Object(answer)) = (request.field("client_info"), &mut answer) {
        let account = json!({"uid": redeemed.person, "utid": state.tenant}).to_string();
        let account = URL_SAFE_NO_PAD.encode(account);
        answer.insert("client_info".to_owned(), json!(account));
    }
    Ok(Answer::json(200, answer))
}

impl TokenRequest<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        let field = self.form.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &str) -> Result<&str, LoginError> {
        self.field(name).ok_or_else(|| {
            let text = format!("The request body must contain the following parameter: '{name}'.");
            LoginError::new(400, "invalid_request", 900_144, text)
        })
    }
}

/// Checks the client's secret or assertion.
fn authenticate(
    state: &mut State,
    request: &TokenRequest,
    app: &App,
    basic_secret: Option<&str>,
) -> Result<(), LoginError> {
    let secret = basic_secret.or_else(|| request.field("client_secret"));
    match (secret, request.field("client_assertion")) {
        (Some(secret), _) => check_secret(app, secret),
        (None, Some(jwt)) => {
            check_assertion_type(request.required("client_assertion_type")?)?;
            let unverified = UnverifiedAssertion::parse(jwt)?;
            state.assertions.push(unverified.assertion.clone());
            unverified.verify(app, state.now(), |aud| {
                is_token_endpoint(state, request.base, aud)
            })
        }
        (None, None) => {
            let text = "The request body must contain the following parameter: \
                        'client_assertion' or 'client_secret'.";
            Err(LoginError::client(7_000_218, text))
        }
    }
}

/// Stores an access token with these claims, and writes it.
fn issue_token(state: &mut State, claims: Value, token: Token) -> String {
    let jwt = write_jwt(state.tenant, claims, state.now());
    state.tokens.insert(jwt.clone(), token);
    jwt
}

/// When a token ends that is issued now.
fn expiry(state: &State) -> Timestamp {
    let now = state.now();
    now.checked_add(Span::new().seconds(LIFETIME))
        .unwrap_or(now)
}

/// The scope of client credentials is a resource followed by `/.default`. The resource must be Graph, or the address
/// of this simulated Graph: a proxy before it may have another port than one before the login.
fn check_scope(scope: &str, base: &str) -> Result<(), LoginError> {
    let Some(resource) = scope.trim().strip_suffix("/.default") else {
        let text = format!(
            "The provided request must include a 'scope' input parameter. The provided value for \
             the input parameter 'scope' is not valid. The scope {scope} is not valid."
        );
        return Err(LoginError::new(400, "invalid_scope", 70011, text));
    };
    let is_graph = [GRAPH, "00000003-0000-0000-c000-000000000000", base].contains(&resource);
    if is_graph || resource.starts_with("http://127.0.0.1:") {
        return Ok(());
    }
    let text = format!("The resource principal named {resource} was not found in the tenant.");
    Err(LoginError::not_simulated(
        "invalid_resource",
        500_011,
        &text,
    ))
}

fn check_secret(app: &App, secret: &str) -> Result<(), LoginError> {
    let is_right = app
        .secret
        .as_ref()
        .is_some_and(|own| verify_slices_are_equal(own.as_bytes(), secret.as_bytes()).is_ok());
    if is_right {
        return Ok(());
    }
    let text = format!(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client \
         secret value, not the client secret ID, for a secret added to app '{}'.",
        app.client_id
    );
    Err(LoginError::client(7_000_215, text))
}

fn check_assertion_type(kind: &str) -> Result<(), LoginError> {
    if kind == ASSERTION_TYPE {
        return Ok(());
    }
    let text = format!("The value '{kind}' of the parameter 'client_assertion_type' is not valid.");
    Err(LoginError::new(400, "invalid_request", 90023, text))
}

/// Whether an audience is the token endpoint of this tenant, here or at Microsoft's login.
fn is_token_endpoint(state: &State, base: &str, audience: &str) -> bool {
    let tenant = |host| {
        audience
            .strip_prefix(host)?
            .strip_prefix('/')?
            .strip_suffix("/oauth2/v2.0/token")
    };
    [base, LOGIN]
        .into_iter()
        .filter_map(tenant)
        .any(|tenant| state.is_called(tenant))
}

/// Client id and secret in a Basic header, each form-encoded before they were joined (RFC 6749, section 2.3.1).
fn basic_credentials(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let plain = |text: &str| {
        form_urlencoded::parse(text.as_bytes())
            .next()
            .map(|(text, _)| text.into_owned())
    };
    Some((plain(id)?, plain(secret)?))
}

/// A token that looks like Entra's. Its signature is random: the tenant looks up its tokens, and clients must not
/// verify them.
fn write_jwt(tenant: Uuid, more: Value, now: Timestamp) -> String {
    let mut claims = json!({
        "aud": GRAPH,
        "iss": format!("https://sts.windows.net/{tenant}/"),
        "iat": now.as_second(),
        "nbf": now.as_second(),
        "exp": now.as_second() + LIFETIME,
        "tid": tenant,
        "uti": Uuid::new_v4(),
        "ver": "1.0",
    });
    if let (Value::Object(claims), Value::Object(more)) = (&mut claims, more) {
        claims.extend(more);
    }
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "simulated"});
    let signature =
        URL_SAFE_NO_PAD.encode([*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat());
    format!("{}.{}.{signature}", encode(&header), encode(&claims))
}

/// What `GET /{tenant}/oauth2/v2.0/token` answers.
pub(super) fn only_post(verb: &str, correlation: &str) -> Answer {
    let text = format!("The endpoint only accepts POST requests. Received a {verb} request.");
    LoginError::new(400, "invalid_request", 900_561, text).answer(correlation)
}

/// `/{tenant}/oauth2/v2.0/devicecode`
pub(super) fn device_code(correlation: &str) -> Answer {
    let text = "Signing in on another device is not offered.";
    LoginError::not_simulated("invalid_request", 90023, text).answer(correlation)
}

/// The error for a fault with this status.
pub(super) fn failure(status: u16) -> Answer {
    let (error, code, message) = match status {
        429 => (
            "temporarily_unavailable",
            90055,
            "The request was throttled.",
        ),
        500.. => (
            "temporarily_unavailable",
            90033,
            "A transient error has occurred. Please try again.",
        ),
        401 => (
            "invalid_client",
            7_000_215,
            "Invalid client secret provided.",
        ),
        _ => ("invalid_request", 90012, "The request is not valid."),
    };
    LoginError::new(status, error, code, message).answer(&Uuid::new_v4().to_string())
}
