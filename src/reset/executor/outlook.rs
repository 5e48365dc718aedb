//! What a reset would meet and do, for the people at the desk before they sign. Nothing is decided by it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::context::Run;
use super::judge::{preview, reject_lock_out, reject_obstacle};
use crate::approval::sign_in::Subject;
use crate::approval::{ContactEnds, Evidence};
use crate::ids::{ObjectId, PersonRef, ResetId};
use crate::reset::model::{Claim, Guardrail, Guardrails, Person, Preview, PrivilegeFacts, Remarks};
use crate::reset::ports::DirectoryError;
use crate::reset::refusal::Refusal;
use crate::reset::rules::evidence::{self, Proof};
use crate::reset::rules::guardrails::Counted;
use crate::reset::rules::plan::plan;
use crate::reset::rules::privilege::{self, Tier};

/// A reset that a verifier has signed for, or is about to, and that is not approved.
#[derive(Clone, Copy)]
pub struct Unapproved<'a> {
    pub about: &'a Subject,
    pub evidence: &'a [Evidence],
    pub contacts: ContactEnds,
    pub verifier: ObjectId,
    /// Who would approve it, where one is looking.
    pub approver: Option<ObjectId>,
}

impl Run<'_> {
    /// The tier of this person as the directory has it now.
    ///
    /// # Errors
    /// A [`Refusal`] that every reset of this person on one approval would meet.
    pub async fn tier_of(&self, target: ObjectId) -> Result<Tier, Refusal> {
        let directory = &self.tenant.directories.standard;
        let who = PersonRef::Id(target);
        let (person, facts, last) = tokio::join!(
            self.read(|| directory.person(&who)),
            self.read(|| directory.privilege_facts(target)),
            self.deployment.ledger.cooling_since(self.tenant_id, target)
        );
        let tier = self.tier(&person?, facts)?;
        // One more approval is enough for a standard person alone. The claim asks again.
        let cool_down = self.tenant.rules.cool_down;
        if tier.privilege().is_none()
            && let Some(since) = last?
            && let Some(cooling) = Guardrail::cooling_down(since, cool_down, self.now())
        {
            return Err(Refusal::Guardrail(cooling));
        }
        Ok(tier)
    }

    /// What this reset would do.
    ///
    /// # Errors
    /// A [`Refusal`] that every approval of it would meet now.
    pub async fn outlook(&self, unapproved: &Unapproved<'_>) -> Result<Preview, Refusal> {
        let Unapproved {
            about,
            evidence,
            contacts,
            ..
        } = *unapproved;
        let directory = &self.tenant.directories.standard;
        let who = PersonRef::Id(about.target);
        let mut guardrails = self.guardrails_of(unapproved);
        let (target, known, read) = tokio::join!(
            self.read(|| directory.person(&who)),
            self.ask_about(about.target, None),
            self.guardrail_items(about.target, &guardrails),
        );
        let target = target?;
        let tier = self.tier(&target, known.facts)?;
        evidence::reject_changed_contacts(&target, [contacts])?;
        let (reason, rules) = (Some(about.reason), &self.tenant.rules);
        let remarks = match tier {
            Tier::Standard => {
                let proof = Proof {
                    approvers: 1,
                    evidence: evidence.to_vec(),
                };
                evidence::judge(&target, &proof, reason, self.now(), rules)?
            }
            Tier::Privileged(_) => {
                // Another approval comes to it, with its evidence. Two approvers need not wait.
                guardrails.cool_down = Duration::ZERO;
                Remarks::default()
            }
        };
        let listing = known.methods?;
        let hardware = self.tenant.rules.hardware_oath;
        let (id, ticket) = (ResetId::random(), &about.ticket);
        let mut claim = Claim {
            remarks,
            ..self.claim_about(id, target, &tier, ticket, about.scope, reason)
        };
        let plan = plan(listing.methods, about.scope, hardware);
        let unknown = listing.hardware_unknown;
        reject_lock_out(&claim, &plan, unknown)?;
        reject_obstacle(&read?, &mut claim, &guardrails)?;
        Ok(preview(&tier, &claim, plan, unknown, Vec::new()))
    }

    /// What is known to be counted of it: an approver only where one is looking.
    fn guardrails_of(&self, unapproved: &Unapproved<'_>) -> Guardrails {
        let desk = self.deployment.validator.desk.as_ref();
        self.guardrails_for(&Counted {
            approvers: unapproved.approver.into_iter().collect(),
            verifiers: BTreeSet::from([unapproved.verifier]),
            signers: desk.iter().map(|desk| &desk.policy.iss).collect(),
            passkeys: Vec::new(),
            // Where the policy lets nobody do it alone, whoever looks at their own verification approves nothing.
            is_alone: unapproved.approver == Some(unapproved.verifier)
                && desk.is_some_and(|desk| desk.policy.alone.is_some()),
        })
    }

    fn tier(
        &self,
        target: &Person,
        facts: Result<PrivilegeFacts, DirectoryError>,
    ) -> Result<Tier, Refusal> {
        let rules = &self.tenant.rules;
        privilege::reject_untouchable(target, rules)?;
        privilege::tier(target, &facts?, rules)
    }
}
