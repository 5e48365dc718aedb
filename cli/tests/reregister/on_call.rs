//! `preview`, `run` and `status` against the API.

use std::process::Output;

use serde_json::{Value, json};
use simulated::approval::Draft;
use simulated::issuer::Issuer;

use crate::api::{Api, RESET, Reply, outcome, preview, problem, waiting};
use crate::{Desk, text};

/// A desk with an approval in `one` and another in `two`.
pub fn desk() -> Desk {
    let desk = Desk::new();
    for file in ["one", "two"] {
        desk.write(file, &format!("{}\n", token(file)));
    }
    desk
}

fn token(iss: &str) -> String {
    Issuer::es256(iss, "k").approve(&Draft::new(1_790_000_000))
}

/// What is in the file.
pub fn held(desk: &Desk, file: &str) -> String {
    let text = std::fs::read_to_string(desk.path(file)).unwrap();
    text.trim().to_owned()
}

/// Runs it. No approval may ever be in what it says.
pub fn said(desk: &Desk, api: &Api, arguments: &str) -> (i32, String, String) {
    let output = desk.run(&format!("{arguments} --url {}", api.url));
    told(desk, &output)
}

pub fn told(desk: &Desk, output: &Output) -> (i32, String, String) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    for file in ["one", "two"] {
        let token = held(desk, file);
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
fn a_preview_shows_what_would_be_done_and_asks_for_nothing_else() {
    let (desk, api) = (desk(), Api::with_preview());
    let (code, out, err) = said(&desk, &api, "preview --approval one");
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
        format!("Bearer {}", held(&desk, "one"))
    );
    assert_eq!(asked[0].body, "");
}

#[test]
fn a_second_approval_goes_into_the_body() {
    let (desk, api) = (desk(), Api::with_preview());
    let (code, _, _) = said(&desk, &api, "preview --approval one --approval two");
    assert_eq!(code, 0);
    let asked = &api.asked()[0];
    assert_eq!(
        asked.authorization,
        format!("Bearer {}", held(&desk, "one"))
    );
    assert_eq!(
        document(&asked.body),
        json!({"approvals": [held(&desk, "two")]})
    );
}

#[test]
fn with_json_the_servers_text_is_all_that_is_on_stdout() {
    let desk = desk();
    let odd = r#"{ "methods": [], "target": "x",   "later": {"b": 1, "a": 2} }"#;
    let api = Api::start().preview([Reply::Text(200, odd.to_owned())]);
    let (code, out, _) = said(&desk, &api, "preview --approval one --json");
    assert_eq!((code, out), (0, format!("{odd}\n")));

    // A device is called what its owner likes: U+009B begins a command, U+202E turns the line around.
    let device = json!({"methods": [], "target": "x", "label": "\u{9b}2J\u{202e}🦊"});
    let api = Api::start().preview([Reply::Json(200, device.clone())]);
    let (code, out, _) = said(&desk, &api, "preview --approval one --json");
    assert_eq!((code, document(&out)), (0, device));
    assert!(out.contains(r"\u009b2J\u202e🦊"), "{out}");

    let api = Api::with_preview().open([Reply::Json(200, outcome("completed", "yes"))]);
    let (code, out, err) = said(&desk, &api, &format!("{RUN} --json"));
    assert_eq!(code, 0);
    assert_eq!(document(&out), outcome("completed", "yes"));
    assert!(err.contains("remove  Microsoft Authenticator"), "{err}");

    let api = Api::start().preview([problem(403, "frozen", false)]);
    let (code, out, err) = said(&desk, &api, &format!("{RUN} --json"));
    assert_eq!(code, 2);
    assert_eq!(document(&out)["code"], "frozen");
    assert!(err.contains("Next: What to do."), "{err}");
}

#[test]
fn a_refusal_is_explained_on_stderr_and_nothing_is_asked_for_after_it() {
    let desk = desk();
    for arguments in ["preview --approval one", RUN] {
        let api = Api::start().preview([problem(403, "privileged_role", false)]);
        let (code, out, err) = said(&desk, &api, arguments);
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(
            err,
            "What kind it is\nWhat it is this time.\nNext: What to do.\n(privileged_role)\n"
        );
        assert_eq!(api.routes(), ["POST /resets/preview"]);
    }
}

#[test]
fn a_run_shows_does_and_waits_until_it_is_over() {
    let (desk, read) = (desk(), format!("GET /resets/{RESET}"));
    let api = Api::with_preview()
        .open([Reply::Json(202, waiting())])
        .read([
            Reply::Json(202, waiting()),
            Reply::Lost,
            problem(503, "ledger_unavailable", true),
            Reply::Json(202, outcome("running", "unknown")),
            Reply::Json(200, outcome("completed", "yes")),
        ]);
    let (code, out, err) = said(&desk, &api, &format!("{RUN} --approval two"));
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
            .all(|asked| asked.authorization == asked_by(&desk))
    );
    assert_eq!(
        document(&asked[1].body),
        json!({"approvals": [held(&desk, "two")]})
    );
}

