//! The state of what was signed: of a draft, and of the case that a verification opens.

use std::time::Duration;

use super::decisions::{Decision, Rejection};
use super::store::Signature;
use super::{Desk, DeskError};
use crate::approval::sign_in::{Act, Draft, name_of};
use crate::approval::{Channel, TimeLimits};
use crate::clock::{self, Timestamp};
use crate::ids::DraftId;
use crate::reset::rules::retry::SOON;

/// How long a verification waits for its approval: evidence is not older.
pub(super) const OPEN: Duration = TimeLimits::of(Channel::Desk).oldest_evidence;

/// How long after a draft has expired a visitor's process may still be about to keep its signature.
const BEING_SIGNED: Duration = Duration::from_secs(2 * 60);

/// What became of a draft.
pub(super) enum DraftState {
    Signed(Signature),
    /// It may be signed until then.
    Open(Timestamp),
    Never,
}

/// The state of a case.
pub(super) enum CaseState {
    /// It is not decided, or not for good; when to look again.
    Open(Timestamp),
    /// The messages of the approval bring the reset to its end.
    Approved,
    /// `None` if an earlier version did at once what follows.
    Rejected(Option<Rejection>),
    /// A reset had begun.
    RejectedTooLate(Rejection),
    Expired(Timestamp),
}

impl Desk {
    /// The draft that is stored under this id; `None` if it is another's. An attacker who can write to the table can hang
    /// one draft under the id of another.
    pub(super) async fn stored_draft(&self, id: &DraftId) -> Result<Option<Draft>, DeskError> {
        let Some(stored) = self.store.draft(id).await? else {
            return Ok(None);
        };
        let draft = Draft::read(&stored.text)?;
        Ok((draft.id == *id).then_some(draft))
    }

    /// Whether a draft is signed, or can be. Of one that was not signed in time, nothing is left.
    pub(super) async fn draft_state(&self, draft: &Draft) -> Result<DraftState, DeskError> {
        if let Some(signature) = self.store.signature(&draft.id).await? {
            return Ok(DraftState::Signed(signature));
        }
        let last = clock::after(draft.expires_at, BEING_SIGNED);
        if self.clock.now() < last {
            return Ok(DraftState::Open(last));
        }
        self.store.block_signature(&draft.id).await?;
        // It may have been kept in the last moment.
        if let Some(signature) = self.store.signature(&draft.id).await? {
            return Ok(DraftState::Signed(signature));
        }
        if let Act::Approve { verification, .. } = &draft.act {
            let case = Draft::read(&verification.draft)?.id;
            self.withdraw(&case, &draft.id).await?;
        }
        Ok(DraftState::Never)
    }

    /// The state of a case. One that was not decided in its time has expired.
    pub(super) async fn case_state(
        &self,
        case: &DraftId,
        signature: &Signature,
    ) -> Result<CaseState, DeskError> {
        let now = self.clock.now();
        let open_until = clock::after(signature.signed_at, OPEN);
        let mut look_again = open_until;
        let decisions = self.decisions(case).await?;
        if let Some(no) = decisions.iter().find(|decision| decision.is_no()) {
            // Which came first, a reset or the "no", the ledger says.
            let is_in_time = self.resets.reject(&name_of(&self.policy, case)?).await?;
            return Ok(match (no, is_in_time) {
                (Decision::RejectedBy(no), false) => CaseState::RejectedTooLate(no.clone()),
                (Decision::RejectedBy(no), true) => CaseState::Rejected(Some(no.clone())),
                _ => CaseState::Rejected(None),
            });
        }
        for decision in decisions {
            match decision {
                // There is none.
                Decision::Rejected | Decision::RejectedBy(_) => {}
                Decision::Expired { at } => return Ok(CaseState::Expired(at)),
                Decision::Approved(approval) => match self.stored_draft(&approval).await? {
                    None => self.withdraw(case, &approval).await?,
                    // It is decided before its signature is kept: a process may have died in between.
                    Some(draft) => match self.draft_state(&draft).await? {
                        DraftState::Signed(_) => return Ok(CaseState::Approved),
                        DraftState::Open(last) => look_again = look_again.max(last),
                        DraftState::Never => {}
                    },
                },
            }
        }
        if now < look_again {
            return Ok(CaseState::Open(look_again));
        }
        match self.decide(case, Decision::Expired { at: now }).await {
            Ok(()) => Ok(CaseState::Expired(now)),
            // Another decision came first.
            Err(DeskError::Rejected | DeskError::ApprovedAlready | DeskError::NoSuchCase) => {
                Ok(CaseState::Open(clock::after(now, SOON)))
            }
            Err(error) => Err(error),
        }
    }
}
