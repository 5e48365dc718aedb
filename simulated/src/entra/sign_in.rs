//! Sign-in of people to one app: the authorization code flow with PKCE, for a confidential client
//! (<https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>).
//!
//! A person signs in by a click on their name. Everything else is checked as Entra checks it: the redirect URI, the
//! assignment, the context of Conditional Access, the code, its client, its redirect URI and its verifier.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answers::{Answer, LoginError};
use super::state::State;
use crate::issuer::Issuer;

/// The app registration that people sign in to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignInApp {
    /// One of the tenant's apps: its secret or certificate redeems codes.
    pub client_id: Uuid,
    pub redirect_uris: Vec<String>,
    /// The app roles, by value, each with the group that has it. Direct members alone have the role
    /// (<https://learn.microsoft.com/entra/identity-platform/howto-add-app-roles-in-apps>).
    pub roles: BTreeMap<String, Uuid>,
    /// The authentication context that Conditional Access protects. A person who may not meet it gets no code for it.
    #[serde(default)]
    pub protected: Option<String>,
    /// People who cannot meet it: they have no method that resists phishing.
    #[serde(default)]
    pub without_strong_method: Vec<Uuid>,
    /// The optional claims of the ID token.
    #[serde(default = "optional_claims")]
    pub optional_claims: Vec<String>,
}

fn optional_claims() -> Vec<String> {
    ["auth_time", "acct", "acrs"].map(str::to_owned).to_vec()
}

/// The key that all tenants sign with until they rotate: to make one takes long.
static FIRST_KEY: LazyLock<Issuer> = LazyLock::new(|| Issuer::rs256("entra", "first-key"));

/// What the tenant knows of sign-ins.
pub(super) struct SignIns {
    pub(super) app: Option<SignInApp>,
    key: Issuer,
    codes: HashMap<String, Code>,
    /// Live sessions by cookie: who, and when they authenticated.
    sessions: HashMap<String, (Uuid, i64)>,
    pub(super) now: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Claims of the next tokens that are not what they should be; null leaves a claim out.
    pub(super) changed_claims: Map<String, Value>,
    /// How many codes were redeemed.
    pub(super) redeemed: usize,
}

impl fmt::Debug for SignIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIns").finish_non_exhaustive()
    }
}

/// A code, and what it is bound to.
struct Code {
    person: Uuid,
    auth_time: i64,
    nonce: Option<String>,
    redirect_uri: String,
    challenge: String,
    acrs: Option<String>,
    issued_at: i64,
    used: bool,
}

/// How long a code can be redeemed, in seconds.
const CODE_LIFETIME: i64 = 600;

/// The lifetime of an id_token, in seconds.
const TOKEN_LIFETIME: i64 = 3600;

const COOKIE: &str = "ESTSAUTH";

impl SignIns {
    pub(super) fn new(app: Option<SignInApp>) -> SignIns {
        SignIns {
            app,
            key: FIRST_KEY.clone(),
            codes: HashMap::new(),
            sessions: HashMap::new(),
            now: Arc::new(|| jiff::Timestamp::now().as_second()),
            changed_claims: Map::new(),
            redeemed: 0,
        }
    }

    /// Signs with another key from now on, and lists the earlier one no more.
    pub(super) fn rotate(&mut self) {
        let next = Issuer::rs256("entra", &Uuid::new_v4().simple().to_string());
        self.key = next;
    }
}

/// A request of a browser.
pub(super) struct Authorize<'a> {
    pub(super) query: &'a [(String, String)],
    pub(super) cookies: &'a str,
    pub(super) path: &'a str,
}

