//! Calls to others: Entra, Graph, issuers of keys and ticket systems. One client, and answers that are bounded in time
//! and in size.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The longest `Retry-After` that counts, in seconds. A caller that is told more waits this long and asks again.
const LONGEST_RETRY_AFTER: u64 = 60 * 60;

/// The HTTP client could not be made: no root certificates, usually.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {0}")]
pub struct HttpClientError(#[from] reqwest::Error);

/// The client for everything outside AWS. reqwest has no time limits of its own, and follows redirects, with
/// which a credential could be sent elsewhere.
///
/// # Errors
/// [`HttpClientError`] if TLS cannot be set up.
pub fn http_client() -> Result<reqwest::Client, HttpClientError> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(10))
        // Shorter than what load balancers allow, so that a thawed environment does not write into a dead
        // connection.
        .pool_idle_timeout(Duration::from_secs(25))
        .user_agent(concat!("reregister-mfa/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(HttpClientError)
}

/// An answer's body that is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// It is larger than what was asked for can be.
    #[error("the answer is too large")]
    TooLarge,
    /// It ended before its end.
    #[error("the answer broke off")]
    BrokeOff,
}

/// The body, of `most` bytes at most.
///
/// # Errors
/// [`BadBody`], if it is larger, or not whole.
pub async fn bounded_body(mut answer: Response, most: usize) -> Result<Vec<u8>, BadBody> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| BadBody::BrokeOff)? {
        if body.len().saturating_add(chunk.len()) > most {
            return Err(BadBody::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3); a date, which none of them sends, counts as nothing said.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds: u64 = seconds.parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_that_is_no_number_or_of_years_is_bounded() {
        let after = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("1000000000"), Some(Duration::from_secs(3600)));
        assert_eq!(after("Tue, 24 Nov 2026 12:00:00 GMT"), None);
        assert_eq!(after("-1"), None);
    }
}
