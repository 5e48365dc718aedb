//! Frauds modelled on reports and court papers, run against the product: who is fooled, what stops it, and after how
//! many resets, by tokens and at the desk. docs/threat-model.md has them as a table, which these scenarios hold to its
//! word. It says which details are reported and which are our own.
//!
//! The people who are fooled say whatever the attacker wants: they verify in every way that the product knows, and
//! approve. Against a privileged person none succeeds while all people of one trust domain are fooled.

mod at_desk;

use reregister_mfa::clock::Timestamp;
use serde_json::{Value, json};
use simulated::approval::Draft;

use crate::test_app::{
    ADA, ADELE, ALEX, Document, GRACE, JANE, MEGAN, Reply, TestApp, VERA, VICTOR,
};

/// A row of the table "Frauds on help desks".
struct Fraud {
    stopped_by: String,
    /// The same at the desk, where another rule stops it.
    stopped_at_desk_by: String,
    after: usize,
}

/// The first code in a cell.
fn code(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}

impl Fraud {
    /// The row that names this scenario.
    fn of_this_scenario() -> Fraud {
        let thread = std::thread::current();
        let scenario = format!("`{}`", thread.name().unwrap());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/threat-model.md");
        let text = std::fs::read_to_string(path).unwrap();
        let row = text.lines().find(|line| line.contains(&scenario));
        let row = row.unwrap_or_else(|| panic!("docs/threat-model.md has no row for {scenario}"));
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let &["", _fraud, _fooled, by, at_desk, after, _not_by, _, ""] = &cells[..] else {
            panic!("docs/threat-model.md: not seven columns: {row}");
        };
        let by = code(by).unwrap_or_else(|| panic!("no code: {row}"));
        let stopped_at_desk_by = match at_desk {
            "the same" => by,
            cell => code(cell).unwrap_or_else(|| panic!("no code: {row}")),
        };
        Fraud {
            stopped_by: by.to_owned(),
            stopped_at_desk_by: stopped_at_desk_by.to_owned(),
            after: after.parse().unwrap(),
        }
    }

    /// This refusal, after so many resets, is what the row says.
    #[track_caller]
    fn stopped(&self, reply: &Reply, after: usize) {
        assert_eq!(reply.code(), self.stopped_by, "{reply:?}");
        assert_eq!(after, self.after, "{}", self.stopped_by);
    }

    /// The same at the desk.
    #[track_caller]
    fn stopped_at_desk(&self, reply: &Reply, after: usize) {
        assert_eq!(reply.code(), self.stopped_at_desk_by, "{reply:?}");
        assert_eq!(after, self.after, "{}", self.stopped_at_desk_by);
    }

    /// This is the answer at the desk where nobody was reset, and nobody is.
    async fn is_stopped_at_desk(&self, app: &TestApp, reply: &Reply) {
        self.stopped_at_desk(reply, 0);
        assert_eq!(app.writes(), [""; 0]);
        at_desk::no_administrator_falls(app).await;
    }
}

/// All people of the service desk's trust domain are fooled, and an administrator is the target: two of them verify, two
/// approve, and its system signs whatever they say.
async fn no_administrator_falls(app: &TestApp) {
    let before = app.has(GRACE);
    let good = || vec![app.in_person(), app.desk_call()];
    let draft = |approver: &str, evidence: Vec<Value>| {
        let draft = app.draft().target(GRACE).approver(approver);
        app.approve(draft.verification(evidence))
    };
    let (sam, megan) = (crate::test_app::SAM, MEGAN);
    for field in [
        draft(sam, good()),
        format!("{}\n{}", draft(sam, good()), draft(megan, good())),
        format!(
            "{}\n{}",
            draft(sam, vec![app.desk_call()]),
            draft(VICTOR, good())
        ),
    ] {
        let reply = app.send(app.jira(&field)).await;
        assert_eq!(reply.status, 403, "{reply:?}");
    }
    assert_eq!(app.has(GRACE), before);
    assert!(!app.tenant.sessions_revoked(GRACE));
}

/// The attacker is believed to be this person: Vera verifies, Sam approves.
async fn ask(app: &TestApp, draft: Draft) -> Reply {
    app.reset(draft.scope("mfa:reregister passkeys:remove"))
        .await
}

/// One entry of evidence by Vera.
fn by_vera(app: &TestApp, changes: Value) -> Vec<Value> {
    let mut entry = json!({"verified_by": VERA, "verified_at": app.now() - 300});
    let members = entry.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    vec![entry]
}

#[tokio::test]
async fn clorox_the_agent_asks_for_no_proof() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::new().await;
    let reply = app.send(app.jira("")).await;
    fraud.stopped(&reply, 0);
    app.assert_nothing_happened();
    no_administrator_falls(&app).await;

    let app = at_desk::desk().await;
    let reply = at_desk::ask_for(&app, JANE, json!([]), "lost").await;
    fraud.is_stopped_at_desk(&app, &reply).await;
}

