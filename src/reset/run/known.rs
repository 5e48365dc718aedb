//! Requests and approvals that have been here before: the stored answer, or the rest of the work.

use std::time::Duration;

use super::LEASE_MARGIN;
use crate::approval::Authentic;
use crate::clock::{self, Timestamp};
use crate::ids::TicketKey;
use crate::reset::ledger::LedgerError;
use crate::reset::record::event::{Event, Parties};
use crate::reset::record::request::Request;
use crate::reset::record::{Record, Stage};
use crate::reset::refusal::Refusal;
use crate::reset::resets::{Resets, Stored};
use crate::reset::state::Reset;

/// How often to look whether somebody else has finished.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

impl Resets {
    /// What came of a record, once whoever works on it is done; or, if nobody does, the rest of the work.
    pub(in crate::reset) async fn answer_known(
        &self,
        record: Record,
        asker: &Parties,
        until: Timestamp,
    ) -> Result<Stored, Refusal> {
        let tenancy = &self.0;
        let mut record = self.first_of(record).await?;
        while !record.is_over() && record.lease_until > tenancy.clock.now() {
            if clock::after(tenancy.clock.now(), BETWEEN_LOOKS) >= until {
                break;
            }
            tenancy.clock.sleep(BETWEEN_LOOKS).await;
            record = self.read_again(&record).await?;
        }
        let now = tenancy.clock.now();
        if !record.is_over() && record.due_at() <= now {
            let lease_until = clock::after(until, LEASE_MARGIN);
            let after = clock::between(now, lease_until);
            tenancy.queue.schedule(record.id, after).await?;
            let found = tenancy.ledger.find(record.id).await?;
            match tenancy.ledger.take(found, now, lease_until).await {
                Ok(held) => {
                    let run = self.go_on(held, until).await;
                    // It repeats nothing: what repeats another was followed above, or is followed once more.
                    return Box::pin(self.answer(run, asker, until)).await;
                }
                Err(LedgerError::Leased) => record = self.read_again(&record).await?,
                Err(error) => return Err(error.into()),
            }
        }
        self.write_down_replay(&record, asker).await;
        let news = record.news().ok_or(LedgerError::Corrupt)?;
        Ok(Stored {
            news,
            replayed: true,
        })
    }

    /// Writes down that somebody was told what there is already.
    pub(in crate::reset) async fn write_down_replay(&self, record: &Record, asker: &Parties) {
        let tenancy = &self.0;
        let replayed = Event::Replayed {
            at: tenancy.clock.now(),
            reset: record.id,
            parties: Parties {
                target: record.parties.target.clone(),
                approvals: record.parties.approvals.clone(),
                ..asker.clone()
            },
        };
        if let Err(error) = tenancy.audit.append(&replayed).await {
            tracing::error!(%error, "a replay is not in the audit trail");
        }
    }

    /// The record whose outcome is this one's answer.
    pub(in crate::reset) async fn first_of(&self, record: Record) -> Result<Record, Refusal> {
        match record.stage {
            Stage::Repeats(first) => {
                let first = self.0.ledger.read(first).await?;
                Ok(first.ok_or(LedgerError::Forgotten)?)
            }
            _ => Ok(record),
        }
    }

    /// The record as it is now, or the one whose outcome is its answer, if it has turned out to repeat another.
    async fn read_again(&self, record: &Record) -> Result<Record, Refusal> {
        let again = self.0.ledger.read(record.id).await?;
        self.first_of(again.ok_or(LedgerError::Corrupt)?).await
    }

    /// Takes out the approvals that have been used, and gives the latest record that used one. That one must be
    /// about the same ticket: used for anything else, an approval is refused.
    pub(in crate::reset) async fn split_off_known(
        &self,
        request: &Request,
        approvals: Vec<Authentic>,
    ) -> Result<(Vec<Authentic>, Option<Record>), Refusal> {
        let mut latest: Option<Record> = None;
        let mut fresh = Vec::new();
        for approval in approvals {
            let Some(record) = self.0.ledger.used_by(&approval.id()).await? else {
                fresh.push(approval);
                continue;
            };
            match &record.stage {
                Stage::Claimed(reset) if is_about(reset, &approval, &request.ticket) => {}
                _ => return Err(Refusal::Used),
            }
            let received_at = |record: &Record| record.request.received_at;
            if latest
                .as_ref()
                .is_none_or(|other| received_at(other) < received_at(&record))
            {
                latest = Some(record);
            }
        }
        Ok((fresh, latest))
    }
}

/// Whether the reset was about what this approval is about: an issuer that gives two approvals one name must not
/// get the outcome of the one for the other.
pub(in crate::reset) fn is_about(reset: &Reset, approval: &Authentic, ticket: &TicketKey) -> bool {
    let claim = reset.claim();
    let same_target = claim
        .approvals
        .iter()
        .any(|claimed| claimed.id == approval.id() && claimed.sub == approval.claims().sub);
    claim.ticket == *ticket && same_target
}
