//! One section `[issuers.NAME]` of policy.toml: whose signatures count, and for what.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::webauthn::{CredentialId, PasskeyJwk, RelyingParty};
use crate::ids::{Issuer, Kid, Label, PersonRef, trusted_url};

/// An issuer of approvals.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerPolicy {
    /// Its `iss`.
    pub iss: Issuer,
    /// Where its public keys are.
    pub keys: KeyLocation,
    /// The algorithms that it signs with. A key is good for one of them only.
    pub algorithms: Vec<Algorithm>,
    /// Whether its tokens carry `typ`.
    #[serde(default)]
    pub typ: TypHeader,
    /// The trust domain of its keys: approvals from one domain count as one.
    pub domain: Label,
    /// Whether it may approve privileged people, together with another.
    #[serde(default)]
    pub privileged: bool,
    /// The most resets in an hour that its approvals may have done.
    #[serde(default = "per_hour")]
    pub per_hour: u16,
    /// What is special about single keys.
    #[serde(default)]
    pub key: BTreeMap<Kid, KeyPolicy>,
}

fn per_hour() -> u16 {
    60
}

/// Where a JWK Set is (RFC 7517, section 5), or that the keys are passkeys.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyLocation {
    /// In a file, beside policy.toml unless the path is absolute.
    File(PathBuf),
    /// At an https address.
    Url(KeysUrl),
    /// The keys are passkeys, which sign on this page, and are in the policy itself.
    Webauthn(RelyingParty),
}

impl KeyLocation {
    /// Where passkeys sign, if the keys are passkeys.
    pub fn relying_party(&self) -> Option<&RelyingParty> {
        match self {
            KeyLocation::Webauthn(at) => Some(at),
            KeyLocation::File(_) | KeyLocation::Url(_) => None,
        }
    }
}

/// An https address, or an http one of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct KeysUrl(Url);

impl KeysUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for KeysUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<KeysUrl, &'static str> {
        trusted_url(&text)
            .map(KeysUrl)
            .ok_or("keys are fetched by https, or by http from this machine")
    }
}

/// What the policy says of one key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPolicy {
    /// The one person who may sign with it; must then be the approver.
    pub owner: Option<PersonRef>,
    /// Its trust domain, if not the issuer's.
    pub domain: Option<Label>,
    /// The passkey's id.
    pub credential: Option<CredentialId>,
    /// The passkey's public key.
    pub public_key: Option<PasskeyJwk>,
}

/// Whether an issuer's tokens say what they are (RFC 8725, section 3.11).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypHeader {
    /// `typ` must be `mfa-approval+jwt`.
    #[default]
    Required,
    /// The issuer cannot set it (ServiceNow's GlideJWTAPI): absent and `JWT` pass too. Its keys must then
    /// sign nothing but approvals.
    Exempt,
}

/// A signature algorithm that an approval may have: asymmetric ones only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA over P-256 (RFC 7518, section 3.4).
    ES256,
    /// RSASSA-PSS, SHA-256 (RFC 7518, section 3.5).
    PS256,
    /// RSASSA-PKCS1-v1_5, SHA-256 (RFC 7518, section 3.3).
    RS256,
    /// EdDSA over Curve25519 (RFC 9864, section 2.2), also under its older name EdDSA.
    #[serde(alias = "EdDSA")]
    Ed25519,
}

impl Algorithm {
    /// As JOSE writes it (RFC 7518, section 3.1; RFC 9864).
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::ES256 => "ES256",
            Algorithm::PS256 => "PS256",
            Algorithm::RS256 => "RS256",
            Algorithm::Ed25519 => "Ed25519",
        }
    }
}

impl KeyPolicy {
    /// What people compare of a passkey: the page that made it shows the same. `None` of another key.
    pub fn check_number(&self) -> Option<String> {
        let public_key = self.public_key.as_ref()?;
        let credential = self.credential.as_ref()?;
        Some(public_key.check_number(credential))
    }
}

impl IssuerPolicy {
    /// The key's only signer, if the policy names one.
    pub fn owner(&self, kid: &Kid) -> Option<&PersonRef> {
        self.key.get(kid)?.owner.as_ref()
    }

    /// The key's trust domain.
    pub fn domain(&self, kid: &Kid) -> &Label {
        self.key
            .get(kid)
            .and_then(|key| key.domain.as_ref())
            .unwrap_or(&self.domain)
    }
}
