//! Evidence that is checked against the person's account, whoever issued the approval; verifiers who are too fast; and
//! people with two accounts.

use std::time::Duration;

use reregister_mfa::clock::Timestamp;
use serde_json::{Value, json};
use simulated::entra::Fault;

use crate::documented::{Rows, documented};
use crate::test_app::{
    ADA, ADELE, ALEX, Document, GRACE, JANE, Reply, SAM, TestApp, VERA, VICTOR, without_cool_down,
};

const HOUR: Duration = Duration::from_secs(60 * 60);

// Places in examples/users.json.
const JANE_AT: &str = "users.11";
const ALEX_AT: &str = "users.2";
const SAM_AT: &str = "users.12";
const VERA_AT: &str = "users.13";
const ADA_AT: &str = "users.16";

/// So many hours ago.
pub fn ago(hours: i64) -> String {
    let at = Timestamp::now().as_second() - hours * 3600;
    Timestamp::from_second(at).unwrap().to_string()
}

/// A tenant in which this person's password was changed so many hours ago.
fn changed(at: &str, hours: i64) -> impl FnOnce(Document) -> Document {
    let path = format!("{at}.lastPasswordChangeDateTime");
    move |users| users.add(&path, ago(hours))
}

/// A tenant in which these people have this employee id.
fn employees<'a>(at: &'a [&'a str], id: &'a str) -> impl FnOnce(Document) -> Document + 'a {
    move |users| {
        at.iter().fold(users, |users, at| {
            users.add(&format!("{at}.employeeId"), id)
        })
    }
}

/// A rule of the tenant.
fn rule(name: &str, value: impl Into<Value>) -> impl FnOnce(Document) -> Document {
    let path = format!("tenants.contoso.rules.{name}");
    move |policy| policy.add(&path, value)
}

/// Evidence by a written message.
fn message(app: &TestApp, via: &str) -> Value {
    let mut message = app.desk_call();
    message["method"] = json!("secure_message");
    message["via"] = json!(via);
    message
}

/// Evidence by a call to this line.
fn call(app: &TestApp, via: &str) -> Value {
    let mut call = app.desk_call();
    call["via"] = json!(via);
    call
}

#[tokio::test]
async fn a_password_that_was_just_changed_takes_a_second_kind_of_evidence_or_a_second_approver() {
    let rows = Rows::of_this_scenario();
    let person = "a standard person whose password was changed within 24 hours";
    let app = TestApp::with_tenant(changed(JANE_AT, 1)).await;
    let reply = app.reset(app.draft()).await;
    reply.assert_refused(403, "password_just_changed");
    assert_eq!(reply.json["second_approval"], true);
    assert!(reply.detail().contains("was changed at 20"), "{reply:?}");
    app.assert_nothing_happened();
    rows.show(person, "one", &reply);

    let two_ways = [app.desk_call(), app.in_person()];
    let reply = app.reset(app.draft().verification(two_ways)).await;
    rows.show(person, "one, with two kinds of evidence", &reply);
    assert_eq!(reply.warnings().last(), Some(&"password_just_changed"));

    let app = TestApp::with_tenant(changed(JANE_AT, 23)).await;
    let (first, second) = (app.draft(), app.draft().approver(ADA));
    let reply = app.reset_on_two(first, second).await;
    rows.show(person, "two, over one kind of evidence", &reply);
}

#[tokio::test]
async fn of_a_synced_account_a_fresh_password_is_named_and_refuses_nothing() {
    let app = TestApp::with_tenant(changed(ALEX_AT, 1)).await;
    let reply = app.reset(app.draft().target(ALEX)).await;
    documented(&reply);
    assert_eq!(reply.warnings(), ["password_just_changed"]);
}

#[tokio::test]
async fn a_password_that_was_changed_a_day_ago_is_as_good_as_any() {
    let app = TestApp::with_tenant(changed(JANE_AT, 25)).await;
    let reply = app.reset(app.draft()).await;
    reply.assert_completed();
    assert!(!reply.warnings().contains(&"password_just_changed"));
}

#[tokio::test]
async fn the_policy_says_how_long_a_password_is_fresh() {
    for (length, hours, status) in [("0s", 0, 200), ("72h", 47, 403), ("72h", 73, 200)] {
        let app = TestApp::build(
            rule("fresh_password", length),
            changed(JANE_AT, hours),
            Default::default(),
        )
        .await;
        let reply = app.reset(app.draft()).await;
        assert_eq!(reply.status, status, "{length} {hours}: {reply:?}");
    }
}

