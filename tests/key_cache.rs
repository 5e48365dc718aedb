//! The keys of issuers over HTTPS: cached, fetched again within limits, kept through an outage.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use reregister_mfa::approval::IssuerPolicy;
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::ids::Kid;
use reregister_mfa::key_cache::KeyCache;
use reregister_mfa::outbound::http_client;
use reregister_mfa::reset::ports::KeySource;
use simulated::issuer::Issuer;

struct TestClock(Mutex<Timestamp>);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    async fn sleep(&self, _: Duration) {}
}

/// A server that publishes a key set, counts the fetches, and can be down; with the product's cache of it.
struct KeyServer {
    cache: KeyCache,
    policy: IssuerPolicy,
    clock: Arc<TestClock>,
    fetches: Arc<AtomicUsize>,
    answer: Arc<Mutex<(StatusCode, String)>>,
}

impl KeyServer {
    async fn new(first: &Issuer) -> KeyServer {
        let fetches = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(Mutex::new((StatusCode::OK, first.jwks().to_string())));
        let (count, current) = (fetches.clone(), answer.clone());
        let app = Router::new().route(
            "/jwks",
            get(async move || {
                count.fetch_add(1, Ordering::SeqCst);
                current.lock().unwrap().clone()
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let policy = toml::from_str(&format!(
            "iss = \"i\"\nkeys.url = \"{url}\"\nalgorithms = [\"ES256\"]\ndomain = \"d\""
        ))
        .unwrap();
        let clock = Arc::new(TestClock(Mutex::new(Timestamp::now())));
        KeyServer {
            cache: KeyCache::new(".".into(), http_client().unwrap(), clock.clone()),
            policy,
            clock,
            fetches,
            answer,
        }
    }

    fn publish(&self, status: StatusCode, text: impl Into<String>) {
        *self.answer.lock().unwrap() = (status, text.into());
    }

    fn pass(&self, seconds: u64) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.checked_add(Duration::from_secs(seconds)).unwrap();
    }

    /// Whether the key is known; `None` if no keys can be fetched.
    async fn knows(&self, kid: &str) -> Option<bool> {
        let kid = Kid::try_from(kid).unwrap();
        let keys = self.cache.keys(&self.policy, &kid).await.ok()?;
        Some(keys.has(&kid))
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_known_key_is_fetched_once_in_ten_minutes() {
    let server = KeyServer::new(&Issuer::es256("i", "one")).await;
    for _ in 0..5 {
        assert_eq!(server.knows("one").await, Some(true));
    }
    assert_eq!(server.fetches(), 1);
    server.pass(601);
    server.knows("one").await;
    assert_eq!(server.fetches(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_at_most_once_a_minute() {
    let first = Issuer::es256("i", "one");
    let server = KeyServer::new(&first).await;
    server.knows("one").await;
    server.publish(StatusCode::OK, first.with_key("two").jwks().to_string());
    assert_eq!(server.knows("two").await, Some(false));
    assert_eq!(server.fetches(), 1);
    server.pass(61);
    assert_eq!(server.knows("two").await, Some(true));
    for n in 0..20 {
        assert_eq!(server.knows(&format!("guess{n}")).await, Some(false));
    }
    assert_eq!(server.fetches(), 2);
}

#[tokio::test]
async fn many_requests_at_once_share_one_fetch() {
    let server = KeyServer::new(&Issuer::es256("i", "one")).await;
    let all = futures_util::future::join_all((0..20).map(|_| server.knows("one"))).await;
    assert!(all.into_iter().all(|known| known == Some(true)));
    assert_eq!(server.fetches(), 1);
}

#[tokio::test]
async fn the_last_good_set_is_kept_for_a_day_of_outage_and_no_longer() {
    let server = KeyServer::new(&Issuer::es256("i", "one")).await;
    server.knows("one").await;
    for (status, text) in [
        (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        (StatusCode::OK, "<html>".to_owned()),
        (StatusCode::FOUND, String::new()),
        (StatusCode::OK, " ".repeat(300 * 1024)),
    ] {
        server.publish(status, text);
        server.pass(60 * 60);
        assert_eq!(server.knows("one").await, Some(true));
    }
    server.pass(20 * 60 * 60);
    assert_eq!(server.knows("one").await, None);
}

#[tokio::test]
async fn a_key_that_is_withdrawn_is_gone_after_ten_minutes() {
    let first = Issuer::es256("i", "one");
    let server = KeyServer::new(&first).await;
    server.knows("one").await;
    server.publish(
        StatusCode::OK,
        first
            .with_key("two")
            .without_earlier_keys()
            .jwks()
            .to_string(),
    );
    server.pass(601);
    assert_eq!(server.knows("one").await, Some(false));
    assert_eq!(server.knows("two").await, Some(true));
}
