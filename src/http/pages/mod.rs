//! The pages for browsers. Each is the same for every visitor and has no data; its script asks the other routes as any
//! client would.

mod passkeys;
mod static_page;

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

pub use passkeys::{PasskeyPages, PasskeySettings};
use static_page::{ON_CALL, StaticPage};

use super::problem::Problem;
use super::services::Services;

static ON_CALL_PAGE: LazyLock<StaticPage> = LazyLock::new(|| StaticPage::new(ON_CALL));
static DESK_PAGE: LazyLock<StaticPage> =
    LazyLock::new(|| StaticPage::new(include_str!("desk.html")));

/// The on-call page, with the form for passkeys where they count.
pub async fn on_call(State(services): State<Arc<Services>>) -> Response {
    match &services.passkeys {
        Some(pages) => pages.on_call(),
        None => ON_CALL_PAGE.answer(),
    }
}

/// The page that makes a passkey; none where no passkey counts.
pub async fn passkey(State(services): State<Arc<Services>>) -> Response {
    match &services.passkeys {
        Some(pages) => pages.enrolment(),
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
