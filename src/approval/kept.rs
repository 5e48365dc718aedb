//! An approval as it is kept for an auditor: under which terms of the policy it counted, and by which keys. From these it
//! is verified again, without Entra, an issuer or the policy. Nothing that is kept decides anything at run time.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::issuer::{Algorithm, IssuerPolicy, KeyLocation, KeyPolicy, TypHeader};
use super::jwks::{KeyFault, KeySet};
use super::public_jwk::PublicJwk;
use super::sign_in::{self, SignIn, SignInError, SignInPolicy, SignedApproval, SignedDraft};
use super::token::{Audiences, Authentic, authenticate, parse_unverified};
use super::webauthn::{CredentialId, PasskeyJwk, RelyingParty};
use super::{ApprovalError, Channel};
use crate::ids::{Digest, Issuer, Label, PersonRef, Reference, TenantId};

/// What is kept of an approval beside what was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptApproval {
    /// SHA-256 of the token, or of the reference that stands for what was signed at the desk.
    pub compact_sha256: Digest,
    pub terms: SignaturePolicy,
    /// The keys that verified it: of a sign-in the approver's, then the verifier's.
    pub keys: Vec<PublicJwk>,
}

/// What the policy said of the signature when it was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SignaturePolicy {
    /// `[issuers.NAME]`.
    Issuer {
        name: Label,
        iss: Issuer,
        /// What its tokens had to be for, in this channel.
        audience: String,
        channel: Channel,
        algorithms: Vec<Algorithm>,
        typ: TypHeader,
        /// The trust domain of the key.
        domain: Label,
        privileged: bool,
        /// The key's only signer.
        owner: Option<PersonRef>,
        /// The file or the address of its keys, or the page that its passkeys sign on.
        keys_from: String,
        /// If its keys are passkeys.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passkey: Option<PasskeyTerms>,
    },
    /// `[desk]`: two people signed in to Entra.
    SignIn {
        iss: Issuer,
        tenant: TenantId,
        client_id: String,
        context: Option<String>,
        audience: String,
        privileged: bool,
        /// Whether managers may vouch.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        managers: bool,
        /// How many resets in 12 hours may be verified and approved by one and the same person, if the policy allows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alone: Option<u16>,
        /// The address of Entra's keys.
        keys_from: String,
    },
}

/// Which passkey signed, and on which page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyTerms {
    pub at: RelyingParty,
    pub credential: CredentialId,
}

/// Why a kept approval proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptFault {
    #[error("its keys cannot be used: {0}")]
    Keys(#[from] KeyFault),
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error("its passkey cannot be used")]
    Passkey,
    /// A token under the terms of the desk, or the other way round.
    #[error("what was signed is not what its terms are for")]
    OtherKind,
    #[error("what was signed is not what was presented")]
    OtherCompact,
    /// Also if there are more.
    #[error("the keys that were kept are others than those that verify it")]
    OtherKeys,
}

fn place(keys: &KeyLocation) -> String {
    match keys {
        KeyLocation::File(path) => path.display().to_string(),
        KeyLocation::Url(url) => url.as_str().to_owned(),
        KeyLocation::Webauthn(at) => at.origin.as_str().to_owned(),
    }
}

impl KeptApproval {
    /// Of a token.
    pub fn of_token(name: &Label, issuer: &IssuerPolicy, approval: &Authentic) -> KeptApproval {
        let terms = SignaturePolicy::Issuer {
            name: name.clone(),
            iss: issuer.iss.clone(),
            audience: approval.claims().aud.clone(),
            channel: approval.channel(),
            algorithms: issuer.algorithms.clone(),
            typ: issuer.typ,
            domain: approval.domain().clone(),
            privileged: issuer.privileged,
            owner: approval.owner().cloned(),
            keys_from: place(&issuer.keys),
            passkey: issuer.keys.relying_party().and_then(|at| {
                Some(PasskeyTerms {
                    at: at.clone(),
                    credential: issuer.key.get(approval.kid())?.credential.clone()?,
                })
            }),
        };
        KeptApproval::under(terms, approval)
    }

    /// Of two sign-ins. `keys` says where Entra's keys came from.
    pub fn of_sign_in(
        policy: &SignInPolicy,
        keys: &KeyLocation,
        approval: &Authentic,
    ) -> KeptApproval {
        let terms = SignaturePolicy::SignIn {
            iss: policy.iss.clone(),
            tenant: policy.tenant,
            client_id: policy.client_id.clone(),
            context: policy.context.clone(),
            audience: policy.audience.clone(),
            privileged: policy.privileged,
            managers: policy.managers,
            alone: policy.alone,
            keys_from: place(keys),
        };
        KeptApproval::under(terms, approval)
    }

