//! A reset that was claimed in an earlier run. Nothing that was true at the claim is taken for granted: its approvals
//! are verified again as of then, and everything else is looked at again.

use super::Run;
use super::identify::identify;
use crate::approval::Limits;
use crate::clock::{self, Timestamp};
use crate::reset::ledger::RecordLease;
use crate::reset::record::Record;
use crate::reset::record::event::Event;
use crate::reset::refusal::{Disagreement, Refusal};
use crate::reset::resets::Resets;
use crate::reset::rules::HardwareOath;
use crate::reset::rules::bounds::Guardrail;
use crate::reset::rules::eligibility;
use crate::reset::rules::two_approvals;
use crate::reset::state::{Found, Reset, Step};

impl Resets {
    /// Takes up a reset. If the person may no longer be reset, or too much time has passed, it ends here, for a
    /// person to look at.
    ///
    /// What is verified is the record under the lease, so that nobody can change it in between.
    pub(in crate::reset) async fn take_up(
        &self,
        held: RecordLease,
        until: Timestamp,
    ) -> Result<RecordLease, Run> {
        let tenancy = &self.0;
        let lease = match held.into_lease() {
            Ok(lease) => lease,
            Err(held) => return Ok(held),
        };
        let record = lease.record().clone();
        let now = tenancy.clock.now();
        if now >= record.give_up_at() {
            let mut reset = self.looked_at_again(lease.reset(), until).await;
            reset.close(tenancy.clock.now());
            return self.finish(lease, reset).await;
        }
        let resumed = Event::Resumed {
            at: now,
            reset: record.id,
            parties: record.parties.clone(),
        };
        if let Err(error) = tenancy.audit.append(&resumed).await {
            return Err(self.postpone(lease.into_held(), &error.into()).await);
        }
        match self.still_allowed(&record, lease.reset(), until).await {
            Ok(()) => self.act(lease, until).await,
            // What is begun is not given up for a freeze: it waits for its end.
            Err(refusal) if refusal.is_transient() || matches!(refusal, Refusal::Guardrail(_)) => {
                Err(self.postpone(lease.into_held(), &refusal).await)
            }
            Err(refusal) => {
                let words = self.say(&record, &refusal);
                let mut reset = self.looked_at_again(lease.reset(), until).await;
                reset.stop(words, tenancy.clock.now());
                self.finish(lease, reset).await
            }
        }
    }

    /// The reset after one more look at what is there, if it is to be had: what was in flight is re-read before it is
    /// told of.
    async fn looked_at_again(&self, reset: &Reset, until: Timestamp) -> Reset {
        let tenancy = &self.0;
        let claim = reset.claim();
        let mut reset = reset.clone();
        if let Ok(directory) = tenancy.directories.acting(claim.privileged) {
            let target = claim.target;
            let left = clock::between(tenancy.clock.now(), until);
            let look = tokio::time::timeout(left, directory.methods(target));
            if let Ok(Ok(listing)) = look.await {
                reset.apply(&Step::List, Found::Listed(Ok(listing)), tenancy.clock.now());
            }
        }
        reset
    }

    async fn finish(
        &self,
        lease: crate::reset::ResetLease,
        reset: Reset,
    ) -> Result<RecordLease, Run> {
        let record = lease.record().clone();
        let duties = self.0.duties(&record);
        self.0
            .ledger
            .finish(lease, reset, duties)
            .await
            .map_err(|error| Run::Stopped(record, error))
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
            return Err(Refusal::Guardrail(Guardrail::Frozen(freeze.why)));
        }
        let deactivates = tenancy.rules.hardware_oath == HardwareOath::Deactivate;
        if claim.tenant != tenancy.tenant {
            return Err(Refusal::OtherTenant);
        }
        if claim.deactivates != deactivates || !reset.asks_only_for(tenancy.rules.hardware_oath) {
            return Err(Refusal::Changed("what is to be removed"));
        }
        if claim.ticket != request.ticket
            || claim.door != request.door
            || claim.source != request.source
        {
            return Err(Refusal::OtherTicket);
        }
        let limits = Limits::of(claim.door);
        let claimed = |id| claim.approvals.iter().any(|approval| approval.id == id);
        let mut approvals = Vec::new();
        for approval in tenancy
            .prover
            .validate_request(request, &tenancy.doors)
            .await?
        {
            if claimed(approval.id()) {
                approvals.push(approval.admit(&limits, request.received_at)?);
            }
        }
        if approvals.len() != claim.approvals.len() {
            return Err(Refusal::NoApproval);
        }
        let identified = identify(tenancy, claim.door, None, &approvals, until).await?;
        let terms = tenancy.doors.terms(request.source.as_ref())?;
        terms.hold(&approvals, &identified.approvals)?;
        if identified.target.id != claim.target {
            return Err(Refusal::OtherPerson);
        }
        let claims = approvals.first().ok_or(Refusal::NoApproval)?.claims();
        if claims.scope != claim.scope {
            return Err(Refusal::Disagree(Disagreement::Scope));
        }
        if claims.reason != claim.reason {
            return Err(Refusal::Disagree(Disagreement::Reason));
        }
        eligibility::may_be_reset(&identified.target, &tenancy.rules)?;
        let tier = self.tier(&identified.target, until).await?;
        if tier.privilege().is_some() != claim.privileged {
            // Either way another credential would have to act than the one that the claim was made for.
            return Err(Refusal::Changed("whether the person is privileged"));
        }
        tenancy.directories.for_tier(&tier)?;
        // What the policy lets the source ask for was judged at the claim.
        two_approvals::check(&tier, &identified.approvals, claim.reason, true)
    }
}
