//! Approval keys from a file or an https JWK Set, cached.
//!
//! A key that is not known makes the set be fetched again, at most once a minute.
//! While the set cannot be had the last good one is kept, for a day.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::approval::{IssuerPolicy, KeyLocation, KeySet, LARGEST_SET, PassedOver};
use crate::clock::{self, Clock, Timestamp};
use crate::ids::{Issuer, Kid};
use crate::outbound::bounded_body;
use crate::reset::ports::{KeySource, KeysUnavailable};
use crate::single_flight::{Fetched, SingleFlight};

/// How long a set will do without another look.
const TTL: Duration = Duration::from_secs(10 * 60);

/// The least time between two fetches of one set.
const BETWEEN_FETCHES: Duration = Duration::from_secs(60);

/// The same while there is no set at all, so that one lost answer is no blackout.
const WITHOUT_ANY: Duration = Duration::from_secs(3);

/// How long the last good set is kept while its place does not answer.
const LONGEST_OUTAGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a fetch may take. A delivery is waiting for it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// The keys of all issuers.
pub struct KeyCache {
    directory: PathBuf,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    sets: SingleFlight<Issuer, Cached>,
}

#[derive(Default)]
struct Cached {
    good: Option<Fetched<Arc<KeySet>>>,
    tried_at: Option<Timestamp>,
    /// Whether that try failed, so that there may be newer keys than the cached ones.
    failed: bool,
}

impl Cached {
    /// The set, if it is young enough and has this key.
    fn fresh(&self, kid: Option<&Kid>, now: Timestamp) -> Option<&Arc<KeySet>> {
        let set = self.good.as_ref()?;
        let is_fresh = set.is_younger_than(TTL, now) && kid.is_none_or(|kid| set.value.has(kid));
        is_fresh.then_some(&set.value)
    }
}

impl KeyCache {
    /// Relative paths of key files are from `directory`.
    pub fn new(directory: PathBuf, http: reqwest::Client, clock: Arc<dyn Clock>) -> KeyCache {
        KeyCache {
            directory,
            http,
            clock,
            sets: SingleFlight::default(),
        }
    }

    /// Fetches an issuer's keys, so that the first request need not wait for them.
    ///
    /// # Errors
    /// [`KeysUnavailable`], as the first request would meet it.
    pub async fn warm_up(&self, issuer: &IssuerPolicy) -> Result<(), KeysUnavailable> {
        self.cached(issuer, None).await.map(drop)
    }

    async fn cached(
        &self,
        issuer: &IssuerPolicy,
        kid: Option<&Kid>,
    ) -> Result<Arc<KeySet>, KeysUnavailable> {
        let mut cached = self.sets.enter(&issuer.iss).await;
        let now = self.clock.now();
        if let Some(set) = cached.fresh(kid, now) {
            return Ok(set.clone());
        }
        let pause = if cached.good.is_some() {
            BETWEEN_FETCHES
        } else {
            WITHOUT_ANY
        };
        let too_soon = cached
            .tried_at
            .is_some_and(|at| now < clock::after(at, pause));
        if !too_soon {
            let fetched = self.fetch(issuer).await;
            cached.failed = fetched.is_err();
            match fetched {
                Ok(set) => {
                    let known = cached.good.as_ref().map(|set| set.value.passed_over());
                    log_passed_over(&issuer.iss, set.passed_over(), known.unwrap_or_default());
                    cached.good = Some(Fetched::new(Arc::new(set), now));
                }
                Err(why) => tracing::warn!(issuer = %issuer.iss, why, "keys cannot be fetched"),
            }
            // Only now: a fetch that was given up half-way does not count.
            cached.tried_at = Some(now);
        }
        let unavailable = |why: &str| KeysUnavailable {
            issuer: issuer.iss.clone(),
            why: why.to_owned(),
        };
        let set = cached
            .good
            .as_ref()
            .filter(|set| set.is_younger_than(LONGEST_OUTAGE, now))
            .map(|set| set.value.clone())
            .ok_or_else(|| unavailable("not fetched in the last day"))?;
        // The set could not be fetched, so whether it has the key is not known.
        if cached.failed && kid.is_some_and(|kid| !set.has(kid)) {
            return Err(unavailable(
                "the last fetch failed, and the older set does not have this key",
            ));
        }
        Ok(set)
    }

    async fn fetch(&self, issuer: &IssuerPolicy) -> Result<KeySet, String> {
        let json = match &issuer.keys {
            KeyLocation::Webauthn(at) => {
                return KeySet::of_passkeys(issuer, at).map_err(|unfit| unfit.to_string());
            }
            KeyLocation::File(path) => read(&self.directory.join(path)).await?,
            KeyLocation::Url(url) => {
                tokio::time::timeout(FETCH_TIMEOUT, self.download(url.as_str()))
                    .await
                    .map_err(|_| "no answer in time".to_owned())??
            }
        };
        KeySet::parse(&json, &issuer.algorithms).map_err(|fault| fault.to_string())
    }

    async fn download(&self, url: &str) -> Result<Vec<u8>, String> {
        let answer = self
            .http
            .get(url)
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(format!("status {}", answer.status().as_u16()));
        }
        bounded_body(answer, LARGEST_SET)
            .await
            .map_err(|bad| bad.to_string())
    }
}

/// Writes a line for each key that is not used, unless it was so in the set before.
fn log_passed_over(issuer: &Issuer, keys: &[PassedOver], known: &[PassedOver]) {
    for PassedOver { kid, why } in keys.iter().filter(|key| !known.contains(key)) {
        tracing::warn!(%issuer, kid, %why, "a key of the issuer is not used");
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, String> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || std::fs::read(path))
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())
}

#[async_trait]
impl KeySource for KeyCache {
    async fn keys(&self, issuer: &IssuerPolicy, kid: &Kid) -> Result<Arc<KeySet>, KeysUnavailable> {
        self.cached(issuer, Some(kid)).await
    }

    fn known_keys(&self, issuer: &IssuerPolicy, kid: &Kid) -> Option<Arc<KeySet>> {
        let cached = self.sets.try_enter(&issuer.iss)?;
        cached.fresh(Some(kid), self.clock.now()).cloned()
    }
}
