//! The order of a reset, from a request to its outcome.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::eligibility::{self, Tier};
use super::event::Event;
use super::identify::{identify, unavailable};
use super::ledger::{Ledger, LedgerError};
use super::outcome::{Outcome, Preview};
use super::perform::perform;
use super::person::Person;
use super::plan::{Action, PlannedMethod, plan};
use super::ports::{AuditTrail, Directory, DirectoryError};
use super::proof;
use super::refusal::{Privilege, Refusal};
use super::request::Request;
use super::rules::Rules as TenantRules;
use super::state::{Claim, Reset, State};
use crate::approval::{Approval, Authentic, Rules};
use crate::clock::{self, Clock, Timestamp};
use crate::ids::{PersonRef, ResetId, TenantId};

/// Resets in one tenant. Cheap to clone.
#[derive(Clone)]
pub struct Resets(Arc<Tenancy>);

/// What the core works with in one tenant.
pub(super) struct Tenancy {
    pub tenant: TenantId,
    pub rules: TenantRules,
    pub directories: Directories,
    pub ledger: Ledger,
    pub audit: Arc<dyn AuditTrail>,
    pub clock: Arc<dyn Clock>,
}

/// The credentials of one tenant, each a view of its directory.
pub struct Directories {
    /// Reads for every decision, and acts on standard targets.
    pub standard: Arc<dyn Directory>,
    /// Acts on privileged targets. Without it, none is reset here.
    pub privileged: Option<Privileged>,
}

/// The credential for privileged targets.
pub struct Privileged {
    /// The directory, seen through it.
    pub directory: Arc<dyn Directory>,
    /// Whether its app has a role at the restricted management administrative units: only then can it act on
    /// people in them.
    pub restricted_units: bool,
}

impl Directories {
    /// Who acts on a target of this tier.
    ///
    /// # Errors
    /// [`Refusal::NotServed`] or [`Refusal::RestrictedUnit`] if nobody can.
    fn for_tier(&self, tier: &Tier) -> Result<&Arc<dyn Directory>, Refusal> {
        let Tier::Privileged(privilege) = tier else {
            return Ok(&self.standard);
        };
        match (&self.privileged, privilege) {
            (Some(privileged), Privilege::RestrictedUnit) if !privileged.restricted_units => {
                Err(Refusal::RestrictedUnit)
            }
            (None, Privilege::RestrictedUnit) => Err(Refusal::RestrictedUnit),
            (Some(privileged), _) => Ok(&privileged.directory),
            (None, privilege) => Err(Refusal::NotServed(privilege.clone())),
        }
    }

    /// Who acts on a reset that was claimed for a privileged target or for a standard one.
    pub(super) fn acting(&self, privileged: bool) -> Option<&Arc<dyn Directory>> {
        if privileged {
            self.privileged
                .as_ref()
                .map(|privileged| &privileged.directory)
        } else {
            Some(&self.standard)
        }
    }
}

/// A reset's outcome, and whether it was there before this request.
#[derive(Debug)]
pub struct Stored {
    /// The outcome.
    pub outcome: Outcome,
    /// True if this request changed nothing.
    pub replayed: bool,
}

/// How much longer than the time for the work a lease lives, for clocks that differ and a last write.
const LEASE_MARGIN: Duration = Duration::from_secs(30);

/// How often a read is tried.
const MOST_READS: u32 = 3;

impl Resets {
    /// For this tenant.
    pub fn new(
        tenant: TenantId,
        rules: TenantRules,
        directories: Directories,
        ledger: Ledger,
        audit: Arc<dyn AuditTrail>,
        clock: Arc<dyn Clock>,
    ) -> Resets {
        Resets(Arc::new(Tenancy {
            tenant,
            rules,
            directories,
            ledger,
            audit,
            clock,
        }))
    }

