//! Standard output and standard error that cannot be written to.

use std::fs::File;
use std::process::{Command, Stdio};

use simulated::approval::Draft;
use simulated::issuer::Issuer;

use crate::api::{Api, RESET, Reply, outcome, problem};
use crate::{TestDir, text};

/// A directory with a key and an approval in `one`.
fn test_dir() -> TestDir {
    let dir = TestDir::with_key();
    let token = Issuer::es256("one", "k").approve(&Draft::new(1_790_000_000));
    dir.write("one", &token);
    dir
}

/// A full disk.
fn full() -> Stdio {
    Stdio::from(File::options().write(true).open("/dev/full").unwrap())
}

/// A pipe whose reader has gone.
fn closed() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    Stdio::from(writer)
}

/// Runs the command with this standard output: exit code and standard error.
fn run(dir: &TestDir, api: &Api, arguments: &str, stdout: Stdio) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(arguments.split_whitespace())
        .env("REREGISTER_URL", &api.url)
        .current_dir(&dir.0)
        .stdout(stdout)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    (output.status.code(), text(&output.stderr).to_owned())
}

#[test]
fn a_result_that_cannot_be_written_is_an_error_of_this_machine() {
    let dir = test_dir();
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
            let (code, err) = run(&dir, &api, arguments, stdout);
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
fn an_outcome_has_its_exit_code_also_if_it_cannot_be_printed() {
    let dir = test_dir();
    for (reply, expected) in [
        (Reply::Json(200, outcome("completed", "yes")), 0),
        (Reply::Json(200, outcome("needs_human", "unknown")), 3),
        (problem(403, "frozen", false), 2),
    ] {
        for stdout in [full(), closed()] {
            let api = Api::with_preview().open([reply.clone()]);
            let arguments = "run --yes --json --approval one";
            let (code, err) = run(&dir, &api, arguments, stdout);
            assert_eq!(code, Some(expected), "{err}");
            assert!(err.contains("cannot write to standard output"), "{err}");
            assert_eq!(api.routes(), ["POST /resets/preview", "POST /resets"]);
        }
    }
}

#[test]
fn a_standard_error_that_cannot_be_written_changes_no_exit_code() {
    let dir = test_dir();
    for (reply, expected) in [
        (Reply::Json(200, outcome("completed", "yes")), 0),
        (problem(403, "frozen", false), 2),
    ] {
        let api = Api::with_preview().open([reply]);
        let output = Command::new(env!("CARGO_BIN_EXE_reregister"))
            .args(["run", "--yes", "--approval", "one", "--url", &api.url])
            .current_dir(&dir.0)
            .stdout(Stdio::piped())
            .stderr(full())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(expected));
    }
}
