//! policy.toml: the tour's is good, the shipped one is as soon as it is filled in, and one that contradicts itself is
//! refused with a reason and a place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

#[path = "policies/desk.rs"]
mod desk;
#[path = "support/document.rs"]
mod document;
#[path = "policies/keys.rs"]
mod keys;
#[path = "policies/passkeys.rs"]
mod passkeys;

use reregister_mfa::policy::{Policy, PolicyError};
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
fn the_policy_of_the_tour_is_good() {
    parse(TOUR).unwrap();
    let written_anew = Document::from_toml(TOUR).to_toml();
    parse(&written_anew).unwrap();
}

const SHIPPED: &str = include_str!("../policy.toml");

/// Answers to all that the shipped policy asks, by path.
fn answers() -> [(&'static str, Value); 16] {
    let id = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";
    let (status, field) = ("10042", "customfield_10123");
    [
        (
            "audience.webhook",
            json!("https://mfa.contoso.com/webhooks"),
        ),
        ("audience.on_call", json!("https://mfa.contoso.com/resets")),
        ("tenants.contoso.id", json!(id)),
        (
            "tenants.contoso.rules.approvers.0",
            json!("sam.approver@contoso.com"),
        ),
        ("tenants.contoso.rules.pim", json!("licensed")),
        ("sources.jira.approved.0", json!(status)),
        ("sources.jira.approvals_field", json!(field)),
        ("sources.jira-automation.approved.0", json!(status)),
        ("sources.jira-automation.approvals_field", json!(field)),
        (
            "issuers.service-desk.iss",
            json!("https://approvals.contoso.com"),
        ),
        (
            "issuers.service-desk.keys.url",
            json!("https://approvals.contoso.com/jwks.json"),
        ),
        (
            "issuers.security.iss",
            json!("https://approvals.security.contoso.com"),
        ),
        ("issuers.on-call.iss", json!("https://on-call.contoso.com")),
        (
            "issuers.on-call.key.olga-2026.owner",
            json!("olga.oncall@contoso.com"),
        ),
        (
            "issuers.on-call.key.ada-2026.owner",
            json!("ada.approver@contoso.com"),
        ),
        ("tenants.contoso.rules.break_glass", json!([id])),
    ]
}

#[test]
fn the_shipped_policy_is_refused_until_every_question_in_it_has_an_answer() {
    let answers = answers();
    let mut policy = Document::from_toml(SHIPPED);
    for (answered, (path, answer)) in answers.iter().enumerate() {
        let refusal = Policy::parse(&policy.to_toml(), ".".into());
        let Err(PolicyError::Unanswered { faults, .. }) = refusal else {
            panic!("accepted with {answered} answers, or refused for another reason: {refusal:?}");
        };
        assert_eq!(faults.len(), answers.len() - answered, "{faults:?}");
        let field = path.trim_end_matches(".0");
        assert!(
            faults.iter().any(|fault| fault.what.starts_with(field)),
            "{field}: {faults:?}"
        );
        policy = policy.set(path, answer.clone());
    }
    parse(&policy.to_toml()).unwrap();
}

#[test]
fn an_id_of_an_example_is_refused_wherever_it_stands() {
    let ids = [
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000002",
    ];
    for id in ids {
        for (path, value) in [
            ("tenants.contoso.id", json!(id)),
            ("tenants.contoso.rules.break_glass", json!([id])),
            ("tenants.contoso.rules.approvers.0", json!(id)),
            ("issuers.on-call.key.olga-2026.owner", json!(id)),
            (
                "tenants.contoso.entra.credential",
                json!({"federated": {"client_id": id}}),
            ),
        ] {
            let refusal = refusal_with(|policy| policy.set(path, value));
            assert!(
                refusal.contains("is the id of an example"),
                "{path}: {refusal}"
            );
        }
        let groups = json!([id]);
        let refusal =
            refusal_with(|policy| policy.add("tenants.contoso.rules.privileged_groups", groups));
        assert!(
            refusal.contains("rules.privileged_groups holds"),
            "{refusal}"
        );
    }
}

#[test]
fn a_person_whose_name_has_an_invisible_character_is_refused_wherever_the_policy_names_one() {
    for path in [
        "tenants.contoso.rules.approvers.0",
        "issuers.on-call.key.olga-2026.owner",
    ] {
        for name in [
            "olga\u{200b}@contoso.example",
            "olga@contoso.example\u{202c}",
        ] {
            let refusal = refusal_with(|policy| policy.set(path, name));
            assert!(
                refusal.contains("not an object id or a user principal name"),
                "{path}: {refusal}"
            );
        }
    }
}

#[test]
fn an_organisation_has_a_short_name_or_none() {
    let policy = |name: &str| parse(&format!("organisation = {}\n{TOUR}", json!(name)));
    assert_eq!(parse(TOUR).unwrap().sections.organisation, None);
    for good in ["Contoso", "Müller & Söhne", &"ö".repeat(64)] {
        assert_eq!(
            policy(good).unwrap().sections.organisation.as_deref(),
            Some(good)
        );
    }
    for wrong in ["", " ", "Contoso\nInc.", &"x".repeat(65)] {
        let refusal = policy(wrong).unwrap_err();
        assert!(
            refusal.contains("organisation: not a name of 1 to 64"),
            "{refusal}"
        );
    }
}

/// The tour's policy with `old` replaced by `new`.
fn refusal_of(old: &str, new: &str) -> String {
    assert_eq!(TOUR.matches(old).count(), 1, "{old}");
    parse(&TOUR.replace(old, new))
        .err()
        .unwrap_or_else(|| panic!("accepted: {new}"))
}

#[test]
fn what_is_wrong_with_a_policy_is_said_in_one_line_with_its_place_and_its_name() {
    let said: Vec<String> = [
        (
            "break_glass = [\"a1000000-0000-4000-8000-00000000000a\"]",
            "break_glass = \"non\"",
        ),
        (
            "break_glass = [\"a1000000-0000-4000-8000-00000000000a\"]",
            "break_glass = []",
        ),
        (
            "break_glass = [\"a1000000-0000-4000-8000-00000000000a\"]\n",
            "",
        ),
        ("restricted_units = true", "restricted_units = tru"),
        ("restricted_units = true", "restricted_unit = true"),
        (
            "id = \"7d6f5c4b-3a29-4180-9c7e-6b5a49382716\"",
            "id = \"7d6f5c4b\"",
        ),
        ("[sources.jira]", "[sources.jira"),
        (
            "[sources.jira]\nscheme = \"jira_webhook\"",
            "[sources.jira]\nscheme = \"jira\"",
        ),
        (
            "scheme.standard_webhooks.tolerance = \"60m\"",
            "scheme.standard_webhooks.tolerance = \"60\"",
        ),
        (
            "key.olga-2026.owner = \"olga.oncall@contoso.example\"",
            "key.olga-2026.owner = \"olga\"",
        ),
        (
            "[on_call]\nissuers = [\"on-call\"]",
            "[on_call]\nissuers = [\"oncall\"]",
        ),
        ("[on_call]\nissuers = [\"on-call\"]\nprivileged = true", ""),
        ("answer_within = \"25s\"", "answer_within = \"2s\""),
    ]
    .into_iter()
    .map(|(old, new)| refusal_of(old, new))
    .collect();
    for refusal in &said {
        assert!(!refusal.contains('\n'), "{refusal:?}");
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    policy.toml: line 21, column 15: tenants.contoso.rules.break_glass: expected a list of object ids, or "none" for a tenant that has no such account
    policy.toml: line 21, column 15: tenants.contoso.rules.break_glass lists no account: say "none" if there is none
    policy.toml: line 20, column 1: tenants.contoso.rules: missing field `break_glass`
    policy.toml: line 18, column 20: invalid boolean, expected `true`
    policy.toml: line 18, column 1: tenants.contoso.privileged.restricted_unit: unknown field `restricted_unit`, expected `credential` or `restricted_units`
    policy.toml: line 8, column 6: tenants.contoso.id: not an Entra tenant id (a UUID)
    policy.toml: line 24, column 14: unclosed table, expected `]`
    policy.toml: line 25, column 10: sources.jira.scheme: unknown variant `jira`, expected one of `jira_webhook`, `secret_header`, `standard_webhooks`
    policy.toml: line 42, column 38: sources.servicenow.scheme.standard_webhooks.tolerance: this is no length of time: write one such as "15s" or "60m"
    policy.toml: line 70, column 23: issuers.on-call.key.olga-2026.owner: not an object id or a user principal name
    policy.toml: line 74, column 1: on_call names the issuer oncall, which is not in [issuers]: add the issuer or correct the name
    policy.toml: the section [on_call] is missing: add it. With issuers = [] it closes POST /resets
    policy.toml: line 47, column 1: sources.servicenow: answer_within is too short for a reset: make it 8s or more
    "#);
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
            "organisation: not a name of 1 to 64",
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
            "all keys from keys.url have one domain",
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

#[test]
fn two_things_of_a_policy_that_have_to_be_apart_and_are_one_are_refused() {
    type Change = fn(Document) -> Document;
    let changes: [Change; 9] = [
        |policy| policy.set("sources.jira-automation.secret", "sandbox/jira"),
        |policy| policy.set("sources.servicenow.secret", "sandbox/jira"),
        |policy| {
            policy.set(
                "tenants.contoso.privileged.credential.secret",
                "sandbox/graph",
            )
        },
        |policy| {
            let app = |id: &str| json!({"federated": {"client_id": id}});
            policy
                .set(
                    "tenants.contoso.entra.credential",
                    app("0b1c2d3e-4f50-4162-8738-495a6b7c8d9e"),
                )
                .set(
                    "tenants.contoso.privileged.credential",
                    app("0B1C2D3E-4F50-4162-8738-495A6B7C8D9E"),
                )
        },
        |policy| policy.set("issuers.security.keys.file", "service-desk.jwks.json"),
        |policy| {
            let url = json!({"url": "https://keys.contoso.example"});
            let policy = policy.set("issuers.security.keys", url.clone());
            policy.set("issuers.service-desk.keys", url)
        },
        |policy| {
            let url = json!({"url": "https://keys.contoso.example"});
            let policy = policy.remove("issuers.on-call.key.ada-2026");
            policy.set("issuers.on-call.keys", url)
        },
        |policy| policy.set("audience.webhook", ""),
        |policy| policy.set("audience.on_call", " "),
    ];
    let said = changes.map(refusal_with);
    insta::assert_snapshot!(said.join("\n"), @r"
    policy.toml: line 58, column 1: sources.jira-automation has the secret of sources.jira: make another secret in Secrets Manager for one of them
    policy.toml: line 68, column 1: sources.servicenow has the secret of sources.jira: make another secret in Secrets Manager for one of them
    policy.toml: line 86, column 29: tenants.contoso.privileged has the credential of tenants.contoso.entra: make a second app registration for privileged people
    policy.toml: line 86, column 29: tenants.contoso.privileged has the credential of tenants.contoso.entra: make a second app registration for privileged people
    policy.toml: line 37, column 23: issuers.service-desk has the keys of issuers.security: give each issuer keys of its own, or remove one of the two
    policy.toml: line 37, column 23: issuers.service-desk has the keys of issuers.security: give each issuer keys of its own, or remove one of the two
    policy.toml: line 15, column 18: issuers.on-call is for on call, and its keys come from an address: put them into a file, with keys.file, or remove on-call from on_call.issuers
    policy.toml: line 4, column 1: audience.webhook is empty: choose a text that no other deployment has
    policy.toml: line 3, column 1: audience.on_call is empty: choose a text that no other deployment has
    ");
}

#[test]
fn a_name_in_a_policy_that_is_empty_is_refused() {
    for (path, value, field) in [
        ("sources.jira.approved", json!([""]), "approved"),
        ("sources.jira.approved", json!(["10042", " "]), "approved"),
        ("sources.jira.approvals_field", json!(""), "approvals_field"),
    ] {
        let refusal = refusal_with(|policy| policy.set(path, value));
        assert!(
            refusal.contains(&format!("sources.jira.{field}")) || refusal.contains("no status"),
            "{refusal}"
        );
    }
    let refusal = refusal_with(|policy| policy.add("sources.jira.user_field", " "));
    assert!(
        refusal.contains("sources.jira.user_field is empty"),
        "{refusal}"
    );
}
