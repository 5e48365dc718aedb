//! `preview`, `run` and `status` against the API.

use std::process::Output;

use serde_json::{Value, json};
use simulated::approval::Draft;
use simulated::issuer::Issuer;

use crate::api::{Api, RESET, Reply, outcome, preview, problem, waiting};
use crate::{TestDir, text};

/// A directory with an approval in `one` and another in `two`.
pub fn test_dir() -> TestDir {
    let dir = TestDir::new();
    for file in ["one", "two"] {
        dir.write(file, &format!("{}\n", token(file)));
    }
    dir
}

fn token(iss: &str) -> String {
    Issuer::es256(iss, "k").approve(&Draft::new(1_790_000_000))
}

/// The approval in the file.
pub fn approval_in(dir: &TestDir, file: &str) -> String {
    let text = std::fs::read_to_string(dir.path(file)).unwrap();
    text.trim().to_owned()
}

/// Runs the command against this API: exit code, standard output, standard error.
pub fn run(dir: &TestDir, api: &Api, arguments: &str) -> (i32, String, String) {
    let output = dir.run(&format!("{arguments} --url {}", api.url));
    checked_output(dir, &output)
}

/// Exit code, standard output and standard error, neither of which may hold a part of an approval.
pub fn checked_output(dir: &TestDir, output: &Output) -> (i32, String, String) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    for file in ["one", "two"] {
        let token = approval_in(dir, file);
        for part in token.split('.') {
            assert!(!out.contains(part) && !err.contains(part), "{out}\n{err}");
        }
    }
    let code = output.status.code().unwrap();
    (code, out.to_owned(), err.to_owned())
}

fn document(out: &str) -> Value {
    serde_json::from_str(out).unwrap()
}

const RUN: &str = "run --yes --approval one --every 20ms --wait 20s";

#[test]
fn a_preview_shows_what_would_be_done_and_sends_no_other_request() {
    let (dir, api) = (test_dir(), Api::with_preview());
    let (code, out, err) = run(&dir, &api, "preview --approval one");
    assert_eq!((code, err.as_str()), (0, ""));
    for shown in [
        "jane.doe@contoso.example",
        "HELP-42",
        "remove  Microsoft Authenticator  Jane's iPhone",
        "keep    Password",
        "no MFA method",
        "Warning: The person is a guest.",
        "Nothing has been changed.",
    ] {
        assert!(out.contains(shown), "{shown}\n{out}");
    }
    let asked = api.asked();
    assert_eq!(api.routes(), ["POST /resets/preview"]);
    assert_eq!(
        asked[0].authorization,
        format!("Bearer {}", approval_in(&dir, "one"))
    );
    assert_eq!(asked[0].body, "");
}

#[test]
fn the_link_to_the_page_is_taken_for_the_approvals_in_it() {
    let (dir, api) = (test_dir(), Api::with_preview());
    let [one, two] = ["one", "two"].map(|file| approval_in(&dir, file));
    dir.write(
        "link",
        &format!("https://mfa.contoso.example/#approval={one}&approval={two}\n"),
    );
    let (code, _, err) = run(&dir, &api, "preview --approval link");
    assert_eq!(code, 0, "{err}");
    let asked = &api.asked()[0];
    assert_eq!(asked.authorization, format!("Bearer {one}"));
    assert_eq!(document(&asked.body), json!({"approvals": [two]}));
}

#[test]
fn the_preview_shows_the_display_name() {
    let dir = test_dir();
    let mut named = preview();
    named["target_name"] = json!("Jane Doe");
    let api = Api::start().preview([Reply::Json(200, named)]);
    let (_, out, _) = run(&dir, &api, "preview --approval one");
    let lines: Vec<Vec<&str>> = out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(lines.contains(&vec!["name", "Jane", "Doe"]), "{out}");
}

#[test]
fn a_second_approval_goes_into_the_body() {
    let (dir, api) = (test_dir(), Api::with_preview());
    let (code, _, _) = run(&dir, &api, "preview --approval one --approval two");
    assert_eq!(code, 0);
    let asked = &api.asked()[0];
    assert_eq!(
        asked.authorization,
        format!("Bearer {}", approval_in(&dir, "one"))
    );
    assert_eq!(
        document(&asked.body),
        json!({"approvals": [approval_in(&dir, "two")]})
    );
}

