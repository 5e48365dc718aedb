//! Faults that a test injects into a simulated server.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::received::Received;
use crate::serving::dropped;

/// The size of a huge body, in bytes.
const HUGE: usize = 16 * 1024 * 1024;

/// A fault that certain requests run into. By default it is a 503 for the next request that matches.
#[derive(Clone, Debug)]
pub struct Fault {
    method: String,
    path_contains: String,
    body_contains: String,
    times: u32,
    skip: u32,
    effect: Effect,
    only_while: Option<When>,
}

/// When a fault is there.
#[derive(Clone)]
struct When(Arc<dyn Fn() -> bool + Send + Sync>);

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("When").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Status(u16),
    Throttle(Option<u64>),
    Body(u16, Bytes),
    LoseRequest,
    LoseAnswer,
    Hang,
    Slow(Duration),
    Edit(Edit),
}

/// A change of a JSON body.
#[derive(Clone)]
pub(crate) struct Edit(Arc<dyn Fn(&mut Value) + Send + Sync>);

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Edit").finish_non_exhaustive()
    }
}

impl Edit {
    /// The response with its JSON body changed; as it is if it has none.
    async fn apply(&self, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        let bytes = to_bytes(body, HUGE).await.unwrap_or_default();
        parts.headers.remove(CONTENT_LENGTH);
        let Ok(mut json) = serde_json::from_slice(&bytes) else {
            return Response::from_parts(parts, Body::from(bytes));
        };
        (self.0)(&mut json);
        Response::from_parts(parts, Body::from(json.to_string()))
    }
}

impl Fault {
    /// A fault for requests with this method (`*` for any) whose path and query, percent-decoded, contain this text.
    pub fn on(method: &str, path_contains: &str) -> Fault {
        Fault {
            method: method.to_owned(),
            path_contains: path_contains.to_owned(),
            body_contains: String::new(),
            times: 1,
            skip: 0,
            effect: Effect::Status(503),
            only_while: None,
        }
    }

    /// Only requests whose body, as it was sent, contains this text.
    pub fn with_body(self, body_contains: &str) -> Fault {
        Fault {
            body_contains: body_contains.to_owned(),
            ..self
        }
    }

    /// How many requests it affects.
    pub fn times(self, times: u32) -> Fault {
        Fault { times, ..self }
    }

    /// How many matching requests pass before it begins.
    pub fn skip(self, skip: u32) -> Fault {
        Fault { skip, ..self }
    }

    /// It is there only while this holds.
    pub fn only_while(self, holds: impl Fn() -> bool + Send + Sync + 'static) -> Fault {
        Fault {
            only_while: Some(When(Arc::new(holds))),
            ..self
        }
    }

    /// An error in the server's own envelope; nothing is changed.
    pub fn status(self, status: u16) -> Fault {
        self.with(Effect::Status(status))
    }

    /// 429, with or without `Retry-After`; nothing is changed. Of Graph's resources only some send the header
    /// (<https://learn.microsoft.com/graph/throttling>). Both ticket systems send it, in seconds
    /// (<https://developer.atlassian.com/cloud/jira/platform/rate-limiting/>).
    pub fn throttle(self, retry_after_seconds: Option<u64>) -> Fault {
        self.with(Effect::Throttle(retry_after_seconds))
    }

    /// 200 with a body that is not JSON; nothing is changed.
    pub fn garbage(self) -> Fault {
        self.body(200, "<!DOCTYPE html><title>Service unavailable</title>")
    }

    /// 200 with a body of 16 MiB; nothing is changed.
    pub fn huge(self) -> Fault {
        self.body(200, vec![b' '; HUGE])
    }

    /// The connection is dropped before the request is handled; nothing is changed.
    pub fn lose_request(self) -> Fault {
        self.with(Effect::LoseRequest)
    }

    /// The request is handled, then the connection is dropped: the client cannot know whether the change was made.
    pub fn lose_answer(self) -> Fault {
        self.with(Effect::LoseAnswer)
    }

