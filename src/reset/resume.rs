//! A reset that was claimed in an earlier run. Nothing that was true at the claim is taken for granted: its approvals
//! are verified again as of then, and everything else is looked at again.

use super::event::Event;
use super::identify::identify;
use super::ledger::Held;
use super::proof;
use super::record::{Record, Stage};
use super::refusal::{Disagreement, Refusal};
use super::run::{Run, end, pause};
use super::service::Resets;
use super::state::Reset;
use super::{bounds::Bound, eligibility};
use crate::approval::Rules;
use crate::clock::Timestamp;
use crate::ids::ResetId;

impl Resets {
    /// Takes up a reset. If the person may no longer be reset, or too much time has passed, it ends here, for a
    /// person to look at.
    ///
    /// What is verified is the record under the lease, so that nobody can change it in between.
    pub(super) async fn take_up(&self, held: Held, until: Timestamp) -> Result<Held, Run> {
        let tenancy = &self.0;
        let lease = match held.into_lease() {
            Ok(lease) => lease,
            Err(held) => return Ok(held),
        };
        let record = lease.record().clone();
        let now = tenancy.clock.now();
        if now >= end(&record) {
            let mut reset = lease.reset().clone();
            reset.close(now);
            return self.end(lease, reset).await;
        }
        let resumed = Event::Resumed {
            at: now,
            reset: record.id,
            parties: record.parties.clone(),
        };
        if let Err(error) = tenancy.audit.append(&resumed).await {
            return self.not_now(lease, &error.into()).await;
        }
        match self.still_allowed(&record, lease.reset(), until).await {
            Ok(()) => self.act(lease, until).await,
            // What is begun is not given up for a freeze: it waits for its end.
            Err(refusal) if refusal.may_pass() || matches!(refusal, Refusal::Bounded(_)) => {
                self.not_now(lease, &refusal).await
            }
            Err(refusal) => {
                tracing::warn!(%refusal, reset = %record.id, "a reset that was begun is ended");
                let mut reset = lease.reset().clone();
                reset.stop(tenancy.clock.now());
                self.end(lease, reset).await
            }
        }
    }

    /// After a claim a look-up that fails is no refusal: some of the work is done. The next may try at once.
    async fn not_now(&self, lease: super::Lease, refusal: &Refusal) -> Result<Held, Run> {
        let words = (self.0.words)(refusal);
        lease
            .record()
            .parties
            .log(&words.code, &refusal.to_string());
        let held = lease.into_held();
        let record = held.record().clone();
        let after = pause(refusal.come_back_after(), record.runs);
        Err(self.later(held, record, after).await)
    }

    async fn end(&self, lease: super::Lease, reset: Reset) -> Result<Held, Run> {
        let mut record = lease.record().clone();
        let before = record.clone();
        record.stage = Stage::Claimed(reset);
        record.duties = self.0.duties(&record);
        self.0
            .ledger
            .finish(lease.into_held(), record)
            .await
            .map_err(|error| Run::Stopped(before, error))
    }

    /// Whether another record used one of the approvals of this one.
    pub(super) async fn shares(&self, other: ResetId, record: &Record) -> Result<bool, Refusal> {
        let other = self.0.ledger.read(other).await?;
        Ok(other.is_some_and(|other| {
            let claimed = other.claimed_approvals();
            record
                .parties
                .approvals
                .iter()
                .any(|mark| claimed.iter().any(|approval| approval.id == mark.id))
        }))
    }

    /// Ends another reset that has the person and that nobody has brought back for hours: a person must not stay
    /// locked because a message was lost.
    pub(super) async fn end_if_forgotten(
        &self,
        other: ResetId,
        until: Timestamp,
    ) -> Result<(), Refusal> {
        let now = self.0.clock.now();
        let forgotten = |record: &Record| record.lease_until <= now && end(record) <= now;
        let record = self.0.ledger.read(other).await?;
        if record.is_some_and(|record| forgotten(&record)) {
            Box::pin(self.wake(other, until)).await?;
        }
        Ok(())
    }

    /// Whether what was claimed is proven, and the target may still be reset on it. The ledger's own word is not
    /// enough: whoever can write to the table must not be able to order a reset.
    async fn still_allowed(
        &self,
        record: &Record,
        reset: &Reset,
        until: Timestamp,
    ) -> Result<(), Refusal> {
        let tenancy = &self.0;
        let claim = reset.claim();
        let request = &record.request;
        let switch = tenancy.ledger.frozen().await?;
        if let Some(freeze) = switch.filter(|switch| switch.stops(claim.privileged)) {
            return Err(Refusal::Bounded(Bound::Frozen(freeze.why)));
        }
        if claim.tenant != tenancy.tenant || !reset.asks_only_for(tenancy.rules.hardware_oath) {
            return Err(Refusal::OtherTenant);
        }
        if claim.ticket != request.ticket
            || claim.door != request.door
            || claim.source != request.source
        {
            return Err(Refusal::OtherTicket);
        }
        let rules = Rules::of(claim.door);
        let claimed = |id| claim.approvals.iter().any(|approval| approval.id == id);
        let mut approvals = Vec::new();
        for approval in request.prove(&tenancy.prover, &tenancy.doors).await? {
            if claimed(approval.id()) {
                approvals.push(approval.admit(&rules, request.received_at)?);
            }
        }
        if approvals.len() != claim.approvals.len() {
            return Err(Refusal::NoApproval);
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
