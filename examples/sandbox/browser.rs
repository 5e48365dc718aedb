//! A person at the desk, without a browser: what the page asks of the product, and a sign-in at the simulated Entra.

use std::error::Error;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use reregister_mfa::approval::sign_in::{nonce, view_nonce};
use serde_json::{Value, json};
use simulated::entra::SignIn;
use simulated::request::Request;

use crate::setting::{Reply, Setting};

/// PKCE: any text of this length is good enough for one process that speaks to itself.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub struct Browser<'a> {
    setting: &'a Setting,
    /// As the product tells every page.
    settings: Value,
    who: String,
    bearer: String,
}

impl Browser<'_> {
    pub async fn new(setting: &Setting) -> Result<Browser<'_>, Box<dyn Error>> {
        let request = Request::get("/desk/settings");
        let settings = setting.send(&request).await?.json;
        Ok(Browser {
            setting,
            settings,
            who: String::new(),
            bearer: String::new(),
        })
    }

    /// Signs in to look.
    pub async fn look(&mut self, who: &str) -> Result<Reply, Box<dyn Error>> {
        self.who = who.to_owned();
        let random = "random-of-the-page";
        let code = self.code(&view_nonce(random))?;
        let body = json!({"code": code, "code_verifier": VERIFIER, "random": random});
        let reply = self.post("/desk/sessions", &body).await?;
        self.bearer = reply.text("bearer").to_owned();
        Ok(reply)
    }

    /// Has a draft made, of a person who was looked up, and signs in for exactly its text. That sign-in is a later one than the one that looks, and
    /// Entra counts in seconds.
    pub async fn sign(&self, asked: &Value) -> Result<Reply, Box<dyn Error>> {
        if let Some(person) = asked.pointer("/verification/target") {
            self.post("/desk/people", &json!({"person": person}))
                .await?;
        }
        let draft = self.post("/desk/drafts", asked).await?;
        if draft.status != 200 {
            return Ok(draft);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let code = self.code(&nonce(draft.text("text")))?;
        let path = format!("/desk/drafts/{}/signature", draft.text("id"));
        let body = json!({"code": code, "code_verifier": VERIFIER});
        self.post(&path, &body).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply, Box<dyn Error>> {
        let request = Request::post_json(path, body.to_string())
            .header("Authorization", format!("Bearer {}", self.bearer));
        self.setting.send(&request).await
    }

    /// The code with which Entra sends the browser back.
    fn code(&self, nonce: &str) -> Result<String, Box<dyn Error>> {
        let setting = |name: &str| self.settings.get(name).and_then(Value::as_str);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes());
        let mut url = Url::parse(setting("authorize").unwrap_or_default())?;
        url.query_pairs_mut()
            .append_pair("client_id", setting("client_id").unwrap_or_default())
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", setting("redirect_uri").unwrap_or_default())
            .append_pair("response_mode", "fragment")
            .append_pair("scope", "openid profile")
            .append_pair("state", "the-state")
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(digest))
            .append_pair("code_challenge_method", "S256")
            .append_pair("prompt", "login")
            .extend_pairs(setting("claims").map(|claims| ("claims", claims)));
        let callback = self
            .setting
            .tenant
            .sign_in(url.as_str(), &SignIn::fresh(&self.who))?;
        Ok(callback.code)
    }
}
