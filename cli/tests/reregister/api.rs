//! A stand-in for the function's API: it answers from a list, in order, and records the requests.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// One answer of the list.
#[derive(Clone)]
pub enum Reply {
    Json(u16, Value),
    Text(u16, String),
    Redirect(String),
    /// The connection breaks before the answer.
    Lost,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Method and path, with the query if there is one.
    pub what: String,
    pub authorization: String,
    pub body: String,
}

#[derive(Default)]
struct Script {
    preview: Mutex<VecDeque<Reply>>,
    open: Mutex<VecDeque<Reply>>,
    read: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
}

/// A server on this machine. Each route repeats its last answer.
pub struct Api {
    pub url: String,
    script: Arc<Script>,
}

impl Api {
    pub fn start() -> Api {
        let script = Arc::new(Script::default());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&script));
        thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                    axum::serve(listener, app).await.unwrap();
                });
        });
        Api { url, script }
    }

    /// Answers each preview with one of Jane.
    pub fn with_preview() -> Api {
        Api::start().preview([Reply::Json(200, preview())])
    }

    pub fn preview(self, replies: impl IntoIterator<Item = Reply>) -> Api {
        self.script.preview.lock().unwrap().extend(replies);
        self
    }

    pub fn open(self, replies: impl IntoIterator<Item = Reply>) -> Api {
        self.script.open.lock().unwrap().extend(replies);
        self
    }

    pub fn read(self, replies: impl IntoIterator<Item = Reply>) -> Api {
        self.script.read.lock().unwrap().extend(replies);
        self
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }

    /// Methods and paths alone.
    pub fn routes(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let what = format!("{} {}", parts.method, parts.uri);
    let replies = match what.as_str() {
        "POST /resets/preview" => &script.preview,
        "POST /resets" => &script.open,
        _ => &script.read,
    };
    let authorization = parts
        .headers
        .get(AUTHORIZATION)
        .map(|value| value.to_str().unwrap().to_owned());
    script.asked.lock().unwrap().push(Asked {
        what,
        authorization: authorization.unwrap_or_default(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let reply = {
        let mut replies = replies.lock().unwrap();
        if replies.len() > 1 {
            replies.pop_front()
        } else {
            replies.front().cloned()
        }
    };
    match reply.unwrap_or(Reply::Text(500, "nothing was prepared".to_owned())) {
        Reply::Json(status, json) => with_type(status, json.to_string()),
        Reply::Text(status, text) => with_type(status, text),
        Reply::Redirect(url) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, url)]).into_response(),
        // Ends the task of this connection without an answer.
        Reply::Lost => resume_unwind(Box::new("lost")),
    }
}

fn with_type(status: u16, text: String) -> Response {
    let kind = if status < 400 {
        "application/json"
    } else {
        "application/problem+json"
    };
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(CONTENT_TYPE, kind)], text).into_response()
}

/// The id of every reset here.
pub const RESET: &str = "70311fe3-d25d-4576-87ff-7dfa101eae6b";

pub fn preview() -> Value {
    json!({
        "note": "Nothing has been changed. A reset of jane.doe@contoso.example would do this.",
        "can_register": "yes",
        "ticket": "HELP-42",
        "target": "jane.doe@contoso.example",
        "target_id": "a1000000-0000-4000-8000-00000000000b",
        "privileged": false,
        "privilege": null,
        "revoke_sessions": true,
        "methods": [
            {"method": "Microsoft Authenticator", "label": "Jane's iPhone", "status": "remove", "why": null},
            {"method": "Password", "label": null, "status": "keep", "why": "no MFA method"},
        ],
        "warnings": [{"code": "guest", "text": "The person is a guest."}],
    })
}

pub fn outcome(state: &str, can_register: &str) -> Value {
    json!({
        "reset": RESET,
        "state": state,
        "note": format!("It is {state}, says the function."),
        "can_register": can_register,
        "register_at": "https://aka.ms/mfasetup",
        "ticket": "HELP-42",
        "target": "jane.doe@contoso.example",
        "target_id": "a1000000-0000-4000-8000-00000000000b",
        "privileged": false,
        "sessions": "revoked",
        "methods": [
            {"method": "Microsoft Authenticator", "label": "Jane's iPhone", "status": "removed", "why": null},
        ],
        "warnings": [],
        "approvers": [],
        "verifiers": [],
        "claimed_at": "2026-11-24T10:25:54.522171458Z",
        "finished_at": "2026-11-24T10:25:54.608855778Z",
        "replayed": false,
    })
}

pub fn waiting() -> Value {
    json!({
        "reset": RESET,
        "state": "waiting",
        "note": "MFA re-registration is accepted and not done yet.",
        "code": "directory_unavailable",
        "ticket": "HELP-42",
    })
}

pub fn problem(status: u16, code: &str, retry: bool) -> Reply {
    Reply::Json(
        status,
        json!({
            "type": format!("urn:reregister-mfa:problem:{code}"),
            "status": status,
            "title": "What kind it is",
            "detail": "What it is this time.",
            "code": code,
            "next": "What to do.",
            "note": "MFA re-registration was refused. What it is this time. What to do.",
            "retry": retry,
        }),
    )
}
