//! Stands between a process and a service, far away as services are: no answer comes sooner than one round trip after
//! its request, and a new connection can be used only two round trips after it was opened, one for TCP and one for TLS.
//!
//! What a service takes by itself passes within the round trip, as it does in what is measured of a real one. Where it
//! takes longer than that, its answer is late, and how late is counted.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::described::describe;
use crate::service::Service;

/// Round trips that a new connection costs before the first request: TCP, and TLS 1.3.
const HANDSHAKES: u32 = 2;

/// The largest body that is passed on.
const LARGEST: usize = 16 * 1024 * 1024;

/// How long a round trip takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RoundTrips {
    pub aws: Duration,
    pub microsoft_and_jira: Duration,
}

impl RoundTrips {
    fn to(self, service: Service) -> Duration {
        if service.is_aws() {
            self.aws
        } else {
            self.microsoft_and_jira
        }
    }
}

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub service: Service,
    /// The method, and the path without ids.
    pub what: String,
    /// Whether its connection is new.
    pub connects: bool,
    pub start: Instant,
    /// Until it was answered; `None` if it was not.
    pub end: Option<Instant>,
    /// How much later than a round trip the service has answered.
    pub late: Duration,
}

/// What has passed, of all proxies of one deployment.
#[derive(Clone, Default)]
pub struct Traffic(Arc<Mutex<Passed>>);

#[derive(Default)]
struct Passed {
    exchanges: Vec<Exchange>,
    connections: Vec<(Service, Instant)>,
}

impl Traffic {
    fn lock(&self) -> MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn forget(&self) {
        *self.lock() = Passed::default();
    }

    /// The requests that began between these moments, in order.
    pub fn exchanges(&self, from: Instant, to: Instant) -> Vec<Exchange> {
        let passed = self.lock();
        let within = passed.exchanges.iter();
        within
            .filter(|one| one.start >= from && one.start < to)
            .cloned()
            .collect()
    }

    /// How many connections were opened to a service between these moments.
    pub fn connections(&self, service: Service, from: Instant, to: Instant) -> usize {
        let passed = self.lock();
        let opened = passed.connections.iter();
        opened
            .filter(|(to_this, at)| *to_this == service && *at >= from && *at < to)
            .count()
    }

    /// Waits until nothing was under way for so long.
    pub async fn quiet(&self, time: Duration) {
        loop {
            let last = {
                let passed = self.lock();
                let ends = passed.exchanges.iter();
                ends.map(|one| one.end.unwrap_or_else(Instant::now)).max()
            };
            let since = last.map_or(time, |last| last.elapsed());
            if since >= time {
                return;
            }
            tokio::time::sleep(time - since).await;
        }
    }
}

/// Puts a proxy before a service, for as long as the runtime lives, and gives its address.
pub fn before(
    service: Service,
    address: &str,
    round_trips: RoundTrips,
    traffic: &Traffic,
) -> io::Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    let listener = TcpListener::from_std(listener)?;
    let proxy = Proxy {
        service,
        address: address.trim_end_matches('/').to_owned(),
        round_trip: round_trips.to(service),
        traffic: traffic.clone(),
        client: reqwest::Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .build()
            .map_err(io::Error::other)?,
    };
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let _ = socket.set_nodelay(true);
            tokio::spawn(serve(proxy.clone(), socket));
        }
    });
    Ok(url)
}

#[derive(Clone)]
struct Proxy {
    service: Service,
    address: String,
    round_trip: Duration,
    traffic: Traffic,
    client: reqwest::Client,
}

/// One connection, until the client closes it.
async fn serve(proxy: Proxy, socket: tokio::net::TcpStream) {
    let opened = Instant::now();
    let opened_by = (proxy.service, opened);
    proxy.traffic.lock().connections.push(opened_by);
    let usable = opened + proxy.round_trip * HANDSHAKES;
    let (is_new, proxy) = (&AtomicBool::new(true), &proxy);
    let answer = hyper::service::service_fn(move |request| async move {
        let connects = is_new.swap(false, Ordering::Relaxed);
        Ok::<_, Infallible>(proxy.pass(request, connects, usable).await)
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(socket), answer)
        .await;
}

impl Proxy {
    async fn pass(
        &self,
        request: Request<Incoming>,
        connects: bool,
        usable: Instant,
    ) -> Response<Body> {
        let start = Instant::now();
        let (parts, body) = request.into_parts();
        let body = to_bytes(Body::new(body), LARGEST).await.unwrap_or_default();
        let number = {
            let mut passed = self.traffic.lock();
            passed.exchanges.push(Exchange {
                service: self.service,
                what: describe(&parts, &body),
                connects,
                start,
                end: None,
                late: Duration::ZERO,
            });
            passed.exchanges.len() - 1
        };
        wait_until(usable).await;
        let sent = Instant::now();
        let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("{}{target}", self.address);
        // The host stays: the tenant names itself by it in its links, and signatures of AWS cover it.
        let answer = self.client.request(parts.method, url);
        let answer = answer.headers(parts.headers).body(body).send().await;
        let response = response(answer).await;
        let late = sent.elapsed().saturating_sub(self.round_trip);
        wait_until(sent + self.round_trip).await;
        let mut passed = self.traffic.lock();
        // Gone if what has passed was forgotten meanwhile.
        let exchange = passed.exchanges.get_mut(number);
        if let Some(exchange) = exchange.filter(|one| one.start == start) {
            exchange.end = Some(Instant::now());
            exchange.late = late;
        }
        response
    }
}

async fn response(answer: reqwest::Result<reqwest::Response>) -> Response<Body> {
    let failed = || {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    };
    let Ok(answer) = answer else { return failed() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else {
        return failed();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    // moto closes every connection, and AWS none.
    let of_the_connection = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];
    let headers: &mut HeaderMap = response.headers_mut();
    for name in of_the_connection {
        headers.remove(name);
    }
    response
}

/// On a thread of its own: tokio's timer is exact to a millisecond, and a round trip to AWS takes four.
async fn wait_until(moment: Instant) {
    let left = moment.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        let _ = tokio::task::spawn_blocking(move || {
            std::thread::sleep(moment.saturating_duration_since(Instant::now()));
        })
        .await;
    }
}
