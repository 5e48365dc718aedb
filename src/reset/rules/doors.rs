//! On which terms each door takes requests: what the policy demands of the approvals that come through it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::two_approvals::has_approver_verified;
use crate::approval::Approval;
use crate::ids::Label;
use crate::reset::refusal::Refusal;
use crate::reset::state::ClaimedApproval;

/// On which terms a door takes requests: `[on_call]` of policy.toml, and what a source says of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelPolicy {
    /// Whose approvals count: names of `[issuers]`.
    pub issuers: Vec<Label>,
    /// Whether privileged people may be asked for here.
    #[serde(default)]
    pub privileged: bool,
    /// Whether nobody may approve what they or another approver have verified.
    #[serde(default)]
    pub verifier_apart: bool,
    /// Whether approvers must have signed in with a hardware key (`hwk` in `amr`, RFC 8176, section 2).
    #[serde(default)]
    pub hardware_key: bool,
}

impl ChannelPolicy {
    /// Whether approvals are as this door wants them.
    ///
    /// # Errors
    /// [`Refusal::ApproverVerified`] or [`Refusal::NoHardwareKey`].
    pub(in crate::reset) fn hold(
        &self,
        approvals: &[Approval],
        identified: &[ClaimedApproval],
    ) -> Result<(), Refusal> {
        let has_key =
            |approval: &Approval| approval.claims().amr.iter().any(|method| method == "hwk");
        if self.hardware_key && !approvals.iter().all(has_key) {
            return Err(Refusal::NoHardwareKey);
        }
        if self.verifier_apart && has_approver_verified(identified) {
            return Err(Refusal::ApproverVerified);
        }
        Ok(())
    }
}

/// The terms of every door.
#[derive(Debug, Clone)]
pub struct Channels {
    /// Of each ticket system.
    pub sources: BTreeMap<Label, ChannelPolicy>,
    /// Of whoever is on call.
    pub on_call: ChannelPolicy,
    /// Whether there is one tenant only, so that an approval need not name it.
    pub only_tenant: bool,
}

impl Channels {
    /// The terms of this source, or of whoever is on call.
    ///
    /// # Errors
    /// [`Refusal::IssuerNotAllowed`] if the policy does not know the source, or not any more: it lets nobody speak there.
    pub(in crate::reset) fn terms(
        &self,
        source: Option<&Label>,
    ) -> Result<&ChannelPolicy, Refusal> {
        let terms = match source {
            Some(source) => self.sources.get(source),
            None => Some(&self.on_call),
        };
        terms.ok_or(Refusal::IssuerNotAllowed)
    }
}