#[test]
fn with_json_standard_output_is_the_servers_text_alone() {
    let dir = test_dir();
    let odd = r#"{ "methods": [], "target": "x",   "later": {"b": 1, "a": 2} }"#;
    let api = Api::start().preview([Reply::Text(200, odd.to_owned())]);
    let (code, out, _) = run(&dir, &api, "preview --approval one --json");
    assert_eq!((code, out), (0, format!("{odd}\n")));

    // Users choose the names of their devices: U+009B begins a command, U+202E turns the line around.
    let device = json!({"methods": [], "target": "x", "label": "\u{9b}2J\u{202e}🦊"});
    let api = Api::start().preview([Reply::Json(200, device.clone())]);
    let (code, out, _) = run(&dir, &api, "preview --approval one --json");
    assert_eq!((code, document(&out)), (0, device));
    assert!(out.contains(r"\u009b2J\u202e🦊"), "{out}");

    let api = Api::with_preview().open([Reply::Json(200, outcome("completed", "yes"))]);
    let (code, out, err) = run(&dir, &api, &format!("{RUN} --json"));
    assert_eq!(code, 0);
    assert_eq!(document(&out), outcome("completed", "yes"));
    assert!(err.contains("remove  Microsoft Authenticator"), "{err}");

    let api = Api::start().preview([problem(403, "frozen", false)]);
    let (code, out, err) = run(&dir, &api, &format!("{RUN} --json"));
    assert_eq!(code, 2);
    assert_eq!(document(&out)["code"], "frozen");
    assert!(err.contains("Next: What to do."), "{err}");
}

#[test]
fn a_refusal_is_explained_on_stderr_and_no_request_follows_it() {
    let dir = test_dir();
    for arguments in ["preview --approval one", RUN] {
        let api = Api::start().preview([problem(403, "privileged_role", false)]);
        let (code, out, err) = run(&dir, &api, arguments);
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(
            err,
            "What kind it is\nWhat it is this time.\nNext: What to do.\n(privileged_role)\n"
        );
        assert_eq!(api.routes(), ["POST /resets/preview"]);
    }
}

#[test]
fn a_run_previews_submits_and_waits_until_the_reset_has_ended() {
    let (dir, read) = (test_dir(), format!("GET /resets/{RESET}"));
    let api = Api::with_preview()
        .open([Reply::Json(202, waiting())])
        .read([
            Reply::Json(202, waiting()),
            Reply::Lost,
            problem(503, "ledger_unavailable", true),
            Reply::Json(202, outcome("running", "unknown")),
            Reply::Json(200, outcome("completed", "yes")),
        ]);
    let (code, out, err) = run(&dir, &api, &format!("{RUN} --approval two"));
    assert_eq!(code, 0, "{err}");
    assert!(out.find("would do this").unwrap() < out.find("It is completed").unwrap());
    assert!(err.contains(RESET), "{err}");
    let mut expected = vec!["POST /resets/preview", "POST /resets"];
    expected.extend([read.as_str(); 5]);
    assert_eq!(api.routes(), expected);
    let asked = api.asked();
    assert!(
        asked
            .iter()
            .all(|asked| asked.authorization == asked_by(&dir))
    );
    assert_eq!(
        document(&asked[1].body),
        json!({"approvals": [approval_in(&dir, "two")]})
    );
}

pub fn asked_by(dir: &TestDir) -> String {
    format!("Bearer {}", approval_in(dir, "one"))
}

#[test]
fn after_a_lost_answer_the_same_request_is_sent_again() {
    let dir = test_dir();
    let api = Api::with_preview().open([
        Reply::Lost,
        problem(503, "ledger_unavailable", true),
        Reply::Text(502, "Bad Gateway".to_owned()),
        Reply::Json(200, outcome("completed", "yes")),
    ]);
    let (code, out, err) = run(&dir, &api, RUN);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("It is completed"));
    assert_eq!(err.matches("sending it again").count(), 3, "{err}");
    let asked = api.asked();
    assert_eq!(asked.len(), 5);
    assert!(asked[1..].iter().all(|again| *again == asked[1]));
}

#[test]
fn a_preview_is_retried_while_the_function_is_unavailable() {
    let dir = test_dir();
    let api = Api::start()
        .preview([
            problem(503, "directory_unavailable", true),
            Reply::Lost,
            Reply::Json(200, preview()),
        ])
        .open([Reply::Json(200, outcome("completed", "yes"))]);
    let (code, out, err) = run(&dir, &api, RUN);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("It is completed"));
    assert_eq!(err.matches("; asking again").count(), 2, "{err}");

    let api = Api::start().preview([problem(503, "directory_unavailable", true)]);
    let short = "run --yes --approval one --every 20ms --wait 100ms";
    let (code, out, err) = run(&dir, &api, short);
    assert_eq!((code, out.as_str()), (4, ""));
    assert!(err.ends_with("(directory_unavailable)\n"), "{err}");
    assert!(
        api.routes()
            .iter()
            .all(|route| route == "POST /resets/preview")
    );
}

