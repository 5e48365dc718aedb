//! The keys that a webhook may be signed with, as Secrets Manager holds them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;

use crate::clock::{self, Timestamp};
use crate::ids::SecretName;
use crate::secrets::SecretError;

/// The shortest key that an HMAC-SHA256 may have: the length of its output (RFC 2104, section 3).
pub const SHORTEST_KEY: usize = 32;

/// How far away the end of a previous webhook secret may be.
pub const LONGEST_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// The keys that a webhook may be signed with: the current one, and during a rotation the previous one.
///
/// In Secrets Manager: `{"current": "…", "previous": "…", "previous_until": "2026-11-24T12:00:00Z"}`.
/// A value that starts with `whsec_` is base64 (Standard Webhooks), any other is taken as it is (Jira).
#[derive(Debug)]
pub struct WebhookSecret {
    keys: Vec<SecretSlice<u8>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookSecretText {
    current: SecretString,
    previous: Option<SecretString>,
    previous_until: Option<Timestamp>,
}

impl WebhookSecret {
    /// Reads the secret's JSON. A previous key is kept only until its end, which is at most
    /// [`LONGEST_OVERLAP`] away from `now`.
    ///
    /// # Errors
    /// [`SecretError::Malformed`], with what is wrong, if any part is unusable.
    pub fn parse(
        name: &SecretName,
        text: &SecretString,
        now: Timestamp,
    ) -> Result<WebhookSecret, SecretError> {
        let malformed = |why| SecretError::Malformed(name.clone(), why);
        let text: WebhookSecretText = serde_json::from_str(text.expose_secret()).map_err(|_| {
            malformed("not JSON with current (previous and previous_until are optional)")
        })?;
        let mut keys = vec![key(&text.current).map_err(malformed)?];
        match (&text.previous, text.previous_until) {
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => {
                return Err(malformed("previous and previous_until come together"));
            }
            (Some(_), Some(until)) if until > clock::after(now, LONGEST_OVERLAP) => {
                return Err(malformed("previous_until is more than 24 hours away"));
            }
            (Some(previous), Some(until)) => {
                let previous = key(previous).map_err(malformed)?;
                if now < until {
                    keys.push(previous);
                }
            }
        }
        Ok(WebhookSecret { keys })
    }

    /// A key of any length: published vectors have short ones.
    #[cfg(test)]
    pub(crate) fn of(key: &[u8]) -> WebhookSecret {
        WebhookSecret {
            keys: vec![key.to_vec().into()],
        }
    }

    /// The keys that are good now, the current one first.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().map(ExposeSecret::expose_secret)
    }
}

fn key(text: &SecretString) -> Result<SecretSlice<u8>, &'static str> {
    let text = text.expose_secret();
    let bytes = match text.strip_prefix("whsec_") {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map_err(|_| "what follows whsec_ is not base64")?,
        None => text.as_bytes().to_vec(),
    };
    if bytes.len() < SHORTEST_KEY {
        return Err("a key is shorter than 32 bytes");
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T12:00:00Z";

    fn parse(json: &str) -> Result<Vec<Vec<u8>>, String> {
        let name = SecretName::try_new("jira".to_owned()).unwrap();
        WebhookSecret::parse(&name, &json.into(), NOW.parse().unwrap())
            .map(|secret| secret.keys().map(<[u8]>::to_vec).collect())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn a_plain_secret_is_its_own_bytes_and_a_whsec_secret_is_base64() {
        let plain = "It's a Secret to Everybody, still";
        assert_eq!(
            parse(&format!(r#"{{"current":"{plain}"}}"#)).unwrap(),
            [plain.as_bytes()]
        );
        let encoded = STANDARD.encode([7; 32]);
        assert_eq!(
            parse(&format!(r#"{{"current":"whsec_{encoded}"}}"#)).unwrap(),
            [vec![7; 32]]
        );
    }

    #[test]
    fn a_secret_of_31_bytes_or_none_is_refused() {
        for short in [
            "",
            &"x".repeat(31),
            "whsec_",
            &format!("whsec_{}", STANDARD.encode([7; 31])),
        ] {
            let error = parse(&format!(r#"{{"current":"{short}"}}"#)).unwrap_err();
            assert_eq!(
                error,
                "secret jira is malformed: a key is shorter than 32 bytes"
            );
        }
    }

    #[test]
    fn a_previous_secret_counts_until_its_end_and_its_end_is_at_most_a_day_away() {
        let (current, previous) = ("c".repeat(32), "p".repeat(32));
        let with = |until: &str| {
            parse(&format!(
                r#"{{"current":"{current}","previous":"{previous}","previous_until":"{until}"}}"#
            ))
        };
        assert_eq!(with("2026-11-24T12:00:01Z").unwrap().len(), 2);
        assert_eq!(with(NOW).unwrap().len(), 1);
        assert_eq!(with("2026-11-25T12:00:00Z").unwrap().len(), 2);
        assert!(with("2026-11-25T12:00:01Z").is_err());
        assert!(
            parse(&format!(
                r#"{{"current":"{current}","previous":"{previous}"}}"#
            ))
            .is_err()
        );
    }
}
