//! What somebody types, or pastes, into `preview` and `run`.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::api::{Api, Reply, outcome};
use crate::on_call::{asked_by, desk, held, said, told};
use crate::terminal::terminal;
use crate::{Desk, text};

#[test]
fn without_a_terminal_nobody_can_be_asked_and_nothing_is_sent() {
    let (desk, api) = (desk(), Api::with_preview());
    let (code, out, err) = said(&desk, &api, "run --approval one");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("--yes"), "{err}");
    assert!(api.asked().is_empty());
}

/// Runs it in a terminal, into which somebody types.
fn typed(desk: &Desk, api: &Api, line: &str, stderr: Stdio) -> (i32, String, String) {
    let (mut keyboard, theirs) = terminal(80, 24);
    let running = Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(["run", "--approval", "one"])
        .env("REREGISTER_URL", &api.url)
        .current_dir(&desk.0)
        .stdin(theirs)
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap();
    writeln!(keyboard, "{line}").unwrap();
    let output = running.wait_with_output().unwrap();
    told(desk, &output)
}

#[test]
fn an_approval_that_is_pasted_is_not_left_on_the_screen() {
    let (desk, api) = (desk(), Api::with_preview());
    let (mut ours, theirs) = terminal(80, 24);
    let mut running = desk
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
    let token = held(&desk, "one");
    writeln!(ours, "{token}").unwrap();
    let output = running.wait_with_output().unwrap();
    assert_eq!(told(&desk, &output).0, 0);
    // The terminal is gone with the process: what it has shown can be read, and then there is an error.
    let mut screen = Vec::new();
    let _ = ours.read_to_end(&mut screen);
    assert_eq!(text(&screen).trim(), "");
    assert_eq!(api.asked()[0].authorization, format!("Bearer {token}"));
}

#[test]
fn nothing_is_done_before_the_persons_name_or_the_ticket_is_typed() {
    let desk = desk();
    for wrong in ["", "y", "yes", "jane", "HELP-43"] {
        let api = Api::with_preview();
        let (code, out, err) = typed(&desk, &api, wrong, Stdio::piped());
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains("Type jane.doe@contoso.example or HELP-42 to do it"));
        assert!(err.contains("nothing was done"), "{err}");
        assert_eq!(api.routes(), ["POST /resets/preview"]);
    }
    for right in ["Jane.Doe@contoso.example", "HELP-42"] {
        let api = Api::with_preview().open([Reply::Json(200, outcome("completed", "yes"))]);
        let (code, out, err) = typed(&desk, &api, right, Stdio::piped());
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("It is completed"));
        assert_eq!(api.routes(), ["POST /resets/preview", "POST /resets"]);
    }
}

#[test]
fn the_preview_is_where_the_question_is_and_without_it_nothing_is_done() {
    let desk = desk();
    let api = Api::with_preview().open([Reply::Json(200, outcome("completed", "yes"))]);
    let (code, out, err) = typed(&desk, &api, "HELP-42", Stdio::piped());
    assert_eq!(code, 0, "{err}");
    let (preview, _) = err.split_once("Type jane.doe@contoso.example").unwrap();
    assert!(preview.contains("would do this"), "{err}");
    assert!(!out.contains("would do this"), "{out}");

    let api = Api::with_preview().open([Reply::Json(200, outcome("completed", "yes"))]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (code, _, _) = typed(&desk, &api, "HELP-42", Stdio::from(full));
    assert_eq!(code, 1);
    assert_eq!(api.routes(), ["POST /resets/preview"]);
}

#[test]
fn an_approval_comes_from_standard_input_too_but_not_from_an_argument() {
    let (desk, api) = (desk(), Api::with_preview());
    let output = Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(["preview", "--approval", "-", "--url", &api.url])
        .current_dir(&desk.0)
        .stdin(File::open(desk.path("one")).unwrap())
        .output()
        .unwrap();
    let (code, _, err) = told(&desk, &output);
    assert_eq!(code, 0, "{err}");
    assert_eq!(api.asked()[0].authorization, asked_by(&desk));

    let token = held(&desk, "one");
    for (arguments, why) in [
        (format!("preview --approval {token}"), "name of a file"),
        (format!("preview --approval one {token}"), "[an approval]"),
        (format!("preview --approval one --{token}"), "[an approval]"),
        (format!("status {token} --approval one"), "[an approval]"),
    ] {
        let (code, _, err) = said(&desk, &api, &arguments);
        assert_eq!(code, 1);
        assert!(err.contains(why), "{err}");
    }
    let link = format!("https://mfa.contoso.example/#approval={token}");
    let output = desk.run(&format!("preview --approval one --url {link}"));
    let (code, _, err) = told(&desk, &output);
    assert_eq!(code, 1);
    assert!(err.contains("--url is the address alone"), "{err}");
    assert_eq!(api.asked().len(), 1);
}
