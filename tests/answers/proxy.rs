//! Stands between the product and a simulated service, notes which fields its answers have, and changes one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::odd::{Change, Field, pointers};

/// How the calls and the answers of a service are understood.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// What the call is named by, from its head and its body.
    pub call: fn(&Parts, &[u8]) -> String,
    pub read: fn(&[u8]) -> Option<Value>,
    /// The fields of an answer.
    pub fields: fn(&Value) -> BTreeSet<String>,
    /// The changed answer, if the change applies to it.
    pub apply: fn(&Change, &Value) -> Option<Vec<u8>>,
    /// Whether errors are changed, too.
    pub with_errors: bool,
}

/// Paths name the calls, and answers are JSON.
const REST: Dialect = Dialect {
    call: |head, _| format!("{} {}", head.method, route(head.uri.path())),
    read: |answer| serde_json::from_slice(answer).ok(),
    fields: pointers,
    apply: Change::apply,
    with_errors: false,
};

/// Clones are the same proxy.
#[derive(Clone)]
pub struct Proxy(Arc<State_>);

struct State_ {
    client: reqwest::Client,
    upstream: Mutex<String>,
    dialect: Dialect,
    change: Option<Change>,
    /// Whether it notes and changes anything now.
    is_on: AtomicBool,
    seen: Mutex<BTreeSet<Field>>,
    changed: AtomicUsize,
    /// How often each call came, whether the proxy is on or off.
    calls: Mutex<BTreeMap<String, usize>>,
}

impl Proxy {
    /// Gives the proxy and its URL. It has an upstream only when it is told so.
    #[allow(dead_code, reason = "the tests of AWS speak another dialect")]
    pub async fn start(change: Option<Change>) -> (Proxy, String) {
        Proxy::speaking(REST, change).await
    }

    /// The same for a service that is understood in this way.
    pub async fn speaking(dialect: Dialect, change: Option<Change>) -> (Proxy, String) {
        let proxy = Proxy(Arc::new(State_ {
            client: reqwest::Client::new(),
            upstream: Mutex::default(),
            dialect,
            change,
            is_on: AtomicBool::new(true),
            seen: Mutex::default(),
            changed: AtomicUsize::new(0),
            calls: Mutex::default(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (proxy, url)
    }

    pub fn stand_before(&self, url: &str) {
        url.trim_end_matches('/')
            .clone_into(&mut self.0.upstream.lock().unwrap());
    }

    /// Until it is turned on again, it passes everything on.
    #[allow(dead_code, reason = "the tests of AWS use it")]
    pub fn turn(&self, is_on: bool) {
        self.0.is_on.store(is_on, Ordering::SeqCst);
    }

    /// The fields of all answers so far.
    pub fn seen(&self) -> BTreeSet<Field> {
        self.0.seen.lock().unwrap().clone()
    }

    /// How many answers were changed.
    pub fn changed(&self) -> usize {
        self.0.changed.load(Ordering::SeqCst)
    }

    /// How often each call came since this was asked last.
    #[allow(dead_code, reason = "the tests of AWS use it")]
    pub fn take_calls(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut *self.0.calls.lock().unwrap())
    }

    /// Notes the fields of an answer, and changes it.
    fn note(&self, call: &str, answer: Bytes) -> Bytes {
        let dialect = self.0.dialect;
        let Some(body) = (dialect.read)(&answer) else {
            return answer;
        };
        let fields = (dialect.fields)(&body).into_iter().map(|pointer| Field {
            call: call.to_owned(),
            pointer,
        });
        self.0.seen.lock().unwrap().extend(fields);
        let change = self.0.change.as_ref();
        let changed = change
            .filter(|change| change.field.call == call)
            .and_then(|change| (dialect.apply)(change, &body));
        match changed {
            None => answer,
            Some(changed) => {
                self.0.changed.fetch_add(1, Ordering::SeqCst);
                changed.into()
            }
        }
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let call = (proxy.0.dialect.call)(&parts, &body);
    *proxy
        .0
        .calls
        .lock()
        .unwrap()
        .entry(call.clone())
        .or_default() += 1;
    let upstream = proxy.0.upstream.lock().unwrap().clone();
    let url = format!("{upstream}{}", parts.uri.path_and_query().unwrap());
    // The host stays, since the tenant names itself by it, and so does the length.
    let sent = proxy.0.client.request(parts.method, url);
    let Ok(answer) = sent.headers(parts.headers).body(body).send().await else {
        // It was lost on the way.
        let mut lost = Response::new(Body::empty());
        *lost.status_mut() = StatusCode::BAD_GATEWAY;
        return lost;
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut answer = answer.bytes().await.unwrap();
    let is_noted = status.is_success() || proxy.0.dialect.with_errors;
    if is_noted && proxy.0.is_on.load(Ordering::SeqCst) {
        answer = proxy.note(&call, answer);
    }
    let mut response = Response::new(Body::from(answer));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().remove(TRANSFER_ENCODING);
    response
}

/// The path with a placeholder for each id.
fn route(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let is_name = segment.contains('@') || segment.contains("%40");
        let is_hex = segment.len() == 32 && segment.chars().all(|c| c.is_ascii_hexdigit());
        let is_number = !segment.is_empty() && segment.chars().all(|c| c.is_ascii_digit());
        if is_name || is_hex || is_number || Uuid::parse_str(segment).is_ok() {
            "{id}"
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}
