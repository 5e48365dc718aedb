//! Things that go wrong on demand.

/// Something that goes wrong with certain requests to a ticket system.
pub type Fault = crate::faults::Fault<Effect>;

/// What happens in the place of an answer, or after the change.
#[derive(Clone, Copy, Debug)]
#[expect(
    missing_docs,
    reason = "the words of a Fault that make them say what they are"
)]
pub enum Effect {
    Status(u16),
    Throttle(Option<u64>),
    LoseAnswer,
    Hang,
}

impl Fault {
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
}

impl Default for Effect {
    fn default() -> Effect {
        Effect::Status(503)
    }
}
