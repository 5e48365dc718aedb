//! What came of it, as data. Putting it into words is `report`'s.

use serde::Serialize;

use super::event::ApprovalSummary;
use super::news::RefusalText;
use crate::approval::Reason;
use crate::clock::Timestamp;
use crate::ids::{ObjectId, ResetId, TenantId, TicketKey};
use crate::reset::method::{Method, MethodKind};
use crate::reset::rules::plan::{Action, KeepReason, PlannedMethod};
use crate::reset::rules::two_approvals::has_approver_verified;
use crate::reset::state::{Claim, Failure, Progress, Reset, SessionProgress, State};

/// What came of a reset, or how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub reset: ResetId,
    /// Where it stands.
    pub state: State,
    /// The tenant.
    pub tenant: TenantId,
    /// The ticket.
    pub ticket: TicketKey,
    /// The person's object id.
    pub target_id: ObjectId,
    /// The person's user principal name at the time.
    pub target: String,
    /// Whether the person is privileged, and was reset on two approvals.
    pub privileged: bool,
    /// Who approved, as object ids.
    pub approvers: Vec<ObjectId>,
    /// Who verified, as object ids.
    pub verifiers: Vec<ObjectId>,
    /// What happened to sessions.
    pub sessions: Sessions,
    /// What happened to each method.
    pub methods: Vec<MethodOutcome>,
    /// Whether the person can register now.
    pub can_register: CanRegister,
    /// What somebody should know or look at.
    pub warnings: Vec<Warning>,
    /// Why it was ended, if the person may no longer be reset on these approvals.
    pub ended_because: Option<RefusalText>,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

/// What a reset would do: nothing is changed and nothing consumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The ticket.
    pub ticket: TicketKey,
    /// The person's object id.
    pub target_id: ObjectId,
    /// The person's user principal name.
    pub target: String,
    /// Whether the person is privileged, so that two approvals are needed.
    pub privileged: bool,
    /// What makes them privileged, in words.
    pub privilege: Option<String>,
    /// What the approvals say.
    pub approvals: Vec<ApprovalSummary>,
    /// What would happen to sessions.
    pub revoke_sessions: bool,
    /// What would happen to each method.
    pub methods: Vec<PlannedMethod>,
    /// Whether the person could register afterwards, if all of it succeeds.
    pub can_register: CanRegister,
    /// What somebody should know first.
    pub warnings: Vec<Warning>,
}

/// What happened to one method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MethodOutcome {
    /// The method, as it was before.
    pub method: Method,
    /// What happened.
    #[serde(flatten)]
    pub status: Status,
}

/// What happened to a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "why", rename_all = "snake_case")]
pub enum Status {
    /// Gone, and confirmed so by the list.
    Removed,
    /// A hardware OATH token that no longer works.
    Deactivated,
    /// Left by decision.
    Kept(KeepReason),
    /// Was to be left, and somebody else has removed it.
    Gone,
    /// Still there.
    Failed(Failure),
    /// Registered after the claim: left, and worth a look.
    Appeared,
    /// It could not be found out.
    Unknown,
    /// Not done yet.
    Pending,
}

/// What happened to sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "why", rename_all = "snake_case")]
pub enum Sessions {
    /// Refresh tokens are invalid. Access tokens live on for up to an hour.
    Revoked,
    /// The approval says `sessions:keep`.
    KeptByScope,
    /// Graph does not revoke the sessions of guests.
    NotForGuests,
    /// Still valid.
    Failed(Failure),
    /// It was asked for, and the answer was lost.
    Unknown,
    /// Not done yet.
    Pending,
}

/// Whether the person can register now. A no is never headlined as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CanRegister {
    /// Nothing is left that registration would ask for.
    Yes,
    /// Registration asks for something that the person has not got.
    No,
    /// Something is left, and whether the person has it is not known.
    Unknown,
}