#[tokio::test]
async fn co_op_the_caller_answers_security_questions() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::new().await;
    let answers = by_vera(&app, json!({"method": "knowledge_questions"}));
    let reply = ask(&app, app.draft().verification(answers)).await;
    fraud.stopped(&reply, 0);
    app.assert_nothing_happened();
    no_administrator_falls(&app).await;

    let app = at_desk::desk().await;
    let answers = json!([{"method": "knowledge_questions"}]);
    let reply = at_desk::ask_for(&app, JANE, answers, "lost").await;
    fraud.is_stopped_at_desk(&app, &reply).await;
}

#[tokio::test]
async fn mgm_the_caller_is_an_administrator_found_on_linkedin() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::new().await;
    let reply = ask(&app, app.draft().target(GRACE)).await;
    fraud.stopped(&reply, 0);
    app.assert_nothing_happened();
    no_administrator_falls(&app).await;

    let app = at_desk::desk().await;
    let reply = at_desk::ask(&app, GRACE).await;
    fraud.is_stopped_at_desk(&app, &reply).await;
}

#[tokio::test]
async fn marks_and_spencer_the_desk_has_just_set_a_password_for_the_caller() {
    let fraud = Fraud::of_this_scenario();
    let now = Timestamp::now().to_string();
    let changed = move |users: Document| users.add("users.11.lastPasswordChangeDateTime", now);
    let app = TestApp::with_tenant(changed.clone()).await;
    let reply = ask(&app, app.draft()).await;
    fraud.stopped(&reply, 0);
    app.assert_nothing_happened();
    no_administrator_falls(&app).await;

    let app = at_desk::with_tenant(changed).await;
    let reply = at_desk::ask(&app, JANE).await;
    fraud.is_stopped_at_desk(&app, &reply).await;
}

/// Eleven people, with two whom the tenant of the tour does not have.
const CALLERS: [&str; 11] = [
    JANE,
    ALEX,
    ADELE,
    MEGAN,
    "tina.torres@contoso.example",
    "$cash@contoso.example",
    "bob.brooks@contoso.example",
    "kim.larsen@contoso.example",
    "jordan_fabrikam.example#EXT#@contoso.example",
    "tenth@contoso.example",
    "eleventh@contoso.example",
];

fn with_all_callers(users: Document) -> Document {
    let more = CALLERS[9..].iter().zip(["e0", "e1"]);
    more.fold(users, |users, (name, id)| {
        let id = format!("a1000000-0000-4000-8000-0000000000{id}");
        users.push(
            "users",
            json!({"id": id, "userPrincipalName": name, "displayName": name}),
        )
    })
}

/// Has one caller after the other reset until one is refused. Gives how many were, and the refusal.
async fn until_refused(
    app: &TestApp,
    ask: impl AsyncFn(&TestApp, &str) -> Reply,
) -> (usize, Reply) {
    for (resets, caller) in CALLERS.into_iter().enumerate() {
        let reply = ask(app, caller).await;
        if reply.status != 200 {
            return (resets, reply);
        }
        // The third is done, and says so; the security team hears of it once.
        let is_often = reply.warnings().contains(&"verifier_pace");
        assert_eq!(is_often, resets == 2, "{resets}: {reply:?}");
        app.work().await;
        let told = app.security_inbox.subjects();
        let often = told
            .iter()
            .filter(|subject| subject.contains("one verifier often"));
        assert_eq!(often.count(), usize::from(resets >= 2), "{told:?}");
    }
    panic!("nobody is refused");
}

async fn ask_by_token(app: &TestApp, caller: &str) -> Reply {
    ask(app, app.draft().target(caller)).await
}

#[tokio::test]
async fn company_f_one_fooled_desk_resets_three_accounts_in_a_morning() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::with_tenant(with_all_callers).await;
    let (resets, refused) = until_refused(&app, ask_by_token).await;
    fraud.stopped(&refused, resets);
    no_administrator_falls(&app).await;

    let app = at_desk::with_tenant(with_all_callers).await;
    let (resets, refused) = until_refused(&app, at_desk::ask).await;
    fraud.stopped_at_desk(&refused, resets);
    at_desk::no_administrator_falls(&app).await;
}

#[tokio::test]
async fn caesars_the_agent_of_an_outside_desk_believes_every_caller() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::with_tenant(with_all_callers).await;
    let (resets, refused) = until_refused(&app, ask_by_token).await;
    fraud.stopped(&refused, resets);
    // Another verifier's word still counts: neither the approver nor the tenant has reached a cap.
    let by_another = app
        .draft()
        .target(CALLERS[10])
        .verified(VICTOR, app.now() - 60);
    ask(&app, by_another).await.assert_completed();
    no_administrator_falls(&app).await;

    let app = at_desk::with_tenant(with_all_callers).await;
    let (resets, refused) = until_refused(&app, at_desk::ask).await;
    fraud.stopped_at_desk(&refused, resets);
    at_desk::no_administrator_falls(&app).await;
}

