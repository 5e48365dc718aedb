//! `POST /webhooks/{source}`: a ticket system sends an event of a ticket.
//!
//! [`SignedEvent`] is the extractor: it authenticates the sender on the raw bytes. The handler submits what the event asks
//! for.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts as _, Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::meta::{Deadline, Meta};
use super::problem::Problem;
use super::services::Services;
use super::{body, response};
use crate::approval::Channel;
use crate::clock::Timestamp;
use crate::ids::{Label, TenantId};
use crate::reset::{Parties, Refusal, Request};
use crate::secrets::Freshness;
use crate::webhook::{Delivery, DeliveryError, Source, WebhookSecret};

/// An event whose sender is authenticated.
pub struct SignedEvent {
    /// `None` if the event asks for nothing.
    delivery: Option<Delivery>,
    tenant: TenantId,
    parties: Parties,
    /// When the answer must be there.
    until: Timestamp,
}

pub async fn receive(State(services): State<Arc<Services>>, event: SignedEvent) -> Response {
    let SignedEvent {
        delivery,
        tenant,
        mut parties,
        until,
    } = event;
    let Some(delivery) = delivery else {
        return StatusCode::NO_CONTENT.into_response();
    };
    parties.delivery = Some(delivery.id.clone());
    parties.ticket = Some(delivery.ticket.clone());
    let origin = parties.origin.clone();
    let request = Request::from_ticket(delivery, tenant, origin, services.clock.now());
    response::submit(&services, request, parties, Vec::new(), until).await
}

impl FromRequest<Arc<Services>> for SignedEvent {
    type Rejection = Response;

    async fn from_request(
        request: HttpRequest,
        services: &Arc<Services>,
    ) -> Result<SignedEvent, Response> {
        let (mut parts, body) = request.into_parts();
        let name = Path::<String>::from_request_parts(&mut parts, services).await;
        let name = name.ok().and_then(|Path(name)| Label::try_from(name).ok());
        let Some((name, (source, tenant))) =
            name.and_then(|name| services.sources.get_key_value(&name))
        else {
            return Err(no_such_source().into_response());
        };
        let Ok(meta) = Meta::from_request_parts(&mut parts, services).await;
        // Counted from the arrival: the sender counts from there, too.
        let now = services.clock.now();
        let until = Deadline::within(meta.deadline, source.answer_within, now);
        let body = body::json(&parts.headers, body)
            .await
            .map_err(Problem::into_response)?;
        let parties = Parties {
            channel: Some(Channel::Webhook),
            source: Some(name.clone()),
            origin: meta.origin,
            ..Parties::default()
        };
        match authenticate(services, name, source, &parts.headers, &body).await {
            Ok(delivery) => Ok(SignedEvent {
                delivery,
                tenant: *tenant,
                parties,
                until,
            }),
            Err(refusal) => Err(services.refuse(&refusal, &parties).await.into_response()),
        }
    }
}

fn no_such_source() -> Problem {
    Problem::plain(
        StatusCode::NOT_FOUND,
        "no_such_source",
        "There is no source of this name.",
    )
}

/// Authenticates the sender. If no key fits, or the secret is malformed, it may have been rotated or mended since it was
/// cached: it is fetched once more, which the source of secrets allows only so often.
async fn authenticate(
    services: &Services,
    name: &Label,
    source: &Source,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Delivery>, Refusal> {
    let delivery = source
        .parse(name, headers, body)
        .map_err(|_| Refusal::DeliveryUnauthentic)?;
    for freshness in [Freshness::Cached, Freshness::Forced] {
        let text = services.secrets.get(&source.secret, freshness).await?;
        let now = services.clock.now();
        let secret = match WebhookSecret::parse(&source.secret, &text, now) {
            Ok(secret) => secret,
            Err(_) if freshness == Freshness::Cached => continue,
            Err(error) => return Err(error.into()),
        };
        match delivery.verify(&secret, now) {
            Ok(delivery) => return Ok(delivery),
            Err(DeliveryError::Unreadable(why)) => return Err(why.into()),
            Err(DeliveryError::Unauthentic) => {}
        }
    }
    Err(Refusal::DeliveryUnauthentic)
}
