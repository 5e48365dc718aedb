//! The keys that an auditor has from another place than the record. Each counts for one issuer: else whoever has a key of
//! one could forge what another one signs.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use reregister_mfa::approval::{IssuerPolicy, PublicJwk, SignaturePolicy};
use reregister_mfa::evidence_record::{SignedPart, Verified};
use reregister_mfa::ids::{Issuer, PersonRef};
use serde::Deserialize;
use serde_json::Value;

use super::confirmed::Confirmed;
use crate::files::read;

#[derive(Default)]
pub struct KnownKeys(Vec<KnownKey>);

/// A key. It is of the issuer that the auditor names, of the one that the key names, or of both.
struct KnownKey {
    iss: Option<Issuer>,
    key: PublicJwk,
    /// Of a passkey.
    owner: Option<PersonRef>,
}

/// What is read of a policy.toml. The rest may be of another version.
#[derive(Deserialize)]
struct Issuers {
    #[serde(default)]
    issuers: BTreeMap<String, IssuerPolicy>,
}

impl KnownKeys {
    /// Reads what `--keys` names.
    pub fn read(&mut self, given: &str) -> anyhow::Result<()> {
        let (iss, file) = match given.split_once('=') {
            Some((iss, file)) => {
                let named = Issuer::try_from(iss);
                let named = named.with_context(|| format!("{iss} is no issuer"))?;
                (Some(named), file)
            }
            None => (None, given),
        };
        let text = read(Path::new(file))?;
        if iss.is_none() && file.ends_with(".toml") {
            let text = String::from_utf8_lossy(&text);
            let policy = toml::from_str::<Issuers>(&text);
            let policy = policy.with_context(|| format!("{file} is no policy"))?;
            policy
                .issuers
                .values()
                .for_each(|one| self.add_passkeys(one));
            return Ok(());
        }
        let set: Option<Value> = serde_json::from_slice(&text).ok();
        let keys = set.as_ref().and_then(|set| set.get("keys")?.as_array());
        for key in keys.with_context(|| format!("{file} is no JWK Set"))? {
            let key = PublicJwk::of(key);
            if iss.is_none() && key.issuer.is_none() {
                bail!(
                    "{file} has keys that do not say whose they are: write the `iss` of their tokens before it, such as --keys https://approvals.contoso.com={file}"
                );
            }
            let (iss, owner) = (iss.clone(), None);
            self.0.push(KnownKey { iss, key, owner });
        }
        Ok(())
    }

    fn add_passkeys(&mut self, issuer: &IssuerPolicy) {
        let lines = issuer.key.iter();
        self.0.extend(lines.filter_map(|(kid, line)| {
            Some(KnownKey {
                iss: Some(issuer.iss.clone()),
                key: PublicJwk::of(&line.public_key.as_ref()?.entry(kid)),
                owner: line.owner.clone(),
            })
        }));
    }

    /// Whether each key of a record is among those of its issuer.
    pub fn confirm(&self, verified: &Verified) -> (Confirmed, String) {
        let mut absent = Vec::new();
        for part in &verified.record.approvals.approvals {
            let (iss, owner) = match &part.kept.terms {
                SignaturePolicy::Issuer { iss, owner, .. } => (iss, owner.as_ref()),
                SignaturePolicy::SignIn { iss, .. } => (iss, None),
            };
            for key in keys(part) {
                let tenant = verified.record.request.tenant.to_string();
                let known = self.0.iter().filter(|known| known.counts_for(iss, &tenant));
                let mut known = known.filter(|known| known.key.kid == key.kid).peekable();
                if known.peek().is_none() {
                    absent.push(format!("{} of {iss}", key.kid));
                } else if !known.any(|known| known.is(key, owner)) {
                    let line = format!(
                        "--keys has another key, or another owner, under the name {} of {iss}",
                        key.kid
                    );
                    return (Confirmed::No, line);
                }
            }
        }
        if absent.is_empty() {
            let line = "each of its keys is in --keys, for its issuer".to_owned();
            return (Confirmed::Yes, line);
        }
        let line = format!("not in --keys: the key {}", absent.join(", the key "));
        (Confirmed::NotEnough, line)
    }
}

/// The keys of an approval, each once.
fn keys(part: &SignedPart) -> Vec<&PublicJwk> {
    let mut keys: Vec<_> = part.kept.keys.iter().collect();
    keys.dedup();
    keys
}

impl KnownKey {
    fn counts_for(&self, iss: &Issuer, tenant: &str) -> bool {
        // Entra's keys for all tenants name none of them.
        let named = self.key.issuer.as_ref();
        let named = named.map(|issuer| issuer.replace("{tenantid}", tenant));
        named.is_none_or(|named| named == iss.as_ref())
            && self.iss.as_ref().is_none_or(|given| given == iss)
    }

    fn is(&self, key: &PublicJwk, owner: Option<&PersonRef>) -> bool {
        self.key.is_the_key(key) && self.owner.as_ref().is_none_or(|known| Some(known) == owner)
    }
}
