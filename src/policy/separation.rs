//! What has to be apart: where two things of a policy are one, an attacker who steals it has both.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{Contradiction, contradiction};
use super::{Sections, Tenant};
use crate::approval::{IssuerPolicy, KeyLocation, KeySet};
use crate::entra::Credential;
use crate::ids::{Digest, Kid, Label};

impl Sections {
    /// Secrets, credentials and places of keys, as far as the policy names them.
    pub(super) fn check_separation(&self) -> Result<(), Contradiction> {
        self.check_webhook_secrets()?;
        self.check_credentials()?;
        self.check_places_of_keys()?;
        self.check_on_call_keys()
    }

    /// An attacker who has the secret of one source could send as the other: one of Jira Automation, which is in every
    /// request, could sign for the webhook of Jira.
    fn check_webhook_secrets(&self) -> Result<(), Contradiction> {
        let mut known = BTreeMap::new();
        for (name, source) in &self.sources {
            if let Some(other) = known.insert(&source.secret, name) {
                return Err(contradiction(
                    format!("sources.{name}.secret"),
                    format!(
                        "sources.{name} has the secret of sources.{other}: make another secret in Secrets Manager for one of them"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The credential for privileged people must be none that acts on standard people, in any tenant.
    fn check_credentials(&self) -> Result<(), Contradiction> {
        for (name, tenant) in &self.tenants {
            let Some(privileged) = &tenant.privileged else {
                continue;
            };
            let is_same = |(_, other): &(&Label, &Tenant)| {
                is_one_app(&privileged.credential, &other.entra.credential)
            };
            if let Some((other, _)) = self.tenants.iter().find(is_same) {
                return Err(contradiction(
                    format!("tenants.{name}.privileged.credential"),
                    format!(
                        "tenants.{name}.privileged has the credential of tenants.{other}.entra: make a second app registration for privileged people"
                    ),
                ));
            }
        }
        Ok(())
    }

    fn check_places_of_keys(&self) -> Result<(), Contradiction> {
        let mut issuers = self.issuers.iter();
        while let Some((name, issuer)) = issuers.next() {
            let mut others = issuers.clone();
            if let Some((other, _)) = others.find(|(_, other)| other.keys == issuer.keys) {
                return Err(contradiction(
                    format!("issuers.{other}.keys"),
                    format!(
                        "issuers.{other} has the keys of issuers.{name}: give each issuer keys of its own, or remove one of the two"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// On call, a key belongs to one person. At an address its administrators could publish another key in that person's
    /// name at any time.
    fn check_on_call_keys(&self) -> Result<(), Contradiction> {
        let has_url = |name: &&Label| {
            self.issuers
                .get(*name)
                .is_some_and(|issuer| matches!(issuer.keys, KeyLocation::Url(_)))
        };
        match self.on_call.issuers.iter().find(has_url) {
            None => Ok(()),
            Some(name) => Err(contradiction(
                format!("issuers.{name}.keys"),
                format!(
                    "issuers.{name} is for on call, and its keys come from an address: put them into a file, with keys.file, or remove {name} from on_call.issuers"
                ),
            )),
        }
    }

    /// No private key may sign for two issuers, trust domains or owners. The key files are read from `directory`; one
    /// that cannot be read has no keys, and only its own issuer is not heard.
    pub(super) fn check_keys(&self, directory: &Path) -> Result<(), Contradiction> {
        let mut known: BTreeMap<Digest, Signer<'_>> = BTreeMap::new();
        for (name, issuer) in &self.issuers {
            let Some(keys) = keys_here(issuer, directory) else {
                continue;
            };
            for (kid, half) in keys.private_halves() {
                let signer = Signer {
                    name,
                    issuer,
                    kid: kid.clone(),
                };
                if let Some(other) = known.get(half)
                    && !signer.is(other)
                {
                    return Err(contradiction(
                        format!("issuers.{name}.keys"),
                        format!(
                            "the key {kid} of issuers.{name} and the key {} of issuers.{} are one key: make a new key for one of them",
                            other.kid, other.name
                        ),
                    ));
                }
                known.insert(half.clone(), signer);
            }
        }
        Ok(())
    }
}

/// The keys that the policy or a file beside it has.
fn keys_here(issuer: &IssuerPolicy, directory: &Path) -> Option<KeySet> {
    match &issuer.keys {
        KeyLocation::File(file) => {
            let json = std::fs::read(directory.join(file)).ok()?;
            KeySet::parse(&json, &issuer.algorithms).ok()
        }
        KeyLocation::Url(_) => None,
        KeyLocation::Webauthn(at) => KeySet::of_passkeys(issuer, at).ok(),
    }
}

/// In whose name a key signs.
struct Signer<'p> {
    name: &'p Label,
    issuer: &'p IssuerPolicy,
    kid: Kid,
}

impl Signer<'_> {
    /// Whether both names of the key mean the same.
    fn is(&self, other: &Signer<'_>) -> bool {
        self.name == other.name
            && self.issuer.domain(&self.kid) == other.issuer.domain(&other.kid)
            && self.issuer.owner(&self.kid) == other.issuer.owner(&other.kid)
    }
}

/// Whether two credentials are known to be of one app registration. Which app a secret is for is in the secret.
pub(super) fn is_one_app(one: &Credential, other: &Credential) -> bool {
    match (one, other) {
        (Credential::Secret(one), Credential::Secret(other)) => one == other,
        (
            Credential::Federated { client_id: one, .. },
            Credential::Federated {
                client_id: other, ..
            },
        ) => one.trim().eq_ignore_ascii_case(other.trim()),
        (Credential::Secret(_), Credential::Federated { .. })
        | (Credential::Federated { .. }, Credential::Secret(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;

    const TOUR: &str = include_str!("../../examples/policy.toml");
    const APP: &str = "credential.federated.client_id = \"0b1c2d3e-4f50-4162-8738-495a6b7c8d9e\"";
    const FABRIKAM: &str = r#"
[tenants.fabrikam]
id = "00000000-0000-4000-8000-000000000001"
rules.break_glass = "none"
entra."#;

    #[test]
    fn a_credential_for_privileged_people_is_no_other_tenants_either() {
        let policy = TOUR
            .replace("credential.secret = \"sandbox/graph-privileged\"", APP)
            .replace("\nsecret =", "\ntenant = \"contoso\"\nsecret =");
        let policy = Policy::parse(&format!("{policy}{FABRIKAM}{APP}\n"), ".".into());
        let refusal = policy.err().unwrap().to_string();
        let said = "tenants.contoso.privileged has the credential of tenants.fabrikam.entra";
        assert!(refusal.contains(said), "{refusal}");
    }
}
