//! Who is notified of an end: the audit trail, the security team, the ticket. Each is tried for two hours; none of them
//! undoes a reset. The evidence record is written at the same time, and tried for three days.

use std::time::Duration;

use super::context::Run;
use super::evidence_record::{EVIDENCE_WINDOW, PATIENT};
use super::run_end::{RunEnd, Stopped};
use crate::clock;
use crate::reset::ledger::{Duty, Record, RecordLease, Stage};
use crate::reset::ports::TicketError;
use crate::reset::rules::retry::{RETRY_WINDOW, WORTH_CALLING, pause};

/// What came of one notification.
enum Notified {
    Yes,
    /// Another try may help, after this long if the peer said so.
    Retry(Option<Duration>),
    Impossible,
    /// There was no time to try.
    NotTried,
}

impl Run<'_> {
    /// Sends what is owed, writes down what was sent, and releases the record.
    pub async fn notify(&self, lease: RecordLease) -> Result<RunEnd, Stopped> {
        let mut record = lease.record().clone();
        let owed = record.duties;
        if !owed.any_owed() && record.lease_until <= self.now() {
            return Ok(RunEnd::Finished(record));
        }
        let mut asked = None;
        if owed.trail == Duty::Owed {
            let notified = self.append_end(&record).await;
            settle(&mut record.duties.trail, &notified, &mut asked);
        }
        if owed.notice == Duty::Owed {
            let notified = self.in_time(self.notify_security(&record)).await;
            log("notice", &record, &notified);
            settle(&mut record.duties.notice, &notified, &mut asked);
        }
        if owed.note == Duty::Owed {
            let notified = self.in_time(self.write_note(&record)).await;
            log("note", &record, &notified);
            settle(&mut record.duties.note, &notified, &mut asked);
        }
        if owed.evidence == Duty::Owed {
            let notified = self.in_time(self.write_evidence(&record)).await;
            log("evidence", &record, &notified);
            settle(&mut record.duties.evidence, &notified, &mut asked);
        }
        let now = self.now();
        let ended_at = record.over_at().unwrap_or(now);
        if now >= clock::after(ended_at, RETRY_WINDOW) {
            give_up(&mut record);
            asked = asked.max(Some(PATIENT));
        }
        if record.duties.evidence == Duty::Owed && now >= clock::after(ended_at, EVIDENCE_WINDOW) {
            record.duties.evidence = Duty::GivenUp;
            tracing::info!(event = "evidence", state = "given_up", reset = %record.id);
            self.append_lost_evidence(&record).await;
        }
        if record.duties.any_owed() {
            let after = pause(asked, record.runs);
            let released = self.release(lease, record, after).await?;
            return Ok(RunEnd::Retry(released));
        }
        record.lease_until = now;
        let lease = self.save(lease, record).await?;
        Ok(RunEnd::Finished(lease.record().clone()))
    }

    async fn in_time(&self, call: impl Future<Output = Notified>) -> Notified {
        let left = self.left();
        if left < WORTH_CALLING {
            return Notified::NotTried;
        }
        tokio::time::timeout(left, call)
            .await
            .unwrap_or(Notified::Retry(None))
    }

    async fn append_end(&self, record: &Record) -> Notified {
        let Some(event) = record.last_event() else {
            return Notified::Yes;
        };
        match self.deployment.audit.append(&event).await {
            Ok(()) => {
                log_end(record);
                Notified::Yes
            }
            Err(error) => {
                tracing::error!(%error, reset = %record.id, "the outcome is not in the audit trail yet: it is retried");
                Notified::Retry(None)
            }
        }
    }

    async fn notify_security(&self, record: &Record) -> Notified {
        let Some(event) = record.last_event() else {
            return Notified::Yes;
        };
        match self.deployment.security.notify(&event).await {
            Ok(()) => Notified::Yes,
            Err(error) => {
                tracing::error!(%error, reset = %record.id, "the security team is not notified yet: it is retried");
                Notified::Retry(None)
            }
        }
    }

    async fn write_evidence(&self, record: &Record) -> Notified {
        match self.keep_evidence(record).await {
            Ok(()) => Notified::Yes,
            Err(error) => {
                tracing::error!(%error, reset = %record.id, "the evidence record is not kept yet: it is retried");
                Notified::Retry(None)
            }
        }
    }

    async fn write_note(&self, record: &Record) -> Notified {
        let (Some(source), Some(status)) = (&record.request.source, record.status()) else {
            return Notified::Yes;
        };
        let ticket = &record.request.ticket;
        let tickets = &self.deployment.tickets;
        match tickets
            .write_status_note(source, ticket, &status, &record.mark())
            .await
        {
            Ok(()) => Notified::Yes,
            Err(error @ TicketError::Transient { after }) => {
                tracing::error!(%error, reset = %record.id, %ticket, "the ticket has no note yet");
                Notified::Retry(after)
            }
            Err(error @ TicketError::Permanent(_)) => {
                tracing::error!(%error, reset = %record.id, %ticket, "the ticket gets no note");
                Notified::Impossible
            }
        }
    }
}

fn settle(duty: &mut Duty, notified: &Notified, asked: &mut Option<Duration>) {
    *duty = match notified {
        Notified::Yes => Duty::Done,
        Notified::Impossible => Duty::GivenUp,
        Notified::NotTried => Duty::Owed,
        Notified::Retry(after) => {
            *asked = (*asked).max(*after);
            Duty::Owed
        }
    };
}

fn give_up(record: &mut Record) {
    let (id, duties) = (record.id, &mut record.duties);
    for (event, duty) in [
        ("trail", &mut duties.trail),
        ("notice", &mut duties.notice),
        ("note", &mut duties.note),
    ] {
        if *duty == Duty::Owed {
            *duty = Duty::GivenUp;
            tracing::info!(event, state = "given_up", reset = %id);
        }
    }
}

/// One line for the end that people wait for; the alarms count them. A refusal has had its line.
fn log_end(record: &Record) {
    let appeared = match &record.stage {
        Stage::Claimed(reset) => reset.appeared().len(),
        Stage::Refused(refusal) if refusal.gave_up => 0,
        Stage::Waiting(_) | Stage::Refused(_) | Stage::Repeats(_) => return,
    };
    let state = record.state().as_str();
    tracing::info!(event = "outcome", state, appeared, reset = %record.id, ticket = %record.request.ticket);
}

/// One line for each try that failed; the alarms count them.
fn log(event: &'static str, record: &Record, notified: &Notified) {
    if matches!(notified, Notified::Retry(_) | Notified::Impossible) {
        tracing::info!(event, state = "failed", reset = %record.id, ticket = %record.request.ticket);
    }
}
