//! From tokens to authentic approvals: looks up issuers and keys, and leaves the verification to `approval`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::approval::sign_in::{self, DeskRole, SignInError, SignInPolicy};
use crate::approval::{
    ApprovalError, Audiences, Authentic, Channel, Damage, InvalidToken, IssuerPolicy, KeySet,
    TokenId, authenticate, parse_unverified,
};
use crate::ids::{Issuer, Kid, Label, ObjectId, Reference};
use crate::reset::model::{ApprovalSummary, MOST_APPROVALS, Request};
use crate::reset::ports::{KeySource, KeysUnavailable, SignedApprovals};
use crate::reset::refusal::Refusal;
use crate::reset::rules::channels::Channels;

/// Validates approvals.
pub struct ApprovalValidator {
    /// `[issuers]`.
    pub issuers: BTreeMap<Label, IssuerPolicy>,
    /// `[audience]`.
    pub audiences: Audiences,
    /// The public keys of issuers.
    pub keys: Arc<dyn KeySource>,
    /// `[desk]`.
    pub desk: Option<DeskSignatures>,
}

/// Approvals that are signed by signing in to Entra.
pub struct DeskSignatures {
    /// What the lists of issuers call it.
    pub name: Label,
    pub policy: SignInPolicy,
    /// Entra's keys.
    pub issuer: IssuerPolicy,
    /// The group whose members verify.
    pub verifiers: ObjectId,
    /// The group whose members approve.
    pub approvers: ObjectId,
    /// The group whose members may vouch for their own people; `None` if managers do not.
    pub managers: Option<ObjectId>,
    /// What was signed.
    pub signed: Arc<dyn SignedApprovals>,
}

impl DeskSignatures {
    /// The groups of all roles.
    pub fn groups(&self) -> Vec<ObjectId> {
        DeskRole::ALL
            .into_iter()
            .filter_map(|role| self.group_of(role))
            .collect()
    }

    /// The group whose members have a role; `None` if the policy has none.
    pub fn group_of(&self, role: DeskRole) -> Option<ObjectId> {
        match role {
            DeskRole::Verifier => Some(self.verifiers),
            DeskRole::Approver => Some(self.approvers),
            DeskRole::Manager => self.managers,
        }
    }
}

/// Where the keys of issuers come from.
#[derive(Debug, Clone, Copy)]
enum Keys {
    /// Those that are not known are fetched.
    Fetched,
    /// Nothing is fetched: the request is not accepted yet.
    Known,
}

/// Approvals as they were presented together.
#[derive(Debug)]
pub struct Presented {
    authentic: Vec<Authentic>,
    readable_on_call: Vec<ApprovalSummary>,
    /// Why they do not stand together, if they do not.
    refusal: Option<Refusal>,
    lacks_keys: bool,
}

impl Presented {
    fn refused(refusal: Refusal) -> Presented {
        Presented {
            authentic: Vec::new(),
            readable_on_call: Vec::new(),
            refusal: Some(refusal),
            lacks_keys: false,
        }
    }

    /// What an on-call caller is shown of the approvals: those for on call by issuers that count there, and none of them
    /// if the caller's own is not authentic. A caller who has read another person's approval in a ticket must not get it
    /// read out here.
    pub fn readable_on_call(&self) -> &[ApprovalSummary] {
        &self.readable_on_call
    }

    /// Those that are authentic, for naming alone: also where the others refuse them, a misused one is named.
    pub fn authentic(&self) -> &[Authentic] {
        &self.authentic
    }

    /// Their ids, if they stand together.
    pub fn ids(&self) -> Vec<TokenId> {
        match self.refusal {
            None => self.authentic.iter().map(Authentic::id).collect(),
            Some(_) => Vec::new(),
        }
    }

    /// Whether the keys of an issuer are not there, so that nothing is decided.
    pub fn lacks_keys(&self) -> bool {
        self.lacks_keys
    }

    /// Refuses all of them if one has failed.
    ///
    /// # Errors
    /// The [`Refusal`]: one approval that fails refuses all.
    pub fn reject_if_any_failed(&self) -> Result<(), Refusal> {
        match &self.refusal {
            None => Ok(()),
            Some(refusal) => Err(refusal.clone()),
        }
    }

    /// All of them, if they stand together.
    ///
    /// # Errors
    /// The [`Refusal`]: one approval that fails refuses all.
    pub fn accepted(self) -> Result<Vec<Authentic>, Refusal> {
        self.reject_if_any_failed()?;
        Ok(self.authentic)
    }
}

impl ApprovalValidator {
    /// The most resets in an hour on approvals of this issuer; none of one that is not in the policy.
    pub fn per_hour(&self, iss: &Issuer) -> u16 {
        let desk = self.desk.iter().map(|desk| &desk.issuer);
        let mut issuers = self.issuers.values().chain(desk);
        let found = issuers.find(|issuer| issuer.iss == *iss);
        found.map_or(0, |issuer| issuer.per_hour)
    }

    /// Authenticates every token. They do not stand together if there are none or too many, one is invalid or by an
    /// issuer that is not allowed, or keys cannot be fetched; the first reason counts.
    pub async fn authenticate_all(&self, tokens: &[String], allowed: &[Label]) -> Presented {
        self.authenticate_with(tokens, allowed, Keys::Fetched).await
    }

