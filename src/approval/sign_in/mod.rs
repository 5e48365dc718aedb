//! Approvals that are signed by a sign-in to Entra: no key to make or to guard.
//!
//! A draft says everything, its signer too. The signer signs in anew, with the draft's SHA-256 as the `nonce`, and Entra's
//! token is the signature. An approval is two of them: the verifier's, and the approver's, whose draft contains the
//! verifier's draft and the hash of its token.
//!
//! | question | file |
//! |---|---|
//! | what is signed | `draft` |
//! | whose sign-in it is, for which text, and when | `id_token` |
//! | whether two signed drafts are an approval | `signed` |

mod draft;
mod id_token;
mod signed;
#[cfg(test)]
mod tests;

use crate::ids::{Issuer, TenantId};

use super::InvalidToken;

pub use super::SignedIn;
pub use draft::{Act, DRAFT_LIFETIME, Draft, NotADraft, SignedDigest, Subject, nonce, view_nonce};
pub use id_token::{DeskRole, SignIn};
pub use signed::{
    DOMAIN, SignedApproval, SignedDraft, authenticate, key_of, may_be_one, name_of, verify_draft,
};

/// Whose sign-ins count.
#[derive(Debug, Clone)]
pub struct SignInPolicy {
    /// Entra's `iss` for the tenant.
    pub iss: Issuer,
    pub tenant: TenantId,
    /// The app registration of the desk, which serves nothing else.
    pub client_id: String,
    /// The authentication context that a signature has to be in, such as `c1`; `None` if the policy says "none".
    pub context: Option<String>,
    /// What drafts are for: `audience.desk`.
    pub audience: String,
    /// Whether its approvals count for privileged people, together with one of another trust domain.
    pub privileged: bool,
    /// Whether managers may vouch for their own people: the policy names their group.
    pub managers: bool,
    /// How many resets in 12 hours may be verified and approved by one and the same person, in the whole deployment; `None`
    /// if they are always two.
    pub alone: Option<u16>,
}

/// Why a sign-in does not count, or a signed draft is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// Entra may have changed its keys since the sign-in, or the set that is known here is old.
    #[error("Entra's keys do not have the key of this sign-in")]
    UnknownKey,
    #[error("the sign-in is for another app, tenant or cloud ({0})")]
    Foreign(&'static str),
    #[error("the token of the sign-in cannot be read ({0})")]
    Unreadable(String),
    #[error("the sign-in is not for this text (nonce)")]
    OtherText,
    #[error("the account is a guest's, or of another organisation")]
    Guest,
    #[error("the token of the sign-in says nothing about {0}")]
    ClaimMissing(&'static str),
    /// An optional claim that the app registration has to ask for.
    #[error(
        "the app registration does not issue the claim {0}: add it to the optional claims of the ID token"
    )]
    ClaimNotIssued(&'static str),
    #[error("the token of the sign-in is not valid at this time")]
    Expired,
    #[error("a different person signed in")]
    OtherPerson,
    #[error("the person who signed in does not have the role {0}")]
    RoleMissing(&'static str),
    #[error("the sign-in does not meet the authentication context of the policy")]
    OutOfContext,
    #[error("the sign-in did not happen anew for this text")]
    NotAnew,
    #[error("the draft cannot be read")]
    NotADraft,
    #[error("the draft is for another deployment or tenant")]
    OtherDeployment,
    #[error("the draft is of another kind")]
    OtherKind,
    #[error("the approval is not for this verification")]
    OtherVerification,
    #[error("one person signed both the verification and the approval")]
    OneSigner,
}

impl From<NotADraft> for SignInError {
    fn from(_: NotADraft) -> SignInError {
        SignInError::NotADraft
    }
}
