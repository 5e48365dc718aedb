//! Which credential acts on whom.

use std::sync::Arc;

use super::model::Privilege;
use super::ports::Directory;
use super::refusal::Refusal;
use super::rules::privilege::Tier;

/// The credentials of one tenant, each a view of its directory.
pub struct Directories {
    /// Reads for every decision, and acts on standard targets.
    pub standard: Arc<dyn Directory>,
    /// Acts on privileged targets. Without it, none is reset here.
    pub privileged: Option<Privileged>,
}

/// The credential for privileged targets.
pub struct Privileged {
    /// The directory, seen through it.
    pub directory: Arc<dyn Directory>,
    /// Whether its app has a role at the restricted management administrative units: only then can it act on
    /// people in them.
    pub restricted_units: bool,
}

impl Directories {
    /// Which credential acts on a target of this tier.
    ///
    /// # Errors
    /// [`Refusal::NoPrivilegedCredential`] or [`Refusal::RestrictedUnit`] if no credential does.
    pub(super) fn for_tier(&self, tier: &Tier) -> Result<&Arc<dyn Directory>, Refusal> {
        let Tier::Privileged(privilege) = tier else {
            return Ok(&self.standard);
        };
        let restricted = *privilege == Privilege::RestrictedUnit;
        match &self.privileged {
            Some(privileged) if privileged.restricted_units || !restricted => {
                Ok(&privileged.directory)
            }
            _ if restricted => Err(Refusal::RestrictedUnit),
            _ => Err(Refusal::NoPrivilegedCredential(privilege.clone())),
        }
    }

    /// Which credential acts on a reset that was claimed for a privileged target, or for a standard one.
    ///
    /// # Errors
    /// [`Refusal::Misconfigured`] if that credential is gone since.
    pub(super) fn acting(&self, privileged: bool) -> Result<&Arc<dyn Directory>, Refusal> {
        match &self.privileged {
            _ if !privileged => Ok(&self.standard),
            Some(privileged) => Ok(&privileged.directory),
            None => Err(Refusal::Misconfigured {
                what: "policy.toml no longer has the credential that this reset began with",
            }),
        }
    }
}
