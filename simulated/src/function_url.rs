//! How a Lambda Function URL turns a request into an event, and the function's response into an HTTP response (payload
//! format 2.0).
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::request::Request;

/// The host of the Function URL in the events.
pub const HOST: &str = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws";

/// The client's address in the events (RFC 5737, section 3).
pub const SOURCE_IP: &str = "203.0.113.9";

/// The event for a request: header names in lower case, duplicate headers joined by commas, the body as text for the
/// content types that AWS treats as text and as base64 for all others, absent if it is empty.
///
/// A body of such a content type that is not UTF-8 becomes base64; what AWS does with one is not documented.
#[must_use]
pub fn event(request: &Request) -> Value {
    let text = std::str::from_utf8(&request.body)
        .ok()
        .filter(|_| is_text(request.value("content-type")));
    match text {
        Some(text) => with_body(request, text.to_owned(), false),
        None => event_base64(request),
    }
}

/// The same event with the body as base64 for every content type.
#[must_use]
pub fn event_base64(request: &Request) -> Value {
    with_body(request, STANDARD.encode(&request.body), true)
}

fn with_body(request: &Request, body: String, base64: bool) -> Value {
    let now = Timestamp::now();
    let headers = headers(request);
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": HOST.split('.').next(),
            "domainName": HOST,
            "domainPrefix": HOST.split('.').next(),
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": SOURCE_IP,
                "userAgent": headers.get("user-agent"),
            },
            "requestId": Uuid::new_v4(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "headers": headers,
        "isBase64Encoded": base64 && !request.body.is_empty(),
    });
    if let Some(event) = event.as_object_mut() {
        if !request.body.is_empty() {
            event.insert("body".to_owned(), Value::String(body));
        }
        if let Some(parameters) = query_parameters(&request.query) {
            event.insert("queryStringParameters".to_owned(), parameters);
        }
    }
    event
}

/// Whether the body of this content type arrives as text. Without a content type it does not.
fn is_text(content_type: Option<&str>) -> bool {
    let media_type = content_type
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default();
    media_type.starts_with("text/")
        || matches!(
            media_type.as_str(),
            "application/json" | "application/javascript" | "application/xml"
        )
}

fn headers(request: &Request) -> Map<String, Value> {
    let mut joined = BTreeMap::from([("host".to_owned(), HOST.to_owned())]);
    if !request.body.is_empty() {
        joined.insert("content-length".to_owned(), request.body.len().to_string());
    }
    let mut sent: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &request.headers {
        sent.entry(name.to_ascii_lowercase())
            .and_modify(|before| {
                before.push(',');
                before.push_str(value);
            })
            .or_insert_with(|| value.clone());
    }
    joined.extend(sent);
    // AWS sets these, and replaces what a sender writes there.
    joined.extend(
        [
            ("x-amzn-tls-version", "TLSv1.3".to_owned()),
            ("x-amzn-trace-id", trace_root()),
            ("x-forwarded-for", SOURCE_IP.to_owned()),
            ("x-forwarded-port", "443".to_owned()),
            ("x-forwarded-proto", "https".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    joined
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect()
}

/// An X-Ray trace id: `Root=1-`, the time in eight hex digits, 96 random bits
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>).
pub(crate) fn trace_root() -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!(
        "Root=1-{:08x}-{}",
        Timestamp::now().as_second(),
        random.get(8..).unwrap_or_default()
    )
}

fn query_parameters(query: &str) -> Option<Value> {
    let uri: Uri = format!("/?{query}").parse().ok()?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        joined
            .entry(name)
            .and_modify(|before| {
                before.push(',');
                before.push_str(&value);
            })
            .or_insert(value);
    }
    (!joined.is_empty()).then(|| json!(joined))
}

/// The HTTP response that the caller of the URL gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Sorted, with names in lower case; at the end one `set-cookie` for each cookie.
    pub headers: Vec<(String, String)>,
    /// Decoded; empty if there is none.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name, in any case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// # Errors
    /// If the body is not JSON.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

