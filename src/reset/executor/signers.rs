//! Whether the people who signed by signing in may do so now: the role in a token is as old as the token.

use std::collections::BTreeSet;
use std::time::Duration;

use super::context::Run;
use super::validate::DeskSignatures;
use crate::approval::Approval;
use crate::approval::sign_in::{DeskRole, SignedIn};
use crate::clock::{self, Timestamp};
use crate::ids::ObjectId;
use crate::reset::ledger::LastReset;
use crate::reset::refusal::{Attester, Refusal};

/// For how long a person whose methods were removed here neither verifies nor approves: an attacker may have registered
/// since then.
const AFTER_OWN_RESET: Duration = Duration::from_secs(24 * 60 * 60);

impl Run<'_> {
    /// Judges the signers of all approvals that were signed by signing in. Of others nothing is asked.
    ///
    /// # Errors
    /// [`Refusal::SignerWithoutRole`] or [`Refusal::SignerJustReset`].
    pub async fn judge_signers(&self, approvals: &[Approval]) -> Result<(), Refusal> {
        let Some(desk) = &self.deployment.validator.desk else {
            return Ok(());
        };
        let signed = approvals.iter().filter_map(|one| one.as_ref().by_sign_in());
        let signers: BTreeSet<Signer> = signed.flat_map(|signed| in_roles(signed, desk)).collect();
        let judged = signers
            .into_iter()
            .map(async |signer| self.judge_signer(signer).await);
        let judged = futures_util::future::join_all(judged).await;
        judged.into_iter().collect()
    }

    /// Of the roles that a token gives a person at the desk, those that their groups give them now: whoever can assign the
    /// app's roles need not be able to change the groups.
    ///
    /// # Errors
    /// [`Refusal::SignerJustReset`], or an outage.
    pub async fn desk_roles(
        &self,
        person: ObjectId,
        given: &BTreeSet<DeskRole>,
    ) -> Result<BTreeSet<DeskRole>, Refusal> {
        let none = BTreeSet::new();
        let Some(desk) = &self.deployment.validator.desk else {
            return Ok(none);
        };
        let grouped = given.iter().filter_map(|role| {
            let group = desk.group_of(*role)?;
            Some((*role, group))
        });
        let grouped: Vec<(DeskRole, ObjectId)> = grouped.collect();
        if grouped.is_empty() {
            return Ok(none);
        }
        let attester = match given.contains(&DeskRole::Approver) {
            true => Attester::Approver,
            false => Attester::Verifier,
        };
        let directory = &self.tenant.directories.standard;
        let wanted: Vec<ObjectId> = grouped.iter().map(|(_, group)| *group).collect();
        let (groups, just_reset) = tokio::join!(
            self.read(|| directory.member_of(person, &wanted)),
            self.reject_just_reset(person, attester, self.now()),
        );
        let groups = groups?;
        just_reset?;
        let has = grouped.into_iter();
        Ok(has
            .filter_map(|(role, group)| groups.contains(&group).then_some(role))
            .collect())
    }

    async fn judge_signer(&self, signer: Signer) -> Result<(), Refusal> {
        let Signer {
            person,
            attester,
            group,
            signed_at,
        } = signer;
        // Conditional Access leaves such accounts out, so their sign-in proves less than it says.
        if self.tenant.rules.break_glass.contains(person) {
            return Err(Refusal::SignerWithoutRole(attester));
        }
        // The policy has no group of managers, or no longer has one.
        let group = group.ok_or(Refusal::SignerWithoutRole(attester))?;
        let directory = &self.tenant.directories.standard;
        let wanted = [group];
        let (groups, just_reset) = tokio::join!(
            self.read(|| directory.member_of(person, &wanted)),
            self.reject_just_reset(person, attester, signed_at),
        );
        if !groups?.contains(&group) {
            return Err(Refusal::SignerWithoutRole(attester));
        }
        just_reset
    }

    async fn reject_just_reset(
        &self,
        person: ObjectId,
        attester: Attester,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let last_reset = self.deployment.ledger.last_reset(self.tenant_id, person);
        let was_recent = match last_reset.await? {
            LastReset::Never => false,
            LastReset::Running => true,
            LastReset::At(reset) => at < clock::after(reset, AFTER_OWN_RESET),
        };
        if was_recent {
            return Err(Refusal::SignerJustReset(attester));
        }
        Ok(())
    }
}

/// A person who signed, as what, and when.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Signer {
    person: ObjectId,
    attester: Attester,
    /// The group that they have to be in.
    group: Option<ObjectId>,
    signed_at: Timestamp,
}

fn in_roles(signed: &SignedIn, desk: &DeskSignatures) -> [Signer; 2] {
    [
        Signer {
            person: signed.approver,
            attester: Attester::Approver,
            group: desk.group_of(DeskRole::Approver),
            signed_at: signed.approved_at,
        },
        Signer {
            person: signed.verifier,
            attester: Attester::Verifier,
            group: desk.group_of(match signed.is_vouched_for {
                true => DeskRole::Manager,
                false => DeskRole::Verifier,
            }),
            signed_at: signed.verified_at,
        },
    ]
}
