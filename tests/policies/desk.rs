//! `[desk]`: with it people approve by signing in, and nothing else is needed.

use reregister_mfa::approval::sign_in::DeskRole;
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

/// Blocks of TOML in docs/desk.md.
fn blocks() -> Vec<&'static str> {
    let page = include_str!("../../docs/desk.md");
    let blocks = page.split("```toml\n").skip(1);
    blocks.filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_policy_for_the_desk_alone_that_its_page_gives_is_a_whole_policy() {
    let policy = blocks()
        .into_iter()
        .find(|block| block.contains("[on_call]"))
        .unwrap();
    let parts: Vec<&str> = policy.split("CHANGE ME").collect();
    assert_eq!(parts.len(), 6, "{policy}");
    let mut filled = String::new();
    for (nth, part) in parts.iter().enumerate() {
        if nth > 0 {
            filled += &format!("7d6f5c4b-3a29-4180-9c7e-6b5a4938270{nth}");
        }
        filled += part;
    }
    parse(&filled).unwrap();
}

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

const NOTES: &str = r#"
[notes.helpdesk]
system.jira_cloud.site = "https://contoso.atlassian.net"
secret = "reregister-mfa/jira-notes"
"#;

const MORE_NOTES: &str = r#"
[notes.servicenow]
system.servicenow = { instance = "https://contoso.service-now.com", table = "sc_req_item" }
secret = "reregister-mfa/servicenow-notes"
"#;

#[test]
fn the_desk_alone_writes_notes_into_a_ticket_system_that_sends_no_webhooks() {
    let policy = parse(&format!("{DESK_ALONE}{NOTES}")).unwrap();
    let desk = policy.sections.resolved_desk().unwrap();
    assert_eq!(desk.settings.notes.unwrap().as_ref(), "helpdesk");

    let two = format!("{DESK_ALONE}{NOTES}{MORE_NOTES}");
    let named = two.replace("context =", "notes = \"servicenow\"\ncontext =");
    let refusal = parse(&two).unwrap_err();
    assert!(refusal.contains("desk.notes = \"helpdesk\""), "{refusal}");
    // The other one is neither the desk's nor a source's.
    let refusal = parse(&named).unwrap_err();
    assert!(
        refusal.contains("notes.helpdesk is for a source"),
        "{refusal}"
    );
}

#[test]
fn beside_sources_the_desk_names_its_ticket_system_since_the_name_may_be_a_misspelt_source() {
    let notes = json!({
        "system": {"jira_cloud": {"site": "https://contoso.atlassian.net"}}, "secret": "sandbox/jira-notes",
    });
    let misspelt = |policy| with_desk(policy).add("notes.jria", notes.clone());
    let refusal = refusal_with(misspelt);
    assert!(refusal.contains("notes.jria is for a source"), "{refusal}");
    let named = misspelt(Document::from_toml(super::TOUR)).add("desk.notes", "jria");
    let desk = parse(&named.to_toml()).unwrap().sections.resolved_desk();
    assert_eq!(desk.unwrap().settings.notes.unwrap().as_ref(), "jria");
    let without_desk = refusal_with(|policy| policy.add("notes.jria", notes.clone()));
    assert!(!without_desk.contains("desk"), "{without_desk}");
}

#[test]
fn managers_vouch_only_if_the_policy_names_their_group_and_are_not_privileged_by_it() {
    const MANAGERS: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382719";
    let managers = |policy: &str| {
        let policy = parse(policy).unwrap();
        let rules = &policy.sections.tenants.values().next().unwrap().rules;
        let managers = MANAGERS.parse().unwrap();
        assert!(!rules.privileged_groups.contains(&managers));
        let desk = policy.sections.resolved_desk().unwrap();
        assert_eq!(desk.sign_in.managers, desk.managers.is_some());
        desk.managers.map(|managers| managers.to_string())
    };
    assert_eq!(managers(DESK_ALONE), None);
    let named = DESK_ALONE.replace(
        "context =",
        &format!("managers = \"{MANAGERS}\"\ncontext ="),
    );
    assert_eq!(managers(&named).as_deref(), Some(MANAGERS));
}

