//! What the desk answers, in JSON.

use secrecy::ExposeSecret;
use serde::Serialize;

use super::desk_problem::{next_at_desk, next_before_signing};
use crate::clock::Timestamp;
use crate::desk::{
    Case, Contact, DeskSettings, FoundPerson, Hint, NewSession, OpenDraft, Rejection, Session,
};
use crate::ids::{DraftId, ObjectId, TicketKey};
use crate::report::{self, Presentation, PreviewAnswer};
use crate::reset::{Code, Refusal};

/// A session. The bearer is in the first answer about it alone, for the page.
#[derive(Serialize)]
pub struct SessionAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    bearer: Option<String>,
    expires_at: Timestamp,
    person: ObjectId,
    name: Option<String>,
    user_name: Option<String>,
    roles: Vec<&'static str>,
}

impl SessionAnswer {
    pub fn begun(begun: &NewSession) -> SessionAnswer {
        SessionAnswer {
            bearer: Some(begun.bearer.expose_secret().to_owned()),
            ..SessionAnswer::of(&begun.session)
        }
    }

    pub fn of(session: &Session) -> SessionAnswer {
        let roles = session.roles().into_iter();
        SessionAnswer {
            bearer: None,
            expires_at: session.expires_at,
            person: session.person,
            name: session.name.clone(),
            user_name: session.user_name.clone(),
            roles: roles.map(|role| role.as_str()).collect(),
        }
    }
}

/// A person, without their contacts.
#[derive(Serialize)]
pub struct FoundAnswer {
    id: ObjectId,
    user_name: String,
    name: Option<String>,
    job_title: Option<String>,
    department: Option<String>,
    manager: Option<String>,
    /// Which contacts the directory has: they are asked for one at a time.
    contacts: Vec<&'static str>,
    hints: Vec<HintLine>,
    rejections: Vec<RejectionLine>,
    privileged: bool,
    /// What makes them privileged, in words.
    privilege: Option<String>,
    #[serde(flatten)]
    obstacle: ObstacleLines,
    /// Whether to verify them is of use, whatever stands in the way now.
    can_go_on: bool,
}

/// Why a reset would be refused as things stand, and what can be done about that.
#[derive(Default, Serialize)]
struct ObstacleLines {
    obstacle: Option<String>,
    obstacle_next: Option<String>,
}

impl ObstacleLines {
    /// `next` has the steps of those who read it.
    fn of(refusal: Option<&Refusal>, next: fn(Code) -> Option<&'static str>) -> ObstacleLines {
        let Some(refusal) = refusal else {
            return ObstacleLines::default();
        };
        let text = report::refusal_text(refusal);
        let next = next(refusal.code()).map_or(text.next, str::to_owned);
        ObstacleLines {
            obstacle: Some(text.detail),
            obstacle_next: Some(next),
        }
    }
}

/// What speaks against a reset, in words.
#[derive(Serialize)]
struct HintLine {
    code: &'static str,
    text: String,
    at: Option<Timestamp>,
}

impl HintLine {
    fn of(hint: Hint) -> HintLine {
        let (code, text, at) = match hint {
            Hint::External => (
                "external",
                "The person signs in with an account of another organisation.",
                None,
            ),
            Hint::PasswordChanged(at) => (
                "password_changed",
                "The password was changed within the last 24 hours.",
                Some(at),
            ),
            Hint::AccountCreated(at) => (
                "account_created",
                "The account was created within the last 24 hours.",
                Some(at),
            ),
            Hint::OftenYou(number) => (
                "often_you",
                &*format!("This would be reset number {number} within 24 hours on your word."),
                None,
            ),
            Hint::Yourself => ("yourself", "This is you. You cannot verify yourself.", None),
        };
        HintLine {
            code,
            text: text.to_owned(),
            at,
        }
    }
}

#[derive(Serialize)]
struct RejectionLine {
    case: DraftId,
    at: Timestamp,
    by: String,
    ticket: TicketKey,
    reason: Option<String>,
}

impl From<&Rejection> for RejectionLine {
    fn from(rejection: &Rejection) -> RejectionLine {
        RejectionLine {
            case: rejection.case.clone(),
            at: rejection.at,
            by: rejection
                .name
                .clone()
                .unwrap_or_else(|| rejection.by.to_string()),
            ticket: rejection.ticket.clone(),
            reason: rejection.why.clone(),
        }
    }
}

