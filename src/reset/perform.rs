//! The one loop that acts: write down the intent, perform, write down what came of it.

use std::time::Duration;

use super::ledger::Lease;
use super::ports::DirectoryError;
use super::refusal::Refusal;
use super::state::{Found, State, Step};
use super::tenancy::Tenancy;
use crate::clock::{self, Timestamp};

/// Performs a reset until it is over or `until` has come. Takes a [`Lease`] and nothing else, so nothing is
/// done that was not claimed.
///
/// # Errors
/// [`Refusal::Interrupted`] if the ledger cannot be written: we stop at once, and whoever comes next takes
/// up from what is written.
pub(super) async fn perform(
    tenancy: &Tenancy,
    mut lease: Lease,
    until: Timestamp,
) -> Result<Lease, Refusal> {
    let target = lease.reset().claim().target;
    let interrupted = |error| {
        tracing::error!(%error, "the ledger cannot be written, stopping");
        Refusal::Interrupted {
            at: tenancy.clock.now(),
        }
    };
    let directory = tenancy
        .directories
        .acting(lease.reset().claim().privileged)?;
    let mut reset = lease.reset().clone();
    while reset.state() == State::Running {
        let step = reset.next(tenancy.clock.now(), until);
        match &step {
            Step::Wait(at) => {
                tenancy
                    .clock
                    .sleep(clock::between(tenancy.clock.now(), *at))
                    .await;
                continue;
            }
            Step::Close => {
                reset.close(tenancy.clock.now());
                lease = tenancy
                    .ledger
                    .finish(lease, reset.clone())
                    .await
                    .map_err(interrupted)?;
                continue;
            }
            Step::RevokeSessions | Step::Remove(_) | Step::Deactivate(_) | Step::List => {}
        }
        // One write holds what came of the last step and what is about to be done.
        reset.intend(&step);
        lease = tenancy
            .ledger
            .save(lease, reset.clone())
            .await
            .map_err(interrupted)?;
        let left = clock::between(tenancy.clock.now(), until);
        let found = match &step {
            // Writing the intent down took what was left: nothing is sent.
            Step::RevokeSessions | Step::Remove(_) | Step::Deactivate(_) if left.is_zero() => {
                Found::Done(Err(DirectoryError::Later { after: None }))
            }
            Step::RevokeSessions => {
                Found::Done(change(left, directory.revoke_sessions(target)).await)
            }
            Step::Remove(method) => {
                Found::Done(change(left, directory.remove(target, method)).await)
            }
            Step::Deactivate(method) => {
                Found::Done(change(left, directory.deactivate(target, method)).await)
            }
            Step::List => Found::Listed(
                tokio::time::timeout(left, directory.methods(target))
                    .await
                    .unwrap_or(Err(DirectoryError::Later { after: None })),
            ),
            Step::Wait(_) | Step::Close => continue,
        };
        reset.apply(&step, found, tenancy.clock.now());
    }
    Ok(lease)
}

/// A change that is still under way when the time is up may have happened.
async fn change(
    left: Duration,
    asked: impl Future<Output = Result<(), DirectoryError>>,
) -> Result<(), DirectoryError> {
    tokio::time::timeout(left, asked)
        .await
        .unwrap_or(Err(DirectoryError::Unknown))
}
