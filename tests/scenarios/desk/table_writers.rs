//! An attacker who can write to the table, at worst one who holds our credentials and the queue, too: none of it is an
//! approval, since only Entra signs.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reregister_mfa::approval::Channel;
use reregister_mfa::approval::sign_in::{Act, Draft, SignedDigest, nonce};
use reregister_mfa::clock::{Clock as _, Timestamp};
use reregister_mfa::ids::Digest;
use reregister_mfa::reset::ports::Wake;
use serde_json::{Value, json};
use simulated::entra::Fault;
use simulated::issuer::Issuer;

use super::browser::VERIFIER;
use super::{
    Browser, CLIENT, DESK_URL, JANE_ID, SAM_ID, about_to_approve, changed, same, with_desk,
    with_desk_and,
};
use crate::memory::MemoryEvidence;
use crate::test_app::{ADELE, ALEX, JANE, Overrides, SAM, TestApp, VERA};

const HOUR: Duration = Duration::from_secs(60 * 60);
const VERA_ID: &str = "a1000000-0000-4000-8000-00000000000d";
const ALEX_ID: &str = "a1000000-0000-4000-8000-000000000002";

/// By which way the reset is to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The page, in a session that he has written himself.
    Page,
    /// A message of the queue about each draft.
    Queue,
    /// The reference in a ticket, with the secret of the webhook.
    Ticket,
    /// A record that says that the reset is under way.
    Record,
}

const WAYS: [Way; 4] = [Way::Page, Way::Queue, Way::Ticket, Way::Record];

/// Who signs the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signer {
    /// The attacker with a key of his own, under Entra's `iss` and `kid`.
    Attacker,
    /// Entra, for Vera: the attacker is a verifier, and redeems her own sign-ins with the desk's secret.
    Vera,
    /// Entra, for anyone. This attacker does not exist: he shows what the others lack.
    Entra,
}

struct Attacker<'a> {
    app: &'a TestApp,
    signer: Signer,
    key: Issuer,
    /// Sam's session, which Sam never began.
    sam: Browser<'a>,
    /// A true record, which is under way, and its drafts: the verification and the approval.
    record: Value,
    drafts: [Draft; 2],
}

/// All texts under keys that begin so.
fn bodies(app: &TestApp, prefix: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let look = |body: &str| found.push(serde_json::from_str(body).unwrap());
    app.store.look(prefix, look);
    found
}

