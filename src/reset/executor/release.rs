//! The ends of a run: the record is written down and released for another run, or refused.

use std::time::Duration;

use super::context::{Caller, Run};
use super::run_end::{Advanced, Released, Stopped};
use crate::clock;
use crate::ids::ResetId;
use crate::reset::ledger::{Duties, Duty, Record, RecordLease, Stage};
use crate::reset::model::{RecordedRefusal, RefusalText};
use crate::reset::refusal::Refusal;
use crate::reset::rules::retry::pause;

/// When the worker is woken: an end is committed by then.
const AFTER_THE_COMMIT: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// What a refusal makes of a request that is not claimed: it waits if a retry may help, else it ends.
    pub async fn postpone_or_refuse(
        &self,
        lease: RecordLease,
        refusal: &Refusal,
    ) -> Result<Advanced, Stopped> {
        if refusal.is_transient() {
            return self.postpone(lease, refusal).await;
        }
        let recorded = RecordedRefusal {
            at: self.now(),
            text: self.log_and_word(lease.record(), refusal),
            why: refusal.to_string(),
            gave_up: false,
        };
        self.refuse(lease, recorded).await
    }

    /// Ends what was never claimed.
    pub async fn refuse(
        &self,
        lease: RecordLease,
        recorded: RecordedRefusal,
    ) -> Result<Advanced, Stopped> {
        let mut record = self.as_ended(lease.record());
        record.stage = Stage::Refused(recorded);
        let id = record.id;
        let saved = self
            .commit_and_wake_worker(id, self.save(lease, record))
            .await;
        saved.map(Advanced::Over)
    }

    /// The record of a request that comes to its end: what has to be notified of it, and, if a caller waits, released for
    /// the worker, which does that.
    pub fn as_ended(&self, record: &Record) -> Record {
        let mut record = record.clone();
        record.duties = self.duties(&record);
        if self.caller == Caller::Waits {
            let now = self.now();
            (record.lease_until, record.retry_at) = (now, now);
        }
        record
    }

    /// Commits an end and, if a caller waits, wakes the worker at the same time. Should that fail, the message of the
    /// acceptance wakes it later.
    pub async fn commit_and_wake_worker<T>(
        &self,
        id: ResetId,
        commit: impl Future<Output = T>,
    ) -> T {
        if self.caller == Caller::None {
            return commit.await;
        }
        let (woken, committed) = tokio::join!(self.schedule(id, AFTER_THE_COMMIT), commit);
        if let Err(error) = woken {
            tracing::warn!(%error, reset = %id, "the worker could not be woken: it notifies later");
        }
        committed
    }

    /// Releases a record for a reason that may pass. A request that waits states the reason; what is claimed is not
    /// refused by it, since some of the work is done.
    pub async fn postpone(
        &self,
        lease: RecordLease,
        refusal: &Refusal,
    ) -> Result<Advanced, Stopped> {
        let mut record = lease.record().clone();
        let text = self.log_and_word(&record, refusal);
        if let Stage::Waiting(why) = &mut record.stage {
            *why = Some(text);
        }
        let after = pause(refusal.asked_pause(), record.runs);
        self.release(lease, record, after)
            .await
            .map(Advanced::Released)
    }

    /// Writes a record and releases it, for another run after this long.
    pub async fn release(
        &self,
        lease: RecordLease,
        mut record: Record,
        after: Duration,
    ) -> Result<Released, Stopped> {
        let now = self.now();
        record.lease_until = now;
        record.retry_at = clock::after(now, after);
        let lease = self.save(lease, record).await?;
        Ok(Released {
            record: Box::new(lease.record().clone()),
            after,
        })
    }

    pub async fn save(&self, lease: RecordLease, record: Record) -> Result<RecordLease, Stopped> {
        let before = lease.record().clone();
        let saved = self.deployment.ledger.save(lease, record).await;
        saved.map_err(Stopped::after(before))
    }

    /// The text of a refusal, which is also written into the log.
    pub fn log_and_word(&self, record: &Record, refusal: &Refusal) -> RefusalText {
        record
            .parties
            .log(refusal.code().as_str(), &refusal.to_string());
        (self.deployment.refusal_text)(refusal)
    }

    /// What has to be notified of this record's end.
    pub fn duties(&self, record: &Record) -> Duties {
        let tickets = &self.deployment.tickets;
        let source = record.request.source.as_ref();
        // Of what was claimed without a bucket nothing was kept for it.
        let has_evidence = self.deployment.evidence.is_some()
            && matches!(&record.stage, Stage::Claimed(reset) if reset.claim().kept.is_some());
        let has_notes = source.is_some_and(|source| tickets.takes_notes(source));
        Duties {
            trail: Duty::Owed,
            notice: Duty::Owed,
            note: if has_notes { Duty::Owed } else { Duty::None },
            evidence: if has_evidence { Duty::Owed } else { Duty::None },
        }
    }
}