#[test]
fn a_reset_that_outlasts_the_wait_has_an_exit_code_of_its_own_and_the_command_to_look_it_up() {
    let dir = test_dir();
    let short = "run --yes --approval one --every 20ms --wait 500ms";
    let api = Api::with_preview()
        .open([Reply::Json(202, waiting())])
        .read([Reply::Json(202, waiting())]);
    let (code, out, err) = run(&dir, &api, short);
    assert_eq!(code, 4);
    assert!(out.contains("accepted and not done yet"));
    assert!(err.contains(&format!("reregister status {RESET}")), "{err}");

    let api = Api::with_preview().open([Reply::Lost]);
    let (code, _, err) = run(&dir, &api, short);
    assert_eq!(code, 4);
    assert!(err.contains("not known whether the request arrived"));
    assert!(api.asked().len() > 2);

    let api = Api::with_preview().open([problem(503, "queue_unavailable", true)]);
    let (code, _, err) = run(&dir, &api, short);
    assert_eq!(code, 4);
    assert!(err.ends_with("(queue_unavailable)\n"), "{err}");
}

#[test]
fn each_outcome_has_its_exit_code() {
    let dir = test_dir();
    let refused = json!({"reset": RESET, "state": "refused", "note": "Refused.", "code": "frozen"});
    for (reply, code) in [
        (Reply::Json(200, outcome("completed", "yes")), 0),
        (Reply::Json(200, outcome("completed", "unknown")), 0),
        (Reply::Json(200, outcome("completed", "no")), 3),
        (Reply::Json(200, outcome("needs_human", "unknown")), 3),
        (Reply::Json(200, refused), 2),
        (problem(422, "approval_claim", false), 2),
        (problem(404, "no_such_reset", false), 2),
    ] {
        let api = Api::with_preview()
            .open([reply.clone()])
            .read([reply.clone()]);
        let (of_run, _, err) = run(&dir, &api, RUN);
        assert_eq!(of_run, code, "{err}");
        let status = format!("status {RESET} --approval one");
        let (of_status, _, err) = run(&dir, &api, &status);
        assert_eq!(of_status, code, "{err}");
    }
}

#[test]
fn after_an_answer_that_is_not_the_functions_the_outcome_of_a_sent_request_is_unknown() {
    let (dir, unknown) = (test_dir(), "not known whether the request arrived");
    for foreign in [
        Reply::Text(403, r#"{"Message":"Forbidden"}"#.to_owned()),
        Reply::Text(403, "<html>Blocked by the proxy</html>".to_owned()),
        Reply::Json(200, json!({"status": "ok"})),
        Reply::Text(200, "<html>".to_owned()),
    ] {
        for sent in [vec![foreign.clone()], vec![Reply::Lost, foreign.clone()]] {
            let api = Api::with_preview().open(sent);
            let (code, out, err) = run(&dir, &api, RUN);
            assert_eq!(code, 4, "{err}");
            assert!(!out.contains("It is"), "{out}");
            assert!(err.contains(unknown), "{err}");
        }
        // A preview and a look-up change nothing.
        let api = Api::start()
            .preview([foreign.clone()])
            .read([foreign.clone()]);
        let status = format!("status {RESET} --approval one");
        for arguments in ["preview --approval one", RUN, &status] {
            let (code, out, err) = run(&dir, &api, arguments);
            assert_eq!((code, out.as_str()), (1, ""), "{err}");
            assert!(!err.contains(unknown), "{err}");
        }
        assert!(!api.routes().contains(&"POST /resets".to_owned()));
    }
}

#[test]
fn the_outcome_is_looked_up_with_the_second_approval_if_the_first_gives_no_access() {
    let (dir, both) = (test_dir(), "--approval one --approval two");
    let bearer = |file: &str| format!("Bearer {}", approval_in(&dir, file));
    let asked_by = |api: &Api| {
        let asked = api.asked().into_iter();
        let reads = asked.filter(|asked| asked.what.starts_with("GET"));
        reads.map(|asked| asked.authorization).collect::<Vec<_>>()
    };
    let status = format!("status {RESET} {both}");
    for closed in [
        problem(404, "no_such_reset", false),
        problem(401, "approval_invalid", false),
    ] {
        let opened = Reply::Json(200, outcome("completed", "yes"));
        let api = Api::start().read([closed.clone(), opened.clone()]);
        let (code, out, err) = run(&dir, &api, &status);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("It is completed"), "{out}");
        assert_eq!(asked_by(&api), [bearer("one"), bearer("two")]);

        let api = Api::with_preview()
            .open([Reply::Json(202, waiting())])
            .read([closed.clone(), opened]);
        let (code, _, err) = run(&dir, &api, &format!("{RUN} --approval two"));
        assert_eq!(code, 0, "{err}");
        assert_eq!(asked_by(&api), [bearer("one"), bearer("two")]);

        let api = Api::start().read([closed]);
        let (code, _, err) = run(&dir, &api, &status);
        assert_eq!(code, 2, "{err}");
        assert_eq!(asked_by(&api), [bearer("one"), bearer("two")]);
    }
    for answered in [
        Reply::Json(202, waiting()),
        problem(503, "ledger_unavailable", true),
    ] {
        let api = Api::start().read([answered]);
        let (code, _, err) = run(&dir, &api, &status);
        assert_eq!(code, 4, "{err}");
        assert_eq!(asked_by(&api), [bearer("one")]);
    }
}

