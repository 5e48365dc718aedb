//! The events and answers of a Lambda Function URL (AWS Lambda Developer Guide, "Request and response payloads", payload
//! format 2.0).
//!
//! A client writes the path, the query, the headers and the body of an event as it likes. What is no HTTP request is
//! answered 400. What has no `requestContext.http` was not sent by a Function URL: it is an error, so that an event of
//! another service is not taken for handled.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::http::SourceAddress;

/// Why an event cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FunctionUrlError {
    /// This function is wired to something else than a Function URL.
    #[error("the event is no request of a Function URL: it has no requestContext.http")]
    OtherService,
    /// A part of the request that is not as HTTP has it.
    #[error("the {0} of the request cannot be read")]
    Malformed(&'static str),
}

use FunctionUrlError::Malformed;

/// The request of an event, with the address of the client.
///
/// # Errors
/// [`FunctionUrlError`]
pub fn request(event: &Value) -> Result<Request, FunctionUrlError> {
    let http = event.pointer("/requestContext/http");
    let http = http
        .filter(|http| http.is_object())
        .ok_or(FunctionUrlError::OtherService)?;
    let method = text(http, "method", "method")?;
    let mut request = Request::new(body(event)?);
    *request.method_mut() =
        Method::from_bytes(method.as_bytes()).map_err(|_| Malformed("method"))?;
    *request.uri_mut() = uri(event)?;
    *request.headers_mut() = headers(event)?;
    if let Some(address) = http.get("sourceIp").and_then(Value::as_str) {
        let address = SourceAddress(address.to_owned());
        request.extensions_mut().insert(address);
    }
    Ok(request)
}

/// A member that is a text; empty if it is absent or null.
fn text<'a>(
    object: &'a Value,
    name: &str,
    part: &'static str,
) -> Result<&'a str, FunctionUrlError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Malformed(part)),
    }
}

fn uri(event: &Value) -> Result<Uri, FunctionUrlError> {
    let (path, query) = (
        text(event, "rawPath", "path")?,
        text(event, "rawQueryString", "query")?,
    );
    if !path.starts_with('/') || path.contains(['?', '#']) || !is_sent(path) {
        return Err(Malformed("path"));
    }
    let parsed = |text: &str| PathAndQuery::try_from(text);
    parsed(path).map_err(|_| Malformed("path"))?;
    if query.is_empty() {
        return Uri::try_from(path).map_err(|_| Malformed("path"));
    }
    if query.contains('#') || !is_sent(query) {
        return Err(Malformed("query"));
    }
    let both = parsed(&format!("{path}?{query}")).map_err(|_| Malformed("query"))?;
    Uri::builder()
        .path_and_query(both)
        .build()
        .map_err(|_| Malformed("query"))
}

/// Whether this is of characters that a URI is sent in (RFC 3986, section 2): no blanks, quotes or control characters.
fn is_sent(text: &str) -> bool {
    let is_excluded = |c: char| matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
    text.chars()
        .all(|c| c.is_ascii_graphic() && !is_excluded(c))
}

fn headers(event: &Value) -> Result<HeaderMap, FunctionUrlError> {
    let sent = match event.get("headers") {
        None | Some(Value::Null) => return Ok(HeaderMap::new()),
        Some(Value::Object(sent)) => sent,
        Some(_) => return Err(Malformed("headers")),
    };
    let mut headers = HeaderMap::with_capacity(sent.len());
    for (name, value) in sent {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Malformed("headers"))?;
        let value = value.as_str().map(|value| value.as_bytes());
        let value = HeaderValue::from_bytes(value.ok_or(Malformed("headers"))?);
        headers.append(name, value.map_err(|_| Malformed("headers"))?);
    }
    Ok(headers)
}

fn body(event: &Value) -> Result<Body, FunctionUrlError> {
    let body = text(event, "body", "body")?;
    match event.get("isBase64Encoded") {
        None | Some(Value::Null | Value::Bool(false)) => Ok(Body::from(body.to_owned())),
        Some(Value::Bool(true)) => {
            let bytes = STANDARD.decode(body).map_err(|_| Malformed("body"))?;
            Ok(Body::from(bytes))
        }
        Some(_) => Err(Malformed("body")),
    }
}

