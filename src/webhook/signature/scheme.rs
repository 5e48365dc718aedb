//! The schemes, as policy.toml names them.

use std::time::Duration;

use axum::http::HeaderMap;
use serde::Deserialize;

use super::mac::Unauthentic;
use super::{hub_signature, secret_header, standard_webhooks};
use crate::clock::Timestamp;
use crate::webhook::secret::WebhookSecret;

/// A signature scheme, as policy.toml names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Scheme {
    /// Jira's own webhooks: `X-Hub-Signature: sha256=…` over the body.
    JiraWebhook,
    /// Senders that cannot sign, such as Jira Automation: a secret in a header. The weaker scheme.
    SecretHeader {
        /// The header's name.
        #[serde(default = "default_secret_header")]
        header: String,
    },
    /// ServiceNow and everybody else: Standard Webhooks, version 1.
    StandardWebhooks {
        /// How old a signed timestamp may be.
        #[serde(
            default = "default_tolerance",
            deserialize_with = "jiff::fmt::serde::unsigned_duration::required::deserialize"
        )]
        tolerance: Duration,
    },
}

fn default_secret_header() -> String {
    "X-Reregister-Secret".to_owned()
}

/// What the Standard Webhooks libraries allow.
fn default_tolerance() -> Duration {
    Duration::from_secs(5 * 60)
}

/// The signature that came with a delivery. It is not verified yet.
#[derive(Debug)]
pub enum ParsedSignature {
    Hub(hub_signature::HubSignature),
    SecretHeader(secret_header::PresentedSecret),
    StandardWebhooks(standard_webhooks::StandardSignature),
}

impl Scheme {
    /// Whether the sender proves what it sends, beside who it is. A source that does not may never request resets of
    /// privileged people.
    pub fn signs_the_body(&self) -> bool {
        match self {
            Scheme::JiraWebhook | Scheme::StandardWebhooks { .. } => true,
            Scheme::SecretHeader { .. } => false,
        }
    }

    pub(in crate::webhook) fn parse(
        &self,
        headers: &HeaderMap,
    ) -> Result<ParsedSignature, Unauthentic> {
        Ok(match self {
            Scheme::JiraWebhook => {
                ParsedSignature::Hub(hub_signature::HubSignature::parse(headers)?)
            }
            Scheme::SecretHeader { header } => ParsedSignature::SecretHeader(
                secret_header::PresentedSecret::parse(headers, header)?,
            ),
            Scheme::StandardWebhooks { tolerance } => ParsedSignature::StandardWebhooks(
                standard_webhooks::StandardSignature::parse(headers, *tolerance)?,
            ),
        })
    }
}

impl ParsedSignature {
    /// The delivery's id, where the signature covers one.
    pub fn id(&self) -> Option<&str> {
        match self {
            ParsedSignature::StandardWebhooks(signature) => Some(signature.id()),
            ParsedSignature::Hub(_) | ParsedSignature::SecretHeader(_) => None,
        }
    }

    pub fn verify(
        &self,
        body: &[u8],
        secret: &WebhookSecret,
        now: Timestamp,
    ) -> Result<(), Unauthentic> {
        let is_authentic = match self {
            ParsedSignature::Hub(signature) => signature.covers(body, secret),
            ParsedSignature::SecretHeader(presented) => presented.matches(secret),
            // Both are computed, so that a stale delivery takes as long as a forged one.
            ParsedSignature::StandardWebhooks(signature) => {
                signature.covers(body, secret) & signature.is_timely(now)
            }
        };
        is_authentic.then_some(()).ok_or(Unauthentic)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value;

    use super::*;

    fn vector(name: &str) -> Value {
        let all: Value =
            serde_json::from_str(include_str!("../../../tests/data/signature-vectors.json"))
                .unwrap();
        let vectors = all["vectors"].as_array().unwrap();
        vectors
            .iter()
            .find(|vector| vector["name"] == name)
            .unwrap()
            .clone()
    }

    fn is_authentic(scheme: &Scheme, vector: &Value, body: &[u8]) -> bool {
        let key = vector["secret"].as_str().unwrap();
        let key = match key.strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).unwrap(),
            None => key.as_bytes().to_vec(),
        };
        let headers: HeaderMap = vector["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| {
                let name: axum::http::HeaderName = name.parse().unwrap();
                (name, value.as_str().unwrap().parse().unwrap())
            })
            .collect();
        let at = vector["headers"]["webhook-timestamp"]
            .as_str()
            .unwrap_or("0")
            .parse()
            .unwrap();
        let now = Timestamp::from_second(at).unwrap();
        scheme
            .parse(&headers)
            .and_then(|signature| signature.verify(body, &WebhookSecret::of(&key), now))
            .is_ok()
    }

    #[test]
    fn the_published_vectors_are_authentic_and_with_one_bit_changed_they_are_not() {
        let standard = Scheme::StandardWebhooks {
            tolerance: default_tolerance(),
        };
        for (scheme, name) in [
            (&Scheme::JiraWebhook, "jira-cloud-doc"),
            (
                &standard,
                "standard-webhooks-v1-msg_p5jXN8AQM9LWM0D4loKWxJek",
            ),
            (
                &standard,
                "standard-webhooks-v1-msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            ),
        ] {
            let vector = vector(name);
            let body = vector["body"].as_str().unwrap().as_bytes();
            assert!(is_authentic(scheme, &vector, body), "{name}");
            for place in 0..body.len() * 8 {
                let mut changed = body.to_vec();
                changed[place / 8] ^= 1 << (place % 8);
                assert!(
                    !is_authentic(scheme, &vector, &changed),
                    "{name}, bit {place}"
                );
            }
        }
    }

    #[test]
    fn githubs_header_and_version_1a_of_standard_webhooks_are_not_ours() {
        assert!(!is_authentic(
            &Scheme::JiraWebhook,
            &vector("github-doc"),
            b"Hello, World!"
        ));
        let mut signed = vector("standard-webhooks-v1a");
        signed["secret"] = "x".into();
        let standard = Scheme::StandardWebhooks {
            tolerance: default_tolerance(),
        };
        assert!(!is_authentic(
            &standard,
            &signed,
            signed["body"].as_str().unwrap().as_bytes()
        ));
    }
}