/// `GET /{tenant}/oauth2/v2.0/authorize`
pub(super) fn authorize(state: &mut State, request: &Authorize<'_>) -> Answer {
    let get = |name: &str| {
        let found = request.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let Some(app) = state.sign_ins.app.clone() else {
        return own_page(700_016, "Application was not found in the directory.");
    };
    if get("client_id").parse() != Ok(app.client_id) {
        return own_page(700_016, "Application was not found in the directory.");
    }
    let redirect_uri = get("redirect_uri").to_owned();
    if !app.redirect_uris.contains(&redirect_uri) {
        return own_page(
            50011,
            "The redirect URI specified in the request does not match the redirect URIs configured for the application.",
        );
    }
    let back = |parameters: &[(&str, &str)]| {
        redirect(
            &redirect_uri,
            get("response_mode"),
            get("state"),
            parameters,
        )
    };
    let refuse = |error: &str, text: &str| back(&[("error", error), ("error_description", text)]);
    if get("response_type") != "code" {
        return refuse(
            "unsupported_response_type",
            "AADSTS700054: response_type 'id_token' is not enabled for the application.",
        );
    }
    if get("code_challenge_method") != "S256" || get("code_challenge").len() != 43 {
        return refuse(
            "invalid_request",
            "AADSTS501491: Invalid size of Code_Challenge parameter.",
        );
    }
    if !get("scope").split(' ').any(|scope| scope == "openid") {
        return refuse(
            "invalid_request",
            "AADSTS900144: The request must contain 'scope'.",
        );
    }
    if get("cancel") == "1" {
        return refuse(
            "access_denied",
            "AADSTS65004: User declined to consent to access the app.",
        );
    }
    let now = (state.sign_ins.now)();
    let cookie = request.cookies.split("; ").find_map(|cookie| {
        let (name, value) = cookie.split_once('=')?;
        (name == COOKIE).then(|| value.to_owned())
    });
    let session = cookie.and_then(|cookie| state.sign_ins.sessions.get(&cookie).copied());
    let clicked = state
        .directory
        .find(get("sign_in_as"))
        .map(|person| person.profile.id);
    let (person, auth_time, is_new) = match (clicked, session, get("prompt")) {
        (Some(person), _, _) => (person, now, true),
        (None, Some((person, at)), "" | "none") => (person, at, false),
        (None, None, "none") => {
            return refuse(
                "login_required",
                "AADSTS50058: A silent sign-in request was sent but no user is signed in.",
            );
        }
        _ => return sign_in_page(state, request, get("login_hint")),
    };
    let Some(profile) = state
        .directory
        .find(&person.to_string())
        .map(|found| &found.profile)
    else {
        return own_page(50034, "The user account does not exist in the directory.");
    };
    if !profile.account_enabled {
        return own_page(50057, "The user account is disabled.");
    }
    if roles_of(state, &app, person).is_empty() {
        return own_page(
            50105,
            "Your administrator has configured the application to block users unless they are specifically granted \
             ('assigned') access to the application.",
        );
    }
    let wanted = serde_json::from_str::<Value>(get("claims")).ok();
    let wanted = wanted
        .as_ref()
        .and_then(|claims| claims.pointer("/id_token/acrs/value")?.as_str());
    if wanted.is_some()
        && app.protected.as_deref() == wanted
        && app.without_strong_method.contains(&person)
    {
        return own_page(
            53003,
            "Access has been blocked by Conditional Access policies.",
        );
    }
    let code = format!("1.{}.{}", Uuid::new_v4().simple(), "A".repeat(900));
    let nonce = request.query.iter().find(|(key, _)| key == "nonce");
    state.sign_ins.codes.insert(
        code.clone(),
        Code {
            person,
            auth_time,
            nonce: nonce.map(|(_, nonce)| nonce.clone()),
            redirect_uri: redirect_uri.clone(),
            challenge: get("code_challenge").to_owned(),
            acrs: wanted.map(str::to_owned),
            issued_at: now,
            used: false,
        },
    );
    let session_state = Uuid::new_v4().to_string();
    let answer = back(&[("code", &code), ("session_state", &session_state)]);
    if !is_new {
        return answer;
    }
    let cookie = Uuid::new_v4().simple().to_string();
    state
        .sign_ins
        .sessions
        .insert(cookie.clone(), (person, now));
    answer.with(
        "set-cookie",
        format!("{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax"),
    )
}

/// The roles that a person has in the app: those whose groups they are a direct member of.
fn roles_of(state: &State, app: &SignInApp, person: Uuid) -> Vec<String> {
    let is_member = |group: &Uuid| {
        let mut groups = state.directory.groups.iter();
        groups.any(|one| one.id == *group && one.members.contains(&person))
    };
    let roles = app.roles.iter();
    roles
        .filter(|(_, group)| is_member(group))
        .map(|(role, _)| role.clone())
        .collect()
}

/// Back to the app, with the answer where it asked for it.
fn redirect(uri: &str, mode: &str, state: &str, parameters: &[(&str, &str)]) -> Answer {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        query.append_pair(name, value);
    }
    if !state.is_empty() {
        query.append_pair("state", state);
    }
    let separator = if mode == "fragment" { '#' } else { '?' };
    Answer::no_body(302).with("location", format!("{uri}{separator}{}", query.finish()))
}

