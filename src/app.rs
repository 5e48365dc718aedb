//! The wiring: the only place that connects the edges with the core.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use serde_json::Value;

use crate::clock::Clock;
use crate::entra::{ActsOn, AdminCentre, Entra, EntraDeps, EntraSettings, HasPim};
use crate::http::{Deadline, Services, router};
use crate::ids::{Label, PersonRef, ResetId};
use crate::issuers::Issuers;
use crate::local_queue::LocalQueue;
use crate::outbound::{HttpClientError, http_client};
use crate::policy::{Policy, Tenant};
use crate::report::{self, Presentation};
use crate::reset::ports::{AuditTrail, Queue, Security, Store};
use crate::reset::{
    ApprovalValidator, Deployment, Directories, FreezeChange, HardwareOath, Ledger, LedgerError,
    Pim, Privileged, Refusal, Resets, SwitchError, TenantContext,
};
use crate::secrets::{Freshness, SecretSource};
use crate::tickets::TicketNotes;
use crate::web_identity::WebIdentity;

/// What is outside this program: AWS in production, something else in a tour or a test.
pub struct Adapters {
    pub secrets: Arc<dyn SecretSource>,
    pub identity: Arc<dyn WebIdentity>,
    pub store: Arc<dyn Store>,
    /// Has to hand its messages to [`App::wake`].
    pub queue: Arc<dyn Queue>,
    pub audit: Arc<dyn AuditTrail>,
    pub security: Arc<dyn Security>,
    pub clock: Arc<dyn Clock>,
}

/// The product, wired.
#[derive(Clone)]
pub struct App {
    services: Arc<Services>,
    warm_up: Arc<WarmUp>,
}

/// What can be fetched before the first request.
struct WarmUp {
    issuers: Arc<Issuers>,
    policies: Vec<crate::approval::IssuerPolicy>,
    /// The tenants, seen through their standard credentials: the privileged ones are not fetched before they are needed.
    tenants: Vec<WarmTenant>,
}

/// A tenant as the warm-up sees it.
struct WarmTenant {
    name: Label,
    standard: Arc<Entra>,
    pim: Pim,
    /// The people whom its rules name.
    named: Vec<PersonRef>,
}

/// How long one run for the queue may take, if the platform gives it so long.
const LONGEST_RUN: Duration = Duration::from_secs(100);

/// How long the warm-up may take in all: a start must not wait for a peer that is down.
const LONGEST_WARM_UP: Duration = Duration::from_secs(3);

impl App {
    /// Wires everything. Connects nothing.
    ///
    /// # Errors
    /// [`HttpClientError`] if TLS cannot be set up.
    pub fn new(policy: Policy, adapters: Adapters) -> Result<App, HttpClientError> {
        let http = http_client()?;
        let Policy {
            sections,
            channels,
            directory,
        } = policy;
        let issuers = Arc::new(Issuers::new(
            directory,
            http.clone(),
            adapters.clock.clone(),
        ));
        let with_tenant = |(name, source)| {
            let tenant = channels.sources.get(&name)?.tenant;
            Some((name, (source, tenant)))
        };
        let sources = sections.sources.into_iter().filter_map(with_tenant);
        let sources = sources.collect();
        let warm_up_policies = sections.issuers.values().cloned().collect();
        let deps = EntraDeps {
            http: http.clone(),
            secrets: adapters.secrets.clone(),
            identity: adapters.identity,
            clock: adapters.clock.clone(),
            standard_apps: Arc::default(),
        };
        let centre = |tenant: &Tenant| Some((tenant.id, AdminCentre::of(&tenant.entra.login)?));
        let presentation = Presentation {
            register_at: sections.register_at.clone(),
            organisation: sections.organisation,
            admin_centres: sections.tenants.values().filter_map(centre).collect(),
        };
        let mut contexts = BTreeMap::new();
        let mut tenants = Vec::new();
        for (name, tenant) in sections.tenants {
            let (id, standard, context) = connect(tenant, &deps);
            tenants.push(WarmTenant {
                name,
                standard,
                pim: context.rules.pim,
                named: context.rules.named_people(),
            });
            contexts.insert(id, context);
        }
        let resets = Resets::new(Deployment {
            tenants: contexts,
            channels,
            validator: ApprovalValidator {
                issuers: sections.issuers,
                audiences: sections.audience,
                keys: issuers.clone(),
            },
            ledger: Ledger::new(adapters.store),
            queue: adapters.queue,
            audit: adapters.audit,
            security: adapters.security,
            tickets: Arc::new(TicketNotes::new(
                sections.notes,
                sections.register_at.clone(),
                http,
                adapters.secrets.clone(),
            )),
            refusal_text: report::refusal_text,
            clock: adapters.clock.clone(),
        });
        Ok(App {
            services: Arc::new(Services {
                resets,
                sources,
                secrets: adapters.secrets,
                clock: adapters.clock,
                presentation,
            }),
            warm_up: Arc::new(WarmUp {
                issuers,
                policies: warm_up_policies,
                tenants,
            }),
        })
    }

