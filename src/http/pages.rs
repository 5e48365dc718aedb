//! Which page is at which address, by what the policy has.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::page;
use super::problem::Problem;
use super::services::Services;

/// The on-call page, with the form for passkeys where they count.
pub async fn on_call(State(services): State<Arc<Services>>) -> Response {
    match &services.passkeys {
        Some(pages) => pages.on_call(),
        None => page::page(),
    }
}

/// The page that makes a passkey; none where no passkey counts.
pub async fn passkey(State(services): State<Arc<Services>>) -> Response {
    match &services.passkeys {
        Some(pages) => pages.enrolment(),
        None => Problem::no_page().into_response(),
    }
}