/// An error that stays at Entra: the app never hears of it.
fn own_page(code: u32, text: &str) -> Answer {
    page(
        200,
        "Sign in",
        &format!(
            "<p>Sorry, but we\u{2019}re having trouble signing you in.</p><p>AADSTS{code}: {}</p>",
            escaped(text)
        ),
    )
}

/// One link for each person of the tenant.
fn sign_in_page(state: &State, request: &Authorize<'_>, hint: &str) -> Answer {
    let address = |name: &str, value: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(request.query);
        query.append_pair(name, value);
        escaped(&format!("{}?{}", request.path, query.finish()))
    };
    let mut people: Vec<_> = state
        .directory
        .people
        .iter()
        .map(|person| &person.profile)
        .collect();
    people.sort_by_key(|person| !person.user_principal_name.eq_ignore_ascii_case(hint));
    let links: String = people
        .iter()
        .map(|person| {
            format!(
                "<li><a href=\"{}\">{} <small>{}</small></a></li>",
                address("sign_in_as", &person.user_principal_name),
                escaped(&person.display_name),
                escaped(&person.user_principal_name),
            )
        })
        .collect();
    let cancel = address("cancel", "1");
    page(
        200,
        "Sign in to the simulated Entra",
        &format!(
            "<p>Choose who you are. No password is asked for: this tenant is simulated.</p><ul>{links}</ul><p><a href=\"{cancel}\">Cancel</a></p>"
        ),
    )
}

