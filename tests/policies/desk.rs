//! `[desk]`: with it people approve by signing in, and nothing else is needed.

use serde_json::json;

use super::{Document, parse, refusal_with};

const VERIFIERS: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382711";
const APPROVERS: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382712";

/// All that a first look at the desk needs.
const DESK_ALONE: &str = r#"
[audience]
webhook = "https://mfa.contoso.com/webhooks"
on_call = "https://mfa.contoso.com/resets"
desk = "https://mfa.contoso.com/desk"

[tenants.contoso]
id = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716"
entra.credential.secret = "reregister-mfa/graph"
rules = { break_glass = "none", pim = "licensed" }

[desk]
url = "https://mfa.contoso.com/desk"
client_id = "7d6f5c4b-3a29-4180-9c7e-6b5a49382713"
credential.secret = "reregister-mfa/desk"
verifiers = "7d6f5c4b-3a29-4180-9c7e-6b5a49382711"
approvers = "7d6f5c4b-3a29-4180-9c7e-6b5a49382712"
context = "c1"

[on_call]
issuers = []
"#;

fn with_desk(policy: Document) -> Document {
    policy.add(
        "desk",
        json!({
            "url": "https://mfa.contoso.example/desk",
            "client_id": "7d6f5c4b-3a29-4180-9c7e-6b5a49382713",
            "credential": {"secret": "reregister-mfa/desk"},
            "verifiers": VERIFIERS,
            "approvers": APPROVERS,
            "context": "c1",
        }),
    )
}

#[test]
fn twenty_lines_are_a_policy_for_the_desk_alone() {
    assert!(DESK_ALONE.lines().filter(|line| !line.is_empty()).count() <= 20);
    let policy = parse(DESK_ALONE).unwrap();
    let desk = policy.sections.resolved_desk().unwrap();
    let iss = "https://login.microsoftonline.com/7d6f5c4b-3a29-4180-9c7e-6b5a49382716/v2.0";
    assert_eq!(desk.sign_in.iss.as_ref(), iss);
    assert!(desk.settings.notes.is_none());
}

#[test]
fn the_groups_of_the_desk_make_their_members_privileged() {
    let policy = parse(DESK_ALONE).unwrap();
    let rules = &policy.sections.tenants.values().next().unwrap().rules;
    for group in [VERIFIERS, APPROVERS] {
        assert!(rules.privileged_groups.contains(&group.parse().unwrap()));
    }
}

#[test]
fn a_desk_that_contradicts_itself_or_the_rest_is_refused_with_the_reason() {
    for (path, value, why) in [
        (
            "desk.url",
            json!("http://mfa.contoso.example/desk"),
            "https://HOST/desk",
        ),
        (
            "desk.url",
            json!("https://mfa.contoso.example/desk/"),
            "https://HOST/desk",
        ),
        (
            "desk.url",
            json!("https://mfa.contoso.example/desk?x=1"),
            "https://HOST/desk",
        ),
        (
            "desk.url",
            json!("https://mfa.contoso.example/"),
            "https://HOST/desk",
        ),
        (
            "desk.client_id",
            json!("the client"),
            "Application (client) ID",
        ),
        ("desk.context", json!("c0"), "c1 to c99"),
        ("desk.context", json!("c100"), "c1 to c99"),
        ("desk.context", json!("C1"), "c1 to c99"),
        ("desk.context", json!("c01"), "c1 to c99"),
        ("desk.verifiers", json!(APPROVERS), "one group"),
        ("audience.desk", json!(" "), "audience of its own"),
        (
            "audience.desk",
            json!("https://mfa.contoso.example/resets"),
            "audience of its own",
        ),
    ] {
        let refusal = refusal_with(|policy| with_desk(policy).set(path, value.clone()));
        assert!(refusal.contains(why), "{path} = {value}: {refusal}");
    }
    for (path, value, why) in [
        (
            "desk.tenant",
            json!("nowhere"),
            "must name one of the tenants",
        ),
        ("desk.per_hour", json!(2001), "above 2000"),
        ("desk.approver", json!("x"), "desk"),
        ("desk.notes", json!("nowhere"), "not in [notes]"),
    ] {
        let refusal = refusal_with(|policy| with_desk(policy).add(path, value.clone()));
        assert!(refusal.contains(why), "{path} = {value}: {refusal}");
    }
    let without = refusal_with(|policy| {
        let policy = with_desk(policy).set("desk.context", "none");
        policy.add("desk.privileged", true)
    });
    assert!(without.contains("standard people"), "{without}");
    let on_call = refusal_with(|policy| with_desk(policy).set("on_call.issuers", json!(["desk"])));
    assert!(
        on_call.contains("on_call.issuers names the desk"),
        "{on_call}"
    );
}

#[test]
fn a_ticket_system_may_carry_references_to_what_was_approved_at_the_desk() {
    let issuers = json!(["service-desk", "desk"]);
    let refusal = refusal_with(|policy| policy.set("sources.jira.issuers", issuers.clone()));
    assert!(refusal.contains("names the issuer desk"), "{refusal}");
    let tour = Document::from_toml(super::TOUR);
    let policy = with_desk(tour).set("sources.jira.issuers", issuers);
    parse(&policy.to_toml()).unwrap();
}
