//! What an answer of Microsoft's that is no success means for the call.
//!
//! The decision is by status. The code in the body is read for the log, from the five shapes in which it
//! comes; the message is neither acted upon (Microsoft Graph, "Error responses") nor passed on, since it
//! may hold ids.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::outbound::retry_after;
use crate::reset::ports::{DirectoryError, Fault};

/// What PIM answers in a tenant without a licence for it.
const UNLICENSED: &str = "AadPremiumLicenseRequired";

/// Whether a call may have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Reads,
    Writes,
}

/// What to make of an answer.
pub fn of(status: StatusCode, headers: &HeaderMap, body: &[u8], effect: Effect) -> DirectoryError {
    let code = code(body);
    tracing::warn!(
        status = status.as_u16(),
        code = code.as_deref().unwrap_or("none"),
        request_id = header(headers, "request-id"),
        "Microsoft Graph answered with an error"
    );
    if code.as_deref() == Some(UNLICENSED) {
        return DirectoryError::Permanent(Fault::Unlicensed);
    }
    match status.as_u16() {
        400 => DirectoryError::Permanent(Fault::Refused),
        401 => DirectoryError::Permanent(Fault::Credential),
        403 => DirectoryError::Permanent(Fault::NotAllowed),
        // A gateway's 404, which is not Graph's own, says nothing about the person.
        404 if effect == Effect::Reads && code.is_none() => {
            DirectoryError::Permanent(Fault::Unreadable)
        }
        404 => DirectoryError::Permanent(Fault::NotFound),
        429 => DirectoryError::Transient {
            after: retry_after(headers),
        },
        // Of all the others only a throttled write has certainly changed nothing.
        408 | 409 | 412 | 423 | 500..=599 if effect == Effect::Writes => {
            DirectoryError::Indeterminate
        }
        408 | 409 | 412 | 423 | 500..=599 => DirectoryError::Transient {
            after: retry_after(headers),
        },
        _ => DirectoryError::Permanent(Fault::Unreadable),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("none")
}

/// The error's code: `error.code`, `odata.error.code` or the token endpoint's `error`; nothing in the body of a
/// gateway, which has only a `Message`.
pub fn code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = match body.get("error") {
        Some(Value::String(code)) => code,
        Some(error) => error.get("code")?.as_str()?,
        None => body.get("odata.error")?.get("code")?.as_str()?,
    };
    let plain: String = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        .take(64)
        .collect();
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_in_each_shape_in_which_microsoft_sends_errors() {
        let shapes = [
            (
                r#"{"error":{"code":"badRequest","message":"m","innerError":{"message":"m","date":"2022-08-18T06:00:12","request-id":"r"}}}"#,
                Some("badRequest"),
            ),
            (
                r#"{"error":{"code":"Authorization_RequestDenied","message":"m","innererror":{}}}"#,
                Some("Authorization_RequestDenied"),
            ),
            (
                r#"{"Message":"No HTTP resource was found that matches the request URI","MessageDetail":"d"}"#,
                None,
            ),
            (
                r#"{"odata.error":{"code":"invalid_request","message":{"lang":"en","value":"m"},"values":[]}}"#,
                Some("invalid_request"),
            ),
            (
                r#"{"error":{"code":"","message":"m","details":[{"code":"x"}],"target":"t"}}"#,
                Some(""),
            ),
            (
                r#"{"error":"invalid_client","error_description":"AADSTS7000215","error_codes":[7000215]}"#,
                Some("invalid_client"),
            ),
            ("<html>", None),
        ];
        for (body, expected) in shapes {
            assert_eq!(code(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn an_error_during_a_write_is_unknown_unless_the_service_says_that_nothing_happened() {
        let none = HeaderMap::new();
        let of = |status, effect| of(StatusCode::from_u16(status).unwrap(), &none, b"", effect);
        assert_eq!(of(500, Effect::Writes), DirectoryError::Indeterminate);
        assert_eq!(of(503, Effect::Writes), DirectoryError::Indeterminate);
        assert_eq!(of(504, Effect::Writes), DirectoryError::Indeterminate);
        assert_eq!(
            of(429, Effect::Writes),
            DirectoryError::Transient { after: None }
        );
        assert_eq!(
            of(500, Effect::Reads),
            DirectoryError::Transient { after: None }
        );
        assert_eq!(
            of(404, Effect::Reads),
            DirectoryError::Permanent(Fault::Unreadable)
        );
        assert_eq!(
            of(302, Effect::Writes),
            DirectoryError::Permanent(Fault::Unreadable)
        );
    }
}
