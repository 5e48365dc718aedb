//! One reset as a state machine, pure: which step is next, and what a step's result makes of it.
//!
//! The loop that performs the steps writes the reset down before each of them, so wherever a process dies,
//! what is stored says what may have happened.

use serde::{Deserialize, Serialize};

use super::method::Method;
use super::ports::{DirectoryError, Listing};
use super::record::news::RefusalText;
use super::rules::HardwareOath;
use super::rules::plan::{self, Action, KeepReason, PlannedMethod};
use crate::approval::{Channel, Evidence, Reason, Scope, TokenId};
use crate::clock::Timestamp;
use crate::ids::{Kid, Label, ObjectId, PersonRef, ResetId, TenantId, TicketKey};

/// A claimed reset, as the ledger keeps it. Made by claiming, read back only by the ledger.
///
/// ```compile_fail
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
    list: Looks,
}

/// The looks at the list of methods.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Looks {
    /// When whoever has the lease last saw the list. Nothing is removed on an old view: a phone that is
    /// registered anew has its old id.
    seen_at: Option<Timestamp>,
    seen: u32,
    failures: u8,
    not_before: Option<Timestamp>,
}

/// What was claimed, and by whom: never changes after the claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claim {
    pub id: ResetId,
    pub tenant: TenantId,
    pub door: Channel,
    pub source: Option<Label>,
    pub ticket: TicketKey,
    pub target: ObjectId,
    /// For people to read; nothing is decided by it.
    pub upn: String,
    pub guest: bool,
    /// Whether the target is privileged, so that the privileged credential acts.
    pub privileged: bool,
    /// Whether the policy wants hardware OATH tokens deactivated.
    pub deactivates: bool,
    pub scope: Scope,
    pub reason: Option<Reason>,
    pub approvals: Vec<ClaimedApproval>,
    pub claimed_at: Timestamp,
}

/// An approval in the ledger. The token itself is kept with the request, so that whoever resumes can verify it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ClaimedApproval {
    pub id: TokenId,
    /// The target, as this approval writes it.
    pub sub: PersonRef,
    pub kid: Kid,
    pub domain: Label,
    pub approver: ObjectId,
    pub verifiers: Vec<ObjectId>,
    pub evidence: Vec<Evidence>,
    /// Whether its issuer may approve privileged people.
    pub issuer_may: bool,
}

/// Where a reset stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Accepted, and nothing is changed yet.
    Waiting,
    /// Claimed, and not done.
    Running,
    /// Everything that was approved has been done and confirmed.
    Completed,
    /// Something could not be done or confirmed: a person has to look.
    NeedsHuman,
    /// Not done, and nothing was changed.
    Refused,
}

impl State {
    /// As programs write it.
    pub fn word(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Running => "running",
            State::Completed => "completed",
            State::NeedsHuman => "needs_human",
            State::Refused => "refused",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    method: Method,
    progress: Progress,
    deactivate: bool,
    /// How often it was tried in this run.
    attempts: u8,
    /// Whether it was ever tried.
    tried: bool,
    /// Whether an answer about its deactivation was lost, so that it may have happened.
    lost: bool,
    not_before: Option<Timestamp>,
}

/// How far one method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// To do.
    Pending,
    /// A request may be out: written down before it is sent.
    Trying,
    /// Refused while others were there; tried again when one of them is gone.
    Deferred,
    /// The directory was asked; whether the method is gone shows in the next list.
    Asked(Answer),
    /// Gone from the list.
    Removed,
    /// Deactivated, as the button does to hardware OATH tokens.
    Deactivated,
    /// Left by decision.
    Kept(KeepReason),
    /// Was to be left, and somebody else has removed it.
    Gone(KeepReason),
    /// Still there.
    Failed(Failure),
    /// It could not be found out.
    Unknown,
}

/// What the directory said to a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Deleted.
    Accepted,
    /// It was not there.
    NotThere,
    /// Nothing: the answer was lost.
    Lost,
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The directory refuses it in the present state of the methods: as the default one, usually.
    Refused,
    /// Our permissions do not allow it.
    NotAllowed,
    /// It asked to come back later too often.
    KeepsFailing,
    /// Time was up before.
    OutOfTime,
    /// Anything else that will not change.
    Other,
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
    /// Graph does not revoke the sessions of guests.
    NotForGuests,
    Failed(Failure),
    /// It was asked for, and the answer was lost.
    Unknown,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
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
pub(super) enum Found {
    Done(Result<(), DirectoryError>),
    Listed(Result<Listing, DirectoryError>),
}

impl Reset {
    pub(super) fn new(claim: Claim, plan: Vec<PlannedMethod>, hardware_unknown: bool) -> Reset {
        let sessions = match (claim.scope.keep_sessions, claim.guest) {
            (true, _) => SessionProgress::KeptByScope,
            (false, true) => SessionProgress::NotForGuests,
            (false, false) => SessionProgress::Pending,
        };
        let entries = plan
            .into_iter()
            .map(|planned| Entry {
                progress: match planned.action {
                    Action::Keep(why) => Progress::Kept(why),
                    Action::Remove | Action::Deactivate => Progress::Pending,
                },
                deactivate: planned.action == Action::Deactivate,
                method: planned.method,
                attempts: 0,
                tried: false,
                lost: false,
                not_before: None,
            })
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
            list: Looks::default(),
        }))
    }

    pub(super) fn claim(&self) -> &Claim {
        &self.0.claim
    }

    pub(super) fn sessions(&self) -> SessionProgress {
        self.0.sessions
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

    /// Whether anything went away by it.
    pub(super) fn removed_something(&self) -> bool {
        self.methods()
            .any(|(_, progress)| matches!(progress, Progress::Removed | Progress::Deactivated))
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.0.state
    }
}

/// How the ledger writes a reset down, and reads it back; nobody else may.
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

mod steps;
#[cfg(test)]
mod tests;
