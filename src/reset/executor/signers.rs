//! Whether the people who signed by signing in may do so now: the role in a token is as old as the token.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::context::Run;
use super::validate::DeskSignatures;
use crate::approval::sign_in::{DeskRole, SignInError, SignedIn};
use crate::approval::{Approval, Authentic};
use crate::clock::{self, Timestamp};
use crate::ids::ObjectId;
use crate::reset::ledger::LastReset;
use crate::reset::model::LedgerError;
use crate::reset::ports::DirectoryError;
use crate::reset::refusal::{Attester, Refusal};

/// For how long a person whose methods were removed here neither verifies nor approves: an attacker may have registered
/// since then.
const AFTER_OWN_RESET: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of a person who signs by signing in.
pub struct SignerFacts {
    /// Those of the desk's groups that they are in.
    groups: Result<BTreeSet<ObjectId>, DirectoryError>,
    last_reset: Result<LastReset, LedgerError>,
}

/// Of the people who signed these approvals by signing in.
pub type Signers = BTreeMap<ObjectId, SignerFacts>;

impl Run<'_> {
    /// Asks what there is to know of the signers of all approvals that were signed by signing in. Of others nothing is
    /// asked.
    pub async fn ask_about_signers<A: AsRef<Authentic>>(&self, approvals: &[A]) -> Signers {
        let Some(desk) = &self.deployment.validator.desk else {
            return Signers::new();
        };
        let asked = people(approvals).into_iter().map(async |person| {
            let facts = self.signer_facts(person, desk).await;
            (person, facts)
        });
        futures_util::future::join_all(asked)
            .await
            .into_iter()
            .collect()
    }

    async fn signer_facts(&self, person: ObjectId, desk: &DeskSignatures) -> SignerFacts {
        let directory = &self.tenant.directories.standard;
        let wanted = desk.groups();
        let (groups, last_reset) = tokio::join!(
            self.read(|| directory.member_of(person, &wanted)),
            self.deployment.ledger.last_reset(self.tenant_id, person),
        );
        SignerFacts { groups, last_reset }
    }

    /// Judges the signers of all approvals that were signed by signing in. What is not known of them yet is asked.
    ///
    /// # Errors
    /// [`Refusal::SignerWithoutRole`] or [`Refusal::SignerJustReset`].
    pub async fn judge_signers(
        &self,
        approvals: &[Approval],
        mut known: Signers,
    ) -> Result<(), Refusal> {
        let Some(desk) = &self.deployment.validator.desk else {
            return Ok(());
        };
        if !people(approvals).iter().all(|one| known.contains_key(one)) {
            known = self.ask_about_signers(approvals).await;
        }
        let signed = approvals.iter().filter_map(|one| one.as_ref().by_sign_in());
        // Who verified and approved alone signed in twice for it.
        let is_one_sign_in = |signed: &&SignedIn| {
            signed.approver == signed.verifier && signed.approved_at <= signed.verified_at
        };
        if signed.clone().any(|signed| is_one_sign_in(&signed)) {
            return Err(SignInError::NotAnew.into());
        }
        let signers: BTreeSet<Signer> = signed.flat_map(|signed| in_roles(signed, desk)).collect();
        for signer in signers {
            let attester = signer.attester;
            let facts = known.get(&signer.person);
            self.judge_signer(signer, facts.ok_or(Refusal::SignerWithoutRole(attester))?)?;
        }
        Ok(())
    }

    fn judge_signer(&self, signer: Signer, facts: &SignerFacts) -> Result<(), Refusal> {
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
        if !facts.groups.clone()?.contains(&group) {
            return Err(Refusal::SignerWithoutRole(attester));
        }
        facts.reject_just_reset(attester, signed_at)
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
        let Some(desk) = &self.deployment.validator.desk else {
            return Ok(BTreeSet::new());
        };
        if given.is_empty() {
            return Ok(BTreeSet::new());
        }
        let facts = self.signer_facts(person, desk).await;
        let attester = match given.contains(&DeskRole::Approver) {
            true => Attester::Approver,
            false => Attester::Verifier,
        };
        facts.reject_just_reset(attester, self.now())?;
        let groups = facts.groups?;
        let has = |role: &&DeskRole| {
            let group = desk.group_of(**role);
            group.is_some_and(|group| groups.contains(&group))
        };
        Ok(given.iter().filter(has).copied().collect())
    }
}

impl SignerFacts {
    fn reject_just_reset(&self, attester: Attester, at: Timestamp) -> Result<(), Refusal> {
        let was_recent = match self.last_reset.clone()? {
            LastReset::Never => false,
            LastReset::Running => true,
            LastReset::At(reset) => at < clock::after(reset, AFTER_OWN_RESET),
        };
        match was_recent {
            true => Err(Refusal::SignerJustReset(attester)),
            false => Ok(()),
        }
    }
}

/// Everybody who signed one of these by signing in.
fn people<A: AsRef<Authentic>>(approvals: &[A]) -> BTreeSet<ObjectId> {
    let signed = approvals.iter().filter_map(|one| one.as_ref().by_sign_in());
    signed
        .flat_map(|signed| [signed.approver, signed.verifier])
        .collect()
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
