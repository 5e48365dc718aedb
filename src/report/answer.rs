//! The answers to requests, in JSON: a note for the ticket, and a table for programs.

use serde::Serialize;

use super::Presentation;
use super::approval::ApprovalLine;
use super::{note, phrases};
use crate::clock::Timestamp;
use crate::ids::{ObjectId, ResetId, TicketKey};
use crate::reset::{
    Action, CanRegister, Method, MethodStatus, Outcome, Preview, RecordedRefusal, RefusalText,
    SessionStatus, State, Warning,
};

/// The answer to a request, as an automation prints it into a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub reset: ResetId,
    pub state: State,
    /// What happened, ready for the ticket.
    pub note: String,
    pub can_register: CanRegister,
    /// Where the person registers.
    pub register_at: String,
    pub ticket: TicketKey,
    pub target: String,
    /// The person's display name, where it is known.
    pub target_name: Option<String>,
    pub target_id: ObjectId,
    /// The person's authentication methods in the Entra admin centre.
    pub entra_url: Option<String>,
    pub privileged: bool,
    pub sessions: &'static str,
    pub methods: Vec<MethodLine>,
    /// What the people around the ticket should know or look at.
    pub warnings: Vec<WarningLine>,
    /// Who approved, as object ids.
    pub approvers: Vec<ObjectId>,
    /// Who verified, as object ids.
    pub verifiers: Vec<ObjectId>,
    pub claimed_at: Timestamp,
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
    /// Whose people these are, as the policy calls it.
    pub organisation: Option<String>,
    pub ticket: TicketKey,
    pub target: String,
    /// The person's display name, where it is known.
    pub target_name: Option<String>,
    pub target_id: ObjectId,
    /// The person's authentication methods in the Entra admin centre.
    pub entra_url: Option<String>,
    pub privileged: bool,
    /// What makes them privileged, in words.
    pub privilege: Option<String>,
    pub approvals: Vec<ApprovalLine>,
    /// Whether sessions would be revoked.
    pub revoke_sessions: bool,
    pub methods: Vec<MethodLine>,
    /// What the operator should know first.
    pub warnings: Vec<WarningLine>,
}

/// One row of the table of methods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MethodLine {
    /// What it is, by Microsoft's name.
    pub method: String,
    pub label: Option<String>,
    /// `removed`, `deactivated`, `kept`, `gone`, `failed`, `appeared`, `unknown`, `pending`; of a preview `remove`,
    /// `deactivate`, `keep`.
    pub status: &'static str,
    /// Why, where there is a reason to give.
    pub why: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WarningLine {
    /// Stable, for programs.
    pub code: Warning,
    pub text: &'static str,
}

/// Puts an outcome into words.
pub fn answer(outcome: &Outcome, presentation: &Presentation, replayed: bool) -> Answer {
    let register_at = &presentation.register_at;
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
        note: note::of_outcome(outcome, register_at),
        can_register: outcome.can_register,
        register_at: note::where_to_register(outcome, register_at),
        ticket: outcome.ticket.clone(),
        target: outcome.target.clone(),
        target_name: outcome.target_name.clone(),
        target_id: outcome.target_id,
        entra_url: presentation.entra_url(outcome.tenant, outcome.target_id),
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

/// Puts a preview into words.
pub fn preview(preview: &Preview, presentation: &Presentation) -> PreviewAnswer {
    let methods: Vec<MethodLine> = preview
        .methods
        .iter()
        .map(|planned| match planned.action {
            Action::Remove => line(&planned.method, "remove", None),
            Action::Deactivate => line(&planned.method, "deactivate", None),
            Action::Keep(why) => line(&planned.method, "keep", Some(phrases::kept(why))),
        })
        .collect();
    PreviewAnswer {
        note: note::of_preview(preview),
        can_register: preview.can_register,
        organisation: presentation.organisation.clone(),
        ticket: preview.ticket.clone(),
        target: preview.target.clone(),
        target_name: preview.target_name.clone(),
        target_id: preview.target_id,
        entra_url: presentation.entra_url(preview.tenant, preview.target_id),
        privileged: preview.privileged,
        privilege: preview.privilege.clone(),
        approvals: preview.approvals.iter().map(ApprovalLine::from).collect(),
        revoke_sessions: preview.revoke_sessions,
        methods,
        warnings: warnings(&preview.warnings),
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

fn status(status: MethodStatus) -> (&'static str, Option<&'static str>) {
    match status {
        MethodStatus::Removed => ("removed", None),
        MethodStatus::Deactivated => ("deactivated", None),
        MethodStatus::Kept(why) => ("kept", Some(phrases::kept(why))),
        MethodStatus::Gone => ("gone", Some("it was removed outside this reset")),
        MethodStatus::Failed(why) => ("failed", Some(phrases::failed(why))),
        MethodStatus::Appeared => ("appeared", Some("registered during the reset")),
        MethodStatus::NotListedAtFirst => {
            ("appeared", Some("it was not listed when the reset began"))
        }
        MethodStatus::Unknown => (
            "unknown",
            Some("its removal was requested and is not confirmed"),
        ),
        MethodStatus::Pending => ("pending", None),
    }
}

fn sessions(sessions: SessionStatus) -> &'static str {
    match sessions {
        SessionStatus::Revoked => "revoked",
        SessionStatus::KeptByScope => "kept",
        SessionStatus::NotForGuests => "not_for_guests",
        SessionStatus::Failed(_) => "failed",
        SessionStatus::Unknown => "unknown",
        SessionStatus::Pending => "pending",
    }
}

fn warnings(warnings: &[Warning]) -> Vec<WarningLine> {
    warnings
        .iter()
        .map(|warning| WarningLine {
            code: *warning,
            text: phrases::warning(*warning),
        })
        .collect()
}

/// The answer while nothing is claimed yet, and after a request was refused or given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unclaimed {
    pub reset: ResetId,
    /// `waiting`; `needs_human` once it was given up, `refused` once it was refused.
    pub state: State,
    /// What happened, ready for the ticket.
    pub note: String,
    /// Why it waits or was refused, stable, for programs; `None` before the first try.
    pub code: Option<String>,
    /// Whether a second approval beside the first may change the answer; absent while the request waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_approval: Option<bool>,
    pub ticket: TicketKey,
}

/// The answer for a request that waits.
pub fn waiting(reset: ResetId, ticket: &TicketKey, why: Option<&RefusalText>) -> Unclaimed {
    Unclaimed {
        reset,
        state: State::Waiting,
        note: note::of_waiting(why),
        code: why.map(|text| text.code.clone()),
        second_approval: None,
        ticket: ticket.clone(),
    }
}

/// The answer for a request that was refused, or given up before anything was claimed.
pub fn refused(
    reset: ResetId,
    ticket: &TicketKey,
    refusal: &RecordedRefusal,
    presented: usize,
) -> Unclaimed {
    let row = refusal.text.row();
    Unclaimed {
        reset,
        state: refusal.state(),
        note: note::of_refusal(refusal),
        code: Some(refusal.text.code.clone()),
        second_approval: row.map(|row| row.second_approval.may_help(presented)),
        ticket: ticket.clone(),
    }
}
