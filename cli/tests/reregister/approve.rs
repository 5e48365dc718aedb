use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation};
use serde_json::{Value, json};

use crate::{TestDir, text};

const WHO: &str = "approve --key key.pem --kid megan-1 --iss on-call --aud https://mfa.contoso.com/resets \
    --target adele@contoso.com --ticket ITSD-1042 --approver megan@contoso.com --verified-by diego@contoso.com";
const CALL: &str = "--method phone_call --via desk --contact-source company_directory";

/// The approval that the command prints, verified under the key set that keygen wrote.
fn approval(dir: &TestDir, arguments: &str) -> TokenData<Value> {
    let output = dir.run(arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let token = text(&output.stdout).strip_suffix('\n').unwrap();
    assert!(!token.contains(char::is_whitespace), "the token alone");
    let set: JwkSet = serde_json::from_value(dir.json("jwks.json")).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["https://mfa.contoso.com/resets"]);
    let key = DecodingKey::from_jwk(set.find("megan-1").unwrap()).unwrap();
    jsonwebtoken::decode(token, &key, &validation).unwrap()
}

#[test]
fn an_approval_verifies_under_the_published_key_and_has_a_claim_for_each_option() {
    let dir = TestDir::with_key();
    let approval = approval(
        &dir,
        &format!(
            "{WHO} {CALL} --reference CALL-17 --reason lost --scope passkeys:remove --scope sessions:keep \
             --minutes 10 --tid 72f988bf-86f1-41af-91ab-2d7cd011db47"
        ),
    );
    assert_eq!(approval.header.typ.as_deref(), Some("mfa-approval+jwt"));
    assert_eq!(approval.header.kid.as_deref(), Some("megan-1"));
    let claims = approval.claims;
    let time = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(time("exp") - time("iat"), 600);
    assert_eq!(claims["iss"], "on-call");
    assert_eq!(claims["sub"], "adele@contoso.com");
    assert_eq!(claims["txn"], "ITSD-1042");
    assert_eq!(claims["act"], json!({"sub": "megan@contoso.com"}));
    assert_eq!(
        claims["scope"],
        "mfa:reregister passkeys:remove sessions:keep"
    );
    assert_eq!(claims["reason"], "lost");
    assert_eq!(claims["tid"], "72f988bf-86f1-41af-91ab-2d7cd011db47");
    let expected = json!([{
        "method": "phone_call",
        "via": "desk",
        "contact_source": "company_directory",
        "verified_by": "diego@contoso.com",
        "verified_at": claims["iat"],
        "reference": "CALL-17",
    }]);
    assert_eq!(claims["verification"], expected);
}

#[test]
fn an_option_that_is_not_given_is_no_claim_and_each_approval_has_its_own_id() {
    let dir = TestDir::with_key();
    let met = format!("{WHO} --method in_person --verified-at 2026-11-24T09:00:00Z --force");
    let (one, two) = (approval(&dir, &met).claims, approval(&dir, &met).claims);
    assert_ne!(one["jti"], two["jti"]);
    assert_eq!(one["scope"], "mfa:reregister");
    for absent in ["tid", "reason"] {
        assert_eq!(one.get(absent), None);
    }
    let evidence = one["verification"][0].as_object().unwrap();
    let mut members: Vec<_> = evidence.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["method", "verified_at", "verified_by"]);
    assert_eq!(evidence["verified_at"], 1_795_510_800);
}

#[test]
fn a_scope_that_is_given_twice_is_approved_once() {
    let dir = TestDir::with_key();
    let twice = "--scope sessions:keep --scope mfa:reregister --scope sessions:keep";
    let approval = approval(&dir, &format!("{WHO} {CALL} {twice}"));
    assert_eq!(approval.claims["scope"], "mfa:reregister sessions:keep");
}

