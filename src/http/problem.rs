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
use crate::report::{self, ApprovalLine, Retry, explain};
use crate::reset::{Refusal, Words};

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
        Problem::new(
            status,
            code.to_owned(),
            detail.to_owned(),
            SEE_ROUTES.to_owned(),
            None,
        )
    }

    /// A problem of HTTP's own that another try may not meet.
    pub fn passing(status: StatusCode, code: &'static str, detail: &str) -> Problem {
        Problem::new(
            status,
            code.to_owned(),
            detail.to_owned(),
            "Send the same again.".to_owned(),
            Some(30),
        )
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
        code: String,
        detail: String,
        next: String,
        retry_after: Option<u64>,
    ) -> Problem {
        Problem {
            kind: format!("urn:reregister-mfa:problem:{code}"),
            status,
            reset: None,
            title: title(&code),
            note: match retry_after {
                Some(_) => format!("MFA re-registration is not done yet. {detail} {next}"),
                None => report::refused(&detail, &next),
            },
            detail,
            code,
            next,
            retry: retry_after.is_some(),
            approvals: Vec::new(),
            retry_after,
        }
    }
}

/// `approval_expired` is "Approval expired".
fn title(code: &str) -> String {
    let words = code.replace('_', " ");
    let mut letters = words.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}", letters.as_str())
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Problem {
        let explained = explain(refusal);
        let retry_after = match explained.retry {
            Retry::No => None,
            Retry::After(time) => Some(time.as_secs().max(1)),
        };
        Problem::new(
            status(explained.code),
            explained.code.to_owned(),
            explained.detail,
            explained.next.to_owned(),
            retry_after,
        )
    }
}

impl Problem {
    /// A refusal of a request that was accepted, as the ledger keeps it.
    pub fn refused(reset: ResetId, words: &Words) -> Problem {
        let Words { code, detail, next } = words.clone();
        let status = status(&code);
        Problem {
            reset: Some(reset),
            ..Problem::new(status, code, detail, next, None)
        }
    }

    /// The same, beside what was read in the approvals.
    pub fn beside(self, approvals: Vec<ApprovalLine>) -> Problem {
        Problem { approvals, ..self }
    }
}

/// By the code, so that a refusal that is kept is answered as it was at first.
fn status(code: &str) -> StatusCode {
    match code {
        "delivery_unauthentic" | "approval_invalid" => StatusCode::UNAUTHORIZED,
        "issuer_not_allowed"
        | "approver_is_target"
        | "verifier_is_target"
        | "not_the_keys_owner"
        | "key_without_owner"
        | "hardware_key_missing"
        | "break_glass"
        | "restricted_unit"
        | "no_privileged_credential"
        | "approvals_one_approver"
        | "approvals_one_domain"
        | "approver_verified"
        | "evidence_one_method"
        | "evidence_sms"
        | "source_standard_only"
        | "issuer_standard_only"
        | "frozen"
        | "cooling_down"
        | "cap_reached" => StatusCode::FORBIDDEN,
        code if code.starts_with("privileged_") => StatusCode::FORBIDDEN,
        "no_such_reset" => StatusCode::NOT_FOUND,
        "target_busy" => StatusCode::CONFLICT,
        "misconfigured" | "out_of_time" => StatusCode::SERVICE_UNAVAILABLE,
        code if code.ends_with("_unavailable") => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
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
