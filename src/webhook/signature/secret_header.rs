//! A secret in a header: what Jira Automation's "Send web request" can do, since it cannot sign.
//!
//! Weaker than a signature: it covers nothing of the body, and an attacker who sees one request can make others.
//! What those can do is bounded by the approvals, which are signed anyway.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use super::mac::{Unauthentic, only_value};
use crate::webhook::secret::WebhookSecret;

#[derive(Debug)]
pub struct PresentedSecret(SecretString);

/// Longer than any secret that an administrator pastes into a rule.
const LONGEST: usize = 512;

impl PresentedSecret {
    pub fn parse(headers: &HeaderMap, name: &str) -> Result<PresentedSecret, Unauthentic> {
        let value = only_value(headers, name)?;
        (value.len() <= LONGEST)
            .then(|| PresentedSecret(value.into()))
            .ok_or(Unauthentic)
    }

    pub fn matches(&self, secret: &WebhookSecret) -> bool {
        let presented = self.0.expose_secret().as_bytes();
        secret.keys().fold(false, |found, key| {
            found | verify_slices_are_equal(key, presented).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_header_has_at_most_512_characters() {
        for (length, is_read) in [(512, true), (513, false)] {
            let mut headers = HeaderMap::new();
            headers.insert("x-secret", "x".repeat(length).parse().unwrap());
            let read = PresentedSecret::parse(&headers, "x-secret");
            assert_eq!(read.is_ok(), is_read, "{length} characters");
        }
    }
}
