//! policy.toml: the two of this repository are good, and one that contradicts itself is refused with a reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

#[path = "support/document.rs"]
mod document;

use reregister_mfa::policy::Policy;
use serde_json::{Value, json};

use document::Document;

const TOUR: &str = include_str!("../examples/policy.toml");

fn parse(text: &str) -> Result<Policy, String> {
    Policy::parse(text, ".".into()).map_err(|error| error.to_string())
}

/// Why the tour's policy is refused with this change.
fn refusal_with(change: impl FnOnce(Document) -> Document) -> String {
    let changed = change(Document::from_toml(TOUR)).to_toml();
    let refusal = parse(&changed).err();
    refusal.unwrap_or_else(|| panic!("this policy was accepted:\n{changed}"))
}

#[test]
fn the_policies_of_this_repository_are_good() {
    parse(TOUR).unwrap();
    parse(include_str!("../policy.toml")).unwrap();
    let written_anew = Document::from_toml(TOUR).to_toml();
    parse(&written_anew).unwrap();
}

#[test]
fn a_policy_with_a_wrong_value_is_refused_and_the_refusal_says_where() {
    let cases: [(&str, Value, &str); 11] = [
        (
            "on_call.issuers",
            json!(["missing"]),
            "on_call names the issuer missing",
        ),
        (
            "sources.jira.issuers",
            json!(["x"]),
            "sources.jira names the issuer x",
        ),
        (
            "audience.on_call",
            json!("https://mfa.contoso.example/webhooks"),
            "two audiences must differ",
        ),
        (
            "issuers.on-call.iss",
            json!("https://approvals.contoso.example"),
            "has the iss of another",
        ),
        (
            "tenants.contoso.entra.login",
            json!("http://127.0.0.1:8443/#aside"),
            "base URL",
        ),
        (
            "tenants.contoso.entra.graph",
            json!("http://graph.attacker.example"),
            "base URL",
        ),
        (
            "sources.jira.approved",
            json!([]),
            "no status that means approved",
        ),
        ("issuers.security.algorithms", json!([]), "has no algorithm"),
        ("issuers.security.algorithms", json!(["HS256"]), "HS256"),
        ("issuers.security.algorithms", json!(["none"]), "none"),
        ("sources.jira.answer_within", json!("-15s"), "negative"),
    ];
    for (path, value, expected) in cases {
        let refusal = refusal_with(|policy| policy.set(path, value));
        assert!(refusal.contains(expected), "{path}: {refusal}");
    }
}

#[test]
fn a_policy_with_a_missing_unknown_or_contradictory_setting_is_refused_and_the_refusal_says_which()
{
    type Change = fn(Document) -> Document;
    let cases: [(Change, &str); 6] = [
        (
            |policy| policy.add("organisation", "x".repeat(65)),
            "organisation is a name of 1 to 64 characters",
        ),
        (
            |policy| policy.remove("tenants.contoso.rules.break_glass"),
            "break_glass",
        ),
        (
            |policy| policy.add("sources.jira.answer_wihtin", "15s"),
            "answer_wihtin",
        ),
        (
            |policy| policy.add("sources.jira-automation.privileged", true),
            "may not ask for privileged people",
        ),
        (
            |policy| {
                let url = json!({"url": "https://keys.example"});
                policy.set("issuers.on-call.keys", url)
            },
            "all its keys are of one domain",
        ),
        (
            |policy| {
                let url = json!({"url": "http://x.example"});
                policy.set("issuers.service-desk.keys", url)
            },
            "https",
        ),
    ];
    for (change, expected) in cases {
        let refusal = refusal_with(change);
        assert!(refusal.contains(expected), "{expected}: {refusal}");
    }
}

#[test]
fn a_tenant_without_a_break_glass_account_is_accepted_only_if_the_policy_says_none() {
    let break_glass = "tenants.contoso.rules.break_glass";
    let none = Document::from_toml(TOUR).set(break_glass, "none");
    parse(&none.to_toml()).unwrap();
    for other in [json!("no account"), json!([])] {
        refusal_with(|policy| policy.set(break_glass, other));
    }
}

#[test]
fn with_two_tenants_a_source_must_say_which_is_its_own() {
    let second = |id: &str| {
        json!({
            "id": id,
            "entra": {"credential": {"secret": "x"}},
            "rules": {"break_glass": "none"},
        })
    };
    let other = second("00000000-0000-4000-8000-000000000001");
    let refusal = refusal_with(|policy| policy.add("tenants.fabrikam", other));
    assert!(
        refusal.contains("must name one of the tenants"),
        "{refusal}"
    );
    // A resumption is judged by the rules of the tenant with the record's id: there must be one such tenant.
    let twin = second("7d6f5c4b-3a29-4180-9c7e-6b5a49382716");
    let refusal = refusal_with(|policy| policy.add("tenants.fabrikam", twin));
    assert!(
        refusal.contains("has the id of another tenant"),
        "{refusal}"
    );
}
