//! A request's body, bounded before anybody looks at it.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};

use super::problem::Problem;

/// The most that is taken: large issues are hundreds of kilobytes.
const LARGEST: usize = 1024 * 1024;

/// How long a sender may take for it.
const SLOWEST: Duration = Duration::from_secs(10);

/// The bytes of a JSON body.
///
/// # Errors
/// 415 if it is not said to be JSON, 413 if it is too large, 408 if it does not come.
pub async fn json(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    if !is_json(headers) {
        return Err(Problem::plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "The body must be JSON, with the header Content-Type: application/json.",
        ));
    }
    any(body).await
}

/// The bytes of a body that may be empty; if it is not, it is JSON.
pub async fn json_if_any(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let bytes = any(body).await?;
    if bytes.is_empty() {
        Ok(bytes)
    } else {
        json(headers, Body::from(bytes)).await
    }
}

async fn any(body: Body) -> Result<Bytes, Problem> {
    match tokio::time::timeout(SLOWEST, to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Problem::plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "The body is larger than 1 MiB, or was cut off.",
        )),
        Err(_) => Err(Problem::passing(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "The body did not arrive within 10 seconds.",
        )),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let is_json = |text: &str| {
        let essence = text.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    };
    // Some senders and proxies say it twice, and Lambda joins the two with a comma.
    let mut values = headers.get_all(CONTENT_TYPE).iter().peekable();
    values.peek().is_some()
        && values.all(|value| {
            let value = value.to_str().unwrap_or_default();
            value.split(',').all(is_json)
        })
}
