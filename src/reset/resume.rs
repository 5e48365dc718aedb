//! A reset that was claimed before: what to answer, and how to take it up if whoever worked on it is gone.

use std::time::Duration;

use super::eligibility;
use super::event::{Event, Parties};
use super::identify::identify;
use super::ledger::LedgerError;
use super::outcome::Outcome;
use super::proof;
use super::refusal::{Disagreement, Refusal};
use super::service::{LEASE_MARGIN, Resets, Stored};
use super::state::{Reset, State};
use crate::approval::{Refused, Rules};
use crate::clock::{self, Timestamp};

/// How often to look whether somebody else has finished.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// How long after its claim an abandoned reset is taken up. Later, a person has surely looked after it.
const RESUMABLE: Duration = Duration::from_secs(2 * 60 * 60);

impl Resets {
    /// A reset that was claimed before: its outcome, once whoever works on it has one; or, if they are gone, the
    /// rest of the work.
    pub(super) async fn answer_known(
        &self,
        mut reset: Reset,
        parties: Parties,
        until: Timestamp,
    ) -> Result<Stored, Refusal> {
        let tenancy = &self.0;
        while reset.state() == State::Running && reset.lease_until() > tenancy.clock.now() {
            if clock::after(tenancy.clock.now(), BETWEEN_LOOKS) >= until {
                break;
            }
            tenancy.clock.sleep(BETWEEN_LOOKS).await;
            reset = tenancy
                .ledger
                .read(reset.id())
                .await?
                .ok_or(LedgerError::Corrupt)?;
        }
        let abandoned =
            reset.state() == State::Running && reset.lease_until() <= tenancy.clock.now();
        if abandoned {
            return self.take_up(reset, parties, until).await;
        }
        let replayed = Event::Replayed {
            at: tenancy.clock.now(),
            reset: reset.id(),
            parties,
        };
        if let Err(error) = tenancy.audit.append(&replayed).await {
            tracing::error!(%error, "a replay is not in the audit trail");
        }
        Ok(Stored {
            outcome: Outcome::from(&reset),
            replayed: true,
        })
    }

    /// Takes up an abandoned reset. Nothing that was true at the claim is taken for granted: its approvals are
    /// verified again as of then, and everything else is looked at again. If the person may no longer be reset,
    /// or too much time has passed, the reset ends here, for a person to look at.
    ///
    /// What is verified is the record under the lease, so that nobody can change it in between.
    async fn take_up(
        &self,
        reset: Reset,
        parties: Parties,
        until: Timestamp,
    ) -> Result<Stored, Refusal> {
        let tenancy = &self.0;
        let now = tenancy.clock.now();
        let interrupted = || Refusal::Interrupted { at: now };
        self.is_worth_starting(until).map_err(|_| interrupted())?;
        let resumed = Event::Resumed {
            at: now,
            reset: reset.id(),
            parties,
        };
        if let Err(error) = tenancy.audit.append(&resumed).await {
            tracing::error!(%error, "a reset is not taken up, since that cannot be written down");
            return Err(interrupted());
        }
        let lease_until = clock::after(until, LEASE_MARGIN);
        let lease = match tenancy.ledger.resume(reset.id(), now, lease_until).await {
            Ok(lease) => lease,
            Err(LedgerError::Leased) => {
                return Ok(Stored {
                    outcome: Outcome::from(&reset),
                    replayed: true,
                });
            }
            Err(error) => return Err(error.into()),
        };
        let mut reset = lease.reset().clone();
        let refusal = match self.still_allowed(&reset, until).await {
            Ok(()) => match self.is_worth_starting(until) {
                Ok(()) => return self.finish(lease, until).await,
                Err(refusal) => refusal,
            },
            Err(refusal) => refusal,
        };
        if refusal.may_pass() {
            // After a claim a look-up that fails is no refusal: some of the work is done. The next may try at once.
            tracing::warn!(%refusal, reset = %reset.id(), "an abandoned reset cannot be taken up now");
            reset.resume(tenancy.clock.now());
            tenancy.ledger.save(lease, reset).await?;
            return Err(interrupted());
        }
        tracing::warn!(%refusal, reset = %reset.id(), "an abandoned reset is ended");
        reset.stop(tenancy.clock.now());
        let lease = tenancy.ledger.finish(lease, reset).await?;
        let outcome = Outcome::from(lease.reset());
        self.announce(&outcome).await;
        Ok(Stored {
            outcome,
            replayed: false,
        })
    }

    /// Whether what was claimed is proven, and the target may still be reset on it. The ledger's own word is not
    /// enough: whoever can write to the table must not be able to order a reset.
    async fn still_allowed(&self, reset: &Reset, until: Timestamp) -> Result<(), Refusal> {
        let tenancy = &self.0;
        let claim = reset.claim();
        let exp = clock::after(claim.claimed_at, RESUMABLE);
        if exp <= tenancy.clock.now() {
            return Err(Refused::Expired { exp }.into());
        }
        if claim.tenant != tenancy.tenant || !reset.asks_only_for(tenancy.rules.hardware_oath) {
            return Err(Refusal::OtherTenant);
        }
        let rules = Rules::of(claim.door);
        let mut approvals = Vec::new();
        for claimed in &claim.approvals {
            let (_, approval) = tenancy.prover.prove(&claimed.compact).await?;
            if approval.claims().txn != claim.ticket || approval.door() != claim.door {
                return Err(Refusal::OtherTicket);
            }
            if approval.claims().tid.is_some_and(|tid| tid != claim.tenant) {
                return Err(Refusal::OtherTenant);
            }
            approvals.push(approval.admit(&rules, claim.claimed_at)?);
        }
        let identified = identify(tenancy, claim.door, None, &approvals, until).await?;
        if identified.target.id != claim.target {
            return Err(Refusal::OtherPerson);
        }
        let claims = approvals.first().ok_or(Refusal::NoApproval)?.claims();
        if claims.scope != claim.scope || claims.reason != claim.reason {
            return Err(Refusal::Disagree(Disagreement::Scope));
        }
        eligibility::may_be_reset(&identified.target, &tenancy.rules)?;
        let tier = self.tier(&identified.target, until).await?;
        if tier.privilege().is_some() != claim.privileged {
            // Either way another credential would have to act than the one that the claim was made for.
            return Err(Refusal::Disagree(Disagreement::Target));
        }
        tenancy.directories.for_tier(&tier)?;
        // What the policy lets the source ask for was judged at the claim.
        proof::check(&tier, &identified.approvals, claim.reason, true)
    }
}
