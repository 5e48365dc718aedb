//! The desk: people verify and approve by signing in, in a browser that only speaks HTTP.

mod attacks;
mod browser;
mod deaths;
mod histories;
mod journeys;
mod mortal;
mod worker;

use reregister_mfa::clock::Clock as _;
use serde_json::json;

use reregister_mfa::approval::sign_in::nonce;
use serde_json::Value;
use simulated::entra::{Changes, Method};

use crate::documented::documented;
use crate::test_app::{Document, GRACE, JANE, MEGAN, Overrides, SAM, TestApp, VERA};

pub use browser::Browser;

pub const APPROVERS: &str = "c1000000-0000-4000-8000-0000000000d2";
pub const CLIENT: &str = "2d3e4f50-6172-4384-9a5b-6c7d8e9fa0b1";
pub const DESK_URL: &str = "https://mfa.contoso.example/desk";

const VICTOR_ID: &str = "a1000000-0000-4000-8000-000000000011";
pub const JANE_ID: &str = "a1000000-0000-4000-8000-00000000000b";

/// In the tenant of the tour Victor verifies; here he approves, too.
fn tenant(document: Document) -> Document {
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

pub async fn with_desk_and(
    change: impl FnOnce(Document) -> Document,
    overrides: Overrides,
) -> TestApp {
    let app = TestApp::build(|document| change(policy(document)), tenant, overrides).await;
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
    assert!(app.writes().is_empty());

    let done = sam.approve(&case).await;
    documented(&done);
    assert_eq!(app.has(JANE), ["windowsHelloForBusiness"]);
    assert_eq!(
        app.decisions(),
        [
            "session begun",
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
    let refused = Browser::of(&app, SAM).await.approve(&case).await;
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
    let reset = app
        .reset_on_two(
            app.draft().target(SAM).approver(MEGAN),
            app.second_draft().target(SAM),
        )
        .await;
    assert_eq!(reset.state(), "completed", "{}", reset.json);
    app.work().await;
    let (sam, draft) = about_to_approve(&app).await;
    let refused = sam.sign(&draft).await;
    documented(&refused);
}
