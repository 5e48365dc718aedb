//! `reregister check`: what it says of good and of broken policies.

use std::fs;

use crate::{TestDir, text};

const SHIPPED: &str = include_str!("../../../policy.toml");

/// A policy with one source and two issuers.
const POLICY: &str = r#"
[audience]
webhook = "https://mfa.contoso.example/webhooks"
on_call = "https://mfa.contoso.example/resets"

[tenants.contoso]
id = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716"
entra.credential.secret = "mfa/graph"
privileged.credential.secret = "mfa/graph-privileged"

[tenants.contoso.rules]
break_glass = ["a1000000-0000-4000-8000-00000000000a"]
approvers = ["sam.approver@contoso.example"]

[sources.jira]
scheme = "jira_webhook"
secret = "mfa/jira"
issuers = ["service-desk", "on-call"]
privileged = true
approved = ["10042"]

[notes.jira]
system.jira_cloud.site = "https://contoso.atlassian.net"
secret = "mfa/jira-notes"

[issuers.service-desk]
iss = "https://approvals.contoso.example"
keys.url = "https://approvals.contoso.example/jwks.json"
algorithms = ["ES256"]
domain = "service-desk"
privileged = true

[issuers.on-call]
iss = "https://on-call.contoso.example"
keys.file = "keys/on-call.jwks.json"
algorithms = ["ES256"]
domain = "on-call"
privileged = true
key.olga-2026.owner = "olga.oncall@contoso.example"

[on_call]
issuers = ["on-call"]
"#;

/// A directory with the policy and the key of its people on call.
fn with_policy(policy: &str) -> TestDir {
    let dir = TestDir::new();
    dir.write("policy.toml", policy);
    fs::create_dir(dir.path("keys")).unwrap();
    let made = dir.run("keygen --kid olga-2026 --private olga.pem --public keys/on-call.jwks.json");
    assert!(made.status.success(), "{}", text(&made.stderr));
    dir
}

/// What it prints, after the exit code.
fn checked(dir: &TestDir) -> String {
    let output = dir.run("check");
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    let code = output.status.code().unwrap();
    format!("exit {code}\n{}", text(&output.stdout))
}

/// The exit code, the warnings and the errors of a report.
fn findings(report: &str) -> String {
    let wanted = |line: &&str| {
        line.starts_with("exit") || line.starts_with("Error") || line.starts_with("Warning")
    };
    report.lines().filter(wanted).collect::<Vec<_>>().join("\n")
}

/// The good policy with `old` replaced by `new`.
fn changed(old: &str, new: &str) -> String {
    assert_eq!(POLICY.matches(old).count(), 1, "{old}");
    POLICY.replace(old, new)
}

