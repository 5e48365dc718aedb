//! One run: takes a record as far as it goes in the time there is. A run may end anywhere, killed even; the next
//! one takes up from what is written.

pub(in crate::reset) mod decide;
pub(in crate::reset) mod identify;
pub(in crate::reset) mod known;
pub(in crate::reset) mod perform;
pub(in crate::reset) mod prover;
pub(in crate::reset) mod resume;
pub(in crate::reset) mod tell;

use std::time::Duration;

use crate::approval::TokenId;
use crate::clock::{self, Timestamp};
use crate::ids::ResetId;
use crate::reset::ledger::{LedgerError, RecordLease};
use crate::reset::record::news::{RecordedRefusal, RefusalText};
use crate::reset::record::{Record, Stage};
use crate::reset::refusal::Refusal;
use crate::reset::resets::Resets;
use crate::reset::state::{Reset, State};
use perform::{Performed, perform};
use prover::genuine;

/// How far a run came.
pub(in crate::reset) enum Run {
    /// To the end, and everybody has been told.
    Over(Record),
    /// There is something left, worth another run after this long.
    Later(Record, Duration),
    /// The ledger cannot be written, or somebody else has taken over: we stop at once. Whoever comes next takes up
    /// from what is written.
    Stopped(Record, LedgerError),
}

/// What was found about a request that waits.
enum Begun {
    /// It is claimed.
    Claimed(crate::reset::ResetLease),
    /// All its approvals were used by another.
    Repeats(ResetId),
}

/// How much longer than the time for the work a lease lives: for the writes that record the end, and clocks that
/// differ. What is under way in Graph ends with the time for the work.
pub(in crate::reset) const LEASE_MARGIN: Duration = Duration::from_secs(20);

/// What must be left of the time for a claim to be worth it.
const WORTH_STARTING: Duration = Duration::from_secs(6);

/// The longest pause of our own between two runs.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// The longest that somebody may ask for: a message cannot be delayed for longer, and a run that comes too early only
/// asks again.
const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

impl Resets {
    /// Takes a record as far as it goes.
    pub(in crate::reset) async fn go_on(&self, held: RecordLease, until: Timestamp) -> Run {
        let held = match &held.record().stage {
            Stage::Waiting(_) => self.begin(held, until).await,
            Stage::Claimed(reset) if reset.state() == State::Running => {
                self.take_up(held, until).await
            }
            Stage::Claimed(_) | Stage::Refused(_) | Stage::Repeats(_) => Ok(held),
        };
        match held {
            Ok(held) => self.tell(held, until).await,
            Err(run) => run,
        }
    }

    /// A request that is accepted: to its claim and through it, or to its refusal.
    async fn begin(&self, mut held: RecordLease, until: Timestamp) -> Result<RecordLease, Run> {
        let left = clock::between(self.0.clock.now(), held.record().give_up_at());
        if left < WORTH_STARTING {
            return self.give_up(held).await;
        }
        match self.claim(&mut held, until).await {
            Ok(Begun::Claimed(lease)) => self.act(lease, until).await,
            Ok(Begun::Repeats(first)) => {
                let mut record = held.record().clone();
                record.stage = Stage::Repeats(first);
                self.save(held, record).await
            }
            Err(Refusal::Ledger(LedgerError::Leased)) => {
                Err(Run::Stopped(held.record().clone(), LedgerError::Leased))
            }
            Err(refusal) => self.turn_away(held, &refusal).await,
        }
    }

