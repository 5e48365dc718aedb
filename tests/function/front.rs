//! A Function URL in front of the Runtime API, as a browser needs one. It keeps what went through it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::HeaderValue;
use axum::response::Response;
use serde_json::Value;
use simulated::function_url;
use simulated::request::Request;
use simulated::runtime_api::{Invocation, RuntimeApi};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// The timeout of the function in template.yaml.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The largest body that a Function URL takes.
const LARGEST: usize = 6 * 1024 * 1024;

/// What was asked, and what was answered.
#[derive(Debug)]
pub struct Exchange {
    /// Method, path and query.
    pub asked: String,
    pub body: Value,
    pub answer: Value,
}

/// The URL, which serves while this function is up.
pub struct Front {
    pub url: String,
    waiting: mpsc::UnboundedReceiver<Waiting>,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

/// A request that waits for its invocation.
type Waiting = (Request, oneshot::Sender<function_url::Answer>);

#[derive(Clone)]
struct Door {
    waiting: mpsc::UnboundedSender<Waiting>,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl Front {
    /// Listens. The address is known before the function behind it starts.
    pub async fn open() -> Front {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, waiting) = mpsc::unbounded_channel();
        let exchanges = Arc::new(Mutex::new(Vec::new()));
        let door = Door {
            waiting: sender,
            exchanges: exchanges.clone(),
        };
        let router = Router::new().fallback(pass).with_state(door);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Front {
            url,
            waiting,
            exchanges,
        }
    }

    /// Invokes the function for each request, one after another, as one process has them. Ends never.
    pub async fn serve(&mut self, api: &RuntimeApi) {
        while let Some((request, answered)) = self.waiting.recv().await {
            let event = function_url::event(&request);
            let answer = match api.invoke(event, TIMEOUT).await.unwrap() {
                Invocation::Response(bytes) => function_url::answer(&bytes).unwrap(),
                Invocation::Error { body } => panic!("the function failed: {body}"),
            };
            // A page that was left does not wait any longer.
            let _ = answered.send(answer);
        }
    }

    pub fn into_exchanges(self) -> Vec<Exchange> {
        std::mem::take(&mut self.exchanges.lock().unwrap())
    }
}

async fn pass(State(door): State<Door>, request: HttpRequest) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, LARGEST).await.unwrap();
    let headers = parts.headers.iter();
    let request = Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: bytes.to_vec(),
    };
    let (sender, answer) = oneshot::channel();
    door.waiting.send((request, sender)).unwrap();
    let answer = answer.await.unwrap();
    door.exchanges.lock().unwrap().push(Exchange {
        asked: format!("{} {}", parts.method, parts.uri),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        answer: answer.json().unwrap_or_default(),
    });
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status.try_into().unwrap();
    for (name, value) in answer.headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_str(&value).unwrap();
        response.headers_mut().append(name, value);
    }
    response
}
