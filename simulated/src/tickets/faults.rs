//! Things that go wrong on demand.

/// Something that goes wrong with certain requests to a ticket system.
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

/// What happens in the place of an answer, or after the change.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    Status(u16),
    Throttle(Option<u64>),
    LoseAnswer,
    Hang,
}

impl Fault {
    /// A fault for requests with this method (`*` for any) whose path or query, percent-decoded, contains
    /// this text.
    pub fn on(method: &str, path_contains: &str) -> Fault {
        Fault {
            method: method.to_owned(),
            path_contains: path_contains.to_owned(),
            times: 1,
            skip: 0,
            effect: Effect::Status(503),
        }
    }

    /// It happens this often, then no more.
    pub fn times(self, times: u32) -> Fault {
        Fault { times, ..self }
    }

    /// The first requests that fit go through.
    pub fn skip(self, skip: u32) -> Fault {
        Fault { skip, ..self }
    }

    /// An error in the envelope of the ticket system; nothing is changed.
    pub fn status(self, code: u16) -> Fault {
        self.with(Effect::Status(code))
    }

    /// 429, with `Retry-After` or without; nothing is changed. Both systems send it with seconds
    /// (<https://developer.atlassian.com/cloud/jira/platform/rate-limiting/>).
    pub fn throttle(self, retry_after_seconds: Option<u64>) -> Fault {
        self.with(Effect::Throttle(retry_after_seconds))
    }

    /// The change is made, then the connection is dropped: who asked cannot know that it was made.
    pub fn lose_answer(self) -> Fault {
        self.with(Effect::LoseAnswer)
    }

    /// There is never an answer, and nothing is changed.
    pub fn hang(self) -> Fault {
        self.with(Effect::Hang)
    }

    fn with(self, effect: Effect) -> Fault {
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
