//! Whether the person can register after a reset, and what the readers of the outcome are warned of.

use super::two_approvals::has_approver_verified;
use crate::approval::{Evidence, Reason};
use crate::reset::model::{
    Action, CanRegister, Claim, MethodKind, MethodStatus, PlannedMethod, Warning,
};

/// What is left of a person's methods, or would be.
pub struct Leftovers<'a> {
    pub methods: Vec<(&'a MethodKind, MethodStatus)>,
    /// Hardware OATH tokens could not be listed: there may be some.
    pub hardware_unknown: bool,
}

impl<'a> Leftovers<'a> {
    /// What a plan would leave.
    pub fn of_plan(plan: &'a [PlannedMethod], hardware_unknown: bool) -> Leftovers<'a> {
        let status = |planned: &'a PlannedMethod| {
            let status = match planned.action {
                Action::Remove => MethodStatus::Removed,
                Action::Deactivate => MethodStatus::Deactivated,
                Action::Keep(why) => MethodStatus::Kept(why),
            };
            (&planned.method.kind, status)
        };
        Leftovers {
            methods: plan.iter().map(status).collect(),
            hardware_unknown,
        }
    }

    fn has_kept(&self, wanted: impl Fn(&MethodKind) -> bool) -> bool {
        let is_kept = |(kind, status): &(&MethodKind, MethodStatus)| {
            matches!(status, MethodStatus::Kept(_)) && wanted(kind)
        };
        self.methods.iter().any(is_kept)
    }
}

/// Registration at mysignins asks for a second factor as long as a usable one is registered (Microsoft Learn, "Combined
/// security information registration"); what is left decides.
pub fn can_register(left: &Leftovers<'_>, claim: &Claim) -> CanRegister {
    let of_one = |(kind, status): &(&MethodKind, MethodStatus)| match status {
        MethodStatus::Removed | MethodStatus::Deactivated => CanRegister::Yes,
        // On the word of one list; a passkey is what registration would ask for.
        MethodStatus::Gone if **kind == MethodKind::Passkey => CanRegister::Unknown,
        MethodStatus::Gone => CanRegister::Yes,
        MethodStatus::Failed(_) => CanRegister::No,
        MethodStatus::Unknown | MethodStatus::Appeared | MethodStatus::Pending => {
            CanRegister::Unknown
        }
        MethodStatus::Kept(_) => if_kept(kind, claim.reason),
    };
    let verdicts: Vec<CanRegister> = left.methods.iter().map(of_one).collect();
    if verdicts.contains(&CanRegister::No) {
        CanRegister::No
    } else if claim.external || left.hardware_unknown || verdicts.contains(&CanRegister::Unknown) {
        CanRegister::Unknown
    } else {
        CanRegister::Yes
    }
}

fn if_kept(kind: &MethodKind, reason: Option<Reason>) -> CanRegister {
    match kind {
        // Registration does not ask for these; a Temporary Access Pass even helps.
        MethodKind::Password
        | MethodKind::Email
        | MethodKind::QrCodePin
        | MethodKind::WindowsHello
        | MethodKind::TemporaryAccessPass => CanRegister::Yes,
        // With another reason it may be a security key that the person still holds.
        MethodKind::Passkey => match reason {
            Some(Reason::Lost | Reason::Stolen | Reason::Replaced | Reason::Broken) => {
                CanRegister::No
            }
            Some(Reason::Other) | None => CanRegister::Unknown,
        },
        MethodKind::Phone(_)
        | MethodKind::MicrosoftAuthenticator
        | MethodKind::SoftwareOath
        | MethodKind::HardwareOath
        | MethodKind::PlatformCredential
        | MethodKind::External
        | MethodKind::Unreadable
        | MethodKind::Unknown(_) => CanRegister::Unknown,
    }
}

/// What the people around the ticket should know or look at.
pub fn warnings(left: &Leftovers<'_>, claim: &Claim) -> Vec<Warning> {
    let appeared = |(_, status): &(&MethodKind, MethodStatus)| *status == MethodStatus::Appeared;
    let evidence: Vec<Evidence> = claim
        .approvals
        .iter()
        .flat_map(|approval| approval.evidence.clone())
        .collect();
    let from_colleagues = !evidence.is_empty() && evidence.iter().all(|one| one.is_hearsay());
    [
        (
            left.has_kept(|kind| *kind == MethodKind::Passkey),
            Warning::PasskeyLeft,
        ),
        (
            left.has_kept(|kind| *kind == MethodKind::HardwareOath),
            Warning::HardwareOathLeft,
        ),
        (
            left.has_kept(|kind| matches!(kind, MethodKind::Unreadable | MethodKind::Unknown(_))),
            Warning::UnknownTypeLeft,
        ),
        (left.hardware_unknown, Warning::HardwareOathUnknown),
        (claim.external, Warning::Guest),
        (from_colleagues, Warning::ContactFromColleague),
        (
            has_approver_verified(&claim.approvals),
            Warning::ApproverVerified,
        ),
        (left.methods.iter().any(appeared), Warning::MethodAppeared),
    ]
    .into_iter()
    .filter_map(|(applies, warning)| applies.then_some(warning))
    .collect()
}
