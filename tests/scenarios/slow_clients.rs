//! Clients on a socket that send no whole request, or one without end.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use reregister_mfa::http::serve;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::test_app::TestApp;

/// Longer than anything here takes.
const HANGS: Duration = Duration::from_secs(20);

async fn served(app: &TestApp, slowest_headers: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(
        listener,
        app.app.router(),
        slowest_headers,
        pending(),
    ));
    address
}

/// What the server says until it closes the connection.
async fn said(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(HANGS, socket.read_to_end(&mut answer));
    // The server may reset a connection whose request it has not read whole.
    _ = read.await.expect("the connection is held");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn half_a_request_is_dropped_after_the_time_for_headers() {
    let app = TestApp::new().await;
    let address = served(&app, Duration::from_millis(200)).await;
    let halves = [
        "",
        "POST",
        "POST /webhooks/jira HTTP/1.1\r\nHost: x\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\n",
    ];
    for half in halves {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(half.as_bytes()).await.unwrap();
        let answer = said(&mut socket).await;
        let whole = half.matches("\r\n\r\n").count();
        assert_eq!(
            answer.matches("HTTP/1.1 200").count(),
            whole,
            "{half}: {answer}"
        );
    }
}

#[tokio::test]
async fn headers_without_end_are_refused_by_number_and_by_size() {
    let app = TestApp::new().await;
    let address = served(&app, HANGS).await;
    let many = "X: y\r\n".repeat(200);
    let large = format!("X: {}\r\n", "y".repeat(100_000));
    for headers in [many, large] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /health HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        _ = socket.write_all(request.as_bytes()).await;
        let answer = said(&mut socket).await;
        assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    }
    let mut socket = TcpStream::connect(address).await.unwrap();
    let large = format!("X: {}\r\n", "y".repeat(32_000));
    let request = format!("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{large}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    assert!(said(&mut socket).await.starts_with("HTTP/1.1 200"));
}
