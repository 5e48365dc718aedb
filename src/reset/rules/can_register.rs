//! Whether the person can register after a reset, and what the readers of the outcome are warned of.

use super::two_approvals::has_approver_verified;
use crate::approval::{Evidence, Reason};
use crate::reset::model::{
    Action, CanRegister, Claim, Method, MethodKind, MethodStatus, PlannedMethod, Warning,
};

/// What is left of a person's methods, or would be.
pub struct Leftovers<'a> {
    pub methods: Vec<(&'a Method, MethodStatus)>,
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
            (&planned.method, status)
        };
        Leftovers {
            methods: plan.iter().map(status).collect(),
            hardware_unknown,
        }
    }

    fn kept(&self, wanted: impl Fn(&MethodKind) -> bool) -> impl Iterator<Item = &'a Method> {
        self.methods
            .iter()
            .filter(|(_, status)| matches!(status, MethodStatus::Kept(_)))
            .map(|(method, _)| *method)
            .filter(move |method| wanted(&method.kind))
    }

    fn kept_passkeys(&self) -> impl Iterator<Item = &'a Method> {
        self.kept(|kind| *kind == MethodKind::Passkey)
    }

    fn has_kept(&self, wanted: impl Fn(&MethodKind) -> bool) -> bool {
        self.kept(wanted).next().is_some()
    }
}

/// Registration at mysignins asks for a second factor as long as a usable one is registered (Microsoft Learn, "Combined
/// security information registration"); what is left decides.
pub fn can_register(left: &Leftovers<'_>, claim: &Claim) -> CanRegister {
    let of_one = |(method, status): &(&Method, MethodStatus)| match status {
        MethodStatus::Removed | MethodStatus::Deactivated => CanRegister::Yes,
        // On the word of one list; a passkey is what registration would ask for.
        MethodStatus::Gone if method.kind == MethodKind::Passkey => CanRegister::Unknown,
        MethodStatus::Gone => CanRegister::Yes,
        MethodStatus::Failed(_) => CanRegister::No,
        MethodStatus::Unknown
        | MethodStatus::Appeared
        | MethodStatus::NotListedAtFirst
        | MethodStatus::Pending => CanRegister::Unknown,
        MethodStatus::Kept(_) => if_kept(&method.kind),
    };
    let verdicts = left.methods.iter().map(of_one);
    let verdict = verdicts.fold(with_passkeys(left, claim), worse);
    let is_uncertain = claim.external || left.hardware_unknown;
    if is_uncertain {
        worse(verdict, CanRegister::Unknown)
    } else {
        verdict
    }
}

/// The passkeys that stay, if a reset must not begin because of them: the person could not register afterwards, and the
/// approval neither accepts that nor says that another person holds the device. Then removing what is on it comes first.
pub fn locked_out_by<'a>(left: &Leftovers<'a>, claim: &Claim) -> Option<Vec<&'a Method>> {
    let is_exempt = claim.scope.accept_lockout || claim.reason == Some(Reason::Stolen);
    let begins = is_exempt || can_register(left, claim) != CanRegister::No;
    (!begins).then(|| left.kept_passkeys().collect())
}

fn worse(one: CanRegister, other: CanRegister) -> CanRegister {
    match (one, other) {
        (CanRegister::No, _) | (_, CanRegister::No) => CanRegister::No,
        (CanRegister::Unknown, _) | (_, CanRegister::Unknown) => CanRegister::Unknown,
        (CanRegister::Yes, CanRegister::Yes) => CanRegister::Yes,
    }
}

/// Registration takes any passkey that is left. Where the approval does not say that the person still has it, it counts
/// as gone with the device, be it on the phone or a security key: a person who holds a working security key signs in and
/// registers with it, and needs no reset.
fn with_passkeys(left: &Leftovers<'_>, claim: &Claim) -> CanRegister {
    let mut kept = left.kept_passkeys().peekable();
    if kept.peek().is_none() {
        return CanRegister::Yes;
    }
    if claim.scope.keep_passkeys {
        // In Microsoft Authenticator it is on a phone, so it cannot be used where that phone is gone or broken.
        let on_the_device = matches!(
            claim.reason,
            Some(Reason::Lost | Reason::Stolen | Reason::Broken)
        );
        return if kept.any(|passkey| !(on_the_device && passkey.in_authenticator)) {
            CanRegister::Yes
        } else {
            CanRegister::No
        };
    }
    match claim.reason {
        Some(Reason::Lost | Reason::Stolen | Reason::Replaced | Reason::Broken) => CanRegister::No,
        // It may be a security key that the person still holds.
        Some(Reason::Other) | None => CanRegister::Unknown,
    }
}

