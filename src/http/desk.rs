//! `/desk`: the page, and what it asks. The page is the same for every visitor; what it asks wants a session's bearer.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts as _, Path, Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bearer::only_bearer;
use super::body;
use super::desk_answers::{CaseAnswer, ContactAnswer, DraftAnswer, FoundAnswer, SessionAnswer};
use super::desk_problem::{self, problem};
use super::meta::{Deadline, Meta};
use super::problem::Problem;
use super::services::Services;
use crate::approval::{Channel, ContactKind, Reason, Scope, VerificationMethod};
use crate::desk::{
    AuthorizationCode, Bearer, Desk, DeskError, Session, SignatureOutcome, Visit, Wanted,
    WantedEvidence,
};
use crate::ids::{DraftId, ObjectId, PersonRef, TicketKey};
use crate::json;
use crate::reset::Parties;

/// A person waits in front of a page.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Where a person signs in, for the page.
#[derive(Serialize)]
struct SignInSettings<'a> {
    organisation: Option<&'a str>,
    authorize: &'a str,
    client_id: &'a str,
    redirect_uri: &'a str,
    /// The request for claims that a signing sign-in has (OpenID Connect Core 1.0, section 5.5).
    claims: Option<String>,
}

pub async fn settings(State(services): State<Arc<Services>>) -> Response {
    respond(async {
        let desk = desk(&services)?;
        let claims = desk.settings.context.id().map(|id| {
            let wanted = serde_json::json!({ "essential": true, "value": id });
            serde_json::json!({ "id_token": { "acrs": wanted } }).to_string()
        });
        Ok(Json(SignInSettings {
            organisation: services.presentation.organisation.as_deref(),
            authorize: &desk.settings.authorize,
            client_id: &desk.settings.client_id,
            redirect_uri: desk.settings.url.as_str(),
            claims,
        })
        .into_response())
    })
    .await
}

/// What a browser brings back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redemption {
    code: String,
    code_verifier: String,
    /// Of a sign-in that only looks.
    random: Option<String>,
}

impl Redemption {
    /// The code, if it and its verifier can be any.
    fn code(self) -> Result<(AuthorizationCode, Option<String>), DeskError> {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        // RFC 7636, section 4.1.
        let is_verifier = (43..=128).contains(&self.code_verifier.len())
            && self.code_verifier.bytes().all(unreserved);
        let is_code = (1..=8192).contains(&self.code.len())
            && self.code.bytes().all(|b| b.is_ascii_graphic());
        if !is_verifier || !is_code {
            return Err(DeskError::Unreadable("code or code_verifier"));
        }
        let code = AuthorizationCode {
            code: self.code.into(),
            verifier: self.code_verifier.into(),
        };
        Ok((code, self.random))
    }
}

pub async fn begin_session(
    State(services): State<Arc<Services>>,
    request: HttpRequest,
) -> Response {
    respond(async {
        let desk = desk(&services)?;
        let (visit, redemption) = read::<Redemption>(&services, request).await?;
        let (code, random) = redemption.code()?;
        let random = random.ok_or(DeskError::Unreadable("random is missing"))?;
        let begun = desk.begin_session(&code, &random, visit).await?;
        Ok(Json(SessionAnswer::begun(&begun)).into_response())
    })
    .await
}

/// Whose session it is, for a page that was loaded anew.
pub async fn read_session(State(services): State<Arc<Services>>, headers: HeaderMap) -> Response {
    respond(async {
        let (_, session) = session(&services, &headers).await?;
        Ok(Json(SessionAnswer::of(&session)).into_response())
    })
    .await
}

