//! One reset as a state machine, pure: which step is next, and what a step's result makes of it.
//!
//! The loop that performs the steps writes the reset down before each of them, so wherever a process dies,
//! what is stored says what may have happened.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::method::Method;
use super::plan::{Action, KeepReason, PlannedMethod};
use super::ports::{DirectoryError, Fault};
use crate::approval::{Door, Evidence, Reason, Scope, TokenId};
use crate::clock::{self, Timestamp};
use crate::ids::{Kid, Label, ObjectId, ResetId, TenantId, TicketKey};

/// A claimed reset, as the ledger keeps it. Made by claiming, read back only by the ledger.
///
/// ```compile_fail
/// let reset: reregister_mfa::reset::Reset = serde_json::from_str("{}").unwrap();
/// ```
/// ```compile_fail
/// let reset = reregister_mfa::reset::Reset::decode("{}");
/// ```
#[derive(Debug, Clone)]
pub struct Reset(Body);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Body {
    claim: Claim,
    lease_until: Timestamp,
    state: State,
    finished_at: Option<Timestamp>,
    sessions: SessionProgress,
    session_attempts: u8,
    entries: Vec<Entry>,
    appeared: Vec<Method>,
    /// Whether anything went away since the deferred methods were last tried.
    progress: bool,
    listings: u32,
    listing_failures: u8,
    not_before: Option<Timestamp>,
}

/// What was claimed, and by whom: never changes after the claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claim {
    pub id: ResetId,
    pub tenant: TenantId,
    pub door: Door,
    pub source: Option<Label>,
    pub ticket: TicketKey,
    pub target: ObjectId,
    /// For people to read; nothing is decided by it.
    pub upn: String,
    pub guest: bool,
    /// Whether the target is privileged, so that the privileged credential acts.
    pub privileged: bool,
    pub scope: Scope,
    pub reason: Option<Reason>,
    pub approvals: Vec<ClaimedApproval>,
    pub claimed_at: Timestamp,
}

/// An approval in the ledger: the token itself is kept, so that whoever resumes can verify it again.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ClaimedApproval {
    pub id: TokenId,
    pub kid: Kid,
    pub domain: Label,
    pub approver: ObjectId,
    pub verifiers: Vec<ObjectId>,
    pub evidence: Vec<Evidence>,
    /// Whether its issuer may approve privileged people.
    pub issuer_may: bool,
    pub compact: String,
}

impl fmt::Debug for ClaimedApproval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedApproval")
            .field("id", &self.id)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Where a reset stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Claimed, and not done.
    Running,
    /// Everything that was approved has been done and confirmed.
    Completed,
    /// Something could not be done or confirmed: a person has to look.
    NeedsHuman,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    method: Method,
    progress: Progress,
    deactivate: bool,
    attempts: u8,
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
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    RevokeSessions,
    Remove(Method),
    Deactivate(Method),
    List,
    Wait(Timestamp),
    /// Nothing more can be done in the time there is.
    Close,
}

/// What came of a step.
#[derive(Debug)]
pub(super) enum Found {
    Done(Result<(), DirectoryError>),
    Listed(Result<Vec<Method>, DirectoryError>),
}

/// How often one request is sent before we give up on it.
const MOST_ATTEMPTS: u8 = 6;

/// The longest pause between two looks at the list, or two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

