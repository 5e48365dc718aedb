//! Records what is sent to a simulated tenant's Graph, and what it answers.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde_json::{Map, Value, json};
use simulated::entra::Tenant;
use tokio::net::TcpListener;

/// Requests with their answers, in the order of the answers. Clones are the same traffic.
#[derive(Clone, Default)]
pub struct Traffic(Arc<Mutex<Vec<Value>>>);

impl Traffic {
    /// Serves the tenant a second time, and records what goes through this door. Gives its URL.
    pub async fn door(&self, tenant: &Tenant) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = tenant
            .router()
            .layer(from_fn_with_state(self.clone(), record));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// One request with its answer a line.
    pub fn write(&self, file: &Path) {
        let exchanges = self.0.lock().unwrap();
        let lines: Vec<String> = exchanges.iter().map(Value::to_string).collect();
        std::fs::write(file, lines.join("\n")).unwrap();
    }
}

async fn record(State(traffic): State<Traffic>, request: Request, next: Next) -> Response {
    let url = request.uri().to_string();
    if !url.starts_with("/v1.0/") && !url.starts_with("/beta/") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let (verb, headers) = (parts.method.to_string(), named(&parts.headers));
    let answer = next
        .run(Request::from_parts(parts, Body::from(body.clone())))
        .await;
    let (parts, answer) = answer.into_parts();
    let answer = to_bytes(answer, usize::MAX).await.unwrap();
    traffic.0.lock().unwrap().push(json!({
        "verb": verb,
        "url": url,
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
        "status": parts.status.as_u16(),
        "answerHeaders": named(&parts.headers),
        "answer": String::from_utf8_lossy(&answer),
    }));
    Response::from_parts(parts, Body::from(answer))
}

fn named(headers: &HeaderMap) -> Map<String, Value> {
    let text =
        |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value).into()))
        .collect()
}
