//! What every scheme needs: one header, and a comparison in constant time.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use axum::http::header::AsHeaderName;

use crate::webhook::secret::WebhookSecret;

/// The sender could not be authenticated. There is one answer, whatever was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature, the secret or the time of the delivery is wrong")]
pub struct Unauthentic;

/// The header's only value. Two values are no value: parsers differ in which of the two they believe.
pub fn only_value(headers: &HeaderMap, name: impl AsHeaderName) -> Result<&str, Unauthentic> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Unauthentic),
        _ => Err(Unauthentic),
    }
}

/// Whether any key of the secret made this HMAC-SHA256 over the parts; all keys are tried.
pub fn is_made_by_any_key(secret: &WebhookSecret, tag: &[u8], parts: &[&[u8]]) -> bool {
    secret.keys().fold(false, |found, key| {
        let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
        for part in parts {
            mac.update(part);
        }
        found | verify_slices_are_equal(mac.sign().as_ref(), tag).is_ok()
    })
}
