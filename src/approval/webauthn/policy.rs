//! What policy.toml says of passkeys: for which page they are, and each one's public key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::approval::public_jwk::PublicJwk;
use crate::ids::{Digest, Kid, trusted_url};

/// The page that passkeys sign on, and the domain that they are made for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Written")]
pub struct RelyingParty {
    rp_id: String,
    pub origin: Origin,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rp_id: String,
    origin: Origin,
}

/// Scheme, host and port of a page, as browsers write it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct Origin(String);

/// Why they do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("rp_id must be the host of origin or a domain above it, in small letters")]
pub struct OtherDomain;

/// Why it is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an origin is https:// and the host of the page's address, with nothing after it, such as https://mfa.contoso.com"
)]
pub struct NotAnOrigin;

impl TryFrom<String> for Origin {
    type Error = NotAnOrigin;

    /// Only as a browser writes it, since it is compared to the letter.
    fn try_from(text: String) -> Result<Origin, NotAnOrigin> {
        let url = trusted_url(&text).ok_or(NotAnOrigin)?;
        if url.origin().ascii_serialization() != text {
            return Err(NotAnOrigin);
        }
        Ok(Origin(text))
    }
}

impl Origin {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<Written> for RelyingParty {
    type Error = OtherDomain;

    fn try_from(Written { rp_id, origin }: Written) -> Result<RelyingParty, OtherDomain> {
        let url = Url::parse(origin.as_str()).map_err(|_| OtherDomain)?;
        // An address of the network is no domain, and no browser makes a passkey for it.
        let host = url.domain().ok_or(OtherDomain)?;
        let above = host.strip_suffix(&rp_id);
        let is_above = above.is_some_and(|below| below.is_empty() || below.ends_with('.'));
        let is_domain = rp_id == host || rp_id.contains('.');
        if rp_id.is_empty() || rp_id.starts_with('.') || !is_above || !is_domain {
            return Err(OtherDomain);
        }
        Ok(RelyingParty { rp_id, origin })
    }
}

impl RelyingParty {
    /// The address of the page that they sign at.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The domain that the passkeys are made for.
    pub fn rp_id(&self) -> &str {
        &self.rp_id
    }
}

/// The id of a passkey, which its authenticator has chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct CredentialId(Vec<u8>);

/// Why it is no credential id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a credential is 16 to 1023 bytes in base64url, as the page /passkey prints it")]
pub struct NotACredential;

impl TryFrom<String> for CredentialId {
    type Error = NotACredential;

    fn try_from(text: String) -> Result<CredentialId, NotACredential> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotACredential)?;
        // WebAuthn Level 3, section 4.
        if (16..=1023).contains(&bytes.len()) {
            Ok(CredentialId(bytes))
        } else {
            Err(NotACredential)
        }
    }
}

impl From<CredentialId> for String {
    fn from(id: CredentialId) -> String {
        URL_SAFE_NO_PAD.encode(id.0)
    }
}

impl CredentialId {
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

/// A public key as a JWK (RFC 7517) of public members alone. Its name is the key's name in the policy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyJwk {
    kty: String,
    alg: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl PasskeyJwk {
    /// The key that is kept for an auditor; `None` if it does not say for which algorithm it is.
    pub(in crate::approval) fn kept(key: &PublicJwk) -> Option<PasskeyJwk> {
        let PublicJwk {
            kty,
            alg,
            crv,
            x,
            y,
            n,
            e,
            ..
        } = key.clone();
        Some(PasskeyJwk {
            kty,
            alg: alg?,
            crv,
            x,
            y,
            n,
            e,
        })
    }

    /// Twenty digits of a hash of the passkey's line without its names, in groups of four. Two people compare them by
    /// voice; 80 bits are more than a forger can search.
    pub fn check_number(&self, credential: &CredentialId) -> String {
        let id = URL_SAFE_NO_PAD.encode(&credential.0);
        let [kty, alg, id] = [&self.kty, &self.alg, &id].map(Some);
        let [crv, x, y, n, e] = [&self.crv, &self.x, &self.y, &self.n, &self.e].map(Option::as_ref);
        let members = [kty, alg, crv, x, y, n, e, id];
        let all: Vec<&str> = members.into_iter().flatten().map(String::as_str).collect();
        let digest = Digest::of(all.join(" ").as_bytes()).to_string();
        let digits: Vec<char> = digest.chars().take(20).collect();
        let groups: Vec<String> = digits
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect();
        groups.join(" ")
    }

    /// As an entry of a JWK Set.
    pub fn entry(&self, kid: &Kid) -> Value {
        let members = [
            ("kid", Some(kid.as_ref())),
            ("kty", Some(self.kty.as_str())),
            ("alg", Some(self.alg.as_str())),
            ("crv", self.crv.as_deref()),
            ("x", self.x.as_deref()),
            ("y", self.y.as_deref()),
            ("n", self.n.as_deref()),
            ("e", self.e.as_deref()),
        ];
        let given = members.into_iter().filter_map(|(name, text)| {
            let text = text?.to_owned();
            Some((name.to_owned(), Value::String(text)))
        });
        Value::Object(given.collect::<Map<_, _>>())
    }
}
