//! Outcomes in words: a sentence for the ticket, and a table for programs.

use serde::Serialize;

use super::approval::ApprovalLine;

use crate::clock::Timestamp;
use crate::ids::{ObjectId, ResetId, TicketKey};
use crate::reset::{
    Action, CanRegister, Failure, KeepReason, Method, Outcome, Preview, Sessions, State, Status,
    Warning,
};

/// The answer to a request, as an automation prints it into a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The reset's name.
    pub reset: ResetId,
    /// Where it stands.
    pub state: State,
    /// What happened, ready for the ticket.
    pub note: String,
    /// Whether the person can register now.
    pub can_register: CanRegister,
    /// Where they register.
    pub register_at: String,
    /// The ticket.
    pub ticket: TicketKey,
    /// The person.
    pub target: String,
    /// The person's object id.
    pub target_id: ObjectId,
    /// Whether the person is privileged.
    pub privileged: bool,
    /// What happened to sessions.
    pub sessions: &'static str,
    /// What happened to each method.
    pub methods: Vec<MethodLine>,
    /// What somebody should know or look at.
    pub warnings: Vec<WarningLine>,
    /// Who approved, as object ids.
    pub approvers: Vec<ObjectId>,
    /// Who verified, as object ids.
    pub verifiers: Vec<ObjectId>,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// True if the reset was there before this request, which then changed nothing.
    pub replayed: bool,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewAnswer {
    /// What would happen, in words.
    pub note: String,
    /// Whether the person could register afterwards.
    pub can_register: CanRegister,
    /// The ticket.
    pub ticket: TicketKey,
    /// The person.
    pub target: String,
    /// The person's object id.
    pub target_id: ObjectId,
    /// Whether the person is privileged.
    pub privileged: bool,
    /// What makes them privileged, in words.
    pub privilege: Option<String>,
    /// What the approvals say.
    pub approvals: Vec<ApprovalLine>,
    /// Whether sessions would be revoked.
    pub revoke_sessions: bool,
    /// What would happen to each method.
    pub methods: Vec<MethodLine>,
    /// What somebody should know first.
    pub warnings: Vec<WarningLine>,
}

/// One row of the table of methods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MethodLine {
    /// What it is, by Microsoft's name.
    pub method: String,
    /// Which of several.
    pub label: Option<String>,
    /// `removed`, `deactivated`, `kept`, `gone`, `failed`, `appeared`, `unknown`, `pending`; of a preview `remove`,
    /// `deactivate`, `keep`.
    pub status: &'static str,
    /// Why, where there is a reason to give.
    pub why: Option<&'static str>,
}

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WarningLine {
    /// Stable, for programs.
    pub code: Warning,
    /// For people.
    pub text: &'static str,
}

/// Puts an outcome into words.
pub fn answer(outcome: &Outcome, register_at: &str, replayed: bool) -> Answer {
    let register_at = &where_to_register(outcome, register_at);
    let methods: Vec<MethodLine> = outcome
        .methods
        .iter()
        .map(|row| {
            let (status, why) = status(row.status);
            line(&row.method, status, why)
        })
        .collect();
    Answer {
        reset: outcome.reset,
        state: outcome.state,
        note: note(outcome, &methods, register_at),
        can_register: outcome.can_register,
        register_at: register_at.clone(),
        ticket: outcome.ticket.clone(),
        target: outcome.target.clone(),
        target_id: outcome.target_id,
        privileged: outcome.privileged,
        sessions: sessions(outcome.sessions),
        methods,
        warnings: warnings(&outcome.warnings),
        approvers: outcome.approvers.clone(),
        verifiers: outcome.verifiers.clone(),
        claimed_at: outcome.claimed_at,
        finished_at: outcome.finished_at,
        replayed,
    }
}

