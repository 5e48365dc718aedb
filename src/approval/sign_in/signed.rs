//! From two signed drafts to an authentic approval.

use secrecy::{ExposeSecret, SecretString};

use super::super::claims::{Actor, Claims, MOST_VERIFICATIONS};
use super::super::evidence::Verification;
use super::super::jwks::KeySet;
use super::super::jws::Jws;
use super::super::signed_by::{SignedBy, SignedIn};
use super::super::time_limits::TimeLimits;
use super::super::token::{Authentic, TokenId};
use super::super::{Channel, InvalidToken};
use super::draft::{Act, DRAFT_LIFETIME, Draft, NotADraft, nonce};
use super::id_token::{DeskRole, SignIn};
use super::{SignInError, SignInPolicy};
use crate::clock;
use crate::ids::{Digest, DraftId, Jti, Kid, Label, PersonRef, Reference};

/// A draft, and the token of the sign-in for it.
#[derive(Debug, Clone)]
pub struct SignedDraft {
    /// Its bytes, as they were stored and shown.
    pub draft: String,
    pub token: SecretString,
}

impl SignedDraft {
    /// What a later draft names this signature by.
    pub fn token_digest(&self) -> Digest {
        Digest::of(self.token.expose_secret().as_bytes())
    }
}

/// What is kept of an approval: the approver's signature, and the verifier's that it rests on.
#[derive(Debug, Clone)]
pub struct SignedApproval {
    pub approval: SignedDraft,
    pub verification: SignedDraft,
}

/// The trust domain of all that Entra signs: an attacker who rules the tenant can sign in as any person in it.
pub const DOMAIN: &str = "entra";

/// The name of every approval that rests on this verification: it is used once, by whichever approval comes first.
///
/// # Errors
/// [`SignInError::NotADraft`].
pub fn name_of(policy: &SignInPolicy, verification: &DraftId) -> Result<TokenId, SignInError> {
    Ok(TokenId {
        iss: policy.iss.clone(),
        jti: Jti::try_from(verification.to_string()).map_err(|_| SignInError::NotADraft)?,
    })
}

/// Which key signed it, by what the token says of itself.
///
/// # Errors
/// [`InvalidToken`], if no key could have signed it.
pub fn key_of(token: &SecretString) -> Result<Kid, InvalidToken> {
    Ok(Jws::parse(token.expose_secret())?.header.kid)
}

impl Act {
    /// The role that its signer needs. A manager says nothing but that they vouch, and a verifier says all but that.
    ///
    /// # Errors
    /// [`NotADraft`] if it mixes the two.
    pub fn role(&self) -> Result<DeskRole, NotADraft> {
        match self {
            Act::Approve { .. } => Ok(DeskRole::Approver),
            Act::Verify { evidence, .. } if !evidence.iter().any(|one| one.is_by_manager()) => {
                Ok(DeskRole::Verifier)
            }
            Act::Verify { evidence, .. } if evidence.len() == 1 => Ok(DeskRole::Manager),
            Act::Verify { .. } => Err(NotADraft),
        }
    }
}

/// Verifies that a draft is signed by the person whom it names, in the role that its kind needs, and anew.
///
/// # Errors
/// [`SignInError`]: the first thing that it lacks.
pub fn verify_draft(
    signed: &SignedDraft,
    policy: &SignInPolicy,
    keys: &KeySet,
) -> Result<(Draft, SignIn), SignInError> {
    let draft = Draft::read(&signed.draft)?;
    if draft.aud != policy.audience || draft.tid != policy.tenant {
        return Err(SignInError::OtherDeployment);
    }
    let token = signed.token.expose_secret();
    let sign_in = SignIn::verify(token, keys, policy, &nonce(&signed.draft))?;
    if sign_in.person != draft.signer {
        return Err(SignInError::OtherPerson);
    }
    let role = draft.act.role()?;
    if !sign_in.roles.contains(&role) {
        return Err(SignInError::RoleMissing(role.as_str()));
    }
    if policy.context.is_some() && !sign_in.in_context {
        return Err(SignInError::OutOfContext);
    }
    let latest = clock::after(draft.created_at, DRAFT_LIFETIME);
    let is_anew = sign_in.at > draft.signed_in_at
        && draft.expires_at == latest
        && sign_in.is_between(draft.created_at, latest);
    if !is_anew {
        return Err(SignInError::NotAnew);
    }
    Ok((draft, sign_in))
}

