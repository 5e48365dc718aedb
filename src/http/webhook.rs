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
use crate::ids::Label;
use crate::reset::{Parties, Refusal, Request, Submission};
use crate::secrets::Freshness;
use crate::webhook::{Delivery, DeliveryError, Source, WebhookSecret};

/// What an event asks for whose sender is authenticated; `None` if it asks for nothing.
pub struct SignedEvent(Option<Submission>);

pub async fn receive(
    State(services): State<Arc<Services>>,
    SignedEvent(submission): SignedEvent,
) -> Response {
    match submission {
        Some(submission) => response::submit(&services, submission).await,
        None => StatusCode::NO_CONTENT.into_response(),
    }
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
        let mut parties = Parties {
            channel: Some(Channel::Webhook),
            source: Some(name.clone()),
            origin: meta.origin,
            ..Parties::default()
        };
        let delivery = match authenticate(services, name, source, &parts.headers, &body).await {
            Ok(Some(delivery)) => delivery,
            Ok(None) => return Ok(SignedEvent(None)),
            Err(refusal) => return Err(services.refuse(&refusal, &parties).await.into_response()),
        };
        parties.delivery = Some(delivery.id.clone());
        parties.ticket = Some(delivery.ticket.clone());
        let (origin, now) = (parties.origin.clone(), services.clock.now());
        Ok(SignedEvent(Some(Submission {
            request: Request::from_ticket(delivery, *tenant, origin, now),
            parties,
            approvals: Vec::new(),
            until,
        })))
    }
}

fn no_such_source() -> Problem {
    Problem::plain(
        StatusCode::NOT_FOUND,
        "no_such_source",
        "No ticket system is set up for this address. It is /webhooks/ and the name that the operator of this service \
         has given the ticket system, in small letters.",
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
