//! An HTTP request as a simulated server receives it.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderName};
use axum::http::request::Parts;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::serving::dropped;

/// No simulated call has a larger body, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// A request whose body has been read completely.
pub(crate) struct Received {
    parts: Parts,
    pub(crate) body: Bytes,
}

impl<S: Sync> FromRequest<S> for Received {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        // A client that stops in the middle of its body does not wait for an answer.
        let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| dropped())?;
        Ok(Received { parts, body })
    }
}

impl Received {
    pub(crate) fn verb(&self) -> &str {
        self.parts.method.as_str()
    }

    /// The path as it was sent, without the query.
    pub(crate) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The segments of the path as they were sent.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path().split('/').skip(1).collect()
    }

    /// The query as it was sent; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// A query option.
    pub(crate) fn option(&self, name: &str) -> Option<String> {
        field(self.query().as_bytes(), name)
    }

    /// A query option that must be a number if it is present; `None` if it is something else.
    pub(crate) fn number(&self, name: &str, default: usize) -> Option<usize> {
        match self.option(name) {
            None => Some(default),
            Some(text) => text.parse().ok(),
        }
    }

    /// Path and query, percent-decoded.
    pub(crate) fn decoded_target(&self) -> String {
        decoded(&format!("{}?{}", self.path(), self.query()))
    }

    pub(crate) fn decoded_query(&self) -> String {
        decoded(self.query())
    }

    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The host that was asked: `Host`, or `:authority` over HTTP/2.
    pub(crate) fn host(&self) -> Option<&str> {
        let authority = self.parts.uri.authority();
        self.header(HOST)
            .or_else(|| authority.map(|authority| authority.as_str()))
    }

    /// What follows this scheme in `Authorization`.
    pub(crate) fn credentials(&self, scheme: &str) -> Option<&str> {
        let (given, credentials) = self.header(AUTHORIZATION)?.split_once(' ')?;
        given.eq_ignore_ascii_case(scheme).then_some(credentials)
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.header(COOKIE)?
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value)
    }

    /// Whether it has this user name and password in Basic authorization (RFC 7617).
    pub(crate) fn is_basic(&self, name: &str, password: &str) -> bool {
        let expected = STANDARD.encode(format!("{name}:{password}"));
        self.credentials("Basic") == Some(expected.as_str())
    }

    /// Whether the content type is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.header(CONTENT_TYPE).is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case("application/json")
        })
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The first field of this name in a query or a form.
pub(crate) fn field(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
