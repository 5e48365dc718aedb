//! From tokens to authentic approvals: looks up issuers and keys, leaves the judgement to `approval`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::refusal::Refusal;
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
    /// An authentic approval, and the name of its issuer in the policy.
    ///
    /// # Errors
    /// A [`Refusal`]: that the token is none, or that keys are not to be had.
    pub async fn prove(&self, token: &str) -> Result<(&Label, Authentic), Refusal> {
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
