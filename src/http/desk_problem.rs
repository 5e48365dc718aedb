//! What the desk does not do, in words for the people at its page.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::response;
use super::services::Services;
use crate::clock;
use crate::desk::{DeskError, Session};
use crate::report;
use crate::reset::{Code, RequestStatus};

/// The next step of a verifier who has signed nothing yet, where it differs from an approver's.
pub fn next_before_signing(code: Code) -> Option<&'static str> {
    match code {
        Code::WouldLockOut => Some(
            "Ask the person whether they still have it. Then press Back, and change your answer about the passkey.",
        ),
        Code::CoolingDown => Some(
            "Verify them now only if that time is within four hours, and send the approver the link: they approve after \
             it. If it cannot wait, call a person on call.",
        ),
        Code::EvidenceWeak => Some(
            "Press Back, and verify them in another way as well, such as in person, by video, or on a desk phone.",
        ),
        Code::PasswordJustChanged => Some(
            "Ask the person whether they changed it. Then press Back, and verify them in a second way as well.",
        ),
        Code::ContactChanged => {
            Some("Find out who changed it. Then press Back, and verify them in another way.")
        }
        Code::Frozen => Some(
            "Ask the security team whether the freeze is lifted soon: an approver can approve within four hours of your \
             signature.",
        ),
        Code::CapReached => Some(
            "Have the security team check who requests so many. An approver can approve within four hours of your \
             signature, once there is room.",
        ),
        other => next_at_desk(other),
    }
}

/// The next step after a refusal where it differs at the desk.
pub fn next_at_desk(code: Code) -> Option<&'static str> {
    match code {
        // Who signs here writes no scopes.
        Code::WouldLockOut => Some(
            "Ask the person whether they still have it. Then have them verified again: the agent answers that, or chooses \
             under \"Other choices\" to go ahead.",
        ),
        // One approval is all that this page takes.
        Code::CoolingDown => Some(
            "Wait until then, and approve it then: a verification stays open for four hours. If it cannot wait, two people \
             approve on call or in the ticket.",
        ),
        Code::Frozen => Some(
            "Ask the security team to lift the freeze, and approve it then: a verification stays open for four hours.",
        ),
        Code::CapReached => Some(
            "Have the security team check who requests so many. Approve it once there is room: a verification stays open \
             for four hours.",
        ),
        Code::VerifierLimit => {
            Some("A different person has to verify them, here or in the ticket.")
        }
        Code::TargetBusy => Some(
            "Wait until the other reset has ended. Then look whether this one is still needed.",
        ),
        // Often it is the wrong account, and the person stays verified.
        Code::SignInInvalid => Some(
            "Start again, and sign in with the account that you use on this page. If it happens again, ask the \
             administrators of this service.",
        ),
        _ => None,
    }
}

/// What came of an approval.
pub fn status(services: &Services, status: &RequestStatus, replayed: bool) -> Response {
    match response::problem(status) {
        Some(problem) => {
            let next = problem.code().and_then(next_at_desk);
            problem.followed_by(next).into_response()
        }
        None => response::status(services, status, replayed),
    }
}

/// Why there is nothing to sign.
pub fn of_draft(error: &DeskError) -> Problem {
    match error {
        DeskError::ResetRefused(refusal) => {
            Problem::refused(refusal, 0).followed_by(next_before_signing(refusal.code()))
        }
        other => problem(other),
    }
}

/// Why something is not signed, for the person who was asked to sign it.
pub fn of_signature(error: &DeskError, session: &Session) -> Problem {
    let problem = problem(error);
    match (problem.code(), &session.user_name) {
        (Some(Code::SignInInvalid), Some(name)) => problem.followed_by(Some(&format!(
            "Start again, and sign in as {name}. If it happens again, ask the administrators of this service."
        ))),
        _ => problem,
    }
}