impl<'a> Attacker<'a> {
    /// Reads the table while Alex is reset by two people who may, and writes a session for Sam.
    async fn new(app: &'a TestApp, signer: Signer) -> Attacker<'a> {
        let outage = Fault::on("DELETE", "Methods").times(u32::MAX);
        app.tenant.fail(outage.status(503));
        let case = Browser::of(app, VERA).await.verify(ALEX).await;
        let begun = Browser::of(app, SAM).await.approve(&case).await;
        begun.assert_running();
        let record = bodies(app, "reset#").remove(0);
        let drafts = bodies(app, "desk-draft#").into_iter();
        let mut drafts: Vec<Draft> = drafts
            .map(|stored| Draft::read(stored["text"].as_str().unwrap()).unwrap())
            .collect();
        drafts.sort_by_key(|draft| draft.created_at);
        app.tenant.mend();
        app.wait(HOUR).await;
        assert!(!app.has(ALEX).contains(&"phone mobile".to_owned()));
        app.tenant.forget_calls();

        let published = app.tenant.key_set("https://login.example");
        let kid = published["keys"][0]["kid"].as_str().unwrap();
        let (_, claims) = bodies(app, "desk-signature#")[0]["token"]
            .as_str()
            .map(parts)
            .unwrap();
        let mut sam = Browser::new(app);
        (sam.who, sam.bearer) = (SAM.to_owned(), "a-bearer-of-the-attackers-own".to_owned());
        let hash = Digest::of(sam.bearer.as_bytes());
        let session = json!({
            "person": SAM_ID, "name": "Sam", "user_name": SAM, "verifies": true, "approves": true,
            "signed_in_at": app.clock.now(), "expires_at": end(app), "hash": hash,
        });
        let key = format!("desk-session#{hash}");
        app.store.put(&key, session.to_string(), end(app));
        Attacker {
            app,
            signer,
            key: Issuer::rs256(claims["iss"].as_str().unwrap(), kid),
            sam,
            record,
            drafts: drafts.try_into().unwrap(),
        }
    }

    fn write(&self, key: &str, body: &Value) {
        self.app.store.put(key, body.to_string(), end(self.app));
    }

    /// A token that says that this person signed this text.
    async fn sign(&self, who: &str, id: &str, draft: &Draft, text: &str) -> String {
        let at = draft.created_at.as_second() + 30;
        let nonce = nonce(text);
        let mut browser = Browser::new(self.app);
        match self.signer {
            Signer::Attacker => {}
            Signer::Vera => return redeemed(&browser, VERA, &nonce).await,
            Signer::Entra => {
                browser.changes = changed("auth_time", &json!(at));
                return redeemed(&browser, who, &nonce).await;
            }
        }
        let now = self.app.now();
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": self.key.kid()});
        let tenant = draft.tid;
        let claims = json!({
            "ver": "2.0", "iss": self.key.iss(), "aud": CLIENT, "tid": tenant, "oid": id, "nonce": nonce,
            "iat": now, "nbf": now, "exp": now + 3600, "auth_time": at, "acct": 0,
            "roles": ["Verifier", "Approver"], "acrs": ["c1"],
        });
        self.key.sign(header, claims)
    }

    /// Writes a draft and its signature into the table. Gives the draft as the next one contains it.
    async fn write_signed(
        &self,
        who: (&str, &str),
        draft: &Draft,
        under: Option<&Draft>,
    ) -> SignedDigest {
        let (name, person) = who;
        let text = draft.text().unwrap();
        let token = self.sign(name, person, draft, &text).await;
        let hash = Digest::of(self.sam.bearer.as_bytes());
        let (id, under) = (&draft.id, under.map(|draft| &draft.id));
        let stored = json!({"text": text, "session": hash});
        self.write(&format!("desk-draft#{id}"), &stored);
        let stored =
            json!({"token": token, "verification": under, "signed_at": self.app.clock.now()});
        self.write(&format!("desk-signature#{id}"), &stored);
        SignedDigest {
            draft: text,
            token: Digest::of(token.as_bytes()),
        }
    }

    /// A verification by Vera and an approval by Sam, of Jane, made this long ago, and the decision. Gives the ids.
    async fn write_approval(&self, age: Duration, channel: Channel) -> [Draft; 2] {
        let created_at = self.app.clock.now().checked_sub(age).unwrap();
        let created_at = created_at.checked_sub(Duration::from_secs(60)).unwrap();
        let mut drafts = self.drafts.clone();
        for (draft, id) in drafts.iter_mut().zip(["aa", "bb"]) {
            draft.id = id.repeat(16).try_into().unwrap();
            draft.about.target = JANE_ID.parse().unwrap();
            draft.about.target_name = JANE.to_owned();
            draft.signed_in_at = created_at.checked_sub(HOUR).unwrap();
            draft.created_at = created_at;
            draft.expires_at = created_at.checked_add(Duration::from_secs(600)).unwrap();
        }
        let [verification, mut approval] = drafts;
        let digest = self
            .write_signed((VERA, VERA_ID), &verification, None)
            .await;
        if self.signer == Signer::Vera {
            approval.signer = VERA_ID.parse().unwrap();
        }
        approval.act = Act::Approve {
            channel,
            verification: digest,
        };
        self.write_signed((SAM, SAM_ID), &approval, Some(&verification))
            .await;
        let decision = format!("desk-decision#{}", verification.id);
        self.write(&decision, &json!([{"approved": approval.id}]));
        [verification, approval]
    }

    /// Writes a record of a reset of Jane that is under way, with keys of his own as those that were kept. Gives its id.
    fn write_record(&self, drafts: &[Draft; 2]) -> String {
        let id = "0b7f9f4e-3c1d-4f5e-9a52-7d4b0f1c2a3e";
        let mut record = self.record.clone();
        for time in ["lease_until", "retry_at"] {
            record[time] = json!(self.app.clock.now());
        }
        record["request"]["received_at"] = json!(self.app.clock.now());
        let kept = &mut record["stage"]["claimed"]["claim"]["kept"]["approvals"];
        let own = self.key.jwks()["keys"][0].clone();
        for key in kept[0]["keys"].as_array_mut().unwrap() {
            (key["n"], key["e"]) = (own["n"].clone(), own["e"].clone());
        }
        // The phones of all people have the same ids.
        let phone = &mut record["stage"]["claimed"]["entries"][0]["method"];
        assert_eq!(phone["kind"]["phone"], "mobile");
        phone["label"] = json!("ending in 12");
        let mut text = record.to_string();
        let reference = |draft: &Draft| Digest::of(format!("desk:{}", draft.id).as_bytes());
        for (from, to) in [
            (
                self.record["id"].as_str().unwrap().to_owned(),
                id.to_owned(),
            ),
            (
                reference(&self.drafts[1]).to_string(),
                reference(&drafts[1]).to_string(),
            ),
            (self.drafts[0].id.to_string(), drafts[0].id.to_string()),
            (self.drafts[1].id.to_string(), drafts[1].id.to_string()),
            (ALEX_ID.to_owned(), JANE_ID.to_owned()),
            (ALEX.to_owned(), JANE.to_owned()),
        ] {
            assert!(text.contains(&from), "{from}: {text}");
            text = text.replace(&from, &to);
        }
        self.app
            .store
            .put(&format!("reset#{id}"), text, end(self.app));
        id.to_owned()
    }

    /// Asks for the reset. Gives the code of the refusal, if there is one to be seen.
    async fn ask(&self, way: Way, age: Duration) -> String {
        let channel = match way {
            Way::Ticket => Channel::Webhook,
            _ => Channel::Desk,
        };
        let drafts = self.write_approval(age, channel).await;
        let approval = json!(drafts[1].id);
        match way {
            Way::Page => {
                let draft = json!({"id": approval});
                self.sam.redeem(&draft, "any").await.code().to_owned()
            }
            Way::Ticket => {
                let field = format!("desk:{}", drafts[1].id);
                self.app.send(self.app.jira(&field)).await.code().to_owned()
            }
            Way::Queue => {
                for draft in drafts {
                    let wake = Wake::Draft(draft.id);
                    self.app.app.wake(wake, None).await.unwrap();
                }
                String::new()
            }
            Way::Record => {
                let id = self.write_record(&drafts);
                let wake = Wake::Reset(id.parse().unwrap());
                self.app.app.wake(wake, None).await.unwrap();
                String::new()
            }
        }
    }
}

/// A time by which all is over.
fn end(app: &TestApp) -> Timestamp {
    app.clock.now().checked_add(24 * HOUR).unwrap()
}

/// Header and claims of a token.
fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

/// What Entra's token endpoint gives to one who has the desk's secret.
async fn ask_entra(app: &TestApp, form: &[(&str, &str)]) -> Value {
    let settings = app.get("/desk/settings").await.json;
    let authorize = settings["authorize"].as_str().unwrap();
    let secret = [("client_id", CLIENT), ("client_secret", "desk-app-secret")];
    let form = form.iter().chain(&secret);
    let form = reqwest::Url::parse_with_params("http://form", form).unwrap();
    let sent = reqwest::Client::new()
        .post(authorize.replace("/authorize", "/token"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.query().unwrap().to_owned());
    let text = sent.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The id_token of a sign-in, redeemed outside the desk.
pub async fn redeemed(browser: &Browser<'_>, who: &str, nonce: &str) -> String {
    let code = browser.code(who, nonce).await.unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", DESK_URL),
        ("code_verifier", VERIFIER),
    ];
    let answer = ask_entra(browser.app, &form).await;
    let token = answer["id_token"].as_str();
    token.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The product with a desk, a bucket for evidence, and tickets that may present what was signed.
async fn deployment() -> TestApp {
    let overrides = Overrides {
        evidence: Some(Arc::new(MemoryEvidence::default())),
        ..Overrides::default()
    };
    let issuers = json!(["service-desk", "desk"]);
    with_desk_and(
        |policy| policy.set("sources.jira.issuers", issuers),
        overrides,
    )
    .await
}

/// Asks for Jane's reset in this way, and lets the worker do what it would do. Nothing comes of it.
async fn nothing_comes_of(way: Way, signer: Signer, age: Duration) {
    let case = format!("{way:?}, signed by {signer:?}, {age:?} ago");
    let app = deployment().await;
    let attacker = Attacker::new(&app, signer).await;
    let before = app.decisions().len();
    let refused = attacker.ask(way, age).await;
    app.wait(3 * HOUR).await;
    assert_eq!(app.writes(), [""; 0], "{case}");
    let decided = app.decisions().split_off(before);
    let expected = match way {
        Way::Page | Way::Ticket => vec!["refused sign_in_invalid"],
        // Of a verification that Vera did sign, only the approval is refused.
        Way::Queue if signer == Signer::Vera && age.is_zero() => vec!["signature refused"],
        Way::Queue => vec!["signature refused", "signature refused"],
        Way::Record => vec!["resumed", "NeedsHuman", "evidence kept"],
    };
    assert_eq!(decided, expected, "{case}");
    match way {
        Way::Queue => {}
        Way::Record => assert_eq!(app.ended_because(), "sign_in_invalid", "{case}"),
        Way::Page | Way::Ticket => assert_eq!(refused, "sign_in_invalid", "{case}"),
    }
}

#[tokio::test]
async fn an_attacker_who_holds_the_credentials_the_table_and_the_queue_approves_nothing() {
    for way in WAYS {
        for age in [Duration::ZERO, HOUR] {
            nothing_comes_of(way, Signer::Attacker, age).await;
        }
        // What he writes lacks nothing but Entra's signature.
        let app = deployment().await;
        let attacker = Attacker::new(&app, Signer::Entra).await;
        attacker.ask(way, Duration::ZERO).await;
        app.wait(HOUR).await;
        assert_ne!(app.writes(), [""; 0], "{way:?}");
    }
}

#[tokio::test]
async fn a_verifier_who_holds_the_credentials_the_table_and_the_queue_approves_nothing() {
    for way in WAYS {
        for age in [Duration::ZERO, HOUR] {
            nothing_comes_of(way, Signer::Vera, age).await;
        }
    }
}

#[tokio::test]
async fn what_entra_gives_for_the_desks_secret_alone_is_no_session_and_no_approval() {
    let app = deployment().await;
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let answer = ask_entra(&app, &form).await;
    let token = answer["access_token"].as_str().unwrap();
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let mut browser = Browser::new(&app);
    browser.bearer = token.to_owned();
    let shown = browser.get(&format!("/desk/cases/{case}")).await;
    shown.assert_refused(401, "desk_session_over");
    let in_ticket = app.send(app.jira(token)).await;
    in_ticket.assert_refused(401, "approval_invalid");
    app.reset_on_call(token)
        .await
        .assert_refused(401, "approval_invalid");
    assert_eq!(app.writes(), [""; 0]);
}

#[tokio::test]
async fn a_table_writer_who_changes_one_byte_of_a_signed_draft_breaks_it() {
    for (from, to) in [
        ("HELP-42", "HELP-43"),
        ("\\\"lost\\\"", "\\\"stolen\\\""),
        ("passkeys:remove", "passkeys:keep"),
    ] {
        let app = with_desk(same).await;
        let (sam, draft) = about_to_approve(&app).await;
        app.store.edit("desk-draft#", |body| body.replace(from, to));
        let refused = sam.sign(&draft).await;
        assert_ne!(refused.state(), "completed", "{from}: {}", refused.json);
        assert!(app.writes().is_empty(), "{from}");
    }
}

#[tokio::test]
async fn a_table_writer_who_hangs_one_case_under_the_link_of_another_has_neither_approved() {
    let app = with_desk(same).await;
    let jane = Browser::of(&app, VERA).await.verify(JANE).await;
    let adele = Browser::of(&app, VERA).await.verify(ADELE).await;
    for kind in ["desk-draft", "desk-signature"] {
        let mut of_jane = String::new();
        app.store
            .look(&format!("{kind}#{jane}"), |body| of_jane = body.to_owned());
        app.store
            .edit(&format!("{kind}#{adele}"), |_| of_jane.clone());
    }
    let sam = Browser::of(&app, SAM).await;
    assert_eq!(sam.draft_approval(&adele).await.code(), "desk_no_such_case");
    let shown = sam.get(&format!("/desk/cases/{adele}")).await;
    assert_eq!(shown.code(), "desk_no_such_case", "{}", shown.json);
    assert!(app.writes().is_empty());
}
