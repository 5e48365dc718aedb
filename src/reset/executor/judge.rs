//! The one judgement: whether a target may be reset on these approvals. The first run makes it before the claim, and
//! every resumption makes it again. [`Basis`] is what differs here; what differs around it is in `resume`. docs/design.md has
//! all of it as one table, "What a resumption checks".

use super::context::Run;
use super::identify::Identified;
use super::look_ahead::{Answers, KnownPeople};
use crate::approval::{Approval, ApprovalError, Authentic, Channel, KeptApproval, Reason, Scope};
use crate::clock::Timestamp;
use crate::ids::{ResetId, TicketKey};
use crate::reset::ledger::{GuardrailItems, Obstacle, obstacle, remark_pace};
use crate::reset::model::{
    Action, Alone, ApprovalSummary, Claim, Event, Guardrails, LedgerError, Parties, Person,
    PlannedMethod, Preview, PrivilegeFacts, Remarks, Request,
};
use crate::reset::ports::AuditError;
use crate::reset::refusal::{Disagreement, Refusal};
use crate::reset::rules::HardwareOath;
use crate::reset::rules::can_register::{Leftovers, can_register, locked_out_by, warnings};
use crate::reset::rules::evidence::{self, Proof};
use crate::reset::rules::plan::plan;
use crate::reset::rules::privilege::{self, Tier};
use crate::reset::rules::two_approvals;

/// What a judgement is made for.
#[derive(Clone, Copy)]
pub enum Basis<'a> {
    /// A request that is not claimed yet.
    Request,
    /// A resumption of what was claimed.
    Claim(&'a Claim),
}

/// A judgement on a new request, with the plan that follows: what a claim is made of.
pub struct PlannedReset {
    pub tier: Tier,
    pub claim: Claim,
    pub plan: Vec<PlannedMethod>,
    pub hardware_unknown: bool,
    pub guardrails: Guardrails,
    /// What the guardrails are checked against.
    pub read: GuardrailItems,
}

