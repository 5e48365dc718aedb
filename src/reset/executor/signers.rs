//! Whether the people who signed by signing in may do so now: the role in a token is as old as the token.

use std::collections::BTreeSet;
use std::time::Duration;

use super::context::Run;
use super::validate::DeskSignatures;
use crate::approval::Approval;
use crate::approval::sign_in::SignedIn;
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
        let (groups, last_reset) = tokio::join!(
            self.read(|| directory.member_of(person, &wanted)),
            self.deployment.ledger.last_reset(self.tenant_id, person),
        );
        if !groups?.contains(&group) {
            return Err(Refusal::SignerWithoutRole(attester));
        }
        let was_recent = match last_reset? {
            LastReset::Never => false,
            LastReset::Running => true,
            LastReset::At(at) => signed_at < clock::after(at, AFTER_OWN_RESET),
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
            group: Some(desk.approvers),
            signed_at: signed.approved_at,
        },
        Signer {
            person: signed.verifier,
            attester: Attester::Verifier,
            group: match signed.is_vouched_for {
                true => desk.managers,
                false => Some(desk.verifiers),
            },
            signed_at: signed.verified_at,
        },
    ]
}