/// What comes of a reset of Jane while Graph's answers about people have this in one member.
async fn with_odd(member: &'static str, odd: Option<Value>) -> Reply {
    let app = TestApp::new().await;
    let answers = Fault::on("GET", "$select=id,userPrincipalName").times(u32::MAX);
    app.tenant.fail(answers.edit(move |user| {
        let user = user.as_object_mut().unwrap();
        match &odd {
            Some(odd) => user.insert(member.to_owned(), odd.clone()),
            None => user.remove(member),
        };
    }));
    app.reset(app.draft()).await
}

#[tokio::test]
async fn a_time_of_the_password_that_cannot_be_read_counts_as_fresh_and_none_is_named() {
    let rows = Rows::of_this_scenario();
    let member = "lastPasswordChangeDateTime";
    for odd in [
        None,
        Some(json!("yesterday")),
        Some(json!("")),
        Some(json!(7)),
    ] {
        let reply = with_odd(member, odd.clone()).await;
        assert_eq!(reply.code(), "password_just_changed", "{odd:?} {reply:?}");
        let person = "a standard person, and it cannot be read when the password was changed";
        rows.show(person, "one", &reply);
    }
    let reply = with_odd(member, Some(Value::Null)).await;
    let person = "a standard person, and Entra knows no time at which the password was changed";
    rows.show(person, "one", &reply);
    assert!(reply.warnings().contains(&"password_age_unknown"));
    // A guest's password is elsewhere.
    let app = TestApp::with_tenant(changed("users.8", 1)).await;
    let guest = "jordan_fabrikam.example#EXT#@contoso.example";
    app.reset(app.draft().target(guest))
        .await
        .assert_completed();
}

#[tokio::test]
async fn only_what_certainly_is_kept_elsewhere_is_out_of_the_persons_own_hands() {
    for odd in [
        None,
        Some(json!("true")),
        Some(json!(1)),
        Some(json!(false)),
    ] {
        let app = TestApp::with_tenant(changed(ALEX_AT, 1)).await;
        let answers = Fault::on("GET", "$select=id,userPrincipalName").times(u32::MAX);
        app.tenant.fail(answers.edit(move |user| {
            let user = user.as_object_mut().unwrap();
            match &odd {
                Some(odd) => user.insert("onPremisesSyncEnabled".to_owned(), odd.clone()),
                None => user.remove("onPremisesSyncEnabled"),
            };
        }));
        let reply = app.reset(app.draft().target(ALEX)).await;
        reply.assert_refused(403, "password_just_changed");
    }
}

#[tokio::test]
async fn an_employee_id_that_cannot_be_read_makes_the_request_wait() {
    for odd in [None, Some(json!(4711)), Some(json!({}))] {
        let reply = with_odd("employeeId", odd).await;
        reply.assert_waiting("directory_unavailable");
    }
    let reply = with_odd("employeeId", Some(Value::Null)).await;
    reply.assert_completed();
}

