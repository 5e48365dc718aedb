//! What is remembered on the operator's machine, and what every command has in common.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::api::{Api, RESET, Reply, outcome};
use crate::on_call::{run, test_dir};
use crate::terminal::terminal;
use crate::{TestDir, text};

const REST: &str = "approve --target adele@contoso.com --ticket ITSD-1042 --verified-by diego@contoso.com \
    --method in_person";

fn with_config(more: &str) -> TestDir {
    let dir = TestDir::with_key();
    fs::create_dir(dir.path("reregister")).unwrap();
    let config = "key = \"key.pem\"\nkid = \"megan-1\"\niss = \"on-call\"\naud = \"https://mfa.contoso.com/resets\"\n\
                  approver = \"megan@contoso.com\"\n";
    dir.write("reregister/config.toml", &format!("{config}{more}"));
    dir
}

#[test]
fn options_come_from_config_toml_unless_the_environment_or_the_command_line_has_them() {
    let dir = with_config("");
    let approver = |variable: Option<&str>, option: &str| {
        let mut command = dir.command(&format!("{REST} {option}"));
        if let Some(variable) = variable {
            command.env("REREGISTER_APPROVER", variable);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stderr).split(' ').next().unwrap().to_owned()
    };
    assert_eq!(approver(None, ""), "megan@contoso.com");
    assert_eq!(approver(Some("ada@contoso.com"), ""), "ada@contoso.com");
    let option = "--approver olga@contoso.com";
    assert_eq!(
        approver(Some("ada@contoso.com"), option),
        "olga@contoso.com"
    );
}

#[test]
fn a_config_file_that_cannot_be_understood_is_named_in_one_line_and_left_out() {
    let dir = with_config("colour = \"blue\"\n");
    let output = dir.run(REST);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    let first = error.lines().next().unwrap();
    assert!(
        first.starts_with("reregister: ") && first.contains("config.toml is wrong"),
        "{error}"
    );
    assert!(first.contains("colour"), "{error}");
}

#[test]
fn without_a_terminal_what_is_sure_to_be_refused_is_signed_only_by_force() {
    let dir = with_config("");
    let own = "--approver adele@contoso.com";
    let refusal = dir.refusal(&format!("{REST} {own}"));
    assert!(refusal.contains("--force"), "{refusal}");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
    let forced = dir.run(&format!("{REST} {own} --force"));
    assert!(forced.status.success(), "{}", text(&forced.stderr));
}

#[test]
fn in_a_terminal_the_approver_is_asked_before_what_is_sure_to_be_refused_is_signed() {
    let dir = with_config("");
    for (typed, code) in [("", 1), ("n", 1), ("y", 0)] {
        let (mut keyboard, theirs) = terminal(80, 24);
        let running = dir
            .command(&format!("{REST} --verified-at 5h"))
            .stdin(theirs)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(keyboard, "{typed}").unwrap();
        let output = running.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("Sign it all the same? [y/N]"));
        assert_eq!(output.stdout.is_empty(), code == 1);
    }
}

#[test]
fn in_a_terminal_missing_options_are_asked_for_and_remembered_for_the_next_time() {
    let dir = TestDir::with_key();
    let typed = [
        "missing.pem",
        "jwks.json",
        "~/key.pem",
        "megan-1",
        "on-call",
        "https://mfa.contoso.com/resets",
        "megan@contoso.com",
        "adele@contoso.com",
        "no ticket",
        "ITSD-1042",
        "diego@contoso.com",
        "phone_call",
        "1",
        "2",
        "lost",
        "1",
        "10m",
        "y",
    ];
    let (mut keyboard, theirs) = terminal(80, 24);
    let running = dir
        .command("approve")
        .env("HOME", &dir.0)
        .stdin(theirs)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(keyboard, "{}", typed.join("\n")).unwrap();
    let output = running.wait_with_output().unwrap();
    let asked = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{asked}");
    assert!(
        asked.contains("  1 desk\n  2 home\n  3 mobile\n"),
        "{asked}"
    );
    assert!(asked.contains("invalid value 'no ticket'"), "{asked}");
    for said in [
        "The private key that keygen made, such as ~/olga.pem (--key)\n",
        "cannot read missing.pem: No such file",
        "jwks.json: that is the public key: give the .pem that keygen wrote as --private",
        "Who is to be reset: object id or user principal name, such as jane.doe@contoso.com (--target)\n",
        "2026-11-24T09:00:00Z (--verified-at) [Enter: now]\n",
        "Remember key, kid, iss, aud, approver in ",
    ] {
        assert!(asked.contains(said), "{said}\n{asked}");
    }
    let passkeys = "  1 passkeys:remove: passkeys go, too: they were on the device that is gone\n";
    assert!(asked.contains(passkeys), "{asked}");
    let again = dir.run(REST);
    assert!(again.status.success(), "{}", text(&again.stderr));
}

