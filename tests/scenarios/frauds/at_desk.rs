//! The same people are fooled at the desk: Vera verifies whom the attacker names, in the way that he asks for, and Sam
//! approves what he is shown.

use serde_json::{Value, json};

use crate::desk::{Browser, build, same, tenant};
use crate::test_app::{ADA, Document, GRACE, Overrides, Reply, SAM, TestApp, VERA, VICTOR};

/// A desk that counts for privileged people, whose references tickets may present.
pub async fn with_tenant(change: impl FnOnce(Document) -> Document) -> TestApp {
    let policy = |policy: Document| {
        policy
            .add("desk.privileged", true)
            .push("sources.jira.issuers", "desk")
    };
    build(policy, |users| change(tenant(users)), Overrides::default()).await
}

pub async fn desk() -> TestApp {
    with_tenant(same).await
}

/// Verifies a person who lost their phone. Gives the case, or why there is none.
async fn verify(
    verifier: &Browser<'_>,
    person: &str,
    how: &Value,
    reason: &str,
) -> Result<String, Reply> {
    let found = verifier
        .post("/desk/people", &json!({"person": person}))
        .await;
    let id = &found.json["id"];
    let contact = match how[0]["via"].as_str() {
        Some("mobile") => Some("mobile_phone"),
        Some("desk") => Some("business_phone"),
        _ => None,
    };
    if let Some(contact) = contact {
        let contact = json!({"person": id, "contact": contact});
        verifier.post("/desk/contacts", &contact).await;
    }
    let draft = json!({"verification": {
        "ticket": "HELP-42", "target": id, "scope": "mfa:reregister passkeys:remove", "reason": reason,
        "evidence": how,
    }});
    let draft = verifier.post("/desk/drafts", &draft).await;
    if draft.status != 200 {
        return Err(draft);
    }
    let signed = verifier.sign(&draft.json).await;
    let case = signed.json["case"].as_str().map(str::to_owned);
    case.ok_or(signed)
}

/// What comes of it when Vera has verified this person so, and Sam approves.
pub async fn ask_for(app: &TestApp, person: &str, how: Value, reason: &str) -> Reply {
    let vera = Browser::of(app, VERA).await;
    match verify(&vera, person, &how, reason).await {
        Ok(case) => Browser::of(app, SAM).await.approve(&case).await,
        Err(refused) => refused,
    }
}

/// By a face in a video call, which the desk believes.
pub async fn ask(app: &TestApp, person: &str) -> Reply {
    let face = json!([{"method": "video_call"}]);
    ask_for(app, person, face, "lost").await
}

/// Verified by this person, and approved by that one for the ticket. Gives the reference.
pub async fn reference(app: &TestApp, verifier: &str, approver: &str, target: &str) -> String {
    let verifier = Browser::of(app, verifier).await;
    let seen = json!([{"method": "in_person"}, {"method": "video_call"}]);
    let case = verify(&verifier, target, &seen, "lost").await;
    let case = case.unwrap_or_else(|refused| panic!("{refused:?}"));
    let approver = Browser::of(app, approver).await;
    approver.approve_for_ticket(&case).await
}

/// All verifiers and approvers are fooled, and an administrator is the target. Entra signs whatever they say, and the
/// service desk's system, in whose domain nobody is fooled, signs nothing.
pub async fn no_administrator_falls(app: &TestApp) {
    let before = app.has(GRACE);
    let at_once = ask(app, GRACE).await;
    at_once.assert_refused(403, "privileged_role");
    let first = reference(app, VERA, SAM, GRACE).await;
    let second = reference(app, VICTOR, ADA, GRACE).await;
    let one = app.send(app.jira(&first)).await;
    one.assert_refused(403, "privileged_role");
    let two = app.send(app.jira(&format!("{first}\n{second}"))).await;
    two.assert_refused(403, "approvals_one_domain");
    assert_eq!(app.has(GRACE), before);
    assert!(!app.tenant.sessions_revoked(GRACE));
}
