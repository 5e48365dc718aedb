//! One reset as a state machine, pure: which step is next, and what a step's result makes of it.
//!
//! The loop that performs the steps stores the reset before each of them, so wherever a process dies, what is stored
//! says what may have happened.

mod method;
mod outcome;
#[cfg(test)]
mod tests;
mod transitions;

use serde::{Deserialize, Serialize};

use super::model::{
    Action, Claim, Failure, Method, MethodKind, MethodStatus, PlannedMethod, RefusalText, State,
};
use super::ports::{DirectoryError, Listing};
use super::rules::HardwareOath;
use super::rules::plan;
use crate::clock::Timestamp;
use method::{Entry, Progress};

/// A claimed reset, as the ledger keeps it. Made by claiming, read back only by the ledger.
///
/// ```compile_fail,E0277
/// let reset: reregister_mfa::reset::Reset = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Reset(Box<Body>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Body {
    claim: Claim,
    state: State,
    finished_at: Option<Timestamp>,
    sessions: SessionProgress,
    /// How often it was tried in this run.
    session_attempts: u8,
    sessions_tried: bool,
    /// Whether an answer was lost, so that they may be revoked whatever is said later.
    sessions_lost: bool,
    session_not_before: Option<Timestamp>,
    entries: Vec<Entry>,
    appeared: Vec<Method>,
    /// The hardware OATH tokens could not be listed, so there may be some.
    hardware_unknown: bool,
    /// Why it was ended, if the target may no longer be reset on these approvals.
    no_longer_allowed: Option<RefusalText>,
    /// Whether anything went away since the deferred methods were last tried.
    progress: bool,
    list: ListViews,
}

/// What was seen of the list of methods, and when it is read again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct ListViews {
    /// When this run last saw the list. Nothing is removed on an old view: a phone that is registered anew has its old
    /// id.
    seen_at: Option<Timestamp>,
    seen: u32,
    failures: u8,
    not_before: Option<Timestamp>,
}

/// How far the revocation of sessions is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionProgress {
    Pending,
    Trying,
    Revoked,
    /// `sessions:keep`.
    KeptByScope,
    /// Graph does not revoke the sessions of people who sign in elsewhere.
    NotForGuests,
    Failed(Failure),
    /// It was asked for, and the answer was lost.
    Unknown,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// And list the methods at the same time.
    RevokeSessions,
    Remove(Method),
    Deactivate(Method),
    List,
    Wait(Timestamp),
    /// Nothing more can be done in this run, and a later one may do it.
    Yield,
    /// It is all settled, or two hours are over.
    Close,
}

/// What came of a step.
#[derive(Debug)]
pub(super) enum StepResult {
    Done(Result<(), DirectoryError>),
    Listed(Seen),
    /// The answer about the sessions, and the list that was asked for at the same time.
    Revoked(Result<(), DirectoryError>, Seen),
}

/// An answer to the question which methods there are.
#[derive(Debug)]
pub(super) struct Seen {
    /// When the question was sent: the answer is no younger than that.
    pub asked_at: Timestamp,
    pub answered_at: Timestamp,
    pub answer: Result<Listing, DirectoryError>,
}

impl Reset {
    pub(super) fn new(claim: Claim, plan: Vec<PlannedMethod>, hardware_unknown: bool) -> Reset {
        let sessions = match (claim.scope.keep_sessions, claim.external) {
            (true, _) => SessionProgress::KeptByScope,
            (false, true) => SessionProgress::NotForGuests,
            (false, false) => SessionProgress::Pending,
        };
        let entries = plan
            .into_iter()
            .map(|planned| Entry::new(planned.method, planned.action))
            .collect();
        Reset(Box::new(Body {
            claim,
            state: State::Running,
            finished_at: None,
            sessions,
            session_attempts: 0,
            sessions_tried: false,
            sessions_lost: false,
            session_not_before: None,
            entries,
            appeared: Vec::new(),
            hardware_unknown,
            no_longer_allowed: None,
            progress: false,
            list: ListViews::default(),
        }))
    }

    pub(super) fn claim(&self) -> &Claim {
        &self.0.claim
    }

    /// Whether a verifier has verified so many people that the security team is told: the claim finds it out.
    pub(super) fn remark_pace(&mut self, is_told: bool) {
        self.0.claim.remarks.verifier_pace = is_told;
    }

    pub(super) fn sessions(&self) -> SessionProgress {
        self.0.sessions
    }

    /// The step whose intent the claim wrote down, before anything was performed.
    pub(super) fn intended(&self) -> Option<Step> {
        (self.0.sessions == SessionProgress::Trying).then_some(Step::RevokeSessions)
    }

    /// When the methods were last listed.
    pub(super) fn listed_at(&self) -> Option<Timestamp> {
        self.0.list.seen_at
    }

    pub(super) fn finished_at(&self) -> Option<Timestamp> {
        self.0.finished_at
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = (&Method, Progress)> {
        self.0
            .entries
            .iter()
            .map(|entry| (&entry.method, entry.progress))
    }

    /// Whether nothing is to go that the scope and the policy do not say: a record that says so was tampered with.
    pub(super) fn asks_only_for(&self, hardware: HardwareOath) -> bool {
        self.0.entries.iter().all(|entry| {
            let left = matches!(entry.progress, Progress::Kept(_) | Progress::Gone(_));
            let wanted = plan::action(&entry.method.kind, self.0.claim.scope, hardware);
            match wanted {
                Action::Keep(_) => left,
                Action::Remove => !entry.deactivate,
                Action::Deactivate => left || entry.deactivate,
            }
        })
    }

    pub(super) fn no_longer_allowed(&self) -> Option<&RefusalText> {
        self.0.no_longer_allowed.as_ref()
    }

    pub(super) fn hardware_unknown(&self) -> bool {
        self.0.hardware_unknown
    }

    pub(super) fn appeared(&self) -> &[Method] {
        &self.0.appeared
    }

    /// What to say of a method that appeared. One without a date is as old as the others where one was missed.
    fn status_of_appeared(&self, method: &Method) -> MethodStatus {
        let body = &self.0;
        let is_old = body.was_there(method) || (method.created.is_none() && body.missed_methods());
        if is_old {
            MethodStatus::NotListedAtFirst
        } else {
            MethodStatus::Appeared
        }
    }

    /// Whether anything went away by it, or may have.
    pub(super) fn may_have_removed_something(&self) -> bool {
        self.methods().any(|(_, progress)| {
            matches!(
                progress,
                Progress::Removed | Progress::Deactivated | Progress::Unknown
            )
        })
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.0.state
    }
}

impl Body {
    /// Whether the list on which the plan was made was not whole, so that what had to go may be left.
    fn missed_methods(&self) -> bool {
        self.appeared.iter().any(|method| self.was_there(method))
    }

    /// Whether a method that appeared was there at the claim. Passwords are not registered during a reset.
    fn was_there(&self, method: &Method) -> bool {
        let claimed_at = self.claim.claimed_at;
        method.kind == MethodKind::Password || method.created.is_some_and(|at| at <= claimed_at)
    }
}

/// How the ledger writes a reset, and reads it back: the only place that may.
pub(super) mod stored {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{Body, Reset};

    pub fn serialize<S: Serializer>(reset: &Reset, to: S) -> Result<S::Ok, S::Error> {
        reset.0.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Reset, D::Error> {
        Body::deserialize(from).map(|body| Reset(Box::new(body)))
    }
}
