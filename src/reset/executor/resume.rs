//! The resumption of a reset that was claimed in an earlier run. Its approvals are verified again as of then, and the
//! judgement is made again.

use super::context::Run;
use super::judge::{Basis, admit_all};
use super::look_ahead::KnownPeople;
use super::run_end::{Advanced, Stopped};
use crate::reset::ledger::{Record, RecordLease};
use crate::reset::machine::{Reset, Step, StepResult};
use crate::reset::model::{Begun, Claim, ClaimedApproval, Event, Guardrail};
use crate::reset::refusal::Refusal;
use crate::reset::rules::HardwareOath;

impl Run<'_> {
    /// Resumes a reset. If the person may no longer be reset, or too much time has passed, it ends here, for an
    /// administrator to look at.
    ///
    /// What is verified is the record under the lease, so that it cannot change in between.
    pub async fn resume(&self, lease: RecordLease) -> Result<Advanced, Stopped> {
        let lease = match lease.into_reset_lease() {
            Ok(lease) => lease,
            Err(lease) => return Ok(Advanced::Over(lease)),
        };
        let record = lease.record().clone();
        let now = self.now();
        if now >= record.give_up_at() {
            let mut reset = self.listed_again(lease.reset()).await;
            reset.close(self.now());
            return self.finish(lease, reset).await;
        }
        let resumed = Event::Resumed {
            at: now,
            reset: record.id,
            parties: record.parties.clone(),
        };
        if let Err(error) = self.deployment.audit.append(&resumed).await {
            return self
                .postpone(lease.into_record_lease(), &error.into())
                .await;
        }
        match self.judge_again(&record, lease.reset()).await {
            Ok(()) => self.execute(lease).await,
            Err(refusal) => match refusal.code().row().begun {
                Begun::Waits => self.postpone(lease.into_record_lease(), &refusal).await,
                Begun::Ends => {
                    let text = self.log_and_word(&record, &refusal);
                    let mut reset = self.listed_again(lease.reset()).await;
                    reset.stop(text, self.now());
                    self.finish(lease, reset).await
                }
            },
        }
    }

    /// The reset after one more read of the methods, if that succeeds: what was in flight is known before it is
    /// reported.
    async fn listed_again(&self, reset: &Reset) -> Reset {
        let claim = reset.claim();
        let mut reset = reset.clone();
        if let Ok(directory) = self.tenant.directories.acting(claim.privileged) {
            let seen = self.list(directory.as_ref(), claim.target).await;
            if seen.answer.is_ok() {
                reset.apply(&Step::List, StepResult::Listed(seen), self.now());
            }
        }
        reset
    }

    /// Whether what was claimed is proven, and the target may still be reset on it. The ledger's word is not enough: an
    /// attacker who can write to the table must not be able to order a reset.
    async fn judge_again(&self, record: &Record, reset: &Reset) -> Result<(), Refusal> {
        let deployment = self.deployment;
        let claim = reset.claim();
        let request = &record.request;
        let switch = deployment.ledger.freeze_switch().await?;
        if let Some(freeze) = switch.filter(|switch| switch.stops(claim.privileged)) {
            return Err(Refusal::Guardrail(Guardrail::Frozen(freeze.why)));
        }
        // A record whose claim and request name different tenants was tampered with.
        if claim.tenant != request.tenant {
            return Err(Refusal::OtherTenant);
        }
        let hardware = self.tenant.rules.hardware_oath;
        if claim.deactivates != (hardware == HardwareOath::Deactivate)
            || !reset.asks_only_for(hardware)
        {
            return Err(Refusal::ChangedMeanwhile("the planned removals"));
        }
        if claim.ticket != request.ticket
            || claim.channel != request.channel
            || claim.source != request.source
        {
            return Err(Refusal::OtherTicket);
        }
        let presented = deployment
            .validator
            .validate(request, &deployment.channels)
            .await;
        let mut approvals = presented.accepted()?;
        approvals.retain(|approval| claim.approvals.iter().any(|one| one.id == approval.id()));
        let approvals = admit_all(approvals, request.received_at)?;
        if approvals.len() != claim.approvals.len() {
            return Err(Refusal::ApprovalMissing);
        }
        let basis = Basis::Claim(claim);
        let identified = self
            .judge_people(request, &approvals, basis, KnownPeople::default())
            .await?;
        if !is_as_claimed(claim, &identified.approvals) {
            return Err(Refusal::ChangedMeanwhile(
                "who verified and approved, and how",
            ));
        }
        let directory = &self.tenant.directories.standard;
        let target = identified.target.id;
        let facts = self.read(|| directory.privilege_facts(target)).await?;
        self.judge_privilege(request, &approvals, basis, &identified, &facts)?;
        Ok(())
    }
}

/// Whether the claim says of its approvals what they say themselves.
fn is_as_claimed(claim: &Claim, approvals: &[ClaimedApproval]) -> bool {
    let is_alone = approvals.iter().any(|one| one.alone);
    is_alone == claim.alone.is_some()
        && approvals.iter().all(|found| {
            let claimed = claim.approvals.iter().find(|one| one.id == found.id);
            claimed.is_some_and(|claimed| {
                claimed.approver == found.approver
                    && claimed.verifiers == found.verifiers
                    && claimed.evidence == found.evidence
            })
        })
}
