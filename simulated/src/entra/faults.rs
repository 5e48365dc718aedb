//! Things that go wrong on demand.

use axum::http::header::RETRY_AFTER;

use super::answers::Answer;

/// How much a huge body weighs.
const HUGE: usize = 16 * 1024 * 1024;

/// Something that goes wrong with certain requests, at the login or at Graph.
pub type Fault = crate::faults::Fault<Effect>;

/// What happens in the place of an answer, or after one.
#[derive(Clone, Copy, Debug)]
#[expect(
    missing_docs,
    reason = "the words of a Fault that make them say what they are"
)]
pub enum Effect {
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
}

impl Default for Effect {
    fn default() -> Effect {
        Effect::Status(503)
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
