//! What a policy may say, and what a deployer may not have meant.

use std::collections::BTreeSet;

use reregister_mfa::approval::sign_in::DOMAIN;
use reregister_mfa::ids::Label;
use reregister_mfa::policy::{Policy, Tenant};
use reregister_mfa::reset::BreakGlass;

/// Plain sentences.
pub fn of(policy: &Policy) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, tenant) in &policy.sections.tenants {
        of_tenant(name, tenant, &mut warnings);
    }
    of_channels(policy, &mut warnings);
    of_issuers(policy, &mut warnings);
    warnings
}

fn of_tenant(name: &Label, tenant: &Tenant, warnings: &mut Vec<String>) {
    if tenant.privileged.is_none() {
        warnings.push(format!(
            "There is no section [tenants.{name}.privileged], so every request for an administrator or an approver is refused."
        ));
    }
    if matches!(tenant.rules.break_glass, BreakGlass::None(_)) {
        warnings.push(format!(
            "tenants.{name}.rules names no break-glass account, so none is protected."
        ));
    }
}

fn of_channels(policy: &Policy, warnings: &mut Vec<String>) {
    let sections = &policy.sections;
    let on_call = &policy.channels.on_call;
    if on_call.issuers.is_empty() {
        warnings.push("on_call.issuers is empty, so POST /resets is closed.".to_owned());
        if sections.sources.is_empty() && sections.desk.is_none() {
            warnings.push(
                "There is neither a ticket system nor a desk: no request can come in.".to_owned(),
            );
        }
    }
    let sources = sections.sources.values();
    let asks = on_call.privileged || sources.into_iter().any(|source| source.privileged);
    let has_app = sections
        .tenants
        .values()
        .any(|tenant| tenant.privileged.is_some());
    if has_app && !asks {
        warnings.push(
            "Neither a source nor [on_call] has `privileged = true`, so no request for privileged people is accepted."
                .to_owned(),
        );
    }
    // Two approvals come together, so that one channel has to take both.
    let of_sources = sections.sources.values();
    let of_sources = of_sources.filter(|source| source.privileged);
    let mut asking = of_sources
        .map(|source| domains(policy, &source.issuers))
        .chain(
            on_call
                .privileged
                .then(|| domains(policy, &on_call.issuers)),
        );
    if asks && !asking.any(|domains| domains.len() > 1) {
        warnings.push(
            "Privileged people need approvals from two trust domains, so none can be reset here: a source or [on_call] with `privileged = true` has to list issuers with `privileged = true` of two trust domains."
                .to_owned(),
        );
    }
}

/// The trust domains of those of these issuers, the desk among them, that count for privileged people.
fn domains<'a>(
    policy: &'a Policy,
    issuers: impl IntoIterator<Item = &'a Label>,
) -> BTreeSet<&'a str> {
    let sections = &policy.sections;
    let mut domains = BTreeSet::new();
    for name in issuers {
        if let Some(issuer) = sections.issuers.get(name) {
            if issuer.privileged {
                let of_keys = issuer.key.values().filter_map(|key| key.domain.as_ref());
                domains.extend(of_keys.chain([&issuer.domain]).map(AsRef::as_ref));
            }
        } else if sections.desk.as_ref().is_some_and(|desk| desk.privileged) {
            domains.insert(DOMAIN);
        }
    }
    domains
}

fn of_issuers(policy: &Policy, warnings: &mut Vec<String>) {
    let sections = &policy.sections;
    let on_call = &policy.channels.on_call.issuers;
    for name in sections.issuers.keys() {
        let is_heard = on_call.contains(name)
            || sections
                .sources
                .values()
                .any(|source| source.issuers.contains(name));
        if !is_heard {
            warnings.push(format!(
                "Neither a source nor [on_call] names the issuer {name}, so its approvals are all refused."
            ));
        }
    }
}
