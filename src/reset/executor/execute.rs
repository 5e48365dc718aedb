//! The one loop that acts: write the intent down, perform the step, write down what came of it.

use std::time::Duration;

use super::context::Run;
use super::run_end::{Advanced, Stopped};
use crate::clock::{self, Timestamp};
use crate::ids::ObjectId;
use crate::reset::ledger::{ResetLease, Stage};
use crate::reset::machine::{Reset, Seen, Step, StepResult};
use crate::reset::model::{Change, Claim, Event};
use crate::reset::ports::{Directory, DirectoryError};
use crate::reset::rules::retry::pause;

impl Run<'_> {
    /// Executes a reset until it is over or the run's time is up. It takes a [`ResetLease`] and nothing else, so nothing
    /// is done that was not claimed.
    pub async fn execute(&self, mut lease: ResetLease) -> Result<Advanced, Stopped> {
        let claim = lease.reset().claim().clone();
        let end = lease.record().give_up_at();
        let mut reset = lease.reset().clone();
        let Ok(directory) = self.tenant.directories.acting(claim.privileged).cloned() else {
            return self.pause(lease, reset).await;
        };
        // The claim has written down the intent of the first step, in the trail and in the ledger.
        let mut intended = reset.intended();
        loop {
            let now = self.now();
            let is_intended = intended.is_some();
            let step = intended
                .take()
                .unwrap_or_else(|| reset.next(now, self.until, end));
            match &step {
                Step::Wait(at) => {
                    let clock = &self.deployment.clock;
                    clock.sleep(clock::between(now, *at)).await;
                    continue;
                }
                Step::Close => {
                    reset.close(now);
                    return self.finish(lease, reset).await;
                }
                Step::Yield => return self.pause(lease, reset).await,
                Step::RevokeSessions | Step::Remove(_) | Step::Deactivate(_) | Step::List => {}
            }
            if let Some(event) = intention(&step, &claim, now)
                && !is_intended
            {
                if let Err(error) = self.deployment.audit.append(&event).await {
                    tracing::error!(%error, "the audit trail cannot be written: the reset waits");
                    return self.pause(lease, reset).await;
                }
                // One write holds what came of the last step and what is about to be done. It comes last, so that a run that
                // was overtaken sends nothing.
                reset.intend(&step);
                let before = lease.record().clone();
                let written = self.deployment.ledger.step(lease, reset.clone()).await;
                lease = written.map_err(Stopped::after(before))?;
            }
            let lists = reset.may_list(self.now());
            let performed = self.perform(directory.as_ref(), claim.target, &step, lists);
            if let Some(result) = performed.await {
                reset.apply(&step, result, self.now());
            }
        }
    }

    /// Writes the end of a reset.
    pub async fn finish(&self, lease: ResetLease, reset: Reset) -> Result<Advanced, Stopped> {
        let before = lease.record().clone();
        let (id, record) = (before.id, self.as_ended(&before));
        let finish = self.deployment.ledger.finish(lease, record, reset);
        let finished = self.commit_and_wake_worker(id, finish).await;
        finished.map(Advanced::Over).map_err(Stopped::after(before))
    }

    /// Asks the directory for one step. `lists`: whether the methods may be listed beside it.
    async fn perform(
        &self,
        directory: &dyn Directory,
        target: ObjectId,
        step: &Step,
        lists: bool,
    ) -> Option<StepResult> {
        let left = self.left();
        Some(match step {
            // Writing the intent down took the time that was left.
            Step::RevokeSessions | Step::Remove(_) | Step::Deactivate(_) if left.is_zero() => {
                NOT_SENT
            }
            Step::RevokeSessions => {
                let revoke = change(left, directory.revoke_sessions(target));
                if !lists {
                    return Some(StepResult::Done(revoke.await));
                }
                let (revoked, seen) = tokio::join!(revoke, self.list(directory, target));
                StepResult::Revoked(revoked, seen)
            }
            Step::Remove(method) => {
                StepResult::Done(change(left, directory.remove(target, method)).await)
            }
            Step::Deactivate(method) => {
                StepResult::Done(change(left, directory.deactivate(target, method)).await)
            }
            Step::List => StepResult::Listed(self.list(directory, target).await),
            Step::Wait(_) | Step::Yield | Step::Close => return None,
        })
    }

    /// Asks for the person's methods.
    pub async fn list(&self, directory: &dyn Directory, target: ObjectId) -> Seen {
        let asked_at = self.now();
        let answer = tokio::time::timeout(self.left(), directory.methods(target)).await;
        Seen {
            asked_at,
            answered_at: self.now(),
            answer: answer.unwrap_or(Err(DirectoryError::Transient { after: None })),
        }
    }

    /// Releases a reset that a later run may bring further.
    async fn pause(&self, lease: ResetLease, reset: Reset) -> Result<Advanced, Stopped> {
        let mut record = lease.record().clone();
        let now = self.now();
        let asked = reset.soonest().map(|at| clock::between(now, at));
        let after = pause(asked, record.runs);
        record.stage = Stage::Claimed(reset);
        self.release(lease.into_record_lease(), record, after)
            .await
            .map(Advanced::Released)
    }
}

/// What a step is about to change, for the audit trail; `None` if it changes nothing.
pub fn intention(step: &Step, claim: &Claim, at: Timestamp) -> Option<Event> {
    let change = match step {
        Step::RevokeSessions => Change::RevokeSessions,
        Step::Remove(method) => Change::Remove {
            method: method.clone(),
        },
        Step::Deactivate(method) => Change::Deactivate {
            method: method.clone(),
        },
        Step::List | Step::Wait(_) | Step::Yield | Step::Close => return None,
    };
    Some(Event::Intended {
        at,
        reset: claim.id,
        ticket: claim.ticket.clone(),
        target_id: claim.target,
        change,
    })
}

/// Of a change that was not sent.
const NOT_SENT: StepResult = StepResult::Done(Err(DirectoryError::Transient { after: None }));

/// A change that is still under way when the time is up may have happened.
async fn change(
    left: Duration,
    call: impl Future<Output = Result<(), DirectoryError>>,
) -> Result<(), DirectoryError> {
    tokio::time::timeout(left, call)
        .await
        .unwrap_or(Err(DirectoryError::Indeterminate))
}
