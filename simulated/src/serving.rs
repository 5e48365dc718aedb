//! Serves a router on a socket, over HTTP/1.1 and HTTP/2. Unlike a plain axum server it can drop a connection instead of answering.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tower::service_fn;
use tower::util::{MapResult, ServiceFn};

/// A running server, which stops when this is dropped.
#[derive(Debug)]
#[must_use = "the server stops when this is dropped"]
pub struct Serving {
    /// For example `http://127.0.0.1:8080`.
    pub url: String,
    handle: Handle<SocketAddr>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

/// Why serving over TLS cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the socket: {0}")]
    Socket(#[from] io::Error),
    /// The certificate or the key is not PEM.
    #[error("the certificate or its key: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The certificate is missing, or does not belong to the key.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// Serves over HTTP on the current runtime.
pub(crate) fn plain(router: Router, listener: TcpListener) -> Serving {
    // This fails only for a listener that is not bound.
    let url = listener
        .local_addr()
        .map(|address| format!("http://{address}"))
        .unwrap_or_default();
    let handle = Handle::new();
    let server = Server::<SocketAddr>::from_listener(listener)
        .acceptor(NoDelayAcceptor::new())
        .handle(handle.clone());
    tokio::spawn(server.serve(connections(router)));
    Serving { url, handle }
}

/// Serves over TLS on the current runtime.
pub(crate) fn tls(
    router: Router,
    listener: std::net::TcpListener,
    cert_pem: &[u8],
    key_pem: &[u8],
) -> Result<Serving, ServeError> {
    let certificates = CertificateDer::pem_slice_iter(cert_pem).collect::<Result<Vec<_>, _>>()?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, PrivateKeyDer::from_pem_slice(key_pem)?)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(Arc::new(config)))
        .acceptor(NoDelayAcceptor::new());
    let url = format!("https://{}", listener.local_addr()?);
    let handle = Handle::new();
    let server = axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .handle(handle.clone());
    tokio::spawn(server.serve(connections(router)));
    Ok(Serving { url, handle })
}

type Connection =
    MapResult<Router, fn(Result<Response, Infallible>) -> Result<Response, OnPurpose>>;

/// Makes the service of each connection.
fn connections(
    router: Router,
) -> ServiceFn<impl Fn(SocketAddr) -> Ready<Result<Connection, Infallible>> + Clone> {
    let connection: Connection = MapResult::new(router, unless_dropped);
    service_fn(move |_| ready(Ok(connection.clone())))
}

/// Marks a response that must not be sent, because the connection is to be dropped.
#[derive(Clone, Copy)]
struct Dropped;

/// A response that stands for a dropped connection. With any other server than this one it is sent as a 502.
pub(crate) fn dropped() -> Response {
    let mut response = StatusCode::BAD_GATEWAY.into_response();
    response.extensions_mut().insert(Dropped);
    response
}

/// The error that makes hyper drop the connection. hyper has no other way to do so.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct OnPurpose;

impl From<Infallible> for OnPurpose {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

fn unless_dropped(response: Result<Response, Infallible>) -> Result<Response, OnPurpose> {
    match response {
        Ok(response) if response.extensions().get::<Dropped>().is_some() => Err(OnPurpose),
        Ok(response) => Ok(response),
    }
}