fn page(status: u16, title: &str, body: &str) -> Answer {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    Answer::html(status, html).with(
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The grant `authorization_code` of the token endpoint, for a client that is authenticated.
pub(super) fn redeem(
    state: &mut State,
    client_id: Uuid,
    field: impl Fn(&str) -> Option<String>,
    base: &str,
) -> Result<Answer, LoginError> {
    let invalid = |code, text: &str| LoginError::new(400, "invalid_grant", code, text);
    let now = (state.sign_ins.now)();
    let app = state
        .sign_ins
        .app
        .clone()
        .filter(|app| app.client_id == client_id);
    let app = app.ok_or_else(|| invalid(700_016, "The app has no redirect URI."))?;
    let text = field("code").unwrap_or_default();
    let Some(code) = state.sign_ins.codes.get_mut(&text) else {
        return Err(invalid(
            9_002_313,
            "Invalid request. Request is malformed or invalid.",
        ));
    };
    if code.used {
        return Err(invalid(
            54005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
        ));
    }
    if now > code.issued_at + CODE_LIFETIME {
        return Err(invalid(
            70008,
            "The provided authorization code or refresh token has expired due to inactivity.",
        ));
    }
    if field("redirect_uri").as_deref() != Some(code.redirect_uri.as_str()) {
        return Err(invalid(
            500_112,
            "The reply address does not match the reply address provided when requesting the authorization code.",
        ));
    }
    let verifier = field("code_verifier").unwrap_or_default();
    if URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) != code.challenge {
        return Err(invalid(
            501_481,
            "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
        ));
    }
    code.used = true;
    let (person, auth_time) = (code.person, code.auth_time);
    let (nonce, acrs) = (code.nonce.clone(), code.acrs.clone());
    state.sign_ins.redeemed += 1;
    let roles = roles_of(state, &app, person);
    let found = state.directory.find(&person.to_string());
    let found = found.ok_or_else(|| invalid(50034, "The user account does not exist."))?;
    let (profile, is_guest) = (&found.profile, found.is_external());
    let mut claims = json!({
        "aud": app.client_id, "iss": format!("{base}/{}/v2.0", state.tenant),
        // Five minutes before it is issued, as in Entra's own tokens.
        "iat": now - 300, "nbf": now - 300, "exp": now + TOKEN_LIFETIME,
        "aio": "AWQAm/8TAAAA", "name": profile.display_name, "oid": person,
        "preferred_username": profile.user_principal_name, "rh": "1.AAAA",
        "sid": Uuid::new_v4(), "sub": URL_SAFE_NO_PAD.encode(digest(&SHA256, person.as_bytes())),
        "tid": state.tenant, "uti": Uuid::new_v4().simple().to_string(), "ver": "2.0",
    });
    let has = |name: &str| app.optional_claims.iter().any(|claim| claim == name);
    let additions = [
        ("nonce", nonce.map(Value::from)),
        ("roles", (!roles.is_empty()).then(|| json!(roles))),
        ("auth_time", has("auth_time").then(|| json!(auth_time))),
        ("acct", has("acct").then(|| json!(u8::from(is_guest)))),
        ("acrs", acrs.map(|acrs| json!([acrs]))),
        (
            "idp",
            is_guest.then(|| json!("https://sts.windows.net/other/")),
        ),
    ];
    for (name, value) in additions {
        if let (Some(value), Some(claims)) = (value, claims.as_object_mut()) {
            claims.insert(name.to_owned(), value);
        }
    }
    for (name, value) in &state.sign_ins.changed_claims {
        let Some(claims) = claims.as_object_mut() else {
            continue;
        };
        match value {
            Value::Null => drop(claims.remove(name)),
            value => drop(claims.insert(name.clone(), value.clone())),
        }
    }
    let key = &state.sign_ins.key;
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": key.kid()});
    let token = key.sign(header, claims);
    // No refresh token without the scope offline_access.
    Ok(Answer::json(
        200,
        json!({
            "token_type": "Bearer", "scope": "openid profile", "expires_in": TOKEN_LIFETIME,
            "ext_expires_in": TOKEN_LIFETIME, "access_token": "opaque", "id_token": token,
        }),
    ))
}

/// `GET /{tenant}/discovery/v2.0/keys`: no `alg`, an issuer at each key, and a key for personal accounts.
pub(super) fn keys(state: &State, base: &str) -> Answer {
    let mut set = state.sign_ins.key.jwks();
    let personal = format!("{base}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0");
    let mut keys = Vec::new();
    let listed = set.get_mut("keys").and_then(Value::as_array_mut);
    for key in listed.into_iter().flatten() {
        let Some(members) = key.as_object_mut() else {
            continue;
        };
        members.remove("alg");
        let kid = members.get("kid").cloned().unwrap_or_default();
        members.insert("x5t".to_owned(), kid);
        members.insert(
            "issuer".to_owned(),
            json!(format!("{base}/{{tenantid}}/v2.0")),
        );
        let mut other = members.clone();
        other.insert("kid".to_owned(), json!("personal"));
        other.insert("issuer".to_owned(), json!(personal));
        keys.extend([json!(members), json!(other)]);
    }
    Answer::json(200, json!({ "keys": keys }))
}