pub async fn end_session(State(services): State<Arc<Services>>, headers: HeaderMap) -> Response {
    respond(async {
        let (desk, session) = session(&services, &headers).await?;
        desk.end_session(session).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhoBody {
    person: PersonRef,
}

pub async fn find(State(services): State<Arc<Services>>, request: HttpRequest) -> Response {
    respond(async {
        let (desk, session) = session(&services, request.headers()).await?;
        let (visit, WhoBody { person }) = read(&services, request).await?;
        let found = desk.find(&session, &person, visit.until).await?;
        Ok(Json(FoundAnswer::of(&found, &desk.settings)).into_response())
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactBody {
    person: ObjectId,
    contact: ContactKind,
}

pub async fn contact(State(services): State<Arc<Services>>, request: HttpRequest) -> Response {
    respond(async {
        let (desk, session) = session(&services, request.headers()).await?;
        let (_, ContactBody { person, contact }) = read(&services, request).await?;
        let contact = desk.contact(&session, person, contact).await?;
        Ok(Json(ContactAnswer::of(&contact)).into_response())
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftBody {
    verification: Option<VerificationBody>,
    approval: Option<ApprovalBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerificationBody {
    ticket: TicketKey,
    target: ObjectId,
    scope: Scope,
    reason: Reason,
    evidence: Vec<EvidenceBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceBody {
    method: VerificationMethod,
    via: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalBody {
    case: DraftId,
    /// For the ticket's automation to present, instead of beginning the reset here.
    #[serde(default)]
    for_ticket: bool,
}

impl DraftBody {
    fn wanted(self) -> Result<Wanted, DeskError> {
        match (self.verification, self.approval) {
            (Some(verification), None) => {
                let evidence = verification.evidence.into_iter();
                let evidence =
                    evidence.map(|EvidenceBody { method, via }| WantedEvidence { method, via });
                Ok(Wanted::Verification {
                    ticket: verification.ticket,
                    target: verification.target,
                    scope: verification.scope,
                    reason: verification.reason,
                    evidence: evidence.collect(),
                })
            }
            (None, Some(ApprovalBody { case, for_ticket })) => Ok(Wanted::Approval {
                case,
                channel: match for_ticket {
                    true => Channel::Webhook,
                    false => Channel::Desk,
                },
            }),
            _ => Err(DeskError::Unreadable(
                "verification or approval, one of the two",
            )),
        }
    }
}

pub async fn draft(State(services): State<Arc<Services>>, request: HttpRequest) -> Response {
    respond(async {
        let (desk, session) = session(&services, request.headers()).await?;
        let (visit, body) = read::<DraftBody>(&services, request).await?;
        let draft = desk.draft(&session, body.wanted()?, visit).await;
        let draft = draft.map_err(|error| {
            let problem = desk_problem::of_draft(&error);
            Failed::Desk(error, Box::new(problem))
        })?;
        Ok(Json(DraftAnswer::of(&draft, &session)).into_response())
    })
    .await
}

#[derive(Serialize)]
struct VerifiedAnswer {
    case: DraftId,
    note: String,
    noted: bool,
}

#[derive(Serialize)]
struct ReferenceAnswer {
    reference: String,
}

pub async fn sign(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    request: HttpRequest,
) -> Response {
    respond(async {
        let (desk, session) = session(&services, request.headers()).await?;
        let id = draft_id(&id)?;
        let (visit, redemption) = read::<Redemption>(&services, request).await?;
        let (code, _) = redemption.code()?;
        let signed = desk.sign(&session, &id, &code, visit).await;
        let signed = signed.map_err(|error| {
            let problem = desk_problem::of_signature(&error, &session);
            Failed::Desk(error, Box::new(problem))
        })?;
        Ok(match signed {
            SignatureOutcome::Verified { case, note } => Json(VerifiedAnswer {
                case,
                note: note.text,
                noted: note.is_written,
            })
            .into_response(),
            SignatureOutcome::Referenced(reference) => Json(ReferenceAnswer {
                reference: reference.to_string(),
            })
            .into_response(),
            SignatureOutcome::Submitted(answered) => {
                desk_problem::status(&services, &answered.status, answered.replayed)
            }
        })
    })
    .await
}

pub async fn case(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    request: HttpRequest,
) -> Response {
    respond(async {
        let (desk, session) = session(&services, request.headers()).await?;
        let visit = visit(&services, &mut request.into_parts().0).await;
        let case = desk.case(&session, &draft_id(&id)?, visit.until).await?;
        let form = desk.settings.passkeys.as_ref();
        let with_passkey = form.and_then(|form| case.passkey_link(form, &session));
        let ways = (desk.settings.takes_references, with_passkey);
        Ok(Json(CaseAnswer::of(&case, ways, &services.presentation)).into_response())
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RejectionBody {
    reason: String,
}

#[derive(Serialize)]
struct RejectedAnswer {
    rejected: bool,
    note: String,
    noted: bool,
}

pub async fn reject(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    request: HttpRequest,
) -> Response {
    respond(async {
        let (desk, session) = session(&services, request.headers()).await?;
        let (visit, RejectionBody { reason }) = read(&services, request).await?;
        let note = desk
            .reject(&session, &draft_id(&id)?, &reason, visit.until)
            .await?;
        let answer = RejectedAnswer {
            rejected: true,
            note: note.text,
            noted: note.is_written,
        };
        Ok(Json(answer).into_response())
    })
    .await
}

pub async fn outcome(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    respond(async {
        let (desk, session) = session(&services, &headers).await?;
        let status = desk.outcome(&session, &draft_id(&id)?).await?;
        Ok(desk_problem::status(&services, &status, true))
    })
    .await
}

/// What a handler gives up with.
enum Failed {
    /// With what the visitor reads.
    Desk(DeskError, Box<Problem>),
    Problem(Box<Problem>),
}

impl From<DeskError> for Failed {
    fn from(error: DeskError) -> Failed {
        let problem = problem(&error);
        Failed::Desk(error, Box::new(problem))
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Failed {
        Failed::Problem(Box::new(problem))
    }
}

async fn respond(answer: impl Future<Output = Result<Response, Failed>>) -> Response {
    match answer.await {
        Ok(response) => response,
        Err(Failed::Problem(problem)) => problem.into_response(),
        Err(Failed::Desk(error, problem)) => {
            log_fault(&error);
            problem.into_response()
        }
    }
}

/// Writes a line for what is no fault of the visitor: the alarms count these.
fn log_fault(error: &DeskError) {
    match error {
        DeskError::Internal => Parties::default().log("internal_error", "a panic"),
        DeskError::Refused(refusal) | DeskError::SignInDown(refusal) if refusal.is_transient() => {
            Parties::default().log(refusal.code().as_str(), &refusal.to_string());
        }
        _ => {}
    }
}

fn desk(services: &Services) -> Result<&Desk, Failed> {
    let found = services.desk.as_ref();
    found.ok_or_else(|| Problem::no_page().into())
}

/// The desk, and the session of the request's bearer.
async fn session<'s>(
    services: &'s Services,
    headers: &HeaderMap,
) -> Result<(&'s Desk, Session), Failed> {
    let desk = desk(services)?;
    let bearer = only_bearer(headers).ok_or(DeskError::NoSession)?;
    let session = desk.session(&Bearer::new(bearer.to_owned())).await?;
    Ok((desk, session))
}

fn draft_id(text: &str) -> Result<DraftId, DeskError> {
    DraftId::try_from(text).map_err(|_| DeskError::NoSuchDraft)
}

async fn visit(services: &Arc<Services>, parts: &mut Parts) -> Visit {
    let Ok(meta) = Meta::from_request_parts(parts, services).await;
    Visit {
        until: Deadline::within(meta.deadline, ANSWER_WITHIN, services.clock.now()),
        origin: meta.origin,
    }
}

async fn read<T: DeserializeOwned>(
    services: &Arc<Services>,
    request: HttpRequest,
) -> Result<(Visit, T), Failed> {
    let (mut parts, body) = request.into_parts();
    let visit = visit(services, &mut parts).await;
    let bytes = body::json(&parts.headers, body).await?;
    let value = json::read(&bytes).map_err(|_| DeskError::Unreadable("the body"))?;
    Ok((visit, value))
}