#[test]
fn a_passkey_is_kept_or_removed_and_a_lock_out_is_accepted_only_if_it_is_said() {
    let dir = TestDir::with_key();
    let kept = "--scope passkeys:keep --scope lockout:accept";
    let claims = approval(&dir, &format!("{WHO} {CALL} {kept}")).claims;
    assert_eq!(
        claims["scope"],
        "mfa:reregister passkeys:keep lockout:accept"
    );
    let both = "--scope passkeys:keep --scope passkeys:remove";
    let refusal = dir.refusal(&format!("{WHO} {CALL} {both}"));
    assert!(refusal.contains("not both"), "{refusal}");
}

#[test]
fn after_a_theft_no_sessions_are_kept() {
    let dir = TestDir::with_key();
    let kept = "--reason stolen --scope sessions:keep";
    let refusal = dir.refusal(&format!("{WHO} {CALL} {kept}"));
    assert!(refusal.contains("a thief may hold"), "{refusal}");
}

#[test]
fn the_summary_goes_to_stderr_and_does_not_hold_the_approval() {
    let dir = TestDir::with_key();
    let output = dir.run(&format!("{WHO} {CALL}"));
    let summary = text(&output.stderr);
    assert!(
        summary
            .starts_with("megan@contoso.com approves the reset of adele@contoso.com for ITSD-1042")
    );
    assert!(summary.ends_with(" UTC, in 15 minutes\n"), "{summary}");
    assert_eq!(summary.lines().count(), 1);
    assert!(!summary.contains(text(&output.stdout).trim()));
    let output = dir.run(&format!("{WHO} {CALL} --out approval"));
    let summary = text(&output.stderr);
    assert!(
        summary.ends_with(
            " UTC, in 15 minutes; written to approval. Next: reregister preview --approval approval\n"
        ),
        "{summary}"
    );
}

#[test]
fn an_approval_that_is_good_for_longer_than_on_call_allows_is_signed_with_a_warning() {
    let dir = TestDir::with_key();
    let output = dir.run(&format!("{WHO} {CALL} --minutes 60"));
    assert!(output.status.success());
    assert!(
        text(&output.stderr).starts_with(
            "Warning: the approval is good for more than 15 minutes. On call it will be refused; in a ticket it is good.\n"
        ),
        "{}",
        text(&output.stderr)
    );
    let output = dir.run(&format!("{WHO} {CALL} --minutes 15"));
    assert!(!text(&output.stderr).contains("Warning"));
}

