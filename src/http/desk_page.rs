//! The page of the desk: one static file, the same at each address of it. A query or a code in it is dropped unread; the
//! answer is never a redirect, since a fragment would go along.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse as _, Response};

use super::page;
use super::problem::Problem;
use super::services::Services;

static PAGE: &str = include_str!("page/desk.html");

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| page::policy_header(PAGE));

pub async fn page(State(services): State<Arc<Services>>) -> Response {
    if services.desk.is_none() {
        return Problem::no_page().into_response();
    }
    page::answer(PAGE, &POLICY)
}
