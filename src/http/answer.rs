//! From a request to an answer, the same for both doors.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::{Services, Tenant, internal};
use crate::approval::Authentic;
use crate::clock::Timestamp;
use crate::report;
use crate::reset::{Request, RequestStatus, State};

/// Does what the request asks. It runs in a task of its own, so that a sender who hangs up does not stop it
/// half-way. `approvals` are those that are proven already.
pub async fn open(
    services: &Services,
    tenant: &Tenant,
    request: Request,
    approvals: &[Authentic],
    until: Timestamp,
) -> Response {
    let parties = request.parties(approvals);
    let resets = tenant.resets.clone();
    let work =
        tracing::Instrument::in_current_span(async move { resets.open(request, until).await });
    match tokio::spawn(work).await {
        Ok(Ok(stored)) => {
            let how = if stored.replayed { "stored" } else { "done" };
            match &stored.news {
                // Written down when it was decided.
                RequestStatus::Waiting { .. } | RequestStatus::Refused { .. } => {}
                RequestStatus::Reset(outcome) => parties.log(outcome.state.word(), how),
            }
            news(services, &stored.news, stored.replayed)
        }
        Ok(Err(refusal)) => services.refuse(&refusal, parties).await.into_response(),
        Err(_) => internal(),
    }
}

/// RequestStatus as a response: 202 while it goes on, 200 at the end, and a problem if it was refused.
pub fn news(services: &Services, news: &RequestStatus, replayed: bool) -> Response {
    let goes_on = |answer: Response| {
        let after = report::RETRY_AFTER.as_secs().to_string();
        (StatusCode::ACCEPTED, [(RETRY_AFTER, after)], answer).into_response()
    };
    match news {
        RequestStatus::Waiting { reset, ticket, why } => {
            let answer = report::waiting(*reset, ticket, why.as_ref());
            goes_on(Json(answer).into_response())
        }
        RequestStatus::Refused {
            reset,
            ticket,
            rejection,
        } if rejection.gave_up => {
            Json(report::turned_away(*reset, ticket, rejection)).into_response()
        }
        RequestStatus::Refused {
            reset, rejection, ..
        } => Problem::refused(*reset, &rejection.words).into_response(),
        RequestStatus::Reset(outcome) => {
            let answer = Json(report::answer(outcome, &services.register_at, replayed));
            if outcome.state == State::Running {
                goes_on(answer.into_response())
            } else {
                answer.into_response()
            }
        }
    }
}
