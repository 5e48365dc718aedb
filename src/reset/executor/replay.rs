//! Requests and approvals that were here before: the stored answer, or the rest of the work.

use std::time::Duration;

use super::claim::KnownBefore;
use super::context::{Caller, Deployment};
use super::run_end::RunEnd;
use crate::clock::{self, Timestamp};
use crate::reset::ledger::{Record, Stage};
use crate::reset::model::{Event, LedgerError, Parties, RequestStatus};
use crate::reset::ports::Wake;
use crate::reset::refusal::Refusal;

/// The answer to a request.
#[derive(Debug)]
pub struct Answered {
    pub status: RequestStatus,
    /// True if this request changed nothing.
    pub replayed: bool,
}

/// How often to look whether another run has finished.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// How long a repeated request waits for the run that it repeats: as long as most runs take. While it waits it holds a
/// process, of which Lambda gives this deployment a fixed number.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

impl Deployment {
    /// What to answer after a run. The rest of the work is scheduled.
    pub(in crate::reset) async fn answer(
        &self,
        end: RunEnd,
        caller: &Parties,
        until: Timestamp,
    ) -> Result<Answered, Refusal> {
        let record = match end {
            RunEnd::Finished(record) => record,
            RunEnd::Retry(released) => {
                let id = released.record.id;
                if let Err(error) = self.queue.schedule(Wake::Reset(id), released.after).await {
                    tracing::warn!(%error, reset = %id, "the next run could not be scheduled early: it starts later");
                }
                *released.record
            }
            RunEnd::Stopped(stopped) => {
                let (error, id) = (LedgerError::from(stopped.error), stopped.record.id);
                tracing::warn!(%error, reset = %id, "the run stopped: the next one continues it");
                stopped.record
            }
        };
        match record.status() {
            Some(status) => Ok(Answered {
                status,
                replayed: false,
            }),
            None => self.replay(record, caller, until).await,
        }
    }

    /// What came of a record, once the run that has it is done, or how far that is after a short wait; or, if no run has
    /// it, the rest of the work, in the record's own tenant.
    pub(in crate::reset) async fn replay(
        &self,
        record: Record,
        caller: &Parties,
        until: Timestamp,
    ) -> Result<Answered, Refusal> {
        let mut record = self.follow_repetition(record).await?;
        let run = self.run_in(record.request.tenant, until, Caller::Waits)?;
        let patience = clock::after(run.now(), LONGEST_WAIT);
        while !record.is_over()
            && record.lease_until > run.now()
            && run.now() < patience
            && run.left() > BETWEEN_LOOKS
        {
            self.clock.sleep(BETWEEN_LOOKS).await;
            record = self.read_again(&record).await?;
        }
        let now = run.now();
        if !record.is_over() && record.due_at() <= now {
            let run = self.run_in(record.request.tenant, until, Caller::Waits)?;
            let lease_until = run.lease_until();
            run.schedule(record.id, clock::between(now, lease_until))
                .await?;
            let found = self.ledger.find(record.id).await?;
            // One that came to its end meanwhile is the worker's.
            let taken = match &found.record {
                Some(record) if record.is_over() => None,
                _ => self.ledger.take(found, now, lease_until).await?,
            };
            match taken {
                Some(lease) => {
                    let end = run.run(lease, KnownBefore::default()).await;
                    // A record that turns out to repeat another is followed once more.
                    return Box::pin(self.answer(end, caller, until)).await;
                }
                None => record = self.read_again(&record).await?,
            }
        }
        self.append_replay(&record, caller).await;
        Ok(Answered {
            status: record.status().ok_or(LedgerError::Corrupt)?,
            replayed: true,
        })
    }

    /// The record as it is now, or the one that it has turned out to repeat.
    async fn read_again(&self, record: &Record) -> Result<Record, Refusal> {
        let again = self.ledger.read(record.id).await?;
        self.follow_repetition(again.ok_or(LedgerError::Corrupt)?)
            .await
    }

    /// The record whose outcome is this one's answer.
    pub(in crate::reset) async fn follow_repetition(
        &self,
        record: Record,
    ) -> Result<Record, Refusal> {
        match record.stage {
            Stage::Repeats(first) => {
                let first = self.ledger.read(first).await?;
                first.ok_or(Refusal::ApprovalUsed)
            }
            Stage::Waiting(_) | Stage::Claimed(_) | Stage::Refused(_) => Ok(record),
        }
    }

    /// Writes down that a caller was answered with an earlier reset. That it cannot be written changes nothing.
    pub(in crate::reset) async fn append_replay(&self, record: &Record, caller: &Parties) {
        let replayed = Event::Replayed {
            at: self.clock.now(),
            reset: record.id,
            parties: Parties {
                target: record.parties.target.clone(),
                approvals: record.parties.approvals.clone(),
                ..caller.clone()
            },
        };
        if let Err(error) = self.audit.append(&replayed).await {
            tracing::error!(%error, "a repeated request could not be written into the audit trail");
        }
    }
}
