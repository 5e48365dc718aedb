//! The order of a reset, from a request to its outcome.

use std::sync::Arc;
use std::time::Duration;

use super::directories::Directories;
use super::eligibility::{self, Tier};
use super::event::{Event, Parties};
use super::identify::{identify, unavailable};
use super::ledger::{Claimed, Lease, Ledger, LedgerError};
use super::outcome::{Outcome, Preview};
use super::perform::perform;
use super::person::Person;
use super::plan::{Action, PlannedMethod, plan};
use super::ports::AuditTrail;
use super::proof;
use super::prover::Prover;
use super::refusal::Refusal;
use super::request::Request;
use super::rules::{HardwareOath, Rules as TenantRules};
use super::state::{Claim, Reset, State};
use super::tenancy::Tenancy;
use crate::approval::{Approval, Authentic, Refused, Rules, TokenId};
use crate::clock::{self, Clock, Timestamp};
use crate::ids::{ResetId, TenantId, TicketKey};

/// Resets in one tenant. Cheap to clone.
#[derive(Clone)]
pub struct Resets(pub(super) Arc<Tenancy>);

/// A reset's outcome, and whether it was there before this request.
#[derive(Debug)]
pub struct Stored {
    /// The outcome.
    pub outcome: Outcome,
    /// True if this request changed nothing.
    pub replayed: bool,
}

/// A decision to go ahead.
struct Allowed {
    tier: Tier,
    claim: Claim,
    plan: Vec<PlannedMethod>,
    hardware_unknown: bool,
}

/// How much longer than the time for the work a lease lives: for one call that hangs, the writes that record
/// the end, and clocks that differ.
pub(super) const LEASE_MARGIN: Duration = Duration::from_secs(60);

/// What must be left of the time for a claim to be worth it. An approval must not be used up for nothing.
const WORTH_STARTING: Duration = Duration::from_secs(6);

/// How long an outcome can be read.
const READABLE: Duration = Duration::from_secs(24 * 60 * 60);

impl Resets {
    /// For this tenant.
    pub fn new(
        tenant: TenantId,
        rules: TenantRules,
        directories: Directories,
        prover: Arc<Prover>,
        ledger: Ledger,
        audit: Arc<dyn AuditTrail>,
        clock: Arc<dyn Clock>,
    ) -> Resets {
        Resets(Arc::new(Tenancy {
            tenant,
            rules,
            directories,
            prover,
            ledger,
            audit,
            clock,
        }))
    }

    /// Does what the request asks, once. Whoever asks again gets what is stored.
    ///
    /// # Errors
    /// A [`Refusal`]. Up to the claim it has consumed nothing.
    pub async fn open(&self, request: Request, until: Timestamp) -> Result<Stored, Refusal> {
        let tenancy = &self.0;
        let parties = request.parties();
        let (request, known) = self.split_off_known(request).await?;
        if request.approvals.is_empty() {
            let reset = known.ok_or(Refusal::NoApproval)?;
            return self.answer_known(reset, parties, until).await;
        }
        let allowed = self.decide(request, until).await?;
        self.is_worth_starting(until)?;
        tenancy
            .audit
            .append(&allowed.event(tenancy.clock.now(), parties.clone()))
            .await?;

        let ids: Vec<TokenId> = allowed
            .claim
            .approvals
            .iter()
            .map(|approval| approval.id.clone())
            .collect();
        let lease_until = clock::after(until, LEASE_MARGIN);
        let reset = Reset::new(
            allowed.claim,
            allowed.plan,
            allowed.hardware_unknown,
            lease_until,
        );
        match tenancy.ledger.claim(reset).await {
            Ok(Claimed { lease, ended }) => {
                if let Some(abandoned) = ended {
                    self.announce(&Outcome::from(&abandoned)).await;
                }
                self.finish(lease, until).await
            }
            // Two deliveries of one approval at once: the other was first, and its answer is ours too.
            Err(LedgerError::Claimed | LedgerError::Busy) => {
                for id in &ids {
                    if let Some(reset) = tenancy.ledger.used_by(id).await? {
                        return self.answer_known(reset, parties, until).await;
                    }
                }
                Err(Refusal::Busy)
            }
            Err(error) => Err(error.into()),
        }
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
        Ok(Preview::of(
            &allowed.claim,
            allowed.plan,
            allowed.hardware_unknown,
        ))
    }