/// A guest has to say in which tenant (Microsoft Learn, "Combined security information registration": guest
/// users).
fn where_to_register(outcome: &Outcome, register_at: &str) -> String {
    if outcome.warnings.contains(&Warning::Guest) {
        let tenant = outcome.tenant;
        return format!("https://mysignins.microsoft.com/security-info?tenantId={tenant}");
    }
    register_at.to_owned()
}

/// Puts a preview into words.
pub fn preview(preview: &Preview) -> PreviewAnswer {
    let methods: Vec<MethodLine> = preview
        .methods
        .iter()
        .map(|planned| match planned.action {
            Action::Remove => line(&planned.method, "remove", None),
            Action::Deactivate => line(&planned.method, "deactivate", None),
            Action::Keep(why) => line(&planned.method, "keep", Some(kept(why))),
        })
        .collect();
    let mut note = format!(
        "Nothing has been changed. A reset of {} would do this.",
        preview.target
    );
    list(&mut note, "Remove", &methods, "remove");
    list(&mut note, "Deactivate", &methods, "deactivate");
    list(&mut note, "Keep", &methods, "keep");
    if preview.revoke_sessions {
        note.push_str(" Sessions would be revoked.");
    }
    PreviewAnswer {
        note,
        can_register: preview.can_register,
        ticket: preview.ticket.clone(),
        target: preview.target.clone(),
        target_id: preview.target_id,
        privileged: preview.privileged,
        privilege: preview.privilege.clone(),
        approvals: preview.approvals.iter().map(ApprovalLine::from).collect(),
        revoke_sessions: preview.revoke_sessions,
        methods,
        warnings: warnings(&preview.warnings),
    }
}

fn note(outcome: &Outcome, methods: &[MethodLine], register_at: &str) -> String {
    let target = &outcome.target;
    let mut note = match (outcome.state, outcome.can_register) {
        (State::Waiting | State::Running, _) => {
            format!("MFA re-registration of {target} is in progress and goes on by itself.")
        }
        (State::NeedsHuman | State::Refused, _) => {
            format!("MFA re-registration of {target} is NOT complete: a person has to look.")
        }
        (State::Completed, CanRegister::Yes) => format!(
            "Done: {target} can now register MFA again. Please ask them to go to {register_at}."
        ),
        (State::Completed, CanRegister::No) => format!(
            "What was approved has been done, but {target} CANNOT register yet: registration will ask for a \
             method that is left and that they have not got."
        ),
        (State::Completed, CanRegister::Unknown) => format!(
            "What was approved has been done. Whether {target} can register at {register_at} depends on the \
             methods that are left."
        ),
    };
    if let Some(words) = &outcome.ended_because {
        note.push_str(&format!(" It was ended: {}", words.detail));
    }
    list(&mut note, "Removed", methods, "removed");
    list(&mut note, "Deactivated", methods, "deactivated");
    list(&mut note, "Kept", methods, "kept");
    list(&mut note, "Removed by somebody else", methods, "gone");
    list(&mut note, "Failed", methods, "failed");
    list(&mut note, "Not known whether removed", methods, "unknown");
    list(
        &mut note,
        "Registered meanwhile and left",
        methods,
        "appeared",
    );
    list(&mut note, "Still to do", methods, "pending");
    note.push_str(match outcome.sessions {
        Sessions::Revoked => " Sessions were revoked.",
        Sessions::KeptByScope => " Sessions were kept, as approved.",
        Sessions::NotForGuests => " Sessions of a guest cannot be revoked here.",
        Sessions::Failed(_) => " Sessions were NOT revoked.",
        Sessions::Unknown => " It is NOT known whether sessions were revoked.",
        Sessions::Pending => " Sessions are not revoked yet.",
    });
    for warning in &outcome.warnings {
        note.push(' ');
        note.push_str(warning_text(*warning));
    }
    note
}

