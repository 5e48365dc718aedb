//! `/resets`: whoever is on call, when the ticket system is down. The approval itself is the credential.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::origin::{SourceAddress, origin};
use super::problem::Problem;
use super::{Services, Tenant, answer, body};
use crate::approval::{Authentic, Channel, InvalidToken};
use crate::clock::Timestamp;
use crate::deadline::Deadline;
use crate::ids::Label;
use crate::report;
use crate::reset::{Origin, Parties, Refusal, Request, RequestStatus, genuine};

/// A person waits in front of a terminal.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What may come beside the bearer approval.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beside {
    #[serde(default)]
    approvals: Vec<String>,
}

pub async fn open(
    State(services): State<Arc<Services>>,
    platform: Option<Extension<Deadline>>,
    address: Option<Extension<SourceAddress>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let until = until(&services, platform);
    let asked = asked(&services, origin(address, &headers), &headers, body).await?;
    let Asked {
        served,
        request,
        approvals,
    } = asked;
    if let Err(refusal) = served.resets.is_worth_accepting(&request, &approvals).await {
        let parties = request.parties(&approvals);
        return Err(services.refuse(&refusal, parties).await.into_response());
    }
    Ok(answer::open(&services, served, request, &approvals, until).await)
}

pub async fn preview(
    State(services): State<Arc<Services>>,
    platform: Option<Extension<Deadline>>,
    address: Option<Extension<SourceAddress>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let until = until(&services, platform);
    let asked = asked(&services, origin(address, &headers), &headers, body).await?;
    let Asked {
        served,
        request,
        approvals,
    } = asked;
    let parties = request.parties(&approvals);
    match served.resets.preview(request, until).await {
        Ok(preview) => Ok(Json(report::preview(&preview)).into_response()),
        Err(refusal) => Err(services.refuse(&refusal, parties).await.into_response()),
    }
}

/// When the answer must be there, from the arrival on.
fn until(services: &Services, platform: Option<Extension<Deadline>>) -> Timestamp {
    Deadline::within(
        platform.map(|Extension(at)| at),
        ANSWER_WITHIN,
        services.clock.now(),
    )
}

pub async fn read(
    State(services): State<Arc<Services>>,
    id: Result<Path<String>, PathRejection>,
    address: Option<Extension<SourceAddress>>,
    headers: HeaderMap,
) -> Response {
    let mut parties = Parties {
        door: Some(Channel::OnCall),
        origin: origin(address, &headers),
        ..Parties::default()
    };
    let everybody: Vec<Label> = services.prover.issuers.keys().cloned().collect();
    let found = async {
        let approval = services
            .prover
            .validate_all(&[bearer(&headers)?], &everybody)
            .await?
            .pop()
            .ok_or(Refusal::NoApproval)?;
        parties.name(std::slice::from_ref(&approval));
        let Path(id) = id.map_err(|_| Refusal::NoSuchReset)?;
        let id = id.parse().map_err(|_| Refusal::NoSuchReset)?;
        // An approval does not say in which tenant it was used; the ledger knows each by its own name.
        let served = services
            .tenants
            .values()
            .next()
            .ok_or(Refusal::NoSuchReset)?;
        served.resets.stored(id, &approval, &parties).await
    };
    match found.await {
        Ok(RequestStatus::Refused {
            reset,
            ticket,
            rejection,
        }) => Json(report::turned_away(reset, &ticket, &rejection)).into_response(),
        Ok(news) => answer::news(&services, &news, true),
        Err(refusal) => services.refuse(&refusal, parties).await.into_response(),
    }
}

/// A request, and the tenant that it is for.
struct Asked<'a> {
    served: &'a Tenant,
    request: Request,
    approvals: Vec<Authentic>,
}

async fn asked<'a>(
    services: &'a Services,
    origin: Origin,
    headers: &HeaderMap,
    body: Body,
) -> Result<Asked<'a>, Response> {
    let body = body::json_if_any(headers, body)
        .await
        .map_err(Problem::into_response)?;
    let mut parties = Parties {
        door: Some(Channel::OnCall),
        origin: origin.clone(),
        ..Parties::default()
    };
    let understood = async {
        let mut tokens = vec![bearer(headers)?];
        if !body.is_empty() {
            let beside: Beside = serde_json::from_slice(&body)
                .map_err(|_| Refusal::Request("the body is {\"approvals\": [...]} or nothing"))?;
            tokens.extend(beside.approvals);
        }
        // The approvals are the credential: before they are proven, nothing is accepted.
        let proof = services
            .prover
            .validate_all(&tokens, &services.on_call.issuers)
            .await;
        parties.name(genuine(&proof));
        let approvals = proof?;
        let served = tenant(services, &approvals)?;
        let request = Request::on_call(&approvals, served.id, origin, services.clock.now())?;
        Ok(Asked {
            served,
            request,
            approvals,
        })
    };
    match understood.await {
        Ok(asked) => Ok(asked),
        Err(refusal) => Err(services.refuse(&refusal, parties).await.into_response()),
    }
}

/// The tenant that the approvals name, or the only one.
fn tenant<'a>(services: &'a Services, approvals: &[Authentic]) -> Result<&'a Tenant, Refusal> {
    let served = match approvals.first().and_then(|approval| approval.claims().tid) {
        Some(tid) => services.tenants.values().find(|served| served.id == tid),
        None => services.only_tenant(),
    };
    served.ok_or(Refusal::OtherTenant)
}

fn bearer(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(InvalidToken::NotCompact.into());
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim().to_owned())
        .ok_or_else(|| InvalidToken::NotCompact.into())
}
