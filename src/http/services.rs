//! What handlers work with, and how they refuse.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pages::Pages;
use super::problem::Problem;
use crate::clock::Clock;
use crate::desk::Desk;
use crate::ids::{Label, TenantId};
use crate::report::{ApprovalLine, Presentation};
use crate::reset::{ApprovalSummary, Parties, Refusal, Resets};
use crate::secrets::SecretSource;
use crate::webhook::Source;

/// Everything that a handler needs.
pub struct Services {
    pub resets: Resets,
    /// `[sources]`, each with the tenant of its people.
    pub sources: BTreeMap<Label, (Source, TenantId)>,
    /// Where webhook secrets are.
    pub secrets: Arc<dyn SecretSource>,
    pub clock: Arc<dyn Clock>,
    pub presentation: Presentation,
    pub pages: Pages,
    /// `None` without a section `[desk]`.
    pub desk: Option<Desk>,
}

impl Services {
    /// Refuses what was not accepted. The answer shows what was read in the approvals that are authentic, so that an
    /// operator on call sees what they hold.
    pub(super) async fn refuse(&self, refusal: &Refusal, parties: &Parties) -> Problem {
        self.refuse_showing(refusal, parties, &parties.approvals)
            .await
    }

    /// The same, where the caller may read no more than these of the approvals.
    pub(super) async fn refuse_showing(
        &self,
        refusal: &Refusal,
        parties: &Parties,
        readable: &[ApprovalSummary],
    ) -> Problem {
        self.resets.refuse(refusal, parties).await;
        let read = if refusal.code().row().shows_approvals {
            readable.iter().map(ApprovalLine::from).collect()
        } else {
            Vec::new()
        };
        Problem::refused(refusal, parties.approvals.len()).beside(read)
    }
}
