//! The desk: people verify and approve by signing in, in a browser that only speaks HTTP.

pub mod alone;
mod attacks;
mod before_signing;
pub mod browser;
mod deaths;
mod histories;
mod journeys;
mod keys;
mod limits;
mod links;
mod looking;
mod managers;
mod mortal;
mod page;
mod passkey;
mod races;
mod rejections;
mod servicenow;
mod sign_ins;
mod signers;
mod table_writers;
mod worker;

use std::time::Duration;

use reregister_mfa::clock::Clock as _;
use serde_json::json;

use reregister_mfa::approval::sign_in::nonce;
use serde_json::Value;
use simulated::entra::{Changes, Fault, Method};

use crate::documented::{Rows, documented};
use crate::test_app::{
    ADELE, ALEX, Document, GRACE, JANE, MEGAN, Overrides, SAM, TestApp, VERA, VICTOR,
};

pub use browser::Browser;

pub const VERIFIERS: &str = "c1000000-0000-4000-8000-0000000000d1";
pub const APPROVERS: &str = "c1000000-0000-4000-8000-0000000000d2";
pub const MANAGERS: &str = "c1000000-0000-4000-8000-0000000000d3";
pub const CLIENT: &str = "2d3e4f50-6172-4384-9a5b-6c7d8e9fa0b1";
pub const DESK_URL: &str = "https://mfa.contoso.example/desk";

pub const VICTOR_ID: &str = "a1000000-0000-4000-8000-000000000011";
/// Jane's manager.
pub const MEGAN_ID: &str = "a1000000-0000-4000-8000-000000000003";
const SAM_ID: &str = "a1000000-0000-4000-8000-00000000000c";
pub const JANE_ID: &str = "a1000000-0000-4000-8000-00000000000b";

/// In the tenant of the tour Victor verifies; here he approves, too.
pub fn tenant(document: Document) -> Document {
    document.push("groups.6.members", VICTOR_ID)
}

/// With the desk of the tour, at another address.
fn policy(policy: Document) -> Document {
    let tour: Value = toml::from_str(include_str!("../../examples/desk.toml")).unwrap();
    policy
        .add("desk", tour["desk"].clone())
        .set("desk.url", DESK_URL)
}

/// The product with a desk.
pub async fn with_desk(change: impl FnOnce(Document) -> Document) -> TestApp {
    with_desk_and(change, Overrides::default()).await
}

/// The same, and a ticket of Jira's may present what was signed.
pub async fn with_references() -> TestApp {
    with_desk(|policy| policy.set("sources.jira.issuers", json!(["service-desk", "desk"]))).await
}

pub async fn with_desk_and(
    change: impl FnOnce(Document) -> Document,
    overrides: Overrides,
) -> TestApp {
    build(change, tenant, overrides).await
}

/// Managers of the tenant vouch, too: Megan and Jane are some, and Sam, who approves.
pub async fn with_managers() -> TestApp {
    with_managers_and(same).await
}

pub async fn with_managers_and(more: impl FnOnce(Document) -> Document) -> TestApp {
    let managers = json!({
        "id": MANAGERS, "displayName": "MFA managers", "members": [MEGAN_ID, JANE_ID, SAM_ID],
    });
    let role = json!({"value": "Manager", "assigned": [MANAGERS]});
    let with_role = |document| {
        tenant(document)
            .push("groups", managers)
            .push("apps.2.signIn.appRoles", role)
    };
    let change = |policy: Document| more(policy.add("desk.managers", MANAGERS));
    build(change, with_role, Overrides::default()).await
}

pub async fn build(
    change: impl FnOnce(Document) -> Document,
    change_tenant: impl FnOnce(Document) -> Document,
    overrides: Overrides,
) -> TestApp {
    let app = TestApp::build(
        |document| change(policy(document)),
        change_tenant,
        overrides,
    )
    .await;
    let clock = app.clock.clone();
    app.tenant.set_clock(move || clock.now());
    app
}

/// No change.
pub fn same(document: Document) -> Document {
    document
}

pub fn changed(claim: &str, value: &Value) -> Changes {
    match value {
        Value::Null => Changes::none().without(claim),
        value => Changes::none().claim(claim, value.clone()),
    }
}