/// A response, as a Function URL takes it.
///
/// # Errors
/// An error of the body.
pub async fn answer(response: Response) -> Result<Value, axum::Error> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await?;
    let (body, is_base64) = match std::str::from_utf8(&body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(&body), true),
    };
    let mut headers = Map::new();
    for name in parts.headers.keys() {
        let values = parts.headers.get_all(name).iter();
        let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        headers.insert(name.to_string(), values.join(", ").into());
    }
    Ok(json!({
        "statusCode": parts.status.as_u16(),
        "headers": headers,
        // None is set here, and cargo-lambda cannot do without the member.
        "cookies": [],
        "body": body,
        "isBase64Encoded": is_base64,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Value {
        json!({
            "version": "2.0",
            "rawPath": "/webhooks/jira",
            "rawQueryString": "a=%22b%22&c",
            "headers": {"content-type": "application/json", "x-name": "Zo\u{eb}"},
            "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
            "body": "{}",
            "isBase64Encoded": false,
        })
    }

    #[tokio::test]
    async fn a_request_is_read_as_it_was_sent() {
        let request = request(&event()).unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.uri(), "/webhooks/jira?a=%22b%22&c");
        assert_eq!(
            request.headers()["x-name"].as_bytes(),
            "Zo\u{eb}".as_bytes()
        );
        let SourceAddress(address) = request.extensions().get().unwrap();
        assert_eq!(address, "192.0.2.1");
        assert_eq!(to_bytes(request.into_body(), 9).await.unwrap(), "{}");
    }

    #[test]
    fn what_is_no_http_request_is_malformed_in_one_part() {
        for (pointer, value, part) in [
            ("/rawQueryString", json!("q={\"a\":1}"), "query"),
            ("/rawQueryString", json!("a b"), "query"),
            ("/rawQueryString", json!("a=\u{e9}"), "query"),
            ("/rawQueryString", json!("a\nb"), "query"),
            ("/rawQueryString", json!("a#b"), "query"),
            ("/rawQueryString", json!(["a"]), "query"),
            ("/rawPath", json!("/a b"), "path"),
            ("/rawPath", json!(""), "path"),
            ("/rawPath", json!("*"), "path"),
            ("/rawPath", json!("http://192.0.2.1/"), "path"),
            ("/rawPath", json!("//\u{0}%zz"), "path"),
            ("/rawPath", json!("/\u{e9}"), "path"),
            ("/rawPath", json!("/a?b"), "path"),
            ("/rawPath", json!(7), "path"),
            ("/requestContext/http/method", json!("GE T"), "method"),
            ("/requestContext/http/method", json!(""), "method"),
            ("/requestContext/http/method", json!({}), "method"),
            ("/headers", json!({"a b": "x"}), "headers"),
            ("/headers", json!({"": "x"}), "headers"),
            ("/headers", json!({"x": "a\r\nb: c"}), "headers"),
            ("/headers", json!({"x": ["a"]}), "headers"),
            ("/headers", json!("x: a"), "headers"),
            ("/isBase64Encoded", json!(true), "body"),
            ("/isBase64Encoded", json!("true"), "body"),
            ("/body", json!({}), "body"),
        ] {
            let mut event = event();
            *event.pointer_mut(pointer).unwrap() = value.clone();
            let error = request(&event).unwrap_err();
            assert_eq!(error, Malformed(part), "{pointer}: {value}");
        }
    }

    #[test]
    fn what_a_url_may_hold_is_a_request_whatever_the_rest_of_the_event_says() {
        for (pointer, value) in [
            ("/rawQueryString", json!("%")),
            ("/rawQueryString", json!("%zz&&=")),
            ("/rawQueryString", json!(null)),
            ("/rawPath", json!("//webhooks/jira/%")),
            ("/requestContext/http/method", json!("BREW")),
            ("/requestContext/http/sourceIp", json!({"x": 1})),
            ("/headers", json!(null)),
            ("/body", json!(null)),
            ("/version", json!([[]])),
        ] {
            let mut event = event();
            *event.pointer_mut(pointer).unwrap() = value.clone();
            assert!(request(&event).is_ok(), "{pointer}: {value}");
        }
    }

    #[test]
    fn an_event_of_another_service_is_no_request() {
        for other in [
            json!({}),
            json!([]),
            json!(null),
            json!("x"),
            json!({"Records": [{"eventSource": "aws:sqs", "body": "x"}]}),
            json!({"requestContext": null}),
            json!({"requestContext": {"http": "GET"}}),
            json!([["/requestContext/http"]]),
        ] {
            let error = request(&other).unwrap_err();
            assert_eq!(error, FunctionUrlError::OtherService, "{other}");
        }
    }

    #[tokio::test]
    async fn a_response_is_text_or_else_base64() {
        let response = Response::builder().status(202).header("retry-after", "30");
        let response = response.header("x", "a").header("x", "b");
        let text = answer(response.body(Body::from("\u{eb}")).unwrap());
        let expected = json!({
            "statusCode": 202, "headers": {"retry-after": "30", "x": "a, b"}, "body": "\u{eb}",
            "isBase64Encoded": false, "cookies": [],
        });
        assert_eq!(text.await.unwrap(), expected);
        let bytes = answer(Response::new(Body::from(vec![0xff]))).await.unwrap();
        assert_eq!(
            (&bytes["body"], &bytes["isBase64Encoded"]),
            (&json!("/w=="), &json!(true))
        );
    }
}