#[test]
fn a_good_policy_can_be_deployed_and_the_report_says_what_it_needs() {
    let dir = with_policy(POLICY);
    insta::assert_snapshot!(checked(&dir), @r#"
    exit 0
    Webhooks, below the function's URL:
      /webhooks/jira: signed by Jira
    Keys of approvals:
      issuers.on-call: key olga-2026, ES256, owner olga.oncall@contoso.example, trust domain on-call
      issuers.service-desk: at https://approvals.contoso.example/jwks.json, which this check does not fetch
    Secrets to make in AWS Secrets Manager:
      mfa/graph, for tenants.contoso.entra: {"client_id": "…", "certificate": "PEM", "private_key": "PEM"} or {"client_id": "…", "client_secret": "…"}
      mfa/graph-privileged, for tenants.contoso.privileged: {"client_id": "…", "certificate": "PEM", "private_key": "PEM"} or {"client_id": "…", "client_secret": "…"}
      mfa/jira, for sources.jira: {"current": "32 characters or more"}
      mfa/jira-notes, for notes.jira: {"email": "…", "api_token": "…"}

    policy.toml can be deployed.
    "#);
    let elsewhere = TestDir::new();
    let path = dir.path("policy.toml");
    let output = elsewhere.run(&format!("check {}", path.display()));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn the_shipped_policy_is_a_list_of_what_to_change() {
    insta::assert_snapshot!(checked(&with_policy(SHIPPED)), @r#"
    exit 1
    policy.toml: line 23, column 11: audience.webhook still says CHANGE ME
    policy.toml: line 24, column 11: audience.on_call still says CHANGE ME
    policy.toml: line 30, column 6: tenants.contoso.id still says CHANGE ME
    policy.toml: line 51, column 15: tenants.contoso.rules.break_glass lists no account: say "none" if there is none
    policy.toml: line 55, column 14: tenants.contoso.rules.approvers still says CHANGE ME
    policy.toml: line 65, column 7: tenants.contoso.rules.pim still says CHANGE ME
    policy.toml: line 100, column 13: sources.jira.approved still says CHANGE ME
    policy.toml: line 101, column 19: sources.jira.approvals_field still says CHANGE ME
    policy.toml: line 110, column 13: sources.jira-automation.approved still says CHANGE ME
    policy.toml: line 111, column 19: sources.jira-automation.approvals_field still says CHANGE ME
    policy.toml: line 192, column 7: issuers.service-desk.iss still says CHANGE ME
    policy.toml: line 193, column 12: issuers.service-desk.keys.url still says CHANGE ME
    policy.toml: line 202, column 7: issuers.security.iss still says CHANGE ME
    policy.toml: line 210, column 7: issuers.on-call.iss still says CHANGE ME
    policy.toml: line 216, column 23: issuers.on-call.key.olga-2026.owner still says CHANGE ME
    policy.toml: line 217, column 26: issuers.on-call.key.ada-2026.owner still says CHANGE ME

    Not deployable yet. Values to change: 16.
    "#);
}

#[test]
fn an_error_in_a_policy_has_its_line_and_column() {
    let policies = [
        changed(
            "id = \"7d6f5c4b-3a29-4180-9c7e-6b5a49382716\"",
            "id = \"00000000-0000-0000-0000-000000000000\"",
        ),
        changed(
            "break_glass = [\"a1000000-0000-4000-8000-00000000000a\"]",
            "break_glass = []",
        ),
        changed("approved = [\"10042\"]", "aproved = [\"10042\"]"),
        changed("[on_call]", "[on_call"),
        changed("[notes.jira]", "[notes.jria]"),
    ];
    let said: Vec<String> = policies
        .iter()
        .map(|policy| checked(&with_policy(policy)))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    exit 1
    policy.toml: line 7, column 6: tenants.contoso.id holds 00000000-0000-0000-0000-000000000000, which is the id of an example: write your own

    Not deployable yet. Values to change: 1.

    exit 1
    policy.toml: line 12, column 15: tenants.contoso.rules.break_glass lists no account: say "none" if there is none

    Not deployable yet. Values to change: 1.

    exit 1
    policy.toml: line 20, column 1: sources.jira.aproved: unknown field `aproved`, expected one of `scheme`, `secret`, `issuers`, `tenant`, `privileged`, `answer_within`, `approved`, `approvals_field`, `user_field`

    Not deployable: correct this first.

    exit 1
    policy.toml: line 41, column 9: unclosed table, expected `]`

    Not deployable: correct this first.

    exit 1
    policy.toml: line 22, column 8: notes.jria is for a source that is not in [sources]: add the source or correct the name

    Not deployable: correct this first.
    "#);
}

#[test]
fn a_key_file_that_is_missing_or_holds_a_private_key_is_an_error() {
    let dir = with_policy(POLICY);
    fs::copy(dir.path("olga.pem"), dir.path("keys/on-call.jwks.json")).unwrap();
    let with_pem = checked(&dir);

    let set = serde_json::json!({"keys": [
        {"kty": "EC", "kid": "olga-2026", "crv": "P-256", "d": "c2VjcmV0"},
        {"kty": "RSA", "kid": "rsa-1", "n": "AQAB", "e": "AQAB"},
    ]});
    dir.write("keys/on-call.jwks.json", &set.to_string());
    let with_private_jwk = checked(&dir);

    fs::remove_file(dir.path("keys/on-call.jwks.json")).unwrap();
    let missing = checked(&dir);
    let said = [with_pem, with_private_jwk, missing].map(|report| findings(&report));
    assert!(!said.concat().contains("c2VjcmV0"));
    insta::assert_snapshot!(said.join("\n"), @r#"
    exit 1
    Error: keys/on-call.jwks.json holds a private key. Keep private keys away from the package, and put the public key here.
    exit 1
    Warning: keys/on-call.jwks.json: the key rsa-1 is not used: its kty, crv and alg fit no algorithm of the issuer.
    Error: keys/on-call.jwks.json: the key olga-2026 is a private key. Make a new key pair, and put only its public key here.
    Error: keys/on-call.jwks.json has no key that issuers.on-call may use, so its approvals are all refused.
    Error: issuers.on-call.key.olga-2026 is for a key that keys/on-call.jwks.json does not have. Write the kid as it is in the file, or remove the line.
    exit 1
    Error: keys/on-call.jwks.json, the key file of issuers.on-call, cannot be read: No such file or directory (os error 2). Make it with `reregister keygen`, or remove the issuer.
    "#);
}

#[test]
fn a_policy_with_one_credential_or_one_key_for_two_purposes_cannot_be_deployed() {
    let one_app = with_policy(&changed("mfa/graph-privileged", "mfa/graph"));
    let report = checked(&one_app);
    assert!(report.starts_with("exit 1\n"), "{report}");
    assert!(
        report.contains("tenants.contoso.privileged has the credential of tenants.contoso.entra"),
        "{report}"
    );

    let url = "keys.url = \"https://approvals.contoso.example/jwks.json\"";
    let one_key = with_policy(&changed(url, "keys.file = \"keys/desk.jwks.json\""));
    let public = one_key.path("keys/on-call.jwks.json");
    fs::copy(public, one_key.path("keys/desk.jwks.json")).unwrap();
    let report = checked(&one_key);
    assert!(report.starts_with("exit 1\n"), "{report}");
    assert!(report.contains("are one key"), "{report}");
}

#[test]
fn without_approvers_each_issuer_with_a_key_without_an_owner_is_a_warning() {
    let policy = changed(
        "approvers = [\"sam.approver@contoso.example\"]",
        "approvers = []",
    );
    let by_url = findings(&checked(&with_policy(&policy)));
    let in_a_file = policy.replace(
        "keys.url = \"https://approvals.contoso.example/jwks.json\"",
        "keys.file = \"keys/desk.jwks.json\"",
    );
    let dir = with_policy(&in_a_file);
    for append in ["--kid desk-1", "--kid desk-2 --append"] {
        let made = dir.run(&format!(
            "keygen {append} --private {}.pem --public keys/desk.jwks.json",
            append.len()
        ));
        assert!(made.status.success(), "{}", text(&made.stderr));
    }
    let in_a_file = findings(&checked(&dir));
    insta::assert_snapshot!(format!("{by_url}\n{in_a_file}"), @r#"
    exit 0
    Warning: issuers.service-desk and tenants.contoso.rules: approvers is empty. Its keys come by URL, so they may have no owner. The people who approve with such a key count as standard people, and one approval resets them. List them in approvers.
    exit 0
    Warning: issuers.service-desk and tenants.contoso.rules: approvers is empty. No owner: desk-1, desk-2. The people who approve with such a key count as standard people, and one approval resets them. List them in approvers.
    "#);
}

#[test]
fn on_call_a_key_without_an_owner_is_an_error_and_so_is_an_owner_without_a_key() {
    let without = changed(
        "key.olga-2026.owner = \"olga.oncall@contoso.example\"\n",
        "",
    );
    let misspelt = changed("key.olga-2026.owner", "key.olga-2025.owner");
    let said = [without, misspelt].map(|policy| findings(&checked(&with_policy(&policy))));
    insta::assert_snapshot!(said.join("\n"), @r#"
    exit 1
    Error: issuers.on-call: the key olga-2026 has no owner; on call it is refused: add key.olga-2026.owner
    exit 1
    Error: issuers.on-call: the key olga-2026 has no owner; on call it is refused: add key.olga-2026.owner
    Error: issuers.on-call.key.olga-2025 is for a key that keys/on-call.jwks.json does not have. Write the kid as it is in the file, or remove the line.
    "#);
}

#[test]
fn a_private_key_anywhere_in_the_folder_of_the_public_keys_is_an_error() {
    let dir = with_policy(POLICY);
    fs::create_dir(dir.path("keys/old")).unwrap();
    fs::copy(dir.path("olga.pem"), dir.path("keys/olga.pem")).unwrap();
    dir.write("keys/old/jwk.json", r#"{"kty": "EC", "d": "c2VjcmV0"}"#);
    dir.write("keys/README.md", "Public keys.");
    insta::assert_snapshot!(findings(&checked(&dir)), @r#"
    exit 1
    Error: keys/old/jwk.json holds a private key: move it out of keys/
    Error: keys/olga.pem holds a private key: move it out of keys/
    "#);
}

#[test]
fn a_file_that_is_no_key_set_is_an_error_that_says_what_the_file_must_be() {
    let dir = with_policy(POLICY);
    dir.write("keys/on-call.jwks.json", "{\"keys\": [],}");
    insta::assert_snapshot!(findings(&checked(&dir)), @r#"
    exit 1
    Error: keys/on-call.jwks.json is not a set of public keys. It must be JSON such as {"keys": [...]}, without comments and without a member that comes twice. `reregister keygen --public keys/on-call.jwks.json` makes one.
    "#);
}

#[test]
fn an_error_of_the_toml_reader_says_what_to_do() {
    let iss = "iss = \"https://on-call.contoso.example\"";
    let policies = [
        changed("[on_call]\nissuers = [\"on-call\"]\n", ""),
        changed("approved = [\"10042\"]", "approved = \"10042\""),
        changed(
            "approved = [\"10042\"]",
            "approved = [\"10042\"]\nanswer_within = 15",
        ),
        changed(
            "approved = [\"10042\"]",
            "approved = [\"10042\"]\nanswer_within = \"15\"",
        ),
        changed("key.olga-2026.owner", "key.olga.2026.owner"),
        changed(iss, &format!("{iss}\n{iss}")),
        changed(iss, iss.trim_end_matches('"')),
        changed(
            "privileged.credential.secret = \"mfa/graph-privileged\"",
            "privileged.credential = { secret = \"x\", federated = { client_id = \"x\" } }",
        ),
        changed(
            "privileged.credential.secret = \"mfa/graph-privileged\"",
            "privileged.credential.federated.client_id = \"my-app\"",
        ),
        changed(
            "\"a1000000-0000-4000-8000-00000000000a\"",
            "\"a1000000-0000-4000-8000-00000000000a\", \"glass@contoso.example\"",
        ),
        changed(
            "iss = \"https://on-call.contoso.example\"",
            "iss = \"change-me\"",
        ),
    ];
    let said: Vec<String> = policies
        .iter()
        .map(|policy| {
            let report = checked(&with_policy(policy));
            report.lines().nth(1).unwrap_or_default().to_owned()
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    policy.toml: the section [on_call] is missing: add it. With issuers = [] it closes POST /resets
    policy.toml: line 20, column 12: sources.jira.approved: this must be a list, such as ["10042"]
    policy.toml: line 21, column 17: sources.jira.answer_within: this is no length of time: write one such as "15s" or "60m"
    policy.toml: line 21, column 17: sources.jira.answer_within: this is no length of time: write one such as "15s" or "60m"
    policy.toml: line 39, column 10: issuers.on-call.key.olga.2026: a kid with a dot must be in quotes: key."olga.2026".owner
    policy.toml: line 35, column 1: iss is there twice: remove one of the two
    policy.toml: line 34, column 39: the text of iss has no quote at its end: add it
    policy.toml: line 9, column 25: tenants.contoso.privileged.credential: federated and secret exclude each other: keep one of them
    policy.toml: line 9, column 45: tenants.contoso.privileged.credential.federated.client_id: not a UUID: write the app registration's Application (client) ID
    policy.toml: line 12, column 15: tenants.contoso.rules.break_glass: glass@contoso.example is not an object id. Print it with: az ad user show --id glass@contoso.example --query id
    policy.toml: line 34, column 7: issuers.on-call.iss still says CHANGE ME
    "#);
}

#[test]
fn what_a_deployer_may_not_have_meant_is_a_warning_and_no_error() {
    let policy = changed("issuers = [\"on-call\"]", "issuers = []")
        .replace(
            "privileged.credential.secret = \"mfa/graph-privileged\"\n",
            "",
        )
        .replace(
            "break_glass = [\"a1000000-0000-4000-8000-00000000000a\"]",
            "break_glass = \"none\"",
        )
        .replace(
            "issuers = [\"service-desk\", \"on-call\"]",
            "issuers = [\"service-desk\"]",
        )
        .replace("domain = \"on-call\"", "domain = \"service-desk\"")
        .replace("key.olga-2026.owner", "key.ada-2026.owner");
    let report = checked(&with_policy(&policy));
    let (_, warnings) = report.split_once("Warning").unwrap();
    assert!(report.starts_with("exit 0\n"), "{report}");
    insta::assert_snapshot!(format!("Warning{warnings}"), @r#"
    Warning: There is no section [tenants.contoso.privileged], so every request for an administrator or an approver is refused.
    Warning: tenants.contoso.rules names no break-glass account, so none is protected.
    Warning: on_call.issuers is empty, so POST /resets is closed.
    Warning: Privileged people need approvals from two trust domains, so none can be reset here: a source or [on_call] with `privileged = true` has to list issuers with `privileged = true` of two trust domains.
    Warning: Neither a source nor [on_call] names the issuer on-call, so its approvals are all refused.
    Warning: issuers.on-call.key.ada-2026 is for a key that keys/on-call.jwks.json does not have. Write the kid as it is in the file, or remove the line.

    policy.toml can be deployed.
    "#);
}

#[test]
fn two_trust_domains_that_no_channel_takes_together_are_fewer_than_two() {
    let apart = changed(r#"["service-desk", "on-call"]"#, r#"["service-desk"]"#);
    let apart = format!("{apart}privileged = true\n");
    insta::assert_snapshot!(findings(&checked(&with_policy(&apart))), @r"
    exit 0
    Warning: Privileged people need approvals from two trust domains, so none can be reset here: a source or [on_call] with `privileged = true` has to list issuers with `privileged = true` of two trust domains.
    ");
}

#[test]
fn a_policy_that_is_not_there_is_an_error_on_standard_error() {
    let refusal = TestDir::new().refusal("check nowhere.toml");
    assert!(
        refusal.contains("nowhere.toml cannot be read: No such file"),
        "{refusal}"
    );
}

/// The first vector of WebAuthn Level 3, and an issuer for it.
const PASSKEYS: &str = r#"
[issuers.passkeys]
iss = "https://passkeys.contoso.example"
keys.webauthn = { rp_id = "mfa.contoso.example", origin = "https://mfa.contoso.example" }
algorithms = ["ES256"]
domain = "phones"
"#;
const LINE: &str = r#"key.olga-phone = { owner = "olga.oncall@contoso.example", credential = "-R85HbTJsv3g6nAYnLo_tj9Xm6YSKzOtlP8-wzAIS-Q", public_key = { kty = "EC", crv = "P-256", alg = "ES256", x = "r--hb5fKmy0j64bMtkCY0g25CFYGLrJJwzqbZy8m32E", y = "kwpWuHovymYzSwNFir-HlxfBLMaO1zKQry4mZHlrkiA" } }"#;

#[test]
fn passkeys_are_listed_with_the_number_that_their_owner_reads_out() {
    let policy = POLICY.replace(
        "issuers = [\"on-call\"]",
        "issuers = [\"on-call\", \"passkeys\"]",
    );
    let empty = checked(&with_policy(&format!("{policy}{PASSKEYS}")));
    let warning = "issuers.passkeys has no passkey yet. Each person makes one at https://mfa.contoso.example/passkey.";
    assert!(empty.contains(warning), "{empty}");
    let report = checked(&with_policy(&format!("{policy}{PASSKEYS}{LINE}\n")));
    for line in [
        "exit 0",
        "issuers.passkeys: passkeys, which sign at https://mfa.contoso.example",
        "issuers.passkeys: passkey olga-phone, ES256, owner olga.oncall@contoso.example, trust domain phones, check number a8d7 4ca6 27a4 a522 35d7",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
}
