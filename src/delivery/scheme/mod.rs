//! How senders prove themselves, one file a scheme.
//!
//! Rules that hold for all: the proof covers the raw bytes; a header that comes twice is no proof; every
//! key of the secret is tried without stopping early; whatever is wrong, the answer is the same.

mod hub_signature;
mod secret_header;
mod standard_webhooks;

use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AsHeaderName;
use serde::Deserialize;

use super::Unauthentic;
use crate::clock::Timestamp;
use crate::secrets::WebhookSecret;

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

/// The proof that came with a delivery.
#[derive(Debug)]
pub(super) enum Presented {
    HubSignature(hub_signature::Signature),
    SecretHeader(secret_header::Presented),
    StandardWebhooks(standard_webhooks::Signed),
}

impl Presented {
    /// The delivery's name, where the proof covers one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Presented::StandardWebhooks(signed) => Some(signed.id()),
            Presented::HubSignature(_) | Presented::SecretHeader(_) => None,
        }
    }
}

impl Scheme {
    pub(super) fn read(&self, headers: &HeaderMap) -> Result<Presented, Unauthentic> {
        match self {
            Scheme::JiraWebhook => {
                hub_signature::Signature::read(headers).map(Presented::HubSignature)
            }
            Scheme::SecretHeader { header } => {
                secret_header::Presented::read(headers, header).map(Presented::SecretHeader)
            }
            Scheme::StandardWebhooks { .. } => {
                standard_webhooks::Signed::read(headers).map(Presented::StandardWebhooks)
            }
        }
    }

    pub(super) fn verify(
        &self,
        presented: &Presented,
        body: &[u8],
        secret: &WebhookSecret,
        now: Timestamp,
    ) -> Result<(), Unauthentic> {
        let genuine = match (self, presented) {
            (Scheme::JiraWebhook, Presented::HubSignature(signature)) => {
                signature.covers(body, secret)
            }
            (Scheme::SecretHeader { .. }, Presented::SecretHeader(header)) => {
                header.matches(secret)
            }
            (Scheme::StandardWebhooks { tolerance }, Presented::StandardWebhooks(signed)) => {
                // Both are computed, so that a stale delivery takes as long as a forged one.
                signed.covers(body, secret) & signed.timely(*tolerance, now)
            }
            _ => false,
        };
        genuine.then_some(()).ok_or(Unauthentic)
    }
}

/// The header's only value. Two values are no value: whoever reads the first and whoever reads the last disagree.
fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Result<&str, Unauthentic> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Unauthentic),
        _ => Err(Unauthentic),
    }
}

/// Whether any key made the tag; all keys are tried.
fn made_by_any(secret: &WebhookSecret, tag: &[u8], parts: &[&[u8]]) -> bool {
    use aws_lc_rs::constant_time::verify_slices_are_equal;
    use aws_lc_rs::hmac;
    secret.keys().fold(false, |found, key| {
        let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
        for part in parts {
            mac.update(part);
        }
        found | verify_slices_are_equal(mac.sign().as_ref(), tag).is_ok()
    })
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

    fn genuine(scheme: &Scheme, vector: &Value, body: &[u8]) -> bool {
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
            .read(&headers)
            .and_then(|presented| scheme.verify(&presented, body, &WebhookSecret::of(&key), now))
            .is_ok()
    }

    #[test]
    fn the_published_vectors_are_genuine_and_with_one_bit_changed_they_are_not() {
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
            assert!(genuine(scheme, &vector, body), "{name}");
            for place in 0..body.len() * 8 {
                let mut changed = body.to_vec();
                changed[place / 8] ^= 1 << (place % 8);
                assert!(!genuine(scheme, &vector, &changed), "{name}, bit {place}");
            }
        }
    }

    #[test]
    fn githubs_header_and_version_1a_of_standard_webhooks_are_not_ours() {
        assert!(!genuine(
            &Scheme::JiraWebhook,
            &vector("github-doc"),
            b"Hello, World!"
        ));
        let mut signed = vector("standard-webhooks-v1a");
        signed["secret"] = "x".into();
        let standard = Scheme::StandardWebhooks {
            tolerance: default_tolerance(),
        };
        assert!(!genuine(
            &standard,
            &signed,
            signed["body"].as_str().unwrap().as_bytes()
        ));
    }
}
