//! The tenant's answers: results, and errors in their various shapes.

use axum::body::Body as HttpBody;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// An answer to a request, without the headers that all have.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    body: Body,
    headers: Vec<(&'static str, String)>,
}

#[derive(Debug)]
enum Body {
    Empty,
    Json(Value),
    Html(String),
    /// Graph's error envelope, which gets the ids of the request when it is sent.
    Error {
        code: String,
        message: String,
        /// Whether the inner error has the message too.
        repeated: bool,
    },
}

/// An answer, or the error that ends the handling of the request.
pub(super) type Outcome = Result<Answer, Answer>;

/// The content type of Graph's JSON.
pub(super) const GRAPH_JSON: &str = "application/json;odata.metadata=minimal;charset=utf-8";

/// The content type of the login's JSON.
pub(super) const LOGIN_JSON: &str = "application/json; charset=utf-8";

/// The end of an error's text where Entra would do what the simulated tenant does not.
pub(super) const NOT_SIMULATED: &str = " (not simulated)";

/// The ids of a request, which clients should log (<https://learn.microsoft.com/graph/best-practices-concept>).
#[derive(Debug)]
pub(super) struct Ids {
    pub(super) request: Uuid,
    pub(super) client: String,
}

impl Answer {
    fn new(status: u16, body: Body) -> Self {
        Answer {
            status,
            body,
            headers: Vec::new(),
        }
    }

    pub(super) fn json(status: u16, value: Value) -> Self {
        Answer::new(status, Body::Json(value))
    }

    pub(super) fn html(text: String) -> Self {
        Answer::new(200, Body::Html(text))
    }

    pub(super) fn redirect(location: &str) -> Self {
        Answer::no_body(302).with("location", location)
    }

    pub(super) fn no_body(status: u16) -> Self {
        Answer::new(status, Body::Empty)
    }

    pub(super) fn no_content() -> Self {
        Answer::no_body(204)
    }

    /// Graph's envelope (<https://learn.microsoft.com/graph/errors>).
    pub(super) fn error(status: u16, code: &str, message: impl Into<String>) -> Self {
        Answer::new(
            status,
            Body::Error {
                code: code.to_owned(),
                message: message.into(),
                repeated: false,
            },
        )
    }

    /// The envelope of the authentication methods, which has the message twice
    /// (<https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/1888>).
    pub(super) fn bad_method_request(message: impl Into<String>) -> Self {
        Answer::new(
            400,
            Body::Error {
                code: "badRequest".to_owned(),
                message: message.into(),
                repeated: true,
            },
        )
    }

    /// The directory's 403 (<https://learn.microsoft.com/graph/resolve-auth-errors>).
    pub(super) fn insufficient_privileges() -> Self {
        let text = "Insufficient privileges to complete the operation.";
        Answer::error(403, "Authorization_RequestDenied", text)
    }

