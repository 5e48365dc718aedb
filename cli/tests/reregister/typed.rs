//! What an operator types or pastes into `preview` and `run`.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::api::{Api, Reply, outcome, preview};
use crate::on_call::{approval_in, asked_by, checked_output, run, test_dir};
use crate::terminal::terminal;
use crate::{TestDir, text};

#[test]
fn without_a_terminal_run_cannot_ask_and_sends_nothing() {
    let (dir, api) = (test_dir(), Api::with_preview());
    let (code, out, err) = run(&dir, &api, "run --approval one");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("--yes"), "{err}");
    assert!(api.asked().is_empty());
}

/// Runs the command in a terminal, and types the line into it.
fn run_and_type(dir: &TestDir, api: &Api, line: &str, stderr: Stdio) -> (i32, String, String) {
    let (mut keyboard, theirs) = terminal(80, 24);
    let running = Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(["run", "--approval", "one"])
        .env("REREGISTER_URL", &api.url)
        .env("XDG_STATE_HOME", &dir.0)
        .current_dir(&dir.0)
        .stdin(theirs)
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap();
    writeln!(keyboard, "{line}").unwrap();
    let output = running.wait_with_output().unwrap();
    checked_output(dir, &output)
}

#[test]
fn a_pasted_approval_is_not_shown_on_the_screen() {
    let (dir, api) = (test_dir(), Api::with_preview());
    let (mut ours, theirs) = terminal(80, 24);
    let mut running = dir
        .command("preview --approval -")
        .env("REREGISTER_URL", &api.url)
        .stdin(theirs)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut asked = [0; 10];
    running
        .stderr
        .as_mut()
        .unwrap()
        .read_exact(&mut asked)
        .unwrap();
    assert_eq!(&asked, b"Approval (");
    let token = approval_in(&dir, "one");
    writeln!(ours, "{token}").unwrap();
    let output = running.wait_with_output().unwrap();
    assert_eq!(checked_output(&dir, &output).0, 0);
    // The terminal has ended with the process: what it has shown can be read, and then there is an error.
    let mut screen = Vec::new();
    let _ = ours.read_to_end(&mut screen);
    assert_eq!(text(&screen).trim(), "");
    assert_eq!(api.asked()[0].authorization, format!("Bearer {token}"));
}

#[test]
fn nothing_is_done_before_the_persons_name_or_the_ticket_is_typed() {
    let dir = test_dir();
    for wrong in ["", "y", "yes", "jane", "HELP-43"] {
        let api = Api::with_preview();
        let (code, out, err) = run_and_type(&dir, &api, wrong, Stdio::piped());
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains("Type jane.doe@contoso.example or HELP-42 to do it"));
        assert!(err.contains("nothing was done"), "{err}");
        assert_eq!(api.routes(), ["POST /resets/preview"]);
    }
    for right in ["Jane.Doe@contoso.example", "HELP-42"] {
        let api = Api::with_preview().open([Reply::Json(200, outcome("completed", "yes"))]);
        let (code, out, err) = run_and_type(&dir, &api, right, Stdio::piped());
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("It is completed"));
        assert_eq!(api.routes(), ["POST /resets/preview", "POST /resets"]);
    }
}

#[test]
fn a_person_who_could_not_register_afterwards_is_named_before_the_question() {
    let dir = test_dir();
    let mut locked_out = preview();
    locked_out["can_register"] = "no".into();
    let api = Api::start().preview([Reply::Json(200, locked_out)]);
    let (code, _, err) = run_and_type(&dir, &api, "", Stdio::piped());
    assert_eq!(code, 1);
    let (before, _) = err.split_once("Type jane.doe@contoso.example").unwrap();
    let warning = "Warning: afterwards jane.doe@contoso.example CANNOT register";
    assert!(before.contains(warning), "{err}");
    for scope in ["passkeys:remove", "passkeys:keep", "lockout:accept"] {
        assert!(before.contains(&format!("--scope {scope}")), "{err}");
    }
    let (_, _, err) = run_and_type(&dir, &Api::with_preview(), "", Stdio::piped());
    assert!(!err.contains("CANNOT register"), "{err}");
}

#[test]
fn the_preview_is_on_stderr_with_the_question_and_if_it_cannot_be_printed_nothing_is_done() {
    let dir = test_dir();
    let api = Api::with_preview().open([Reply::Json(200, outcome("completed", "yes"))]);
    let (code, out, err) = run_and_type(&dir, &api, "HELP-42", Stdio::piped());
    assert_eq!(code, 0, "{err}");
    let (preview, _) = err.split_once("Type jane.doe@contoso.example").unwrap();
    assert!(preview.contains("would do this"), "{err}");
    assert!(!out.contains("would do this"), "{out}");

    let api = Api::with_preview().open([Reply::Json(200, outcome("completed", "yes"))]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (code, _, _) = run_and_type(&dir, &api, "HELP-42", Stdio::from(full));
    assert_eq!(code, 1);
    assert_eq!(api.routes(), ["POST /resets/preview"]);
}

#[test]
fn an_approval_comes_from_standard_input_too_but_not_from_an_argument() {
    let (dir, api) = (test_dir(), Api::with_preview());
    let output = Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(["preview", "--approval", "-", "--url", &api.url])
        .current_dir(&dir.0)
        .stdin(File::open(dir.path("one")).unwrap())
        .output()
        .unwrap();
    let (code, _, err) = checked_output(&dir, &output);
    assert_eq!(code, 0, "{err}");
    assert_eq!(api.asked()[0].authorization, asked_by(&dir));

    let token = approval_in(&dir, "one");
    for (arguments, why) in [
        (format!("preview --approval {token}"), "name of a file"),
        (format!("preview --approval one {token}"), "[an approval]"),
        (format!("preview --approval one --{token}"), "[an approval]"),
        (format!("status {token} --approval one"), "[an approval]"),
    ] {
        let (code, _, err) = run(&dir, &api, &arguments);
        assert_eq!(code, 1);
        assert!(err.contains(why), "{err}");
    }
    let link = format!("https://mfa.contoso.example/#approval={token}");
    let output = dir.run(&format!("preview --approval one --url {link}"));
    let (code, _, err) = checked_output(&dir, &output);
    assert_eq!(code, 1);
    assert!(err.contains("--url takes only the address"), "{err}");
    assert_eq!(api.asked().len(), 1);
}
