//! What was done, in words that are all known.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

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

/// An authentication method as the directory listed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodRead {
    pub id: String,
    /// As in the audit trail; of a phone `phone/mobile`.
    pub kind: String,
    /// The name of a device, or the last two digits of a phone.
    pub label: Option<String>,
    pub created: Option<Timestamp>,
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
    pub(super) fn is_of_keeping(self) -> bool {
        match self {
            Why::NotMfa | Why::ButtonLeavesIt | Why::DeactivateByHand | Why::UnknownType => true,
            Why::Refused | Why::NotAllowed | Why::KeepsFailing | Why::OutOfTime | Why::Other => {
                false
            }
        }
    }
}