    fn under(terms: SignaturePolicy, approval: &Authentic) -> KeptApproval {
        KeptApproval {
            compact_sha256: approval.compact_digest(),
            terms,
            keys: approval.verified_by().cloned().collect(),
        }
    }

    /// What names it in the audit trail.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        Ok(Digest::of(&serde_json::to_vec(self)?))
    }

    /// What people compare of the passkey that signed; `None` if another key did.
    pub fn check_number(&self) -> Option<String> {
        let SignaturePolicy::Issuer { passkey, .. } = &self.terms else {
            return None;
        };
        let key = PasskeyJwk::kept(self.keys.first()?)?;
        Some(key.check_number(&passkey.as_ref()?.credential))
    }

    /// Verifies a token by the keys that were kept.
    ///
    /// # Errors
    /// [`KeptFault`]: the first thing that it lacks.
    pub fn verify_token(&self, token: &str) -> Result<Authentic, KeptFault> {
        let SignaturePolicy::Issuer {
            iss,
            audience,
            channel,
            algorithms,
            typ,
            domain,
            privileged,
            owner,
            passkey,
            ..
        } = &self.terms
        else {
            return Err(KeptFault::OtherKind);
        };
        let unverified = parse_unverified(token).map_err(ApprovalError::from)?;
        let public_key = self.keys.first().and_then(PasskeyJwk::kept);
        let policy = KeyPolicy {
            owner: owner.clone(),
            domain: None,
            credential: passkey.as_ref().map(|passkey| passkey.credential.clone()),
            public_key: public_key.filter(|_| passkey.is_some()),
        };
        let issuer = IssuerPolicy {
            iss: iss.clone(),
            keys: match passkey {
                Some(passkey) => KeyLocation::Webauthn(passkey.at.clone()),
                None => KeyLocation::File(PathBuf::new()),
            },
            algorithms: algorithms.clone(),
            typ: *typ,
            domain: domain.clone(),
            privileged: *privileged,
            per_hour: 0,
            key: BTreeMap::from([(unverified.kid().clone(), policy)]),
        };
        // The claim `aud` names one channel. No token is for another one here.
        let mut audiences = Audiences {
            webhook: String::new(),
            on_call: String::new(),
            desk: None,
        };
        match channel {
            Channel::Webhook => audiences.webhook.clone_from(audience),
            Channel::OnCall => audiences.on_call.clone_from(audience),
            Channel::Desk => return Err(KeptFault::OtherKind),
        }
        let keys = match passkey {
            Some(passkey) => {
                KeySet::of_passkeys(&issuer, &passkey.at).map_err(|_| KeptFault::Passkey)?
            }
            None => self.keys(algorithms)?,
        };
        let approval = authenticate(&unverified, &issuer, &keys, &audiences)?;
        if approval.channel() == *channel {
            self.presented(approval)
        } else {
            Err(KeptFault::OtherKind)
        }
    }

    /// Verifies two sign-ins by the keys that were kept: the approver's, then the verifier's.
    ///
    /// # Errors
    /// [`KeptFault`]: the first thing that they lack.
    pub fn verify_signed(
        &self,
        reference: &Reference,
        signed: &SignedApproval,
    ) -> Result<(Authentic, Vec<SignIn>), KeptFault> {
        let SignaturePolicy::SignIn {
            iss,
            tenant,
            client_id,
            context,
            audience,
            privileged,
            managers,
            alone,
            ..
        } = &self.terms
        else {
            return Err(KeptFault::OtherKind);
        };
        let policy = SignInPolicy {
            iss: iss.clone(),
            tenant: *tenant,
            client_id: client_id.clone(),
            context: context.clone(),
            audience: audience.clone(),
            privileged: *privileged,
            managers: *managers,
            alone: *alone,
        };
        // Entra signs with RS256 alone.
        let keys = self.keys(&[Algorithm::RS256])?;
        let approval = sign_in::authenticate(reference, signed, &policy, &keys)?;
        let sign_in = |one: &SignedDraft| Ok(sign_in::verify_draft(one, &policy, &keys)?.1);
        let both = [&signed.approval, &signed.verification].map(sign_in);
        let both = both.into_iter().collect::<Result<_, SignInError>>()?;
        Ok((self.presented(approval)?, both))
    }

    fn presented(&self, approval: Authentic) -> Result<Authentic, KeptFault> {
        if approval.compact_digest() != self.compact_sha256 {
            Err(KeptFault::OtherCompact)
        } else if !approval.verified_by().eq(&self.keys) {
            Err(KeptFault::OtherKeys)
        } else {
            Ok(approval)
        }
    }

    fn keys(&self, algorithms: &[Algorithm]) -> Result<KeySet, KeptFault> {
        let set = json!({ "keys": self.keys }).to_string();
        Ok(KeySet::parse(set.as_bytes(), algorithms)?)
    }
}
