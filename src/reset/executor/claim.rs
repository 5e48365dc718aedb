//! From a request that waits to its claim: validate, judge, look for headroom, write the decision down, claim.

use super::context::Run;
use super::execute::intention;
use super::judge::PlannedReset;
use super::look_ahead::Answers;
use super::validate::Presented;
use crate::approval::{Authentic, TokenId};
use crate::clock::Timestamp;
use crate::ids::ResetId;
use crate::reset::ledger::{
    ApprovalUse, ClaimAttempt, Obstacle, Record, RecordLease, ResetLease, Stage, Use, is_about,
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

/// The approvals of a request, and which resets have used them.
pub struct Proofs {
    presented: Presented,
    /// In the order of the approvals, if they stand together.
    uses: Vec<ApprovalUse>,
}

impl Proofs {
    pub fn new(presented: Presented, uses: Vec<ApprovalUse>) -> Proofs {
        Proofs { presented, uses }
    }

    /// The approvals, if they stand together, none of them was used, and each is admitted at this time: others buy no call
    /// to Graph.
    pub fn unused(&self, at: Timestamp) -> Option<&[Authentic]> {
        let approvals = self.presented.authentic();
        let are_good = !self.presented.ids().is_empty()
            && self.uses.iter().all(Option::is_none)
            && approvals.iter().all(|approval| approval.check(at).is_ok());
        are_good.then_some(approvals)
    }
}

/// What is known of a request before it is accepted.
#[derive(Default)]
pub struct KnownBefore {
    /// `None` if the keys of an issuer have to be fetched first.
    pub proofs: Option<Proofs>,
    pub answers: Answers,
}

impl Run<'_> {
    /// Validates the approvals of a request, and looks which resets have used them.
    async fn proofs(&self, request: &Request) -> Result<Proofs, Refusal> {
        let deployment = self.deployment;
        let presented = deployment
            .validator
            .validate(request, &deployment.channels)
            .await;
        let uses = deployment.ledger.approval_uses(&presented.ids()).await?;
        Ok(Proofs { presented, uses })
    }

    /// Claims what a request asks for, if it may be done. The lease stays with the caller, who ends the record otherwise.
    ///
    /// # Errors
    /// A [`Refusal`], which consumes nothing.
    pub async fn claim(
        &self,
        lease: &mut RecordLease,
        known: KnownBefore,
    ) -> Result<Claiming, Refusal> {
        let request = lease.record().request.clone();
        let KnownBefore {
            mut proofs,
            mut answers,
        } = known;
        loop {
            let proven = match proofs.take() {
                Some(proofs) => proofs,
                None => self.proofs(&request).await?,
            };
            lease.name(proven.presented.authentic());
            let (ids, uses) = (proven.presented.ids(), proven.uses.clone());
            let answers = std::mem::take(&mut answers);
            let claiming = self.claim_on(lease, &request, proven, answers).await;
            let is_in_the_way = match &claiming {
                Ok(Claiming::Busy(_)) | Err(Refusal::Guardrail(_)) => true,
                Ok(_) => false,
                Err(refusal) => !refusal.is_transient(),
            };
            if is_in_the_way && self.are_stale(&ids, &uses).await? {
                continue;
            }
            return claiming;
        }
    }

    /// Claims on these approvals, used as they were when that was read.
    async fn claim_on(
        &self,
        lease: &RecordLease,
        request: &Request,
        proofs: Proofs,
        answers: Answers,
    ) -> Result<Claiming, Refusal> {
        let (unused, used) = self.split_off_used(request, proofs).await?;
        if unused.is_empty() {
            let first = used.ok_or(Refusal::ApprovalMissing)?;
            return Ok(Claiming::Repeats(first.id));
        }
        let id = lease.record().id;
        let planned = self.plan_reset(id, request, unused, answers).await?;
        if self.left() < WORTH_STARTING {
            return Err(Refusal::OutOfTime);
        }
        Ok(match self.try_claim(lease, planned).await? {
            ClaimAttempt::Claimed(lease) => Claiming::Claimed(lease),
            ClaimAttempt::LeaseLost => Claiming::LeaseLost,
            ClaimAttempt::ApprovalUsed => return Err(Refusal::ApprovalUsed),
            ClaimAttempt::Blocked(Obstacle::Busy(other)) => Claiming::Busy(other),
            ClaimAttempt::Blocked(Obstacle::Guardrail(guardrail)) => {
                return Err(Refusal::Guardrail(guardrail));
            }
        })
    }

    /// Whether another reset has used one of the approvals since their uses were read: then that reset is what is in the
    /// way. The table gives several items one by one, so a claim on two approvals can show with one of them alone.
    async fn are_stale(&self, ids: &[TokenId], uses: &[ApprovalUse]) -> Result<bool, Refusal> {
        if uses.iter().all(Option::is_some) {
            return Ok(false);
        }
        Ok(self.deployment.ledger.approval_uses(ids).await? != uses)
    }

    /// Looks for headroom before the decision is written down: an `allowed` that a guardrail then refuses is rare, and
    /// only where another claim came in between. The claim holds the intent of the first step, too.
    async fn try_claim(
        &self,
        lease: &RecordLease,
        mut planned: PlannedReset,
    ) -> Result<ClaimAttempt, Refusal> {
        let deployment = self.deployment;
        if planned.obstacle()?.is_some() {
            // It was read early, and may be out of the way by now.
            let PlannedReset {
                claim, guardrails, ..
            } = &planned;
            planned.read = self.guardrail_items(claim.target, guardrails).await?;
        }
        if let Some(obstacle) = planned.obstacle()? {
            return Ok(ClaimAttempt::Blocked(obstacle));
        }
        let now = self.now();
        let allowed = planned.allowed(now, lease.record().parties.clone())?;
        deployment.audit.append(&allowed).await?;
        let mut reset = Reset::new(planned.claim, planned.plan, planned.hardware_unknown);
        let first = reset.next(now, self.until, lease.record().give_up_at());
        if let Some(intended) = intention(&first, reset.claim(), now) {
            deployment.audit.append(&intended).await?;
        }
        reset.intend(&first);
        let claimed = deployment
            .ledger
            .claim(lease, reset, &planned.guardrails, planned.read)
            .await;
        Ok(claimed?)
    }

    /// Takes out the approvals that have been used, and gives the latest record that used one. That one must be about
    /// the same ticket: used for another request, an approval is refused.
    pub async fn split_off_used(
        &self,
        request: &Request,
        proofs: Proofs,
    ) -> Result<(Vec<Authentic>, Option<Record>), Refusal> {
        let mut latest: Option<Record> = None;
        let mut unused = Vec::new();
        let mut uses = proofs.uses.into_iter();
        for approval in proofs.presented.accepted()? {
            // One that was not looked up counts as used, by a reset that is not known.
            let user = match uses.next().ok_or(Refusal::ApprovalUsed)? {
                Some(Use::By(user)) => user,
                Some(Use::Rejected) => return Err(Refusal::ApprovalRejected),
                None => {
                    unused.push(approval);
                    continue;
                }
            };
            let record = self.deployment.record_that_used_it(user).await?;
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
}
