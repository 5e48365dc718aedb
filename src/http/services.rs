//! What handlers work with.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problem::Problem;
use super::told::{Misuse, Told};
use crate::clock::Clock;
use crate::delivery::Source;
use crate::ids::{Label, TenantId};
use crate::report::{ApprovalLine, explain};
use crate::reset::ports::{AuditTrail, Security};
use crate::reset::{ApprovalValidator, ChannelPolicy, Event, Parties, Refusal, Resets};
use crate::secrets::SecretSource;

/// A tenant that this deployment serves.
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Resets in it.
    pub resets: Resets,
}

/// Everything that a handler needs.
pub struct Services {
    /// `[sources]`.
    pub sources: BTreeMap<Label, Source>,
    /// `[on_call]`.
    pub on_call: ChannelPolicy,
    /// Proves approvals.
    pub prover: Arc<ApprovalValidator>,
    /// The tenants.
    pub tenants: BTreeMap<Label, Tenant>,
    /// Webhook secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// Where decisions are written down.
    pub audit: Arc<dyn AuditTrail>,
    /// Who hears of refusals after a good signature.
    pub security: Arc<dyn Security>,
    /// What they have heard of lately.
    pub told: Told,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where people register.
    pub register_at: String,
}

impl Services {
    /// Writes a refusal of what was not accepted down, and puts it into words, beside what was read in the approvals
    /// that are proven: whoever is on call sees what they have in their hand. That it cannot be written down does not
    /// make it a yes.
    pub(super) async fn refuse(&self, refusal: &Refusal, parties: Parties) -> Problem {
        let explained = explain(refusal);
        let code = explained.code.as_str();
        let why = refusal.to_string();
        parties.log(code, &why);
        let now = self.clock.now();
        let misuse = Misuse::of(explained.code, &parties);
        let is_told = misuse.as_ref().is_some_and(|it| self.told.knows(it, now));
        let is_news = refusal.concerns_security(parties.good_until(), now) && !is_told;
        let read = if refusal.shows_approvals() {
            parties.approvals.iter().map(ApprovalLine::from).collect()
        } else {
            Vec::new()
        };
        let event = Event::Refused {
            at: now,
            reset: None,
            code: code.to_owned(),
            gave_up: false,
            why,
            parties,
        };
        if let Err(error) = self.audit.append(&event).await {
            tracing::error!(%error, code, "a refusal is not in the audit trail");
        }
        if is_news {
            match (self.security.tell(&event).await, misuse) {
                (Ok(()), Some(misuse)) => self.told.note(misuse, now),
                (Ok(()), None) => {}
                (Err(error), _) => {
                    tracing::info!(event = "notice", state = "failed", code);
                    tracing::error!(%error, code, "the security team is not told of a refusal");
                }
            }
        }
        Problem::from(explained).beside(read)
    }

    /// The tenant of this name, or the only one.
    pub(super) fn tenant(&self, name: Option<&Label>) -> Option<&Tenant> {
        match name {
            Some(name) => self.tenants.get(name),
            None => self.only_tenant(),
        }
    }

    /// The tenant, if there is just one.
    pub(super) fn only_tenant(&self) -> Option<&Tenant> {
        let mut tenants = self.tenants.values();
        match (tenants.next(), tenants.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}