impl Reset {
    pub(super) fn new(claim: Claim, plan: Vec<PlannedMethod>, lease_until: Timestamp) -> Reset {
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
            })
            .collect();
        Reset(Body {
            claim,
            lease_until,
            state: State::Running,
            finished_at: None,
            sessions,
            session_attempts: 0,
            entries,
            appeared: Vec::new(),
            progress: false,
            listings: 0,
            listing_failures: 0,
            not_before: None,
        })
    }

    /// From the store's text. Only the ledger may.
    pub(super) fn decode(text: &str) -> Result<Reset, serde_json::Error> {
        serde_json::from_str(text).map(Reset)
    }

    pub(super) fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.0)
    }

    pub(super) fn claim(&self) -> &Claim {
        &self.0.claim
    }

    pub(super) fn lease_until(&self) -> Timestamp {
        self.0.lease_until
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

    pub(super) fn appeared(&self) -> &[Method] {
        &self.0.appeared
    }

    /// Its name.
    pub fn id(&self) -> ResetId {
        self.0.claim.id
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.0.state
    }

    /// The next step, given that everything must be over at `until`.
    pub(super) fn next(&self, now: Timestamp, until: Timestamp) -> Step {
        let body = &self.0;
        if body.state != State::Running || now >= until {
            return Step::Close;
        }
        match body.not_before {
            Some(at) if at >= until => return Step::Close,
            Some(at) if at > now => return Step::Wait(at),
            _ => {}
        }
        if body.sessions == SessionProgress::Pending {
            return Step::RevokeSessions;
        }
        if let Some(entry) = body
            .entries
            .iter()
            .find(|entry| entry.progress == Progress::Pending)
        {
            let method = entry.method.clone();
            return if entry.deactivate {
                Step::Deactivate(method)
            } else {
                Step::Remove(method)
            };
        }
        let unconfirmed = body
            .entries
            .iter()
            .any(|entry| matches!(entry.progress, Progress::Asked(_)));
        if (unconfirmed || body.listings == 0) && body.listing_failures < MOST_ATTEMPTS {
            return Step::List;
        }
        Step::Close
    }

    /// Writes down that a step is about to be performed.
    pub(super) fn intend(&mut self, step: &Step) {
        match step {
            Step::RevokeSessions => self.0.sessions = SessionProgress::Trying,
            Step::Remove(method) | Step::Deactivate(method) => {
                if let Some(entry) = self.entry(method) {
                    entry.progress = Progress::Trying;
                }
            }
            Step::List | Step::Wait(_) | Step::Close => {}
        }
    }

    /// What a step's result makes of it.
    pub(super) fn apply(&mut self, step: &Step, found: Found, now: Timestamp) {
        self.0.not_before = None;
        match (step, found) {
            (Step::RevokeSessions, Found::Done(result)) => self.sessions_answered(result, now),
            (Step::Remove(method) | Step::Deactivate(method), Found::Done(result)) => {
                self.method_answered(method, result, now);
            }
            (Step::List, Found::Listed(Ok(methods))) => self.listed(methods, now),
            (Step::List, Found::Listed(Err(error))) => {
                self.0.listing_failures = self.0.listing_failures.saturating_add(1);
                let after = pause(&error, self.0.listing_failures);
                self.0.not_before = Some(clock::after(now, after));
            }
            _ => {}
        }
        self.settle();
    }

    fn sessions_answered(&mut self, result: Result<(), DirectoryError>, now: Timestamp) {
        let body = &mut self.0;
        body.session_attempts = body.session_attempts.saturating_add(1);
        body.sessions = match result {
            Ok(()) => SessionProgress::Revoked,
            Err(DirectoryError::Never(fault)) => SessionProgress::Failed(failure(fault)),
            // To revoke twice does no harm, so a lost answer is simply asked for again.
            Err(_) if body.session_attempts >= MOST_ATTEMPTS => {
                SessionProgress::Failed(Failure::KeepsFailing)
            }
            Err(error) => {
                body.not_before = Some(clock::after(now, pause(&error, body.session_attempts)));
                SessionProgress::Pending
            }
        };
    }

    fn method_answered(
        &mut self,
        method: &Method,
        result: Result<(), DirectoryError>,
        now: Timestamp,
    ) {
        let Some(entry) = self.entry(method) else {
            return;
        };
        entry.attempts = entry.attempts.saturating_add(1);
        let (attempts, deactivate) = (entry.attempts, entry.deactivate);
        let mut not_before = None;
        let mut later = |error: &DirectoryError| {
            if attempts >= MOST_ATTEMPTS {
                return Progress::Failed(Failure::KeepsFailing);
            }
            not_before = Some(clock::after(now, pause(error, attempts)));
            Progress::Pending
        };
        entry.progress = match result {
            Ok(()) if deactivate => Progress::Deactivated,
            Ok(()) => Progress::Asked(Answer::Accepted),
            Err(DirectoryError::Never(Fault::NotFound)) if !deactivate => {
                Progress::Asked(Answer::NotThere)
            }
            Err(DirectoryError::Never(Fault::Refused)) if !deactivate => Progress::Deferred,
            Err(DirectoryError::Never(fault)) => Progress::Failed(failure(fault)),
            Err(DirectoryError::Unknown) if !deactivate => Progress::Asked(Answer::Lost),
            Err(error) => later(&error),
        };
        let fewer = matches!(
            entry.progress,
            Progress::Asked(Answer::Accepted) | Progress::Deactivated
        );
        self.0.not_before = not_before;
        self.0.progress |= fewer;
    }

    fn listed(&mut self, methods: Vec<Method>, now: Timestamp) {
        let body = &mut self.0;
        body.listings = body.listings.saturating_add(1);
        let mut waiting = false;
        for entry in &mut body.entries {
            let Progress::Asked(answer) = entry.progress else {
                continue;
            };
            let still = methods
                .iter()
                .any(|method| method.is_same_registration(&entry.method));
            entry.progress = match answer {
                _ if !still => {
                    body.progress = true;
                    Progress::Removed
                }
                // Whoever deletes again what may have been deleted must know that it is not a new one:
                // is_same_registration has said so.
                Answer::Lost if entry.attempts < MOST_ATTEMPTS => Progress::Pending,
                answer => {
                    waiting = true;
                    Progress::Asked(answer)
                }
            };
        }
        for method in methods {
            let known = body
                .entries
                .iter()
                .any(|entry| method.is_same_registration(&entry.method))
                || body
                    .appeared
                    .iter()
                    .any(|other| method.is_same_registration(other));
            if !known {
                body.appeared.push(method);
            }
        }
        if waiting {
            let doubled = Duration::from_secs(1_u64 << body.listings.min(4).saturating_sub(1));
            body.not_before = Some(clock::after(now, doubled.min(LONGEST_PAUSE)));
        }
    }

    /// Starts another pass over what was deferred, or gives it up when a pass has changed nothing.
    fn settle(&mut self) {
        let body = &mut self.0;
        let any =
            |wanted: fn(Progress) -> bool| body.entries.iter().any(|entry| wanted(entry.progress));
        if any(|p| matches!(p, Progress::Pending | Progress::Trying)) {
            return;
        }
        let next = if body.progress {
            Progress::Pending
        } else if any(|p| matches!(p, Progress::Asked(_))) {
            return;
        } else {
            Progress::Failed(Failure::Refused)
        };
        body.progress = false;
        for entry in &mut body.entries {
            if entry.progress == Progress::Deferred {
                entry.progress = next;
            }
        }
    }

    /// Takes up after a process that is gone: a request that it may have sent has a lost answer.
    pub(super) fn resume(&mut self, lease_until: Timestamp) {
        let body = &mut self.0;
        body.lease_until = lease_until;
        if body.sessions == SessionProgress::Trying {
            body.sessions = SessionProgress::Pending;
        }
        for entry in &mut body.entries {
            if entry.progress == Progress::Trying {
                entry.progress = if entry.deactivate {
                    Progress::Pending
                } else {
                    Progress::Asked(Answer::Lost)
                };
            }
        }
    }

    /// Ends it: what is not confirmed is said to be so.
    pub(super) fn close(&mut self, now: Timestamp) {
        let body = &mut self.0;
        if matches!(
            body.sessions,
            SessionProgress::Pending | SessionProgress::Trying
        ) {
            body.sessions = SessionProgress::Failed(Failure::OutOfTime);
        }
        for entry in &mut body.entries {
            entry.progress = match entry.progress {
                Progress::Pending | Progress::Deferred => Progress::Failed(Failure::OutOfTime),
                Progress::Trying | Progress::Asked(_) => Progress::Unknown,
                settled => settled,
            };
        }
        let all_done = body.listings > 0
            && !matches!(body.sessions, SessionProgress::Failed(_))
            && body.entries.iter().all(|entry| {
                matches!(
                    entry.progress,
                    Progress::Removed | Progress::Deactivated | Progress::Kept(_)
                )
            });
        body.state = if all_done {
            State::Completed
        } else {
            State::NeedsHuman
        };
        body.finished_at = Some(now);
    }

    fn entry(&mut self, method: &Method) -> Option<&mut Entry> {
        self.0
            .entries
            .iter_mut()
            .find(|entry| entry.method.id == method.id)
    }
}

fn failure(fault: Fault) -> Failure {
    match fault {
        Fault::NotAllowed | Fault::Credential => Failure::NotAllowed,
        Fault::Refused => Failure::Refused,
        Fault::NotFound | Fault::Unreadable | Fault::Unlicensed => Failure::Other,
    }
}

/// As long as the directory asks for, else twice as long each time.
fn pause(error: &DirectoryError, attempts: u8) -> Duration {
    match error {
        DirectoryError::Later { after: Some(after) } => *after,
        _ => Duration::from_millis(500_u64 << attempts.min(4)).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests;
