//! The one loop that acts: write down the intent, perform, write down what came of it.

use std::time::Duration;

use crate::clock::{self, Timestamp};
use crate::ids::ObjectId;
use crate::reset::ledger::{LedgerError, RecordLease, ResetLease};
use crate::reset::ports::{Directory, DirectoryError};
use crate::reset::record::event::{Change, Event};
use crate::reset::state::{Found, Reset, Step};
use crate::reset::tenancy::TenantContext;

/// How far it came.
pub(in crate::reset) enum Performed {
    /// To the end.
    Over(RecordLease),
    /// A later run may do more. What came of the last step is in the reset, and not written down yet.
    Yielded(ResetLease, Reset),
}

/// Performs a reset until it is over or `until` has come. Takes a [`ResetLease`] and nothing else, so nothing is
/// done that was not claimed.
///
/// # Errors
/// If the ledger cannot be written: we stop at once, and whoever comes next takes up from what is written.
pub(in crate::reset) async fn perform(
    tenancy: &TenantContext,
    mut lease: ResetLease,
    until: Timestamp,
) -> Result<Performed, LedgerError> {
    let target = lease.reset().claim().target;
    let end = lease.record().give_up_at();
    let Ok(directory) = tenancy
        .directories
        .acting(lease.reset().claim().privileged)
        .cloned()
    else {
        let reset = lease.reset().clone();
        return Ok(Performed::Yielded(lease, reset));
    };
    let mut reset = lease.reset().clone();
    loop {
        let now = tenancy.clock.now();
        let step = reset.next(now, until, end);
        match &step {
            Step::Wait(at) => {
                tenancy.clock.sleep(clock::between(now, *at)).await;
                continue;
            }
            Step::Close => {
                reset.close(now);
                let duties = tenancy.duties(lease.record());
                let held = tenancy.ledger.finish(lease, reset, duties).await?;
                return Ok(Performed::Over(held));
            }
            Step::Yield => return Ok(Performed::Yielded(lease, reset)),
            Step::RevokeSessions | Step::Remove(_) | Step::Deactivate(_) | Step::List => {}
        }
        if let Some(intended) = intention(&step, &lease, now)
            && let Err(error) = tenancy.audit.append(&intended).await
        {
            tracing::error!(%error, "an intent cannot be written down, so it waits");
            return Ok(Performed::Yielded(lease, reset));
        }
        // One write holds what came of the last step and what is about to be done.
        reset.intend(&step);
        lease = tenancy.ledger.step(lease, reset.clone()).await?;
        let left = clock::between(tenancy.clock.now(), until);
        if let Some(found) = ask(directory.as_ref(), target, &step, left).await {
            reset.apply(&step, found, tenancy.clock.now());
        }
    }
}

/// What a step is about to change, for the audit trail; nothing if it changes nothing.
fn intention(step: &Step, lease: &ResetLease, at: Timestamp) -> Option<Event> {
    let claim = lease.reset().claim();
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

/// Asks the directory for one step.
async fn ask(
    directory: &dyn Directory,
    target: ObjectId,
    step: &Step,
    left: Duration,
) -> Option<Found> {
    Some(match step {
        // Writing the intent down took what was left: nothing is sent.
        Step::RevokeSessions | Step::Remove(_) | Step::Deactivate(_) if left.is_zero() => {
            Found::Done(Err(DirectoryError::Transient { after: None }))
        }
        Step::RevokeSessions => Found::Done(change(left, directory.revoke_sessions(target)).await),
        Step::Remove(method) => Found::Done(change(left, directory.remove(target, method)).await),
        Step::Deactivate(method) => {
            Found::Done(change(left, directory.deactivate(target, method)).await)
        }
        Step::List => Found::Listed(
            tokio::time::timeout(left, directory.methods(target))
                .await
                .unwrap_or(Err(DirectoryError::Transient { after: None })),
        ),
        Step::Wait(_) | Step::Yield | Step::Close => return None,
    })
}

/// A change that is still under way when the time is up may have happened.
async fn change(
    left: Duration,
    asked: impl Future<Output = Result<(), DirectoryError>>,
) -> Result<(), DirectoryError> {
    tokio::time::timeout(left, asked)
        .await
        .unwrap_or(Err(DirectoryError::Indeterminate))
}
