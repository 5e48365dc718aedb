//! Does one thing so many times, on fixed input, for tools/guard to count its instructions.
//!
//! ```text
//! guard signature 200    the signature of a Jira webhook, and what it says
//! guard approval 200     an approval from its text to authentic: ES256 and claims
//! guard evidence 200     the same, and the rules of time and evidence
//! guard judgement 200    whether a privileged person may be reset on two approvals, and the plan
//! guard write            writes the fixed input anew
//! ```

mod judgement;

use std::path::{Path, PathBuf};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use judgement::Judgement;
use reregister_mfa::approval::{
    Algorithm, Audiences, Authentic, IssuerPolicy, KeySet, authenticate, parse_unverified,
};
use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::{Label, SecretName};
use reregister_mfa::webhook::{Source, WebhookSecret};
use simulated::approval::{Draft, ON_CALL_AUDIENCE, WEBHOOK_AUDIENCE};
use simulated::issuer::Issuer;
use simulated::senders::jira::{Issue, IssueEvent, Status};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const NOW: i64 = 1_790_000_000;
const ISS: &str = "https://approvals.contoso.example";
const SECRET: &str = "development only: the secret of the Jira webhook";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().ok_or("what?")?;
    if what == "write" {
        return write();
    }
    let times: usize = arguments.next().ok_or("how often?")?.parse()?;
    let (input, judgement) = (Input::read()?, Judgement::new()?);
    for _ in 0..times {
        match what.as_str() {
            "signature" => input.signature()?,
            "approval" => drop(input.approval()?),
            "evidence" => input.evidence()?,
            "judgement" => judgement.make()?,
            other => return Err(format!("not known: {other}").into()),
        }
    }
    Ok(())
}

fn file(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/bench/guard")).join(name)
}

/// A webhook of Jira with an approval, its signature, and the public keys of the issuer. Signatures of ES256 differ each
/// time, so they are kept.
fn write() -> Result<()> {
    let issuer = Issuer::es256(ISS, "desk-2026");
    let approval = issuer.approve(&Draft::new(NOW));
    let issue = Issue::new("ITSD-1042", Status::new("10042", "Approved"))
        .field("customfield_10123", approval.as_str());
    let delivery =
        IssueEvent::transition(issue, &Status::new("1", "Open")).signed("/webhooks/jira", SECRET);
    let signature = delivery.value("x-hub-signature").ok_or("no signature")?;
    std::fs::write(file("signature.txt"), signature)?;
    std::fs::write(file("webhook.json"), &delivery.body)?;
    std::fs::write(file("approval.jwt"), &approval)?;
    std::fs::write(file("keys.json"), issuer.jwks().to_string())?;
    Ok(())
}

/// What is read and parsed before anything is counted.
struct Input {
    source: Source,
    name: Label,
    secret: WebhookSecret,
    headers: HeaderMap,
    body: Vec<u8>,
    token: String,
    policy: IssuerPolicy,
    keys: KeySet,
    audiences: Audiences,
    now: Timestamp,
}

impl Input {
    fn read() -> Result<Input> {
        let text = |name| std::fs::read_to_string(file(name));
        let now = Timestamp::from_second(NOW)?;
        let secret = format!("{{\"current\": \"{SECRET}\"}}");
        let name = SecretName::try_from("jira".to_owned())?;
        let mut headers = HeaderMap::new();
        let signature = HeaderValue::from_str(text("signature.txt")?.trim())?;
        headers.insert(HeaderName::from_static("x-hub-signature"), signature);
        Ok(Input {
            source: toml::from_str(
                "scheme = \"jira_webhook\"\nsecret = \"jira\"\nissuers = [\"service-desk\"]\n\
                 approved = [\"10042\"]\napprovals_field = \"customfield_10123\"",
            )?,
            name: Label::try_from("jira".to_owned())?,
            secret: WebhookSecret::parse(&name, &secret.into(), now)?,
            headers,
            body: std::fs::read(file("webhook.json"))?,
            token: text("approval.jwt")?,
            policy: toml::from_str(&format!(
                "iss = \"{ISS}\"\nkeys.file = \"k\"\nalgorithms = [\"ES256\"]\ndomain = \"service-desk\""
            ))?,
            keys: KeySet::parse(text("keys.json")?.as_bytes(), &[Algorithm::ES256])
                .map_err(|fault| format!("{fault:?}"))?,
            audiences: Audiences {
                webhook: WEBHOOK_AUDIENCE.to_owned(),
                on_call: ON_CALL_AUDIENCE.to_owned(),
                desk: None,
            },
            now,
        })
    }

    fn signature(&self) -> Result<()> {
        let unverified = self.source.parse(&self.name, &self.headers, &self.body);
        let unverified = unverified.map_err(|error| format!("{error:?}"))?;
        let delivery = unverified.verify(&self.secret, self.now);
        let delivery = delivery.map_err(|error| format!("{error:?}"))?;
        match delivery {
            Some(delivery) if delivery.approvals.len() == 1 => Ok(()),
            _ => Err("the webhook asks for nothing".into()),
        }
    }

    fn approval(&self) -> Result<Authentic> {
        let unverified = parse_unverified(&self.token)?;
        let policy = &self.policy;
        Ok(authenticate(
            &unverified,
            policy,
            &self.keys,
            &self.audiences,
        )?)
    }

    fn evidence(&self) -> Result<()> {
        self.approval()?.admit(self.now)?;
        Ok(())
    }
}
