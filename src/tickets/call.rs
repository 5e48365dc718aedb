//! Calls to a ticket system: one attempt each, bounded in time and in size.
//!
//! The decision is by status. No answer's content is logged or passed on: it may hold the ticket.

use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::json;
use crate::outbound::{bounded_body, retry_after};
use crate::reset::ports::TicketError;
use crate::secrets::SecretError;

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(4);

/// The most that an answer may hold: a hundred comments are about 300 KB, mostly their authors, if people write
/// them, and one may have 32,767 characters if a machine does.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// What 404 means. Jira also answers so if the account may not see the ticket.
pub const NO_SUCH_TICKET: &str =
    "there is no such ticket, or the function's account may not see it";

/// Why a call has not done what it should.
#[derive(Debug)]
pub enum Failed {
    /// The credential is not accepted; another may be.
    Credential,
    /// Another try may help.
    Transient { after: Option<Duration> },
    /// The same call will not help.
    Permanent(&'static str),
}

/// Another try may help; the peer did not say when.
pub const TRANSIENT: Failed = Failed::Transient { after: None };

impl From<Failed> for TicketError {
    fn from(failed: Failed) -> TicketError {
        match failed {
            // An administrator may mend it in the two hours for which it is tried, and each try raises the alarm.
            Failed::Credential => TicketError::Transient { after: None },
            Failed::Transient { after } => TicketError::Transient { after },
            Failed::Permanent(why) => TicketError::Permanent(why),
        }
    }
}

impl From<SecretError> for Failed {
    fn from(error: SecretError) -> Failed {
        tracing::error!(%error, "no credential for the ticket system");
        // Whatever it is, an operator may mend it in the two hours.
        match error {
            // The copy may be older than the mended secret.
            SecretError::Malformed(..) => Failed::Credential,
            SecretError::Missing(_)
            | SecretError::MarkedForDeletion(_)
            | SecretError::Denied(_)
            | SecretError::Empty(_)
            | SecretError::Unavailable(..) => TRANSIENT,
        }
    }
}

/// What authenticates the function to a ticket system.
pub enum Credential {
    /// HTTP Basic.
    Password {
        user: String,
        password: SecretString,
    },
    /// A bearer token.
    Token(SecretString),
}

impl Credential {
    /// The request, with the proof.
    pub fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Credential::Password { user, password } => {
                request.basic_auth(user, Some(password.expose_secret()))
            }
            Credential::Token(token) => request.bearer_auth(token.expose_secret()),
        }
    }
}

/// What is to be in a ticket.
pub struct Note<'a> {
    pub ticket: &'a str,
    pub text: &'a str,
    pub mark: &'a str,
    pub public: bool,
}

/// Changes something, and gives what the answer shows of it. `None` if it shows nothing: another success than the
/// documented one, an empty body, the log-in page of a proxy. Whether the change was made has to be looked up then.
pub async fn write<T: DeserializeOwned>(
    request: RequestBuilder,
    documented: StatusCode,
) -> Result<Option<T>, Failed> {
    let answer = send(request).await?;
    if answer.status() != documented {
        return Ok(None);
    }
    let body = bounded_body(answer, LARGEST_ANSWER).await;
    Ok(body.ok().and_then(|body| shape(&body)))
}

/// Deletes something. A success other than 204 says nothing of it, and another try finds out.
pub async fn delete(request: RequestBuilder) -> Result<(), Failed> {
    let answer = send(request).await?;
    (answer.status() == StatusCode::NO_CONTENT)
        .then_some(())
        .ok_or(TRANSIENT)
}

/// Reads something. A success that cannot be read is none: it may be the page of a proxy.
pub async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Failed> {
    read_with_headers(request).await.map(|(answer, _)| answer)
}

/// Reads something, and what its headers say of it.
pub async fn read_with_headers<T: DeserializeOwned>(
    request: RequestBuilder,
) -> Result<(T, HeaderMap), Failed> {
    let answer = send(request).await?;
    let headers = answer.headers().clone();
    let body = bounded_body(answer, LARGEST_ANSWER).await;
    let body = body.map_err(|_| TRANSIENT)?;
    let answer = shape(&body).ok_or(TRANSIENT)?;
    Ok((answer, headers))
}

fn shape<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    json::read(body).ok()
}

