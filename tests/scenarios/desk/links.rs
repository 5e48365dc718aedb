//! The link in the ticket: what docs/desk.md has people paste into Jira and ServiceNow, run as those systems run it. The
//! link that it writes into the ticket leads to the desk, and the verification into the same ticket.

use std::process::Command;

use serde_json::json;
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL, JiraCloud};
use simulated::tickets::servicenow::{PASSWORD, ServiceNow, USER};
use tokio::net::TcpListener;

use super::browser::verification_in;
use super::{Browser, JANE_ID, with_desk};
use crate::test_app::{Document, TestApp, VERA};

const PAGE: &str = include_str!("../../../docs/desk.md");
const ISSUE: &str = "HELP-42";
const ITEM: &str = "RITM0010072";

/// The blocks of that language in the section on the link.
fn pasted(language: &str) -> Vec<&'static str> {
    let (_, section) = PAGE.split_once("\n## The link in the ticket\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks = section.split("```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    blocks.map(str::trim).collect()
}

/// The desk alone, with its notes in this ticket system, which is no source of webhooks.
async fn with_notes(system: serde_json::Value, account: serde_json::Value) -> TestApp {
    let notes = json!({"system": system, "secret": "sandbox/helpdesk-notes"});
    let change = |policy: Document| {
        policy
            .add("notes.helpdesk", notes)
            .add("desk.notes", "helpdesk")
    };
    let app = with_desk(change).await;
    app.set_secret("sandbox/helpdesk-notes", account);
    app
}

/// Follows the link in a note, and verifies a person in the ticket that it names.
async fn follow(app: &TestApp, note: &str) {
    let link = note
        .split_whitespace()
        .find(|word| word.starts_with("https://"));
    let link = reqwest::Url::parse(link.unwrap_or_else(|| panic!("no link: {note}"))).unwrap();
    let desk = format!(
        "\nurl = \"{}://{}{}\"",
        link.scheme(),
        link.authority(),
        link.path()
    );
    assert!(
        PAGE.contains(&desk),
        "not where the page has the desk: {link}"
    );

    let url = format!("{}{}?{}", app.url(), link.path(), link.query().unwrap());
    let page = reqwest::get(url).await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    // The page takes the ticket from there.
    assert!(page.contains("searchParams") || page.contains("URLSearchParams"));
    let tickets: Vec<_> = link
        .query_pairs()
        .filter(|(name, _)| name == "ticket")
        .collect();
    let [(_, ticket)] = &tickets[..] else {
        panic!("not one ticket: {link}");
    };

    let vera = Browser::of(app, VERA).await;
    let draft = vera.draft(&verification_in(ticket, JANE_ID)).await;
    assert_eq!(draft.status, 200, "{}", draft.json);
    let signed = vera.sign(&draft.json).await;
    assert_eq!(signed.json["noted"], true, "{}", signed.json);
}

#[tokio::test]
async fn the_comment_of_the_jira_automation_rule_leads_to_the_desk_and_the_approvers_link_into_the_ticket()
 {
    let jira = JiraCloud::new();
    jira.add_issue(ISSUE);
    let serving = jira.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let system = json!({"jira_cloud": {"site": serving.url}});
    let app = with_notes(system, json!({"email": EMAIL, "api_token": API_TOKEN})).await;
    let rules = pasted("text");
    let [rule] = rules[..] else {
        panic!("not one rule: {rules:?}");
    };
    jira.run_comment_rule(ISSUE, rule);
    follow(&app, &jira.comments(ISSUE)[0].text).await;

    let comments = jira.comments(ISSUE);
    assert!(comments.iter().all(|comment| comment.internal));
    assert!(
        comments[1]
            .text
            .contains("https://mfa.contoso.example/desk/")
    );
}

/// What a script sets as work notes. `current` is a record as ServiceNow gives it to a business rule before an insert and
/// to a UI action; a UI action has to write it, and ends where it says.
fn work_notes_of(script: &str, is_action: bool) -> String {
    let program = r#"
        const [script, number, isAction] = process.argv.slice(1);
        if (/=>|`|\b(let|const|class)\b/.test(script.replace(/\/\/.*/g, ''))) throw new Error('ES5 alone');
        let updates = 0, redirected = null;
        const fields = { number, short_description: 'MFA reset' };
        const current = {
            getValue: (name) => fields[name] ?? null,
            update: () => { updates += 1; },
        };
        const action = { setRedirectURL: (to) => { redirected = to; } };
        const world = isAction === 'true' ? { current, action } : { current, previous: null };
        require('node:vm').runInNewContext(script, world);
        const wanted = isAction === 'true' ? 1 : 0;
        if (updates !== wanted) throw new Error(`updated ${updates} times`);
        if (wanted && redirected !== current) throw new Error('the agent does not stay at the ticket');
        process.stdout.write(String(current.work_notes));
    "#;
    let node = std::env::var("NODE").expect("NODE is set by make test");
    let run = Command::new(node)
        .args(["-e", program, "--", script, ITEM, &is_action.to_string()])
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    String::from_utf8(run.stdout).unwrap()
}

#[tokio::test]
#[ignore = "needs Node: make test"]
async fn the_work_note_of_the_servicenow_rule_and_of_the_button_leads_to_the_desk() {
    let scripts = pasted("js");
    let [rule, button] = scripts[..] else {
        panic!("not two scripts: {scripts:?}");
    };
    for (script, is_action) in [(rule, false), (button, true)] {
        let servicenow = ServiceNow::new();
        servicenow.add_record("sc_req_item", ITEM);
        let serving = servicenow.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let system = json!({"servicenow": {"instance": serving.url, "table": "sc_req_item"}});
        let app = with_notes(system, json!({"username": USER, "password": PASSWORD})).await;
        servicenow.add_work_note(ITEM, &work_notes_of(script, is_action));
        follow(&app, &servicenow.journal(ITEM)[0].text).await;

        let journal = servicenow.journal(ITEM);
        assert!(journal.iter().all(|entry| entry.element == "work_notes"));
        assert!(
            journal[1]
                .text
                .contains("https://mfa.contoso.example/desk/")
        );
    }
}
