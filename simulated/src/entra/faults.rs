//! Things that go wrong on demand.

use axum::http::header::RETRY_AFTER;

use super::answers::Answer;

/// How much a huge body weighs.
const HUGE: usize = 16 * 1024 * 1024;

/// Something that goes wrong with certain requests, at the login or at Graph.
///
/// Without more words it is one 503 for the next request that fits.
#[derive(Clone, Debug)]
pub struct Fault {
    method: String,
    path_contains: String,
    times: u32,
    skip: u32,
    effect: Effect,
}

/// What happens in the place of an answer, or after one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    Status(u16),
    Throttle(Option<u64>),
    NonGraphBody(u16),
    ODataError(u16),
    ResetBefore,
    ResetAfter,
    Hang,
    Garbage,
    Huge,
}

impl Fault {
    /// A fault for requests with this method (`*` for any) whose path or query, percent-decoded, contains
    /// this text.
    pub fn on(method: &str, path_contains: &str) -> Self {
        Fault {
            method: method.to_owned(),
            path_contains: path_contains.to_owned(),
            times: 1,
            skip: 0,
            effect: Effect::Status(503),
        }
    }

    /// It happens this often, then no more.
    pub fn times(self, times: u32) -> Self {
        Fault { times, ..self }
    }

    /// The first requests that fit go through.
    pub fn skip(self, skip: u32) -> Self {
        Fault { skip, ..self }
    }

    /// An error in the envelope of whoever was asked; nothing is changed.
    pub fn status(self, code: u16) -> Self {
        self.with(Effect::Status(code))
    }

    /// 429, with Retry-After or without: only some resources send it
    /// (<https://learn.microsoft.com/graph/throttling>).
    pub fn throttle(self, retry_after_seconds: Option<u64>) -> Self {
        self.with(Effect::Throttle(retry_after_seconds))
    }

    /// An error without Graph's envelope: `{"Message": "No HTTP resource was found…"}`.
    pub fn non_graph_body(self, status: u16) -> Self {
        self.with(Effect::NonGraphBody(status))
    }

    /// An error in the `odata.error` envelope.
    pub fn odata_error(self, status: u16) -> Self {
        self.with(Effect::ODataError(status))
    }

    /// The connection is dropped and nothing was changed.
    pub fn reset_before(self) -> Self {
        self.with(Effect::ResetBefore)
    }

    /// The change is made, then the connection is dropped.
    pub fn reset_after(self) -> Self {
        self.with(Effect::ResetAfter)
    }

    /// There is never an answer, and nothing was changed.
    pub fn hang(self) -> Self {
        self.with(Effect::Hang)
    }

    /// 200 with a body that is no JSON.
    pub fn garbage(self) -> Self {
        self.with(Effect::Garbage)
    }

    /// 200 with a body of 16 MiB.
    pub fn huge(self) -> Self {
        self.with(Effect::Huge)
    }

    fn with(self, effect: Effect) -> Self {
        Fault { effect, ..self }
    }

    /// What happens to this request, if anything; counts it.
    pub(super) fn strike(&mut self, method: &str, target: &str) -> Option<Effect> {
        let fits =
            (self.method == "*" || self.method == method) && target.contains(&self.path_contains);
        if !fits || self.times == 0 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.effect)
    }
}

impl Effect {
    /// The answer that it gives, if it gives one: `error` renders a status in the envelope of whoever was
    /// asked.
    pub(super) fn answer(self, error: fn(u16) -> Answer) -> Option<Answer> {
        match self {
            Effect::Status(status) => Some(error(status)),
            Effect::Throttle(None) => Some(error(429)),
            Effect::Throttle(Some(seconds)) => {
                Some(error(429).with(RETRY_AFTER, seconds.to_string()))
            }
            Effect::NonGraphBody(status) => {
                Some(Answer::no_http_resource(status, "user", "method"))
            }
            Effect::ODataError(status) => Some(Answer::odata_error(status)),
            Effect::Garbage => Some(Answer::raw(
                200,
                b"<!DOCTYPE html><title>Service unavailable</title>".to_vec(),
            )),
            Effect::Huge => Some(Answer::raw(200, vec![b' '; HUGE])),
            Effect::ResetBefore | Effect::ResetAfter | Effect::Hang => None,
        }
    }
}
