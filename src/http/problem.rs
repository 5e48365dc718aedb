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
use crate::report::{self, ApprovalLine, capitalised, refusal_text};
use crate::reset::{Code, Parties, Refusal, RefusalText, Retry};

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
    /// Whether a second approval beside the first may change the answer; absent for problems of HTTP's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_approval: Option<bool>,
    /// What was read in the authentic approvals, for their holder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<ApprovalLine>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u16(status.as_u16())
}

/// What is to be done about a problem of HTTP's own.
const SEE_ROUTES: &str = "Compare the request with the documentation of this service.";

impl Problem {
    /// A problem of HTTP's own, which the same request will meet again.
    pub fn plain(status: StatusCode, code: &'static str, detail: &str) -> Problem {
        Problem::new(status, code, spelled_out(code), detail, SEE_ROUTES, None)
    }

    /// A problem of HTTP's own that another try may not meet.
    pub fn passing(status: StatusCode, code: &'static str, detail: &str) -> Problem {
        let title = spelled_out(code);
        let retry = Retry::Soon.after().map(|time| time.as_secs());
        Problem::new(
            status,
            code,
            title,
            detail,
            "Send the same request again.",
            retry,
        )
    }

    /// Nothing is served at this address.
    pub fn no_page() -> Problem {
        let text = "There is no page at this address.";
        Problem::plain(StatusCode::NOT_FOUND, "not_found", text)
    }

    /// What the desk does not do.
    pub fn at_desk(
        status: StatusCode,
        code: &'static str,
        title: &str,
        detail: &str,
        next: &str,
    ) -> Problem {
        Problem::new(status, code, title.to_owned(), detail, next, None)
    }

    /// The refusal's code; `None` for a problem of HTTP's own, or of another version.
    pub fn code(&self) -> Option<Code> {
        self.code.parse().ok()
    }

    /// With another next step, if there is one.
    pub fn followed_by(self, next: Option<&str>) -> Problem {
        let Some(next) = next else { return self };
        let detail = self.detail.clone();
        self.saying(&detail, next)
    }

    /// In other words.
    pub fn saying(self, detail: &str, next: &str) -> Problem {
        let (status, code, title) = (self.status, self.code, self.title);
        Problem {
            reset: self.reset,
            second_approval: self.second_approval,
            approvals: self.approvals,
            ..Problem::new(status, &code, title, detail, next, self.retry_after)
        }
    }

    /// This program has made a mistake.
    pub fn internal() -> Problem {
        Problem::passing(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "This service made a mistake. Its log has the details.",
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
                None => report::refusal_note(detail, next),
            },
            retry: retry_after.is_some(),
            second_approval: None,
            approvals: Vec::new(),
            retry_after,
        }
    }

    /// A refusal of a request that came with so many authentic approvals.
    pub fn refused(refusal: &Refusal, presented: usize) -> Problem {
        let text = refusal_text(refusal);
        let row = refusal.code().row();
        let retry_after = refusal.retry_after().map(|time| time.as_secs().max(1));
        Problem {
            second_approval: Some(row.second_approval.may_help(presented)),
            ..Problem::new(
                status(row.status),
                &text.code,
                row.title.to_owned(),
                &text.detail,
                &text.next,
                retry_after,
            )
        }
    }

    /// The same, where an outcome was asked for: what became of that reset is another matter, and the reader must not take
    /// it for refused.
    pub fn of_outcome(self) -> Problem {
        let note = report::outcome_not_shown(&self.detail, &self.next);
        Problem { note, ..self }
    }

    /// A refusal of a request that was accepted, as the ledger keeps it.
    pub fn recorded(reset: ResetId, text: &RefusalText, presented: usize) -> Problem {
        let RefusalText { code, detail, next } = text;
        let row = text.row();
        let (status, title) = match row {
            Some(row) => (status(row.status), row.title.to_owned()),
            None => (StatusCode::UNPROCESSABLE_ENTITY, spelled_out(code)),
        };
        Problem {
            reset: Some(reset),
            second_approval: row.map(|row| row.second_approval.may_help(presented)),
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

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
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

/// This program has made a mistake; the alarms count it.
pub fn internal() -> Response {
    Parties::default().log("internal_error", "a panic");
    Problem::internal().into_response()
}