pub fn asked_by(desk: &Desk) -> String {
    format!("Bearer {}", held(desk, "one"))
}

#[test]
fn a_lost_answer_is_recovered_by_sending_the_very_same_again() {
    let desk = desk();
    let api = Api::with_preview().open([
        Reply::Lost,
        problem(503, "ledger_unavailable", true),
        Reply::Text(502, "Bad Gateway".to_owned()),
        Reply::Json(200, outcome("completed", "yes")),
    ]);
    let (code, out, err) = said(&desk, &api, RUN);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("It is completed"));
    assert_eq!(err.matches("sending the same again").count(), 3, "{err}");
    let asked = api.asked();
    assert_eq!(asked.len(), 5);
    assert!(asked[1..].iter().all(|again| *again == asked[1]));
}

#[test]
fn a_preview_that_cannot_be_had_just_now_is_waited_for_too() {
    let desk = desk();
    let api = Api::start()
        .preview([
            problem(503, "directory_unavailable", true),
            Reply::Lost,
            Reply::Json(200, preview()),
        ])
        .open([Reply::Json(200, outcome("completed", "yes"))]);
    let (code, out, err) = said(&desk, &api, RUN);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("It is completed"));
    assert_eq!(err.matches("; asking again").count(), 2, "{err}");

    let api = Api::start().preview([problem(503, "directory_unavailable", true)]);
    let short = "run --yes --approval one --every 20ms --wait 100ms";
    let (code, out, err) = said(&desk, &api, short);
    assert_eq!((code, out.as_str()), (4, ""));
    assert!(err.ends_with("(directory_unavailable)\n"), "{err}");
    assert!(
        api.routes()
            .iter()
            .all(|route| route == "POST /resets/preview")
    );
}

#[test]
fn what_is_not_over_when_the_wait_is_has_a_code_of_its_own_and_says_how_to_go_on() {
    let desk = desk();
    let short = "run --yes --approval one --every 20ms --wait 500ms";
    let api = Api::with_preview()
        .open([Reply::Json(202, waiting())])
        .read([Reply::Json(202, waiting())]);
    let (code, out, err) = said(&desk, &api, short);
    assert_eq!(code, 4);
    assert!(out.contains("accepted and not done yet"));
    assert!(err.contains(&format!("reregister status {RESET}")), "{err}");

    let api = Api::with_preview().open([Reply::Lost]);
    let (code, _, err) = said(&desk, &api, short);
    assert_eq!(code, 4);
    assert!(err.contains("not known whether the request arrived"));
    assert!(api.asked().len() > 2);

    let api = Api::with_preview().open([problem(503, "queue_unavailable", true)]);
    let (code, _, err) = said(&desk, &api, short);
    assert_eq!(code, 4);
    assert!(err.ends_with("(queue_unavailable)\n"), "{err}");
}

#[test]
fn each_end_has_its_code() {
    let desk = desk();
    let turned_away =
        json!({"reset": RESET, "state": "refused", "note": "Refused.", "code": "frozen"});
    for (reply, code) in [
        (Reply::Json(200, outcome("completed", "yes")), 0),
        (Reply::Json(200, outcome("completed", "unknown")), 0),
        (Reply::Json(200, outcome("completed", "no")), 3),
        (Reply::Json(200, outcome("needs_human", "unknown")), 3),
        (Reply::Json(200, turned_away), 2),
        (problem(422, "approval_claim", false), 2),
        (problem(404, "no_such_reset", false), 2),
    ] {
        let api = Api::with_preview()
            .open([reply.clone()])
            .read([reply.clone()]);
        let (of_run, _, err) = said(&desk, &api, RUN);
        assert_eq!(of_run, code, "{err}");
        let status = format!("status {RESET} --approval one");
        let (of_status, _, err) = said(&desk, &api, &status);
        assert_eq!(of_status, code, "{err}");
    }
}