/// What somebody should know or look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// A passkey is left; it may be on the very phone that is gone.
    PasskeyLeft,
    /// A hardware OATH token is left, which the button would have deactivated.
    HardwareOathLeft,
    /// Hardware OATH tokens could not be listed: there may be some.
    HardwareOathUnknown,
    /// A method type that this version does not know is left.
    UnknownTypeLeft,
    /// The target is a guest: their home tenant's MFA may be what counts.
    Guest,
    /// All contacts came from colleagues.
    ContactFromColleague,
    /// Somebody has approved what they have verified themselves: one person's word.
    ApproverVerified,
    /// Somebody registered a method while the reset ran.
    MethodAppeared,
    /// It was interrupted, and the person may no longer be reset on these approvals.
    NoLongerAllowed,
}

impl From<&Reset> for Outcome {
    fn from(reset: &Reset) -> Outcome {
        let claim = reset.claim();
        let mut methods: Vec<MethodOutcome> = reset
            .methods()
            .map(|(method, progress)| MethodOutcome {
                method: method.clone(),
                status: progress.into(),
            })
            .collect();
        methods.extend(reset.appeared().iter().map(|method| MethodOutcome {
            method: method.clone(),
            status: Status::Appeared,
        }));
        let left: Vec<(&MethodKind, Status)> = methods
            .iter()
            .map(|outcome| (&outcome.method.kind, outcome.status))
            .collect();
        Outcome {
            reset: claim.id,
            state: reset.state(),
            tenant: claim.tenant,
            ticket: claim.ticket.clone(),
            target_id: claim.target,
            target: claim.upn.clone(),
            privileged: claim.privileged,
            approvers: claim
                .approvals
                .iter()
                .map(|approval| approval.approver)
                .collect(),
            verifiers: claim
                .approvals
                .iter()
                .flat_map(|approval| approval.verifiers.clone())
                .collect(),
            sessions: reset.sessions().into(),
            can_register: can_register(&left, claim, reset.hardware_unknown()),
            warnings: {
                let mut warnings = warnings(&left, claim, reset.hardware_unknown());
                warnings.extend(
                    reset
                        .no_longer_allowed()
                        .is_some()
                        .then_some(Warning::NoLongerAllowed),
                );
                warnings
            },
            ended_because: reset.no_longer_allowed().cloned(),
            claimed_at: claim.claimed_at,
            finished_at: reset.finished_at(),
            methods,
        }
    }
}

impl Preview {
    pub(in crate::reset) fn of(
        claim: &Claim,
        privilege: Option<String>,
        approvals: Vec<ApprovalSummary>,
        methods: Vec<PlannedMethod>,
        hardware_unknown: bool,
    ) -> Preview {
        let left: Vec<(&MethodKind, Status)> = methods
            .iter()
            .map(|planned| {
                let status = match planned.action {
                    Action::Remove => Status::Removed,
                    Action::Deactivate => Status::Deactivated,
                    Action::Keep(why) => Status::Kept(why),
                };
                (&planned.method.kind, status)
            })
            .collect();
        Preview {
            ticket: claim.ticket.clone(),
            target_id: claim.target,
            target: claim.upn.clone(),
            privileged: claim.privileged,
            privilege,
            approvals,
            revoke_sessions: !claim.scope.keep_sessions && !claim.guest,
            can_register: can_register(&left, claim, hardware_unknown),
            warnings: warnings(&left, claim, hardware_unknown),
            methods,
        }
    }
}

