//! From tokens to authentic approvals: fetches keys, leaves the judgement to `approval`.

use super::Services;
use crate::approval::{Authentic, Invalid, authenticate, peek};
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
            approvals.push(self.prove_one(token, allowed).await?);
        }
        Ok(approvals)
    }

    async fn prove_one(&self, token: &str, allowed: &[Label]) -> Result<Authentic, Refusal> {
        let peeked = peek(token)?;
        let (name, issuer) = self
            .issuers
            .iter()
            .find(|(_, issuer)| issuer.iss == peeked.iss)
            .ok_or(Invalid::UnknownIssuer)?;
        let keys = self.keys.keys(issuer, peeked.kid()).await?;
        let approval = authenticate(&peeked, issuer, &keys, &self.audiences)?;
        if !allowed.contains(name) {
            return Err(Refusal::IssuerNotAllowed);
        }
        Ok(approval)
    }
}
