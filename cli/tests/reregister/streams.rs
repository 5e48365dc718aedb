//! Standard output and standard error that cannot be written to.

use std::fs::File;
use std::process::{Command, Stdio};

use simulated::approval::Draft;
use simulated::issuer::Issuer;

use crate::api::{Api, RESET, Reply, outcome, problem};
use crate::{Desk, text};

/// A desk with a key and an approval in `one`.
fn desk() -> Desk {
    let desk = Desk::with_key();
    let token = Issuer::es256("one", "k").approve(&Draft::new(1_790_000_000));
    desk.write("one", &token);
    desk
}

/// A disk that is full.
fn full() -> Stdio {
    Stdio::from(File::options().write(true).open("/dev/full").unwrap())
}

/// A pipe whose reader has gone.
fn closed() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    Stdio::from(writer)
}

/// Runs it with this standard output, and gives the exit code and what was on standard error.
fn said(desk: &Desk, api: &Api, arguments: &str, stdout: Stdio) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(arguments.split_whitespace())
        .env("REREGISTER_URL", &api.url)
        .current_dir(&desk.0)
        .stdout(stdout)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    (output.status.code(), text(&output.stderr).to_owned())
}

#[test]
fn a_result_that_cannot_be_written_is_an_error_of_this_machine() {
    let desk = desk();
    let status = format!("status {RESET} --approval one");
    for arguments in [
        "--help",
        "preview --approval one",
        "preview --approval one --json",
        &status,
        "run --yes --approval one",
        "link --approval one",
        "event --source on-call --approval one",
        "completions bash",
        "approve --key key.pem --kid megan-1 --iss on-call --aud a --target adele@contoso.com --ticket ITSD-1042 \
         --approver megan@contoso.com --verified-by diego@contoso.com --method in_person",
    ] {
        for stdout in [full(), closed()] {
            let api = Api::with_preview().read([Reply::Json(200, outcome("completed", "yes"))]);
            let (code, err) = said(&desk, &api, arguments, stdout);
            assert_eq!(code, Some(1), "{arguments}\n{err}");
            assert!(
                err.contains("cannot write to standard output"),
                "{arguments}\n{err}"
            );
            let routes = api.routes();
            assert!(!routes.contains(&"POST /resets".to_owned()), "{arguments}");
        }
    }
}

#[test]
fn what_was_done_has_its_code_also_if_it_cannot_be_written() {
    let desk = desk();
    for (reply, expected) in [
        (Reply::Json(200, outcome("completed", "yes")), 0),
        (Reply::Json(200, outcome("needs_human", "unknown")), 3),
        (problem(403, "frozen", false), 2),
    ] {
        for stdout in [full(), closed()] {
            let api = Api::with_preview().open([reply.clone()]);
            let run = "run --yes --json --approval one";
            let (code, err) = said(&desk, &api, run, stdout);
            assert_eq!(code, Some(expected), "{err}");
            assert!(err.contains("cannot write to standard output"), "{err}");
            assert_eq!(api.routes(), ["POST /resets/preview", "POST /resets"]);
        }
    }
}

#[test]
fn a_standard_error_that_cannot_be_written_changes_no_exit_code() {
    let desk = desk();
    for (reply, expected) in [
        (Reply::Json(200, outcome("completed", "yes")), 0),
        (problem(403, "frozen", false), 2),
    ] {
        let api = Api::with_preview().open([reply]);
        let output = Command::new(env!("CARGO_BIN_EXE_reregister"))
            .args(["run", "--yes", "--approval", "one", "--url", &api.url])
            .current_dir(&desk.0)
            .stdout(Stdio::piped())
            .stderr(full())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(expected));
    }
}