#[test]
fn an_approval_in_a_file_is_readable_by_its_owner_alone() {
    let dir = TestDir::with_key();
    let files = || fs::read_dir(&dir.0).unwrap().count();
    let before = files();
    // The second one replaces a file that every user can read.
    for out in ["--out approval", "-o approval"] {
        let output = dir.run(&format!("{WHO} {CALL} {out}"));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
        assert_eq!(files(), before + 1, "no draft stays behind");
        let file = dir.path("approval");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let link = dir.run("link --approval approval --url https://a.example");
        assert_eq!(link.status.code(), Some(0), "{}", text(&link.stderr));
        dir.write("approval", "an old one");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let output = dir.run(&format!("{WHO} {CALL} --out -"));
    assert!(text(&output.stdout).starts_with("eyJ"));
    assert_eq!(files(), before + 1);
}

#[test]
fn an_approval_replaces_only_a_plain_file() {
    let dir = TestDir::with_key();
    symlink("/dev/stdout", dir.path("stream")).unwrap();
    for (out, why) in [
        ("stream", "stream is not a plain file"),
        (".", "not a plain file"),
        (
            "missing/approval",
            "nothing was signed: there is no folder missing.",
        ),
    ] {
        let refusal = dir.refusal(&format!("{WHO} {CALL} --out {out}"));
        assert!(refusal.contains(why), "{refusal}");
    }
    let stream = fs::symlink_metadata(dir.path("stream")).unwrap();
    assert!(stream.is_symlink());
}

#[test]
fn an_approval_that_the_function_would_refuse_is_not_signed() {
    let dir = TestDir::with_key();
    let own = WHO.replace("--approver megan", "--approver ADELE");
    let unclear = WHO.replace("--target adele@contoso.com", "--target adele");
    let braces = WHO.replace(
        "--target adele@contoso.com",
        "--target {6e7b768e-07e2-4810-8459-485f84f8f204}",
    );
    for (arguments, why) in [
        (
            format!("{own} {CALL}"),
            "another person has to approve the reset",
        ),
        (
            format!("{WHO} {CALL} --verified-at 5h"),
            "--verified-at is more than 4 hours ago",
        ),
        (format!("{unclear} {CALL}"), "user principal name"),
        (format!("{braces} {CALL}"), "user principal name"),
        (
            format!("{} {CALL}", WHO.replace("ITSD-1042", "#1042")),
            "a ticket key",
        ),
        (
            format!("{} {CALL}", WHO.replace("megan-1", "m\u{e9}gan-1")),
            "a kid",
        ),
        (
            format!("{WHO} {CALL} --minutes 91"),
            "at most 90 in a ticket, 15 on call",
        ),
        (format!("{WHO} {CALL} --minutes 0"), "at least 1"),
        (
            format!("{WHO} {CALL} --verified-at 2999-01-01T00:00:00Z"),
            "in the future",
        ),
        (
            format!("{WHO} {CALL} --reference +31201234567"),
            "not 7 digits in a row",
        ),
        (
            format!("{WHO} {CALL} --reference 2012345678"),
            "not 7 digits in a row",
        ),
        (
            format!("{WHO} --method phone_call --contact-source phone_book"),
            "needs --via",
        ),
        (
            format!("{WHO} --method phone_call --via slack --contact-source phone_book"),
            "does not fit --method phone_call: one of desk, home, mobile",
        ),
        (
            format!("{WHO} --method video_call --via teams --contact-source phone_book"),
            "does not belong to --method video_call",
        ),
        (
            format!("{WHO} --method secure_message --via slack"),
            "needs --contact-source",
        ),
        (
            format!("{WHO} --method in_person --contact-source colleague"),
            "does not belong",
        ),
        (
            format!("{WHO} --method knowledge_questions"),
            "invalid value",
        ),
        (
            format!(
                "{WHO} --method phone_call --via mobile --contact-source phone_book --reason stolen"
            ),
            "proves nothing",
        ),
    ] {
        let refusal = dir.refusal(&arguments);
        assert!(refusal.contains(why), "{arguments}\n{refusal}");
    }
}

#[test]
fn options_that_seldom_change_may_be_environment_variables() {
    let dir = TestDir::with_key();
    let output = dir
        .command("approve --target adele@contoso.com --ticket ITSD-1042 --verified-by diego@contoso.com --method in_person")
        .env("REREGISTER_KEY", "key.pem")
        .env("REREGISTER_KID", "megan-1")
        .env("REREGISTER_ISS", "on-call")
        .env("REREGISTER_AUD", "https://mfa.contoso.com/resets")
        .env("REREGISTER_APPROVER", "megan@contoso.com")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr)
            .starts_with("megan@contoso.com approves the reset of adele@contoso.com")
    );
}

#[test]
fn the_error_names_a_file_that_is_no_private_key() {
    let dir = TestDir::with_key();
    dir.write(
        "key.pem",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    );
    let refusal = dir.refusal(&format!("{WHO} {CALL}"));
    assert!(refusal.contains("key.pem"), "{refusal}");
    let public = WHO.replace("--key key.pem", "--key jwks.json");
    let refusal = dir.refusal(&format!("{public} {CALL}"));
    assert!(
        refusal.contains("jwks.json: that is the public key: give the .pem that keygen wrote"),
        "{refusal}"
    );
}

#[test]
fn a_key_in_the_home_directory_is_found_where_no_shell_has_expanded_its_name() {
    let dir = TestDir::with_key();
    let arguments = format!("{} {CALL}", WHO.replace("--key key.pem", "--key=~/key.pem"));
    let output = dir
        .command(&arguments)
        .env("HOME", &dir.0)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}
