//! A secret in a header: what Jira Automation's "Send web request" can do, since it cannot sign.
//!
//! Weaker than a signature: it covers nothing of the body, and whoever sees one request can make others.
//! What they can make others do is bounded by the approvals, which are signed anyway.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use super::{Unauthentic, only};
use crate::secrets::WebhookSecret;

#[derive(Debug)]
pub struct Presented(SecretString);

/// Longer than any secret that somebody pastes into a rule.
const LONGEST: usize = 512;

impl Presented {
    pub fn read(headers: &HeaderMap, name: &str) -> Result<Presented, Unauthentic> {
        let value = only(headers, name)?;
        (value.len() <= LONGEST)
            .then(|| Presented(value.into()))
            .ok_or(Unauthentic)
    }

    pub fn matches(&self, secret: &WebhookSecret) -> bool {
        let presented = self.0.expose_secret().as_bytes();
        secret.keys().fold(false, |found, key| {
            found | verify_slices_are_equal(key, presented).is_ok()
        })
    }
}
