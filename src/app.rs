//! The only place that wires edges to the core.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;

use crate::clock::Clock;
use crate::deadline::Deadline;
use crate::entra::{Entra, EntraDeps, EntraSettings};
use crate::http::{Services, Tenant, Told, router};
use crate::ids::ResetId;
use crate::issuers::Issuers;
use crate::memory::MemoryQueue;
use crate::outbound::{HttpClientError, http_client};
use crate::policy::Policy;
use crate::report;
use crate::reset::ports::{AuditTrail, Queue, Security, Store};
use crate::reset::{
    ApprovalValidator, ChannelPolicy, Channels, Directories, HardwareOath, Ledger, Privileged,
    Refusal, Resets, TenantContext,
};
use crate::secrets::{Freshness, SecretSource, WebIdentity};
use crate::tickets::{TicketNotes, TicketSystems};

/// What the world gives: AWS in production, something else in a tour or a test.
pub struct Adapters {
    /// Where secrets are.
    pub secrets: Arc<dyn SecretSource>,
    /// Who says who we are.
    pub identity: Arc<dyn WebIdentity>,
    /// Where resets are remembered.
    pub store: Arc<dyn Store>,
    /// What brings back what is not done. It has to hand what comes out of it to [`App::wake`].
    pub queue: Arc<dyn Queue>,
    /// Where decisions are written down.
    pub audit: Arc<dyn AuditTrail>,
    /// Who hears of every end.
    pub security: Arc<dyn Security>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The product, wired.
#[derive(Clone)]
pub struct App {
    services: Arc<Services>,
    ledger: Ledger,
    issuers: Arc<Issuers>,
    /// Seen through their standard credentials: the privileged ones are never fetched before they are needed.
    tenants: Vec<Arc<Entra>>,
}

/// What one run for the queue may take, if the platform gives it so long.
const LONGEST_RUN: Duration = Duration::from_secs(100);

/// What fetching beforehand may take in all: a start must not wait for a peer that is down.
const WARM_UP: Duration = Duration::from_secs(3);

impl App {
    /// Wires everything. Connects nothing.
    ///
    /// # Errors
    /// [`HttpClientError`] if TLS cannot be set up.
    pub fn new(policy: Policy, world: Adapters) -> Result<App, HttpClientError> {
        let http = http_client()?;
        let issuers = Arc::new(Issuers::new(
            policy.directory,
            http.clone(),
            world.clock.clone(),
        ));
        let prover = Arc::new(ApprovalValidator {
            issuers: policy.issuers,
            audiences: policy.audience,
            keys: issuers.clone(),
        });
        let ledger = Ledger::new(world.store);
        let doors = Arc::new(Channels {
            sources: policy
                .sources
                .iter()
                .map(|(name, source)| {
                    let terms = ChannelPolicy {
                        issuers: source.issuers.clone(),
                        privileged: source.privileged,
                        verifier_apart: false,
                        hardware_key: false,
                    };
                    (name.clone(), terms)
                })
                .collect(),
            on_call: policy.on_call.clone(),
            only_tenant: policy.tenants.len() == 1,
        });
        let tickets = Arc::new(TicketNotes::new(
            TicketSystems::new(policy.notes, http.clone(), world.secrets.clone()),
            policy.register_at.clone(),
        ));
        let means = EntraDeps {
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
            let resets = Resets::new(TenantContext {
                tenant: tenant.id,
                rules: tenant.rules,
                doors: doors.clone(),
                directories: Directories {
                    standard,
                    privileged,
                },
                prover: prover.clone(),
                ledger: ledger.clone(),
                queue: world.queue.clone(),
                audit: world.audit.clone(),
                security: world.security.clone(),
                tickets: tickets.clone(),
                words: report::words,
                clock: world.clock.clone(),
            });
            served.insert(
                name,
                Tenant {
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
            security: world.security,
            told: Told::default(),
            clock: world.clock,
            register_at: policy.register_at,
        };
        Ok(App {
            services: Arc::new(services),
            ledger,
            issuers,
            tenants,
        })
    }

    /// The routes.
    pub fn router(&self) -> Router {
        router(self.services.clone())
    }

    /// Goes on with a reset that the queue has brought. `platform` is when the platform ends the process, if it says
    /// so.
    ///
    /// # Errors
    /// If the queue has to bring it again.
    pub async fn wake(&self, id: ResetId, platform: Option<Deadline>) -> Result<(), Refusal> {
        let now = self.services.clock.now();
        let until = Deadline::within(platform, LONGEST_RUN, now);
        let found = self.ledger.find(id).await?;
        // What was never accepted belongs to no tenant: any of them can write down that it never will be.
        let tenant = found.tenant();
        let mut tenants = self.services.tenants.values();
        let served = tenants
            .find(|served| tenant.is_none_or(|tenant| served.id == tenant))
            .ok_or(Refusal::OtherTenant)?;
        served.resets.wake(found, until).await
    }

    /// Takes what comes out of a queue inside this process.
    pub fn work(&self, queue: &MemoryQueue) {
        let app = self.clone();
        queue.hand_to(self.services.clock.clone(), move |id| {
            let app = app.clone();
            Box::pin(async move {
                match app.wake(id, None).await {
                    Ok(()) => true,
                    Err(error) => {
                        tracing::warn!(%error, reset = %id, "not done yet");
                        false
                    }
                }
            })
        });
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
