//! What a Lambda Function URL makes of a request and of the function's answer (payload format 2.0).
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

/// The host of the Function URL that the events pretend to come through.
pub const HOST: &str = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws";

/// The address that the events pretend to come from (RFC 5737, section 3).
pub const SOURCE_IP: &str = "203.0.113.9";

/// The event for a request: names of headers in lower case, duplicates joined by commas, the body as text for
/// the content types that AWS takes for text and as base64 for all others, absent when empty.
///
/// A body that claims to be text and is not UTF-8 goes as base64; what AWS does with one is not documented.
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

/// The same event with the body as base64, whatever its content type.
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

/// The content types whose bodies arrive as text; a missing content type is none of them.
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
    // Set by AWS itself: a sender cannot choose them.
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

/// What the caller of the URL would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case, sorted; each cookie is a `set-cookie` of its own at the end.
    pub headers: Vec<(String, String)>,
    /// The body, decoded; empty when there is none.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name, in whatever case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

/// Why a function's bytes are no answer.
#[derive(Debug, thiserror::Error)]
pub enum NotAnAnswer {
    /// They are not the JSON object that a Function URL reads. AWS would take an object without `statusCode`
    /// for the body of a 200; a function that means to answer never sends one.
    #[error("not a Function URL response: {0}")]
    Shape(#[from] serde_json::Error),
    /// `isBase64Encoded` is set and the body is something else.
    #[error("the body is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
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
///
/// # Errors
/// [`NotAnAnswer`] when the caller could not have been given it as meant.
pub fn answer(bytes: &[u8]) -> Result<Answer, NotAnAnswer> {
    let written: Written = serde_json::from_slice(bytes)?;
    let body = written.body.unwrap_or_default();
    let cookies = written
        .cookies
        .into_iter()
        .map(|cookie| ("set-cookie".to_owned(), cookie));
    Ok(Answer {
        status: written.status_code,
        headers: written
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .chain(cookies)
            .collect(),
        body: if written.is_base64_encoded {
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
    fn json_and_text_travel_as_they_are_and_everything_else_as_base64() {
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
    fn header_names_are_lowered_and_duplicates_joined_by_a_comma() {
        let request = Request::get("/")
            .header("X-Hub-Signature", "bad")
            .header("x-hub-signature", "good")
            .header("X-Forwarded-For", "198.51.100.1");
        let headers = &event(&request)["headers"];
        assert_eq!(headers["x-hub-signature"], "bad,good");
        assert_eq!(
            headers["x-forwarded-for"], SOURCE_IP,
            "the sender does not choose it"
        );
    }

    #[test]
    fn query_parameters_are_decoded_and_the_raw_query_is_not() {
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
    fn bytes_without_a_status_or_with_bad_base64_are_no_answer() {
        assert!(matches!(answer(b"{}"), Err(NotAnAnswer::Shape(_))));
        assert!(matches!(
            answer(br#"{"statusCode":200,"body":"***","isBase64Encoded":true}"#),
            Err(NotAnAnswer::Base64(_))
        ));
    }
}
