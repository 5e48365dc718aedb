//! What the core works with in one tenant, and how it asks.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::directories::Directories;
use super::ledger::Ledger;
use super::ports::{AuditTrail, DirectoryError, Queue, Security, Tickets};
use super::record::news::RefusalText;
use super::record::{Duties, Duty, Record};
use super::refusal::Refusal;
use super::rules::Rules;
use super::rules::doors::Channels;
use super::run::prover::ApprovalValidator;
use crate::clock::{self, Clock, Timestamp};
use crate::ids::TenantId;

/// What the core works with in one tenant.
pub struct TenantContext {
    /// Its id.
    pub tenant: TenantId,
    /// What policy.toml says about it.
    pub rules: Rules,
    /// On which terms requests are taken.
    pub doors: Arc<Channels>,
    /// Its directory, by credential.
    pub directories: Directories,
    /// Proves approvals.
    pub prover: Arc<ApprovalValidator>,
    /// The records.
    pub ledger: Ledger,
    /// Brings back what is not done.
    pub queue: Arc<dyn Queue>,
    /// Where decisions are written down.
    pub audit: Arc<dyn AuditTrail>,
    /// Who hears of every end.
    pub security: Arc<dyn Security>,
    /// Where tickets hear of it.
    pub tickets: Arc<dyn Tickets>,
    /// Puts refusals into words that the ledger can keep.
    pub words: fn(&Refusal) -> RefusalText,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// How often a read is tried.
const MOST_READS: u32 = 3;

impl TenantContext {
    /// Who has to be told of this record's end.
    pub(super) fn duties(&self, record: &Record) -> Duties {
        let source = record.request.source.as_ref();
        let notes = source.is_some_and(|source| self.tickets.takes_notes(source));
        Duties {
            trail: Duty::Owed,
            notice: Duty::Owed,
            note: if notes { Duty::Owed } else { Duty::None },
        }
    }

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
                .unwrap_or(Err(DirectoryError::Transient { after: None }));
            let error = match answer {
                Err(error @ (DirectoryError::Transient { .. } | DirectoryError::Indeterminate)) => {
                    error
                }
                other => return other,
            };
            let pause = match &error {
                DirectoryError::Transient { after: Some(after) } => *after,
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
