//! What handlers work with.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::OnCall;
use super::problem::Problem;
use crate::clock::Clock;
use crate::delivery::Source;
use crate::ids::{Label, TenantId};
use crate::report::explain;
use crate::reset::ports::AuditTrail;
use crate::reset::{Event, Parties, Prover, Refusal, Resets, Terms};
use crate::secrets::SecretSource;

/// A tenant that this deployment serves.
pub struct Served {
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
    pub on_call: OnCall,
    /// Proves approvals.
    pub prover: Arc<Prover>,
    /// The tenants.
    pub tenants: BTreeMap<Label, Served>,
    /// Webhook secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// Where decisions are written down.
    pub audit: Arc<dyn AuditTrail>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where people register.
    pub register_at: String,
}

impl Services {
    /// Writes a refusal down and puts it into words. That it cannot be written down does not make it a yes.
    pub(super) async fn refuse(&self, refusal: &Refusal, parties: Parties) -> Problem {
        let code = explain(refusal).code;
        self.log(code, &parties, &refusal.to_string());
        let event = Event::Refused {
            at: self.clock.now(),
            code,
            why: refusal.to_string(),
            parties,
        };
        if let Err(error) = self.audit.append(&event).await {
            tracing::error!(%error, code, "a refusal is not in the audit trail");
        }
        refusal.into()
    }

    /// One line a decision.
    pub(super) fn log(&self, code: &str, parties: &Parties, why: &str) {
        let first = parties.approvals.first();
        tracing::info!(
            event = "decision",
            code,
            why,
            ticket = parties.ticket.as_ref().map(tracing::field::display),
            source = parties.source.as_ref().map(tracing::field::display),
            delivery = parties.delivery.as_deref(),
            kid = first.map(|mark| tracing::field::display(&mark.kid)),
            jti = first.map(|mark| tracing::field::display(&mark.id.jti)),
        );
    }

    /// On which terms a door takes requests for this tenant.
    pub(super) fn terms(&self, served: &Served, privileged: bool) -> Terms {
        Terms {
            tenant: served.id,
            only_tenant: self.only_tenant().is_some(),
            privileged,
        }
    }

    /// The tenant of this name, or the only one.
    pub(super) fn tenant(&self, name: Option<&Label>) -> Option<&Served> {
        match name {
            Some(name) => self.tenants.get(name),
            None => self.only_tenant(),
        }
    }

    /// The tenant, if there is just one.
    pub(super) fn only_tenant(&self) -> Option<&Served> {
        let mut tenants = self.tenants.values();
        match (tenants.next(), tenants.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}
