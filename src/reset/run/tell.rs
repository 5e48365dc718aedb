//! Who hears of an end: the audit trail, the security team, the ticket. Each once, or at least tried for two hours;
//! none of them undoes a reset.

use std::time::Duration;

use super::{Run, pause};
use crate::clock::{self, Timestamp};
use crate::reset::ledger::RecordLease;
use crate::reset::ports::TicketError;
use crate::reset::record::{Duty, PATIENCE, Record, Stage};
use crate::reset::resets::Resets;

/// What must be left of the time for a call to be worth it.
const WORTH_CALLING: Duration = Duration::from_secs(1);

/// What came of telling somebody.
enum Told {
    Yes,
    Later(Option<Duration>),
    Never,
    /// There was no time to try.
    NotTried,
}

impl Resets {
    /// Tells whoever is owed it, writes down who was told, and lets go of the record.
    pub(in crate::reset) async fn tell(&self, held: RecordLease, until: Timestamp) -> Run {
        let mut record = held.record().clone();
        let owed = record.duties;
        let mut asked = None;
        if owed.trail == Duty::Owed {
            let told = self.tell_trail(&record).await;
            settle(&mut record.duties.trail, &told, &mut asked);
        }
        if owed.notice == Duty::Owed {
            let told = self.in_time(until, self.tell_security(&record)).await;
            log("notice", &record, &told);
            settle(&mut record.duties.notice, &told, &mut asked);
        }
        if owed.note == Duty::Owed {
            let told = self.in_time(until, self.tell_ticket(&record)).await;
            log("note", &record, &told);
            settle(&mut record.duties.note, &told, &mut asked);
        }
        let now = self.0.clock.now();
        let ended_at = record.over_at().unwrap_or(now);
        if now >= clock::after(ended_at, PATIENCE) {
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
        if record.duties.any_owed() {
            let after = pause(asked, record.runs);
            return self.later(held, record, after).await;
        }
        record.lease_until = now;
        match self.save(held, record).await {
            Ok(held) => Run::Over(held.record().clone()),
            Err(run) => run,
        }
    }

    async fn in_time(&self, until: Timestamp, call: impl Future<Output = Told>) -> Told {
        let left = clock::between(self.0.clock.now(), until);
        if left < WORTH_CALLING {
            return Told::NotTried;
        }
        tokio::time::timeout(left, call)
            .await
            .unwrap_or(Told::Later(None))
    }

    async fn tell_trail(&self, record: &Record) -> Told {
        let Some(event) = record.last_event() else {
            return Told::Yes;
        };
        match self.0.audit.append(&event).await {
            Ok(()) => {
                log_end(record);
                Told::Yes
            }
            Err(error) => {
                tracing::error!(%error, reset = %record.id, "the end is in the ledger and not in the audit trail");
                Told::Later(None)
            }
        }
    }

    async fn tell_security(&self, record: &Record) -> Told {
        let Some(event) = record.last_event() else {
            return Told::Yes;
        };
        match self.0.security.tell(&event).await {
            Ok(()) => Told::Yes,
            Err(error) => {
                tracing::error!(%error, reset = %record.id, "the security team is not told yet");
                Told::Later(None)
            }
        }
    }

    async fn tell_ticket(&self, record: &Record) -> Told {
        let (Some(source), Some(news)) = (&record.request.source, record.news()) else {
            return Told::Yes;
        };
        let ticket = &record.request.ticket;
        match self
            .0
            .tickets
            .note(source, ticket, &news, &record.mark())
            .await
        {
            Ok(()) => Told::Yes,
            Err(error @ TicketError::Transient { after }) => {
                tracing::error!(%error, reset = %record.id, %ticket, "the ticket has no note yet");
                Told::Later(after)
            }
            Err(error @ TicketError::Permanent(_)) => {
                tracing::error!(%error, reset = %record.id, %ticket, "the ticket gets no note");
                Told::Never
            }
        }
    }
}

fn settle(duty: &mut Duty, told: &Told, asked: &mut Option<Duration>) {
    *duty = match told {
        Told::Yes => Duty::Done,
        Told::Never => Duty::GivenUp,
        Told::NotTried => Duty::Owed,
        Told::Later(after) => {
            *asked = (*asked).max(*after);
            Duty::Owed
        }
    };
}

/// One line for the end of what a person waits for; the alarms count them. A refusal has had its line.
fn log_end(record: &Record) {
    let appeared = match &record.stage {
        Stage::Claimed(reset) => reset.appeared().len(),
        Stage::Refused(rejection) if rejection.gave_up => 0,
        _ => return,
    };
    let state = record.state().word();
    tracing::info!(event = "outcome", state, appeared, reset = %record.id, ticket = %record.request.ticket);
}

/// One line for each try that failed; the alarms count them.
fn log(event: &'static str, record: &Record, told: &Told) {
    if matches!(told, Told::Later(_) | Told::Never) {
        tracing::info!(event, state = "failed", reset = %record.id, ticket = %record.request.ticket);
    }
}
