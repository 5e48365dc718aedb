//! From a request that waits to its claim: validate, judge, look for headroom, write the decision down, claim.

use super::context::Run;
use super::judge::PlannedReset;
use crate::approval::{Authentic, TokenId};
use crate::ids::ResetId;
use crate::reset::ledger::{
    ClaimAttempt, HeadroomCheck, Obstacle, Record, RecordLease, ResetLease, Stage, is_about,
};
use crate::reset::machine::Reset;
use crate::reset::model::Request;
use crate::reset::refusal::Refusal;
use crate::reset::rules::retry::WORTH_STARTING;

/// What came of the way to a claim.
pub enum Claiming {
    Claimed(ResetLease),
    /// Another reset has used all the approvals: its outcome is the answer.
    Repeats(ResetId),
    /// Another reset has the person.
    Busy(ResetId),
    /// Another run has taken over the record.
    LeaseLost,
}

impl Run<'_> {
    /// Claims what a request asks for, if it may be done. The lease stays with the caller, who ends the record otherwise.
    ///
    /// # Errors
    /// A [`Refusal`], which consumes nothing.
    pub async fn claim(&self, lease: &mut RecordLease) -> Result<Claiming, Refusal> {
        let deployment = self.deployment;
        let request = lease.record().request.clone();
        loop {
            let presented = deployment
                .validator
                .validate(&request, &deployment.channels)
                .await;
            lease.name(presented.authentic());
            let (unused, used) = self.split_off_used(&request, presented.accepted()?).await?;
            if unused.is_empty() {
                let first = used.ok_or(Refusal::ApprovalMissing)?;
                return Ok(Claiming::Repeats(first.id));
            }
            let id = lease.record().id;
            let planned = self.plan_reset(id, &request, unused).await?;
            if self.left() < WORTH_STARTING {
                return Err(Refusal::OutOfTime);
            }
            let ids: Vec<TokenId> = planned
                .claim
                .approvals
                .iter()
                .map(|approval| approval.id.clone())
                .collect();
            let obstacle = match self.try_claim(lease, planned).await? {
                ClaimAttempt::Claimed(lease) => return Ok(Claiming::Claimed(lease)),
                ClaimAttempt::LeaseLost => return Ok(Claiming::LeaseLost),
                // Two deliveries of one approval at once: what is in the way is the other one's reset.
                ClaimAttempt::ApprovalUsed => continue,
                ClaimAttempt::Blocked(_) if self.is_any_used(&ids).await? => continue,
                ClaimAttempt::Blocked(obstacle) => obstacle,
            };
            return match obstacle {
                Obstacle::Busy(other) => Ok(Claiming::Busy(other)),
                Obstacle::Guardrail(guardrail) => Err(Refusal::Guardrail(guardrail)),
            };
        }
    }

    /// Looks for headroom before the decision is written down: an `allowed` that a guardrail then refuses is rare, and
    /// only where another claim came in between.
    async fn try_claim(
        &self,
        lease: &RecordLease,
        planned: PlannedReset,
    ) -> Result<ClaimAttempt, Refusal> {
        let deployment = self.deployment;
        let guardrails = planned.guardrails(self);
        let headroom = match deployment
            .ledger
            .headroom(&planned.claim, &guardrails)
            .await?
        {
            HeadroomCheck::Free(headroom) => headroom,
            HeadroomCheck::Blocked(obstacle) => return Ok(ClaimAttempt::Blocked(obstacle)),
        };
        let allowed = planned.allowed(self.now(), lease.record().parties.clone());
        deployment.audit.append(&allowed).await?;
        let reset = Reset::new(planned.claim, planned.plan, planned.hardware_unknown);
        let claimed = deployment
            .ledger
            .claim(lease, reset, &guardrails, headroom)
            .await;
        Ok(claimed?)
    }

    /// Whether a claim would find headroom now.
    ///
    /// # Errors
    /// [`Refusal::TargetBusy`] or [`Refusal::Guardrail`].
    pub async fn check_headroom(&self, planned: &PlannedReset) -> Result<(), Refusal> {
        let guardrails = planned.guardrails(self);
        let ledger = &self.deployment.ledger;
        match ledger.headroom(&planned.claim, &guardrails).await? {
            HeadroomCheck::Free(_) => Ok(()),
            HeadroomCheck::Blocked(Obstacle::Busy(_)) => Err(Refusal::TargetBusy),
            HeadroomCheck::Blocked(Obstacle::Guardrail(guardrail)) => {
                Err(Refusal::Guardrail(guardrail))
            }
        }
    }

    /// Takes out the approvals that have been used, and gives the latest record that used one. That one must be about
    /// the same ticket: used for another request, an approval is refused.
    pub async fn split_off_used(
        &self,
        request: &Request,
        approvals: Vec<Authentic>,
    ) -> Result<(Vec<Authentic>, Option<Record>), Refusal> {
        let mut latest: Option<Record> = None;
        let mut unused = Vec::new();
        for approval in approvals {
            let Some(record) = self.deployment.used_by(&approval.id()).await? else {
                unused.push(approval);
                continue;
            };
            match &record.stage {
                Stage::Claimed(reset) if is_about(reset, &approval, &request.ticket) => {}
                _ => return Err(Refusal::ApprovalUsed),
            }
            let is_newer = |than: &Record| than.request.received_at < record.request.received_at;
            if latest.as_ref().is_none_or(is_newer) {
                latest = Some(record);
            }
        }
        Ok((unused, latest))
    }

    async fn is_any_used(&self, approvals: &[TokenId]) -> Result<bool, Refusal> {
        for id in approvals {
            if self.deployment.used_by(id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
