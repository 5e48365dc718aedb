//! The HTTP side. The login and Graph have one address; the first segment of the path tells them apart.

use std::net::TcpListener;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::Response;
use uuid::Uuid;

use super::answers::{Answer, Ids, LoginError, as_graph, as_login};
use super::authorize::{self, Authorization, Choice, Step};
use super::graph::{self, GraphRequest};
use super::id_token::Changes;
use super::login::{self, TokenRequest};
use super::routes::Version;
use super::sign_in_page;
use super::state::{Call, State as LoginState};
use super::tenant::Tenant;
use crate::faults::Reply;
use crate::received::{Received, field};
use crate::serving::{self, ServeError, Serving};

/// The cookie of the session.
const SESSION: &str = "ESTSAUTH";

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// Serving.
impl Tenant {
    /// The login and Graph as a router, for a server of the caller's. Only [`Tenant::serve`] and
    /// [`Tenant::serve_tls`] can drop connections; with another server a dropped connection is a 502.
    pub fn router(&self) -> Router {
        router(self.clone(), "http")
    }

    /// Serves over HTTP on the current runtime, until the returned value is dropped.
    pub fn serve(&self, listener: tokio::net::TcpListener) -> Serving {
        serving::plain(self.router(), listener)
    }

    /// Serves over TLS on the current runtime, until the returned value is dropped.
    pub fn serve_tls(
        &self,
        listener: TcpListener,
        cert_pem: &[u8],
        key_pem: &[u8],
    ) -> Result<Serving, ServeError> {
        serving::tls(router(self.clone(), "https"), listener, cert_pem, key_pem)
    }
}

/// A tenant, and the scheme with which links in its answers begin.
#[derive(Clone)]
struct Endpoint {
    tenant: Tenant,
    scheme: &'static str,
}

fn router(tenant: Tenant, scheme: &'static str) -> Router {
    Router::new()
        .fallback(handle)
        .with_state(Endpoint { tenant, scheme })
}

async fn handle(State(endpoint): State<Endpoint>, request: Received) -> Response {
    let exchange = Exchange::new(endpoint, request);
    let version = exchange.request.segments().first().copied();
    let reply = match version.and_then(Version::named) {
        Some(version) => exchange.with_graph(version),
        None => exchange.with_login(),
    };
    reply.send().await
}

/// A request with what its response needs.
struct Exchange {
    tenant: Tenant,
    request: Received,
    /// The scheme and host that the client used.
    base: String,
    ids: Ids,
}

impl Exchange {
    fn new(Endpoint { tenant, scheme }: Endpoint, request: Received) -> Self {
        let host = request.host().unwrap_or("localhost");
        let (base, id) = (format!("{scheme}://{host}"), Uuid::new_v4());
        let client = request.header(CLIENT_REQUEST_ID).map(str::to_owned);
        Exchange {
            tenant,
            base,
            ids: Ids {
                request: id,
                client: client.unwrap_or_else(|| id.to_string()),
            },
            request,
        }
    }

    /// Graph wants the length of every POST, also of one without a body
    /// (<https://github.com/sreeise/graph-rs-sdk/issues/524>).
    fn lacks_length(&self) -> bool {
        let has = |name| self.request.header(name).is_some();
        self.request.verb() == "POST"
            && !has(header::CONTENT_LENGTH)
            && !has(header::TRANSFER_ENCODING)
    }

    fn with_graph(&self, version: Version) -> Reply {
        let received = &self.request;
        let prefix = format!("/{}", version.name());
        let path = received.path().strip_prefix(&prefix).unwrap_or_default();
        let query: Vec<_> = form_urlencoded::parse(received.query().as_bytes())
            .into_owned()
            .collect();
        let request = GraphRequest {
            version,
            verb: received.verb(),
            path,
            query: &query,
            bearer: received.credentials("Bearer"),
            body: &received.body,
            base: &self.base,
        };
        let reply = self
            .reply(graph::failure, || {
                if self.lacks_length() {
                    return Answer::no_body(411);
                }
                graph::answer(&mut self.tenant.lock(), &request)
            })
            .map(|response| as_graph(response, &self.ids));
        self.tenant.record(Call {
            method: received.verb().to_owned(),
            path: path.to_owned(),
            query: received.decoded_query(),
            status: reply.status(),
            client_request_id: received.header(CLIENT_REQUEST_ID).map(str::to_owned),
            version: version.name(),
        });
        reply
    }