pub fn problem(error: &DeskError) -> Problem {
    let (status, code, title, next) = match error {
        DeskError::Internal => return Problem::internal(),
        DeskError::Refused(refusal) | DeskError::ResetRefused(refusal) => {
            return Problem::refused(refusal, 0).followed_by(next_at_desk(refusal.code()));
        }
        // Here the approval is a sign-in, so that it can neither be used nor sent again.
        DeskError::SignInDown(refusal) => {
            return Problem::refused(refusal, 0).saying(
                "Microsoft Entra's sign-in does not answer.",
                "Sign in again in a few minutes: what was signed before is kept. If the person cannot wait, ask a person \
                 on call: they can approve with a passkey or a key of their own.",
            );
        }
        DeskError::NoSession => (
            StatusCode::UNAUTHORIZED,
            "desk_session_over",
            "You are not signed in here",
            "Sign in again. What you signed is kept.",
        ),
        DeskError::RoleMissing(_) => (
            StatusCode::FORBIDDEN,
            "desk_role_missing",
            "You may not do this",
            "Ask the administrators of Microsoft Entra who may verify and who may approve MFA resets. An approver opens \
             the approver's link in the ticket.",
        ),
        DeskError::Unreadable(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "desk_request_unreadable",
            "The request cannot be read",
            "Reload the page and start again.",
        ),
        DeskError::NoSuchDraft => (
            StatusCode::NOT_FOUND,
            "desk_no_such_draft",
            "Nothing to sign here",
            "Start again. Nothing was signed.",
        ),
        DeskError::DraftExpired => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "desk_draft_expired",
            "Too late to sign",
            "Start again. Nothing was signed.",
        ),
        DeskError::NoSuchCase => (
            StatusCode::NOT_FOUND,
            "desk_no_such_case",
            "There is no such verification",
            "Check the link. If it is older, have the person verified again.",
        ),
        DeskError::Rejected => (
            StatusCode::FORBIDDEN,
            "desk_rejected",
            "Rejected already",
            "Have the person verified again if they still need it.",
        ),
        DeskError::ApprovedAlready => (
            StatusCode::FORBIDDEN,
            "desk_approved",
            "Approved already",
            "To stop the reset, ask the security team to freeze resets.",
        ),
        DeskError::TooMany { again, .. } => {
            // What is cut off of a minute has not passed yet.
            let again = clock::after(*again, Duration::from_secs(59));
            let next = format!(
                "This is possible again at {}. Until then a colleague has to do it.",
                report::minute(again)
            );
            let detail = detail(error);
            let (status, code) = (StatusCode::FORBIDDEN, "desk_too_many");
            return Problem::at_desk(status, code, "Too many for now", &detail, &next);
        }
        DeskError::NoReferences => (
            StatusCode::FORBIDDEN,
            "desk_no_references",
            "Not for the ticket",
            "Go back, and approve on this page.",
        ),
        DeskError::Busy => {
            return Problem::passing(
                StatusCode::SERVICE_UNAVAILABLE,
                "desk_busy",
                "Too many people sign in at this moment.",
            )
            .followed_by(Some("Try again in a few seconds."));
        }
        DeskError::CodeRefused => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "desk_code_refused",
            "The sign-in did not count",
            "Sign in again. Nothing was signed.",
        ),
        DeskError::Evidence(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "desk_evidence",
            "This way does not count",
            "Verify the person in a way that the page offers.",
        ),
        DeskError::NotThreePeople => (
            StatusCode::FORBIDDEN,
            "desk_same_person",
            "A different person has to do this",
            "Ask a colleague to do it.",
        ),
        DeskError::NotTheirManager => (
            StatusCode::FORBIDDEN,
            "verifier_not_manager",
            "You are not their manager",
            "Check the spelling. If you are their manager, ask the administrators of Microsoft Entra to correct it.",
        ),
    };
    Problem::at_desk(status, code, title, &detail(error), next)
}

fn detail(error: &DeskError) -> String {
    format!("{}.", report::capitalised(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::reset::Refusal;

    #[test]
    fn who_has_done_it_too_often_reads_how_often_and_when_it_is_possible_again() {
        let error = DeskError::TooMany {
            done: "looked up 20 people and phone numbers within an hour".to_owned(),
            again: "2026-11-29T11:15:01Z".parse().unwrap(),
        };
        let json = serde_json::to_value(problem(&error)).unwrap();
        insta::assert_snapshot!(json["detail"].as_str().unwrap(), @"You have looked up 20 people and phone numbers within an hour.");
        insta::assert_snapshot!(json["next"].as_str().unwrap(), @"This is possible again at 2026-11-29 11:16 UTC. Until then a colleague has to do it.");
    }

    #[test]
    fn what_a_verifier_reads_before_they_sign_asks_for_no_approval() {
        for code in [
            Code::WouldLockOut,
            Code::CoolingDown,
            Code::EvidenceWeak,
            Code::PasswordJustChanged,
            Code::ContactChanged,
            Code::Frozen,
            Code::CapReached,
            Code::VerifierLimit,
            Code::TargetBusy,
        ] {
            let next = next_before_signing(code).unwrap();
            assert!(
                !next.contains("approval") && !next.contains("have them verified"),
                "{next}"
            );
        }
    }

    #[test]
    fn people_read_no_word_that_only_programmers_use() {
        for error in [
            DeskError::NoSession,
            DeskError::RoleMissing("Approver"),
            DeskError::NoSuchDraft,
            DeskError::DraftExpired,
            DeskError::NoSuchCase,
            DeskError::Rejected,
            DeskError::ApprovedAlready,
            DeskError::TooMany {
                done: "looked up 20 people and phone numbers within an hour".to_owned(),
                again: Timestamp::UNIX_EPOCH,
            },
            DeskError::NoReferences,
            DeskError::Busy,
            DeskError::CodeRefused,
            DeskError::NotTheirManager,
            DeskError::Evidence("the directory has no such contact"),
            DeskError::NotThreePeople,
            DeskError::SignInDown(Refusal::DirectoryUnavailable { after: None }),
            DeskError::Refused(Refusal::WouldLockOut {
                passkeys: Vec::new(),
                said_to_be_kept: true,
            }),
        ] {
            let json = serde_json::to_value(problem(&error)).unwrap();
            for name in ["title", "detail", "next", "note"] {
                let text = json[name].as_str().unwrap().to_lowercase();
                assert!(text.len() > 4, "{json}");
                let mut words = text.split(|letter: char| !letter.is_alphanumeric());
                let odd = ["draft", "case", "session", "nonce", "claim", "scope"];
                let is_odd = |word: &str| odd.contains(&word.trim_end_matches('s'));
                assert!(!words.any(is_odd), "{json}");
            }
        }
    }
}
