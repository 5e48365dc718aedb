//! The bucket of evidence records, as template.yaml makes it: versioned, and locked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use reregister_mfa::aws::S3;
use reregister_mfa::clock::SystemClock;
use reregister_mfa::evidence_record::verify;
use reregister_mfa::reset::ports::{EvidenceRecordError, EvidenceStore, Kept};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::moto;
use crate::test_app::{Overrides, TestApp};

const NAME: &str = "evidence/2026/11/28/4f0e4ed1-0d37-4f44-8f0b-4b0c6f0f1f5e.json";

/// moto takes any signature, and tells services apart by its scope.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=test/20261128/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00";

const LOCATION: &str = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";

const LOCK: &str = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
    <Mode>COMPLIANCE</Mode><Days>400</Days></DefaultRetention></Rule></ObjectLockConfiguration>";

/// What an administrator of the bucket asks S3. Gives status, headers and body.
async fn ask(method: &str, path: &str, body: &'static str) -> (u16, HeaderMap, String) {
    let client = reqwest::Client::new();
    let asked = client.request(method.parse().unwrap(), format!("{}/{path}", moto::url()));
    let answer = asked
        .header("authorization", SIGNED)
        .header("content-type", "application/xml")
        .header("x-amz-bucket-object-lock-enabled", "true")
        .body(body)
        .send()
        .await
        .unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.unwrap())
}

/// A new bucket, as in template.yaml.
async fn bucket() -> String {
    let name = format!("evidence-{}", Uuid::new_v4());
    assert_eq!(ask("PUT", &name, LOCATION).await.0, 200);
    let locked = ask("PUT", &format!("{name}?object-lock"), LOCK).await;
    assert_eq!(locked.0, 200, "{locked:?}");
    name
}

fn s3(config: &SdkConfig, bucket: &str) -> S3 {
    S3::new(config, bucket, Arc::new(SystemClock))
}