#[test]
fn without_a_terminal_a_missing_option_is_an_error_that_names_it() {
    let refusal = TestDir::with_key().refusal("approve --kid megan-1");
    assert_eq!(
        refusal,
        "reregister: missing: --key, --iss, --aud, --approver, --target, --ticket, --verified-by, --method: on a terminal \
         they are asked for, and config.toml may have them.\n"
    );
}

#[test]
fn wrong_usage_is_one_line_with_the_name_of_the_command() {
    let dir = test_dir();
    for (arguments, said) in [
        (
            "preview --url https://a.example",
            "missing: --approval <FILE|->.",
        ),
        (
            "run o1",
            "unexpected argument 'o1' found; tip: --approval o1.",
        ),
        (
            "approve --tickte HELP-1",
            "unexpected argument '--tickte' found; tip: a similar argument exists: '--ticket'.",
        ),
        (
            "aprove",
            "unrecognized subcommand 'aprove'; tip: some similar subcommands exist: 'preview', 'approve'.",
        ),
    ] {
        assert_eq!(dir.refusal(arguments), format!("reregister: {said}\n"));
    }
    let refusal = dir.refusal("approve --reason stolne");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
    assert!(
        refusal.starts_with("reregister: invalid value 'stolne' for "),
        "{refusal}"
    );
    assert!(refusal.contains("[possible values: "), "{refusal}");
}

#[test]
fn what_is_asked_for_is_no_required_option_in_the_usage() {
    let dir = TestDir::new();
    let help = dir.run("approve --help");
    let help = text(&help.stdout);
    assert!(
        help.contains("Usage: reregister approve [OPTIONS]\n"),
        "{help}"
    );
    assert!(help.contains("what is missing is asked for"), "{help}");
    for command in ["preview", "run", "status", "link"] {
        let help = dir.run(&format!("{command} --help"));
        assert!(text(&help.stdout).contains("config.toml"), "{command}");
    }
}

#[test]
fn without_a_terminal_a_missing_address_is_an_error_that_names_all_three_places() {
    let dir = test_dir();
    for command in [
        "preview --approval one",
        "run --approval one --yes",
        "status HELP-42 --approval one",
        "link --approval one",
    ] {
        assert_eq!(
            dir.refusal(command),
            "reregister: the address of the function is missing. Give --url (the output PageUrl), set REREGISTER_URL, or \
             write url = \"https://...\" in ~/.config/reregister/config.toml.\n"
        );
    }
}

#[test]
fn in_a_terminal_a_missing_address_is_asked_for_and_remembered() {
    let (dir, api) = (test_dir(), Api::with_preview());
    let (mut keyboard, theirs) = terminal(80, 24);
    let running = dir
        .command("preview --approval one")
        .stdin(theirs)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    write!(keyboard, "mfa.contoso.com\n{}\ny\n", api.url).unwrap();
    let output = running.wait_with_output().unwrap();
    let asked = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{asked}");
    for said in [
        "output PageUrl",
        "--url must be an address",
        "Remember url in ",
    ] {
        assert!(asked.contains(said), "{said}\n{asked}");
    }
    let again = dir.run("preview --approval one");
    assert!(again.status.success(), "{}", text(&again.stderr));
}

#[test]
fn status_finds_by_its_ticket_the_reset_that_run_started() {
    let done = || [Reply::Json(200, outcome("completed", "yes"))];
    let (dir, api) = (test_dir(), Api::with_preview().open(done()).read(done()));
    let (code, _, err) = run(&dir, &api, "run --yes --approval one");
    assert_eq!(code, 0, "{err}");
    for ticket in ["HELP-42", "help-42", RESET] {
        let (code, out, err) = run(&dir, &api, &format!("status {ticket} --approval one"));
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("It is completed"), "{out}");
        assert_eq!(
            api.routes().last().unwrap(),
            &format!("GET /resets/{RESET}")
        );
    }
}

#[test]
fn an_error_is_one_line_with_the_name_of_the_command_also_with_a_backtrace() {
    let dir = test_dir();
    let output = dir
        .command("preview --approval missing --url https://a.example")
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap();
    let error = text(&output.stderr);
    assert!(
        error.starts_with("reregister: cannot read missing: "),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn each_help_ends_with_examples_and_there_is_a_manual_page_for_each_command() {
    let dir = TestDir::new();
    let written = dir.run("man --dir pages");
    assert!(written.status.success(), "{}", text(&written.stderr));
    let page = dir.run("man");
    for part in [
        ".TH reregister",
        ".SH FILES",
        "config.toml",
        ".SH ENVIRONMENT",
        "AWS_REGION",
    ] {
        assert!(text(&page.stdout).contains(part), "{part}");
    }
    for command in [
        "preview",
        "run",
        "status",
        "link",
        "keygen",
        "approve",
        "event",
        "freeze",
        "thaw",
        "completions",
        "man",
    ] {
        let help = dir.run(&format!("{command} --help"));
        assert!(
            text(&help.stdout).contains("Examples:\n  reregister "),
            "{command}"
        );
        assert!(
            dir.path(&format!("pages/reregister-{command}.1")).exists(),
            "{command}"
        );
    }
}
