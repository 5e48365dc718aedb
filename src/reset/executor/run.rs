//! One run: it brings a record as far as it gets in its time. A run may end anywhere, killed even; the next one takes the
//! record up as it is written.

use std::time::Duration;

use super::claim::{Claiming, KnownBefore};
use super::context::{Caller, Run};
use super::run_end::{Advanced, RunEnd, Stopped};
use crate::clock;
use crate::ids::ResetId;
use crate::reset::ledger::{Record, RecordLease, Stage, VersionedRecord, WriteError};
use crate::reset::model::RecordedRefusal;
use crate::reset::ports::Wake;
use crate::reset::refusal::Refusal;
use crate::reset::rules::retry::{SOON, WORTH_STARTING};

impl Run<'_> {
    /// Brings a record of this run's tenant as far as it gets.
    pub async fn run(&self, lease: RecordLease, known: KnownBefore) -> RunEnd {
        let ended = self.try_run(lease, known).await;
        ended.unwrap_or_else(RunEnd::Stopped)
    }

    async fn try_run(&self, lease: RecordLease, known: KnownBefore) -> Result<RunEnd, Stopped> {
        let advanced = match &lease.record().stage {
            Stage::Waiting(_) => self.begin(lease, known).await?,
            // One that is over stays as it is.
            Stage::Claimed(_) => self.resume(lease).await?,
            Stage::Refused(_) | Stage::Repeats(_) => Advanced::Over(lease),
        };
        match advanced {
            Advanced::Over(lease) if self.caller == Caller::Waits => {
                Ok(RunEnd::Finished(lease.record().clone()))
            }
            Advanced::Over(lease) => self.notify(lease).await,
            Advanced::Released(released) => Ok(RunEnd::Retry(released)),
        }
    }

    /// A request that waits: to its claim and through it, or to its refusal.
    async fn begin(&self, mut lease: RecordLease, known: KnownBefore) -> Result<Advanced, Stopped> {
        let left = clock::between(self.now(), lease.record().give_up_at());
        if left < WORTH_STARTING {
            return self.give_up(lease).await;
        }
        let refusal = match self.claim(&mut lease, known).await {
            Ok(Claiming::Claimed(claimed)) => return self.execute(claimed).await,
            Ok(Claiming::Repeats(first)) => {
                let mut record = lease.record().clone();
                record.stage = Stage::Repeats(first);
                record.lease_until = self.now();
                return self.save(lease, record).await.map(Advanced::Over);
            }
            Ok(Claiming::LeaseLost) => {
                let stopped = Stopped::after(lease.record().clone());
                return Err(stopped(WriteError::LeaseLost));
            }
            Ok(Claiming::Busy(other)) => match self.close_if_abandoned(other).await {
                Ok(()) => Refusal::TargetBusy,
                Err(refusal) => refusal,
            },
            Err(refusal) => refusal,
        };
        self.postpone_or_refuse(lease, &refusal).await
    }

    /// Ends a request that has waited for its two hours, with the reason why it had to.
    async fn give_up(&self, lease: RecordLease) -> Result<Advanced, Stopped> {
        let text = match &lease.record().stage {
            Stage::Waiting(Some(why)) => why.clone(),
            _ => (self.deployment.refusal_text)(&Refusal::OutOfTime),
        };
        let recorded = RecordedRefusal {
            at: self.now(),
            why: text.detail.clone(),
            text,
            gave_up: true,
        };
        self.refuse(lease, recorded).await
    }

    /// Closes another reset that has the person and that no run has taken up for its two hours: a lost message must not
    /// keep the person from being reset.
    async fn close_if_abandoned(&self, other: ResetId) -> Result<(), Refusal> {
        let now = self.now();
        let is_abandoned =
            |record: &Record| record.lease_until <= now && record.give_up_at() <= now;
        let found = self.deployment.ledger.find(other).await?;
        if let Some(record) = found.record.as_ref().filter(|record| is_abandoned(record)) {
            let deployment = self.deployment;
            let run = deployment.run_in(record.request.tenant, self.until, Caller::None)?;
            Box::pin(run.wake(found)).await?;
        }
        Ok(())
    }

    /// Goes on with a record that the queue has brought back, as it was found.
    ///
    /// # Errors
    /// A [`Refusal`] if the queue has to bring it again.
    pub async fn wake(&self, found: VersionedRecord) -> Result<(), Refusal> {
        let Some(record) = &found.record else {
            return Ok(());
        };
        if record.is_finished() {
            return Ok(());
        }
        let (id, now, due_at) = (record.id, self.now(), record.due_at());
        let ledger = &self.deployment.ledger;
        // Another run has it, or it is not due: the message for later was sent as well.
        if due_at > now {
            return self.schedule(id, clock::between(now, due_at)).await;
        }
        let Some(lease) = ledger.take(found, now, self.lease_until()).await? else {
            return self.schedule(id, SOON).await;
        };
        match self.run(lease, KnownBefore::default()).await {
            RunEnd::Finished(_) => Ok(()),
            RunEnd::Retry(released) => self.schedule(id, released.after).await,
            // The run that has taken over brings it to its end; if it does not, the next message finds it.
            RunEnd::Stopped(stopped) => match stopped.error {
                WriteError::LeaseLost => self.schedule(id, SOON).await,
                WriteError::Ledger(error) => Err(error.into()),
            },
        }
    }

    pub async fn schedule(&self, id: ResetId, after: Duration) -> Result<(), Refusal> {
        Ok(self
            .deployment
            .queue
            .schedule(Wake::Reset(id), after)
            .await?)
    }
}