#[test]
fn a_stranger_at_the_address_leaves_open_what_came_of_a_request_that_was_sent() {
    let (desk, unknown) = (desk(), "not known whether the request arrived");
    for stranger in [
        Reply::Text(403, r#"{"Message":"Forbidden"}"#.to_owned()),
        Reply::Text(403, "<html>Blocked by the proxy</html>".to_owned()),
        Reply::Json(200, json!({"status": "ok"})),
        Reply::Text(200, "<html>".to_owned()),
    ] {
        for sent in [vec![stranger.clone()], vec![Reply::Lost, stranger.clone()]] {
            let api = Api::with_preview().open(sent);
            let (code, out, err) = said(&desk, &api, RUN);
            assert_eq!(code, 4, "{err}");
            assert!(!out.contains("It is"), "{out}");
            assert!(err.contains(unknown), "{err}");
        }
        // To look changes nothing.
        let api = Api::start()
            .preview([stranger.clone()])
            .read([stranger.clone()]);
        let status = format!("status {RESET} --approval one");
        for arguments in ["preview --approval one", RUN, &status] {
            let (code, out, err) = said(&desk, &api, arguments);
            assert_eq!((code, out.as_str()), (1, ""), "{err}");
            assert!(!err.contains(unknown), "{err}");
        }
        assert!(!api.routes().contains(&"POST /resets".to_owned()));
    }
}

#[test]
fn what_came_of_it_is_told_to_whichever_approval_opens_it() {
    let (desk, both) = (desk(), "--approval one --approval two");
    let bearer = |file: &str| format!("Bearer {}", held(&desk, file));
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
        let (code, out, err) = said(&desk, &api, &status);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("It is completed"), "{out}");
        assert_eq!(asked_by(&api), [bearer("one"), bearer("two")]);

        let api = Api::with_preview()
            .open([Reply::Json(202, waiting())])
            .read([closed.clone(), opened]);
        let (code, _, err) = said(&desk, &api, &format!("{RUN} --approval two"));
        assert_eq!(code, 0, "{err}");
        assert_eq!(asked_by(&api), [bearer("one"), bearer("two")]);

        let api = Api::start().read([closed]);
        let (code, _, err) = said(&desk, &api, &status);
        assert_eq!(code, 2, "{err}");
        assert_eq!(asked_by(&api), [bearer("one"), bearer("two")]);
    }
    for answered in [
        Reply::Json(202, waiting()),
        problem(503, "ledger_unavailable", true),
    ] {
        let api = Api::start().read([answered]);
        let (code, _, err) = said(&desk, &api, &status);
        assert_eq!(code, 4, "{err}");
        assert_eq!(asked_by(&api), [bearer("one")]);
    }
}

#[test]
fn status_asks_once_by_the_first_approval() {
    let desk = desk();
    let api = Api::start().read([Reply::Json(202, waiting())]);
    let (code, out, _) = said(&desk, &api, &format!("status {RESET} --approval one"));
    assert_eq!(code, 4);
    assert!(out.contains("directory_unavailable"), "{out}");
    assert_eq!(api.routes(), [format!("GET /resets/{RESET}")]);
    assert_eq!(api.asked()[0].authorization, asked_by(&desk));
}

#[test]
fn an_approval_that_was_used_or_has_expired_is_asked_what_came_of_it() {
    let desk = desk();
    for code in ["approval_used", "approval_expired"] {
        let api = Api::start()
            .preview([problem(422, code, false)])
            .open([Reply::Json(200, outcome("completed", "yes"))]);
        let (ended, out, err) = said(&desk, &api, RUN);
        assert_eq!(ended, 0, "{err}");
        assert!(out.contains("It is completed"));
    }
}

#[test]
fn nobody_there_is_no_refusal() {
    let desk = desk();
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for arguments in [
        "preview --approval one".to_owned(),
        "run --yes --approval one --every 20ms --wait 60ms".to_owned(),
        format!("status {RESET} --approval one"),
    ] {
        let output = desk.run(&format!("{arguments} --url {url}"));
        let (code, out, err) = told(&desk, &output);
        assert_eq!((code, out.as_str()), (4, ""));
        assert!(err.starts_with("no answer from 127.0.0.1:"), "{err}");
    }
}

#[test]
fn the_approval_does_not_follow_a_redirect() {
    let (desk, elsewhere) = (desk(), Api::with_preview());
    let api = Api::start().preview([Reply::Elsewhere(format!(
        "{}/resets/preview",
        elsewhere.url
    ))]);
    let (code, _, err) = said(&desk, &api, "preview --approval one");
    assert_eq!(code, 1, "{err}");
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn wrong_usage_is_no_refusal() {
    let (desk, api) = (desk(), Api::with_preview());
    desk.write("junk", "no approval");
    for (arguments, why) in [
        ("preview --approval missing", "cannot read missing"),
        ("preview --approval junk", "junk holds no approval"),
        ("preview", "--approval"),
        ("preview --approval one --approval one", "the same one"),
        (
            "preview --approval one --approval two --approval one",
            "more than twice",
        ),
        ("status jane --approval one", "invalid value"),
        ("run --yes --approval one --wait 2", "90s or 2m"),
        ("run --yes --approval one --wait 4h", "three hours"),
    ] {
        let (code, out, err) = said(&desk, &api, arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments}\n{err}");
        assert!(err.contains(why), "{arguments}\n{err}");
    }
    assert!(api.asked().is_empty());
}

#[test]
fn the_exit_codes_are_in_the_help_of_each() {
    let desk = Desk::new();
    for arguments in ["--help", "preview --help", "run --help", "status --help"] {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("Exit codes:"), "{arguments}");
    }
}
