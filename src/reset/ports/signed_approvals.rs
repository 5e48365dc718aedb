//! What was signed at the desk.

use async_trait::async_trait;

use crate::approval::sign_in::SignedApproval;
use crate::ids::Reference;
use crate::reset::model::LedgerError;

/// Finds what a reference stands for. An attacker who can write to the table can put anything there: what is found proves only
/// what its signatures prove.
#[async_trait]
pub trait SignedApprovals: Send + Sync {
    /// The signed approval; `None` if there is none.
    async fn find(&self, reference: &Reference) -> Result<Option<SignedApproval>, LedgerError>;
}
