//! A browser at the desk: it signs in at the simulated Entra and asks what the page asks.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reregister_mfa::approval::sign_in::{nonce, view_nonce};
use serde_json::{Value, json};
use simulated::entra::{Changes, SignIn};

use super::{CLIENT, DESK_URL, JANE_ID};
use crate::test_app::{ADELE, ALEX, GRACE, JANE, MEGAN, Reply, TestApp, VERA};

pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A browser, and who is looking in it.
pub struct Browser<'a> {
    pub app: &'a TestApp,
    pub who: String,
    pub bearer: String,
    /// What is false in the tokens that Entra gives for this browser's sign-ins.
    pub changes: Changes,
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a TestApp) -> Browser<'a> {
        Browser {
            app,
            who: String::new(),
            bearer: String::new(),
            changes: Changes::none(),
        }
    }

    /// With a session of this person.
    pub async fn of(app: &'a TestApp, who: &str) -> Browser<'a> {
        let mut browser = Browser::new(app);
        let reply = browser.look(who).await;
        assert_eq!(reply.status, 200, "{}", reply.json);
        // The next sign-in is a later one.
        app.clock.pass(Duration::from_secs(1));
        browser
    }

    /// Signs in to look.
    pub async fn look(&mut self, who: &str) -> Reply {
        let random = "random-of-the-page";
        let code = self.code(who, &view_nonce(random)).await.unwrap();
        let body = json!({"code": code, "code_verifier": VERIFIER, "random": random});
        let reply = self.post("/desk/sessions", &body).await;
        self.who = who.to_owned();
        self.bearer = reply.json["bearer"].as_str().unwrap_or_default().to_owned();
        reply
    }

    /// The code with which Entra sends the browser back, or why it does not.
    pub async fn code(&self, who: &str, nonce: &str) -> Result<String, String> {
        self.code_by(&SignIn::fresh(who), nonce, Some("login"))
            .await
    }

    /// The same at an address that asks the person for nothing, in a browser with their latest session at Entra.
    pub async fn silent_code(&self, who: &str, nonce: &str) -> Result<String, String> {
        self.code_by(&SignIn::silent(who), nonce, None).await
    }

    async fn code_by(
        &self,
        how: &SignIn,
        nonce: &str,
        prompt: Option<&str>,
    ) -> Result<String, String> {
        let settings = self.app.get("/desk/settings").await.json;
        let challenge = URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            VERIFIER.as_bytes(),
        ));
        let mut url = reqwest::Url::parse(settings["authorize"].as_str().unwrap()).unwrap();
        url.query_pairs_mut()
            .append_pair("client_id", CLIENT)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", DESK_URL)
            .append_pair("response_mode", "fragment")
            .append_pair("scope", "openid profile")
            .append_pair("state", "the-state")
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(prompt) = prompt {
            url.query_pairs_mut().append_pair("prompt", prompt);
        }
        if let Some(claims) = settings["claims"].as_str() {
            url.query_pairs_mut().append_pair("claims", claims);
        }
        let how = how.clone().with_id_token(self.changes.clone());
        let callback = self.app.tenant.sign_in(url.as_str(), &how);
        callback
            .map(|callback| callback.code)
            .map_err(|no_code| no_code.to_string())
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.app.ask("POST", path, &self.bearer, Some(body)).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.app.ask("GET", path, &self.bearer, None).await
    }

    /// Makes a draft of a verification of this person.
    pub async fn draft_verification(&self, target: &str) -> Reply {
        self.draft(&verification(target)).await
    }

    /// Looks up whom a verification is about, and makes a draft of it.
    pub async fn draft(&self, verification: &Value) -> Reply {
        let person = &verification["verification"]["target"];
        self.post("/desk/people", &json!({"person": person})).await;
        self.post("/desk/drafts", verification).await
    }

    pub async fn draft_approval(&self, case: &str) -> Reply {
        let body = json!({"approval": {"case": case}});
        self.post("/desk/drafts", &body).await
    }

    /// Signs in for a draft as this person, and brings the code back.
    pub async fn sign_as(&self, who: &str, draft: &Value) -> Reply {
        let text = draft["text"].as_str().unwrap();
        assert_eq!(draft["nonce"], nonce(text));
        // Each sign-in is a later one.
        self.app.clock.pass(Duration::from_secs(1));
        let code = self.code(who, &nonce(text)).await.unwrap();
        self.redeem(draft, &code).await
    }

    pub async fn redeem(&self, draft: &Value, code: &str) -> Reply {
        let path = format!("/desk/drafts/{}/signature", draft["id"].as_str().unwrap());
        let body = json!({"code": code, "code_verifier": VERIFIER});
        self.post(&path, &body).await
    }

    pub async fn sign(&self, draft: &Value) -> Reply {
        self.sign_as(&self.who, draft).await
    }

    /// Verifies a person. Gives the case.
    pub async fn verify(&self, target: &str) -> String {
        let draft = self.draft_verification(target).await;
        assert_eq!(draft.status, 200, "{}", draft.json);
        let signed = self.sign(&draft.json).await;
        assert_eq!(signed.status, 200, "{}", signed.json);
        signed.json["case"].as_str().unwrap().to_owned()
    }

    pub async fn draft_vouching(&self, target: &str) -> Reply {
        self.draft(&vouching(target)).await
    }

    /// Vouches for a person as their manager. Gives the case.
    pub async fn vouch(&self, target: &str) -> String {
        let draft = self.draft_vouching(target).await;
        assert_eq!(draft.status, 200, "{}", draft.json);
        let signed = self.sign(&draft.json).await;
        assert_eq!(signed.status, 200, "{}", signed.json);
        signed.json["case"].as_str().unwrap().to_owned()
    }

    /// Approves a case for its ticket. Gives the reference.
    pub async fn approve_for_ticket(&self, case: &str) -> String {
        let body = json!({"approval": {"case": case, "for_ticket": true}});
        let draft = self.post("/desk/drafts", &body).await;
        let signed = self.sign(&draft.json).await;
        let reference = signed.json["reference"].as_str();
        reference
            .unwrap_or_else(|| panic!("{}", signed.json))
            .to_owned()
    }

    /// Approves a case.
    pub async fn approve(&self, case: &str) -> Reply {
        let draft = self.draft_approval(case).await;
        assert_eq!(draft.status, 200, "{}", draft.json);
        self.sign(&draft.json).await
    }
}

/// A verification by video, for which no number has to be shown.
pub fn verification(target: &str) -> Value {
    let id = match target {
        JANE => JANE_ID,
        ADELE => "a1000000-0000-4000-8000-000000000001",
        ALEX => "a1000000-0000-4000-8000-000000000002",
        MEGAN => super::MEGAN_ID,
        GRACE => "a1000000-0000-4000-8000-000000000004",
        VERA => "a1000000-0000-4000-8000-00000000000d",
        other => panic!("{other} has no id here"),
    };
    verification_in("HELP-42", id)
}

/// A manager's word for this person.
pub fn vouching(target: &str) -> Value {
    let mut body = verification(target);
    body["verification"]["evidence"] = json!([{"method": "manager_attestation"}]);
    body
}

/// The same in another ticket, of a person by object id.
pub fn verification_in(ticket: &str, id: &str) -> Value {
    json!({"verification": {
        "ticket": ticket,
        "target": id,
        "scope": "mfa:reregister passkeys:remove",
        "reason": "lost",
        "evidence": [{"method": "video_call"}],
    }})
}
