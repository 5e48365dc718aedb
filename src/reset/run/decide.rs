//! Everything that comes before the claim. Changes nothing.

use super::identify::{identify, unavailable};
use crate::approval::{Approval, ApprovalError, Authentic, Limits};
use crate::clock::Timestamp;
use crate::ids::ResetId;
use crate::reset::person::Person;
use crate::reset::record::event::{Event, Parties};
use crate::reset::record::request::Request;
use crate::reset::refusal::Refusal;
use crate::reset::resets::Resets;
use crate::reset::rules::HardwareOath;
use crate::reset::rules::bounds::Guardrails;
use crate::reset::rules::eligibility::{self, Tier};
use crate::reset::rules::plan::{Action, PlannedMethod, plan};
use crate::reset::rules::two_approvals;
use crate::reset::state::Claim;
use crate::reset::tenancy::TenantContext;

/// A decision to go ahead.
pub(in crate::reset) struct Allowed {
    pub tier: Tier,
    pub claim: Claim,
    pub plan: Vec<PlannedMethod>,
    pub hardware_unknown: bool,
}

impl Resets {
    /// Judges a request by its fresh approvals, as of the moment when it came in.
    ///
    /// # Errors
    /// A [`Refusal`], which consumes nothing.
    pub(in crate::reset) async fn decide(
        &self,
        id: ResetId,
        request: &Request,
        fresh: Vec<Authentic>,
        until: Timestamp,
    ) -> Result<Allowed, Refusal> {
        let tenancy = &self.0;
        if request.tenant != tenancy.tenant {
            return Err(Refusal::OtherTenant);
        }
        let limits = Limits::of(request.door);
        let approvals = admit_all(fresh, &limits, request.received_at)?;
        let user = request.user.as_ref();
        let identified = identify(tenancy, request.door, user, &approvals, until).await?;
        let terms = tenancy.doors.terms(request.source.as_ref())?;
        terms.hold(&approvals, &identified.approvals)?;
        let claims = approvals.first().ok_or(Refusal::NoApproval)?.claims();
        let target = identified.target;
        eligibility::may_be_reset(&target, &tenancy.rules)?;
        let tier = self.tier(&target, until).await?;
        let directory = tenancy.directories.for_tier(&tier)?;
        two_approvals::check(
            &tier,
            &identified.approvals,
            claims.reason,
            terms.privileged,
        )?;
        let listing = tenancy
            .ask(until, || directory.methods(target.id))
            .await
            .map_err(unavailable)?;
        Ok(Allowed {
            plan: plan(listing.methods, claims.scope, tenancy.rules.hardware_oath),
            hardware_unknown: listing.hardware_unknown,
            claim: Claim {
                id,
                tenant: tenancy.tenant,
                door: request.door,
                source: request.source.clone(),
                ticket: request.ticket.clone(),
                target: target.id,
                upn: target.upn,
                guest: target.guest,
                privileged: tier.privilege().is_some(),
                deactivates: tenancy.rules.hardware_oath == HardwareOath::Deactivate,
                scope: claims.scope,
                reason: claims.reason,
                approvals: identified.approvals,
                claimed_at: tenancy.clock.now(),
            },
            tier,
        })
    }

    /// Which tier the target is in now.
    pub(in crate::reset) async fn tier(
        &self,
        target: &Person,
        until: Timestamp,
    ) -> Result<Tier, Refusal> {
        let standing = self
            .0
            .ask(until, || self.0.directories.standard.standing(target.id))
            .await
            .map_err(unavailable)?;
        eligibility::tier(target, &standing, &self.0.rules)
    }
}

/// Judges the approvals as of `at`. An expired one beside good ones is what is left of an earlier try: it is
/// passed over. Any other fault refuses them all.
fn admit_all(
    approvals: Vec<Authentic>,
    limits: &Limits,
    at: Timestamp,
) -> Result<Vec<Approval>, Refusal> {
    let mut admitted = Vec::new();
    let mut expired = None;
    for approval in approvals {
        match approval.admit(limits, at) {
            Ok(approval) => admitted.push(approval),
            Err(refused @ ApprovalError::Expired { .. }) => expired = Some(refused),
            Err(refused) => return Err(refused.into()),
        }
    }
    match expired {
        Some(refused) if admitted.is_empty() => Err(refused.into()),
        _ => Ok(admitted),
    }
}

impl Allowed {
    pub fn bounds(&self, tenancy: &TenantContext) -> Guardrails {
        Guardrails::of(&self.claim, &tenancy.rules, &tenancy.prover.issuers)
    }

    /// For the trail, if it is done.
    pub fn event(&self, at: Timestamp, parties: Parties) -> Event {
        Event::Allowed {
            at,
            reset: self.claim.id,
            target_id: self.claim.target,
            tier: self.tier.to_string(),
            removals: self
                .plan
                .iter()
                .filter(|planned| planned.action == Action::Remove)
                .count(),
            parties,
        }
    }

    /// For the trail, if it is only shown.
    pub fn shown(&self, at: Timestamp, parties: Parties) -> Event {
        Event::Previewed {
            at,
            target_id: self.claim.target,
            tier: self.tier.to_string(),
            parties,
        }
    }
}
