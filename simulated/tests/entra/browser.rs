//! An app with which people sign in, and a browser, as tests need them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::redirect::Policy;
use simulated::entra::Registration;

use super::*;

pub(super) const SIGN: &str = "5e1f0000-4f50-4162-8738-495a6b7c8d9e";
pub(super) const SECRET: &str = "sign-app-secret";
pub(super) const DESK_URI: &str = "https://desk.example/desk";
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const C1: &str = r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

pub(super) fn id(text: &str) -> uuid::Uuid {
    text.parse().unwrap()
}

pub(super) fn registration() -> Registration {
    Registration::web(DESK_URI)
        .role("Verifier", id(ADELE))
        .role("Approver", id(DESK))
}

/// The tenant with an app to which Adele and the service desk are assigned.
pub(super) async fn client() -> GraphClient {
    let client = GraphClient::new().await;
    client.tenant.register_app(id(SIGN), SECRET, registration());
    client
}

/// An authorize URL with these parameters, which replace the usual ones; an empty value leaves one out.
pub(super) fn authorize_url(client: &GraphClient, changes: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    let usual = [
        ("client_id", SIGN),
        ("response_type", "code"),
        ("redirect_uri", DESK_URI),
        ("response_mode", "fragment"),
        ("scope", "openid profile"),
        ("state", "state-1"),
        ("nonce", "nonce-1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| changes.iter().all(|(given, _)| given != name));
    let all: Vec<_> = kept
        .chain(changes.iter().copied())
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let base = format!("{}/{TENANT}/oauth2/v2.0/authorize", client.serving.url);
    reqwest::Url::parse_with_params(&base, all).unwrap().into()
}

/// A browser that shows where it is sent.
pub(super) struct Browser {
    http: Client,
    cookie: Option<String>,
}

/// What a browser got: the text of a page, or where it is sent.
#[derive(Debug)]
pub(super) enum Got {
    Page(String),
    Sent(String),
}

impl Browser {
    pub(super) fn new() -> Browser {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Browser { http, cookie: None }
    }

    async fn send(&mut self, mut request: reqwest::RequestBuilder) -> Got {
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("other=1; {cookie}"));
        }
        let answer = request.send().await.unwrap();
        if let Some(cookie) = answer.headers().get("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; HttpOnly"), "{cookie}");
            self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        }
        match answer.status().as_u16() {
            302 => Got::Sent(answer.headers()["location"].to_str().unwrap().to_owned()),
            200 => Got::Page(answer.text().await.unwrap()),
            other => unreachable!("{other}"),
        }
    }

    pub(super) async fn open(&mut self, url: &str) -> Got {
        self.send(self.http.get(url)).await
    }

    /// Submits the form of the page at an authorize URL.
    pub(super) async fn submit(&mut self, url: &str, name: &str, value: &str) -> Got {
        let action = url.replace("/oauth2/v2.0/authorize?", "/login?");
        self.send(self.http.post(action).form(&[(name, value)]))
            .await
    }

    pub(super) async fn sign_in(&mut self, url: &str, user: &str) -> String {
        self.submit(url, "user", user).await.sent()
    }
}

impl Got {
    #[track_caller]
    pub(super) fn sent(self) -> String {
        match self {
            Got::Sent(location) => location,
            Got::Page(text) => unreachable!("a page: {text}"),
        }
    }

    #[track_caller]
    pub(super) fn page(self) -> String {
        match self {
            Got::Page(text) => text,
            Got::Sent(location) => unreachable!("sent to {location}"),
        }
    }
}

/// A member of the answer in an address.
pub(super) fn answered(location: &str, name: &str) -> Option<String> {
    let (_, answer) = location.split_once(['?', '#']).unwrap();
    let url = reqwest::Url::parse(&format!("http://x/?{answer}")).unwrap();
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Redeems a code with these fields, which replace the usual ones.
pub(super) async fn redeem(
    client: &GraphClient,
    code: &str,
    changes: &[(&str, &str)],
) -> (u16, Value) {
    let usual = [
        ("grant_type", "authorization_code"),
        ("client_id", SIGN),
        ("client_secret", SECRET),
        ("code", code),
        ("redirect_uri", DESK_URI),
        ("code_verifier", VERIFIER),
        ("scope", ""),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| changes.iter().all(|(given, _)| given != name));
    let all: Vec<_> = kept.chain(changes.iter().copied()).collect();
    let (status, answer) = client.request_token(TENANT, &all).await;
    (status.as_u16(), answer)
}

pub(super) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The claims of the token that a code is redeemed for.
pub(super) async fn redeemed(client: &GraphClient, code: &str) -> Value {
    let (status, answer) = redeem(client, code, &[]).await;
    assert_eq!(status, 200, "{answer}");
    claims(answer["id_token"].as_str().unwrap())
}
