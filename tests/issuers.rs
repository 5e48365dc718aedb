//! Keys by https: cached, fetched again within limits, kept through an outage.

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
use reregister_mfa::issuers::Issuers;
use reregister_mfa::outbound::http_client;
use reregister_mfa::reset::ports::KeySource;
use simulated::issuer::Issuer;

struct Watch(Mutex<Timestamp>);

#[async_trait]
impl Clock for Watch {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    async fn sleep(&self, _: Duration) {}
}

/// A place that publishes a key set, counts who asks, and can be down.
struct Place {
    issuers: Issuers,
    policy: IssuerPolicy,
    watch: Arc<Watch>,
    asked: Arc<AtomicUsize>,
    says: Arc<Mutex<(StatusCode, String)>>,
}

impl Place {
    async fn new(first: &Issuer) -> Place {
        let asked = Arc::new(AtomicUsize::new(0));
        let says = Arc::new(Mutex::new((StatusCode::OK, first.jwks().to_string())));
        let (count, answer) = (asked.clone(), says.clone());
        let app = Router::new().route(
            "/jwks",
            get(async move || {
                count.fetch_add(1, Ordering::SeqCst);
                answer.lock().unwrap().clone()
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let policy = toml::from_str(&format!(
            "iss = \"i\"\nkeys.url = \"{url}\"\nalgorithms = [\"ES256\"]\ndomain = \"d\""
        ))
        .unwrap();
        let watch = Arc::new(Watch(Mutex::new(Timestamp::now())));
        Place {
            issuers: Issuers::new(".".into(), http_client().unwrap(), watch.clone()),
            policy,
            watch,
            asked,
            says,
        }
    }

    fn publish(&self, status: StatusCode, text: impl Into<String>) {
        *self.says.lock().unwrap() = (status, text.into());
    }

    fn pass(&self, seconds: u64) {
        let mut now = self.watch.0.lock().unwrap();
        *now = now.checked_add(Duration::from_secs(seconds)).unwrap();
    }

    /// Whether the key is known; nothing if there are no keys to be had.
    async fn knows(&self, kid: &str) -> Option<bool> {
        let kid = Kid::try_from(kid).unwrap();
        let keys = self.issuers.keys(&self.policy, &kid).await.ok()?;
        Some(keys.has(&kid))
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_known_key_is_fetched_once_in_ten_minutes() {
    let place = Place::new(&Issuer::es256("i", "one")).await;
    for _ in 0..5 {
        assert_eq!(place.knows("one").await, Some(true));
    }
    assert_eq!(place.asked(), 1);
    place.pass(601);
    place.knows("one").await;
    assert_eq!(place.asked(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_at_most_once_a_minute() {
    let first = Issuer::es256("i", "one");
    let place = Place::new(&first).await;
    place.knows("one").await;
    place.publish(StatusCode::OK, first.with_key("two").jwks().to_string());
    assert_eq!(place.knows("two").await, Some(false));
    assert_eq!(place.asked(), 1);
    place.pass(61);
    assert_eq!(place.knows("two").await, Some(true));
    for n in 0..20 {
        assert_eq!(place.knows(&format!("guess{n}")).await, Some(false));
    }
    assert_eq!(place.asked(), 2);
}

#[tokio::test]
async fn many_who_wait_share_one_fetch() {
    let place = Place::new(&Issuer::es256("i", "one")).await;
    let all = futures_util::future::join_all((0..20).map(|_| place.knows("one"))).await;
    assert!(all.into_iter().all(|known| known == Some(true)));
    assert_eq!(place.asked(), 1);
}

#[tokio::test]
async fn the_last_good_set_is_kept_for_a_day_of_outage_and_no_longer() {
    let place = Place::new(&Issuer::es256("i", "one")).await;
    place.knows("one").await;
    for (status, text) in [
        (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        (StatusCode::OK, "<html>".to_owned()),
        (StatusCode::FOUND, String::new()),
        (StatusCode::OK, " ".repeat(300 * 1024)),
    ] {
        place.publish(status, text);
        place.pass(60 * 60);
        assert_eq!(place.knows("one").await, Some(true));
    }
    place.pass(20 * 60 * 60);
    assert_eq!(place.knows("one").await, None);
}

#[tokio::test]
async fn a_key_that_is_withdrawn_is_gone_after_ten_minutes() {
    let first = Issuer::es256("i", "one");
    let place = Place::new(&first).await;
    place.knows("one").await;
    place.publish(
        StatusCode::OK,
        first
            .with_key("two")
            .without_earlier_keys()
            .jwks()
            .to_string(),
    );
    place.pass(601);
    assert_eq!(place.knows("one").await, Some(false));
    assert_eq!(place.knows("two").await, Some(true));
}