impl FoundAnswer {
    pub fn of(found: &FoundPerson, settings: &DeskSettings) -> FoundAnswer {
        let profile = &found.profile;
        let manager = profile.manager.as_ref();
        let privilege = found.privilege.as_ref().ok().and_then(Option::as_ref);
        let obstacle = found.privilege.as_ref().err();
        let contacts = [
            (found.has_business_phone, "business_phone"),
            (found.has_mobile_phone, "mobile_phone"),
        ];
        FoundAnswer {
            id: profile.id,
            user_name: profile.user_name.clone(),
            name: profile.name.clone(),
            job_title: profile.job_title.clone(),
            department: profile.department.clone(),
            manager: manager.map(|manager| {
                let name = manager.name.clone();
                name.unwrap_or_else(|| manager.id.to_string())
            }),
            contacts: contacts
                .into_iter()
                .filter_map(|(has, name)| has.then_some(name))
                .collect(),
            hints: found.hints.iter().copied().map(HintLine::of).collect(),
            rejections: found.rejections.iter().map(RejectionLine::from).collect(),
            privileged: privilege.is_some(),
            privilege: privilege.map(ToString::to_string),
            obstacle: ObstacleLines::of(obstacle, next_before_signing),
            can_go_on: found.is_worth_verifying()
                && (privilege.is_none() || settings.leads_to_privileged),
        }
    }
}

#[derive(Serialize)]
pub struct ContactAnswer {
    contact: &'static str,
    number: String,
}

impl ContactAnswer {
    pub fn of(contact: &Contact) -> ContactAnswer {
        ContactAnswer {
            contact: contact.kind.as_str(),
            number: contact.number.expose_secret().to_owned(),
        }
    }
}

/// A draft, and what the sign-in for it needs.
#[derive(Serialize)]
pub struct DraftAnswer {
    id: DraftId,
    /// The bytes that are signed.
    text: String,
    nonce: String,
    expires_at: Timestamp,
    login_hint: Option<String>,
    #[serde(flatten)]
    obstacle: ObstacleLines,
}

impl DraftAnswer {
    pub fn of(draft: &OpenDraft, session: &Session) -> DraftAnswer {
        DraftAnswer {
            id: draft.id.clone(),
            text: draft.text.clone(),
            nonce: draft.nonce.clone(),
            expires_at: draft.expires_at,
            login_hint: session.user_name.clone(),
            obstacle: ObstacleLines::of(draft.obstacle.as_ref(), next_before_signing),
        }
    }
}

/// A verification that waits for its approval.
#[derive(Serialize)]
pub struct CaseAnswer {
    case: DraftId,
    /// What the verifier signed, to the byte.
    signed_text: String,
    ticket: TicketKey,
    target: String,
    target_id: ObjectId,
    /// The display name, for an approver.
    name: Option<String>,
    reason: &'static str,
    scope: String,
    verifier: String,
    verified_at: Timestamp,
    /// How many resets were begun on the verifier's word within 24 hours.
    verifier_resets: usize,
    open_until: Timestamp,
    /// How the person was verified, in words.
    evidence: Vec<String>,
    rejections: Vec<RejectionLine>,
    approved: bool,
    /// What the reset would do by what the directory says now; no signature covers it.
    preview: Option<PreviewAnswer>,
    #[serde(flatten)]
    obstacle: ObstacleLines,
    /// Whether a ticket system may start the reset, with a reference.
    for_ticket: bool,
    /// Where this approver signs with their passkey instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    with_passkey: Option<String>,
}

impl CaseAnswer {
    pub fn of(
        case: &Case,
        (for_ticket, with_passkey): (bool, Option<String>),
        presentation: &Presentation,
    ) -> CaseAnswer {
        let verifier = case.verifier_name.clone();
        let outlook = case.preview.as_ref();
        let obstacle = outlook.and_then(|outlook| outlook.as_ref().err());
        CaseAnswer {
            case: case.id.clone(),
            signed_text: case.text.clone(),
            ticket: case.about.ticket.clone(),
            target: case.about.target_name.clone(),
            target_id: case.about.target,
            name: case.target_display.clone(),
            reason: case.about.reason.into(),
            scope: case.about.scope.into(),
            verifier: verifier.unwrap_or_else(|| case.verifier.to_string()),
            verified_at: case.verified_at,
            verifier_resets: case.verifier_resets,
            open_until: case.open_until,
            evidence: case.evidence.iter().copied().map(report::how).collect(),
            rejections: case.rejections.iter().map(RejectionLine::from).collect(),
            approved: case.approved,
            preview: outlook
                .and_then(|outlook| outlook.as_ref().ok())
                .map(|preview| report::preview(preview, presentation)),
            obstacle: ObstacleLines::of(obstacle, next_at_desk),
            for_ticket,
            with_passkey,
        }
    }
}