/// A case that waits for its approval, and the draft of Sam's approval.
pub async fn about_to_approve(app: &TestApp) -> (Browser<'_>, Value) {
    let case = Browser::of(app, VERA).await.verify(JANE).await;
    let sam = Browser::of(app, SAM).await;
    let draft = sam.draft_approval(&case).await;
    (sam, draft.json)
}

#[tokio::test]
async fn two_people_who_sign_in_have_a_person_reset() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let found = vera.post("/desk/people", &json!({"person": JANE})).await;
    assert_eq!(found.json["id"], JANE_ID, "{}", found.json);
    let case = vera.verify(JANE).await;

    let sam = Browser::of(&app, SAM).await;
    let shown = sam.get(&format!("/desk/cases/{case}")).await;
    assert_eq!(shown.json["ticket"], "HELP-42", "{}", shown.json);
    assert_eq!(shown.json["verifier"], VERA);
    assert_eq!(shown.json["preview"]["target"], JANE);
    assert_eq!(
        shown.json["for_ticket"], false,
        "no source takes references"
    );
    assert!(app.writes().is_empty());

    let done = sam.approve(&case).await;
    documented(&done);
    assert_eq!(app.has(JANE), ["windowsHelloForBusiness"]);
    assert_eq!(
        app.decisions(),
        [
            "session begun",
            "looked up a person",
            "looked up a person",
            "signed verification",
            "session begun",
            "case shown",
            "signed approval",
            "allowed",
        ]
    );
    app.work().await;
    assert_eq!(app.decisions().last().unwrap(), "Completed");

    let outcome = sam.get(&format!("/desk/cases/{case}/outcome")).await;
    assert_eq!(outcome.state(), "completed");
    assert_eq!(outcome.json["replayed"], true);
}

