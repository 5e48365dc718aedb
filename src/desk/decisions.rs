//! What was decided about a case: approved, rejected, or expired. Each goes into one list, over the version that was
//! read, so that one of them comes first.

use serde::{Deserialize, Serialize};

use super::{Desk, DeskError};
use crate::approval::sign_in::Draft;
use crate::clock::Timestamp;
use crate::ids::{DraftId, ObjectId, TicketKey};
use crate::reset::ports::Key;
use crate::reset::{Event, RETENTION};

/// A "no".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub at: Timestamp,
    pub by: ObjectId,
    pub name: Option<String>,
    pub case: DraftId,
    pub ticket: TicketKey,
    pub why: Option<String>,
}

impl Rejection {
    /// For the audit trail.
    pub(super) fn event(&self, case: &Draft) -> Event {
        Event::Rejected {
            at: self.at,
            by: self.by,
            draft: case.id.to_string(),
            ticket: self.ticket.clone(),
            target_id: case.about.target,
            why: self.why.clone(),
        }
    }
}

/// A decision. After a "no" there is no approval; after an approval a "no" counts if no reset has begun on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decision {
    /// By this approval. There may be several: the first that is not refused has the person reset.
    Approved(DraftId),
    /// As an earlier version wrote it, which did at once what follows from it.
    Rejected,
    RejectedBy(Rejection),
    /// The four hours were over.
    Expired {
        at: Timestamp,
    },
}

impl Decision {
    pub(super) fn is_no(&self) -> bool {
        matches!(self, Decision::Rejected | Decision::RejectedBy(_))
    }
}

impl Desk {
    /// A case that was rejected is over.
    ///
    /// # Errors
    /// [`DeskError::Rejected`].
    pub(super) async fn check_not_rejected(&self, case: &DraftId) -> Result<(), DeskError> {
        match self.decisions(case).await?.iter().any(Decision::is_no) {
            true => Err(DeskError::Rejected),
            false => Ok(()),
        }
    }

    /// Decides about a case, unless another decision is in the way.
    ///
    /// # Errors
    /// [`DeskError::Rejected`], [`DeskError::ApprovedAlready`], or [`DeskError::NoSuchCase`] if it has expired.
    pub(super) async fn decide(&self, case: &DraftId, decision: Decision) -> Result<(), DeskError> {
        let key = decision_key(case);
        let decided = self
            .store
            .change_list(&key, RETENTION, |list: &mut Vec<Decision>| {
                let in_the_way = list.iter().find_map(|made| match (made, &decision) {
                    // The same again, after a crash, or another "no": the first counts.
                    (made, decision) if made == decision || made.is_no() && decision.is_no() => {
                        Some(Ok(()))
                    }
                    (Decision::Approved(_), Decision::Expired { .. }) => {
                        Some(Err(DeskError::ApprovedAlready))
                    }
                    (Decision::Approved(_), _) => None,
                    (Decision::Expired { .. }, _) => Some(Err(DeskError::NoSuchCase)),
                    (Decision::Rejected | Decision::RejectedBy(_), _) => {
                        Some(Err(DeskError::Rejected))
                    }
                });
                match in_the_way {
                    Some(found) => found,
                    None => {
                        list.push(decision.clone());
                        Ok(())
                    }
                }
            });
        decided.await?
    }

    /// Takes an approval back that was never signed.
    pub(super) async fn withdraw(
        &self,
        case: &DraftId,
        approval: &DraftId,
    ) -> Result<(), DeskError> {
        let approved = Decision::Approved(approval.clone());
        if self.decisions(case).await?.contains(&approved) {
            let key = decision_key(case);
            let withdrawn = self.store.change_list(&key, RETENTION, |list| {
                list.retain(|made: &Decision| *made != approved);
                Ok::<(), DeskError>(())
            });
            withdrawn.await??;
        }
        Ok(())
    }

    pub(super) async fn decisions(&self, case: &DraftId) -> Result<Vec<Decision>, DeskError> {
        let list: Option<Vec<Decision>> = self.store.read(&decision_key(case)).await?;
        Ok(list.unwrap_or_default())
    }
}

fn decision_key(case: &DraftId) -> Key {
    Key(format!("desk-decision#{case}"))
}
