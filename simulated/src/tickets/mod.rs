//! Jira Cloud and ServiceNow over real HTTP: the calls that write a note into a ticket and find it there.
//!
//! They keep what is written. A note that is sent twice is there twice, because neither system has an idempotency key.
//! A call that is not simulated gets the response of the real system to an unknown path.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use simulated::tickets::{Fault, jira_cloud::JiraCloud};
//!
//! let jira = JiraCloud::new();
//! jira.add_issue("HELP-42");
//! let serving = jira.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await?);
//! jira.fail(Fault::on("POST", "/comment").lose_answer());
//! println!("{}", serving.url);
//! # Ok(())
//! # }
//! ```

pub mod jira_cloud;
pub mod servicenow;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;

pub use crate::faults::Fault;
pub use crate::serving::Serving;

use crate::faults::{Faults, Reply};
use crate::received::Received;
use crate::serving;

/// What differs between the ticket systems.
trait TicketSystem: Send + 'static {
    fn answer(&mut self, request: &Received) -> Response;

    /// An error in the envelope of this system.
    fn failure(status: u16) -> Response;
}

/// A ticket system as it is served. Clones share one state.
#[derive(Debug, Default)]
struct Server<S>(Arc<Mutex<ServerState<S>>>);

#[derive(Debug, Default)]
struct ServerState<S> {
    system: S,
    faults: Faults,
    /// Method and path of each request.
    calls: Vec<String>,
}

// Derived, it would require that the system can be cloned.
impl<S> Clone for Server<S> {
    fn clone(&self) -> Self {
        Server(Arc::clone(&self.0))
    }
}

impl<S: TicketSystem> Server<S> {
    fn lock(&self) -> MutexGuard<'_, ServerState<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves over HTTP on the current runtime.
    fn serve(&self, listener: TcpListener) -> Serving {
        let router = Router::new().fallback(handle::<S>).with_state(self.clone());
        serving::plain(router, listener)
    }
}

impl<S: TicketSystem> ServerState<S> {
    /// Records the request and answers it.
    fn reply(&mut self, request: &Received) -> Reply {
        self.calls
            .push(format!("{} {}", request.verb(), request.path()));
        let effect = self.faults.strike(request);
        Reply::new(effect, S::failure, || self.system.answer(request))
    }
}

async fn handle<S: TicketSystem>(State(server): State<Server<S>>, request: Received) -> Response {
    let reply = server.lock().reply(&request);
    reply.send().await
}

/// A response with JSON.
fn json_response(status: u16, body: Value) -> Response {
    (code(status), Json(body)).into_response()
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The reason phrase that belongs to a status.
fn reason(status: u16) -> &'static str {
    code(status).canonical_reason().unwrap_or("Unknown")
}
