//! The door: routes, statuses, and errors of every kind in one shape.
//!
//! | route | for | authenticated by |
//! |---|---|---|
//! | `POST /webhooks/{source}` | ServiceNow, Jira, any Standard Webhooks sender | the source's scheme, then the approvals in it |
//! | `POST /resets` | on-call, scripts | a bearer approval with the on-call audience |
//! | `POST /resets/preview` | the same | the same; changes and consumes nothing |
//! | `GET /resets/{id}` | whoever holds one of its approvals | the approval, expired or not |
//! | `GET /` | on-call in a browser | nothing: a static page; the approval stays in the address's fragment |
//! | `GET /health` | monitors | nothing |

mod answer;
mod body;
mod on_call;
mod origin;
mod page;
mod problem;
mod services;
mod told;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

pub use origin::SourceAddress;
pub use services::{Services, Tenant};
pub use told::Told;

use crate::reset::Parties;
use problem::Problem;

/// The routes over these services.
pub fn router(services: Arc<Services>) -> Router {
    Router::new()
        .route("/webhooks/{source}", post(webhooks::receive))
        .route("/resets", post(on_call::open))
        .route("/resets/preview", post(on_call::preview))
        .route("/resets/{id}", get(on_call::read))
        .route("/health", get(health))
        .route("/", get(page::page))
        .fallback(async || {
            Problem::plain(StatusCode::NOT_FOUND, "not_found", "There is nothing here.")
        })
        .method_not_allowed_fallback(async || {
            Problem::plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This route takes another method.",
            )
        })
        .layer(axum::middleware::map_response(not_kept))
        .layer(axum::middleware::from_fn(log))
        .layer(CatchPanicLayer::custom(|_| internal()))
        .with_state(services)
}

/// Nothing that is answered here is for a cache to keep.
async fn not_kept(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// We have made a mistake; the alarms count it.
fn internal() -> Response {
    Parties::default().log("internal_error", "a panic");
    Problem::internal().into_response()
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

/// What the platform calls this request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);
