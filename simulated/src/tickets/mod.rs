//! Ticket systems that take notes: Jira Cloud and ServiceNow, over real HTTP, as far as writing an outcome
//! into a ticket and finding it there again goes.
//!
//! They remember: a note that was sent twice is there twice, because neither system has a key that would make
//! a repeat harmless. What is not simulated is refused as the real system refuses a path that it does not
//! have.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use simulated::tickets::{Fault, jira_cloud::JiraCloud};
//!
//! let jira = JiraCloud::new();
//! jira.add_issue("HELP-42");
//! let serving = jira.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await?);
//! jira.fail(Fault::on("POST", "/comment").lose_answer());
//! println!("{}", serving.url);
//! # Ok(())
//! # }
//! ```

mod faults;
pub mod jira_cloud;
pub mod servicenow;

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::net::TcpListener;

pub use crate::serving::Serving;
pub use faults::{Effect, Fault};

use crate::serving::{self, dropped};

/// No call that is simulated here has a larger body.
const BODY_LIMIT: usize = 1024 * 1024;

/// What one of the ticket systems does, without the transport.
trait System: Send + 'static {
    /// Does what was asked.
    fn answer(&mut self, ask: &Ask) -> Response;

    /// An error in the envelope of this system.
    fn failure(status: u16) -> Response;
}

/// A ticket system with what goes wrong at it and what was asked of it. Clones are the same one.
#[derive(Debug, Default)]
struct Desk<S>(Arc<Mutex<Office<S>>>);

#[derive(Debug, Default)]
struct Office<S> {
    system: S,
    faults: Vec<Fault>,
    calls: Vec<String>,
}

// Not derived, which would want a system that can be cloned.
impl<S> Clone for Desk<S> {
    fn clone(&self) -> Self {
        Desk(Arc::clone(&self.0))
    }
}

impl<S: System> Desk<S> {
    fn lock(&self) -> MutexGuard<'_, Office<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves over HTTP on the current runtime.
    fn serve(&self, listener: TcpListener) -> Serving {
        let router = Router::new().fallback(enter::<S>).with_state(self.clone());
        serving::plain(router, listener)
    }
}

impl<S: System> Office<S> {
    /// Remembers the call and answers it; `None` if it is never answered.
    fn receive(&mut self, ask: &Ask) -> Option<Response> {
        self.calls.push(format!("{} {}", ask.verb(), ask.path()));
        let target = ask.target();
        let effect = self
            .faults
            .iter_mut()
            .find_map(|fault| fault.strike(ask.verb(), &target));
        match effect {
            None => Some(self.system.answer(ask)),
            Some(Effect::Status(status)) => Some(S::failure(status)),
            Some(Effect::Throttle(seconds)) => {
                let mut answer = S::failure(429);
                if let Some(seconds) = seconds {
                    answer
                        .headers_mut()
                        .insert(RETRY_AFTER, HeaderValue::from(seconds));
                }
                Some(answer)
            }
            Some(Effect::LoseAnswer) => {
                self.system.answer(ask);
                Some(dropped())
            }
            Some(Effect::Hang) => None,
        }
    }
}

async fn enter<S: System>(State(desk): State<Desk<S>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // A sender who gives up in the middle of a body gets no answer anyway.
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return dropped();
    };
    let ask = Ask { parts, body };
    let answer = desk.lock().receive(&ask);
    match answer {
        Some(answer) => answer,
        None => pending().await,
    }
}

/// One request, read whole.
struct Ask {
    parts: Parts,
    body: Bytes,
}

impl Ask {
    fn verb(&self) -> &str {
        self.parts.method.as_str()
    }

    /// The path as it was sent, without the query.
    fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The path in pieces. The keys and ids in it have no characters that are percent-encoded.
    fn segments(&self) -> Vec<&str> {
        self.path().split('/').skip(1).collect()
    }

    /// What faults look at: path and query, percent-decoded.
    fn target(&self) -> String {
        let target = self.parts.uri.path_and_query();
        percent_decode_str(target.map_or("", |target| target.as_str()))
            .decode_utf8_lossy()
            .into_owned()
    }

    /// A query option.
    fn option(&self, name: &str) -> Option<String> {
        field(self.parts.uri.query().unwrap_or_default().as_bytes(), name)
    }

    /// A query option that is a number; `None` if it is there and is none.
    fn number(&self, name: &str, otherwise: usize) -> Option<usize> {
        match self.option(name) {
            None => Some(otherwise),
            Some(text) => text.parse().ok(),
        }
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// What follows this scheme in `Authorization`.
    fn credentials(&self, scheme: &str) -> Option<&str> {
        let (given, credentials) = self.header(AUTHORIZATION)?.split_once(' ')?;
        given.eq_ignore_ascii_case(scheme).then_some(credentials)
    }

    /// Whether it is signed with this name and password, as RFC 7617 writes them.
    fn is_basic(&self, name: &str, password: &str) -> bool {
        let expected = STANDARD.encode(format!("{name}:{password}"));
        self.credentials("Basic") == Some(expected.as_str())
    }

    /// Whether the body claims to be JSON.
    fn is_json(&self) -> bool {
        self.header(CONTENT_TYPE).is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case("application/json")
        })
    }

    fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The first field of this name in a query or a form.
fn field(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// An answer with JSON.
fn reply(status: u16, body: Value) -> Response {
    (code(status), Json(body)).into_response()
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The words that belong to a status.
fn reason(status: u16) -> &'static str {
    code(status).canonical_reason().unwrap_or("Unknown")
}
