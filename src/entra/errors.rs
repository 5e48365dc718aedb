//! What an answer of Microsoft's that is no success means for the call.
//!
//! The decision is by status. The code in the body is read for the log, from the five shapes in which it
//! comes; the message is neither acted upon (Microsoft Graph, "Error responses") nor passed on, since it
//! may hold ids.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::json;
use crate::outbound::retry_after;
use crate::reset::ports::{DirectoryError, Fault};

/// What PIM answers in a tenant without a licence for it.
const UNLICENSED: &str = "AadPremiumLicenseRequired";

/// An answer that is not as documented.
pub const UNREADABLE: DirectoryError = DirectoryError::Permanent(Fault::Unreadable);

/// Whether a call may have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Reads,
    Writes,
}

/// What to make of an answer.
pub fn of(status: StatusCode, headers: &HeaderMap, body: &[u8], effect: Effect) -> DirectoryError {
    let (code, inner) = (code(body), inner_codes(body));
    tracing::warn!(
        status = status.as_u16(),
        code = code.as_deref().unwrap_or("none"),
        inner_codes = inner.join(" "),
        request_id = header(headers, "request-id"),
        "Microsoft Graph answered with an error"
    );
    if code.iter().chain(&inner).any(|code| code == UNLICENSED) {
        return DirectoryError::Permanent(Fault::Unlicensed);
    }
    match status.as_u16() {
        400 => DirectoryError::Permanent(Fault::Refused),
        401 => DirectoryError::Permanent(Fault::Credential),
        // What a proxy says of its own accord tells nothing about a change that it may have passed on.
        300..=399 | 407 | 421 | 425 if effect == Effect::Writes => DirectoryError::Indeterminate,
        403 if effect == Effect::Writes && code.is_none() => DirectoryError::Indeterminate,
        403 => DirectoryError::Permanent(Fault::NotAllowed),
        // A gateway's 404, which is not Graph's own, says nothing about the person.
        404 if effect == Effect::Reads && code.is_none() => UNREADABLE,
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
        _ if status.is_client_error() => DirectoryError::Permanent(Fault::Rejected),
        _ => UNREADABLE,
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
    let body = json::parse(body).ok()?;
    let code = match body.get("error") {
        Some(Value::String(code)) => code,
        Some(error) => error.get("code")?.as_str()?,
        None => body.get("odata.error")?.get("code")?.as_str()?,
    };
    Some(plain(code))
}

/// How deep an error is looked for in an error.
const DEEPEST: usize = 4;

/// The codes of the errors inside an error: `innerError`, `details`, and what PIM does, a `message` that is itself the
/// JSON of an error, with `code` or `errorCode`.
fn inner_codes(body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(body) = json::parse(body) {
        let error = body.get("error").or(body.get("odata.error"));
        for (name, inner) in error.and_then(Value::as_object).into_iter().flatten() {
            if name != "code" {
                collect_codes(inner, &mut found, DEEPEST);
            }
        }
    }
    found
}

fn collect_codes(value: &Value, found: &mut Vec<String>, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(code) if matches!(name.as_str(), "code" | "errorCode") => {
                        found.push(plain(code));
                    }
                    _ => collect_codes(member, found, depth),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                collect_codes(item, found, depth);
            }
        }
        Value::String(text) if text.trim_start().starts_with('{') => {
            if let Ok(inner) = json::parse(text.as_bytes()) {
                collect_codes(&inner, found, depth);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    found.truncate(8);
}

fn plain(code: &str) -> String {
    code.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        .take(64)
        .collect()
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
    fn an_error_inside_an_error_is_found() {
        let licence = r#"{"error":{"code":"UnknownError","message":"{\"errorCode\":\"AadPremiumLicenseRequired\",\"message\":\"m\",\"instanceAnnotations\":[]}","innerError":{}}}"#;
        let nested = r#"{"error":{"code":"","message":"{\"error\":{\"code\":\"AadPremiumLicenseRequired\"}}"}}"#;
        let details = r#"{"error":{"code":"BadRequest","message":"m","details":[{"code":"AadPremiumLicenseRequired"}]}}"#;
        let inner = r#"{"error":{"code":"BadRequest","message":"m","innerError":{"code":"AadPremiumLicenseRequired"}}}"#;
        let none = HeaderMap::new();
        for body in [licence, nested, details, inner] {
            let body = body.as_bytes();
            assert!(inner_codes(body).contains(&UNLICENSED.to_owned()));
            let error = of(StatusCode::BAD_REQUEST, &none, body, Effect::Reads);
            assert_eq!(error, DirectoryError::Permanent(Fault::Unlicensed));
        }
        let scope = r#"{"error":{"code":"UnknownError","message":"{\"errorCode\":\"PermissionScopeNotGranted\"}"}}"#;
        let error = of(
            StatusCode::FORBIDDEN,
            &none,
            scope.as_bytes(),
            Effect::Reads,
        );
        assert_eq!(error, DirectoryError::Permanent(Fault::NotAllowed));
        let deep = format!("{}1{}", "[".repeat(90), "]".repeat(90));
        let deep = format!(r#"{{"error":{{"code":"x","message":{deep}}}}}"#);
        assert_eq!(inner_codes(deep.as_bytes()), Vec::<String>::new());
    }

    /// Parsers differ in which of the two they believe. Neither may make a person missing or a tenant unlicensed.
    #[test]
    fn an_error_in_which_a_member_comes_twice_has_no_code() {
        let none = HeaderMap::new();
        let of = |status, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            of(status, &none, body.as_bytes(), Effect::Reads)
        };
        let twice = r#"{"error":{"code":"x","code":"Request_ResourceNotFound"}}"#;
        assert_eq!(code(twice.as_bytes()), None);
        assert_eq!(of(404, twice), DirectoryError::Permanent(Fault::Unreadable));
        for twice in [
            r#"{"error":{"code":"x","code":"AadPremiumLicenseRequired"}}"#,
            r#"{"error":{"code":"x","innerError":{"code":"y","code":"AadPremiumLicenseRequired"}}}"#,
            r#"{"error":{"code":"x","message":"{\"errorCode\":\"y\",\"errorCode\":\"AadPremiumLicenseRequired\"}"}}"#,
        ] {
            assert_eq!(
                of(400, twice),
                DirectoryError::Permanent(Fault::Refused),
                "{twice}"
            );
            assert_eq!(
                of(403, twice),
                DirectoryError::Permanent(Fault::NotAllowed),
                "{twice}"
            );
        }
    }

    #[test]
    fn a_4xx_to_a_question_is_an_answer_unless_it_asks_to_come_back() {
        let none = HeaderMap::new();
        for status in 400..500 {
            let status = StatusCode::from_u16(status).unwrap();
            let body = br#"{"error":{"code":"x","message":"m"}}"#;
            let error = of(status, &none, body, Effect::Reads);
            let waits = matches!(status.as_u16(), 408 | 409 | 412 | 423 | 429);
            let is_answer =
                matches!(error, DirectoryError::Permanent(fault) if fault != Fault::Unreadable);
            assert_eq!(is_answer, !waits, "{status}: {error:?}");
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
    }

    #[test]
    fn a_change_that_only_a_proxy_seems_to_have_refused_may_have_been_made() {
        let none = HeaderMap::new();
        let of = |status, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            of(status, &none, body.as_bytes(), Effect::Writes)
        };
        for status in [302, 304, 307, 403, 407, 421, 425] {
            let error = of(status, "<html>");
            assert_eq!(error, DirectoryError::Indeterminate, "{status}");
        }
        let denied = r#"{"error":{"code":"accessDenied","message":"m"}}"#;
        assert_eq!(
            of(403, denied),
            DirectoryError::Permanent(Fault::NotAllowed)
        );
    }
}