async fn send(request: RequestBuilder) -> Result<Response, Failed> {
    let request = request.header(ACCEPT, "application/json").timeout(TIMEOUT);
    let answer = request.send().await.map_err(|error| {
        if error.is_builder() {
            Failed::Permanent(
                "the secret in [notes] has characters that an HTTP header cannot hold",
            )
        } else {
            TRANSIENT
        }
    })?;
    match judge(answer.status(), answer.headers()) {
        Ok(()) => Ok(answer),
        Err(Failed::Permanent(NO_SUCH_TICKET)) => {
            let body = bounded_body(answer, LARGEST_ANSWER).await;
            Err(not_found(&body.unwrap_or_default()))
        }
        Err(failed) => Err(failed),
    }
}

/// What a 404 with this body means. One that is not in the words of a ticket system is a gateway's, and says nothing about
/// the ticket.
fn not_found(body: &[u8]) -> Failed {
    let body = json::parse(body).unwrap_or_default();
    let is_jira = body.get("errorMessages").is_some_and(Value::is_array);
    let is_servicenow = body.get("error").is_some_and(Value::is_object);
    if is_jira || is_servicenow {
        Failed::Permanent(NO_SUCH_TICKET)
    } else {
        TRANSIENT
    }
}

/// What a status means for the call.
fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), Failed> {
    let failed = match status.as_u16() {
        _ if is_anonymous(headers) => Failed::Credential,
        200..=299 => return Ok(()),
        401 => Failed::Credential,
        408 | 425 | 429 | 500..=599 => Failed::Transient {
            after: retry_after(headers),
        },
        // The client follows no redirects: the credential would go along.
        300..=399 => {
            Failed::Permanent("it redirects to another address: correct the one in [notes]")
        }
        400 => Failed::Permanent("it answers 400 to the request"),
        // An administrator may give the account the right in the two hours.
        403 => TRANSIENT,
        404 => Failed::Permanent(NO_SUCH_TICKET),
        409 => Failed::Permanent("it answers 409: the state of the ticket does not allow notes"),
        415 => Failed::Permanent("it answers 415 to JSON"),
        _ => Failed::Permanent("it answers with a status that is not documented"),
    };
    tracing::warn!(
        status = status.as_u16(),
        "the ticket system answered with an error"
    );
    Err(failed)
}

/// Jira takes a request whose credential it does not accept for an anonymous one: it answers 404, or even 200 with
/// what everybody may see, and says so here (MrRefactoring/jira.js, issue 418).
fn is_anonymous(headers: &HeaderMap) -> bool {
    headers
        .get("x-seraph-loginreason")
        .is_some_and(|reason| reason.as_bytes() == b"AUTHENTICATED_FAILED")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_an_object_in_which_no_member_comes_twice() {
        #[derive(serde::Deserialize)]
        struct Answer {
            #[serde(rename = "id")]
            _id: String,
        }
        assert!(shape::<Answer>(br#"{"id": "1", "more": [1]}"#).is_some());
        for odd in [
            r#"["1"]"#,
            r#"{"id": "1", "id": "2"}"#,
            r#"{"id": "1", "x": 1, "x": 2}"#,
        ] {
            assert!(shape::<Answer>(odd.as_bytes()).is_none(), "{odd}");
        }
    }

    #[test]
    fn a_404_that_no_ticket_system_wrote_says_nothing_about_the_ticket() {
        for body in [
            r#"{"errorMessages": ["Issue does not exist"], "errors": {}}"#,
            r#"{"error": {"message": "No Record found", "detail": null}, "status": "failure"}"#,
        ] {
            let failed = not_found(body.as_bytes());
            assert!(matches!(failed, Failed::Permanent(_)), "{body}");
        }
        for body in [
            "",
            "<html>",
            "[]",
            r#"{"error": "Not Found", "status": 404}"#,
        ] {
            let failed = not_found(body.as_bytes());
            assert!(matches!(failed, Failed::Transient { .. }), "{body}");
        }
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_request_that_jira_took_for_anonymous_counts_as_a_bad_credential_whatever_the_status() {
        let failed = headers("x-seraph-loginreason", "AUTHENTICATED_FAILED");
        for status in [StatusCode::OK, StatusCode::NOT_FOUND] {
            assert!(matches!(judge(status, &failed), Err(Failed::Credential)));
        }
        assert!(judge(StatusCode::OK, &headers("x-seraph-loginreason", "OK")).is_ok());
    }
}
