//! A person is locked out at night: one person is on call, Entra's sign-in or all of Entra is down, the only approver is
//! the one who is locked out, or there is one trust domain. docs/operations.md has what is possible as a table, which
//! these scenarios hold to its word.

mod alone;
mod approvers;
mod outages;

use std::time::Duration;

use serde_json::json;
use simulated::approval::Draft;
use simulated::entra::Fault;

use crate::desk::{Browser, alone::alone, with_desk};
use crate::passkeys::{draft, phone, reset_with_two, with_passkey};
use crate::test_app::{
    ADA, ALEX, Document, GRACE, JANE, OLGA, Reply, SAM, TestApp, VERA, VICTOR, without_cool_down,
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");

/// A row of the table in "Alone at night, or Entra's sign-in is down".
struct Row {
    standard: String,
    privileged: String,
}

impl Row {
    /// The row that names this scenario.
    fn of_this_scenario() -> Row {
        let thread = std::thread::current();
        let scenario = format!("`{}`", thread.name().unwrap());
        let text = std::fs::read_to_string(PAGE).unwrap();
        let row = text.lines().find(|line| line.contains(&scenario));
        let row = row.unwrap_or_else(|| panic!("docs/operations.md has no row for {scenario}"));
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let &["", _situation, standard, privileged, _, ""] = &cells[..] else {
            panic!("docs/operations.md: not four columns: {row}");
        };
        Row {
            standard: standard.to_owned(),
            privileged: privileged.to_owned(),
        }
    }

    /// This is what the row promises for a standard person.
    #[track_caller]
    fn standard(&self, reply: &Reply) {
        keeps(&self.standard, reply);
    }

    /// This is what the row promises for a privileged person.
    #[track_caller]
    fn privileged(&self, reply: &Reply) {
        keeps(&self.privileged, reply);
    }
}

/// The answer is what the first word of the cell says; a *no* names its code.
#[track_caller]
fn keeps(cell: &str, reply: &Reply) {
    let is_letter = |letter: char| letter.is_alphabetic();
    let word = cell.split(|letter| !is_letter(letter)).next().unwrap();
    match word {
        "yes" | "only" => reply.assert_completed(),
        "waits" => reply.assert_waiting("directory_unavailable"),
        "no" => {
            assert_eq!(reply.status, 403, "{reply:?}");
            let mut codes = cell.split('`').skip(1).step_by(2);
            assert!(codes.any(|code| code == reply.code()), "{cell}: {reply:?}");
        }
        other => panic!("docs/operations.md: {other:?} promises nothing: {cell}"),
    }
}

/// What people sign in with does not answer; Graph does, and gives tokens to apps.
fn sign_in_down(app: &TestApp) {
    let down = |method, path| Fault::on(method, path).times(u32::MAX);
    for fault in [
        down("GET", "/oauth2/v2.0/authorize"),
        down("POST", "/oauth2/v2.0/token").with_body("grant_type=authorization_code"),
        down("GET", "/discovery/v2.0/keys"),
    ] {
        app.tenant.fail(fault);
    }
}

/// Neither the login nor Graph answers.
fn entra_down(app: &TestApp) {
    app.tenant.fail(Fault::on("*", "").times(u32::MAX));
}

/// Ada has seen this person, and approves on call with her key, which is in the trust domain of the security team.
fn by_ada(app: &TestApp, target: &str) -> String {
    let second = draft(app, target).approver(ADA);
    app.sign_on_call("ada-2026", &second.verification([app.in_person()]))
}

/// All issuers are in one trust domain.
fn one_domain(policy: Document) -> Document {
    policy
        .remove("issuers.security")
        .set("sources.jira.issuers", json!(["service-desk"]))
        .set("sources.jira-automation.issuers", json!(["service-desk"]))
        .set("sources.servicenow.issuers", json!(["service-desk"]))
        .set("issuers.on-call.domain", "service-desk")
        .remove("issuers.on-call.key.ada-2026.domain")
}

/// Olga is the only one who may approve, with her key or with her passkey.
fn one_approver(policy: Document) -> Document {
    one_domain(policy)
        .remove("issuers.service-desk")
        .remove("issuers.on-call.key.ada-2026")
        .set("sources.jira.issuers", json!(["on-call"]))
        .set("sources.jira-automation.issuers", json!(["on-call"]))
        .set("sources.servicenow.issuers", json!(["on-call"]))
        .set("tenants.contoso.rules.approvers", json!([OLGA]))
}

/// A policy whose Jira takes what was signed at the desk, for privileged people too.
fn desk_in_tickets(policy: Document) -> Document {
    policy
        .add("desk.privileged", true)
        .push("sources.jira.issuers", "desk")
}

/// The reference by which a ticket presents what this person approves at the desk.
async fn reference(app: &TestApp, who: &str, case: &str) -> String {
    let browser = Browser::of(app, who).await;
    let body = json!({"approval": {"case": case, "for_ticket": true}});
    let draft = browser.post("/desk/drafts", &body).await;
    let signed = browser.sign(&draft.json).await;
    signed.json["reference"].as_str().unwrap().to_owned()
}

/// As verifiers write it at the desk.
fn as_at_the_desk(draft: Draft) -> Draft {
    draft.reason("lost").scope("mfa:reregister passkeys:remove")
}

#[tokio::test]
async fn two_people_sign_at_the_desk() {
    let row = Row::of_this_scenario();
    let app = with_desk(desk_in_tickets).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    row.standard(&Browser::of(&app, SAM).await.approve(&case).await);

    let case = Browser::of(&app, VERA).await.verify(GRACE).await;
    let at_desk = Browser::of(&app, SAM).await.approve(&case).await;
    at_desk.assert_refused(403, "privileged_role");
    let case = Browser::of(&app, VERA).await.verify(GRACE).await;
    let first = reference(&app, SAM, &case).await;
    let second = as_at_the_desk(app.second_draft().target(GRACE));
    let second = app.security_issuer.approve(&second);
    let in_ticket = app.send(app.jira(&format!("{first}\n{second}"))).await;
    row.privileged(&in_ticket);
}

#[tokio::test]
async fn one_person_alone_signs_at_the_desk() {
    let row = Row::of_this_scenario();
    let app = with_desk(alone).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(JANE).await;
    row.standard(&victor.approve(&case).await);
    let case = victor.verify(GRACE).await;
    row.privileged(&victor.approve(&case).await);

    let app = with_desk(|policy| alone(policy).add("desk.privileged", true)).await;
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(GRACE).await;
    row.privileged(&victor.approve(&case).await);
}

#[tokio::test]
async fn while_sign_in_is_down_passkeys_and_keys_approve_on_call() {
    let row = Row::of_this_scenario();
    let olga = phone("olga-phone");
    let app = with_desk(|policy| with_passkey(policy, &olga)).await;
    sign_in_down(&app);
    let by_passkey = olga.approve(&draft(&app, JANE));
    assert_eq!(app.preview(&by_passkey).await.status, 200);
    row.standard(&app.reset_on_call(&by_passkey).await);
    let by_key = app.approve_on_call(draft(&app, ALEX));
    row.standard(&app.reset_on_call(&by_key).await);

    let first = olga.approve(&draft(&app, GRACE));
    let one = app.reset_on_call(&first).await;
    one.assert_refused(403, "privileged_role");
    let two = reset_with_two(&app, &first, &by_ada(&app, GRACE)).await;
    row.privileged(&two);
}

#[tokio::test]
async fn while_all_of_entra_is_down_a_reset_waits() {
    let row = Row::of_this_scenario();
    let app = TestApp::new().await;
    entra_down(&app);
    let one = app.approve(app.draft());
    let standard = app.send(app.jira(&one)).await;
    row.standard(&standard);
    let (first, second) = (app.draft().target(GRACE), app.second_draft().target(GRACE));
    let two = app.approve_twice(first, second);
    let privileged = app.send(app.jira(&two)).await;
    row.privileged(&privileged);
    // The page looks before it begins.
    let on_call = app.approve_on_call(app.on_call_draft().target(ALEX));
    let preview = app.preview(&on_call).await;
    preview.assert_refused(503, "directory_unavailable");
    assert_eq!(preview.json["retry"], true);

    app.wait(3 * HOUR).await;
    assert!(app.nothing_claimed());
    let (first, _) = two.split_once('\n').unwrap();
    for (reset, approval) in [(&standard, one.as_str()), (&privileged, first)] {
        let ended = app.read(reset.reset(), approval).await;
        ended.assert_needs_human();
    }
}

#[tokio::test]
async fn there_is_one_trust_domain() {
    let row = Row::of_this_scenario();
    let app = TestApp::with_policy(|policy| without_cool_down(one_domain(policy))).await;
    row.standard(&app.reset(app.draft()).await);
    let on_call = app.approve_on_call(draft(&app, JANE));
    row.standard(&app.reset_on_call(&on_call).await);
    let first = app.approve_on_call(draft(&app, GRACE));
    let two = reset_with_two(&app, &first, &by_ada(&app, GRACE)).await;
    row.privileged(&two);
}

#[tokio::test]
async fn the_only_approver_is_locked_out() {
    let row = Row::of_this_scenario();
    let olga = phone("olga-phone");
    let app = TestApp::with_policy(|policy| with_passkey(one_approver(policy), &olga)).await;
    let by_key = app.approve_on_call(draft(&app, JANE));
    row.standard(&app.reset_on_call(&by_key).await);
    let by_passkey = olga.approve(&draft(&app, ALEX));
    row.standard(&app.reset_on_call(&by_passkey).await);
    let own = draft(&app, OLGA);
    for own in [app.approve_on_call(own.clone()), olga.approve(&own)] {
        row.privileged(&app.reset_on_call(&own).await);
    }
}

#[test]
fn each_row_of_the_table_of_the_night_is_run_here() {
    let text = std::fs::read_to_string(PAGE).unwrap();
    let (_, section) = text.split_once("\n### Alone at night").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let (_, rows) = section.split_once("\n|---").unwrap();
    let rows: Vec<&str> = rows
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(rows.len(), 6);
    let source = include_str!("night.rs");
    for row in rows {
        let (_, name) = row
            .split_once("`night::")
            .unwrap_or_else(|| panic!("{row}"));
        let (name, _) = name.split_once('`').unwrap();
        let scenario = source.split_once(&format!("async fn {name}()")).unwrap().1;
        let (body, _) = scenario.split_once("\n}\n").unwrap();
        assert!(body.contains("row.standard(") && body.contains("row.privileged("));
    }
}