#[test]
fn verifier_and_approver_are_two_people_unless_the_policy_lets_one_go_alone() {
    let alone = |policy: &str| {
        let policy = parse(policy).unwrap();
        let alone = policy.sections.resolved_desk().unwrap().sign_in.alone;
        assert_eq!(
            policy.channels.desk.unwrap().verifier_apart,
            alone.is_none()
        );
        alone
    };
    assert_eq!(alone(DESK_ALONE), None);
    let night = DESK_ALONE.replace("context =", "alone = { per_night = 2 }\ncontext =");
    assert_eq!(alone(&night), Some(2));
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
            "desk.credential.secret",
            json!("sandbox/graph"),
            "an app registration for the desk alone",
        ),
        (
            "desk.credential.secret",
            json!("sandbox/graph-privileged"),
            "an app registration for the desk alone",
        ),
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
        ("desk.alone", json!({"per_night": 0}), "write 1 or 2"),
        ("desk.alone", json!({"per_night": 3}), "write 1 or 2"),
        ("desk.alone", json!({}), "per_night"),
        ("desk.managers", json!(VERIFIERS), "make a third one"),
        ("desk.managers", json!(APPROVERS), "make a third one"),
    ] {
        let refusal = refusal_with(|policy| with_desk(policy).add(path, value.clone()));
        assert!(refusal.contains(why), "{path} = {value}: {refusal}");
    }
    let without = refusal_with(|policy| {
        let policy = with_desk(policy).set("desk.context", "none");
        policy.add("desk.privileged", true)
    });
    assert!(without.contains("standard people"), "{without}");
    let without = refusal_with(|policy| {
        let policy = with_desk(policy).set("desk.context", "none");
        policy.add("desk.alone", json!({"per_night": 1}))
    });
    assert!(without.contains("one stolen password"), "{without}");
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

/// The section `[desk]` of a text, with the options that are comments there.
fn section_in(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start_matches("# "));
    let section = lines.skip_while(|line| *line != "[desk]");
    let section = section.take_while(|line| !line.is_empty() && *line != "```");
    // It names a ticket system that a policy for the desk alone has not.
    let section = section.filter(|line| !line.starts_with("notes = "));
    section.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_section_that_people_copy_is_accepted_once_they_have_filled_it_in() {
    let (before, _) = DESK_ALONE.split_once("[desk]").unwrap();
    for text in [
        include_str!("../../policy.toml"),
        include_str!("../../docs/desk.md"),
    ] {
        let section = section_in(text);
        let whole = format!("{before}{section}\n[on_call]\nissuers = []\n");
        let policy = Document::from_toml(&whole)
            .set(
                "desk.client_id",
                json!("7d6f5c4b-3a29-4180-9c7e-6b5a49382713"),
            )
            .set("desk.verifiers", json!(VERIFIERS))
            .set("desk.approvers", json!(APPROVERS));
        parse(&policy.to_toml()).unwrap();
    }
}

#[test]
fn the_app_registration_of_the_examples_has_the_roles_and_claims_that_a_sign_in_needs() {
    let roles = include_str!("../../examples/desk/app-roles.json");
    let roles: serde_json::Value = serde_json::from_str(roles).unwrap();
    let roles = roles.as_array().unwrap().iter();
    let values: Vec<&str> = roles.map(|role| role["value"].as_str().unwrap()).collect();
    assert_eq!(values, DeskRole::ALL.map(DeskRole::as_str));
    let claims = include_str!("../../examples/desk/optional-claims.json");
    for claim in ["auth_time", "acct", "acrs"] {
        assert!(claims.contains(&format!("{{ \"name\": \"{claim}\" }}")));
    }
}
