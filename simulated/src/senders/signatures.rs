//! The two MACs with which ticket systems sign their webhooks, both HMAC-SHA256 (RFC 2104).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

#[derive(Debug, thiserror::Error)]
#[error("the webhook key is not base64: {0}")]
pub struct BadKey(#[from] base64::DecodeError);

/// The value of `X-Hub-Signature` as Jira sends it: `sha256=` and the MAC of the body in lower-case hex. The key
/// is the secret's UTF-8 bytes.
///
/// <https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks>
#[must_use]
pub fn hub_signature(secret: &str, body: &[u8]) -> String {
    let mac = mac(secret.as_bytes(), &[body]);
    let hex: String = mac
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={hex}")
}

/// One signature for `webhook-signature`: `v1,` and the MAC of `id.timestamp.body` in base64. The key is base64,
/// with or without its prefix `whsec_`; `timestamp` is in seconds since 1970.
///
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
pub fn standard_webhooks_signature(
    key: &str,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<String, BadKey> {
    let key = STANDARD.decode(key.strip_prefix("whsec_").unwrap_or(key))?;
    let signed = mac(&key, &[format!("{id}.{timestamp}.").as_bytes(), body]);
    Ok(format!("v1,{}", STANDARD.encode(signed)))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    context.sign()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The published signatures of one scheme.
    fn known_answers(scheme: &str) -> Vec<Value> {
        let file = include_str!("../../data/webhook_signatures.json");
        let all: Vec<Value> = serde_json::from_str(file).unwrap();
        all.into_iter()
            .filter(|answer| answer["scheme"] == scheme)
            .collect()
    }

    fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
        answer[name].as_str().unwrap()
    }

    #[test]
    fn hub_signatures_equal_the_published_ones() {
        let answers = known_answers("hub");
        assert_eq!(answers.len(), 4);
        for answer in answers {
            let body = text(&answer, "body").as_bytes();
            let signature = hub_signature(text(&answer, "secret"), body);
            assert_eq!(signature, text(&answer, "signature"));
        }
    }

    #[test]
    fn standard_webhooks_signatures_equal_the_published_ones_with_or_without_the_prefix() {
        let answers = known_answers("standard-webhooks-v1");
        assert_eq!(answers.len(), 2);
        for answer in answers {
            let secret = text(&answer, "secret");
            for key in [secret, secret.strip_prefix("whsec_").unwrap()] {
                let signature = standard_webhooks_signature(
                    key,
                    text(&answer, "id"),
                    answer["timestamp"].as_i64().unwrap(),
                    text(&answer, "body").as_bytes(),
                );
                assert_eq!(signature.unwrap(), text(&answer, "signature"));
            }
        }
    }

    #[test]
    fn the_mac_equals_the_one_that_servicenow_documents_for_generate_mac() {
        let answers = known_answers("servicenow-generatemac");
        let answer = answers.first().unwrap();
        let key = STANDARD.decode(text(answer, "key_base64")).unwrap();
        let signed = mac(&key, &[text(answer, "body").as_bytes()]);
        assert_eq!(STANDARD.encode(signed), text(answer, "mac"));
    }

    #[test]
    fn a_key_that_is_not_base64_is_rejected() {
        assert!(standard_webhooks_signature("whsec_***", "id", 1, b"").is_err());
    }
}