/// The name of the only object, and how many versions it has.
async fn versions(bucket: &str) -> (String, usize) {
    let (_, _, list) = ask("GET", &format!("{bucket}?versions"), "").await;
    let between = |begin: &str, end: &str| {
        let (_, rest) = list.split_once(begin)?;
        Some(rest.split_once(end)?.0.to_owned())
    };
    let name = between("<Key>", "</Key>").unwrap_or_default();
    (name, list.matches("<Version>").count())
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_record_is_written_once_under_a_lock_with_its_checksum() {
    let bucket = bucket().await;
    let s3 = s3(&moto::config().await, &bucket);
    let first = s3.keep(NAME, r#"{"first":"é"}"#).await;
    assert_eq!(first, Ok(Kept::Written));
    // Another document under the name is not written, and that is no error: usually it is the same.
    let second = s3.keep(NAME, r#"{"second":1}"#).await;
    assert_eq!(second, Ok(Kept::WasThere));
    assert_eq!(versions(&bucket).await, (NAME.to_owned(), 1));
    let path = format!("{bucket}/{NAME}");
    let (status, headers, body) = ask("GET", &path, "").await;
    assert_eq!((status, body.as_str()), (200, r#"{"first":"é"}"#));
    assert_eq!(headers["x-amz-object-lock-mode"], "COMPLIANCE");
    let version = headers["x-amz-version-id"].to_str().unwrap();
    let (status, _, why) = ask("DELETE", &format!("{path}?versionId={version}"), "").await;
    assert_eq!(status, 403, "{why}");
    assert_eq!(versions(&bucket).await.1, 1);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_bucket_that_is_not_there_is_an_error_that_says_so() {
    let nowhere = s3(&moto::config().await, "no-such-bucket-here");
    let error = nowhere.keep(NAME, "{}");
    let expected = "status 404 NoSuchBucket".to_owned();
    assert_eq!(error.await, Err(EvidenceRecordError(expected)));
}

/// S3 in front of moto that does not let each request through. Gives its address, and how many requests it got.
async fn in_front_of_moto(
    refuse: impl Fn(usize) -> Option<(StatusCode, &'static str)> + Clone + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let handler = async move |request: Request| {
        let nth = counted.fetch_add(1, Ordering::SeqCst);
        if let Some((status, body)) = refuse(nth) {
            return (status, HeaderMap::new(), body.to_owned());
        }
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let mut headers = head.headers;
        headers.remove("host");
        let sent = reqwest::Client::new()
            .request(head.method, format!("{}{}", moto::url(), head.uri))
            .headers(headers)
            .body(body)
            .send();
        let answer = sent.await.unwrap();
        let mut headers = answer.headers().clone();
        headers.remove("content-length");
        headers.remove("connection");
        (answer.status(), headers, answer.text().await.unwrap())
    };
    let router = Router::new().fallback(handler);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, count)
}

#[tokio::test]
async fn each_answer_but_written_and_already_there_is_an_error() {
    for (status, body, expected) in [
        (
            503,
            "<Error><Code>SlowDown</Code></Error>",
            Err("status 503 SlowDown"),
        ),
        (
            409,
            "<Error><Code>ConditionalRequestConflict</Code></Error>",
            Err("status 409 ConditionalRequestConflict"),
        ),
        (
            403,
            "<Error><Code>AccessDenied</Code></Error>",
            Err("status 403 AccessDenied"),
        ),
        (
            500,
            "<Code>not a name, and +49 30 901820</Code>",
            Err("status 500"),
        ),
        (301, "", Err("status 301")),
        // As a proxy on the way could answer.
        (200, "<html>", Err("status 200")),
        (204, "", Err("status 204")),
        (412, "", Ok(Kept::WasThere)),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, _) = in_front_of_moto(move |_| Some((status, body))).await;
        let kept = s3(&moto::config_at(&url).await, "b").keep(NAME, "{}").await;
        let expected = expected.map_err(|why: &str| EvidenceRecordError(why.to_owned()));
        assert_eq!(kept, expected, "{status} {body}");
    }
}

async fn app_with(store: S3) -> TestApp {
    let overrides = Overrides {
        evidence: Some(Arc::new(store)),
        ..Overrides::default()
    };
    TestApp::build(|policy| policy, |tenant| tenant, overrides).await
}

async fn asked(app: &TestApp) {
    let draft = app.draft().scope("mfa:reregister passkeys:remove");
    let approval = app.approve(draft);
    let done = app.send_alone(app.jira(&approval)).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
}

/// The only object of a bucket has to be a record.
async fn assert_kept(bucket: &str) {
    let (name, count) = versions(bucket).await;
    assert_eq!(count, 1);
    let (status, _, record) = ask("GET", &format!("{bucket}/{name}"), "").await;
    assert_eq!(status, 200);
    let verified = verify(record.as_bytes()).unwrap();
    assert_eq!(verified.record.object_name(), name);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn the_worker_tries_again_while_s3_asks_it_to_slow_down() {
    let bucket = bucket().await;
    let slow = "<Error><Code>SlowDown</Code></Error>";
    let (url, count) =
        in_front_of_moto(move |nth| (nth < 3).then_some((StatusCode::SERVICE_UNAVAILABLE, slow)))
            .await;
    let app = app_with(s3(&moto::config_at(&url).await, &bucket)).await;
    asked(&app).await;
    app.work().await;
    assert_eq!(versions(&bucket).await.1, 0);
    app.wait(Duration::from_secs(10 * 60)).await;
    assert_eq!(count.load(Ordering::SeqCst), 4);
    assert_kept(&bucket).await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn what_a_worker_that_was_killed_while_it_wrote_has_left_the_next_one_writes_once() {
    for is_written in [false, true] {
        let bucket = bucket().await;
        // The first request hangs, before or after moto has the object.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let nth = Arc::new(AtomicUsize::new(0));
        let (inner, _) = in_front_of_moto(|_| None).await;
        let handler = async move |request: Request| {
            let is_first = nth.fetch_add(1, Ordering::SeqCst) == 0;
            if is_first && !is_written {
                std::future::pending::<()>().await;
            }
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let mut headers = head.headers;
            headers.remove("host");
            let sent = reqwest::Client::new()
                .request(head.method, format!("{inner}{}", head.uri))
                .headers(headers)
                .body(body)
                .send();
            let answer = sent.await.unwrap();
            if is_first {
                std::future::pending::<()>().await;
            }
            let etag = answer.headers().get("etag").cloned();
            let etag = etag.map(|etag| (axum::http::header::ETAG, etag));
            (
                answer.status(),
                HeaderMap::from_iter(etag),
                answer.text().await.unwrap(),
            )
        };
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });

        let app = app_with(s3(&moto::config_at(&url).await, &bucket)).await;
        asked(&app).await;
        // The process is killed where it waits for S3.
        let killed = tokio::time::timeout(Duration::from_secs(2), app.work()).await;
        assert!(killed.is_err());
        assert_eq!(versions(&bucket).await.1, usize::from(is_written));
        app.wait(Duration::from_secs(5 * 60)).await;
        assert_kept(&bucket).await;
        assert_eq!(app.decisions().last().unwrap(), "evidence kept");
        assert_eq!(app.queue_length(), 0);
    }
}
