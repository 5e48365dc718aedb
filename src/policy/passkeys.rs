//! What issuers of passkeys have to say, and the others must not.

use std::collections::BTreeMap;

use reqwest::Url;

use super::error::{Contradiction, contradiction};
use super::{Sections, Tenant};
use crate::approval::{IssuerPolicy, KeyPolicy, KeySet, RelyingParty};
use crate::desk::{OwnedPasskey, PasskeyForm};
use crate::http::PasskeySettings;
use crate::ids::{Kid, Label};

impl Sections {
    pub(super) fn check_passkeys(&self) -> Result<(), Contradiction> {
        let mut credentials = BTreeMap::new();
        let mut first = None;
        for (name, issuer) in &self.issuers {
            let Some(at) = issuer.keys.relying_party() else {
                check_other_keys(name, issuer)?;
                continue;
            };
            // The page signs for one issuer.
            if let Some(other) = first.replace(name) {
                return Err(contradiction(
                    format!("issuers.{name}.keys"),
                    format!(
                        "issuers.{name} and issuers.{other} both have passkeys: put them under one issuer. Each passkey may have a domain of its own"
                    ),
                ));
            }
            for (kid, key) in &issuer.key {
                check_line(name, kid, key)?;
                let is_new = |credential| credentials.insert(credential, kid).is_none();
                if !key.credential.as_ref().is_some_and(is_new) {
                    return Err(contradiction(
                        place(name, kid),
                        format!(
                            "the key {kid} of issuers.{name} has the credential of another key: remove one of them"
                        ),
                    ));
                }
            }
            KeySet::of_passkeys(issuer, at).map_err(|unfit| {
                contradiction(
                    format!("issuers.{name}.key.{}", unfit.kid),
                    format!(
                        "issuers.{name}: the passkey {} cannot be used: {}. Copy its line again from the page /passkey",
                        unfit.kid, unfit.why
                    ),
                )
            })?;
        }
        Ok(())
    }

    /// The issuer with passkeys: there is one at most.
    fn passkey_issuer(&self) -> Option<(&Label, &IssuerPolicy, &RelyingParty)> {
        let mut issuers = self.issuers.iter();
        issuers.find_map(|(name, one)| Some((name, one, one.keys.relying_party()?)))
    }

    /// What the pages have to know of the issuer with passkeys, if there is one.
    pub fn passkey_settings(&self) -> Option<PasskeySettings> {
        let (name, issuer, at) = self.passkey_issuer()?;
        let on_call = self.on_call.issuers.contains(name);
        let mut sources = self.sources.values();
        let in_tickets = sources.any(|source| source.issuers.contains(name));
        let tenants = self.tenants.iter();
        let named = tenants.map(|(name, tenant)| (name.to_string(), tenant.id.to_string()));
        Some(PasskeySettings {
            name: name.to_string(),
            iss: issuer.iss.to_string(),
            rp_id: at.rp_id().to_owned(),
            origin: at.origin().as_str().to_owned(),
            algorithms: issuer.algorithms.iter().map(|one| one.name()).collect(),
            on_call: on_call.then(|| self.audience.on_call.clone()),
            ticket: in_tickets.then(|| self.audience.webhook.clone()),
            tenants: named.filter(|_| self.tenants.len() > 1).collect(),
        })
    }

    /// Where the approvers of the desk sign with a passkey, if any passkey counts on call or in tickets.
    pub(super) fn passkey_form(&self, desk: &Tenant) -> Option<PasskeyForm> {
        let settings = self.passkey_settings()?;
        let (counts_on_call, counts_in_tickets) =
            (settings.on_call.is_some(), settings.ticket.is_some());
        let (_, issuer, at) = self.passkey_issuer()?;
        let owned = issuer.key.iter().filter_map(|(kid, key)| {
            Some(OwnedPasskey {
                owner: key.owner.clone()?,
                kid: kid.clone(),
                credential: key.credential.clone()?,
            })
        });
        let form = PasskeyForm {
            page: Url::parse(at.origin().as_str()).ok()?,
            counts_on_call,
            counts_in_tickets,
            tenant: (self.tenants.len() > 1).then_some(desk.id),
            passkeys: owned.collect(),
        };
        (counts_on_call || counts_in_tickets).then_some(form)
    }
}

/// A passkey belongs to a person, and all of it is in its line.
fn check_line(name: &Label, kid: &Kid, key: &KeyPolicy) -> Result<(), Contradiction> {
    let missing = [
        ("owner", key.owner.is_none()),
        ("credential", key.credential.is_none()),
        ("public_key", key.public_key.is_none()),
    ];
    match missing.into_iter().find(|(_, is_missing)| *is_missing) {
        None => Ok(()),
        Some((member, _)) => Err(contradiction(
            place(name, kid),
            format!(
                "the passkey {kid} of issuers.{name} has no {member}: copy the whole line from the page /passkey"
            ),
        )),
    }
}

fn check_other_keys(name: &Label, issuer: &IssuerPolicy) -> Result<(), Contradiction> {
    let is_passkey = |key: &KeyPolicy| key.credential.is_some() || key.public_key.is_some();
    let mut keys = issuer.key.iter();
    match keys.find(|(_, key)| is_passkey(key)) {
        None => Ok(()),
        Some((kid, _)) => Err(contradiction(
            place(name, kid),
            format!(
                "the key {kid} of issuers.{name} is a passkey, and that issuer has other keys: move the line to an issuer with keys.webauthn"
            ),
        )),
    }
}

fn place(name: &Label, kid: &Kid) -> String {
    format!("issuers.{name}.key.{kid}")
}
