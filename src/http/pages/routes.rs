//! Which page is at which address.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::static_page::StaticPage;
use crate::http::problem::Problem;
use crate::http::services::Services;

static DESK_PAGE: LazyLock<StaticPage> =
    LazyLock::new(|| StaticPage::new(include_str!("desk.html")));

/// The on-call page, with the form for passkeys where they count.
pub async fn on_call(State(services): State<Arc<Services>>) -> Response {
    services.pages.on_call.answer()
}

/// The page that makes a passkey; none where no passkey counts.
pub async fn passkey(State(services): State<Arc<Services>>) -> Response {
    match &services.pages.enrolment {
        Some(page) => page.answer(),
        None => Problem::no_page().into_response(),
    }
}

/// The page of the desk, at each address of it. A query or a code in the address is dropped unread. The answer is never
/// a redirect, since the fragment would go along.
pub async fn desk(State(services): State<Arc<Services>>) -> Response {
    match services.desk {
        Some(_) => DESK_PAGE.answer(),
        None => Problem::no_page().into_response(),
    }
}