    /// There is no user of this name.
    pub(super) fn no_such_resource(name: &str) -> Self {
        let text =
            "does not exist or one of its queried reference-property objects are not present.";
        Answer::error(
            404,
            "Request_ResourceNotFound",
            format!("Resource '{name}' {text}"),
        )
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A document that every web page may read, and that browsers may keep for a day.
    pub(super) fn published(self) -> Self {
        self.with("cache-control", "max-age=86400, private")
            .with("access-control-allow-origin", "*")
            .with("access-control-allow-methods", "GET, OPTIONS")
    }

    pub(super) fn into_response(self, ids: &Ids, json_kind: &'static str) -> Response {
        let mut kind = json_kind;
        let bytes = match self.body {
            Body::Empty => None,
            Body::Json(value) => Some(value.to_string().into_bytes()),
            Body::Html(text) => {
                kind = "text/html; charset=utf-8";
                Some(text.into_bytes())
            }
            Body::Error {
                code,
                message,
                repeated,
            } => {
                let mut inner = json!({
                    "date": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                    "request-id": ids.request,
                    "client-request-id": ids.client,
                });
                if let (true, Value::Object(inner)) = (repeated, &mut inner) {
                    inner.insert("message".to_owned(), json!(message));
                }
                let error =
                    json!({"error": {"code": code, "message": message, "innerError": inner}});
                Some(error.to_string().into_bytes())
            }
        };
        let mut response = Response::new(HttpBody::empty());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(bytes) = bytes {
            let kind = HeaderValue::from_static(kind);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            *response.body_mut() = HttpBody::from(bytes);
        }
        with_headers(response, self.headers)
    }
}

/// The answer of the service behind Graph to a path that it does not have, in no envelope
/// (<https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/937>).
pub(super) fn no_http_resource(user: &str, method: &str) -> Value {
    let uri = format!(
        "https://mface.windowsazure.com/odata/users('{user}')/authentication/methods('{method}')"
    );
    json!({
        "Message": format!("No HTTP resource was found that matches the request URI '{uri}'."),
        "MessageDetail": "No type was found that matches the controller named 'users'.",
    })
}

/// Adds the headers that every response of Graph has.
pub(super) fn as_graph(response: Response, ids: &Ids) -> Response {
    let place = json!({"ServerInfo": {
        "DataCenter": "Simulated", "Slice": "E", "Ring": "1", "ScaleUnit": "000", "RoleInstance": "SIM0000",
    }});
    let headers = [
        ("request-id", ids.request.to_string()),
        ("client-request-id", ids.client.clone()),
        ("x-ms-ags-diagnostic", place.to_string()),
        ("odata-version", "4.0".to_owned()),
        ("cache-control", "no-cache".to_owned()),
    ];
    with_headers(response, headers)
}

/// Adds the headers that every response of the login has. One that may be kept says so itself.
pub(super) fn as_login(response: Response, ids: &Ids) -> Response {
    let may_be_kept = response.headers().contains_key(header::CACHE_CONTROL);
    let headers = [
        ("x-ms-request-id", ids.request.to_string()),
        ("client-request-id", ids.client.clone()),
    ];
    let transient = [
        ("cache-control", "no-store, no-cache".to_owned()),
        ("pragma", "no-cache".to_owned()),
    ];
    let transient = transient.into_iter().filter(|_| !may_be_kept);
    with_headers(response, headers.into_iter().chain(transient))
}

fn with_headers(
    mut response: Response,
    headers: impl IntoIterator<Item = (&'static str, String)>,
) -> Response {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// An error of the login (<https://learn.microsoft.com/entra/identity-platform/reference-error-codes>).
#[derive(Debug)]
pub(super) struct LoginError {
    status: u16,
    error: &'static str,
    code: u32,
    message: String,
}

impl LoginError {
    pub(super) fn new(
        status: u16,
        error: &'static str,
        code: u32,
        message: impl Into<String>,
    ) -> Self {
        LoginError {
            status,
            error,
            code,
            message: message.into(),
        }
    }

    /// The app could not be authenticated.
    pub(super) fn client(code: u32, message: impl Into<String>) -> Self {
        LoginError::new(401, "invalid_client", code, message)
    }

    /// The app asks for something that Entra has and the simulated tenant does not.
    pub(super) fn not_simulated(error: &'static str, code: u32, message: &str) -> Self {
        LoginError::new(400, error, code, format!("{message}{NOT_SIMULATED}"))
    }

    /// A person of any tenant was to sign in to an app of this tenant alone.
    pub(super) fn not_multi_tenant(client: &str) -> Self {
        let text = format!(
            "Application '{client}' is not configured as a multi-tenant application. Usage of the /common \
             endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific \
             endpoint or configure the application to be multi-tenant."
        );
        LoginError::new(400, "invalid_request", 50194, text)
    }

    pub(super) fn name(&self) -> &'static str {
        self.error
    }

    /// The number after `AADSTS`.
    pub(super) fn code(&self) -> u32 {
        self.code
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The same problem as another kind of error.
    pub(super) fn named(self, error: &'static str) -> Self {
        LoginError { error, ..self }
    }

    pub(super) fn uri(&self) -> String {
        format!("https://login.microsoftonline.com/error?code={}", self.code)
    }

    /// The text for people, with what support asks for.
    pub(super) fn description(&self, correlation: &str) -> String {
        self.describe(Uuid::new_v4(), correlation, &written_now())
    }

    fn describe(&self, trace: Uuid, correlation: &str, timestamp: &str) -> String {
        format!(
            "AADSTS{}: {}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: \
             {timestamp}",
            self.code, self.message
        )
    }

    pub(super) fn answer(self, correlation: &str) -> Answer {
        let (trace, timestamp) = (Uuid::new_v4(), written_now());
        let description = self.describe(trace, correlation, &timestamp);
        Answer::json(
            self.status,
            json!({
                "error": self.error,
                "error_description": description,
                "error_codes": [self.code],
                "timestamp": timestamp,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": self.uri(),
            }),
        )
    }
}

fn written_now() -> String {
    Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
