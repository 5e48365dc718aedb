//! The keys of an issuer: what is in its file, and what each key is good for.

use std::path::Path;

use reregister_mfa::approval::{
    Algorithm, IssuerPolicy, KeyFault, KeyLocation, KeyPolicy, KeySet, PassedOver, RelyingParty,
    Unfit,
};
use reregister_mfa::ids::{Kid, Label};
use reregister_mfa::policy::Policy;

use super::found::Found;
use super::owners;

/// The keys of the issuer `name`, whose file is beside the policy.
pub fn of(policy: &Policy, name: &Label, issuer: &IssuerPolicy) -> Found {
    let mut found = Found::default();
    match &issuer.keys {
        KeyLocation::Url(url) => {
            found.lines.push(format!(
                "issuers.{name}: at {}, which this check does not fetch",
                url.as_str()
            ));
            owners::check(&mut found, policy, name, issuer, None);
        }
        KeyLocation::File(file) => found.read(policy, file, name, issuer),
        KeyLocation::Webauthn(at) => found.passkeys(name, issuer, at),
    }
    found
}

impl Found {
    fn read(&mut self, policy: &Policy, file: &Path, name: &Label, issuer: &IssuerPolicy) {
        let shown = file.display();
        if file.is_absolute() || !file.starts_with("keys") {
            self.warnings.push(format!(
                "{shown}, the key file of issuers.{name}, is outside the folder keys/. `make release` packs that folder only."
            ));
        }
        let json = match std::fs::read(policy.directory.join(file)) {
            Ok(json) => json,
            Err(error) => {
                return self.faults.push(format!(
                    "{shown}, the key file of issuers.{name}, cannot be read: {error}. Make it with `reregister keygen`, or remove the issuer."
                ));
            }
        };
        if contains(&json, b"PRIVATE KEY") {
            return self.faults.push(format!(
                "{shown} holds a private key. Keep private keys away from the package, and put the public key here."
            ));
        }
        let keys = match KeySet::parse(&json, &issuer.algorithms) {
            Ok(keys) => keys,
            Err(KeyFault::NotASet) => {
                return self.faults.push(format!(
                    "{shown} is not a set of public keys. It must be JSON such as {{\"keys\": [...]}}, without comments and \
                     without a member that comes twice. `reregister keygen --public {shown}` makes one."
                ));
            }
            Err(fault) => return self.faults.push(format!("{shown}: {fault}.")),
        };
        for (kid, algorithm) in keys.iter() {
            self.lines
                .push(format!("issuers.{name}: {}", line(kid, algorithm, issuer)));
        }
        self.passed_over(file, &keys);
        if keys.iter().next().is_none() {
            self.faults.push(format!(
                "{shown} has no key that issuers.{name} may use, so its approvals are all refused."
            ));
        }
        owners::check(self, policy, name, issuer, Some(&keys));
        let is_on_call = policy.channels.on_call.issuers.contains(name);
        for kid in issuer.key.keys().filter(|kid| !keys.has(kid)) {
            let text = format!(
                "issuers.{name}.{} is for a key that {shown} does not have. Write the kid as it is in the file, or remove the line.",
                owners::section(kid)
            );
            if is_on_call {
                self.faults.push(text);
            } else {
                self.warnings.push(text);
            }
        }
    }

    /// The passkeys in the policy. One that cannot be used is a fault of the policy itself.
    fn passkeys(&mut self, name: &Label, issuer: &IssuerPolicy, at: &RelyingParty) {
        let page = at.origin.as_str();
        self.lines
            .push(format!("issuers.{name}: passkeys, which sign at {page}"));
        let Ok(keys) = KeySet::of_passkeys(issuer, at) else {
            return;
        };
        for (kid, algorithm) in keys.iter() {
            self.lines.push(format!(
                "issuers.{name}: pass{}, check number {}",
                line(kid, algorithm, issuer),
                check_number(issuer, kid),
            ));
        }
        if keys.iter().next().is_none() {
            self.warnings.push(format!(
                "issuers.{name} has no passkey yet. Each person makes one at {page}/passkey."
            ));
        }
    }

    /// The keys of the file that the function does not use.
    fn passed_over(&mut self, file: &Path, keys: &KeySet) {
        let shown = file.display();
        for passed_over in keys.passed_over() {
            let PassedOver { kid, why } = passed_over;
            if *why == Unfit::Private {
                self.faults.push(format!(
                    "{shown}: the key {kid} is a private key. Make a new key pair, and put only its public key here."
                ));
            } else {
                self.warnings.push(format!("{shown}: {passed_over}."));
            }
        }
    }
}

/// What a key is good for.
fn line(kid: &Kid, algorithm: Algorithm, issuer: &IssuerPolicy) -> String {
    let owner = match issuer.owner(kid) {
        Some(owner) => format!("owner {owner}"),
        None => "no owner".to_owned(),
    };
    let domain = issuer.domain(kid);
    let algorithm = algorithm.name();
    format!("key {kid}, {algorithm}, {owner}, trust domain {domain}")
}

/// What the person who made the passkey reads out, as the page has shown it.
fn check_number(issuer: &IssuerPolicy, kid: &Kid) -> String {
    let key = issuer.key.get(kid);
    key.and_then(KeyPolicy::check_number).unwrap_or_default()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