/// Where the policy lets one person verify and approve: at the desk, by what they found out themselves.
pub fn may_be_one(channel: Channel, verified_as: DeskRole) -> bool {
    channel == Channel::Desk && verified_as == DeskRole::Verifier
}

/// Proves that a verifier and an approver signed this approval. Its time and its channel are still to be judged.
///
/// # Errors
/// [`SignInError`]: the first thing that it lacks.
pub fn authenticate(
    reference: &Reference,
    signed: &SignedApproval,
    policy: &SignInPolicy,
    keys: &KeySet,
) -> Result<Authentic, SignInError> {
    let (approval, approver) = verify_draft(&signed.approval, policy, keys)?;
    let (verification, verifier) = verify_draft(&signed.verification, policy, keys)?;
    let Act::Approve {
        channel,
        verification: rests_on,
    } = &approval.act
    else {
        return Err(SignInError::OtherKind);
    };
    let Act::Verify { evidence, contacts } = &verification.act else {
        return Err(SignInError::OtherKind);
    };
    let is_chained = rests_on.draft == signed.verification.draft
        && rests_on.token == signed.verification.token_digest()
        && approval.about == verification.about
        && approval.created_at >= verification.created_at
        && approval.id == *reference.draft();
    if !is_chained {
        return Err(SignInError::OtherVerification);
    }
    let role = verification.act.role()?;
    let is_allowed = policy.alone.is_some() && may_be_one(*channel, role);
    if approver.person == verifier.person && !is_allowed {
        return Err(SignInError::OneSigner);
    }
    if !(1..=MOST_VERIFICATIONS).contains(&evidence.len()) {
        return Err(SignInError::NotADraft);
    }
    let verified = |evidence: &_| Verification {
        evidence: *evidence,
        verified_by: PersonRef::Id(verifier.person),
        verified_at: verifier.at,
        reference: None,
    };
    let subject = approval.about;
    let TokenId { iss, jti } = name_of(policy, &verification.id)?;
    let claims = Claims {
        iss,
        aud: approval.aud,
        sub: PersonRef::Id(subject.target),
        tid: Some(approval.tid),
        iat: approver.at,
        nbf: None,
        exp: clock::after(approver.at, TimeLimits::of(*channel).longest_lifetime),
        jti,
        txn: subject.ticket,
        act: Actor {
            sub: PersonRef::Id(approver.person),
        },
        scope: subject.scope,
        reason: Some(subject.reason),
        amr: Vec::new(),
        verification: evidence.iter().map(verified).collect(),
    };
    let signed_in = SignedIn {
        approver: approver.person,
        verifier: verifier.person,
        approved_at: approver.at,
        verified_at: verifier.at,
        is_vouched_for: role == DeskRole::Manager,
        contacts: *contacts,
        in_context: approver.in_context && verifier.in_context,
    };
    let domain = Label::try_from(DOMAIN.to_owned()).map_err(|_| SignInError::NotADraft)?;
    Ok(Authentic::signed_in(
        claims,
        SignedBy {
            kid: approver.kid,
            private_half: approver.private_half,
            channel: *channel,
            domain,
            owner: Some(PersonRef::Id(approver.person)),
            // Without the context a sign-in is no more than a password and what the tenant asks for beside it.
            privileged: policy.privileged && signed_in.in_context && !signed_in.is_alone(),
            passkey: None,
            keys: vec![approver.key, verifier.key],
        },
        signed_in,
        reference,
    ))
}
