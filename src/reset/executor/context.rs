//! What the core works with: the deployment, a tenant of it, and one run over one record.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::validate::ApprovalValidator;
use crate::backoff::Backoff;
use crate::clock::{self, Clock, Timestamp};
use crate::ids::{Digest, ResetId, TenantId};
use crate::reset::directories::Directories;
use crate::reset::ledger::{Ledger, Record};
use crate::reset::model::RefusalText;
use crate::reset::ports::{AuditTrail, DirectoryError, EvidenceStore, Queue, Security, Tickets};
use crate::reset::refusal::Refusal;
use crate::reset::rules::Rules;
use crate::reset::rules::channels::Channels;
use crate::reset::rules::retry::LEASE_MARGIN;

/// What the core works with in the whole deployment.
pub struct Deployment {
    pub tenants: BTreeMap<TenantId, TenantContext>,
    pub channels: Channels,
    pub validator: ApprovalValidator,
    pub ledger: Ledger,
    pub queue: Arc<dyn Queue>,
    pub audit: Arc<dyn AuditTrail>,
    pub security: Arc<dyn Security>,
    pub tickets: Arc<dyn Tickets>,
    /// `None` without a bucket for it.
    pub evidence: Option<EvidenceBucket>,
    /// The text of a refusal, for the ledger to keep.
    pub refusal_text: fn(&Refusal) -> RefusalText,
    pub clock: Arc<dyn Clock>,
}

/// What an auditor gets.
pub struct EvidenceBucket {
    pub store: Arc<dyn EvidenceStore>,
    /// SHA-256 of policy.toml.
    pub policy_sha256: Digest,
}

/// What the core works with in one tenant.
pub struct TenantContext {
    /// `[tenants.NAME.rules]`.
    pub rules: Rules,
    /// The tenant's directory, by credential.
    pub directories: Directories,
}

/// One run: what works on one record, in the tenant of that record, until its time is up.
pub struct Run<'a> {
    pub deployment: &'a Deployment,
    pub tenant_id: TenantId,
    pub tenant: &'a TenantContext,
    pub until: Timestamp,
    pub caller: Caller,
}

/// Whether a caller waits for the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A caller waits for the answer, so the worker sends the notifications.
    Waits,
    /// The worker runs, and sends the notifications itself.
    None,
}

/// How often a read is tried.
const MOST_READS: u32 = 3;

const BETWEEN_READS: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(1),
};

impl Deployment {
    /// The record that has used an approval.
    ///
    /// # Errors
    /// [`Refusal::ApprovalUsed`] if the record has expired, since DynamoDB forgets items one by one, after weeks: that the
    /// approval was used is still known.
    pub(in crate::reset) async fn record_that_used_it(
        &self,
        reset: ResetId,
    ) -> Result<Record, Refusal> {
        let record = self.ledger.read(reset).await?;
        record.ok_or(Refusal::ApprovalUsed)
    }

    /// A run in this tenant.
    ///
    /// # Errors
    /// [`Refusal::OtherTenant`] if the policy does not have the tenant, or not any more.
    pub(in crate::reset) fn run_in(
        &self,
        tenant: TenantId,
        until: Timestamp,
        caller: Caller,
    ) -> Result<Run<'_>, Refusal> {
        Ok(Run {
            deployment: self,
            tenant_id: tenant,
            tenant: self.tenants.get(&tenant).ok_or(Refusal::OtherTenant)?,
            until,
            caller,
        })
    }
}

impl Run<'_> {
    pub fn now(&self) -> Timestamp {
        self.deployment.clock.now()
    }

    /// What is left of the time.
    pub fn left(&self) -> Duration {
        clock::between(self.now(), self.until)
    }

    /// Until when other runs leave the record to this one.
    pub fn lease_until(&self) -> Timestamp {
        clock::after(self.until, LEASE_MARGIN)
    }

    /// Reads from the directory, again if it asks to come back later and there is time.
    pub async fn read<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, DirectoryError>
    where
        F: Future<Output = Result<T, DirectoryError>>,
    {
        let mut tries = 0;
        loop {
            let answer = tokio::time::timeout(self.left(), attempt())
                .await
                .unwrap_or(Err(DirectoryError::Transient { after: None }));
            let (error, asked) = match answer {
                Err(error @ DirectoryError::Transient { after }) => (error, after),
                Err(error @ DirectoryError::Indeterminate) => (error, None),
                other => return other,
            };
            let pause = asked.unwrap_or_else(|| BETWEEN_READS.pause(tries));
            tries = tries.saturating_add(1);
            // Half of what is left: the reset itself needs time, too.
            if tries >= MOST_READS || pause > self.left() / 2 {
                return Err(error);
            }
            self.deployment.clock.sleep(pause).await;
        }
    }
}
