//! The note: what the ticket is told, in one paragraph. It is also the `note` of every answer.

use std::collections::BTreeMap;

use super::phrases;
use crate::reset::{
    Action, CanRegister, Method, MethodKind, MethodStatus, Outcome, Preview, RecordedRefusal,
    RefusalText, RequestStatus, SessionStatus, State, Warning,
};

/// The note about a request, whatever its status.
pub fn note(status: &RequestStatus, register_at: &str) -> String {
    match status {
        RequestStatus::Waiting { why, .. } => of_waiting(why.as_ref()),
        RequestStatus::Refused { refusal, .. } => of_refusal(refusal),
        RequestStatus::Reset(outcome) => of_outcome(outcome, register_at),
    }
}

/// The note about a refusal.
pub fn refusal_note(detail: &str, next: &str) -> String {
    sentences(&[
        "MFA re-registration was refused. This request changed nothing.",
        detail,
        next,
    ])
}

/// The note where an outcome was asked for and cannot be shown: the reset may have been done all the same.
pub fn outcome_not_shown(detail: &str, next: &str) -> String {
    sentences(&[
        "The outcome cannot be shown. This question changed nothing, and how that reset ended is not known here.",
        detail,
        next,
    ])
}

pub(super) fn of_waiting(why: Option<&RefusalText>) -> String {
    sentences(&[
        "MFA re-registration is accepted and not done yet. Nothing has changed yet.",
        why.map_or("", |text| text.detail.as_str()),
        "This request is retried automatically for two hours; it does not have to be sent again.",
    ])
}

pub(super) fn of_refusal(refusal: &RecordedRefusal) -> String {
    let RefusalText { detail, next, .. } = &refusal.text;
    if !refusal.gave_up {
        return refusal_note(detail, next);
    }
    sentences(&[
        "MFA re-registration was NOT done.",
        "It was retried for two hours.",
        detail,
        "Nothing was removed and no sessions were revoked. An administrator has to find the cause. Then get a \
         new approval: this one has expired.",
    ])
}

pub(super) fn of_outcome(outcome: &Outcome, register_at: &str) -> String {
    let target = called(&outcome.target, outcome.target_name.as_deref());
    let register_at = where_to_register(outcome, register_at);
    let mut note = match (outcome.state, outcome.can_register) {
        (State::Waiting | State::Running, _) => {
            format!("MFA re-registration of {target} is in progress and continues automatically.")
        }
        (State::NeedsHuman | State::Refused, _) => {
            format!(
                "MFA re-registration of {target} is NOT complete: an administrator has to finish it in Microsoft Entra."
            )
        }
        (State::Completed, CanRegister::Yes) => format!(
            "Done: {target} can now register MFA again. Please ask them to go to {register_at}."
        ),
        (State::Completed, CanRegister::No) => format!(
            "The approved changes are done, but {target} CANNOT register yet. Sign-in will ask for a \
             registered method that they no longer have."
        ),
        (State::Completed, CanRegister::Unknown) => format!(
            "The approved changes are done. Ask {target} to try {register_at}: it may ask for a method \
             that remains registered."
        ),
    };
    if let Some(text) = &outcome.ended_because {
        note.push_str(&format!(" It was stopped: {}", text.detail));
    }
    let methods = outcome.methods.iter();
    list(
        &mut note,
        methods.map(|row| {
            let why = match row.status {
                MethodStatus::Failed(why) => Some(phrases::failed(why)),
                _ => None,
            };
            (heading(row.status), &row.method, why)
        }),
    );
    note.push_str(match outcome.sessions {
        SessionStatus::Revoked => " Sessions were revoked.",
        SessionStatus::KeptByScope => " Sessions were kept, as approved.",
        SessionStatus::NotForGuests => {
            " Sessions were not revoked: the person signs in with an account of another organisation, which has to revoke \
             them."
        }
        SessionStatus::Failed(_) => {
            " Sessions were NOT revoked: an administrator has to revoke them in Microsoft Entra."
        }
        SessionStatus::Unknown => " It is NOT known whether sessions were revoked.",
        SessionStatus::Pending => " Sessions are not revoked yet.",
    });
    for warning in &outcome.warnings {
        note.push(' ');
        note.push_str(phrases::warning(*warning));
    }
    note
}

pub(super) fn of_preview(preview: &Preview) -> String {
    let mut note = format!(
        "Nothing has been changed. A reset of {} would do this.",
        called(&preview.target, preview.target_name.as_deref())
    );
    let methods = preview.methods.iter();
    list(
        &mut note,
        methods.map(|planned| {
            let heading = match planned.action {
                Action::Remove => (0, "Remove"),
                Action::Deactivate => (1, "Deactivate"),
                Action::Keep(_) => (2, "Keep"),
            };
            (heading, &planned.method, None)
        }),
    );
    if preview.revoke_sessions {
        note.push_str(" Sessions would be revoked.");
    }
    note
}

/// A person by the name that colleagues know, and the one that is sure.
fn called(user_name: &str, display_name: Option<&str>) -> String {
    match display_name {
        Some(name) => format!("{name} ({user_name})"),
        None => user_name.to_owned(),
    }
}

/// A person who signs in elsewhere has to say in which tenant (Microsoft Learn, "Combined security information registration": guest users).
pub(super) fn where_to_register(outcome: &Outcome, register_at: &str) -> String {
    if outcome.warnings.contains(&Warning::Guest) {
        let tenant = outcome.tenant;
        return format!("https://mysignins.microsoft.com/security-info?tenantId={tenant}");
    }
    register_at.to_owned()
}

/// A heading, and its place among the others.
type Heading = (u8, &'static str);

fn heading(status: MethodStatus) -> Heading {
    match status {
        MethodStatus::Removed => (0, "Removed"),
        MethodStatus::Deactivated => (1, "Deactivated"),
        MethodStatus::Kept(_) => (2, "Kept"),
        MethodStatus::Gone => (3, "Removed outside this reset"),
        MethodStatus::Failed(_) => (4, "Failed"),
        MethodStatus::Unknown => (5, "Not known whether removed"),
        MethodStatus::Appeared => (6, "Registered during the reset and kept"),
        MethodStatus::NotListedAtFirst => NOT_LISTED_AT_FIRST,
        MethodStatus::Pending => (8, "Still to do"),
    }
}

/// The list of the plan was not whole.
const NOT_LISTED_AT_FIRST: Heading = (7, "Not listed when the reset began, and kept");

/// The methods under their headings, each with the reason that is given. Passwords are left out, since every account has
/// one: unless it is the password that shows that a list was not whole.
fn list<'a>(
    note: &mut String,
    methods: impl Iterator<Item = (Heading, &'a Method, Option<&'static str>)>,
) {
    let mut listed: BTreeMap<Heading, Vec<String>> = BTreeMap::new();
    for (heading, method, why) in methods {
        if method.kind == MethodKind::Password && heading != NOT_LISTED_AT_FIRST {
            continue;
        }
        let kind = &method.kind;
        let name = match (&method.label, why) {
            (Some(label), Some(why)) => format!("{kind} ({label}: {why})"),
            (Some(label), None) => format!("{kind} ({label})"),
            (None, Some(why)) => format!("{kind} ({why})"),
            (None, None) => kind.to_string(),
        };
        listed.entry(heading).or_default().push(name);
    }
    for ((_, title), names) in listed {
        note.push_str(&format!(" {title}: {}.", names.join(", ")));
    }
}

fn sentences(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(" ")
}