/// Registration at mysignins asks for a second factor as long as a usable one is registered (Microsoft
/// Learn, "Combined security information registration"); what is left decides.
fn can_register(
    methods: &[(&MethodKind, Status)],
    claim: &Claim,
    hardware_unknown: bool,
) -> CanRegister {
    let of_one = |(kind, status): &(&MethodKind, Status)| match status {
        Status::Removed | Status::Deactivated => CanRegister::Yes,
        // On the word of one list; a passkey is what registration would ask for.
        Status::Gone if **kind == MethodKind::Passkey => CanRegister::Unknown,
        Status::Gone => CanRegister::Yes,
        Status::Failed(_) => CanRegister::No,
        Status::Unknown | Status::Appeared | Status::Pending => CanRegister::Unknown,
        Status::Kept(_) => match kind {
            // Not asked for; or, for a pass, what helps.
            MethodKind::Password
            | MethodKind::Email
            | MethodKind::QrCodePin
            | MethodKind::WindowsHello
            | MethodKind::TemporaryAccessPass => CanRegister::Yes,
            // With another reason it may be a security key in the person's hand.
            MethodKind::Passkey => match claim.reason {
                Some(Reason::Lost | Reason::Stolen | Reason::Replaced | Reason::Broken) => {
                    CanRegister::No
                }
                Some(Reason::Other) | None => CanRegister::Unknown,
            },
            _ => CanRegister::Unknown,
        },
    };
    let verdicts: Vec<CanRegister> = methods.iter().map(of_one).collect();
    if verdicts.contains(&CanRegister::No) {
        CanRegister::No
    } else if claim.guest || hardware_unknown || verdicts.contains(&CanRegister::Unknown) {
        CanRegister::Unknown
    } else {
        CanRegister::Yes
    }
}

fn warnings(
    methods: &[(&MethodKind, Status)],
    claim: &Claim,
    hardware_unknown: bool,
) -> Vec<Warning> {
    let kept = |wanted: &dyn Fn(&MethodKind) -> bool| {
        methods
            .iter()
            .any(|(kind, status)| matches!(status, Status::Kept(_)) && wanted(kind))
    };
    let appeared = methods
        .iter()
        .any(|(_, status)| *status == Status::Appeared);
    let mut evidence = claim
        .approvals
        .iter()
        .flat_map(|approval| &approval.evidence)
        .peekable();
    let hearsay = evidence.peek().is_some() && evidence.all(|evidence| evidence.is_hearsay());
    let alone = has_approver_verified(&claim.approvals);
    [
        (
            kept(&|kind| *kind == MethodKind::Passkey),
            Warning::PasskeyLeft,
        ),
        (
            kept(&|kind| *kind == MethodKind::HardwareOath),
            Warning::HardwareOathLeft,
        ),
        (
            kept(&|kind| matches!(kind, MethodKind::Unknown(_))),
            Warning::UnknownTypeLeft,
        ),
        (hardware_unknown, Warning::HardwareOathUnknown),
        (claim.guest, Warning::Guest),
        (hearsay, Warning::ContactFromColleague),
        (alone, Warning::ApproverVerified),
        (appeared, Warning::MethodAppeared),
    ]
    .into_iter()
    .filter_map(|(applies, warning)| applies.then_some(warning))
    .collect()
}

impl From<Progress> for Status {
    fn from(progress: Progress) -> Status {
        match progress {
            Progress::Pending | Progress::Trying | Progress::Deferred | Progress::Asked(_) => {
                Status::Pending
            }
            Progress::Removed => Status::Removed,
            Progress::Deactivated => Status::Deactivated,
            Progress::Kept(why) => Status::Kept(why),
            Progress::Gone(_) => Status::Gone,
            Progress::Failed(why) => Status::Failed(why),
            Progress::Unknown => Status::Unknown,
        }
    }
}

impl From<SessionProgress> for Sessions {
    fn from(progress: SessionProgress) -> Sessions {
        match progress {
            SessionProgress::Pending | SessionProgress::Trying => Sessions::Pending,
            SessionProgress::Revoked => Sessions::Revoked,
            SessionProgress::KeptByScope => Sessions::KeptByScope,
            SessionProgress::NotForGuests => Sessions::NotForGuests,
            SessionProgress::Failed(why) => Sessions::Failed(why),
            SessionProgress::Unknown => Sessions::Unknown,
        }
    }
}