impl Run<'_> {
    /// Judges a request by these approvals, as of its arrival, up to what the target's privileges decide.
    ///
    /// # Errors
    /// A [`Refusal`]. For a request that is not claimed it consumes nothing.
    pub async fn judge_people(
        &self,
        request: &Request,
        approvals: &[Approval],
        basis: Basis<'_>,
        mut known: KnownPeople,
    ) -> Result<Identified, Refusal> {
        // A run is in its record's tenant. What it finds on the way, such as an earlier request, may be in another one.
        if request.tenant != self.tenant_id {
            return Err(Refusal::OtherTenant);
        }
        let claims = approvals.first().ok_or(Refusal::ApprovalMissing)?.claims();
        let policy = self.deployment.channels.policy(request)?;
        let ticket_user = match basis {
            Basis::Request => {
                check_scope(approvals)?;
                request.user.as_ref()
            }
            // It was judged at the claim. What changed in the ticket since then does not undo a reset that has begun.
            Basis::Claim(_) => None,
        };
        let signers = std::mem::take(&mut known.signers);
        // Joined, and judged in this order whichever answer comes first.
        let (identified, signers) = tokio::join!(
            self.identify(request.channel, ticket_user, approvals, known),
            self.judge_signers(approvals, signers),
        );
        let identified = identified?;
        signers?;
        policy.accept(approvals, &identified.approvals)?;
        let target = &identified.target;
        if let Basis::Claim(claim) = basis {
            if target.id != claim.target {
                return Err(Refusal::OtherPerson);
            }
            if claims.scope != claim.scope {
                return Err(Refusal::ApprovalsDisagree(Disagreement::Scope));
            }
            if claims.reason != claim.reason {
                return Err(Refusal::ApprovalsDisagree(Disagreement::Reason));
            }
        }
        privilege::reject_untouchable(target, &self.tenant.rules)?;
        Ok(identified)
    }

    /// The rest of the judgement, by the target's privileges.
    ///
    /// # Errors
    /// A [`Refusal`]. For a request that is not claimed it consumes nothing.
    pub fn judge_privilege(
        &self,
        request: &Request,
        approvals: &[Approval],
        basis: Basis<'_>,
        identified: &Identified,
        facts: &PrivilegeFacts,
    ) -> Result<Tier, Refusal> {
        let claims = approvals.first().ok_or(Refusal::ApprovalMissing)?.claims();
        let policy = self.deployment.channels.policy(request)?;
        let tier = privilege::tier(&identified.target, facts, &self.tenant.rules)?;
        let channel_may = match basis {
            Basis::Request => policy.privileged,
            Basis::Claim(claim) if tier.privilege().is_some() != claim.privileged => {
                // Another credential would have to act than the one that the claim was made for.
                return Err(Refusal::ChangedMeanwhile("the person's privileged status"));
            }
            // It was judged at the claim. What changed in the policy of the source since then does not undo a reset that
            // has begun.
            Basis::Claim(_) => true,
        };
        self.tenant.directories.for_tier(&tier)?;
        two_approvals::check(
            &tier,
            &identified.approvals,
            claims.reason,
            request.channel,
            channel_may,
        )?;
        Ok(tier)
    }

    /// Judges a new request by its unused approvals, and makes the plan. What was asked already is not asked again.
    ///
    /// # Errors
    /// A [`Refusal`], which consumes nothing.
    pub async fn plan_reset(
        &self,
        id: ResetId,
        request: &Request,
        unused: Vec<Authentic>,
        known: Answers,
    ) -> Result<PlannedReset, Refusal> {
        let approvals = admit_all(unused, request.received_at)?;
        let basis = Basis::Request;
        let identified = self
            .judge_people(request, &approvals, basis, known.people)
            .await?;
        let target = &identified.target;
        let about = match known.target.filter(|known| known.id == target.id) {
            Some(about) => about,
            None => {
                let guardrails = self.guardrails(&identified.approvals);
                self.ask_about(target.id, Some(guardrails)).await
            }
        };
        let tier = self.judge_privilege(request, &approvals, basis, &identified, &about.facts?)?;
        let claims = approvals.first().ok_or(Refusal::ApprovalMissing)?.claims();
        let signed = approvals.iter().filter_map(|one| one.by_sign_in());
        evidence::reject_changed_contacts(target, signed.map(|signed| signed.contacts))?;
        let remarks = evidence::judge(
            target,
            &Proof::of(&identified.approvals),
            claims.reason,
            request.received_at,
            &self.tenant.rules,
        )?;
        let listing = match &tier {
            Tier::Standard => about.methods?,
            // The credential that will act has to see them itself.
            Tier::Privileged(_) => {
                let directory = self.tenant.directories.for_tier(&tier)?;
                self.read(|| directory.methods(target.id)).await?
            }
        };
        let guardrails = self.guardrails(&identified.approvals);
        let read = match about.guardrails {
            Some((known, Ok(read))) if known == guardrails => Ok(read),
            _ => self.guardrail_items(target.id, &guardrails).await,
        };
        let kept = self.kept_judgement(&tier, &approvals)?;
        let Identified {
            target,
            approvals,
            manager,
        } = identified;
        let is_alone = approvals.iter().any(|one| one.alone);
        let hardware = self.tenant.rules.hardware_oath;
        let claim = Claim {
            channel: request.channel,
            source: request.source.clone(),
            alone: is_alone.then_some(Alone { manager }),
            approvals,
            kept,
            remarks,
            ..self.claim_about(
                id,
                target,
                &tier,
                &request.ticket,
                claims.scope,
                claims.reason,
            )
        };
        let plan = plan(listing.methods, claims.scope, hardware);
        reject_lock_out(&claim, &plan, listing.hardware_unknown)?;
        Ok(PlannedReset {
            tier,
            claim,
            plan,
            hardware_unknown: listing.hardware_unknown,
            guardrails,
            read: read?,
        })
    }
}

impl Run<'_> {
    /// A claim on this person, without approvals.
    pub(super) fn claim_about(
        &self,
        id: ResetId,
        target: Person,
        tier: &Tier,
        ticket: &TicketKey,
        scope: Scope,
        reason: Option<Reason>,
    ) -> Claim {
        Claim {
            id,
            tenant: self.tenant_id,
            channel: Channel::Desk,
            source: None,
            ticket: ticket.clone(),
            target: target.id,
            upn: target.upn,
            display_name: target.display_name,
            external: target.external,
            privileged: tier.privilege().is_some(),
            deactivates: self.tenant.rules.hardware_oath == HardwareOath::Deactivate,
            scope,
            reason,
            approvals: Vec::new(),
            alone: None,
            claimed_at: self.now(),
            kept: None,
            remarks: Remarks::default(),
        }
    }
}

/// Whether the scopes agree with the reasons. A reset that has begun goes on: an earlier version did not ask this.
fn check_scope(approvals: &[Approval]) -> Result<(), Refusal> {
    let contradicts = |approval: &&Approval| {
        let claims = approval.claims();
        claims.scope.contradicts(claims.reason)
    };
    match approvals.iter().find(contradicts) {
        None => Ok(()),
        Some(approval) => {
            let (at, kid) = ("scope".to_owned(), approval.kid().clone());
            Err(ApprovalError::Claim { at, kid }.into())
        }
    }
}