    async fn claim(&self, held: &mut RecordLease, until: Timestamp) -> Result<Begun, Refusal> {
        let tenancy = &self.0;
        let request = held.record().request.clone();
        loop {
            let proof = tenancy
                .prover
                .validate_request(&request, &tenancy.doors)
                .await;
            held.name(request.parties(genuine(&proof)));
            let approvals = proof?;
            let (fresh, known) = self.split_off_known(&request, approvals).await?;
            if fresh.is_empty() {
                return known
                    .map(|first| Begun::Repeats(first.id))
                    .ok_or(Refusal::NoApproval);
            }
            let id = held.record().id;
            let allowed = self.decide(id, &request, fresh, until).await?;
            let now = tenancy.clock.now();
            if clock::between(now, until) < WORTH_STARTING {
                return Err(Refusal::OutOfTime);
            }
            let bounds = allowed.bounds(tenancy);
            let ids: Vec<TokenId> = allowed
                .claim
                .approvals
                .iter()
                .map(|a| a.id.clone())
                .collect();
            // Before the trail hears of it: what is refused was never allowed.
            let claimed = match tenancy.ledger.room(&allowed.claim, &bounds).await {
                Ok(room) => {
                    let event = allowed.event(now, held.record().parties.clone());
                    tenancy.audit.append(&event).await?;
                    let reset = Reset::new(allowed.claim, allowed.plan, allowed.hardware_unknown);
                    tenancy.ledger.claim(held, reset, &bounds, room).await
                }
                Err(error) => Err(error),
            };
            match claimed {
                Ok(lease) => return Ok(Begun::Claimed(lease)),
                // Two deliveries of one approval at once: the other was first, and what is in our way is its reset.
                Err(LedgerError::Claimed) => {}
                Err(LedgerError::Busy(_) | LedgerError::Guardrail(_))
                    if self.is_any_used(&ids).await? => {}
                Err(LedgerError::Busy(other)) => {
                    self.end_if_forgotten(other, until).await?;
                    return Err(Refusal::Busy);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether one of these approvals has been used.
    async fn is_any_used(&self, approvals: &[TokenId]) -> Result<bool, Refusal> {
        for id in approvals {
            if self.0.ledger.used_by(id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Ends another reset that has the person and that nobody has brought back for hours: a person must not stay
    /// locked because a message was lost.
    async fn end_if_forgotten(&self, other: ResetId, until: Timestamp) -> Result<(), Refusal> {
        let now = self.0.clock.now();
        let forgotten = |record: &Record| record.lease_until <= now && record.give_up_at() <= now;
        let found = self.0.ledger.find(other).await?;
        if found.record.as_ref().is_some_and(forgotten) {
            Box::pin(self.wake(found, until)).await?;
        }
        Ok(())
    }

    /// Acts on what is claimed.
    pub(in crate::reset) async fn act(
        &self,
        lease: crate::reset::ResetLease,
        until: Timestamp,
    ) -> Result<RecordLease, Run> {
        let record = lease.record().clone();
        match perform(&self.0, lease, until).await {
            Ok(Performed::Over(held)) => Ok(held),
            Ok(Performed::Yielded(lease, reset)) => {
                let mut record = lease.record().clone();
                let now = self.0.clock.now();
                let asked = reset.soonest().map(|at| clock::between(now, at));
                let after = pause(asked, record.runs);
                record.stage = Stage::Claimed(reset);
                Err(self.later(lease.into_held(), record, after).await)
            }
            Err(error) => Err(Run::Stopped(record, error)),
        }
    }

    /// What a refusal makes of a request: it waits if that may help, and ends if not.
    async fn turn_away(&self, held: RecordLease, refusal: &Refusal) -> Result<RecordLease, Run> {
        if refusal.is_transient() {
            return Err(self.postpone(held, refusal).await);
        }
        let rejection = RecordedRefusal {
            at: self.0.clock.now(),
            words: self.say(held.record(), refusal),
            why: refusal.to_string(),
            gave_up: false,
        };
        self.refuse(held, rejection).await
    }

    /// Ends a request that has waited for too long, with the reason why it had to.
    async fn give_up(&self, held: RecordLease) -> Result<RecordLease, Run> {
        let words = match &held.record().stage {
            Stage::Waiting(Some(words)) => words.clone(),
            _ => (self.0.words)(&Refusal::OutOfTime),
        };
        let rejection = RecordedRefusal {
            at: self.0.clock.now(),
            why: words.detail.clone(),
            words,
            gave_up: true,
        };
        self.refuse(held, rejection).await
    }

    /// Ends what was never claimed.
    async fn refuse(
        &self,
        held: RecordLease,
        rejection: RecordedRefusal,
    ) -> Result<RecordLease, Run> {
        let mut record = held.record().clone();
        record.duties = self.0.duties(&record);
        record.stage = Stage::Refused(rejection);
        self.save(held, record).await
    }

    /// Lets go of a record for a reason that may pass. A request that waits says why; what is claimed is not refused
    /// by it, since some of the work is done.
    pub(in crate::reset) async fn postpone(&self, held: RecordLease, refusal: &Refusal) -> Run {
        let mut record = held.record().clone();
        let words = self.say(&record, refusal);
        if let Stage::Waiting(why) = &mut record.stage {
            *why = Some(words);
        }
        let after = pause(refusal.come_back_after(), record.runs);
        self.later(held, record, after).await
    }

    /// Puts a refusal into words, and into the log.
    pub(in crate::reset) fn say(&self, record: &Record, refusal: &Refusal) -> RefusalText {
        let words = (self.0.words)(refusal);
        record.parties.log(&words.code, &refusal.to_string());
        words
    }

    /// Writes a record down and lets go of it, for another run after a while.
    pub(in crate::reset) async fn later(
        &self,
        held: RecordLease,
        mut record: Record,
        after: Duration,
    ) -> Run {
        let now = self.0.clock.now();
        record.lease_until = now;
        record.retry_at = clock::after(now, after);
        match self.save(held, record).await {
            Ok(held) => Run::Later(held.record().clone(), after),
            Err(run) => run,
        }
    }

    pub(in crate::reset) async fn save(
        &self,
        held: RecordLease,
        record: Record,
    ) -> Result<RecordLease, Run> {
        let before = held.record().clone();
        self.0
            .ledger
            .save(held, record)
            .await
            .map_err(|error| Run::Stopped(before, error))
    }
}

/// How long until the next run: as long as somebody asked for, else at once after the first, and twice as long each
/// time after that.
pub(in crate::reset) fn pause(asked: Option<Duration>, runs: u32) -> Duration {
    const FIRST: Duration = Duration::from_secs(1);
    const SECOND: Duration = Duration::from_secs(10);
    let ours = match runs {
        0 | 1 => FIRST,
        more => SECOND.saturating_mul(1 << more.saturating_sub(2).min(10)),
    };
    let ours = ours.min(LONGEST_PAUSE);
    asked.map_or(ours, |asked| asked.min(LONGEST_ASKED).max(ours))
}
