//! The only place that wires edges to the core.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;

use crate::clock::Clock;
use crate::entra::{Entra, EntraSettings, HttpClientError, Means, http_client};
use crate::http::{Served, Services, router};
use crate::issuers::Issuers;
use crate::policy::Policy;
use crate::reset::ports::{AuditTrail, Store};
use crate::reset::{Directories, HardwareOath, Ledger, Privileged, Prover, Resets};
use crate::secrets::{Freshness, SecretSource, WebIdentity};

/// What the world gives: AWS in production, something else in a tour or a test.
pub struct World {
    /// Where secrets are.
    pub secrets: Arc<dyn SecretSource>,
    /// Who says who we are.
    pub identity: Arc<dyn WebIdentity>,
    /// Where resets are remembered.
    pub store: Arc<dyn Store>,
    /// Where decisions are written down.
    pub audit: Arc<dyn AuditTrail>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The product, wired.
pub struct App {
    services: Arc<Services>,
    issuers: Arc<Issuers>,
    /// Seen through their standard credentials: the privileged ones are never fetched before they are needed.
    tenants: Vec<Arc<Entra>>,
}

/// What fetching beforehand may take in all: a start must not wait for a peer that is down.
const WARM_UP: Duration = Duration::from_secs(3);

impl App {
    /// Wires everything. Connects nothing.
    ///
    /// # Errors
    /// [`HttpClientError`] if TLS cannot be set up.
    pub fn new(policy: Policy, world: World) -> Result<App, HttpClientError> {
        let http = http_client()?;
        let issuers = Arc::new(Issuers::new(
            policy.directory,
            http.clone(),
            world.clock.clone(),
        ));
        let prover = Arc::new(Prover {
            issuers: policy.issuers,
            audiences: policy.audience,
            keys: issuers.clone(),
        });
        let ledger = Ledger::new(world.store);
        let means = Means {
            http,
            secrets: world.secrets.clone(),
            identity: world.identity,
            clock: world.clock.clone(),
        };
        let mut served = BTreeMap::new();
        let mut tenants = Vec::new();
        for (name, tenant) in policy.tenants {
            let connect = |settings: EntraSettings| {
                Arc::new(Entra::new(
                    tenant.id,
                    settings,
                    tenant.rules.hardware_oath != HardwareOath::Unavailable,
                    tenant.rules.privileged_groups.clone(),
                    means.clone(),
                ))
            };
            let standard = connect(tenant.entra.clone());
            tenants.push(standard.clone());
            let privileged = tenant.privileged.map(|privileged| Privileged {
                directory: connect(EntraSettings {
                    credential: privileged.credential,
                    ..tenant.entra.clone()
                }),
                restricted_units: privileged.restricted_units,
            });
            let resets = Resets::new(
                tenant.id,
                tenant.rules,
                Directories {
                    standard,
                    privileged,
                },
                prover.clone(),
                ledger.clone(),
                world.audit.clone(),
                world.clock.clone(),
            );
            served.insert(
                name,
                Served {
                    id: tenant.id,
                    resets,
                },
            );
        }
        let services = Services {
            sources: policy.sources,
            on_call: policy.on_call,
            prover,
            tenants: served,
            secrets: world.secrets,
            audit: world.audit,
            clock: world.clock,
            register_at: policy.register_at,
        };
        Ok(App {
            services: Arc::new(services),
            issuers,
            tenants,
        })
    }

    /// The routes.
    pub fn router(&self) -> Router {
        router(self.services.clone())
    }

    /// Fetches secrets, keys and Graph tokens while there is nobody waiting for them. Best effort: what
    /// cannot be had now is fetched when it is needed, and disables only what needs it.
    pub async fn warm_up(&self) {
        let secrets = self.services.sources.values().map(async |source| {
            if let Err(error) = self
                .services
                .secrets
                .get(&source.secret, Freshness::Cached)
                .await
            {
                tracing::warn!(%error, "not fetched beforehand");
            }
        });
        let keys = self.services.prover.issuers.values().map(async |issuer| {
            if let Err(error) = self.issuers.warm_up(issuer).await {
                tracing::warn!(%error, "not fetched beforehand");
            }
        });
        let tokens = self.tenants.iter().map(async |entra| {
            if let Err(error) = entra.warm_up().await {
                tracing::warn!(%error, "no Graph token beforehand");
            }
        });
        let everything =
            async { tokio::join!(join_all(secrets), join_all(keys), join_all(tokens)) };
        if tokio::time::timeout(WARM_UP, everything).await.is_err() {
            tracing::warn!("not everything was fetched beforehand");
        }
    }
}
