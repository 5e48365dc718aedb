//! The wiring: the only place that connects the edges with the core.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::approval::{IssuerPolicy, KeyLocation};
use crate::clock::{self, Clock, Timestamp};
use crate::desk::{Desk, DeskStore, Redemptions};
use crate::entra::{ActsOn, DeskClient, Entra, EntraDeps, EntraSettings, HasPim};
use crate::http::{Deadline, Pages, Services, router};
use crate::ids::{Label, PersonRef};
use crate::key_cache::KeyCache;
use crate::local_queue::LocalQueue;
use crate::outbound::{HttpClientError, http_client};
use crate::policy::{Policy, Tenant};
use crate::report::{self, AdminCentre, Presentation};
use crate::reset::ports::{AuditTrail, EvidenceStore, Queue, Security, Store, Tickets, Wake};
use crate::reset::{
    ApprovalValidator, Deployment, DeskSignatures, Directories, EvidenceBucket, FreezeChange,
    HardwareOath, Ledger, LedgerError, Pim, Privileged, Refusal, Resets, SwitchError,
    TenantContext,
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
    /// `None`: no evidence is kept for auditors.
    pub evidence: Option<Arc<dyn EvidenceStore>>,
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
    keys: Arc<KeyCache>,
    policies: Vec<IssuerPolicy>,
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

/// How long the warm-up may take in all.
const LONGEST_WARM_UP: Duration = Duration::from_secs(3);

/// How old a warm-up may be when an event comes. Lambda may have frozen the process in between, and what an older one waits
/// for may never come.
const OLDEST_WARM_UP: Duration = Duration::from_secs(1);

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
            sha256: policy_sha256,
        } = policy;
        let keys = Arc::new(KeyCache::new(
            directory,
            http.clone(),
            adapters.clock.clone(),
        ));
        let passkeys = sections.passkey_settings();
        let desk = sections.resolved_desk();
        let with_tenant = |(name, source)| {
            let tenant = channels.sources.get(&name)?.tenant;
            Some((name, (source, tenant)))
        };
        let sources = sections.sources.into_iter().filter_map(with_tenant);
        let sources = sources.collect();
        let mut warm_up_policies: Vec<IssuerPolicy> = sections.issuers.values().cloned().collect();
        warm_up_policies.extend(desk.as_ref().map(|desk| desk.issuer.clone()));
        let deps = EntraDeps {
            http: http.clone(),
            secrets: adapters.secrets.clone(),
            identity: adapters.identity,
            clock: adapters.clock.clone(),
            standard_apps: Arc::default(),
        };
        let centre =
            |tenant: &Tenant| Some((tenant.id, AdminCentre::of(tenant.entra.login.as_str())?));
        let presentation = Presentation {
            register_at: sections.register_at.clone(),
            organisation: sections.organisation,
            admin_centres: sections.tenants.values().filter_map(centre).collect(),
        };
        let mut contexts = BTreeMap::new();
        let mut tenants = Vec::new();
        let mut standard_of = BTreeMap::new();
        for (name, tenant) in sections.tenants {
            let (id, standard, context) = connect(tenant, &deps);
            standard_of.insert(id, standard.clone());
            tenants.push(WarmTenant {
                name,
                standard,
                pim: context.rules.pim,
                named: context.rules.named_people(),
            });
            contexts.insert(id, context);
        }
        let notes: Arc<dyn Tickets> = Arc::new(TicketNotes::new(
            sections.notes,
            sections.register_at.clone(),
            http,
            adapters.secrets.clone(),
        ));
        let signed = DeskStore::new(adapters.store.clone(), adapters.clock.clone());
        let signatures = desk.as_ref().map(|desk| DeskSignatures {
            name: desk.name.clone(),
            policy: desk.sign_in.clone(),
            issuer: desk.issuer.clone(),
            verifiers: desk.verifiers,
            approvers: desk.approvers,
            managers: desk.managers,
            signed: Arc::new(signed.clone()),
        });
        let resets = Resets::new(Deployment {
            tenants: contexts,
            channels,
            validator: ApprovalValidator {
                issuers: sections.issuers,
                audiences: sections.audience,
                keys: keys.clone(),
                desk: signatures,
            },
            ledger: Ledger::new(adapters.store),
            queue: adapters.queue.clone(),
            audit: adapters.audit.clone(),
            security: adapters.security.clone(),
            tickets: notes.clone(),
            evidence: adapters.evidence.map(|store| EvidenceBucket {
                store,
                policy_sha256,
            }),
            refusal_text: report::refusal_text,
            clock: adapters.clock.clone(),
        });
        let desk = desk.and_then(|desk| {
            let people = standard_of.remove(&desk.tenant)?;
            let client = DeskClient::new(
                desk.tenant,
                &desk.login,
                desk.credential,
                desk.settings.client_id.clone(),
                desk.settings.url.as_str().to_owned(),
                deps.clone(),
            );
            Some(Desk {
                settings: desk.settings,
                policy: desk.sign_in,
                issuer: desk.issuer,
                store: signed,
                keys: keys.clone(),
                client: Arc::new(client),
                people,
                tickets: notes,
                audit: adapters.audit,
                security: adapters.security,
                queue: adapters.queue,
                resets: resets.clone(),
                clock: adapters.clock.clone(),
                redemptions: Redemptions::default(),
            })
        });
        Ok(App {
            services: Arc::new(Services {
                pages: Pages::new(
                    passkeys.as_ref(),
                    desk.as_ref().map(|desk| &desk.settings.url),
                ),
                desk,
                resets,
                sources,
                secrets: adapters.secrets,
                clock: adapters.clock,
                presentation,
            }),
            warm_up: Arc::new(WarmUp {
                keys,
                policies: warm_up_policies,
                tenants,
            }),
        })
    }

    pub fn router(&self) -> Router {
        router(self.services.clone())
    }

    /// Goes on with what the queue has brought. `platform` is when the platform ends the process, if it says so.
    ///
    /// # Errors
    /// A [`Refusal`] if the queue has to bring it again.
    pub async fn wake(&self, wake: Wake, platform: Option<Deadline>) -> Result<(), Refusal> {
        let until = Deadline::within(platform, LONGEST_RUN, self.services.clock.now());
        match (wake, &self.services.desk) {
            (Wake::Reset(id), _) => self.services.resets.wake(id, until).await,
            (Wake::Draft(draft), Some(desk)) => desk.wake(&draft, until).await,
            (Wake::Draft(draft), None) => {
                tracing::warn!(event = "desk", %draft, "there is no desk: nothing is done");
                Ok(())
            }
        }
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
        let switch = self.services.resets.freeze_switch().await?;
        let message = report::freeze_state(switch.as_ref(), "");
        Ok(report::freeze_answer(switch.as_ref(), &message))
    }

    /// Makes this program the worker of a queue inside this process.
    pub fn work(&self, queue: &LocalQueue) {
        let app = self.clone();
        queue.set_worker(self.services.clock.clone(), move |wake| {
            let app = app.clone();
            Box::pin(async move {
                let woken = app.wake(wake.clone(), None).await;
                if let Err(error) = &woken {
                    tracing::warn!(%error, ?wake, "the run failed and is retried");
                }
                woken.is_ok()
            })
        });
    }

    /// Does what takes the processor and no network: reads the issuers' key files, and has the crypto library gather its
    /// entropy. Before its first event a function on Lambda has the processor to itself.
    pub async fn prepare(&self) {
        let WarmUp { keys, policies, .. } = &*self.warm_up;
        let in_files = |issuer: &&IssuerPolicy| !matches!(issuer.keys, KeyLocation::Url(_));
        fetch_keys(keys, policies.iter().filter(in_files)).await;
        if aws_lc_rs::rand::fill(&mut [0; 32]).is_err() {
            tracing::error!("the crypto library has no random numbers");
        }
    }

    /// Begins [`App::warm_up`] beside the first events.
    pub fn begin_warm_up(&self) -> OngoingWarmUp {
        let app = self.clone();
        OngoingWarmUp {
            task: tokio::spawn(async move { app.warm_up().await }),
            began: self.services.clock.now(),
            clock: self.services.clock.clone(),
        }
    }

    /// Fetches secrets, keys and Graph tokens before a request needs them. What cannot be fetched now is fetched when it is
    /// needed, and disables only what needs it.
    pub async fn warm_up(&self) {
        let secrets = self.services.sources.values().map(async |(source, _)| {
            let secret = self.services.secrets.get(&source.secret, Freshness::Cached);
            if let Err(error) = secret.await {
                tracing::warn!(%error, "no webhook secret at start: it is fetched when needed");
            }
        });
        let WarmUp {
            keys,
            policies,
            tenants,
        } = &*self.warm_up;
        let keys = fetch_keys(keys, policies.iter());
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
        let everything = async { tokio::join!(join_all(secrets), keys, join_all(tokens)) };
        let in_time = tokio::time::timeout(LONGEST_WARM_UP, everything).await;
        if in_time.is_err() {
            tracing::warn!("the warm-up ran out of time: the rest is fetched when needed");
        }
    }
}

async fn fetch_keys(cache: &KeyCache, policies: impl Iterator<Item = &IssuerPolicy>) {
    let keys = policies.map(async |issuer| {
        if let Err(error) = cache.warm_up(issuer).await {
            tracing::warn!(%error, "no keys of an issuer at start: they are fetched when needed");
        }
    });
    join_all(keys).await;
}

/// A warm-up beside the first events. What it fetches, they wait for, and what it gives up, they fetch.
pub struct OngoingWarmUp {
    task: JoinHandle<()>,
    began: Timestamp,
    clock: Arc<dyn Clock>,
}

impl OngoingWarmUp {
    /// Has to be called at every event: a warm-up that is too old by then is given up.
    pub fn event_came(&self) {
        if self.clock.now() > clock::after(self.began, OLDEST_WARM_UP) {
            self.task.abort();
        }
    }

    /// Waits until it is over.
    pub async fn done(self) {
        // It is over, too, if it was given up.
        let _ = self.task.await;
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
