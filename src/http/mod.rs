//! The edge to the web: routes, statuses, and errors of every kind in one shape.
//!
//! | route | for | authenticated by |
//! |---|---|---|
//! | `POST /webhooks/{source}` | ServiceNow, Jira, any Standard Webhooks sender | the source's scheme, then the approvals in it |
//! | `POST /resets` | on-call, scripts | a bearer approval with the on-call audience |
//! | `POST /resets/preview` | the same | the same; changes and consumes nothing |
//! | `GET /resets/{id}` | the holder of one of its approvals | the approval, expired or not |
//! | `GET /` | on-call in a browser | nothing: a static page; the approval stays in the address's fragment |
//! | `GET /passkey` | people who make a passkey for approvals | nothing: a static page |
//! | `GET /desk`, `GET /desk/{id}` | the desk in a browser | nothing: a static page |
//! | the other routes of `/desk` | the desk's page | a session's bearer, which a sign-in to Entra gives |
//! | `GET /health` | monitors | nothing |

mod bearer;
mod body;
mod desk;
mod desk_answers;
mod desk_problem;
mod meta;
mod on_call;
mod pages;
mod problem;
mod response;
mod serve;
mod services;
mod webhook;

use std::fmt::Display;
use std::sync::Arc;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

pub use meta::{Deadline, RequestId, SourceAddress};
pub use pages::{Pages, PasskeySettings};
pub use serve::{SLOWEST_HEADERS, serve};
pub use services::Services;

use crate::report::capitalised;
use problem::{Problem, internal};

/// The routes over these services.
pub fn router(services: Arc<Services>) -> Router {
    Router::new()
        .route("/webhooks/{source}", post(webhook::receive))
        .route("/resets", post(on_call::submit))
        .route("/resets/preview", post(on_call::preview))
        .route("/resets/{id}", get(on_call::read))
        .route("/health", get(health))
        .route("/", get(pages::routes::on_call))
        .route("/passkey", get(pages::routes::passkey))
        .route("/desk", get(pages::routes::desk))
        .route("/desk/{id}", get(pages::routes::desk))
        .route("/desk/settings", get(desk::settings))
        .route(
            "/desk/sessions",
            get(desk::read_session)
                .post(desk::begin_session)
                .delete(desk::end_session),
        )
        .route("/desk/people", post(desk::find))
        .route("/desk/contacts", post(desk::contact))
        .route("/desk/drafts", post(desk::draft))
        .route("/desk/drafts/{id}/signature", post(desk::sign))
        .route("/desk/cases/{id}", get(desk::case))
        .route("/desk/cases/{id}/rejection", post(desk::reject))
        .route("/desk/cases/{id}/outcome", get(desk::outcome))
        .fallback(not_found)
        .method_not_allowed_fallback(async || {
            Problem::plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This address does not take this HTTP method.",
            )
        })
        .layer(axum::middleware::from_fn(log))
        .layer(CatchPanicLayer::custom(|_| internal()))
        // Outside of the above, so that the answer after a panic has them, too.
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, NO_STORE))
        .layer(SetResponseHeaderLayer::overriding(
            X_CONTENT_TYPE_OPTIONS,
            NOSNIFF,
        ))
        .with_state(services)
}

// Headers that every answer has: none is for a cache to keep, nor for a browser to guess the type of.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// No other spelling of an address is taken for it, since a proxy in front may let only some addresses through.
async fn not_found(uri: Uri) -> Problem {
    let path = uri.path();
    let detail = if path.contains("//") {
        "There is no page at this address. It has two slashes in a row: remove one."
    } else if path.ends_with('/') {
        "There is no page at this address. Remove the slash at its end."
    } else {
        return Problem::no_page();
    };
    Problem::plain(StatusCode::NOT_FOUND, "not_found", detail)
}

/// The answer to what is no HTTP request. It has the headers that every answer of the router has.
pub fn malformed(error: impl Display) -> Response {
    let detail = format!("{}.", capitalised(&error.to_string()));
    let problem = Problem::plain(StatusCode::BAD_REQUEST, "malformed_request", &detail);
    let mut response = problem.into_response();
    let status = response.status().as_u16();
    tracing::info!(event = "request", route = "none", status);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    response
}

/// The process is up. It says nothing of what is behind it, so that an outage there does not restart it here.
async fn health() -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({ "status": "ok" }))
}

/// One line a request, without headers, query or body.
async fn log(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    use tracing::Instrument as _;

    let id = request
        .extensions()
        .get::<RequestId>()
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), |id| id.0.clone());
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", request_id = %id);
    async move {
        let answer = next.run(request).await;
        tracing::info!(event = "request", %method, route, status = answer.status().as_u16());
        answer
    }
    .instrument(span)
    .await
}