/// Judges the approvals as of `at`. An expired one beside good ones is left over from an earlier try and passed over.
/// Any other fault refuses them all.
pub fn admit_all(approvals: Vec<Authentic>, at: Timestamp) -> Result<Vec<Approval>, Refusal> {
    let mut admitted = Vec::new();
    let mut expired = None;
    for approval in approvals {
        match approval.admit(at) {
            Ok(approval) => admitted.push(approval),
            Err(error @ ApprovalError::Expired { .. }) => expired = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    match expired {
        Some(error) if admitted.is_empty() => Err(error.into()),
        _ => Ok(admitted),
    }
}

impl PlannedReset {
    /// What is in the way by what was read; `None` if nothing is.
    pub fn obstacle(&self) -> Result<Option<Obstacle>, LedgerError> {
        obstacle(&self.read, &self.claim, &self.guardrails)
    }

    /// For the audit trail, before the claim.
    ///
    /// # Errors
    /// [`AuditError`] if it cannot be written.
    pub fn allowed(&self, at: Timestamp, parties: Parties) -> Result<Event, AuditError> {
        let is_removed = |planned: &&PlannedMethod| planned.action == Action::Remove;
        let kept = self.claim.kept.iter().flat_map(|kept| &kept.approvals);
        let kept: Result<Vec<_>, _> = kept.map(KeptApproval::digest).collect();
        Ok(Event::Allowed {
            at,
            reset: self.claim.id,
            target_id: self.claim.target,
            tier: self.tier.to_string(),
            removals: self.plan.iter().filter(is_removed).count(),
            kept_sha256: kept.map_err(|error| AuditError(error.to_string()))?,
            parties,
        })
    }

    /// For the audit trail, before it is shown.
    pub fn previewed(&self, at: Timestamp, parties: Parties) -> Event {
        Event::Previewed {
            at,
            target_id: self.claim.target,
            tier: self.tier.to_string(),
            parties,
        }
    }

    /// See [`reject_obstacle`].
    ///
    /// # Errors
    /// What is in the way.
    pub fn reject_obstacle(&mut self) -> Result<(), Refusal> {
        reject_obstacle(&self.read, &mut self.claim, &self.guardrails)
    }

    /// What the reset would do. `approvals` are those that count.
    pub fn preview(self, approvals: Vec<ApprovalSummary>) -> Preview {
        preview(
            &self.tier,
            &self.claim,
            self.plan,
            self.hardware_unknown,
            approvals,
        )
    }
}

/// Refuses, for somebody who only looks, what something is in the way of. Remarks the verifier's pace in the claim.
///
/// # Errors
/// What is in the way.
pub(super) fn reject_obstacle(
    read: &GuardrailItems,
    claim: &mut Claim,
    guardrails: &Guardrails,
) -> Result<(), Refusal> {
    match remark_pace(read, claim, guardrails)? {
        None => Ok(()),
        Some(Obstacle::Busy(_)) => Err(Refusal::TargetBusy),
        Some(Obstacle::Guardrail(guardrail)) => Err(Refusal::Guardrail(guardrail)),
    }
}

/// Refuses a plan after which the target could not register, unless the approval accepts that.
///
/// # Errors
/// [`Refusal::WouldLockOut`].
pub(super) fn reject_lock_out(
    claim: &Claim,
    plan: &[PlannedMethod],
    hardware_unknown: bool,
) -> Result<(), Refusal> {
    let left = Leftovers::of_plan(plan, hardware_unknown);
    match locked_out_by(&left, claim) {
        None => Ok(()),
        Some(passkeys) => Err(Refusal::WouldLockOut {
            passkeys: passkeys.into_iter().cloned().collect(),
            said_to_be_kept: claim.scope.keep_passkeys,
        }),
    }
}

/// What a claim with this plan would do.
pub(super) fn preview(
    tier: &Tier,
    claim: &Claim,
    plan: Vec<PlannedMethod>,
    hardware_unknown: bool,
    approvals: Vec<ApprovalSummary>,
) -> Preview {
    let left = Leftovers::of_plan(&plan, hardware_unknown);
    let (can_register, warnings) = (can_register(&left, claim), warnings(&left, claim));
    Preview {
        tenant: claim.tenant,
        ticket: claim.ticket.clone(),
        target_id: claim.target,
        target: claim.upn.clone(),
        target_name: claim.display_name.clone(),
        privileged: claim.privileged,
        privilege: tier.privilege().map(ToString::to_string),
        approvals,
        revoke_sessions: !claim.scope.keep_sessions && !claim.external,
        can_register,
        warnings,
        methods: plan,
    }
}
