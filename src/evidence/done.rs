//! What was done, in words that are all known, and whether it is what was approved.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::document::{JudgedPart, MethodRead};
use crate::clock::Timestamp;
use crate::ids::ResetId;

/// What was done, and by which answers of Graph it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DonePart {
    pub reset: ResetId,
    pub state: End,
    pub finished_at: Timestamp,
    pub sessions: StatusWithProof<SessionsDone>,
    pub methods: Vec<MethodDone>,
    /// When the list was asked for that is the proof of what was removed.
    pub listed_at: Option<Timestamp>,
    pub can_register: CanRegisterNow,
    pub warnings: Vec<Remark>,
    pub ended_because: Option<Ended>,
}

/// What became of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusWithProof<Status> {
    pub status: Status,
    #[serde(default)]
    pub why: Option<Why>,
    #[serde(default)]
    pub proof: Option<Proof>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodDone {
    pub method: MethodRead,
    pub outcome: StatusWithProof<MethodEnd>,
}

/// Why it was ended before all of it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    pub code: String,
    pub detail: String,
}

// The words of the audit trail. `reset::model` says what they mean.

/// Which end of a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum End {
    Completed,
    NeedsHuman,
}

/// What became of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MethodEnd {
    Removed,
    Deactivated,
    Kept,
    Gone,
    Failed,
    Appeared,
    Unknown,
}

/// What became of the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SessionsDone {
    Revoked,
    KeptByScope,
    NotForGuests,
    Failed,
    Unknown,
}

/// Why something was kept, or has failed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Why {
    NotMfa,
    ButtonLeavesIt,
    DeactivateByHand,
    UnknownType,
    Refused,
    NotAllowed,
    KeepsFailing,
    OutOfTime,
    Other,
}

/// Which answer of Graph says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A change was answered with success.
    Accepted,
    /// Each list from then to `listed_at` was without the method.
    AbsentFromList,
}

/// Whether the person could register at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CanRegisterNow {
    Yes,
    No,
    Unknown,
}

/// What people were warned of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Remark {
    PasskeyLeft,
    HardwareOathLeft,
    HardwareOathUnknown,
    UnknownTypeLeft,
    Guest,
    ContactFromColleague,
    ApproverVerified,
    PasswordJustChanged,
    PasswordAgeUnknown,
    WeakContacts,
    VerifierPace,
    SignInOutOfContext,
    MethodAppeared,
    NoLongerAllowed,
}

impl Why {
    /// Whether it is a reason for leaving something, and not for failing.
    fn is_of_keeping(self) -> bool {
        match self {
            Why::NotMfa | Why::ButtonLeavesIt | Why::DeactivateByHand | Why::UnknownType => true,
            Why::Refused | Why::NotAllowed | Why::KeepsFailing | Why::OutOfTime | Why::Other => {
                false
            }
        }
    }
}

/// What each reset removes.
const REMOVABLE: [&str; 5] = [
    "software_oath",
    "microsoft_authenticator",
    "phone/office",
    "phone/alternate_mobile",
    "phone/mobile",
];

/// Whether what was done is what was approved, of what was there.
pub(super) fn check(judged: &JudgedPart, done: &DonePart) -> Result<(), &'static str> {
    let known = done.methods.iter();
    let known = known.filter(|one| one.outcome.status != MethodEnd::Appeared);
    if !known.map(|one| &one.method).eq(&judged.methods) {
        return Err("the methods are others than before");
    }
    for one in &done.methods {
        check_method(judged, done, one)?;
    }
    let sessions = &done.sessions;
    let fits = match (sessions.status, sessions.why, sessions.proof) {
        (SessionsDone::Revoked, None, Some(Proof::Accepted)) => !judged.scope.keep_sessions,
        (SessionsDone::KeptByScope, None, None) => judged.scope.keep_sessions,
        (SessionsDone::NotForGuests, None, None) => judged.external,
        (SessionsDone::Failed, Some(why), None) => !why.is_of_keeping(),
        (SessionsDone::Unknown, None, None) => true,
        _ => false,
    };
    if !fits {
        return Err("the sessions");
    }
    let was_stopped = done.ended_because.is_some();
    if was_stopped != done.warnings.contains(&Remark::NoLongerAllowed) {
        return Err("whether it was ended early");
    }
    let mut ends = done.methods.iter().map(|one| one.outcome.status);
    let is_left = ends.any(|end| matches!(end, MethodEnd::Failed | MethodEnd::Unknown))
        || matches!(
            sessions.status,
            SessionsDone::Failed | SessionsDone::Unknown
        );
    match done.state {
        End::Completed if is_left || was_stopped => Err("it is completed, and something is left"),
        End::Completed | End::NeedsHuman => Ok(()),
    }
}

fn check_method(
    judged: &JudgedPart,
    done: &DonePart,
    one: &MethodDone,
) -> Result<(), &'static str> {
    let kind = one.method.kind.as_str();
    let has_to_go = REMOVABLE.contains(&kind) || kind == "passkey" && judged.scope.remove_passkeys;
    let outcome = &one.outcome;
    let (fits, what) = match (outcome.status, outcome.why, outcome.proof) {
        (MethodEnd::Removed, None, Some(Proof::AbsentFromList)) if done.listed_at.is_none() => {
            (false, "a method was removed, and no list says so")
        }
        (MethodEnd::Removed, None, Some(Proof::AbsentFromList)) => {
            (has_to_go, "a method was removed that was not approved")
        }
        (MethodEnd::Deactivated, None, Some(Proof::Accepted)) => (
            kind == "hardware_oath",
            "a method was deactivated that was not approved",
        ),
        (MethodEnd::Kept, Some(why), None) => (
            why.is_of_keeping() && !has_to_go,
            "a method was kept that had to go",
        ),
        (MethodEnd::Failed, Some(why), None) => {
            (!why.is_of_keeping(), "a failure has another kind of reason")
        }
        (MethodEnd::Gone | MethodEnd::Appeared | MethodEnd::Unknown, None, None) => (true, ""),
        _ => (
            false,
            "a method has no proof or reason, or one of another kind",
        ),
    };
    fits.then_some(()).ok_or(what)
}
