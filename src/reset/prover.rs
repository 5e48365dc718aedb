//! From tokens to authentic approvals: looks up issuers and keys, leaves the judgement to `approval`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::refusal::Refusal;
use super::request::MOST_APPROVALS;
use crate::approval::{Audiences, Authentic, Invalid, IssuerPolicy, KeySource, authenticate, peek};
use crate::ids::Label;

/// Proves tokens.
pub struct Prover {
    /// `[issuers]`.
    pub issuers: BTreeMap<Label, IssuerPolicy>,
    /// `[audience]`.
    pub audiences: Audiences,
    /// Keys of issuers.
    pub keys: Arc<dyn KeySource>,
}

impl Prover {
    /// Proves every token. The first that fails fails all.
    ///
    /// # Errors
    /// A [`Refusal`]: that there are none or too many, that one is none or by an issuer that is not allowed, or
    /// that keys are not to be had.
    pub async fn prove_all(
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
            let (issuer, approval) = self.prove(token).await?;
            if !allowed.contains(issuer) {
                return Err(Refusal::IssuerNotAllowed);
            }
            approvals.push(approval);
        }
        Ok(approvals)
    }

    /// An authentic approval, and the name of its issuer in the policy.
    async fn prove(&self, token: &str) -> Result<(&Label, Authentic), Refusal> {
        let peeked = peek(token)?;
        let (name, issuer) = self
            .issuers
            .iter()
            .find(|(_, issuer)| issuer.iss == peeked.iss)
            .ok_or(Invalid::UnknownIssuer)?;
        let keys = self.keys.keys(issuer, peeked.kid()).await?;
        let approval = authenticate(&peeked, issuer, &keys, &self.audiences)?;
        Ok((name, approval))
    }
}