    /// The request is never answered; nothing is changed.
    pub fn hang(self) -> Fault {
        self.with(Effect::Hang)
    }

    /// The request is handled, and the answer comes this much later, on the runtime's clock.
    pub fn slow(self, time: Duration) -> Fault {
        self.with(Effect::Slow(time))
    }

    /// The request is handled, and the JSON of its answer is changed on the way.
    pub fn edit(self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
        self.with(Effect::Edit(Edit(Arc::new(change))))
    }

    /// A status with a body that claims to be JSON; nothing is changed.
    pub fn body(self, status: u16, body: impl Into<Bytes>) -> Fault {
        self.with(Effect::Body(status, body.into()))
    }

    fn with(self, effect: Effect) -> Fault {
        Fault { effect, ..self }
    }

    /// Counts the request if it matches, and says how it is affected.
    fn strike(&mut self, request: &Received, target: &str) -> Option<Effect> {
        let matches = (self.method == "*" || self.method == request.verb())
            && target.contains(&self.path_contains)
            && String::from_utf8_lossy(&request.body).contains(&self.body_contains);
        let is_there = self.only_while.as_ref().is_none_or(|when| (when.0)());
        if !matches || !is_there || self.times == 0 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.effect.clone())
    }
}

/// The faults of one server, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How the oldest fault that matches a request affects it.
    pub(crate) fn strike(&mut self, request: &Received) -> Option<Effect> {
        let target = request.decoded_target();
        self.0
            .iter_mut()
            .find_map(|fault| fault.strike(request, &target))
    }
}

/// What the client gets for a request.
pub(crate) enum Reply {
    Response(Response),
    /// It comes later.
    Late(Response, Duration),
    /// Its JSON is changed.
    Edited(Response, Edit),
    /// The connection is dropped.
    Dropped,
    /// The connection stays open, without a response.
    Never,
}

impl Reply {
    /// The reply to a request with this effect: `handle` handles the request, `error` gives an error in the server's
    /// envelope.
    pub(crate) fn new(
        effect: Option<Effect>,
        error: impl FnOnce(u16) -> Response,
        handle: impl FnOnce() -> Response,
    ) -> Reply {
        Reply::Response(match effect {
            None => handle(),
            Some(Effect::Status(status)) => error(status),
            Some(Effect::Throttle(seconds)) => {
                let mut response = error(429);
                if let Some(seconds) = seconds {
                    let headers = response.headers_mut();
                    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
            Some(Effect::Body(status, body)) => {
                let status =
                    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (status, [(CONTENT_TYPE, "application/json")], body).into_response()
            }
            Some(Effect::LoseRequest) => return Reply::Dropped,
            Some(Effect::LoseAnswer) => {
                handle();
                return Reply::Dropped;
            }
            Some(Effect::Hang) => return Reply::Never,
            Some(Effect::Slow(time)) => return Reply::Late(handle(), time),
            Some(Effect::Edit(edit)) => return Reply::Edited(handle(), edit),
        })
    }

    /// Changes the response, if there is one.
    pub(crate) fn map(self, change: impl FnOnce(Response) -> Response) -> Reply {
        match self {
            Reply::Response(response) => Reply::Response(change(response)),
            Reply::Late(response, time) => Reply::Late(change(response), time),
            Reply::Edited(response, edit) => Reply::Edited(change(response), edit),
            other => other,
        }
    }

    /// The status; 0 if there is no response.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Reply::Response(response) | Reply::Late(response, _) | Reply::Edited(response, _) => {
                response.status().as_u16()
            }
            Reply::Dropped | Reply::Never => 0,
        }
    }

    pub(crate) async fn send(self) -> Response {
        match self {
            Reply::Response(response) => response,
            Reply::Late(response, time) => {
                tokio::time::sleep(time).await;
                response
            }
            Reply::Edited(response, edit) => edit.apply(response).await,
            Reply::Dropped => dropped(),
            Reply::Never => pending().await,
        }
    }
}