/// The methods of one status, without the password, which everybody has and nobody asks about.
fn list(note: &mut String, title: &str, methods: &[MethodLine], status: &str) {
    let names: Vec<String> = methods
        .iter()
        .filter(|line| line.status == status && line.method != "Password")
        .map(
            |line| match (&line.label, line.why.filter(|_| status == "failed")) {
                (Some(label), Some(why)) => format!("{} ({label}: {why})", line.method),
                (Some(label), None) => format!("{} ({label})", line.method),
                (None, Some(why)) => format!("{} ({why})", line.method),
                (None, None) => line.method.clone(),
            },
        )
        .collect();
    if !names.is_empty() {
        note.push_str(&format!(" {title}: {}.", names.join(", ")));
    }
}

fn line(method: &Method, status: &'static str, why: Option<&'static str>) -> MethodLine {
    MethodLine {
        method: method.kind.to_string(),
        label: method.label.clone(),
        status,
        why,
    }
}

fn status(status: Status) -> (&'static str, Option<&'static str>) {
    match status {
        Status::Removed => ("removed", None),
        Status::Deactivated => ("deactivated", None),
        Status::Kept(why) => ("kept", Some(kept(why))),
        Status::Gone => ("gone", Some("somebody else has removed it")),
        Status::Failed(why) => ("failed", Some(failed(why))),
        Status::Appeared => ("appeared", Some("registered while the reset ran")),
        Status::Unknown => (
            "unknown",
            Some("deletion was asked for and is not confirmed"),
        ),
        Status::Pending => ("pending", None),
    }
}

fn kept(why: KeepReason) -> &'static str {
    match why {
        KeepReason::NotMfa => "no MFA method",
        KeepReason::ButtonLeavesIt => "Require re-register MFA leaves it",
        KeepReason::DeactivateByHand => {
            "deactivate it in Entra: Users, the person, Authentication methods, the token's menu"
        }
        KeepReason::UnknownType => "a type that this version does not know",
    }
}

fn failed(why: Failure) -> &'static str {
    match why {
        Failure::Refused => "Microsoft Graph refuses it, usually because it is the default method",
        Failure::NotAllowed => "the app is not allowed to",
        Failure::KeepsFailing => "Microsoft Graph kept failing",
        Failure::OutOfTime => "there was no time left",
        Failure::Other => "Microsoft Graph refuses it",
    }
}

fn sessions(sessions: Sessions) -> &'static str {
    match sessions {
        Sessions::Revoked => "revoked",
        Sessions::KeptByScope => "kept",
        Sessions::NotForGuests => "not_for_guests",
        Sessions::Failed(_) => "failed",
        Sessions::Unknown => "unknown",
        Sessions::Pending => "pending",
    }
}

fn warnings(warnings: &[Warning]) -> Vec<WarningLine> {
    warnings
        .iter()
        .map(|warning| WarningLine {
            code: *warning,
            text: warning_text(*warning),
        })
        .collect()
}

fn warning_text(warning: Warning) -> &'static str {
    match warning {
        Warning::PasskeyLeft => {
            "A passkey stays in place; if it is on a phone that is gone, get an approval with passkeys:remove (within \
             the cool-down it takes two, by two people)."
        }
        Warning::HardwareOathLeft => {
            "A hardware OATH token was left; deactivate it in Entra under Authentication methods."
        }
        Warning::HardwareOathUnknown => {
            "Hardware OATH tokens could not be looked up; look in Entra whether the person has one."
        }
        Warning::UnknownTypeLeft => {
            "A method of a type that this version does not know was left; look at it in Entra."
        }
        Warning::Guest => "The person is a guest: the MFA of their home tenant may be what counts.",
        Warning::ContactFromColleague => {
            "The contact for the verification came from a colleague, not from a directory."
        }
        Warning::ApproverVerified => {
            "An approver has verified the person as well: fewer people have looked than it seems."
        }
        Warning::NoLongerAllowed => {
            "The reset was interrupted, and since then the person may not be reset on these approvals any more."
        }
        Warning::MethodAppeared => {
            "A method was registered while the reset ran and was left: make sure that the person did it."
        }
    }
}
