//! What came of a reset, as data. `report` puts it into words.

use serde::{Deserialize, Serialize};

use super::claim::Alone;
use super::method::Method;
use super::parties::ApprovalSummary;
use super::plan::{KeepReason, PlannedMethod};
use super::refusal_text::RefusalText;
use super::state::State;
use crate::clock::Timestamp;
use crate::ids::{ObjectId, ResetId, TenantId, TicketKey};

/// What came of a reset, or how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub reset: ResetId,
    pub state: State,
    pub tenant: TenantId,
    pub ticket: TicketKey,
    pub target_id: ObjectId,
    /// The person's user principal name at the time.
    pub target: String,
    /// The person's display name at the time. The audit trail has the other two names of the person.
    #[serde(skip)]
    pub target_name: Option<String>,
    /// Whether the person is privileged, and was reset on two approvals.
    pub privileged: bool,
    /// Who approved, as object ids.
    pub approvers: Vec<ObjectId>,
    /// Who verified, as object ids.
    pub verifiers: Vec<ObjectId>,
    /// That one person did both. For the security team, not for records.
    #[serde(skip)]
    pub alone: Option<Alone>,
    pub sessions: SessionStatus,
    pub methods: Vec<MethodOutcome>,
    /// Whether the person can register now.
    pub can_register: CanRegister,
    /// What the people around the ticket should know or look at.
    pub warnings: Vec<Warning>,
    /// Why it was ended, if the person may no longer be reset on these approvals.
    pub ended_because: Option<RefusalText>,
    pub claimed_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// What a reset would do: nothing is changed and nothing consumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    pub tenant: TenantId,
    pub ticket: TicketKey,
    pub target_id: ObjectId,
    pub target: String,
    /// The person's display name.
    pub target_name: Option<String>,
    /// Whether the person is privileged, so that two approvals are needed.
    pub privileged: bool,
    /// What makes them privileged, in words.
    pub privilege: Option<String>,
    pub approvals: Vec<ApprovalSummary>,
    pub revoke_sessions: bool,
    pub methods: Vec<PlannedMethod>,
    /// Whether the person could register afterwards, if all of it succeeds.
    pub can_register: CanRegister,
    /// What the operator should know first.
    pub warnings: Vec<Warning>,
}

/// What happened to one method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MethodOutcome {
    /// The method, as it was before.
    pub method: Method,
    #[serde(flatten)]
    pub status: MethodStatus,
}

/// What happened to a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "why", rename_all = "snake_case")]
pub enum MethodStatus {
    /// Gone, and confirmed so by the list.
    Removed,
    /// A hardware OATH token that no longer works.
    Deactivated,
    Kept(KeepReason),
    /// Was to be left, and was removed by another party.
    Gone,
    Failed(Failure),
    /// Registered after the claim: left, and worth a look.
    Appeared,
    /// It was there before the claim, and the list then did not show it: left. Stored and logged as what appeared.
    #[serde(rename = "appeared")]
    NotListedAtFirst,
    /// It could not be found out.
    Unknown,
    Pending,
}

/// What happened to sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "why", rename_all = "snake_case")]
pub enum SessionStatus {
    /// Refresh tokens are invalid. Access tokens live on for up to an hour.
    Revoked,
    /// The approval says `sessions:keep`.
    KeptByScope,
    /// Graph does not revoke the sessions of people who sign in elsewhere.
    NotForGuests,
    Failed(Failure),
    /// It was asked for, and the answer was lost.
    Unknown,
    Pending,
}

/// Whether the person can register now. A `No` is never headlined as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CanRegister {
    /// Nothing is left that registration would ask for.
    Yes,
    /// Registration asks for a method that the person no longer has.
    No,
    /// Something is left, and whether the person has it is not known.
    Unknown,
}

/// What the people around the ticket should know or look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Warning {
    /// A passkey is left; it may be on the very phone that is gone.
    PasskeyLeft,
    /// A hardware OATH token is left, which the button would have deactivated.
    HardwareOathLeft,
    /// Hardware OATH tokens could not be listed: there may be some.
    HardwareOathUnknown,
    /// A method that this version does not know, or cannot read, is left.
    UnknownTypeLeft,
    /// The target signs in elsewhere: the MFA there may be what counts.
    Guest,
    /// All contacts came from colleagues.
    ContactFromColleague,
    /// An approver also verified the person: one person's word.
    ApproverVerified,
    /// The password was changed a short time before.
    PasswordJustChanged,
    /// The directory knows no time at which the password was changed.
    PasswordAgeUnknown,
    /// An attacker inside the account could have answered all of the evidence.
    WeakContacts,
    /// A verifier has verified many people within a short time.
    VerifierPace,
    /// A signer signed in without the authentication context that resists phishing.
    SignInOutOfContext,
    /// A method was registered while the reset ran.
    MethodAppeared,
    /// It was interrupted, and the person may no longer be reset on these approvals.
    NoLongerAllowed,
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Failure {
    /// The directory refuses it in the present state of the methods: usually because it is the default one.
    Refused,
    /// The app's permissions do not allow it.
    NotAllowed,
    /// The directory asked to come back later too often.
    KeepsFailing,
    /// The time was up before it was tried.
    OutOfTime,
    /// Anything else that another try will not change.
    Other,
}
