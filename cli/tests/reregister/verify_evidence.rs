//! `reregister verify-evidence` on records that an earlier run of the product has written. Their keys are gone.

use std::fs;
use std::path::Path;

use crate::{TestDir, text};

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
        "two people: the approver did not verify",
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
    for arguments in [
        "desk.json --keys tokens.jwks.json",
        "desk.json --trail tokens.trail.jsonl",
        // It has the key of one of the two issuers.
        "tokens.json --keys tokens.jwks.json",
    ] {
        let (code, printed) = run(&dir, arguments);
        assert_eq!(code, 3, "{arguments}: {printed}");
        assert!(printed.contains("NOT CONFIRMED"), "{printed}");
    }
}

#[test]
fn a_copy_with_another_key_of_the_same_name_is_a_fault() {
    let dir = with_records();
    let kid = dir.json("desk.jwks.json")["keys"][0]["kid"].clone();
    let mut other = dir.json("tokens.jwks.json");
    other["keys"][0]["kid"] = kid;
    dir.write("other.jwks.json", &other.to_string());
    let (code, printed) = run(&dir, "desk.json --keys other.jwks.json");
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("desk.json: NOT VERIFIED"), "{printed}");
    assert!(!printed.contains("Proven"), "{printed}");
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