#[tokio::test]
async fn a_sign_in_is_one_of_two_approvals_that_a_privileged_person_needs() {
    let app = with_desk(|policy| policy.add("desk.privileged", true)).await;
    let case = Browser::of(&app, VERA).await.verify(GRACE).await;
    let sam = Browser::of(&app, SAM).await;
    let shown = sam.get(&format!("/desk/cases/{case}")).await;
    assert_eq!(
        shown.json["preview"]["privileged"], true,
        "the page says so"
    );
    let refused = sam.approve(&case).await;
    documented(&refused);
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn a_sign_in_for_another_text_is_no_signature() {
    let app = with_desk(same).await;
    let (sam, draft) = about_to_approve(&app).await;
    let code = sam
        .code(SAM, &nonce("{\"kind\":\"approve\"}"))
        .await
        .unwrap();
    let refused = sam.redeem(&draft, &code).await;
    documented(&refused);
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn a_number_that_was_changed_after_the_verifier_called_it_proves_nothing() {
    let app = with_desk(same).await;
    let vera = Browser::of(&app, VERA).await;
    let contact = json!({"person": JANE_ID, "contact": "business_phone"});
    let shown = vera.post("/desk/contacts", &contact).await;
    assert_eq!(shown.json["number"], "+1 4255550150", "{}", shown.json);
    let mut body = browser::verification(JANE);
    body["verification"]["evidence"] = json!([{"method": "phone_call", "via": "desk"}]);
    let draft = vera.draft(&body).await;
    let text = draft.json["text"].as_str().unwrap();
    assert!(
        text.contains(r#""contacts":{"business_phone":"50"}"#),
        "{text}"
    );
    assert!(!text.contains("4255550150"), "{text}");
    let case = vera.sign(&draft.json).await.json["case"].clone();
    let case = case.as_str().unwrap();

    let change = |number: Option<&'static str>| {
        let people = Fault::on("GET", "$select=id,userPrincipalName").times(u32::MAX);
        people.edit(move |user| user["businessPhones"] = json!(number.as_slice()))
    };
    app.tenant.fail(change(Some("+1 4255550199")));
    let sam = Browser::of(&app, SAM).await;
    let seen = sam.get(&format!("/desk/cases/{case}")).await;
    let obstacle = seen.json["obstacle"].as_str().unwrap_or_default();
    assert!(obstacle.contains("business phone"), "{}", seen.json);
    let refused = sam.approve(case).await;
    documented(&refused);
    app.tenant.mend();
    app.tenant.fail(change(None));
    assert_eq!(sam.approve(case).await.code(), "contact_changed");
    assert!(app.writes().is_empty());

    app.tenant.mend();
    let done = sam.approve(case).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
}

#[tokio::test]
async fn the_approver_sees_how_many_resets_were_begun_on_the_verifiers_word_within_a_day() {
    let app = with_desk(same).await;
    let victor = "victor.verifier@contoso.example";
    for (nth, target) in [ALEX, "kim.larsen@contoso.example"].into_iter().enumerate() {
        let case = Browser::of(&app, VERA).await.verify(JANE).await;
        let shown = Browser::of(&app, SAM).await;
        let shown = shown.get(&format!("/desk/cases/{case}")).await;
        assert_eq!(shown.json["verifier_resets"], nth, "{}", shown.json);
        app.reset(app.draft().target(target))
            .await
            .assert_completed();
        // What another person verified is not counted.
        let other = app.draft().target(victor).verified(SAM, app.now());
        app.reset(other).await;
        app.clock.pass(std::time::Duration::from_secs(60 * 60));
    }
}

#[tokio::test]
async fn an_approver_who_has_left_the_group_since_does_not_approve() {
    let app = with_desk(same).await;
    let (mut sam, draft) = about_to_approve(&app).await;
    // The token still has the role: it was issued before.
    sam.changes = changed("roles", &json!(["Approver"]));
    let code = sam.code(SAM, draft["nonce"].as_str().unwrap()).await;
    let code = code.unwrap();
    app.tenant.leave_group(APPROVERS.parse().unwrap(), SAM);
    let refused = sam.redeem(&draft, &code).await;
    documented(&refused);
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn an_approver_who_was_just_reset_does_not_approve() {
    let app = with_desk(same).await;
    // Sam is reset on two approvals, since approvers are privileged.
    app.tenant
        .register(SAM, Method::authenticator("Sam's phone"));
    let (sam, draft) = about_to_approve(&app).await;
    let reset = app
        .reset_on_two(
            app.draft().target(SAM).approver(MEGAN),
            app.second_draft().target(SAM),
        )
        .await;
    assert_eq!(reset.state(), "completed", "{}", reset.json);
    app.work().await;
    let refused = sam.sign(&draft).await;
    documented(&refused);
    // Nor do they come back to the desk for a day.
    assert_eq!(
        Browser::new(&app).look(SAM).await.code(),
        "signer_just_reset"
    );
    app.clock.pass(Duration::from_secs(24 * 60 * 60));
    assert_eq!(Browser::new(&app).look(SAM).await.status, 200);
}

#[tokio::test]
async fn a_manager_vouches_and_an_approver_has_the_person_reset() {
    let app = with_managers().await;
    let case = Browser::of(&app, MEGAN).await.vouch(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    let shown = sam.get(&format!("/desk/cases/{case}")).await;
    assert_eq!(shown.json["verifier"], MEGAN, "{}", shown.json);
    let done = sam.approve(&case).await;
    documented(&done);
}

#[tokio::test]
async fn a_manager_who_has_vouched_and_is_the_persons_no_more_does_not_count() {
    let app = with_managers().await;
    let case = Browser::of(&app, MEGAN).await.vouch(JANE).await;
    app.tenant.set_manager(JANE, None);
    let refused = Browser::of(&app, SAM).await.approve(&case).await;
    documented(&refused);
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn one_person_on_call_verifies_and_approves_where_the_policy_says_so() {
    let rows = Rows::of_this_scenario();
    let approvals = "signed twice by one verifier and approver, `alone` is set";
    let app = with_desk(alone::alone).await;
    // A session has five open drafts.
    for target in [JANE, ADELE] {
        let victor = Browser::of(&app, VICTOR).await;
        let case = victor.verify(target).await;
        let done = victor.approve(&case).await;
        rows.show("a standard person, at the desk", approvals, &done);
    }
    let victor = Browser::of(&app, VICTOR).await;
    let case = victor.verify(ALEX).await;
    let refused = victor.approve(&case).await;
    let third = "a standard person, at the desk, the third within 12 hours";
    rows.show(third, approvals, &refused);
    let case = victor.verify(GRACE).await;
    let refused = victor.approve(&case).await;
    rows.show("a Global Administrator, at the desk", approvals, &refused);
}
