//! moto, to which requests go one by one. Its transactions are not isolated: one that is cancelled puts back the whole
//! table as it was when it began, without what others have written meanwhile. DynamoDB's are.

use std::io;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

/// Serves what is at `moto` at the address that it gives back.
pub async fn one_by_one(moto: String) -> io::Result<String> {
    let turn = Arc::new(Mutex::new(reqwest::Client::new()));
    let forward = move |request: Request| {
        let (turn, moto) = (turn.clone(), moto.clone());
        async move {
            let client = turn.lock().await;
            pass_on(&client, &moto, request)
                .await
                .ok_or(StatusCode::BAD_GATEWAY)
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = axum::Router::new().fallback(forward);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

async fn pass_on(client: &reqwest::Client, moto: &str, request: Request) -> Option<Response> {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.ok()?;
    parts.headers.remove(HOST);
    let answer = client
        .request(parts.method, format!("{moto}{}", parts.uri))
        .headers(parts.headers)
        .body(body)
        .send()
        .await
        .ok()?;
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    let mut response = Response::new(Body::from(answer.bytes().await.ok()?));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}
