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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::hmac;

    const AT: i64 = 1_790_000_000;
    const TOLERANCE: Duration = Duration::from_secs(60);
    const KEY: &[u8] = b"a key of thirty-two bytes or so.";

    fn parsed(id: &str, at: &str, list: &str) -> Result<StandardSignature, Unauthentic> {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", id.parse().unwrap());
        headers.insert("webhook-timestamp", at.parse().unwrap());
        headers.insert("webhook-signature", list.parse().unwrap());
        StandardSignature::parse(&headers, TOLERANCE)
    }

    fn signature(key: &[u8], text: &str) -> String {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
        format!("v1,{}", STANDARD.encode(mac))
    }

    #[test]
    fn an_id_has_1_to_64_plain_characters_and_a_timestamp_1_to_12_digits() {
        let one = signature(KEY, "");
        let (at, long, longer) = (AT.to_string(), "x".repeat(64), "x".repeat(65));
        for (id, at, is_read) in [
            ("x", at.as_str(), true),
            (&long, &at, true),
            ("a-b_C9", "111111111111", true),
            ("x", "1", true),
            ("", &at, false),
            (&longer, &at, false),
            ("a.b", &at, false),
            ("a b", &at, false),
            ("x", "", false),
            ("x", "0001790000000", false),
            ("x", "+1790000000", false),
        ] {
            assert_eq!(parsed(id, at, &one).is_ok(), is_read, "{id} at {at}");
        }
    }

    #[test]
    fn a_list_has_at_most_eight_signatures_and_the_good_one_may_stand_anywhere_in_it() {
        let (id, at) = ("msg_1", AT.to_string());
        let (good, other) = (
            signature(KEY, &format!("{id}.{at}.body")),
            signature(b"another", "x"),
        );
        let secret = WebhookSecret::of(KEY);
        for place in 0..8 {
            let mut list = vec![other.as_str(); 8];
            list[place] = &good;
            let read = parsed(id, &at, &list.join(" ")).unwrap();
            assert!(read.covers(b"body", &secret), "place {place}");
            list.push(&other);
            assert!(parsed(id, &at, &list.join(" ")).is_err());
        }
        let read = parsed(id, &at, &other).unwrap();
        assert!(!read.covers(b"body", &secret));
        assert!(parsed(id, &at, "v2,x").is_err());
    }

    #[test]
    fn a_timestamp_may_be_as_old_as_the_tolerance_and_five_minutes_ahead_and_no_more() {
        let read = parsed("x", &AT.to_string(), &signature(KEY, "")).unwrap();
        for (later, is_timely) in [(-301, false), (-300, true), (60, true), (61, false)] {
            let now = Timestamp::from_second(AT + later).unwrap();
            assert_eq!(read.is_timely(now), is_timely, "{later} s later");
        }
    }
}
