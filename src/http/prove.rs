//! The approvals of a request: proven, and by issuers that may speak at this door.

use super::Services;
use crate::approval::Authentic;
use crate::ids::Label;
use crate::reset::{MOST_APPROVALS, Refusal};

impl Services {
    /// Proves every token. The first that fails fails all: a delivery that carries a forgery is no delivery.
    pub(super) async fn prove(
        &self,
        tokens: &[String],
        allowed: &[Label],
    ) -> Result<Vec<Authentic>, Refusal> {
        if tokens.is_empty() {
            return Err(Refusal::NoApproval);
        }
        if tokens.len() > MOST_APPROVALS {
            return Err(Refusal::TooManyApprovals);
        }
        let mut approvals = Vec::new();
        for token in tokens {
            let (issuer, approval) = self.prover.prove(token).await?;
            if !allowed.contains(issuer) {
                return Err(Refusal::IssuerNotAllowed);
            }
            approvals.push(approval);
        }
        Ok(approvals)
    }
}
