//! The HTTP side. The login and Graph have one address; the first segment of the path tells them apart.

use std::net::TcpListener;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::Response;
use uuid::Uuid;

use super::answers::{Answer, GRAPH_JSON, Ids, LOGIN_JSON, LoginError, as_graph, as_login};
use super::authorize::{self, Authorization, Choice, Step};
use super::graph::{self, GraphRequest};
use super::id_token::Changes;
use super::login::{self, TokenRequest};
use super::metadata;
use super::routes::Version;
use super::sign_in_page;
use super::sign_out::sign_out;
use super::state::{Call, State as LoginState};
use super::tenant::Tenant;
use super::userinfo;
use super::way_back::WayBack;
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
    let segments = exchange.request.segments();
    let version = segments.first().copied().and_then(Version::named);
    let reply = match (version, segments.as_slice()) {
        (Some(version), _) => exchange.with_graph(version),
        (None, ["oidc", "userinfo"]) => exchange.with_userinfo(),
        (None, _) => exchange.with_login(),
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
            .reply(graph::failure, GRAPH_JSON, || {
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

    fn with_userinfo(&self) -> Reply {
        let bearer = self.request.credentials("Bearer");
        self.reply(graph::failure, LOGIN_JSON, || match self.request.verb() {
            "GET" | "POST" => userinfo::answer(&self.tenant.lock(), bearer, &self.base),
            _ => Answer::no_body(405),
        })
        .map(|response| as_graph(response, &self.ids))
    }

    fn with_login(&self) -> Reply {
        let is_token_request = self.request.path().ends_with("/oauth2/v2.0/token");
        self.tenant.lock().token_requests += usize::from(is_token_request);
        self.reply(login::failure, LOGIN_JSON, || self.log_in())
            .map(|response| as_login(response, &self.ids))
    }

    /// The reply with this answer, or with a fault that the request runs into.
    fn reply(
        &self,
        failure: fn(u16) -> Answer,
        json_kind: &'static str,
        answer: impl FnOnce() -> Answer,
    ) -> Reply {
        let effect = self.tenant.lock().faults.strike(&self.request);
        Reply::new(
            effect,
            |status| failure(status).into_response(&self.ids, json_kind),
            || answer().into_response(&self.ids, json_kind),
        )
    }

    fn log_in(&self) -> Answer {
        let state = &mut self.tenant.lock();
        match (self.request.verb(), self.request.segments().as_slice()) {
            ("GET", [tenant, "oauth2", "v2.0", "authorize"]) => {
                let query = self.request.query();
                self.authorize(state, tenant, query, Choice::Arrived)
            }
            ("POST", [tenant, "oauth2", "v2.0", "authorize"]) => {
                let form = String::from_utf8_lossy(&self.request.body);
                self.authorize(state, tenant, &form, Choice::Arrived)
            }
            ("POST", [tenant, "login"]) => {
                let user = field(&self.request.body, "user").unwrap_or_default();
                let choice = match field(&self.request.body, "cancel") {
                    Some(_) => Choice::Cancels,
                    None => Choice::SignsIn(user.trim()),
                };
                self.authorize(state, tenant, self.request.query(), choice)
            }
            ("GET", [_, "login"]) => {
                let text = "Endpoint only accepts POST requests. Received a GET request.";
                let error = LoginError::new(400, "invalid_request", 900_561, text);
                sign_in_page::error(&error, &self.ids.client)
            }
            ("GET" | "HEAD", [tenant, "discovery", "v2.0", "keys"]) => {
                metadata::key_set(state, tenant, &self.base)
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
            ("GET" | "HEAD", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
                metadata::openid_configuration(state, tenant, &self.base)
            }
            ("GET" | "HEAD", ["common", "discovery", "instance"]) => {
                metadata::instance(state, &self.base)
            }
            (
                "OPTIONS",
                [_, "discovery", "v2.0", "keys"]
                | [_, "v2.0", ".well-known", "openid-configuration"]
                | ["common", "discovery", "instance"],
            ) => Answer::no_body(200).published(),
            ("GET" | "POST", [tenant, "oauth2", "v2.0", "logout"]) => self.sign_out(state, tenant),
            (_, [_, "oauth2", "v2.0", "devicecode"]) => login::device_code(&self.ids.client),
            (verb, [_, "oauth2", "v2.0", "token"]) => login::only_post(verb, &self.ids.client),
            _ => Answer::no_body(404),
        }
    }

    /// Answers a browser on its way from an app and back, with the parameters as they were sent.
    fn authorize(
        &self,
        login: &mut LoginState,
        tenant: &str,
        parameters: &str,
        choice: Choice,
    ) -> Answer {
        let query: Vec<_> = form_urlencoded::parse(parameters.as_bytes())
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
                sign_in_page::sign_in(login, tenant, parameters, hint.as_deref(), &origin)
            }
            Ok(Step::Refused { back, .. }) => to_the_app(&back),
            Ok(Step::Done { back, cookie }) => {
                to_the_app(&back).with("set-cookie", self.cookie(&cookie))
            }
            Err(error) => sign_in_page::error(&error, &self.ids.client),
        }
    }

    /// The cookie of a session, or one that removes it if it is empty.
    fn cookie(&self, value: &str) -> String {
        let secure = match self.base.starts_with("https:") {
            true => "; Secure; SameSite=None",
            false => "; SameSite=Lax",
        };
        let end = if value.is_empty() { "; Max-Age=0" } else { "" };
        format!("{SESSION}={value}; Path=/; HttpOnly{secure}{end}")
    }

    fn sign_out(&self, login: &mut LoginState, tenant: &str) -> Answer {
        let request = &self.request;
        let query = form_urlencoded::parse(request.query().as_bytes());
        let form = form_urlencoded::parse(&request.body);
        let parameters: Vec<_> = query.into_owned().chain(form.into_owned()).collect();
        match sign_out(login, tenant, &parameters, request.cookie(SESSION)) {
            Ok(to) => to
                .map_or_else(sign_in_page::signed_out, |uri| Answer::redirect(&uri))
                .with("set-cookie", self.cookie("")),
            Err(error) => sign_in_page::error(&error, &self.ids.client),
        }
    }
}

fn to_the_app(back: &WayBack) -> Answer {
    match back.form() {
        Some((uri, fields)) => sign_in_page::form_post(uri, fields),
        None => Answer::redirect(&back.location()),
    }
}
