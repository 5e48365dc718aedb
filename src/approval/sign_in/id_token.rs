//! An id_token of Entra (Microsoft identity platform, "ID token claims reference", version 2.0): whose sign-in it is, for
//! which text, when, and how. What comes here was redeemed by this program with a code; a token from outside never does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::{Deserialize, Deserializer};

use super::super::jwks::KeySet;
use super::super::jws::Jws;
use super::super::numeric_date::numeric_date;
use super::super::public_jwk::PublicJwk;
use super::{SignInError, SignInPolicy};
use crate::approval::InvalidToken;
use crate::clock::{self, Timestamp};
use crate::ids::{Digest, Kid, ObjectId, TenantId};
use crate::json;
use crate::names::shown;

/// How far Entra's clock and this one may be apart.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// A role of the app registration. Its name is the value of the app role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeskRole {
    /// May record how a person was verified.
    Verifier,
    /// May approve a reset.
    Approver,
    /// May vouch for the people whose manager they are.
    Manager,
}

impl DeskRole {
    pub const ALL: [DeskRole; 3] = [DeskRole::Verifier, DeskRole::Approver, DeskRole::Manager];

    pub fn as_str(self) -> &'static str {
        match self {
            DeskRole::Verifier => "Verifier",
            DeskRole::Approver => "Approver",
            DeskRole::Manager => "Manager",
        }
    }
}

/// A sign-in of a person to the desk, as Entra's token says it.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Who.
    pub person: ObjectId,
    /// Their roles here.
    pub roles: BTreeSet<DeskRole>,
    /// `auth_time`: when the person entered their first factor, by Entra's clock.
    pub at: Timestamp,
    /// Whether Entra says that the authentication context of the policy was met.
    pub in_context: bool,
    /// Entra's id of the token, for the log.
    pub token_id: Option<String>,
    /// `name` and `preferred_username`, to be shown and never compared.
    pub name: Option<String>,
    pub user_name: Option<String>,
    /// Which of Entra's keys signed.
    pub kid: Kid,
    pub private_half: Digest,
    /// That key, for an auditor.
    pub key: Arc<PublicJwk>,
    not_before: Timestamp,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct Claims {
    ver: String,
    iss: String,
    aud: String,
    tid: TenantId,
    oid: Option<ObjectId>,
    nonce: Option<String>,
    #[serde(deserialize_with = "numeric_date")]
    nbf: Timestamp,
    #[serde(deserialize_with = "numeric_date")]
    exp: Timestamp,
    #[serde(default, deserialize_with = "optional_date")]
    auth_time: Option<Timestamp>,
    acct: Option<u8>,
    idp: Option<String>,
    roles: Option<Vec<String>>,
    acrs: Option<Vec<String>>,
    uti: Option<String>,
    name: Option<String>,
    preferred_username: Option<String>,
}

fn optional_date<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Timestamp>, D::Error> {
    numeric_date(input).map(Some)
}

impl SignIn {
    /// Verifies a token: that this tenant's Entra signed it, for this app, for a member of the tenant, and for this nonce.
    ///
    /// # Errors
    /// [`SignInError`]: the first thing that it lacks.
    pub fn verify(
        token: &str,
        keys: &KeySet,
        policy: &SignInPolicy,
        nonce: &str,
    ) -> Result<SignIn, SignInError> {
        let jws = Jws::parse(token)?;
        let is_jwt = |typ: &str| typ.eq_ignore_ascii_case("JWT");
        if !jws.header.typ.as_deref().is_some_and(is_jwt) {
            return Err(InvalidToken::Typ.into());
        }
        if !keys.has(&jws.header.kid) {
            return Err(SignInError::UnknownKey);
        }
        let key = jws.verify(keys)?.key;
        // A set holds keys for others too, such as those of personal accounts.
        let issued_by = key.issuer.as_deref().unwrap_or_default();
        if issued_by.replace("{tenantid}", &policy.tenant.to_string()) != policy.iss.as_ref() {
            return Err(SignInError::Foreign("the issuer of its key"));
        }
        let claims = json::parse(&jws.payload).map_err(|_| InvalidToken::NotCompact)?;
        let claims: Claims =
            json::of_value(claims).map_err(|error| SignInError::Unreadable(error.place()))?;
        for (is_ours, what) in [
            (claims.ver == "2.0", "ver"),
            (claims.iss == policy.iss.as_ref(), "iss"),
            (claims.tid == policy.tenant, "tid"),
            (claims.aud.eq_ignore_ascii_case(&policy.client_id), "aud"),
        ] {
            if !is_ours {
                return Err(SignInError::Foreign(what));
            }
        }
        let given = claims.nonce.unwrap_or_default();
        verify_slices_are_equal(given.as_bytes(), nonce.as_bytes())
            .map_err(|_| SignInError::OtherText)?;
        let acct = claims.acct.ok_or(SignInError::ClaimNotIssued("acct"))?;
        if acct != 0 || claims.idp.is_some() {
            return Err(SignInError::Guest);
        }
        let person = claims.oid.ok_or(SignInError::ClaimMissing("oid"))?;
        let at = claims.auth_time;
        let at = at.ok_or(SignInError::ClaimNotIssued("auth_time"))?;
        let given = claims.roles.unwrap_or_default();
        let is_given = |role: &DeskRole| {
            let counts = policy.managers || *role != DeskRole::Manager;
            counts && given.iter().any(|value| value == role.as_str())
        };
        let wanted = policy.context.as_deref();
        let acrs = claims.acrs.unwrap_or_default();
        Ok(SignIn {
            person,
            roles: DeskRole::ALL.into_iter().filter(is_given).collect(),
            at,
            in_context: wanted
                .is_some_and(|wanted| acrs.iter().any(|acr| acr.eq_ignore_ascii_case(wanted))),
            token_id: claims.uti.as_deref().and_then(shown),
            name: claims.name.as_deref().and_then(shown),
            user_name: claims.preferred_username.as_deref().and_then(shown),
            kid: jws.header.kid.clone(),
            private_half: key.private_half.clone(),
            key: key.published.clone(),
            not_before: claims.nbf,
            expires_at: claims.exp,
        })
    }

    /// Whether the token is valid now. Asked where it is redeemed; afterwards it is the record of a sign-in.
    ///
    /// # Errors
    /// [`SignInError::Expired`].
    pub fn check_validity(&self, now: Timestamp) -> Result<(), SignInError> {
        let is_valid = clock::before(self.not_before, CLOCK_SKEW) <= now
            && now < clock::after(self.expires_at, CLOCK_SKEW)
            && self.at <= clock::after(now, CLOCK_SKEW);
        is_valid.then_some(()).ok_or(SignInError::Expired)
    }

    /// Whether it happened between these two, by both clocks.
    pub(super) fn is_between(&self, earliest: Timestamp, latest: Timestamp) -> bool {
        clock::before(earliest, CLOCK_SKEW) <= self.at
            && self.at <= clock::after(latest, CLOCK_SKEW)
    }
}