    /// The stored outcome of a reset, for whoever holds one of its approvals.
    ///
    /// # Errors
    /// [`Refusal::NoSuchReset`] if there is none, or it is not this approval's, or it is older than a day.
    pub async fn stored(&self, id: ResetId, approval: &Authentic) -> Result<Outcome, Refusal> {
        let reset = self.0.ledger.used_by(&approval.id()).await?;
        let oldest = clock::before(self.0.clock.now(), READABLE);
        reset
            .filter(|reset| reset.id() == id && reset.claim().claimed_at >= oldest)
            .filter(|reset| is_about(reset, approval, &approval.claims().txn))
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
                Some(reset) if !is_about(&reset, &approval, &request.ticket) => {
                    return Err(Refusal::Used);
                }
                Some(reset) => {
                    let claimed_at = |reset: &Reset| reset.claim().claimed_at;
                    if latest
                        .as_ref()
                        .is_none_or(|other| claimed_at(other) < claimed_at(&reset))
                    {
                        latest = Some(reset);
                    }
                }
            }
        }
        request.approvals = fresh;
        Ok((request, latest))
    }

    /// Everything that comes before the claim. Changes nothing.
    async fn decide(&self, request: Request, until: Timestamp) -> Result<Allowed, Refusal> {
        let tenancy = &self.0;
        let now = tenancy.clock.now();
        let approvals = admit_all(request.approvals, &Rules::of(request.door), now)?;
        let identified = identify(
            tenancy,
            request.door,
            request.user.as_ref(),
            &approvals,
            until,
        )
        .await?;
        let claims = approvals.first().ok_or(Refusal::NoApproval)?.claims();
        let target = identified.target;
        eligibility::may_be_reset(&target, &tenancy.rules)?;
        let tier = self.tier(&target, until).await?;
        let directory = tenancy.directories.for_tier(&tier)?;
        proof::check(
            &tier,
            &identified.approvals,
            claims.reason,
            request.privileged,
        )?;
        let listing = tenancy
            .ask(until, || directory.methods(target.id))
            .await
            .map_err(unavailable)?;
        Ok(Allowed {
            plan: plan(listing.methods, claims.scope, tenancy.rules.hardware_oath),
            hardware_unknown: listing.hardware_unknown,
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
                deactivates: tenancy.rules.hardware_oath == HardwareOath::Deactivate,
                scope: claims.scope,
                reason: claims.reason,
                approvals: identified.approvals,
                claimed_at: now,
            },
            tier,
        })
    }

    /// Which tier the target is in now.
    pub(super) async fn tier(&self, target: &Person, until: Timestamp) -> Result<Tier, Refusal> {
        let standing = self
            .0
            .ask(until, || self.0.directories.standard.standing(target.id))
            .await
            .map_err(unavailable)?;
        eligibility::tier(target, &standing, &self.0.rules)
    }

    pub(super) fn is_worth_starting(&self, until: Timestamp) -> Result<(), Refusal> {
        if clock::between(self.0.clock.now(), until) < WORTH_STARTING {
            return Err(Refusal::Directory { after: None });
        }
        Ok(())
    }

    pub(super) async fn finish(&self, lease: Lease, until: Timestamp) -> Result<Stored, Refusal> {
        let lease = perform(&self.0, lease, until).await?;
        let outcome = Outcome::from(lease.reset());
        self.announce(&outcome).await;
        Ok(Stored {
            outcome,
            replayed: false,
        })
    }

    /// Writes an end down. It has happened, whether the trail takes it or not.
    pub(super) async fn announce(&self, outcome: &Outcome) {
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
    }
}

/// Whether the reset was about what this approval is about: an issuer that gives two approvals one name must not
/// get the outcome of the one for the other.
fn is_about(reset: &Reset, approval: &Authentic, ticket: &TicketKey) -> bool {
    let claim = reset.claim();
    let same_target = claim
        .approvals
        .iter()
        .any(|claimed| claimed.id == approval.id() && claimed.sub == approval.claims().sub);
    claim.ticket == *ticket && same_target
}

/// Judges the approvals as of `now`. An expired one beside good ones is what is left of an earlier try: it is
/// passed over. Any other fault refuses them all.
fn admit_all(
    approvals: Vec<Authentic>,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Approval>, Refusal> {
    let mut admitted = Vec::new();
    let mut expired = None;
    for approval in approvals {
        match approval.admit(rules, now) {
            Ok(approval) => admitted.push(approval),
            Err(refused @ Refused::Expired { .. }) => expired = Some(refused),
            Err(refused) => return Err(refused.into()),
        }
    }
    match expired {
        Some(refused) if admitted.is_empty() => Err(refused.into()),
        _ => Ok(admitted),
    }
}

impl Allowed {
    fn event(&self, at: Timestamp, parties: Parties) -> Event {
        Event::Allowed {
            at,
            reset: self.claim.id,
            target_id: self.claim.target,
            tier: self
                .tier
                .privilege()
                .map_or_else(|| "standard".to_owned(), ToString::to_string),
            removals: self
                .plan
                .iter()
                .filter(|planned| planned.action == Action::Remove)
                .count(),
            parties,
        }
    }
}