/// Why a Function URL cannot make a response of the bytes that the function posted.
#[derive(Debug, thiserror::Error)]
pub enum InvalidResponse {
    /// They are not the JSON object that a Function URL reads. AWS would send an object without `statusCode` as the
    /// body of a 200; this function always sets `statusCode`.
    #[error("not a Function URL response: {0}")]
    Shape(#[from] serde_json::Error),
    /// `isBase64Encoded` is set, but the body is not base64.
    #[error("the body is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseJson {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Reads what the function posted as its response.
pub fn answer(bytes: &[u8]) -> Result<Answer, InvalidResponse> {
    let response: ResponseJson = serde_json::from_slice(bytes)?;
    let body = response.body.unwrap_or_default();
    let cookies = response
        .cookies
        .into_iter()
        .map(|cookie| ("set-cookie".to_owned(), cookie));
    Ok(Answer {
        status: response.status_code,
        headers: response
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .chain(cookies)
            .collect(),
        body: if response.is_base64_encoded {
            STANDARD.decode(body)?
        } else {
            body.into_bytes()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_text_are_sent_as_text_and_everything_else_as_base64() {
        for (content_type, base64) in [
            ("application/json; charset=utf-8", false),
            ("Text/Plain", false),
            ("application/x-www-form-urlencoded", true),
            ("application/octet-stream", true),
        ] {
            let request = Request::post("/", "a=b").header("Content-Type", content_type);
            let event = event(&request);
            assert_eq!(event["isBase64Encoded"], base64, "{content_type}");
            assert_eq!(event["body"], if base64 { "YT1i" } else { "a=b" });
        }
    }

    #[test]
    fn a_body_without_content_type_or_without_utf_8_is_base64() {
        assert_eq!(event(&Request::post("/", "{}"))["isBase64Encoded"], true);
        let binary = Request::post_json("/", [0xff, 0x00]);
        assert_eq!(event(&binary)["body"], "/wA=");
    }

    #[test]
    fn an_empty_body_is_absent_even_when_base64_is_forced() {
        let event = event_base64(&Request::get("/health"));
        assert_eq!(event.get("body"), None);
        assert_eq!(event["isBase64Encoded"], false);
    }

    #[test]
    fn header_names_become_lower_case_and_duplicates_are_joined_by_a_comma() {
        let request = Request::get("/")
            .header("X-Hub-Signature", "bad")
            .header("x-hub-signature", "good")
            .header("X-Forwarded-For", "198.51.100.1");
        let headers = &event(&request)["headers"];
        assert_eq!(headers["x-hub-signature"], "bad,good");
        assert_eq!(
            headers["x-forwarded-for"], SOURCE_IP,
            "a sender cannot set it"
        );
    }

    #[test]
    fn query_parameters_are_decoded_and_the_raw_query_is_kept() {
        let event = event(&Request::get("/my/path?a=1%202&a=3&b=4"));
        assert_eq!(event["rawPath"], "/my/path");
        assert_eq!(event["rawQueryString"], "a=1%202&a=3&b=4");
        assert_eq!(
            event["queryStringParameters"],
            json!({"a": "1 2,3", "b": "4"})
        );
    }

    #[test]
    fn an_answer_is_decoded_and_its_cookies_become_headers() {
        let answer = answer(
            br#"{"statusCode":201,"headers":{"Content-Type":"text/plain"},"cookies":["a=b"],
                "body":"/wA=","isBase64Encoded":true}"#,
        )
        .unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (201, &[0xff, 0][..])
        );
        assert_eq!(answer.value("content-type"), Some("text/plain"));
        assert_eq!(answer.value("Set-Cookie"), Some("a=b"));
    }

    #[test]
    fn bytes_without_a_status_or_with_bad_base64_are_rejected() {
        assert!(matches!(answer(b"{}"), Err(InvalidResponse::Shape(_))));
        assert!(matches!(
            answer(br#"{"statusCode":200,"body":"***","isBase64Encoded":true}"#),
            Err(InvalidResponse::Base64(_))
        ));
    }
}
