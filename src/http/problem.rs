//! Errors as RFC 9457 problem details.
//!
//! The status says what senders should do: Jira sends 408, 409, 425, 429 and 5xx again and gives up on the
//! rest, so a lasting refusal is 401, 403, 404 or 422, and an outage before anything is accepted 503. What is accepted and
//! not done yet is no problem: it is answered 202.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::ids::ResetId;
use crate::report::{self, ApprovalLine, Code, Explained, Retry, capitalised};
use crate::reset::RefusalText;

/// A problem, ready to be sent. Beside the members of RFC 9457 it has what an automation prints and acts upon.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: String,
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    /// The same for every problem of one code.
    title: String,
    /// What it is this time.
    detail: String,
    code: String,
    next: String,
    /// The request's name, if it was accepted before it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reset: Option<ResetId>,
    /// Detail and next step, ready for the ticket, as an outcome has one.
    note: String,
    /// Whether the same request may succeed later.
    retry: bool,
    /// What was read in approvals that are proven, for whoever holds them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<ApprovalLine>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u16(status.as_u16())
}

/// What is to be done about a problem of HTTP's own.
const SEE_ROUTES: &str = "Compare the request with the documentation of the routes.";

impl Problem {
    /// A problem of HTTP's own, which the same request will meet again.
    pub fn plain(status: StatusCode, code: &'static str, detail: &str) -> Problem {
        Problem::new(status, code, spelled_out(code), detail, SEE_ROUTES, None)
    }

    /// A problem of HTTP's own that another try may not meet.
    pub fn passing(status: StatusCode, code: &'static str, detail: &str) -> Problem {
        let title = spelled_out(code);
        let retry = Some(report::RETRY_AFTER.as_secs());
        Problem::new(status, code, title, detail, "Send the same again.", retry)
    }

    /// We have made a mistake.
    pub fn internal() -> Problem {
        Problem::passing(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong that should not; the log has it.",
        )
    }

    fn new(
        status: StatusCode,
        code: &str,
        title: String,
        detail: &str,
        next: &str,
        retry_after: Option<u64>,
    ) -> Problem {
        Problem {
            kind: format!("urn:reregister-mfa:problem:{code}"),
            status,
            title,
            detail: detail.to_owned(),
            code: code.to_owned(),
            next: next.to_owned(),
            reset: None,
            note: match retry_after {
                Some(_) => format!("MFA re-registration is not done yet. {detail} {next}"),
                None => report::refused(detail, next),
            },
            retry: retry_after.is_some(),
            approvals: Vec::new(),
            retry_after,
        }
    }

    /// A refusal of a request that was accepted, as the ledger keeps it.
    pub fn refused(reset: ResetId, words: &RefusalText) -> Problem {
        let RefusalText { code, detail, next } = words;
        // One that another version has written may be unknown here.
        let (status, title) = match code.parse::<Code>() {
            Ok(known) => (status(known), known.title().to_owned()),
            Err(_) => (StatusCode::UNPROCESSABLE_ENTITY, spelled_out(code)),
        };
        Problem {
            reset: Some(reset),
            ..Problem::new(status, code, title, detail, next, None)
        }
    }

    /// The same, beside what was read in the approvals.
    pub fn beside(self, approvals: Vec<ApprovalLine>) -> Problem {
        Problem { approvals, ..self }
    }
}

/// A code of HTTP's own, or one that is not known here, in words.
fn spelled_out(code: &str) -> String {
    capitalised(&code.replace('_', " "))
}

impl From<Explained> for Problem {
    fn from(explained: Explained) -> Problem {
        let Explained {
            code,
            detail,
            next,
            retry,
        } = explained;
        let retry_after = match retry {
            Retry::No => None,
            Retry::After(time) => Some(time.as_secs().max(1)),
        };
        let title = code.title().to_owned();
        Problem::new(
            status(code),
            code.as_str(),
            title,
            &detail,
            next,
            retry_after,
        )
    }
}

/// By the code, so that a refusal that is kept is answered as it was at first.
fn status(code: Code) -> StatusCode {
    match code {
        Code::DeliveryUnauthentic | Code::ApprovalInvalid => StatusCode::UNAUTHORIZED,
        Code::IssuerNotAllowed
        | Code::ApproverIsTarget
        | Code::VerifierIsTarget
        | Code::NotTheKeysOwner
        | Code::KeyWithoutOwner
        | Code::HardwareKeyMissing
        | Code::BreakGlass
        | Code::RestrictedUnit
        | Code::NoPrivilegedCredential
        | Code::ApprovalsOneApprover
        | Code::ApprovalsOneDomain
        | Code::ApproverVerified
        | Code::EvidenceOneMethod
        | Code::EvidenceSms
        | Code::SourceStandardOnly
        | Code::IssuerStandardOnly
        | Code::Frozen
        | Code::CoolingDown
        | Code::CapReached
        | Code::PrivilegedRole
        | Code::PrivilegedEligibleRole
        | Code::PrivilegedRoleAssignableGroup
        | Code::PrivilegedGroupOwner
        | Code::PrivilegedEligibleGroup
        | Code::PrivilegedRestrictedUnit
        | Code::PrivilegedGroup
        | Code::PrivilegedApprover => StatusCode::FORBIDDEN,
        Code::NoSuchReset => StatusCode::NOT_FOUND,
        Code::TargetBusy => StatusCode::CONFLICT,
        Code::Misconfigured
        | Code::OutOfTime
        | Code::SecretsUnavailable
        | Code::KeysUnavailable
        | Code::DirectoryUnavailable
        | Code::LedgerUnavailable
        | Code::AuditUnavailable
        | Code::QueueUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeliveryUnreadable
        | Code::TicketWithoutPerson
        | Code::RequestUnreadable
        | Code::ApprovalMissing
        | Code::TooManyApprovals
        | Code::ApprovalClaim
        | Code::ApprovalAudience
        | Code::ApprovalExpired
        | Code::ApprovalNotYet
        | Code::ApprovalTooLong
        | Code::ApprovalUsed
        | Code::ApprovalsDisagree
        | Code::EvidenceStale
        | Code::EvidenceOnLostPhone
        | Code::OtherTicket
        | Code::OtherTenant
        | Code::OtherPerson
        | Code::TargetNotFound
        | Code::TicketUserNotFound
        | Code::ApproverNotFound
        | Code::VerifierNotFound
        | Code::KeyOwnerNotFound
        | Code::TargetDisabled
        | Code::ApproverDisabled
        | Code::VerifierDisabled
        | Code::ChangedMeanwhile => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 15.5.2 wants a challenge with every 401.
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
