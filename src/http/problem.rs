//! Errors as RFC 9457 problem details.
//!
//! The status says what senders should do: Jira sends 408, 409, 425, 429 and 5xx again and gives up on the
//! rest, so a lasting refusal is 401, 403, 404 or 422, an outage 503.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::approval::Refused;
use crate::report::{Retry, explain};
use crate::reset::{LedgerError, Refusal};

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
    code: &'static str,
    next: &'static str,
    /// Detail and next step, ready for the ticket, as an outcome has one.
    note: String,
    /// Whether the same request may succeed later.
    retry: bool,
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
        Problem::new(status, code, detail.to_owned(), SEE_ROUTES, None)
    }

    /// A problem of HTTP's own that another try may not meet.
    pub fn passing(status: StatusCode, code: &'static str, detail: &str) -> Problem {
        Problem::new(
            status,
            code,
            detail.to_owned(),
            "Send the same again.",
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
        code: &'static str,
        detail: String,
        next: &'static str,
        retry_after: Option<u64>,
    ) -> Problem {
        Problem {
            kind: format!("urn:reregister-mfa:problem:{code}"),
            status,
            title: title(code),
            note: match retry_after {
                Some(_) => format!("MFA re-registration is not done yet. {detail} {next}"),
                None => format!("MFA re-registration was refused. {detail} {next}"),
            },
            detail,
            code,
            next,
            retry: retry_after.is_some(),
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
            status(refusal),
            explained.code,
            explained.detail,
            explained.next,
            retry_after,
        )
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Unauthentic | Refusal::Approval(Refused::Invalid(_)) => StatusCode::UNAUTHORIZED,
        Refusal::IssuerNotAllowed
        | Refusal::SelfService(_)
        | Refusal::NotTheKeysOwner
        | Refusal::KeyWithoutOwner
        | Refusal::BreakGlass
        | Refusal::RestrictedUnit
        | Refusal::Privileged(_)
        | Refusal::Flawed { .. }
        | Refusal::NotServed(_) => StatusCode::FORBIDDEN,
        Refusal::NoSuchReset => StatusCode::NOT_FOUND,
        Refusal::Ledger(LedgerError::Forgotten) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::Busy => StatusCode::CONFLICT,
        Refusal::Misconfigured { .. }
        | Refusal::Secret(_)
        | Refusal::Keys(_)
        | Refusal::Directory { .. }
        | Refusal::Ledger(_)
        | Refusal::Audit(_)
        | Refusal::Interrupted { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Delivery(_)
        | Refusal::Request(_)
        | Refusal::NoApproval
        | Refusal::TooManyApprovals
        | Refusal::Approval(_)
        | Refusal::OtherTicket
        | Refusal::OtherTenant
        | Refusal::OtherPerson
        | Refusal::Disagree(_)
        | Refusal::Used
        | Refusal::NoSuchPerson(_)
        | Refusal::NotActive(_)
        | Refusal::Disabled => StatusCode::UNPROCESSABLE_ENTITY,
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
