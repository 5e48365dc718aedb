//! An approval, from a token to [`Authentic`]: its issuer, its channel, and what it says.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::claims::Claims;
use super::issuer::{IssuerPolicy, TypHeader};
use super::jwks::KeySet;
use super::jws::Jws;
use super::strict_json::is_strict;
use super::{ApprovalError, Channel, InvalidToken};
use crate::ids::{Issuer, Jti, Kid, Label, PersonRef};
use crate::json_path;

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
}

/// What a token says of itself before its signature is checked: good for looking up a key, and nothing else.
#[derive(Debug)]
pub struct UnverifiedToken<'a> {
    jws: Jws<'a>,
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
    #[derive(Deserialize)]
    struct JustIssuer {
        iss: Issuer,
    }
    let jws = Jws::parse(token)?;
    if !is_strict(&jws.payload) {
        return Err(InvalidToken::NotCompact);
    }
    let JustIssuer { iss } =
        serde_json::from_slice(&jws.payload).map_err(|_| InvalidToken::UnknownIssuer)?;
    Ok(UnverifiedToken { jws, iss })
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
    kid: Kid,
    channel: Channel,
    domain: Label,
    owner: Option<PersonRef>,
    privileged: bool,
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
    unverified.jws.verify(keys)?;

    let claims: Claims = serde_path_to_error::deserialize(
        &mut serde_json::Deserializer::from_slice(&unverified.jws.payload),
    )
    .map_err(|error| ApprovalError::Claim {
        at: claim_at(&error),
        kid: unverified.kid().clone(),
    })?;
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
        channel,
        domain: issuer.domain(unverified.kid()).clone(),
        owner: issuer.owner(unverified.kid()).cloned(),
        privileged: issuer.privileged,
        kid: unverified.kid().clone(),
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

/// The path of the claim at fault. For a member that is missing serde names only its parent, so the member
/// is taken from the message, which for that case holds nothing of the token.
fn claim_at(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = json_path::shown(&error.path().to_string());
    let message = error.inner().to_string();
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split_once('`'))
        .map(|(name, _)| name);
    match (missing, path.as_str()) {
        (None, _) => path,
        (Some(name), ".") => name.to_owned(),
        (Some(name), parent) => format!("{parent}.{name}"),
    }
}

impl Authentic {
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
        &self.kid
    }

    /// The channel that its audience is for.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The trust domain of its key.
    pub fn domain(&self) -> &Label {
        &self.domain
    }

    /// The one person who may sign with its key, if the policy says so.
    pub fn owner(&self) -> Option<&PersonRef> {
        self.owner.as_ref()
    }

    /// Whether its issuer may approve privileged people.
    pub fn may_be_for_privileged(&self) -> bool {
        self.privileged
    }

    /// The token itself, for the ledger alone.
    pub(crate) fn compact(&self) -> &str {
        self.compact.expose_secret()
    }
}
