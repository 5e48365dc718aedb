//! `/resets`: for operators on call, when the ticket system is down. The approval itself is the credential.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts as _, Path, Request as HttpRequest, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::bearer::only_bearer;
use super::meta::{Deadline, Meta};
use super::problem::Problem;
use super::services::Services;
use super::{body, response};
use crate::approval::{Authentic, Channel, InvalidToken};
use crate::json;
use crate::report;
use crate::reset::{
    ApprovalSummary, Parties, Refusal, Request, RequestOrigin, RequestStatus, Submission,
};

/// A person waits in front of a terminal.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What may come beside the bearer approval.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beside {
    #[serde(default)]
    approvals: Vec<String>,
}

/// A request whose approvals are authentic.
pub struct ApprovedRequest(Submission);

pub async fn submit(
    State(services): State<Arc<Services>>,
    ApprovedRequest(submission): ApprovedRequest,
) -> Response {
    response::submit(&services, submission).await
}

pub async fn preview(
    State(services): State<Arc<Services>>,
    ApprovedRequest(submission): ApprovedRequest,
) -> Response {
    match services.resets.preview(&submission).await {
        Ok(preview) => Json(report::preview(&preview, &services.presentation)).into_response(),
        Err(refusal) => services
            .refuse(&refusal, &submission.parties)
            .await
            .into_response(),
    }
}

pub async fn read(
    State(services): State<Arc<Services>>,
    id: Result<Path<String>, PathRejection>,
    meta: Meta,
    headers: HeaderMap,
) -> Response {
    let mut parties = on_call(meta.origin);
    let resets = &services.resets;
    let found = async {
        let presented = resets.authenticate_any(bearer(&headers)?).await;
        let approval = presented
            .accepted()?
            .pop()
            .ok_or(Refusal::ApprovalMissing)?;
        parties.name(std::slice::from_ref(&approval));
        let Path(id) = id.map_err(|_| Refusal::NoSuchReset)?;
        let id = id.parse().map_err(|_| Refusal::NoSuchReset)?;
        resets.status(id, &approval, &parties).await
    };
    match found.await {
        // Reading that a request was refused succeeds; submitting it again does not.
        Ok(RequestStatus::Refused {
            reset,
            ticket,
            refusal,
            presented,
        }) => Json(report::refused(reset, &ticket, &refusal, presented)).into_response(),
        Ok(status) => response::status(&services, &status, true),
        Err(refusal) => {
            let problem = services.refuse(&refusal, &parties).await;
            problem.of_outcome().into_response()
        }
    }
}

impl FromRequest<Arc<Services>> for ApprovedRequest {
    type Rejection = Response;

    async fn from_request(
        request: HttpRequest,
        services: &Arc<Services>,
    ) -> Result<ApprovedRequest, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(meta) = Meta::from_request_parts(&mut parts, services).await;
        let until = Deadline::within(meta.deadline, ANSWER_WITHIN, services.clock.now());
        let body = body::json_if_any(&parts.headers, body)
            .await
            .map_err(Problem::into_response)?;
        let mut parties = on_call(meta.origin);
        let mut readable = Vec::new();
        let authenticated =
            authenticate(services, &parts.headers, &body, &mut parties, &mut readable);
        match authenticated.await {
            Ok((request, approvals)) => Ok(ApprovedRequest(Submission {
                request,
                parties,
                approvals,
                until,
            })),
            Err(refusal) => {
                let problem = services.refuse_showing(&refusal, &parties, &readable);
                Err(problem.await.into_response())
            }
        }
    }
}

/// Authenticates the approvals, which are the credential: before that, nothing is accepted. `readable` becomes what the
/// caller may read of them if they are refused.
async fn authenticate(
    services: &Services,
    headers: &HeaderMap,
    body: &[u8],
    parties: &mut Parties,
    readable: &mut Vec<ApprovalSummary>,
) -> Result<(Request, Vec<Authentic>), Refusal> {
    let mut tokens = vec![bearer(headers)?];
    if !body.is_empty() {
        let beside: Beside = json::read(body).map_err(|_| {
            Refusal::RequestUnreadable("the body must be {\"approvals\": [...]} or empty")
        })?;
        tokens.extend(beside.approvals);
    }
    let presented = services.resets.authenticate_on_call(&tokens).await;
    parties.name(presented.authentic());
    *readable = presented.readable_on_call().to_vec();
    let approvals = presented.accepted()?;
    let tenant = services.resets.tenant(&approvals)?;
    let now = services.clock.now();
    let request = Request::on_call(&approvals, tenant, parties.origin.clone(), now)?;
    Ok((request, approvals))
}

fn on_call(origin: RequestOrigin) -> Parties {
    Parties {
        channel: Some(Channel::OnCall),
        origin,
        ..Parties::default()
    }
}

fn bearer(headers: &HeaderMap) -> Result<String, Refusal> {
    let bearer = only_bearer(headers).map(str::to_owned);
    bearer.ok_or_else(|| InvalidToken::NotCompact.into())
}
