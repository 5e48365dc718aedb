//! Whether the people who signed by signing in may do so now: the role in a token is as old as the token.

use std::collections::BTreeSet;
use std::time::Duration;

use super::context::Run;
use super::validate::DeskSignatures;
use crate::approval::Approval;
use crate::approval::sign_in::SignedIn;
use crate::clock::{self, Timestamp};
use crate::ids::ObjectId;
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
        let signers: BTreeSet<(ObjectId, Attester)> = signed.flat_map(in_roles).collect();
        let judged = signers
            .into_iter()
            .map(async |(person, attester)| self.judge_signer(desk, person, attester).await);
        let judged = futures_util::future::join_all(judged).await;
        judged.into_iter().collect()
    }

    async fn judge_signer(
        &self,
        desk: &DeskSignatures,
        person: ObjectId,
        attester: Attester,
    ) -> Result<(), Refusal> {
        let group = match attester {
            Attester::Approver => desk.approvers,
            Attester::Verifier => desk.verifiers,
        };
        let directory = &self.tenant.directories.standard;
        let wanted = [group];
        let (groups, last_reset) = tokio::join!(
            self.read(|| directory.member_of(person, &wanted)),
            self.deployment.ledger.last_reset(self.tenant_id, person),
        );
        if !groups?.contains(&group) {
            return Err(Refusal::SignerWithoutRole(attester));
        }
        let now = self.now();
        let is_recent = |at: Timestamp| now < clock::after(at, AFTER_OWN_RESET);
        if last_reset?.is_some_and(is_recent) {
            return Err(Refusal::SignerJustReset(attester));
        }
        Ok(())
    }
}

fn in_roles(signed: &SignedIn) -> [(ObjectId, Attester); 2] {
    [
        (signed.approver, Attester::Approver),
        (signed.verifier, Attester::Verifier),
    ]
}