    async fn authenticate_with(
        &self,
        tokens: &[String],
        allowed: &[Label],
        keys: Keys,
    ) -> Presented {
        if tokens.is_empty() {
            return Presented::refused(Refusal::ApprovalMissing);
        }
        if tokens.len() > MOST_APPROVALS {
            return Presented::refused(Refusal::TooManyApprovals);
        }
        let mut presented = Presented {
            authentic: Vec::new(),
            readable_on_call: Vec::new(),
            refusal: None,
            lacks_keys: false,
        };
        let mut is_first_authentic = false;
        for (nth, token) in tokens.iter().enumerate() {
            match self.authenticate(token, keys).await {
                Ok((issuer, approval)) => {
                    let is_allowed = allowed.contains(issuer);
                    if !is_allowed {
                        presented.refusal.get_or_insert(Refusal::IssuerNotAllowed);
                    }
                    is_first_authentic |= nth == 0;
                    if is_first_authentic && is_allowed && approval.channel() == Channel::OnCall {
                        let summary = ApprovalSummary::of(&approval);
                        presented.readable_on_call.push(summary);
                    }
                    presented.authentic.push(approval);
                }
                Err(refusal) => {
                    // The others may be of the same issuer: its keys are not waited for twice.
                    let keys_missing = matches!(refusal, Refusal::Keys(_));
                    presented.refusal.get_or_insert(refusal);
                    if keys_missing {
                        presented.lacks_keys = true;
                        break;
                    }
                }
            }
        }
        presented
    }

    /// Authenticates the approvals of a request, under the policy that its channel has now, and compares each with the
    /// request.
    pub async fn validate(&self, request: &Request, channels: &Channels) -> Presented {
        self.validate_with(request, channels, Keys::Fetched).await
    }

    /// The same with the keys that are known: nothing is waited for, so a request whose approval names a new key has
    /// [`Refusal::Keys`] here. That is no verdict.
    pub async fn validate_with_known_keys(
        &self,
        request: &Request,
        channels: &Channels,
    ) -> Presented {
        self.validate_with(request, channels, Keys::Known).await
    }

    async fn validate_with(&self, request: &Request, channels: &Channels, keys: Keys) -> Presented {
        let policy = match channels.policy(request) {
            Ok(policy) => policy,
            Err(refusal) => return Presented::refused(refusal),
        };
        let mut presented = self
            .authenticate_with(&request.tokens, &policy.issuers, keys)
            .await;
        if let Some(Refusal::Approval(ApprovalError::InvalidToken(_))) = &presented.refusal {
            // It need not be copied again and again, if what is wrong can be said.
            let damage = request.tokens.iter().find_map(|token| Damage::of(token));
            presented.refusal = damage.map(Refusal::from).or(presented.refusal);
        }
        if presented.refusal.is_none() {
            let mut seen = BTreeSet::new();
            let approvals = &mut presented.authentic;
            approvals.retain(|approval| seen.insert(approval.id()));
            presented.refusal = approvals
                .iter()
                .find_map(|approval| mismatch(request, approval, channels));
        }
        presented
    }

    /// An authentic approval, and the name of its issuer in the policy.
    async fn authenticate(&self, token: &str, keys: Keys) -> Result<(&Label, Authentic), Refusal> {
        if let Some(reference) = Reference::read(token) {
            let desk = self.desk.as_ref().ok_or(InvalidToken::UnknownIssuer)?;
            let approval = self.authenticate_signed(desk, &reference, keys).await?;
            return Ok((&desk.name, approval));
        }
        let unverified = parse_unverified(token)?;
        let (name, issuer) = self
            .issuers
            .iter()
            .find(|(_, issuer)| issuer.iss == unverified.iss)
            .ok_or(InvalidToken::UnknownIssuer)?;
        let kid = unverified.kid();
        let keys = self.keys_of(issuer, kid, keys).await?;
        let approval = authenticate(&unverified, issuer, &keys, &self.audiences)?;
        Ok((name, approval))
    }

    /// The approval that a reference stands for. The keys are those that Entra has now: a set that was kept never decides.
    async fn authenticate_signed(
        &self,
        desk: &DeskSignatures,
        reference: &Reference,
        keys: Keys,
    ) -> Result<Authentic, Refusal> {
        let signed = desk.signed.find(reference).await?;
        let signed = signed.ok_or(InvalidToken::NotCompact)?;
        let mut known = None;
        for draft in [&signed.approval, &signed.verification] {
            let kid = sign_in::key_of(&draft.token)?;
            if !known
                .as_ref()
                .is_some_and(|known: &Arc<KeySet>| known.has(&kid))
            {
                known = Some(self.keys_of(&desk.issuer, &kid, keys).await?);
            }
        }
        let known = known.ok_or(InvalidToken::UnknownKey)?;
        let approval = sign_in::authenticate(reference, &signed, &desk.policy, &known);
        approval.map_err(|error| match error {
            // Entra may list it again; after two hours an administrator has to look.
            SignInError::UnknownKey => {
                KeysUnavailable::without_the_key_of_a_sign_in(&desk.issuer).into()
            }
            other => other.into(),
        })
    }

    async fn keys_of(
        &self,
        issuer: &IssuerPolicy,
        kid: &Kid,
        keys: Keys,
    ) -> Result<Arc<KeySet>, KeysUnavailable> {
        match keys {
            Keys::Fetched => self.keys.keys(issuer, kid).await,
            Keys::Known => {
                let known = self.keys.known_keys(issuer, kid);
                known.ok_or_else(|| KeysUnavailable {
                    issuer: issuer.iss.clone(),
                    why: "not fetched yet".to_owned(),
                })
            }
        }
    }
}

/// Why an approval is not for this request, if it is not.
fn mismatch(request: &Request, approval: &Authentic, channels: &Channels) -> Option<Refusal> {
    let claims = approval.claims();
    if approval.channel() != request.channel {
        return Some(Refusal::of_another_channel(approval.kid().clone()));
    }
    if !claims.txn.is_same(&request.ticket) {
        return Some(Refusal::OtherTicket);
    }
    match channels.tenant(claims.tid) {
        Ok(tenant) if tenant == request.tenant => None,
        _ => Some(Refusal::OtherTenant),
    }
}
