//! An approval, from a token to [`Authentic`]: its issuer, its channel, and what it says.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claims::Claims;
use super::issuer::{IssuerPolicy, TypHeader};
use super::jwks::KeySet;
use super::jws::{Jws, Verified};
use super::public_jwk::PublicJwk;
use super::signed_by::{SignedBy, SignedIn};
use super::webauthn::PasskeyUse;
use super::{ApprovalError, Channel, InvalidToken};
use crate::ids::{Digest, Issuer, Jti, Kid, Label, PersonRef, Reference};
use crate::json;

/// `typ` of an approval (RFC 8725, section 3.11).
pub const TYP: &str = "mfa-approval+jwt";

/// The audiences of this deployment, one for each channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audiences {
    /// `aud` of an approval in a ticket.
    pub webhook: String,
    /// `aud` of an approval for the on-call URL.
    pub on_call: String,
    /// `aud` of what is signed at the desk.
    pub desk: Option<String>,
}

/// What a token says of itself before its signature is checked: good for looking up a key, and nothing else.
#[derive(Debug)]
pub struct UnverifiedToken<'a> {
    jws: Jws<'a>,
    claims: Value,
    /// Whose key to look for.
    pub iss: Issuer,
}

impl UnverifiedToken<'_> {
    /// Which key to look for.
    pub fn kid(&self) -> &Kid {
        &self.jws.header.kid
    }
}

/// Takes a token apart, without a key.
///
/// # Errors
/// [`InvalidToken`], if no key could make it an approval.
pub fn parse_unverified(token: &str) -> Result<UnverifiedToken<'_>, InvalidToken> {
    let jws = Jws::parse(token)?;
    let claims = json::parse(&jws.payload).map_err(|_| InvalidToken::NotCompact)?;
    let iss = claims
        .get("iss")
        .and_then(Value::as_str)
        .and_then(|iss| Issuer::try_from(iss).ok())
        .ok_or(InvalidToken::UnknownIssuer)?;
    Ok(UnverifiedToken { jws, claims, iss })
}

/// The name of an approval: used once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenId {
    /// Who signed it.
    pub iss: Issuer,
    /// Its name among that issuer's.
    pub jti: Jti,
}

/// An approval whose signature, shape, issuer and audience are good. Not yet judged by time.
#[derive(Debug)]
pub struct Authentic {
    claims: Claims,
    signed_by: SignedBy,
    signed_in: Option<SignedIn>,
    compact: SecretString,
}

/// Proves that the issuer signed this, for this deployment.
///
/// # Errors
/// [`ApprovalError::InvalidToken`] while the signature is not known to be good, a more telling reason after.
pub fn authenticate(
    unverified: &UnverifiedToken<'_>,
    issuer: &IssuerPolicy,
    keys: &KeySet,
    audiences: &Audiences,
) -> Result<Authentic, ApprovalError> {
    if unverified.iss != issuer.iss {
        return Err(InvalidToken::UnknownIssuer.into());
    }
    let typ_fits = match (unverified.jws.header.typ.as_deref(), issuer.typ) {
        (Some(typ), _) if is_approval_typ(typ) => true,
        (None, TypHeader::Exempt) => true,
        (Some(typ), TypHeader::Exempt) => typ.eq_ignore_ascii_case("JWT"),
        _ => false,
    };
    if !typ_fits {
        return Err(InvalidToken::Typ.into());
    }
    let Verified { key, passkey } = unverified.jws.verify(keys)?;

    let mut claims: Claims =
        json::of_value(unverified.claims.clone()).map_err(|error| ApprovalError::Claim {
            at: error.place(),
            kid: unverified.kid().clone(),
        })?;
    if let Some(passkey) = &passkey {
        // What the authenticator says counts, and not what the page has written.
        claims.amr = vec![passkey.method().to_owned()];
    }
    let channel = if claims.aud == audiences.webhook {
        Channel::Webhook
    } else if claims.aud == audiences.on_call {
        Channel::OnCall
    } else {
        return Err(ApprovalError::Audience {
            kid: unverified.kid().clone(),
        });
    };
    Ok(Authentic {
        signed_by: SignedBy {
            channel,
            domain: issuer.domain(unverified.kid()).clone(),
            owner: issuer.owner(unverified.kid()).cloned(),
            privileged: issuer.privileged,
            kid: unverified.kid().clone(),
            private_half: key.private_half.clone(),
            keys: vec![key.published.clone()],
            passkey,
        },
        signed_in: None,
        compact: unverified.jws.as_str().into(),
        claims,
    })
}

/// `typ` is a media type without `application/`, in any case (RFC 7515, section 4.1.9).
fn is_approval_typ(typ: &str) -> bool {
    typ.eq_ignore_ascii_case(TYP)
        || typ
            .to_ascii_lowercase()
            .strip_prefix("application/")
            .is_some_and(|rest| rest == TYP)
}

impl Authentic {
    /// An approval that two people signed by signing in. In a request it is the reference to it.
    pub(super) fn signed_in(
        claims: Claims,
        signed_by: SignedBy,
        signed_in: SignedIn,
        reference: &Reference,
    ) -> Authentic {
        Authentic {
            claims,
            signed_by,
            signed_in: Some(signed_in),
            compact: reference.to_string().into(),
        }
    }

    /// Who signed it by signing in; `None` if a key of an issuer signed it.
    pub fn by_sign_in(&self) -> Option<&SignedIn> {
        self.signed_in.as_ref()
    }

    /// What it says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Its name.
    pub fn id(&self) -> TokenId {
        TokenId {
            iss: self.claims.iss.clone(),
            jti: self.claims.jti.clone(),
        }
    }

    /// Which key signed it.
    pub fn kid(&self) -> &Kid {
        &self.signed_by.kid
    }

    /// What names the private key that signed it, under whatever name and issuer.
    pub fn private_half(&self) -> &Digest {
        &self.signed_by.private_half
    }

    /// The passkey that signed it, if one did.
    pub fn passkey(&self) -> Option<&PasskeyUse> {
        self.signed_by.passkey.as_ref()
    }

    /// The channel that its audience is for.
    pub fn channel(&self) -> Channel {
        self.signed_by.channel
    }

    /// The trust domain of its key.
    pub fn domain(&self) -> &Label {
        &self.signed_by.domain
    }

    /// The one person who may sign with its key, if the policy says so.
    pub fn owner(&self) -> Option<&PersonRef> {
        self.signed_by.owner.as_ref()
    }

    /// Whether its issuer may approve privileged people.
    pub fn may_be_for_privileged(&self) -> bool {
        self.signed_by.privileged
    }

    /// The keys that verified it, for an auditor. Of a sign-in the approver's is the first.
    pub fn verified_by(&self) -> impl Iterator<Item = &PublicJwk> {
        self.signed_by.keys.iter().map(AsRef::as_ref)
    }

    /// What names the token, or the reference to what was signed.
    pub fn compact_digest(&self) -> Digest {
        Digest::of(self.compact().as_bytes())
    }

    /// The token itself, or the reference to what was signed, for the ledger alone.
    pub(crate) fn compact(&self) -> &str {
        self.compact.expose_secret()
    }
}
