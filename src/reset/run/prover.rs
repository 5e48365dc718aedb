//! From tokens to authentic approvals: looks up issuers and keys, leaves the judgement to `approval`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::approval::{
    Audiences, Authentic, InvalidToken, IssuerPolicy, KeySource, authenticate, parse_unverified,
};
use crate::ids::Label;
use crate::reset::record::request::{MOST_APPROVALS, Request};
use crate::reset::refusal::Refusal;
use crate::reset::rules::doors::Channels;

/// Approvals that do not hold together. Whoever misuses a genuine one is to be found by it.
#[derive(Debug)]
pub struct InvalidApprovals {
    /// Why not.
    pub refusal: Refusal,
    /// Those that are genuine.
    pub proven: Vec<Authentic>,
}

impl From<Refusal> for InvalidApprovals {
    fn from(refusal: Refusal) -> InvalidApprovals {
        InvalidApprovals {
            refusal,
            proven: Vec::new(),
        }
    }
}

impl From<InvalidApprovals> for Refusal {
    fn from(unproven: InvalidApprovals) -> Refusal {
        unproven.refusal
    }
}

/// Those that are genuine, whether or not they hold together.
pub fn genuine(proof: &Result<Vec<Authentic>, InvalidApprovals>) -> &[Authentic] {
    match proof {
        Ok(approvals) => approvals,
        Err(unproven) => &unproven.proven,
    }
}

/// Proves tokens.
pub struct ApprovalValidator {
    /// `[issuers]`.
    pub issuers: BTreeMap<Label, IssuerPolicy>,
    /// `[audience]`.
    pub audiences: Audiences,
    /// Keys of issuers.
    pub keys: Arc<dyn KeySource>,
}

impl ApprovalValidator {
    /// Proves every token. One that fails fails all, and the first that does says why.
    ///
    /// # Errors
    /// [`InvalidApprovals`]: there are none or too many, one is none or by an issuer that is not allowed, or keys are not to
    /// be had.
    pub async fn validate_all(
        &self,
        tokens: &[String],
        allowed: &[Label],
    ) -> Result<Vec<Authentic>, InvalidApprovals> {
        if tokens.is_empty() {
            return Err(Refusal::NoApproval.into());
        }
        if tokens.len() > MOST_APPROVALS {
            return Err(Refusal::TooManyApprovals.into());
        }
        let mut proven = Vec::new();
        let mut refused = None;
        for token in tokens {
            match self.prove(token).await {
                Ok((issuer, approval)) => {
                    if !allowed.contains(issuer) {
                        refused.get_or_insert(Refusal::IssuerNotAllowed);
                    }
                    proven.push(approval);
                }
                // Others may be of the same issuer, whose keys are not to be had: nobody waits for that twice.
                Err(refusal @ Refusal::Keys(_)) => {
                    refused.get_or_insert(refusal);
                    break;
                }
                Err(refusal) => {
                    refused.get_or_insert(refusal);
                }
            }
        }
        match refused {
            None => Ok(proven),
            Some(refusal) => Err(InvalidApprovals { refusal, proven }),
        }
    }

    /// Proves the approvals of a request, on the terms that its door has now.
    ///
    /// # Errors
    /// [`InvalidApprovals`]: one that fails fails all, since a request that carries a forgery is no request.
    pub(in crate::reset) async fn validate_request(
        &self,
        request: &Request,
        doors: &Channels,
    ) -> Result<Vec<Authentic>, InvalidApprovals> {
        let terms = doors.terms(request.source.as_ref())?;
        let mut approvals = self.validate_all(&request.tokens, &terms.issuers).await?;
        let mut seen = BTreeSet::new();
        approvals.retain(|approval| seen.insert(approval.id()));
        match approvals
            .iter()
            .find_map(|approval| mismatch(request, approval, doors))
        {
            None => Ok(approvals),
            Some(refusal) => Err(InvalidApprovals {
                refusal,
                proven: approvals,
            }),
        }
    }

    /// An authentic approval, and the name of its issuer in the policy.
    async fn prove(&self, token: &str) -> Result<(&Label, Authentic), Refusal> {
        let peeked = parse_unverified(token)?;
        let (name, issuer) = self
            .issuers
            .iter()
            .find(|(_, issuer)| issuer.iss == peeked.iss)
            .ok_or(InvalidToken::UnknownIssuer)?;
        let keys = self.keys.keys(issuer, peeked.kid()).await?;
        let approval = authenticate(&peeked, issuer, &keys, &self.audiences)?;
        Ok((name, approval))
    }
}

/// In what an approval is not for this request.
fn mismatch(request: &Request, approval: &Authentic, doors: &Channels) -> Option<Refusal> {
    let claims = approval.claims();
    if approval.door() != request.door {
        return Some(Refusal::of_another_door(approval));
    }
    if claims.txn != request.ticket {
        return Some(Refusal::OtherTicket);
    }
    match claims.tid {
        Some(tid) if tid != request.tenant => Some(Refusal::OtherTenant),
        None if !doors.only_tenant => Some(Refusal::OtherTenant),
        _ => None,
    }
}