    /// Does what the request asks, once. Whoever asks again gets what is stored.
    ///
    /// # Errors
    /// A [`Refusal`]. Up to the claim it has consumed nothing; after it, it is [`Refusal::Interrupted`].
    pub async fn open(&self, request: Request, until: Timestamp) -> Result<Stored, Refusal> {
        let tenancy = &self.0;
        let (request, known) = self.split_off_known(request).await?;
        if request.approvals.is_empty() {
            let reset = known.ok_or(Refusal::NoApproval)?;
            return self.answer_known(reset, until).await;
        }
        let parties = request.parties();
        let allowed = self.decide(request, until).await?;
        tenancy
            .audit
            .append(&Event::Allowed {
                at: tenancy.clock.now(),
                reset: allowed.claim.id,
                target_id: allowed.claim.target,
                tier: allowed.tier,
                removals: allowed
                    .plan
                    .iter()
                    .filter(|planned| planned.action == Action::Remove)
                    .count(),
                parties,
            })
            .await?;
        let ids: Vec<_> = allowed
            .claim
            .approvals
            .iter()
            .map(|approval| approval.id.clone())
            .collect();
        let lease_until = clock::after(until, LEASE_MARGIN);
        let reset = Reset::new(allowed.claim, allowed.plan, lease_until);
        let lease = match tenancy.ledger.claim(reset).await {
            Ok(lease) => lease,
            // Two deliveries of one approval at once: the other was first, and its answer is ours too.
            Err(LedgerError::Claimed | LedgerError::Busy) => {
                for id in &ids {
                    if let Some(reset) = tenancy.ledger.used_by(id).await? {
                        return Ok(Stored {
                            outcome: Outcome::from(&reset),
                            replayed: true,
                        });
                    }
                }
                return Err(Refusal::Busy);
            }
            Err(error) => return Err(error.into()),
        };
        let lease = perform(tenancy, lease, until).await?;
        self.close(Outcome::from(lease.reset())).await
    }

    /// Says what [`Resets::open`] would do, and does nothing.
    ///
    /// # Errors
    /// The [`Refusal`] that it would meet.
    pub async fn preview(&self, request: Request, until: Timestamp) -> Result<Preview, Refusal> {
        let (request, known) = self.split_off_known(request).await?;
        if request.approvals.is_empty() && known.is_some() {
            return Err(Refusal::Used);
        }
        let allowed = self.decide(request, until).await?;
        Ok(Preview::of(&allowed.claim, allowed.plan))
    }

    /// The stored outcome of a reset, for whoever holds one of its approvals.
    ///
    /// # Errors
    /// [`Refusal::NoSuchReset`] if there is none, or it is not this approval's, or it is older than a day.
    pub async fn stored(&self, id: ResetId, approval: &Authentic) -> Result<Outcome, Refusal> {
        const READABLE: Duration = Duration::from_secs(24 * 60 * 60);
        let reset = self.0.ledger.used_by(&approval.id()).await?;
        let oldest = clock::before(self.0.clock.now(), READABLE);
        reset
            .filter(|reset| reset.id() == id && reset.claim().claimed_at >= oldest)
            .map(|reset| Outcome::from(&reset))
            .ok_or(Refusal::NoSuchReset)
    }

    /// Takes out the approvals that have been used, and gives the latest reset that used one. That reset must
    /// be for the same ticket: used for anything else, an approval is refused.
    async fn split_off_known(
        &self,
        mut request: Request,
    ) -> Result<(Request, Option<Reset>), Refusal> {
        let mut latest: Option<Reset> = None;
        let mut fresh = Vec::new();
        for approval in request.approvals {
            match self.0.ledger.used_by(&approval.id()).await? {
                None => fresh.push(approval),
                Some(reset) if reset.claim().ticket != request.ticket => return Err(Refusal::Used),
                Some(reset) => {
                    let later = latest
                        .as_ref()
                        .is_none_or(|other| other.claim().claimed_at < reset.claim().claimed_at);
                    if later {
                        latest = Some(reset);
                    }
                }
            }
        }
        request.approvals = fresh;
        Ok((request, latest))
    }

