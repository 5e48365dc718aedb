//! A ServiceNow business rule that sends an approved request item. ServiceNow has no webhooks of its own: an
//! administrator pastes a script that builds the body and signs it with `CertificateEncryption.generateMac`, whose key
//! and MAC are in base64, as in Standard Webhooks.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use serde::Serialize;
use serde_json::{Map, Value};

use super::signatures::{BadKey, standard_webhooks_signature};
use crate::request::Request;

/// A request item that was approved. Its members are sent under their names, in this order.
#[derive(Debug, Clone, Serialize)]
pub struct ItemApproved {
    /// The script's name for the event.
    pub event: String,
    pub table: String,
    /// 32 hex digits.
    pub sys_id: String,
    /// For example `RITM0010072`.
    pub number: String,
    /// The value of the field `approval`.
    pub state: String,
    /// A user principal name or an object id.
    pub requested_for: String,
    /// Each a compact JWT.
    pub approvals: Vec<String>,
    /// How often the record was changed, as text: a script reads every value as text.
    pub sys_mod_count: String,
    /// When the record was last changed: in UTC, without a time zone.
    pub sys_updated_on: String,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl ItemApproved {
    /// An approved item without an approval.
    #[must_use]
    pub fn new(number: &str, requested_for: &str) -> ItemApproved {
        ItemApproved {
            event: "approval.approved".to_owned(),
            table: "sc_req_item".to_owned(),
            sys_id: "ee1197db476cc2904bf15222516d439f".to_owned(),
            number: number.to_owned(),
            state: "approved".to_owned(),
            requested_for: requested_for.to_owned(),
            approvals: Vec::new(),
            sys_mod_count: "3".to_owned(),
            sys_updated_on: "2026-11-24 09:00:00".to_owned(),
            more: Map::new(),
        }
    }

    #[must_use]
    pub fn approval(mut self, approval: &str) -> ItemApproved {
        self.approvals.push(approval.to_owned());
        self
    }

    /// Adds a member that the documented script does not send.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> ItemApproved {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// The `webhook-id`, which differs after each change of the record.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}_{}", self.sys_id, self.sys_mod_count)
    }

    /// The body: JSON in which all characters but ASCII are escaped, because ServiceNow does not document how
    /// `generateMac` turns others into bytes.
    ///
    /// # Errors
    /// None in practice: all of it can be written as JSON.
    pub fn body(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|json| ascii(&json))
    }

    /// The request. `timestamp` is in seconds since 1970.
    pub fn signed(&self, path: &str, key: &str, timestamp: i64) -> Result<Request, SignError> {
        self.signed_with(path, &[key], timestamp)
    }

    /// The request with one signature for each key, separated by spaces, as during a rotation.
    pub fn signed_with(
        &self,
        path: &str,
        keys: &[&str],
        timestamp: i64,
    ) -> Result<Request, SignError> {
        let (id, body) = (self.id(), self.body()?);
        let signatures = keys
            .iter()
            .map(|key| standard_webhooks_signature(key, &id, timestamp, body.as_bytes()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Request::post_json(path, body)
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signatures.join(" ")))
    }
}

/// Why a request could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error(transparent)]
    Key(#[from] BadKey),
    #[error(transparent)]
    Body(#[from] serde_json::Error),
}

/// Writes `\uXXXX` for every UTF-16 unit that is not ASCII. In JSON such characters are only in strings.
fn ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    let mut units = [0; 2];
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_body_is_ascii_and_parses_to_the_original_text() {
        let item = ItemApproved::new("RITM0010072", "jürgen@contoso.example")
            .approval("a.b.c")
            .member("short_description", "日本 🚀");
        let body = item.body().unwrap();
        assert!(body.is_ascii());
        assert!(body.contains(r"j\u00fcrgen") && body.contains(r"\u65e5\u672c \ud83d\ude80"));
        let read: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["requested_for"], "jürgen@contoso.example");
        assert_eq!(read["short_description"], "日本 🚀");
        assert_eq!(read["approvals"][0], "a.b.c");
    }

    #[test]
    fn the_id_names_the_record_and_its_change_and_is_signed_with_the_body() {
        let item = ItemApproved::new("RITM0010072", "adele@contoso.example");
        let request = item
            .signed("/webhooks/servicenow", KEY, 1_790_000_000)
            .unwrap();
        let id = request.value("webhook-id").unwrap();
        assert_eq!(id, "ee1197db476cc2904bf15222516d439f_3");
        let expected = standard_webhooks_signature(KEY, id, 1_790_000_000, &request.body).unwrap();
        assert_eq!(request.value("webhook-signature"), Some(expected.as_str()));
        assert_eq!(request.value("webhook-timestamp"), Some("1790000000"));
    }

    #[test]
    fn two_keys_make_two_signatures_separated_by_a_space() {
        let item = ItemApproved::new("RITM0010072", "adele@contoso.example");
        let request = item.signed_with("/", &[KEY, "bmV3"], 1).unwrap();
        let signatures: Vec<_> = request
            .value("webhook-signature")
            .unwrap()
            .split(' ')
            .collect();
        assert_eq!(signatures.len(), 2);
        assert!(
            signatures
                .iter()
                .all(|signature| signature.starts_with("v1,"))
        );
        assert_ne!(signatures[0], signatures[1]);
    }
}
