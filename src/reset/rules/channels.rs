//! Under which policy each channel takes requests: what it demands of the approvals that come through it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::two_approvals::has_approver_verified;
use crate::approval::{Approval, Channel};
use crate::ids::{Label, TenantId};
use crate::reset::model::{ClaimedApproval, Request};
use crate::reset::refusal::Refusal;

/// Under which policy a channel takes requests: `[on_call]` of policy.toml, and what a source says of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelPolicy {
    /// Whose approvals count: names of `[issuers]`.
    pub issuers: Vec<Label>,
    /// Whether privileged people may be reset through it.
    #[serde(default)]
    pub privileged: bool,
    /// Whether an approver may not approve what they or another approver have verified.
    #[serde(default)]
    pub verifier_apart: bool,
    /// Whether approvers must have signed in with a hardware key (`hwk` in `amr`, RFC 8176, section 2).
    #[serde(default)]
    pub hardware_key: bool,
}

impl ChannelPolicy {
    /// Whether the approvals are as this channel wants them.
    ///
    /// # Errors
    /// [`Refusal::ApproverVerified`] or [`Refusal::HardwareKeyMissing`].
    pub fn accept(
        &self,
        approvals: &[Approval],
        identified: &[ClaimedApproval],
    ) -> Result<(), Refusal> {
        let has_key =
            |approval: &Approval| approval.claims().amr.iter().any(|method| method == "hwk");
        if self.hardware_key && !approvals.iter().all(has_key) {
            return Err(Refusal::HardwareKeyMissing);
        }
        if self.verifier_apart && has_approver_verified(identified) {
            return Err(Refusal::ApproverVerified);
        }
        Ok(())
    }
}

/// A source of `[sources]`, resolved.
#[derive(Debug, Clone)]
pub struct SourceChannel {
    /// The tenant of its people.
    pub tenant: TenantId,
    pub policy: ChannelPolicy,
}

/// Every channel of the deployment.
#[derive(Debug, Clone)]
pub struct Channels {
    pub sources: BTreeMap<Label, SourceChannel>,
    pub on_call: ChannelPolicy,
    /// The desk; `None` without a section `[desk]`.
    pub desk: Option<ChannelPolicy>,
    /// The tenants that the deployment serves.
    pub tenants: BTreeSet<TenantId>,
}

impl Channels {
    /// The policy of the channel of a request. A ticket system's is that of its source.
    ///
    /// # Errors
    /// [`Refusal::IssuerNotAllowed`] if the policy does not have the source or the desk any more: no issuer is allowed
    /// there.
    pub fn policy(&self, request: &Request) -> Result<&ChannelPolicy, Refusal> {
        match (request.channel, &request.source) {
            (Channel::Desk, _) => self.desk.as_ref(),
            (_, Some(source)) => self.sources.get(source).map(|channel| &channel.policy),
            (_, None) => Some(&self.on_call),
        }
        .ok_or(Refusal::IssuerNotAllowed)
    }

    /// The tenant that an approval's `tid` names, or the only one.
    ///
    /// # Errors
    /// [`Refusal::OtherTenant`] if the deployment does not serve it, or serves several and the approval names none.
    pub fn tenant(&self, tid: Option<TenantId>) -> Result<TenantId, Refusal> {
        let mut tenants = self.tenants.iter().copied();
        match (tid, tenants.next(), tenants.next()) {
            (Some(tid), ..) => self.tenants.get(&tid).copied(),
            (None, Some(only), None) => Some(only),
            (None, ..) => None,
        }
        .ok_or(Refusal::OtherTenant)
    }
}