#[test]
fn status_asks_once_by_the_first_approval() {
    let dir = test_dir();
    let api = Api::start().read([Reply::Json(202, waiting())]);
    let (code, out, _) = run(&dir, &api, &format!("status {RESET} --approval one"));
    assert_eq!(code, 4);
    assert!(out.contains("directory_unavailable"), "{out}");
    assert_eq!(api.routes(), [format!("GET /resets/{RESET}")]);
    assert_eq!(api.asked()[0].authorization, asked_by(&dir));
}

#[test]
fn the_outcome_of_an_approval_that_was_used_or_has_expired_is_looked_up() {
    let dir = test_dir();
    for code in ["approval_used", "approval_expired"] {
        let api = Api::start()
            .preview([problem(422, code, false)])
            .open([Reply::Json(200, outcome("completed", "yes"))]);
        let (ended, out, err) = run(&dir, &api, RUN);
        assert_eq!(ended, 0, "{err}");
        assert!(out.contains("It is completed"));
    }
}

#[test]
fn a_function_that_cannot_be_reached_is_no_refusal() {
    let dir = test_dir();
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for arguments in [
        "preview --approval one".to_owned(),
        "run --yes --approval one --every 20ms --wait 60ms".to_owned(),
        format!("status {RESET} --approval one"),
    ] {
        let output = dir.run(&format!("{arguments} --url {url}"));
        let (code, out, err) = checked_output(&dir, &output);
        assert_eq!((code, out.as_str()), (4, ""));
        assert!(
            err.contains("reregister: no answer from 127.0.0.1:"),
            "{err}"
        );
        assert!(
            err.contains(
                ": compare it with the output PageUrl, and check the network; the page works on a phone, too.\n"
            ),
            "{err}"
        );
    }
}

#[test]
fn the_approval_does_not_follow_a_redirect() {
    let (dir, elsewhere) = (test_dir(), Api::with_preview());
    let api = Api::start().preview([Reply::Redirect(format!("{}/resets/preview", elsewhere.url))]);
    let (code, _, err) = run(&dir, &api, "preview --approval one");
    assert_eq!(code, 1, "{err}");
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn wrong_usage_is_no_refusal() {
    let (dir, api) = (test_dir(), Api::with_preview());
    dir.write("junk", "no approval");
    for (arguments, why) in [
        ("preview --approval missing", "cannot read missing"),
        (
            "preview --approval junk",
            "junk is not an approval: one line that begins with eyJ. Copy it again, whole",
        ),
        ("preview", "--approval"),
        ("preview --approval one --approval one", "the same one"),
        (
            "preview --approval one --approval two --approval one",
            "more than twice",
        ),
        (
            "status HELP-7 --approval one",
            "no reset for HELP-7 was started on this machine",
        ),
        ("run --yes --approval one --wait 2", "90s or 2m"),
        ("run --yes --approval one --wait 4h", "at most 3h"),
    ] {
        let (code, out, err) = run(&dir, &api, arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments}\n{err}");
        assert!(err.contains(why), "{arguments}\n{err}");
    }
    assert!(api.asked().is_empty());
}

#[test]
fn the_exit_codes_are_in_the_help_of_each() {
    let dir = TestDir::new();
    for arguments in ["--help", "preview --help", "run --help", "status --help"] {
        let output = dir.run(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("Exit codes:"), "{arguments}");
    }
}
