//! The socket, outside Lambda: HTTP/1.1, with limits for how much a client sends and for how long it takes.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::meta::SourceAddress;

/// How long a client may take for the headers of a request. A connection between two requests is closed after it, too.
pub const SLOWEST_HEADERS: Duration = Duration::from_secs(10);

/// The most headers of a request.
const MOST_HEADERS: usize = 100;

/// The largest head of a request, in bytes. An approval is at most 16 KiB.
const LARGEST_HEAD: usize = 64 * 1024;

/// Serves until `stop`, and then until the requests under way are answered. The address of a client is that of the
/// connection: behind a proxy, the proxy's.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    slowest_headers: Duration,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(slowest_headers)
        .max_headers(MOST_HEADERS)
        .max_header_size(LARGEST_HEAD);
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (socket, peer) = tokio::select! {
            // It waits and goes on where accepting fails, such as for want of file descriptors.
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        let address = SourceAddress(peer.ip().to_string());
        let with_peer = move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(address.clone());
            request
        };
        let service = TowerToHyperService::new(router.clone().map_request(with_peer));
        let connection = http.serve_connection(TokioIo::new(socket), service);
        let connection = open.watch(connection);
        // A connection that breaks is of no interest: what was accepted goes on.
        tokio::spawn(async move { _ = connection.await });
    }
    open.shutdown().await;
}