#[tokio::test]
async fn two_accounts_with_one_employee_id_are_one_person_wherever_people_have_to_be_apart() {
    let rows = Rows::of_this_scenario();
    // The approver is the person, by another account.
    let app = TestApp::with_tenant(employees(&[JANE_AT, SAM_AT], "4711")).await;
    let reply = app.reset(app.draft()).await;
    reply.assert_refused(403, "approver_is_target");
    assert!(reply.detail().contains("employee id"), "{reply:?}");
    let approvals = "one, and another account of the target approved";
    rows.show("a standard person", approvals, &reply);

    let app = TestApp::with_tenant(employees(&[JANE_AT, VERA_AT], "4711")).await;
    let reply = app.reset(app.draft()).await;
    let approvals = "one, and another account of the target verified";
    rows.show("a standard person", approvals, &reply);
    app.assert_nothing_happened();

    // One person approves twice, or verifies with the other account.
    let two = |app: &TestApp| (app.draft().target(GRACE), app.second_draft().target(GRACE));
    let app = TestApp::with_tenant(employees(&[SAM_AT, ADA_AT], "4711")).await;
    let (first, second) = two(&app);
    let reply = app.reset_on_two(first, second).await;
    let approvals = "two, by two accounts of one person";
    rows.show("a Global Administrator", approvals, &reply);

    let app = TestApp::with_tenant(employees(&[VERA_AT, ADA_AT], "4711")).await;
    let (first, second) = two(&app);
    let reply = app.reset_on_two(first, second).await;
    let approvals = "two, and another account of an approver verified";
    rows.show("a Global Administrator", approvals, &reply);
    let request = app.jira(&app.approve(app.draft().approver(ADA)));
    for when in ["at first", "as it is stored"] {
        let reply = app.send(request.clone()).await;
        let is_warned = reply.warnings().contains(&"approver_verified");
        assert!(is_warned, "{when}: {reply:?}");
    }

    // In the cool-down, too.
    let app = TestApp::with_tenant(employees(&[SAM_AT, ADA_AT], "4711")).await;
    app.reset(app.draft()).await.assert_completed();
    let reply = app.reset_on_two(app.draft(), app.second_draft()).await;
    reply.assert_refused(403, "cooling_down");

    // Empty ids are the same person's for no one.
    let app = TestApp::with_tenant(employees(&[JANE_AT, SAM_AT], "")).await;
    app.reset(app.draft()).await.assert_completed();
    let ids = rule("compare_employee_ids", false);
    let same = employees(&[JANE_AT, SAM_AT], "n/a");
    let app = TestApp::build(ids, same, Default::default()).await;
    app.reset(app.draft()).await.assert_completed();
}

#[tokio::test]
async fn contacts_that_an_attacker_inside_the_account_answers_never_count_alone() {
    let rows = Rows::of_this_scenario();
    let person = "a standard person of the cloud alone";
    let app = TestApp::new().await;
    let draft = || app.draft().reason("replaced");
    let mobile = app
        .reset(draft().verification([call(&app, "mobile")]))
        .await;
    mobile.assert_refused(403, "evidence_weak");
    let approvals = "one, with a call to the mobile number of the directory alone";
    rows.show(person, approvals, &mobile);
    for via in ["slack", "teams", "telegram", "signal", "sms"] {
        let chat = app.reset(draft().verification([message(&app, via)])).await;
        chat.assert_refused(403, "evidence_weak");
        rows.show(person, "one, with a message alone", &chat);
    }
    let both = [call(&app, "mobile"), message(&app, "teams")];
    app.reset(draft().verification(both))
        .await
        .assert_refused(403, "evidence_weak");
    app.assert_nothing_happened();
    let with_another = [message(&app, "teams"), app.desk_call()];
    let reply = app.reset(draft().verification(with_another)).await;
    rows.show(
        person,
        "one, with a message and a call to the desk phone",
        &reply,
    );
    assert!(!reply.warnings().contains(&"weak_contacts"), "{reply:?}");

    let app = TestApp::new().await;
    let alex = app.draft().target(ALEX).reason("replaced");
    let reply = app.reset(alex.verification([call(&app, "mobile")])).await;
    let person = "a standard person whose account is synced";
    rows.show(person, approvals, &reply);
}

#[tokio::test]
async fn the_policy_says_whether_weak_contacts_count_and_where_desk_phones_ring() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::with_policy(rule("weak_contacts", "warn")).await;
    let chat = [message(&app, "teams")];
    let reply = app.reset(app.draft().verification(chat)).await;
    let person = "a standard person, `weak_contacts` is `warn`";
    rows.show(person, "one, with a message alone", &reply);
    assert!(reply.warnings().contains(&"weak_contacts"), "{reply:?}");

    let app = TestApp::with_policy(rule("desk_lines", "in_account")).await;
    let reply = app.reset(app.draft()).await;
    let person = "a standard person, `desk_lines` is `in_account`";
    rows.show(person, "one, with a call to the desk phone alone", &reply);
    app.assert_nothing_happened();
}

/// Standard people of the tenant, one after the other.
const MANY: [&str; 12] = [
    JANE,
    ALEX,
    ADELE,
    "megan.bowen@contoso.example",
    "tina.torres@contoso.example",
    "$cash@contoso.example",
    "bob.brooks@contoso.example",
    "kim.larsen@contoso.example",
    JANE,
    ALEX,
    ADELE,
    "megan.bowen@contoso.example",
];