#[tokio::test]
async fn aa23_320a_the_number_of_the_lost_phone_rings_at_the_attackers() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::new().await;
    let mut mobile = app.desk_call();
    mobile["via"] = json!("mobile");
    let reply = ask(&app, app.draft().verification([mobile])).await;
    fraud.stopped(&reply, 0);
    app.assert_nothing_happened();
    no_administrator_falls(&app).await;

    let app = at_desk::desk().await;
    let how = json!([{"method": "phone_call", "via": "mobile"}]);
    let reply = at_desk::ask_for(&app, JANE, how, "lost").await;
    fraud.is_stopped_at_desk(&app, &reply).await;
}

#[tokio::test]
async fn scattered_spider_call_me_back_on_my_new_number() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::new().await;
    let mut new_number = app.desk_call();
    new_number["contact_source"] = json!("caller");
    let reply = ask(&app, app.draft().verification([new_number])).await;
    fraud.stopped(&reply, 0);
    app.assert_nothing_happened();
    no_administrator_falls(&app).await;

    let app = at_desk::desk().await;
    let how = json!([{"method": "phone_call", "via": "home"}]);
    let reply = at_desk::ask_for(&app, JANE, how, "lost").await;
    fraud.is_stopped_at_desk(&app, &reply).await;
}

#[tokio::test]
async fn scattered_spider_write_to_me_in_teams_i_am_online() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::new().await;
    let chat = by_vera(
        &app,
        json!({"method": "secure_message", "via": "teams", "contact_source": "company_directory"}),
    );
    let reply = ask(&app, app.draft().verification(chat)).await;
    fraud.stopped(&reply, 0);
    app.assert_nothing_happened();
    no_administrator_falls(&app).await;

    let app = at_desk::desk().await;
    let how = json!([{"method": "secure_message", "via": "teams"}]);
    let reply = at_desk::ask_for(&app, JANE, how, "lost").await;
    fraud.is_stopped_at_desk(&app, &reply).await;
}

#[tokio::test]
async fn scattered_spider_the_attacker_has_changed_the_mobile_number_in_the_profile() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::new().await;
    let mut mobile = app.desk_call();
    mobile["via"] = json!("mobile");
    let draft = app.draft().reason("replaced").verification([mobile]);
    let reply = ask(&app, draft).await;
    fraud.stopped(&reply, 0);
    app.assert_nothing_happened();
    no_administrator_falls(&app).await;

    let app = at_desk::desk().await;
    let how = json!([{"method": "phone_call", "via": "mobile"}]);
    let reply = at_desk::ask_for(&app, JANE, how, "replaced").await;
    fraud.is_stopped_at_desk(&app, &reply).await;
}

#[tokio::test]
async fn lapsus_a_bribed_approver_has_two_accounts() {
    let fraud = Fraud::of_this_scenario();
    // Sam's second account signs in the other trust domain, too: it is Ada's here.
    let one_person = |users: Document| {
        users
            .add("users.12.employeeId", "4711")
            .add("users.16.employeeId", "4711")
    };
    let app = TestApp::with_tenant(one_person).await;
    let (first, second) = (app.draft(), app.second_draft());
    let reply = app
        .reset_on_two(first.target(GRACE), second.target(GRACE).approver(ADA))
        .await;
    fraud.stopped(&reply, 0);
    app.assert_nothing_happened();
    no_administrator_falls(&app).await;

    let app = at_desk::with_tenant(one_person).await;
    let first = at_desk::reference(&app, VERA, crate::test_app::SAM, GRACE).await;
    let second = app.second_draft().target(GRACE).approver(ADA);
    let second = app
        .security_issuer
        .approve(&second.scope("mfa:reregister passkeys:remove"));
    let reply = app.send(app.jira(&format!("{first}\n{second}"))).await;
    fraud.stopped_at_desk(&reply, 0);
    assert_eq!(app.writes(), [""; 0]);
}

#[tokio::test]
async fn arup_a_forged_face_calls_again_after_the_owner_took_the_account_back() {
    let fraud = Fraud::of_this_scenario();
    let app = TestApp::new().await;
    let face = || {
        by_vera(
            &app,
            json!({"method": "video_call", "contact_source": "company_directory"}),
        )
    };
    let first = ask(&app, app.draft().verification(face())).await;
    first.assert_completed();
    let again = ask(&app, app.draft().verification(face())).await;
    fraud.stopped(&again, 1);
    no_administrator_falls(&app).await;

    let app = at_desk::desk().await;
    at_desk::ask(&app, JANE).await.assert_completed();
    let again = at_desk::ask(&app, JANE).await;
    fraud.stopped_at_desk(&again, 1);
    at_desk::no_administrator_falls(&app).await;
}

#[test]
fn the_table_has_twelve_frauds_and_each_is_run_here() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/threat-model.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.contains("| `frauds::"));
    let source = include_str!("frauds.rs");
    let mut found = 0;
    for row in rows {
        let (_, name) = row.split_once("`frauds::").unwrap();
        let (name, _) = name.split_once('`').unwrap();
        assert!(source.contains(&format!("async fn {name}()")), "{row}");
        found += 1;
    }
    assert_eq!(found, 12);
}