    fn with_login(&self) -> Reply {
        let is_token_request = self.request.path().ends_with("/oauth2/v2.0/token");
        self.tenant.lock().token_requests += usize::from(is_token_request);
        self.reply(login::failure, || self.log_in())
            .map(|response| as_login(response, &self.ids))
    }

    /// The reply with this answer, or with a fault that the request runs into.
    fn reply(&self, failure: fn(u16) -> Answer, answer: impl FnOnce() -> Answer) -> Reply {
        let effect = self.tenant.lock().faults.strike(&self.request);
        Reply::new(
            effect,
            |status| failure(status).into_response(&self.ids),
            || answer().into_response(&self.ids),
        )
    }

    fn log_in(&self) -> Answer {
        let state = &mut self.tenant.lock();
        match (self.request.verb(), self.request.segments().as_slice()) {
            ("GET", [tenant, "oauth2", "v2.0", "authorize"]) => {
                self.authorize(state, tenant, Choice::Arrived)
            }
            ("POST", [tenant, "login"]) => {
                let user = field(&self.request.body, "user").unwrap_or_default();
                let choice = match field(&self.request.body, "cancel") {
                    Some(_) => Choice::Cancels,
                    None => Choice::SignsIn(user.trim()),
                };
                self.authorize(state, tenant, choice)
            }
            ("GET", [_, "login"]) => {
                let text = "Endpoint only accepts POST requests. Received a GET request.";
                let error = LoginError::new(400, "invalid_request", 900_561, text);
                sign_in_page::error(&error, &self.ids.client)
            }
            ("GET", [tenant, "discovery", "v2.0", "keys"]) => {
                login::key_set(state, tenant, &self.base)
            }
            ("POST", [tenant, "oauth2", "v2.0", "token"]) => {
                let form: Vec<_> = form_urlencoded::parse(&self.request.body)
                    .into_owned()
                    .collect();
                let request = TokenRequest {
                    tenant,
                    form: &form,
                    basic: self.request.credentials("Basic"),
                    origin: self.request.header(header::ORIGIN),
                    base: &self.base,
                    correlation: &self.ids.client,
                };
                login::token(state, &request)
            }
            ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
                login::openid_configuration(state, tenant, &self.base)
            }
            ("GET", ["common", "discovery", "instance"]) => login::instance(state, &self.base),
            (_, [_, "oauth2", "v2.0", "token"]) => Answer::no_body(405),
            _ => Answer::no_body(404),
        }
    }

    /// Answers a browser on its way from an app and back.
    fn authorize(&self, login: &mut LoginState, tenant: &str, choice: Choice) -> Answer {
        let query: Vec<_> = form_urlencoded::parse(self.request.query().as_bytes())
            .into_owned()
            .collect();
        let request = Authorization {
            tenant,
            query: &query,
            cookie: self.request.cookie(SESSION),
            choice,
            changes: &Changes::none(),
        };
        match authorize::step(login, &request, &self.ids.client) {
            Ok(Step::Page { origin, hint }) => {
                let query = self.request.query();
                sign_in_page::sign_in(login, tenant, query, hint.as_deref(), &origin)
            }
            Ok(Step::Refused { location, .. }) => Answer::redirect(&location),
            Ok(Step::Done { location, cookie }) => {
                let secure = match self.base.starts_with("https:") {
                    true => "; Secure; SameSite=None",
                    false => "; SameSite=Lax",
                };
                let cookie = format!("{SESSION}={cookie}; Path=/; HttpOnly{secure}");
                Answer::redirect(&location).with("set-cookie", cookie)
            }
            Err(error) => sign_in_page::error(&error, &self.ids.client),
        }
    }
}
