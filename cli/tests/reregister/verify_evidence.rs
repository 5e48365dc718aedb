//! `reregister verify-evidence` on records that an earlier run of the product has written. Their keys are gone.

use std::fs;
use std::path::Path;

use reregister_mfa::evidence_record::{CanRegisterNow, EvidenceRecord, Remark};
use serde_json::{Value, json};

use crate::{TestDir, text};

/// The issuer of the service desk's tokens.
const DESK: &str = "https://approvals.contoso.example";

/// A directory with the records of a reset at the desk and of one on two tokens, and with what an auditor has beside them.
fn with_records() -> TestDir {
    let dir = TestDir::new();
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/evidence");
    for entry in fs::read_dir(records).unwrap() {
        let file = entry.unwrap();
        fs::copy(file.path(), dir.0.join(file.file_name())).unwrap();
    }
    dir
}

/// The exit code and what was printed.
fn run(dir: &TestDir, arguments: &str) -> (i32, String) {
    let output = dir.run(&format!("verify-evidence {arguments}"));
    let printed = format!("{}{}", text(&output.stdout), text(&output.stderr));
    (output.status.code().unwrap(), printed)
}

#[test]
fn a_record_alone_is_verified_and_what_is_taken_on_trust_is_named() {
    let dir = with_records();
    let (code, printed) = run(&dir, "desk.json");
    assert_eq!(code, 0, "{printed}");
    for part in [
        "desk.json: verified\n",
        "HELP-42",
        "jane.doe@contoso.example",
        "the account that approved is none of those that verified",
        "two sign-ins to Entra, in the authentication context c1",
        "a video call",
        "proof: absent from each later list",
        "sessions: revoked, proof: accepted by Graph",
        "--keys",
        "--trail",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

#[test]
fn an_independent_copy_of_keys_and_the_audit_trail_leave_less_on_trust() {
    let dir = with_records();
    let (code, printed) = run(
        &dir,
        "desk.json --keys desk.jwks.json --trail desk.trail.jsonl",
    );
    assert_eq!(code, 0, "{printed}");
    let (_, trust) = printed.split_once("On trust").unwrap();
    assert!(
        !trust.contains("--keys") && !trust.contains("--trail"),
        "{printed}"
    );
}

#[test]
fn a_copy_without_the_key_or_a_trail_without_the_reset_confirms_nothing() {
    let dir = with_records();
    let trail = fs::read_to_string(dir.path("desk.trail.jsonl")).unwrap();
    let of_reset = trail.lines().filter(|line| line.contains(r#""reset""#));
    dir.write("reset.jsonl", &of_reset.collect::<Vec<_>>().join("\n"));
    for arguments in [
        format!("desk.json --keys {DESK}=tokens.jwks.json"),
        "desk.json --trail tokens.trail.jsonl".to_owned(),
        // It has the key of one of the two issuers.
        format!("tokens.json --keys {DESK}=tokens.jwks.json"),
        // The lines of the reset alone, without those of the signatures.
        "desk.json --trail reset.jsonl".to_owned(),
    ] {
        let (code, printed) = run(&dir, &arguments);
        assert_eq!(code, 3, "{arguments}: {printed}");
        assert!(printed.contains("NOT CONFIRMED"), "{printed}");
    }
}

#[test]
fn a_copy_with_another_key_of_the_same_name_is_a_fault() {
    let dir = with_records();
    let entra = dir.json("desk.jwks.json")["keys"][0].clone();
    let mut other = dir.json("tokens.jwks.json");
    for name in ["kid", "issuer"] {
        other["keys"][0][name] = entra[name].clone();
    }
    dir.write("other.jwks.json", &other.to_string());
    let (code, printed) = run(&dir, "desk.json --keys other.jwks.json");
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("desk.json: NOT VERIFIED"), "{printed}");
    assert!(!printed.contains("Proven"), "{printed}");
}

#[test]
fn a_key_of_one_issuer_never_confirms_what_another_one_signs() {
    let dir = with_records();
    let entra = dir.json("desk.jwks.json");
    let key = |change: &dyn Fn(&mut Value)| {
        let mut key = entra["keys"][0].clone();
        change(&mut key);
        dir.write("one.jwks.json", &json!({"keys": [key]}).to_string());
    };
    // The very key that signed at the desk, as somebody else's.
    let of_nobody = |key: &mut Value| drop(key.as_object_mut().unwrap().remove("issuer"));
    let of_others = |key: &mut Value| {
        key["issuer"] = "http://127.0.0.1:38149/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0".into();
    };
    key(&of_nobody);
    let (code, printed) = run(&dir, &format!("desk.json --keys {DESK}=one.jwks.json"));
    assert_eq!(code, 3, "{printed}");
    key(&of_others);
    let (code, printed) = run(&dir, "desk.json --keys one.jwks.json");
    assert_eq!(code, 3, "{printed}");
    // A set that does not say whose it is is refused, with what to write.
    key(&of_nobody);
    let (code, printed) = run(&dir, "desk.json --keys one.jwks.json");
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("=one.jwks.json"), "{printed}");

    let iss = dir.json("desk.json")["parts"]["approvals"]["approvals"][0]["id"]["iss"].clone();
    let own = format!("desk.json --keys {}=one.jwks.json", iss.as_str().unwrap());
    assert_eq!(run(&dir, &own).0, 0);
}

/// The line of the passkey that signed passkey.json, with this owner.
fn policy_with_passkey(dir: &TestDir, owner: &str) -> String {
    let record = dir.json("passkey.json");
    let kept = record["parts"]["approvals"]["approvals"][0]["kept"].clone();
    let (terms, key) = (&kept["terms"], &kept["keys"][0]);
    format!(
        "[issuers.passkeys]\niss = {}\nkeys.webauthn = {{ rp_id = {}, origin = {} }}\nalgorithms = [\"ES256\"]\ndomain = \"phones\"\n\
         key.olga-phone = {{ owner = \"{owner}\", credential = {}, public_key = {{ kty = \"EC\", alg = \"ES256\", crv = \"P-256\", x = {}, y = {} }} }}\n",
        terms["iss"],
        terms["passkey"]["at"]["rp_id"],
        terms["passkey"]["at"]["origin"],
        terms["passkey"]["credential"],
        key["x"],
        key["y"],
    )
}

#[test]
fn a_passkey_is_confirmed_by_its_line_in_the_policy_for_its_owner_alone() {
    let dir = with_records();
    for (owner, expected) in [
        ("olga.oncall@contoso.example", 0),
        ("ada.approver@contoso.example", 2),
    ] {
        dir.write("policy.toml", &policy_with_passkey(&dir, owner));
        let (code, printed) = run(&dir, "passkey.json --keys policy.toml");
        assert_eq!(code, expected, "{owner}: {printed}");
    }
    let (code, printed) = run(&dir, "desk.json --keys policy.toml");
    assert_eq!(code, 3, "{printed}");
}

#[test]
fn a_record_says_who_verified_how_and_when_line_by_line_and_which_passkey_signed() {
    let dir = with_records();
    let (code, printed) = run(&dir, "passkey.json");
    assert_eq!(code, 0, "{printed}");
    let verified: Vec<&str> = printed
        .lines()
        .filter(|line| line.starts_with("  verified"))
        .collect();
    let [by_vera, by_victor] = &verified[..] else {
        panic!("{printed}");
    };
    for part in ["vera.desk@", "company directory", "reference CALL-17"] {
        assert!(by_vera.contains(part), "{part}: {by_vera}");
    }
    for part in ["victor.verifier@", "a colleague"] {
        assert!(by_victor.contains(part), "{part}: {by_victor}");
    }
    let time = |line: &str| line.split_whitespace().nth(1).unwrap().to_owned();
    assert!(time(by_victor) < time(by_vera), "{printed}");
    for part in [
        "the passkey olga-phone of olga.oncall@contoso.example, at https://mfa.contoso.example",
        "it stays on its device",
        "  check number  ",
        "the on-call page or command",
        "https://mfa.contoso.example/resets",
        "a1000000-0000-4000-8000-00000000000e",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(!printed.contains("key store"), "{printed}");
}

#[test]
fn a_record_of_the_desk_shows_the_names_that_entra_signed_and_the_end_of_the_number() {
    let dir = with_records();
    let (code, printed) = run(&dir, "call.json");
    assert_eq!(code, 0, "{printed}");
    for part in [
        "Vera Verifier (service desk), vera.desk@contoso.example",
        "Sam Approver, sam.approver@contoso.example",
        "the business phone ending in ",
        "7d6f5c4b-3a29-4180-9c7e-6b5a49382716",
        "the desk",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

/// The record with a change and digests of its own.
fn forge(dir: &TestDir, file: &str, change: impl FnOnce(&mut EvidenceRecord)) {
    let mut record = EvidenceRecord::read(&fs::read(dir.path(file)).unwrap()).unwrap();
    change(&mut record);
    dir.write(file, &record.text().unwrap());
}

#[test]
fn warnings_and_a_person_who_cannot_register_are_at_the_head() {
    let dir = with_records();
    forge(&dir, "desk.json", |one| {
        one.done.can_register = CanRegisterNow::No;
        one.done.warnings = vec![Remark::ApproverVerified, Remark::ContactFromColleague];
    });
    let (_, printed) = run(&dir, "desk.json");
    let (head, _) = printed.split_once("Approval 1").unwrap();
    for part in [
        "can register  no\n",
        "approver verified, contact from colleague\n",
    ] {
        assert!(head.contains(part), "{part}: {printed}");
    }
}

#[test]
fn a_record_cannot_write_lines_of_its_own_or_move_the_cursor() {
    let dir = with_records();
    forge(&dir, "tokens.json", |one| {
        one.judged.display_name = Some("Somebody\n  verified      by God".to_owned());
        one.judged.tier = "standard\u{1b}[2J\u{1b}[H\r\ntokens.json: verified".to_owned();
        one.judged.methods[0].label = Some("A\u{202e}B\u{1b}[8m".to_owned());
        one.done.methods[0].method = one.judged.methods[0].clone();
        one.request.agent = Some("agent\u{9b}2J\u{2028}Compared".to_owned());
    });
    let (code, printed) = run(&dir, "tokens.json --trail tokens.trail.jsonl");
    assert_eq!(code, 2, "{printed}");
    for line in printed.lines() {
        let begins = |text: &str| line.trim_start().starts_with(text);
        assert!(
            !begins("verified by God") && line != "tokens.json: verified",
            "{printed}"
        );
        assert!(
            line != "Compared " && !line.chars().any(char::is_control),
            "{line:?}"
        );
        assert!(!line.contains('\u{202e}'), "{line:?}");
    }
    assert_eq!(printed.matches("\nCompared").count(), 1, "{printed}");
}

#[test]
fn an_approval_that_is_in_two_records_makes_both_of_no_worth() {
    let dir = with_records();
    fs::copy(dir.path("desk.json"), dir.path("again.json")).unwrap();
    let (code, printed) = run(&dir, "desk.json again.json");
    assert_eq!(code, 0, "a copy: {printed}");
    forge(&dir, "again.json", |one| {
        let other = "0ed3b6a9-3905-4f74-bff0-5c86f1aa7b64".parse().unwrap();
        one.request.reset = other;
        one.approvals.reset = other;
        one.judged.reset = other;
        one.done.reset = other;
    });
    assert_eq!(run(&dir, "again.json").0, 0);
    let (code, printed) = run(&dir, "desk.json again.json tokens.json");
    assert_eq!(code, 2, "{printed}");
    for line in [
        "desk.json: NOT VERIFIED\n",
        "again.json: NOT VERIFIED\n",
        "one of it is in again.json, too",
        "one of it is in desk.json, too",
        "tokens.json: verified\n",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
}

#[test]
fn the_page_for_auditors_shows_what_the_command_prints() {
    let dir = with_records();
    let (code, printed) = run(
        &dir,
        "--trail desk.trail.jsonl --keys desk.jwks.json desk.json",
    );
    assert_eq!(code, 0, "{printed}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/audit.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.contains(&format!("\n{}\n", printed.trim_end())),
        "{printed}"
    );
}

#[test]
fn a_changed_record_is_not_verified_and_the_others_are_looked_at_all_the_same() {
    let dir = with_records();
    let record = fs::read_to_string(dir.path("desk.json")).unwrap();
    dir.write("desk.json", &record.replacen("HELP-42", "HELP-43", 1));
    let (code, printed) = run(&dir, "desk.json tokens.json");
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("desk.json: NOT VERIFIED"), "{printed}");
    assert!(printed.contains("tokens.json: verified"), "{printed}");
}

#[test]
fn a_file_that_is_not_there_is_an_error_on_this_machine() {
    let dir = with_records();
    assert_eq!(run(&dir, "absent.json").0, 1);
    assert_eq!(run(&dir, "").0, 1);
    assert_eq!(run(&dir, "desk.json --keys desk.json").0, 1);
}
