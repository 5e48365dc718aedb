//! From a request to an answer, the same for both doors.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::{Served, Services};
use crate::clock::Timestamp;
use crate::report;
use crate::reset::{Outcome, Request, State};

/// Does what the request asks. It runs in a task of its own, so that a sender who hangs up does not stop it
/// half-way.
pub async fn open(
    services: &Services,
    tenant: &Served,
    request: Request,
    until: Timestamp,
) -> Response {
    let parties = request.parties();
    let resets = tenant.resets.clone();
    let work =
        tracing::Instrument::in_current_span(async move { resets.open(request, until).await });
    match tokio::spawn(work).await {
        Ok(Ok(stored)) => {
            services.log(
                code(stored.outcome.state),
                &parties,
                if stored.replayed { "stored" } else { "done" },
            );
            outcome(services, &stored.outcome, stored.replayed)
        }
        Ok(Err(refusal)) => services.refuse(&refusal, parties).await.into_response(),
        Err(_) => Problem::internal().into_response(),
    }
}

/// An outcome as a response: 202 while it goes on, else 200.
pub fn outcome(services: &Services, outcome: &Outcome, replayed: bool) -> Response {
    let answer = Json(report::answer(outcome, &services.register_at, replayed));
    match outcome.state {
        State::Running => (StatusCode::ACCEPTED, [(RETRY_AFTER, "30")], answer).into_response(),
        State::Completed | State::NeedsHuman => answer.into_response(),
    }
}

fn code(state: State) -> &'static str {
    match state {
        State::Running => "in_progress",
        State::Completed => "completed",
        State::NeedsHuman => "needs_human",
    }
}
