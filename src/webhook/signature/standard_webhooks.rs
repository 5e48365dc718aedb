//! Standard Webhooks, version 1: `webhook-signature: v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
//!
//! Source: the Standard Webhooks specification. Base64 key and base64 MAC are also what ServiceNow's
//! `CertificateEncryption.generateMac` takes and gives. The header is a list, for rotation; versions
//! that this program does not know are skipped. The published crate is not used: its release 1.0.1 accepts an empty
//! secret and rewrites the timestamp before it signs it.

use std::time::Duration;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::mac::{Unauthentic, is_made_by_any_key, only_value};
use crate::clock::{self, Timestamp};
use crate::webhook::secret::WebhookSecret;

#[derive(Debug)]
pub struct StandardSignature {
    id: String,
    /// As it was sent, since these are the bytes that were signed.
    timestamp: String,
    at: Timestamp,
    signatures: Vec<[u8; 32]>,
    /// How old the timestamp may be.
    tolerance: Duration,
}

/// More signatures than any rotation needs; each costs an HMAC.
const MOST_SIGNATURES: usize = 8;

/// How far the sender's clock may be ahead.
const AHEAD: Duration = Duration::from_secs(5 * 60);

impl StandardSignature {
    pub fn parse(
        headers: &HeaderMap,
        tolerance: Duration,
    ) -> Result<StandardSignature, Unauthentic> {
        let id = only_value(headers, "webhook-id")?;
        let timestamp = only_value(headers, "webhook-timestamp")?;
        let list = only_value(headers, "webhook-signature")?;

        // No dots: they separate what is signed.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(1..=64).contains(&id.len()) || !id.bytes().all(plain) {
            return Err(Unauthentic);
        }
        if !(1..=12).contains(&timestamp.len()) || !timestamp.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Unauthentic);
        }
        let seconds = timestamp.parse().map_err(|_| Unauthentic)?;
        let at = Timestamp::from_second(seconds).map_err(|_| Unauthentic)?;

        if list.split(' ').count() > MOST_SIGNATURES {
            return Err(Unauthentic);
        }
        let signatures: Vec<[u8; 32]> = list
            .split(' ')
            .filter_map(|entry| entry.strip_prefix("v1,"))
            .filter_map(|mac| STANDARD.decode(mac).ok()?.try_into().ok())
            .collect();
        if signatures.is_empty() {
            return Err(Unauthentic);
        }
        Ok(StandardSignature {
            id: id.to_owned(),
            timestamp: timestamp.to_owned(),
            at,
            signatures,
            tolerance,
        })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn covers(&self, body: &[u8], secret: &WebhookSecret) -> bool {
        let parts: [&[u8]; 5] = [
            self.id.as_bytes(),
            b".",
            self.timestamp.as_bytes(),
            b".",
            body,
        ];
        self.signatures.iter().fold(false, |found, mac| {
            found | is_made_by_any_key(secret, mac, &parts)
        })
    }

    pub fn is_timely(&self, now: Timestamp) -> bool {
        self.at >= clock::before(now, self.tolerance) && self.at <= clock::after(now, AHEAD)
    }
}
