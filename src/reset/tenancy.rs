//! What the core works with in one tenant, and how it asks.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::directories::Directories;
use super::ledger::Ledger;
use super::ports::{AuditTrail, DirectoryError};
use super::prover::Prover;
use super::rules::Rules;
use crate::clock::{self, Clock, Timestamp};
use crate::ids::TenantId;

/// What the core works with in one tenant.
pub(super) struct Tenancy {
    pub tenant: TenantId,
    pub rules: Rules,
    pub directories: Directories,
    pub prover: Arc<Prover>,
    pub ledger: Ledger,
    pub audit: Arc<dyn AuditTrail>,
    pub clock: Arc<dyn Clock>,
}

/// How often a read is tried.
const MOST_READS: u32 = 3;

impl Tenancy {
    /// Asks for something that changes nothing, again if the directory says later and there is time.
    pub(super) async fn ask<T, F>(
        &self,
        until: Timestamp,
        attempt: impl Fn() -> F,
    ) -> Result<T, DirectoryError>
    where
        F: Future<Output = Result<T, DirectoryError>>,
    {
        let mut tries = 1;
        loop {
            let left = clock::between(self.clock.now(), until);
            let answer = tokio::time::timeout(left, attempt())
                .await
                .unwrap_or(Err(DirectoryError::Later { after: None }));
            let error = match answer {
                Err(error @ (DirectoryError::Later { .. } | DirectoryError::Unknown)) => error,
                other => return other,
            };
            let pause = match &error {
                DirectoryError::Later { after: Some(after) } => *after,
                _ => Duration::from_millis(250_u64 << tries),
            };
            // Half of what is left: the reset itself wants time, too.
            if tries >= MOST_READS || pause > clock::between(self.clock.now(), until) / 2 {
                return Err(error);
            }
            self.clock.sleep(pause).await;
            tries = tries.saturating_add(1);
        }
    }
}
