//! Jira Cloud and Data Center webhooks: `X-Hub-Signature: sha256=` and 64 hex digits, HMAC-SHA256 of the body.
//!
//! Source: developer.atlassian.com, "Webhooks", section on secure admin webhooks. Nothing else is signed,
//! so a replay is stopped by the approvals, not here.

use axum::http::HeaderMap;

use super::mac::{Unauthentic, is_made_by_any_key, only_value};
use crate::webhook::secret::WebhookSecret;

#[derive(Debug)]
pub struct HubSignature([u8; 32]);

impl HubSignature {
    pub fn parse(headers: &HeaderMap) -> Result<HubSignature, Unauthentic> {
        let digits = only_value(headers, "x-hub-signature")?
            .strip_prefix("sha256=")
            .filter(|digits| !digits.bytes().any(|b| b.is_ascii_uppercase()))
            .ok_or(Unauthentic)?;
        let mut mac = [0; 32];
        hex::decode_to_slice(digits, &mut mac).map_err(|_| Unauthentic)?;
        Ok(HubSignature(mac))
    }

    pub fn covers(&self, body: &[u8], secret: &WebhookSecret) -> bool {
        is_made_by_any_key(secret, &self.0, &[body])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_64_small_hex_digits_and_stands_there_once() {
        let good = format!("sha256={}", "a".repeat(64));
        for (values, is_read) in [
            (vec![good.clone()], true),
            (vec![good.clone(), good.clone()], false),
            (vec![format!("sha256=A{}", "a".repeat(63))], false),
            (vec![good.replace("sha256", "sha1")], false),
            (vec![format!("{good}aa")], false),
            (vec![good[..good.len() - 2].to_owned()], false),
            (vec!["a".repeat(64)], false),
            (vec![], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append("x-hub-signature", value.parse().unwrap());
            }
            let read = HubSignature::parse(&headers);
            assert_eq!(read.is_ok(), is_read, "{values:?}");
        }
    }
}
