//! `POST /webhooks/{source}`: a ticket system tells of a ticket.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::origin::{SourceAddress, origin};
use super::problem::Problem;
use super::{Services, answer, body};
use crate::deadline::Deadline;
use crate::delivery::{Delivery, Source};
use crate::ids::Label;
use crate::reset::{Parties, Refusal, Request};
use crate::secrets::{Freshness, WebhookSecret};

pub async fn receive(
    State(services): State<Arc<Services>>,
    name: Result<Path<String>, PathRejection>,
    platform: Option<Extension<Deadline>>,
    address: Option<Extension<SourceAddress>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some((name, source)) = name
        .ok()
        .and_then(|Path(name)| Label::try_from(name).ok())
        .and_then(|name| services.sources.get_key_value(&name))
    else {
        return Problem::plain(
            StatusCode::NOT_FOUND,
            "no_such_source",
            "There is no source of this name.",
        )
        .into_response();
    };
    // From the arrival on: the sender counts from there, too.
    let until = Deadline::within(
        platform.map(|platform| platform.0),
        source.answer_within,
        services.clock.now(),
    );
    let body = match body::json(&headers, body).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let origin = origin(address, &headers);
    let mut parties = Parties {
        door: Some(crate::approval::Channel::Webhook),
        origin: origin.clone(),
        source: Some(name.clone()),
        ..Parties::default()
    };
    let delivery = match authenticate(&services, name, source, &headers, &body).await {
        Ok(Some(delivery)) => delivery,
        Ok(None) => return StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => return services.refuse(&refusal, parties).await.into_response(),
    };
    parties.delivery = Some(delivery.id.clone());
    parties.ticket = Some(delivery.ticket.clone());
    let Some(tenant) = services.tenant(source.tenant.as_ref()) else {
        let refusal = Refusal::Misconfigured {
            what: "the source's tenant is not in the policy",
        };
        return services.refuse(&refusal, parties).await.into_response();
    };
    let request = Request::from_ticket(delivery, tenant.id, origin, services.clock.now());
    answer::open(&services, tenant, request, &[], until).await
}

/// Proves the sender. If no key fits, or there is none to be read, the secret may have been rotated or mended since it
/// was cached: it is asked for once more, which the source of secrets allows only so often.
async fn authenticate(
    services: &Services,
    name: &Label,
    source: &Source,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Delivery>, Refusal> {
    let sealed = source
        .open(name, headers, body)
        .map_err(|_| Refusal::Unauthentic)?;
    for freshness in [Freshness::Cached, Freshness::Forced] {
        let text = services.secrets.get(&source.secret, freshness).await?;
        let now = services.clock.now();
        let secret = match WebhookSecret::parse(&source.secret, &text, now) {
            Ok(secret) => secret,
            Err(_) if freshness == Freshness::Cached => continue,
            Err(error) => return Err(error.into()),
        };
        if let Ok(genuine) = sealed.verify(&secret, now) {
            return Ok(genuine.into_delivery()?);
        }
    }
    Err(Refusal::Unauthentic)
}
