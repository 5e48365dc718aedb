//! A public key as it is kept for an auditor: the entry of the JWK Set that verified a signature.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest certificate chain that is kept, in characters. It only helps to find out whose key it is.
const LONGEST_CHAIN: usize = 8 * 1024;

/// The public members of a JWK (RFC 7517, section 4; RFC 7518, section 6; RFC 8037), each as it stands in the set. What is
/// kept verifies nothing at run time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicJwk {
    pub kty: String,
    pub kid: String,
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Of Entra's keys: for which issuer it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Of Entra's keys: its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x5c: Option<Vec<String>>,
}

impl PublicJwk {
    /// What is kept of an entry of a set, whatever the entry is worth.
    pub fn of(entry: &Value) -> PublicJwk {
        let member = |name| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        let chain = entry.get("x5c").and_then(Value::as_array).map(|chain| {
            let certificates = chain.iter().filter_map(Value::as_str);
            certificates.map(str::to_owned).collect::<Vec<_>>()
        });
        let is_short =
            |chain: &Vec<String>| chain.iter().map(String::len).sum::<usize>() <= LONGEST_CHAIN;
        PublicJwk {
            kty: member("kty").unwrap_or_default(),
            kid: member("kid").unwrap_or_default(),
            purpose: member("use"),
            alg: member("alg"),
            crv: member("crv"),
            n: member("n"),
            e: member("e"),
            x: member("x"),
            y: member("y"),
            issuer: member("issuer"),
            x5c: chain.filter(is_short),
        }
    }

    /// Whether both are one public key, whatever is said about it.
    pub fn is_the_key(&self, other: &PublicJwk) -> bool {
        let parts = |key: &PublicJwk| {
            let PublicJwk {
                kty,
                crv,
                n,
                e,
                x,
                y,
                ..
            } = key.clone();
            (kty, crv, n, e, x, y)
        };
        parts(self) == parts(other)
    }
}