#[tokio::test]
async fn the_security_team_is_told_of_the_third_reset_of_one_verifier_within_two_hours_once() {
    let app = TestApp::new().await;
    let mut told = Vec::new();
    for (nth, target) in MANY.into_iter().take(5).enumerate() {
        let reply = app.reset(app.draft().target(target)).await;
        if reply.warnings().contains(&"verifier_pace") {
            told.push(nth + 1);
            documented(&reply);
        }
    }
    assert_eq!(told, [3]);
    let of_pace = |app: &TestApp| {
        let subjects = app.security_inbox.subjects();
        let often = |subject: &&String| subject.starts_with("MFA reset, one verifier often: ");
        subjects.iter().filter(often).count()
    };
    app.work().await;
    assert_eq!(of_pace(&app), 1);

    // After two hours it can be passed again.
    app.clock.pass(2 * HOUR);
    for target in MANY.into_iter().take(3) {
        app.reset(app.draft().target(target)).await;
    }
    app.work().await;
    assert_eq!(of_pace(&app), 2);
}

#[tokio::test]
async fn an_approver_reads_before_the_third_reset_of_one_verifier_that_it_is_the_third() {
    let app = TestApp::new().await;
    for (nth, target) in MANY.into_iter().take(3).enumerate() {
        let approval = app.approve_on_call(app.on_call_draft().target(target));
        let preview = app.preview(&approval).await;
        let is_told = preview.warnings().contains(&"verifier_pace");
        assert_eq!(is_told, nth == 2, "{}", preview.json);
        app.reset_on_call(&approval).await.assert_completed();
    }
}

#[tokio::test]
async fn one_verifier_has_ten_people_reset_in_an_hour_and_another_one_may_go_on() {
    let app = TestApp::with_policy(without_cool_down).await;
    for target in MANY.into_iter().take(10) {
        let reply = app.reset(app.draft().target(target)).await;
        assert_eq!(reply.status, 200, "{target}: {reply:?}");
    }
    let reply = app.reset(app.draft().target(ADELE)).await;
    reply.assert_refused(403, "verifier_limit");
    documented(&reply);
    assert_eq!(reply.json["second_approval"], false);
    let by_victor = app.draft().target(ADELE).verified(VICTOR, app.now());
    app.reset(by_victor).await.assert_completed();
    app.clock.pass(HOUR);
    app.reset(app.draft().target(ALEX)).await.assert_completed();
}

#[tokio::test]
async fn one_verifier_has_as_many_people_reset_in_a_day_as_the_policy_says() {
    let policy = |policy: Document| {
        without_cool_down(policy)
            .add("tenants.contoso.rules.verifier_per_hour", 3)
            .add("tenants.contoso.rules.verifier_per_day", 5)
    };
    let app = TestApp::with_policy(policy).await;
    for (nth, target) in MANY.into_iter().take(5).enumerate() {
        if nth == 3 {
            let early = app.reset(app.draft().target(target)).await;
            early.assert_refused(403, "verifier_limit");
            app.clock.pass(HOUR);
        }
        let reply = app.reset(app.draft().target(target)).await;
        assert_eq!(reply.status, 200, "{target}: {reply:?}");
    }
    for hours in [0, 2, 20] {
        app.clock.pass(hours * HOUR);
        let reply = app.reset(app.draft().target(ALEX)).await;
        reply.assert_refused(403, "verifier_limit");
    }
    app.clock.pass(3 * HOUR);
    app.reset(app.draft().target(ALEX)).await.assert_completed();
}

#[tokio::test]
async fn a_refused_request_is_not_counted_for_its_verifier() {
    let app = TestApp::with_policy(rule("verifier_per_hour", 1)).await;
    for _ in 0..3 {
        let grace = app.reset(app.draft().target(GRACE)).await;
        grace.assert_refused(403, "privileged_role");
    }
    app.reset(app.draft()).await.assert_completed();
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_refused(403, "verifier_limit");
    // The limit of the first verifier is no limit of another, whoever approves.
    let other = app
        .draft()
        .target(ALEX)
        .approver(ADA)
        .verified(SAM, app.now());
    app.reset(other).await.assert_completed();
    assert_eq!(
        app.draft().claims("")["verification"][0]["verified_by"],
        VERA
    );
}
