//! policy.toml: the two of this repository are good, and one that contradicts itself is refused with a reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

use reregister_mfa::policy::Policy;

const TOUR: &str = include_str!("../examples/policy.toml");

fn parse(text: &str) -> Result<Policy, String> {
    Policy::parse(text, ".".into()).map_err(|error| error.to_string())
}

#[test]
fn the_policies_of_this_repository_are_good() {
    parse(TOUR).unwrap();
    parse(include_str!("../policy.toml")).unwrap();
}

#[test]
fn a_policy_that_contradicts_itself_is_refused_and_says_where() {
    for (change, to, said) in [
        (
            "issuers = [\"on-call\"]",
            "issuers = [\"nobody\"]",
            "on_call names the issuer nobody",
        ),
        (
            "issuers = [\"service-desk\", \"security\"]",
            "issuers = [\"x\"]",
            "sources.jira names the issuer x",
        ),
        (
            "on_call = \"https://mfa.contoso.example/resets\"",
            "on_call = \"https://mfa.contoso.example/webhooks\"",
            "two audiences must differ",
        ),
        (
            "https://on-call.contoso.example",
            "https://approvals.contoso.example",
            "has the iss of another",
        ),
        (
            "http://127.0.0.1:8443",
            "http://127.0.0.1:8443/#aside",
            "base URL",
        ),
        (
            "approved = [\"10042\"]",
            "approved = []",
            "no status that means approved",
        ),
        (
            "algorithms = [\"ES256\"]",
            "algorithms = []",
            "has no algorithm",
        ),
        (
            "algorithms = [\"ES256\"]",
            "algorithms = [\"HS256\"]",
            "HS256",
        ),
        (
            "algorithms = [\"ES256\"]",
            "algorithms = [\"none\"]",
            "none",
        ),
        (
            "break_glass = [\"a1000000-0000-4000-8000-00000000000a\"]",
            "",
            "break_glass",
        ),
        (
            "answer_within = \"15s\"",
            "answer_within = \"-15s\"",
            "negative",
        ),
        (
            "answer_within = \"15s\"",
            "answer_wihtin = \"15s\"",
            "answer_wihtin",
        ),
        (
            "http://127.0.0.1:8443",
            "http://graph.attacker.example",
            "base URL",
        ),
        (
            "scheme.secret_header.header",
            "privileged = true\nscheme.secret_header.header",
            "may not ask for privileged people",
        ),
        (
            "keys.file = \"on-call.jwks.json\"",
            "keys.url = \"https://keys.example\"",
            "all its keys are of one domain",
        ),
        (
            "keys.file = \"service-desk.jwks.json\"",
            "keys.url = \"http://x.example\"",
            "https",
        ),
    ] {
        let changed = TOUR.replace(change, to);
        assert_ne!(changed, TOUR, "{change}");
        let error = parse(&changed)
            .err()
            .unwrap_or_else(|| panic!("{to} was taken"));
        assert!(error.contains(said), "{to}: {error}");
    }
}

#[test]
fn to_have_no_break_glass_account_must_be_said_in_so_many_words() {
    let none = TOUR.replace("[\"a1000000-0000-4000-8000-00000000000a\"]", "\"none\"");
    parse(&none).unwrap();
    for other in ["\"nobody\"", "[]"] {
        let other = TOUR.replace("[\"a1000000-0000-4000-8000-00000000000a\"]", other);
        assert!(parse(&other).is_err());
    }
}

#[test]
fn with_two_tenants_a_source_must_say_which_is_its_own() {
    let second = "\n[tenants.fabrikam]\nid = \"00000000-0000-4000-8000-000000000001\"\n\
                  [tenants.fabrikam.entra]\ncredential.secret = \"x\"\n[tenants.fabrikam.rules]\nbreak_glass = \"none\"\n";
    let error = parse(&format!("{TOUR}{second}")).err().unwrap();
    assert!(error.contains("must name one of the tenants"), "{error}");
    // What is taken up again is judged by the rules of the tenant with its id: there must be one such.
    let twin = second.replace(
        "00000000-0000-4000-8000-000000000001",
        "7d6f5c4b-3a29-4180-9c7e-6b5a49382716",
    );
    let error = parse(&format!("{TOUR}{twin}")).err().unwrap();
    assert!(error.contains("has the id of another tenant"), "{error}");
}