    /// A reset that was claimed before: its outcome, or, if whoever had it is gone, the rest of the work.
    async fn answer_known(&self, reset: Reset, until: Timestamp) -> Result<Stored, Refusal> {
        let now = self.0.clock.now();
        let abandoned = reset.state() == State::Running && reset.lease_until() <= now;
        if !abandoned {
            return Ok(Stored {
                outcome: Outcome::from(&reset),
                replayed: true,
            });
        }
        // The tenant may have changed since the claim. What was proven for a standard target is not enough for
        // one who has become privileged.
        let target = PersonRef::Id(reset.claim().target);
        let person = self
            .0
            .ask(until, || self.0.directories.standard.person(&target))
            .await
            .map_err(unavailable)?;
        eligibility::may_be_reset(&person, &self.0.rules)?;
        let tier = self.tier(&person, until).await?;
        match tier {
            Tier::Privileged(privilege) if !reset.claim().privileged => {
                return Err(Refusal::Privileged(privilege));
            }
            tier => self.0.directories.for_tier(&tier)?,
        };
        let lease_until = clock::after(until, LEASE_MARGIN);
        match self.0.ledger.resume(reset.id(), now, lease_until).await {
            Ok(lease) => {
                let lease = perform(&self.0, lease, until).await?;
                self.close(Outcome::from(lease.reset())).await
            }
            Err(LedgerError::Leased) => Ok(Stored {
                outcome: Outcome::from(&reset),
                replayed: true,
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Everything that comes before the claim. Changes nothing.
    async fn decide(&self, request: Request, until: Timestamp) -> Result<Allowed, Refusal> {
        let tenancy = &self.0;
        let now = tenancy.clock.now();
        let rules = Rules::of(request.door);
        let approvals: Vec<Approval> = request
            .approvals
            .into_iter()
            .map(|approval| approval.admit(&rules, now))
            .collect::<Result<_, _>>()?;
        let identified = identify(
            tenancy,
            request.door,
            request.user.as_ref(),
            &approvals,
            until,
        )
        .await?;
        let target = identified.target;
        eligibility::may_be_reset(&target, &tenancy.rules)?;
        let tier = self.tier(&target, until).await?;
        let directory = tenancy.directories.for_tier(&tier)?;
        proof::check(&tier, &identified.approvals, request.privileged)?;
        let methods = tenancy
            .ask(until, || directory.methods(target.id))
            .await
            .map_err(unavailable)?;
        let claims = approvals.first().ok_or(Refusal::NoApproval)?.claims();
        Ok(Allowed {
            tier: tier
                .privilege()
                .map_or_else(|| "standard".to_owned(), ToString::to_string),
            plan: plan(methods, claims.scope, tenancy.rules.hardware_oath),
            claim: Claim {
                id: ResetId::random(),
                tenant: tenancy.tenant,
                door: request.door,
                source: request.source,
                ticket: request.ticket,
                target: target.id,
                upn: target.upn,
                guest: target.guest,
                privileged: tier.privilege().is_some(),
                scope: claims.scope,
                reason: claims.reason,
                approvals: identified.approvals,
                claimed_at: now,
            },
        })
    }

    /// Which tier the target is in now.
    async fn tier(&self, target: &Person, until: Timestamp) -> Result<Tier, Refusal> {
        let standing = self
            .0
            .ask(until, || self.0.directories.standard.standing(target.id))
            .await
            .map_err(unavailable)?;
        eligibility::tier(target, &standing, &self.0.rules)
    }

    /// Writes the end down. It has happened, whether the trail takes it or not.
    async fn close(&self, outcome: Outcome) -> Result<Stored, Refusal> {
        let appeared = outcome
            .methods
            .iter()
            .filter(|method| method.status == super::Status::Appeared)
            .count();
        let state = match outcome.state {
            State::Running => "running",
            State::Completed => "completed",
            State::NeedsHuman => "needs_human",
        };
        tracing::info!(event = "outcome", state, appeared, reset = %outcome.reset, ticket = %outcome.ticket);
        let event = Event::Outcome {
            at: self.0.clock.now(),
            appeared,
            outcome: outcome.clone(),
        };
        if let Err(error) = self.0.audit.append(&event).await {
            tracing::error!(%error, reset = %outcome.reset, "the outcome is in the ledger and not in the audit trail");
        }
        Ok(Stored {
            outcome,
            replayed: false,
        })
    }
}

/// A decision to go ahead.
struct Allowed {
    /// For the audit trail: `standard`, or what makes the target privileged.
    tier: String,
    claim: Claim,
    plan: Vec<PlannedMethod>,
}

impl Tenancy {
    /// Asks for something that changes nothing, again if the directory says later and there is time.
    pub(super) async fn ask<T, F>(
        &self,
        until: Timestamp,
        attempt: impl Fn() -> F,
    ) -> Result<T, DirectoryError>
    where
        F: Future<Output = Result<T, DirectoryError>>,
    {
        let mut tries = 1;
        loop {
            let error = match attempt().await {
                Err(error @ (DirectoryError::Later { .. } | DirectoryError::Unknown)) => error,
                other => return other,
            };
            let pause = match &error {
                DirectoryError::Later { after: Some(after) } => *after,
                _ => Duration::from_millis(250_u64 << tries),
            };
            // Half of what is left: the reset itself wants time, too.
            let left = clock::between(self.clock.now(), until) / 2;
            if tries >= MOST_READS || pause > left {
                return Err(error);
            }
            self.clock.sleep(pause).await;
            tries = tries.saturating_add(1);
        }
    }
}
