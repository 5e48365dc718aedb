//! The Lambda Runtime API on this machine: the part of it that is needed to run the real function binary, to invoke it
//! and to read its response.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html> and, for the extension routes,
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::function_url::trace_root;

/// What the function reads as its name.
pub const FUNCTION_NAME: &str = "reregister-mfa";

/// What the function reads as its region.
pub const REGION: &str = "eu-west-1";

/// The largest response that Lambda accepts, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const LARGEST_RESPONSE: usize = 6 * 1024 * 1024;

/// A Runtime API that serves on this machine until it is dropped.
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// How the function ended an invocation.
#[derive(Debug, Clone, PartialEq)]
pub enum Invocation {
    /// It posted these bytes to `/response`.
    Response(Vec<u8>),
    /// It posted to `/error`. A caller of the Function URL would get a 502.
    Error {
        /// `errorType` and `errorMessage`, or a string if the function did not post JSON.
        body: Value,
    },
}

/// Why an invocation did not end in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    #[error("the function took the event and did not answer in time")]
    Timeout,
    /// The event has been removed from the queue.
    #[error("no function process asked for the event in time")]
    NoRuntime,
}

impl RuntimeApi {
    /// Starts listening on a free port of 127.0.0.1, on the current runtime.
    ///
    /// # Errors
    /// If no port can be bound.
    pub async fn start() -> io::Result<RuntimeApi> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let routes = routes(Arc::clone(&shared));
        // With Nagle's algorithm every small response waits 40 ms for a delayed acknowledgement.
        let listener = listener.tap_io(|socket| {
            let _ = socket.set_nodelay(true);
        });
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(RuntimeApi {
            address,
            shared,
            server,
        })
    }

    /// Host and port, in the form of `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The environment variables that a function process needs to find this API and to behave as in Lambda. The AWS
    /// credentials among them are not valid.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", FUNCTION_NAME),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/reregister-mfa"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "simulated"),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "simulated"),
            ("AWS_SECRET_ACCESS_KEY", "simulated"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("_HANDLER", "bootstrap"),
            ("TZ", ":UTC"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// Waits until a function process is ready, which is when it asks for its first event.
    ///
    /// # Errors
    /// [`Lost::NoRuntime`] if none is in time.
    pub async fn ready(&self, time: Duration) -> Result<(), Lost> {
        let mut polled = self.shared.polled.subscribe();
        let ready = tokio::time::timeout(time, polled.wait_for(|polled| *polled)).await;
        ready.map_or(Err(Lost::NoRuntime), |_| Ok(()))
    }

    /// Invokes the function with a deadline that is `time` from now, and waits until then.
    pub async fn invoke(&self, event: Value, time: Duration) -> Result<Invocation, Lost> {
        self.invoke_bytes(event.to_string(), time).await
    }

    /// The same with an event that may be something else than JSON.
    pub async fn invoke_bytes(
        &self,
        event: impl Into<Bytes>,
        time: Duration,
    ) -> Result<Invocation, Lost> {
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        let time_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.deliver(event.into(), now.saturating_add(time_ms), time)
            .await
    }

    /// Invokes the function with a deadline in milliseconds since 1970, and waits for `wait`. `cargo lambda watch`
    /// sends 600000, a deadline in 1970.
    pub async fn invoke_with_deadline(
        &self,
        event: Value,
        deadline_ms: u64,
        wait: Duration,
    ) -> Result<Invocation, Lost> {
        self.deliver(event.to_string().into(), deadline_ms, wait)
            .await
    }

    /// What function processes posted when they could not start, oldest first.
    #[must_use]
    pub fn init_errors(&self) -> Vec<Value> {
        self.shared.lock().init_errors.clone()
    }

    async fn deliver(
        &self,
        payload: Bytes,
        deadline_ms: u64,
        wait: Duration,
    ) -> Result<Invocation, Lost> {
        let (pending, end) = self.shared.enqueue(payload, deadline_ms);
        match tokio::time::timeout(wait, end).await {
            Ok(Ok(invocation)) => Ok(invocation),
            _ if pending.is_queued() => Err(Lost::NoRuntime),
            _ => Err(Lost::Timeout),
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Default)]
struct Shared {
    invocations: Mutex<Invocations>,
    arrived: Notify,
    /// Whether a function process has asked for an event.
    polled: watch::Sender<bool>,
}

#[derive(Default)]
struct Invocations {
    queued: VecDeque<Event>,
    /// The invokers that wait, by request id.
    waiting: HashMap<String, oneshot::Sender<Invocation>>,
    init_errors: Vec<Value>,
}

struct Event {
    id: String,
    deadline_ms: u64,
    payload: Bytes,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Invocations> {
        self.invocations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(
        self: &Arc<Self>,
        payload: Bytes,
        deadline_ms: u64,
    ) -> (Pending, oneshot::Receiver<Invocation>) {
        let id = Uuid::new_v4().to_string();
        let (sender, receiver) = oneshot::channel();
        let mut invocations = self.lock();
        invocations.waiting.insert(id.clone(), sender);
        invocations.queued.push_back(Event {
            id: id.clone(),
            deadline_ms,
            payload,
        });
        drop(invocations);
        self.arrived.notify_one();
        let shared = Arc::clone(self);
        (Pending { shared, id }, receiver)
    }

    async fn dequeue(&self) -> Event {
        loop {
            if let Some(event) = self.lock().queued.pop_front() {
                return event;
            }
            self.arrived.notified().await;
        }
    }

    /// Ends an invocation.
    fn complete(&self, id: &str, invocation: Invocation) -> Response {
        let invoker = self.lock().waiting.remove(id);
        match invoker.and_then(|sender| sender.send(invocation).ok()) {
            Some(()) => accepted(),
            None => {
                let body =
                    json!({"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"});
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
        }
    }
}

/// Removes its event from the queue when the invoker times out or is dropped, so that a process that starts later does
/// not get the event of an earlier step of a test.
struct Pending {
    shared: Arc<Shared>,
    id: String,
}

impl Pending {
    fn is_queued(&self) -> bool {
        let invocations = self.shared.lock();
        invocations.queued.iter().any(|event| event.id == self.id)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut invocations = self.shared.lock();
        invocations.queued.retain(|event| event.id != self.id);
        invocations.waiting.remove(&self.id);
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(response),
        )
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .route("/2020-01-01/extension/register", post(register))
        .route("/2020-01-01/extension/event/next", get(extension_event))
        .layer(DefaultBodyLimit::max(LARGEST_RESPONSE))
        .with_state(shared)
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.polled.send_replace(true);
    let event = shared.dequeue().await;
    let arn = format!("arn:aws:lambda:{REGION}:123456789012:function:{FUNCTION_NAME}");
    let trace = format!("{};Parent=53995c3f42cd8ad8;Sampled=0", trace_root());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", event.id),
        ("lambda-runtime-deadline-ms", event.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", arn),
        ("lambda-runtime-trace-id", trace),
    ];
    (headers, event.payload).into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    shared.complete(&id, Invocation::Response(body.into()))
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    let body = json_or_text(&body);
    shared.complete(&id, Invocation::Error { body })
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    shared.lock().init_errors.push(json_or_text(&body));
    accepted()
}

async fn register() -> Response {
    let identifier = [("lambda-extension-identifier", Uuid::new_v4().to_string())];
    let body = json!({
        "functionName": FUNCTION_NAME,
        "functionVersion": "$LATEST",
        "handler": "bootstrap",
    });
    (identifier, Json(body)).into_response()
}

async fn extension_event() {
    // An extension that subscribes to no events never gets one.
    std::future::pending().await
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

fn json_or_text(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

#[cfg(test)]
mod tests;
