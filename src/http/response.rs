//! From a request to its response, the same for both channels.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};

use super::problem::{Problem, internal};
use super::services::Services;
use crate::report;
use crate::reset::{RequestStatus, Retry, State, Submission};

/// Submits a request and waits for the answer. The work runs in a task of its own, so that a sender that hangs up does
/// not stop it half-way.
pub async fn submit(services: &Services, submission: Submission) -> Response {
    let (resets, parties) = (services.resets.clone(), submission.parties.clone());
    let work = tracing::Instrument::in_current_span(async move { resets.submit(submission).await });
    match tokio::spawn(work).await {
        Ok(Ok(answered)) => {
            let how = if answered.replayed { "stored" } else { "done" };
            match &answered.status {
                // Logged when it was decided.
                RequestStatus::Waiting { .. } | RequestStatus::Refused { .. } => {}
                RequestStatus::Reset(outcome) => parties.log(outcome.state.as_str(), how),
            }
            status(services, &answered.status, answered.replayed)
        }
        Ok(Err(refusal)) => services.refuse(&refusal, &parties).await.into_response(),
        Err(_) => internal(),
    }
}

/// The problem that a request is answered with which was refused; none if it was given up after it had waited.
pub fn problem(status: &RequestStatus) -> Option<Problem> {
    match status {
        RequestStatus::Refused {
            reset,
            refusal,
            presented,
            ..
        } if !refusal.gave_up => Some(Problem::recorded(*reset, &refusal.text, *presented)),
        _ => None,
    }
}

/// A status as a response: 202 while work is left, 200 at the end, and a problem if the request was refused.
pub fn status(services: &Services, status: &RequestStatus, replayed: bool) -> Response {
    if let Some(problem) = problem(status) {
        return problem.into_response();
    }
    match status {
        RequestStatus::Waiting { reset, ticket, why } => {
            let answer = report::waiting(*reset, ticket, why.as_ref());
            accepted(Json(answer).into_response())
        }
        RequestStatus::Refused {
            reset,
            ticket,
            refusal,
            presented,
        } => Json(report::refused(*reset, ticket, refusal, *presented)).into_response(),
        RequestStatus::Reset(outcome) => {
            let answer = Json(report::answer(outcome, &services.presentation, replayed));
            if outcome.state == State::Running {
                accepted(answer.into_response())
            } else {
                answer.into_response()
            }
        }
    }
}

fn accepted(answer: Response) -> Response {
    let after = Retry::Soon.after().unwrap_or_default().as_secs();
    (
        StatusCode::ACCEPTED,
        [(RETRY_AFTER, after.to_string())],
        answer,
    )
        .into_response()
}
