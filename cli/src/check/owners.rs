//! Keys without an owner: who may sign with them, and who is protected.

use reregister_mfa::approval::{IssuerPolicy, KeySet};
use reregister_mfa::ids::{Kid, Label, PersonRef};
use reregister_mfa::policy::Policy;

use super::found::Found;

/// Compares the owners that the policy names with the keys of the issuer `name`; keys by URL are not known here.
pub fn check(
    found: &mut Found,
    policy: &Policy,
    name: &Label,
    issuer: &IssuerPolicy,
    keys: Option<&KeySet>,
) {
    let is_on_call = policy.channels.on_call.issuers.contains(name);
    let unowned: Vec<&Kid> = keys
        .into_iter()
        .flat_map(KeySet::iter)
        .map(|(kid, _)| kid)
        .filter(|kid| issuer.owner(kid).is_none())
        .collect();
    if is_on_call {
        found.faults.extend(unowned.iter().map(|kid| {
            let section = section(kid);
            format!(
                "issuers.{name}: the key {kid} has no owner; on call it is refused: add {section}.owner"
            )
        }));
    }
    let whose = match keys {
        None => "Its keys come by URL, so they may have no owner.".to_owned(),
        Some(_) if unowned.is_empty() => return,
        Some(_) => format!("No owner: {}.", list(&unowned)),
    };
    for tenant in without_approvers(policy) {
        found.warnings.push(format!(
            "issuers.{name} and tenants.{tenant}.rules: approvers is empty. {whose} The people who approve with such a key \
             count as standard people, and one approval resets them. List them in approvers."
        ));
    }
}

/// The tenants whose policy lists no approver. Owners of keys count as approvers, and are not in that list.
fn without_approvers(policy: &Policy) -> impl Iterator<Item = &Label> {
    let owners: Vec<&PersonRef> = policy
        .sections
        .issuers
        .values()
        .flat_map(|issuer| issuer.key.values())
        .filter_map(|key| key.owner.as_ref())
        .collect();
    let tenants = policy.sections.tenants.iter();
    tenants
        .filter(move |(_, tenant)| {
            let people = &tenant.rules.privileged_people;
            people.iter().all(|person| owners.contains(&person))
        })
        .map(|(name, _)| name)
}

/// How the policy writes what is special about a key: TOML takes a dot for the next name.
pub fn section(kid: &Kid) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if kid.as_ref().bytes().all(bare) {
        format!("key.{kid}")
    } else {
        format!("key.\"{kid}\"")
    }
}

fn list(kids: &[&Kid]) -> String {
    let kids: Vec<String> = kids.iter().map(ToString::to_string).collect();
    kids.join(", ")
}
