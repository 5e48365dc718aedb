//! Jira Cloud and Data Center webhooks: `X-Hub-Signature: sha256=` and 64 hex digits, HMAC-SHA256 of the body.
//!
//! Source: developer.atlassian.com, "Webhooks", section on secure admin webhooks. Nothing else is signed,
//! so a replay is stopped by the approvals, not here.

use axum::http::HeaderMap;

use super::{Unauthentic, made_by_any, only};
use crate::secrets::WebhookSecret;

#[derive(Debug)]
pub struct Signature([u8; 32]);

impl Signature {
    pub fn read(headers: &HeaderMap) -> Result<Signature, Unauthentic> {
        let digits = only(headers, "x-hub-signature")?
            .strip_prefix("sha256=")
            .filter(|digits| !digits.bytes().any(|b| b.is_ascii_uppercase()))
            .ok_or(Unauthentic)?;
        let mut mac = [0; 32];
        hex::decode_to_slice(digits, &mut mac).map_err(|_| Unauthentic)?;
        Ok(Signature(mac))
    }

    pub fn covers(&self, body: &[u8], secret: &WebhookSecret) -> bool {
        made_by_any(secret, &self.0, &[body])
    }
}
