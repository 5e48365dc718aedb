//! HTTP requests in, answers out: the login and Graph live at one address, told apart by the first segment
//! of the path.

use std::net::TcpListener;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, Response, header, request::Parts};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::answers::{Answer, Ids};
use super::faults::Effect;
use super::graph::{self, GraphRequest};
use super::login::{self, TokenRequest};
use super::routes::Version;
use super::state::{Call, State};
use super::tenant::Tenant;
use crate::serving::{self, ServeError, Serving, dropped};

/// No call of Graph that is simulated here has a larger body.
const BODY_LIMIT: usize = 1024 * 1024;

/// A tenant behind a scheme: links in its answers begin with one.
#[derive(Clone)]
struct Door {
    tenant: Tenant,
    scheme: &'static str,
}

/// Serving.
impl Tenant {
    /// The login and Graph as a router, for a server of somebody else's. Only [`Tenant::serve`] and
    /// [`Tenant::serve_tls`] can drop connections; here a dropped one is a 502.
    pub fn router(&self) -> axum::Router {
        router(self.clone(), "http")
    }

    /// Serves over HTTP on the current runtime, until the answer is dropped.
    pub fn serve(&self, listener: tokio::net::TcpListener) -> Serving {
        serving::plain(self.router(), listener)
    }

    /// Serves over TLS on the current runtime, until the answer is dropped.
    pub fn serve_tls(
        &self,
        listener: TcpListener,
        cert_pem: &[u8],
        key_pem: &[u8],
    ) -> Result<Serving, ServeError> {
        serving::tls(router(self.clone(), "https"), listener, cert_pem, key_pem)
    }
}

fn router(tenant: Tenant, scheme: &'static str) -> Router {
    Router::new()
        .fallback(enter)
        .with_state(Door { tenant, scheme })
}

async fn enter(Shared(door): Shared<Door>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    // A sender who gives up in the middle of a body gets no answer anyway.
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return dropped();
    };
    let visit = Visit::new(&door, &parts);
    match visit.version() {
        Some(version) => visit.at_graph(&door.tenant, version, &body).await,
        None => visit.at_login(&door.tenant, &body).await,
    }
}

/// One request, taken apart.
struct Visit {
    verb: String,
    path: String,
    raw_query: String,
    query: Vec<(String, String)>,
    base: String,
    authorization: Option<String>,
    sent_id: Option<String>,
    ids: Ids,
}

impl Visit {
    fn new(door: &Door, parts: &Parts) -> Self {
        let raw_query = parts.uri.query().unwrap_or_default();
        let host =
            text(&parts.headers, header::HOST.as_str()).unwrap_or_else(|| "localhost".to_owned());
        let (request, sent_id) = (Uuid::new_v4(), text(&parts.headers, "client-request-id"));
        Visit {
            verb: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            raw_query: raw_query.to_owned(),
            query: form_urlencoded::parse(raw_query.as_bytes())
                .into_owned()
                .collect(),
            base: format!("{}://{host}", door.scheme),
            authorization: text(&parts.headers, header::AUTHORIZATION.as_str()),
            ids: Ids {
                request,
                client: sent_id.clone().unwrap_or_else(|| request.to_string()),
            },
            sent_id,
        }
    }

    fn version(&self) -> Option<Version> {
        self.path.split('/').nth(1).and_then(Version::named)
    }

    /// What faults look at.
    fn target(&self) -> String {
        percent_decode_str(&format!("{}?{}", self.path, self.raw_query))
            .decode_utf8_lossy()
            .into_owned()
    }

    async fn at_graph(self, tenant: &Tenant, version: Version, body: &[u8]) -> Response<Body> {
        let path = self
            .path
            .strip_prefix(&format!("/{}", version.name()))
            .unwrap_or_default();
        let effect = tenant.lock().strike(&self.verb, &self.target());
        let canned = effect.and_then(|effect| effect.answer(graph::failure));
        let silent = matches!(effect, Some(Effect::ResetBefore | Effect::Hang));
        let answer = (canned.is_none() && !silent).then(|| {
            let request = GraphRequest {
                version,
                verb: &self.verb,
                path,
                query: &self.query,
                authorization: self.authorization.as_deref(),
                body,
                base: &self.base,
            };
            graph::answer(&mut tenant.lock(), &request)
        });
        let answer = canned
            .or(answer)
            .filter(|_| !matches!(effect, Some(Effect::ResetAfter)));
        tenant.record(Call {
            method: self.verb.clone(),
            path: path.to_owned(),
            query: percent_decode_str(&self.raw_query)
                .decode_utf8_lossy()
                .into_owned(),
            status: answer.as_ref().map_or(0, |answer| answer.status),
            client_request_id: self.sent_id.clone(),
            version: version.name(),
        });
        match answer {
            Some(answer) => answer.dress_for_graph(&self.ids),
            None => silence(effect).await,
        }
    }

    async fn at_login(self, tenant: &Tenant, body: &[u8]) -> Response<Body> {
        let effect = tenant.lock().strike(&self.verb, &self.target());
        let canned = effect.and_then(|effect| effect.answer(login::failure));
        let silent = matches!(effect, Some(Effect::ResetBefore | Effect::Hang));
        let answer = {
            let mut state = tenant.lock();
            state.token_requests += usize::from(self.path.ends_with("/oauth2/v2.0/token"));
            (canned.is_none() && !silent).then(|| self.log_in(&mut state, body))
        };
        match canned
            .or(answer)
            .filter(|_| !matches!(effect, Some(Effect::ResetAfter)))
        {
            Some(answer) => answer.dress_for_login(&self.ids),
            None => silence(effect).await,
        }
    }

    fn log_in(&self, state: &mut State, body: &[u8]) -> Answer {
        let segments: Vec<_> = self.path.split('/').skip(1).collect();
        match (self.verb.as_str(), segments.as_slice()) {
            ("POST", [tenant, "oauth2", "v2.0", "token"]) => {
                let form: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
                let request = TokenRequest {
                    tenant,
                    form: &form,
                    authorization: self.authorization.as_deref(),
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
}

/// No answer: not now, or not ever.
async fn silence(effect: Option<Effect>) -> Response<Body> {
    match effect {
        Some(Effect::Hang) => std::future::pending().await,
        _ => dropped(),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
