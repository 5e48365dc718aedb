//! A tenant on a socket. A plain axum server cannot drop a connection in the place of an answer; this one
//! can.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tower::{Service, service_fn};

use super::Tenant;
use super::answers::Dropped;
use super::door::router;

/// A tenant that is being served; it stops when this is dropped.
#[derive(Debug)]
pub struct Serving {
    /// The address of the login and of Graph, for example `http://127.0.0.1:8443`.
    pub url: String,
    handle: Handle<SocketAddr>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

/// Why a tenant cannot be served over TLS.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket.
    #[error("the socket: {0}")]
    Socket(#[from] io::Error),
    /// The certificate or the key is no PEM.
    #[error("the certificate or its key: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The certificate and the key are of no use together.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// Serves over HTTP.
pub(super) fn plain(tenant: Tenant, listener: TcpListener) -> Serving {
    // A listener that is bound has an address.
    let url = listener
        .local_addr()
        .map(|address| format!("http://{address}"))
        .unwrap_or_default();
    let handle = Handle::new();
    let server = Server::<SocketAddr>::from_listener(listener)
        .acceptor(NoDelayAcceptor::new())
        .handle(handle.clone());
    let connection = Connection(router(tenant, "http"));
    tokio::spawn(server.serve(service_fn(move |_: SocketAddr| {
        ready(Ok::<_, Infallible>(connection.clone()))
    })));
    Serving { url, handle }
}

/// Serves over TLS.
pub(super) fn tls(
    tenant: Tenant,
    listener: std::net::TcpListener,
    cert_pem: &[u8],
    key_pem: &[u8],
) -> Result<Serving, ServeError> {
    let certificates = CertificateDer::pem_slice_iter(cert_pem).collect::<Result<Vec<_>, _>>()?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, PrivateKeyDer::from_pem_slice(key_pem)?)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(Arc::new(config)))
        .acceptor(NoDelayAcceptor::new());
    let url = format!("https://{}", listener.local_addr()?);
    let handle = Handle::new();
    let server = axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .handle(handle.clone());
    let connection = Connection(router(tenant, "https"));
    tokio::spawn(server.serve(service_fn(move |_: SocketAddr| {
        ready(Ok::<_, Infallible>(connection.clone()))
    })));
    Ok(Serving { url, handle })
}

/// The router of one connection, whose errors make hyper drop the connection.
#[derive(Clone)]
struct Connection(Router);

#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct OnPurpose;

impl<B> Service<Request<B>> for Connection
where
    Router: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    <Router as Service<Request<B>>>::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = OnPurpose;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, OnPurpose>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OnPurpose>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            match answer.await {
                Ok(response) if response.extensions().get::<Dropped>().is_some() => Err(OnPurpose),
                Ok(response) => Ok(response),
            }
        })
    }
}
