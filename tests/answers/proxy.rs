//! Stands between the product and a simulated service, notes which fields its answers have, and changes one of them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::odd::{Change, Field, pointers};

/// Clones are the same proxy.
#[derive(Clone)]
pub struct Proxy(Arc<State_>);

struct State_ {
    client: reqwest::Client,
    upstream: Mutex<String>,
    change: Option<Change>,
    seen: Mutex<BTreeSet<Field>>,
    changed: AtomicUsize,
}

impl Proxy {
    /// Gives the proxy and its URL. It has an upstream only when it is told so.
    pub async fn start(change: Option<Change>) -> (Proxy, String) {
        let proxy = Proxy(Arc::new(State_ {
            client: reqwest::Client::new(),
            upstream: Mutex::default(),
            change,
            seen: Mutex::default(),
            changed: AtomicUsize::new(0),
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

    /// The fields of all answers so far that were no errors.
    pub fn seen(&self) -> BTreeSet<Field> {
        self.0.seen.lock().unwrap().clone()
    }

    /// How many answers were changed.
    pub fn changed(&self) -> usize {
        self.0.changed.load(Ordering::SeqCst)
    }

    /// Notes the fields of an answer, and changes it.
    fn note(&self, call: &str, answer: Bytes) -> Bytes {
        let Ok(body) = serde_json::from_slice::<Value>(&answer) else {
            return answer;
        };
        let fields = pointers(&body).into_iter().map(|pointer| Field {
            call: call.to_owned(),
            pointer,
        });
        self.0.seen.lock().unwrap().extend(fields);
        let change = self.0.change.as_ref();
        let changed = change
            .filter(|change| change.field.call == call)
            .and_then(|change| change.apply(&body));
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
    let call = format!("{} {}", parts.method, route(parts.uri.path()));
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
    if status.is_success() {
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
