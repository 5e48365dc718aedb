//! What a reset would meet and do, for the people at the desk before they sign. Nothing is decided by it.

use super::context::Run;
use super::judge::{preview, reject_lock_out};
use crate::approval::sign_in::Subject;
use crate::approval::{ContactEnds, Evidence};
use crate::clock::Timestamp;
use crate::ids::{ObjectId, PersonRef, ResetId};
use crate::reset::model::{
    Claim, Guardrail, LedgerError, Person, Preview, PrivilegeFacts, Remarks,
};
use crate::reset::ports::DirectoryError;
use crate::reset::refusal::Refusal;
use crate::reset::rules::evidence::{self, Proof};
use crate::reset::rules::plan::plan;
use crate::reset::rules::privilege::{self, Tier};

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
        self.tier(&person?, facts, last)
    }

    /// What a reset of this person would do.
    ///
    /// # Errors
    /// A [`Refusal`] that every approval of it would meet.
    pub async fn outlook(
        &self,
        about: &Subject,
        (evidence, contacts): (&[Evidence], ContactEnds),
    ) -> Result<Preview, Refusal> {
        let directory = &self.tenant.directories.standard;
        let who = PersonRef::Id(about.target);
        let (target, known, last) = tokio::join!(
            self.read(|| directory.person(&who)),
            self.ask_about(about.target, None),
            self.deployment
                .ledger
                .cooling_since(self.tenant_id, about.target)
        );
        let target = target?;
        let tier = self.tier(&target, known.facts, last)?;
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
            // The evidence of another approval comes to it.
            Tier::Privileged(_) => Remarks::default(),
        };
        let listing = known.methods?;
        let hardware = self.tenant.rules.hardware_oath;
        let (id, ticket) = (ResetId::random(), &about.ticket);
        let claim = Claim {
            remarks,
            ..self.claim_about(id, target, &tier, ticket, about.scope, reason)
        };
        let plan = plan(listing.methods, about.scope, hardware);
        let unknown = listing.hardware_unknown;
        reject_lock_out(&claim, &plan, unknown)?;
        Ok(preview(&tier, &claim, plan, unknown, Vec::new()))
    }

    fn tier(
        &self,
        target: &Person,
        facts: Result<PrivilegeFacts, DirectoryError>,
        last: Result<Option<Timestamp>, LedgerError>,
    ) -> Result<Tier, Refusal> {
        let rules = &self.tenant.rules;
        privilege::reject_untouchable(target, rules)?;
        let tier = privilege::tier(target, &facts?, rules)?;
        // One more approval is enough for a standard person alone. The claim asks again.
        if tier.privilege().is_none()
            && let Some(since) = last?
            && let Some(cooling) = Guardrail::cooling_down(since, rules.cool_down, self.now())
        {
            return Err(Refusal::Guardrail(cooling));
        }
        Ok(tier)
    }
}