    pub fn router(&self) -> Router {
        router(self.services.clone())
    }

    /// Goes on with a record that the queue has brought. `platform` is when the platform ends the process, if it says so.
    ///
    /// # Errors
    /// A [`Refusal`] if the queue has to bring it again.
    pub async fn wake(&self, id: ResetId, platform: Option<Deadline>) -> Result<(), Refusal> {
        let until = Deadline::within(platform, LONGEST_RUN, self.services.clock.now());
        self.services.resets.wake(id, until).await
    }

    /// Freezes or thaws resets, and says how the switch is set then.
    ///
    /// # Errors
    /// [`SwitchError`] if the change is not known to be made.
    pub async fn change_freeze(&self, change: &FreezeChange) -> Result<Value, SwitchError> {
        let switched = self.services.resets.change_freeze(change).await?;
        let after = switched.after.as_ref();
        let message = match change {
            FreezeChange::Freeze { .. } => report::freeze_state(after, ""),
            FreezeChange::Thaw { .. } => report::thawed(&switched, ""),
        };
        tracing::info!(event = "freeze", message);
        Ok(report::freeze_answer(after, &message))
    }

    /// Says how the freeze switch is set.
    ///
    /// # Errors
    /// [`LedgerError`], which must never be taken for off.
    pub async fn show_freeze(&self) -> Result<Value, LedgerError> {
        let switch = self.services.resets.frozen().await?;
        let message = report::freeze_state(switch.as_ref(), "");
        Ok(report::freeze_answer(switch.as_ref(), &message))
    }

    /// Makes this program the worker of a queue inside this process.
    pub fn work(&self, queue: &LocalQueue) {
        let app = self.clone();
        queue.set_worker(self.services.clock.clone(), move |id| {
            let app = app.clone();
            Box::pin(async move {
                let woken = app.wake(id, None).await;
                if let Err(error) = &woken {
                    tracing::warn!(%error, reset = %id, "the run failed and is retried");
                }
                woken.is_ok()
            })
        });
    }

    /// Fetches secrets, keys and Graph tokens before the first request needs them. What cannot be fetched now is fetched
    /// when it is needed, and disables only what needs it.
    pub async fn warm_up(&self) {
        let secrets = self.services.sources.values().map(async |(source, _)| {
            let secret = self.services.secrets.get(&source.secret, Freshness::Cached);
            if let Err(error) = secret.await {
                tracing::warn!(%error, "no webhook secret at start: it is fetched when needed");
            }
        });
        let WarmUp {
            issuers,
            policies,
            tenants,
        } = &*self.warm_up;
        let keys = policies.iter().map(async |issuer| {
            if let Err(error) = issuers.warm_up(issuer).await {
                tracing::warn!(%error, "no keys of an issuer at start: they are fetched when needed");
            }
        });
        let tokens = tenants.iter().map(async |tenant| {
            let named = tenant.standard.warn_of_absent(tenant.named.iter().cloned());
            let (warm, ()) = tokio::join!(tenant.standard.warm_up(), named);
            match warm {
                Ok(HasPim(false)) if tenant.pim == Pim::Licensed => tracing::error!(
                    tenant = %tenant.name,
                    "the tenant says that it has no licence for PIM (Microsoft Entra ID P2 or Governance), so every reset \
                     waits: write pim = \"unlicensed\" into its rules in policy.toml"
                ),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "no answer of Graph at start: it is asked when needed");
                }
            }
        });
        let everything =
            async { tokio::join!(join_all(secrets), join_all(keys), join_all(tokens)) };
        let in_time = tokio::time::timeout(LONGEST_WARM_UP, everything).await;
        if in_time.is_err() {
            tracing::warn!("the warm-up ran out of time: the rest is fetched when needed");
        }
    }
}

/// A tenant's id, its directory seen through the standard credential, and what the core works with in it.
fn connect(tenant: Tenant, deps: &EntraDeps) -> (crate::ids::TenantId, Arc<Entra>, TenantContext) {
    let connect = |settings: EntraSettings, acts_on: ActsOn| {
        Arc::new(Entra::new(
            tenant.id,
            settings,
            acts_on,
            tenant.rules.hardware_oath != HardwareOath::Unavailable,
            tenant.rules.privileged_groups.clone(),
            deps.clone(),
        ))
    };
    let standard = connect(tenant.entra.clone(), ActsOn::Standard);
    let privileged = tenant.privileged.map(|privileged| Privileged {
        directory: connect(
            EntraSettings {
                credential: privileged.credential,
                ..tenant.entra.clone()
            },
            ActsOn::Privileged,
        ),
        restricted_units: privileged.restricted_units,
    });
    let context = TenantContext {
        directories: Directories {
            standard: standard.clone(),
            privileged,
        },
        rules: tenant.rules,
    };
    (tenant.id, standard, context)
}