fn if_kept(kind: &MethodKind) -> CanRegister {
    match kind {
        // Registration does not ask for these; a Temporary Access Pass even helps.
        MethodKind::Password
        | MethodKind::Email
        | MethodKind::QrCodePin
        | MethodKind::WindowsHello
        | MethodKind::TemporaryAccessPass
        // All passkeys are judged together.
        | MethodKind::Passkey => CanRegister::Yes,
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
    let appeared = |(_, status): &(&Method, MethodStatus)| *status == MethodStatus::Appeared;
    let evidence: Vec<Evidence> = claim
        .approvals
        .iter()
        .flat_map(|approval| approval.evidence.clone())
        .collect();
    let from_colleagues = !evidence.is_empty() && evidence.iter().all(|one| one.is_hearsay());
    [
        (
            with_passkeys(left, claim) != CanRegister::Yes,
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
        (
            claim.remarks.password_just_changed,
            Warning::PasswordJustChanged,
        ),
        (
            claim.remarks.password_age_unknown,
            Warning::PasswordAgeUnknown,
        ),
        (claim.remarks.weak_contacts, Warning::WeakContacts),
        (claim.remarks.verifier_pace, Warning::VerifierPace),
        (
            claim
                .approvals
                .iter()
                .any(|approval| approval.out_of_context),
            Warning::SignInOutOfContext,
        ),
        (left.methods.iter().any(appeared), Warning::MethodAppeared),
    ]
    .into_iter()
    .filter_map(|(applies, warning)| applies.then_some(warning))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Scope;
    use crate::reset::model::samples::claim;
    use crate::reset::rules::HardwareOath;
    use crate::reset::rules::plan::plan;

    fn method(id: &str, kind: MethodKind, in_authenticator: bool) -> Method {
        Method {
            id: id.to_owned().try_into().unwrap(),
            kind,
            label: None,
            created: None,
            in_authenticator,
        }
    }

    /// What comes of a person with this passkey, in the words of the table.
    fn outcome(passkey: &str, reason: &str, scope: &str) -> [&'static str; 2] {
        let more = if scope == "nothing" { "" } else { scope };
        let scope = Scope::try_from(format!("mfa:reregister {more}").trim_end().to_owned());
        let scope = scope.unwrap();
        let reason = match reason {
            "none" => None,
            name => Some(serde_json::from_value(name.into()).unwrap()),
        };
        let mut methods = vec![
            method("password", MethodKind::Password, false),
            method("app", MethodKind::MicrosoftAuthenticator, false),
        ];
        match passkey {
            "none" => {}
            "security key" => methods.push(method("key", MethodKind::Passkey, false)),
            "in Authenticator" => methods.push(method("key", MethodKind::Passkey, true)),
            other => panic!("{other}"),
        }
        let claim = claim(scope, reason);
        let plan = plan(methods, scope, HardwareOath::Report);
        let left = Leftovers::of_plan(&plan, false);
        if locked_out_by(&left, &claim).is_some() {
            return ["would_lock_out", "–"];
        }
        let can = match can_register(&left, &claim) {
            CanRegister::Yes => "yes",
            CanRegister::No => "no",
            CanRegister::Unknown => "unknown",
        };
        ["begins", can]
    }

    #[test]
    fn a_passkey_that_vanished_may_still_be_asked_for_and_any_other_method_is_not() {
        let claim = claim(Scope::default(), None);
        for (kind, expected) in [
            (MethodKind::Passkey, CanRegister::Unknown),
            (MethodKind::MicrosoftAuthenticator, CanRegister::Yes),
        ] {
            let gone = method("one", kind, false);
            let left = Leftovers {
                methods: vec![(&gone, MethodStatus::Gone)],
                hardware_unknown: false,
            };
            assert_eq!(can_register(&left, &claim), expected, "{:?}", gone.kind);
        }
    }

    #[test]
    fn the_table_of_docs_approvals_says_what_comes_of_each_passkey() {
        let reasons = ["lost", "stolen", "replaced", "broken", "other", "none"];
        let scopes = [
            "nothing",
            "passkeys:remove",
            "passkeys:keep",
            "lockout:accept",
        ];
        let page = include_str!("../../../docs/approvals.md");
        let (_, table) = page.split_once("| passkey | `reason` |").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        let mut shown = 0;
        for row in table.lines().skip(2) {
            let row = row.replace('`', "");
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [passkey, reason, scope, reset, can] = cells[..] else {
                panic!("{row}");
            };
            let all = |cell: &'static str, any: &[&'static str]| match cell {
                "any" => any.to_vec(),
                listed => listed.split(", ").collect(),
            };
            let cells = [passkey, reason, scope].map(|cell| &*cell.to_owned().leak());
            for passkey in all(cells[0], &["security key", "in Authenticator"]) {
                for reason in all(cells[1], &reasons) {
                    for scope in all(cells[2], &scopes) {
                        let found = outcome(passkey, reason, scope);
                        assert_eq!(found, [reset, can], "{passkey}, {reason}, {scope}");
                        shown += 1;
                    }
                }
            }
        }
        // None of the combinations is left out, but those where an acceptance changes nothing.
        let with_passkeys = 2 * reasons.len() * 3 + 2 * 4;
        assert_eq!(shown, reasons.len() * scopes.len() + with_passkeys);
    }
}
