//! What two approvals for a privileged person must be like. docs/outcomes.md has this as a table.

use serde_json::json;
use simulated::approval::Draft;
use simulated::senders::jira::{Issue, Status};
use simulated::senders::jira_automation::web_request;
use simulated::senders::on_call;

use crate::test_app::{ADA, AUTOMATION_SECRET, FIELD, JANE, TestApp, VICTOR};

const GRACE: &str = "grace.admin@contoso.example";

/// Two approvals for Grace that are not enough together.
async fn two_are_refused(
    first: impl Fn(&TestApp, Draft) -> Draft,
    second: impl Fn(&TestApp, Draft) -> Draft,
    status: u16,
    code: &str,
) {
    let app = TestApp::new().await;
    let reply = app
        .reset_on_two(
            first(&app, app.draft().target(GRACE)),
            second(&app, app.second_draft().target(GRACE)),
        )
        .await;
    assert_eq!((reply.status, reply.code()), (status, code), "{reply:?}");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn two_approvals_by_one_human_under_two_spellings_are_one() {
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.approver("A1000000-0000-4000-8000-00000000000C"),
        403,
        "approvals_one_approver",
    )
    .await;
}

#[tokio::test]
async fn two_approvals_out_of_one_trust_domain_are_one() {
    let app = TestApp::new().await;
    let both = format!(
        "{}\n{}",
        app.approve(app.draft().target(GRACE)),
        app.approve(app.second_draft().target(GRACE))
    );
    let reply = app.send(app.jira(&both)).await;
    assert_eq!((reply.status, reply.code()), (403, "approvals_one_domain"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn two_approvals_over_one_method_are_one() {
    two_are_refused(
        |_, draft| draft,
        |app, draft| draft.verified(VICTOR, app.now()),
        403,
        "evidence_one_method",
    )
    .await;
}

#[tokio::test]
async fn a_call_to_the_phone_that_was_stolen_is_no_second_method() {
    let slack = |app: &TestApp| {
        json!({"method": "secure_message", "via": "slack", "contact_source": "company_directory",
               "verified_by": VICTOR, "verified_at": app.now() - 60})
    };
    two_are_refused(
        |app, draft| draft.reason("stolen").verification([slack(app)]),
        |app, draft| {
            let mut call = app.call();
            call["via"] = json!("mobile");
            draft.reason("stolen").verification([slack(app), call])
        },
        403,
        "evidence_one_method",
    )
    .await;
}

#[tokio::test]
async fn a_text_message_verifies_nobody_who_is_privileged() {
    two_are_refused(
        |app, draft| {
            let mut sms = app.call();
            sms["method"] = json!("secure_message");
            sms["via"] = json!("sms");
            draft.reason("replaced").verification([sms])
        },
        |_, draft| draft.reason("replaced"),
        403,
        "evidence_sms",
    )
    .await;
}

#[tokio::test]
async fn an_approver_who_verified_has_only_approved_their_own_work() {
    two_are_refused(
        |app, draft| draft.verified(ADA, app.now() - 60),
        |_, draft| draft,
        403,
        "approver_verified",
    )
    .await;
}

#[tokio::test]
async fn of_two_approvals_one_that_has_expired_leaves_one() {
    two_are_refused(
        |app, draft| draft.issued_at(app.now() - 900).expires_at(app.now()),
        |_, draft| draft,
        403,
        "privileged_role",
    )
    .await;
}

#[tokio::test]
async fn two_approvals_for_different_tickets_targets_scopes_or_reasons_are_no_pair() {
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.ticket("HELP-43"),
        422,
        "other_ticket",
    )
    .await;
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.target(JANE),
        422,
        "approvals_disagree",
    )
    .await;
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.scope("mfa:reregister passkeys:remove"),
        422,
        "approvals_disagree",
    )
    .await;
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.reason("broken"),
        422,
        "approvals_disagree",
    )
    .await;
}

#[tokio::test]
async fn one_approval_presented_twice_is_one() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft().target(GRACE));
    let reply = app.send(app.jira(&format!("{approval}\n{approval}"))).await;
    assert_eq!((reply.status, reply.code()), (403, "privileged_role"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn jira_automation_may_ask_for_standard_people_only() {
    let app = TestApp::new().await;
    let both = format!(
        "{}\n{}",
        app.approve(app.draft().target(GRACE)),
        app.security.approve(&app.second_draft().target(GRACE))
    );
    let issue = Issue::new("HELP-42", Status::new("10042", "Approved")).field(FIELD, both.as_str());
    let request = web_request(
        "/webhooks/jira-automation",
        &issue,
        "X-Reregister-Secret",
        AUTOMATION_SECRET,
    );
    let reply = app.send(request).await;
    assert_eq!((reply.status, reply.code()), (403, "source_standard_only"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_source_and_an_issuer_are_for_privileged_people_only_if_the_policy_says_so() {
    for (change, code) in [
        (
            "privileged = true\napproved = [\"10042\"]",
            "source_standard_only",
        ),
        (
            "domain = \"security\"\nprivileged = true",
            "issuer_standard_only",
        ),
    ] {
        let app = TestApp::with_policy(|policy| {
            assert!(policy.contains(change));
            policy.replace(change, &change.replace("privileged = true", ""))
        })
        .await;
        let reply = app
            .reset_on_two(app.draft().target(GRACE), app.second_draft().target(GRACE))
            .await;
        assert_eq!((reply.status, reply.code()), (403, code));
        app.assert_nothing_happened();
    }
}

#[tokio::test]
async fn without_a_privileged_credential_two_approvals_do_not_help() {
    let app = TestApp::with_policy(|policy| {
        let (before, rest) = policy.split_once("[tenants.contoso.privileged]").unwrap();
        let (_, after) = rest.split_once("[tenants.contoso.rules]").unwrap();
        format!("{before}[tenants.contoso.rules]{after}")
    })
    .await;
    let reply = app
        .reset_on_two(app.draft().target(GRACE), app.second_draft().target(GRACE))
        .await;
    assert_eq!(
        (reply.status, reply.code()),
        (403, "no_privileged_credential")
    );
    assert!(reply.note().contains("by hand"), "{reply:?}");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn on_call_two_engineers_with_keys_of_their_own_reset_a_privileged_person() {
    let app = TestApp::new().await;
    let first = app.approve_on_call(app.on_call_draft().target(GRACE));
    let second = app
        .on_call_draft()
        .target(GRACE)
        .approver(ADA)
        .verification([app.seen()]);
    let second = app.sign_on_call("ada-2026", &second);
    let preview = app
        .send(on_call::post("/resets/preview", &first, Some(&second)))
        .await;
    assert_eq!(
        (preview.status, &preview.json["privileged"]),
        (200, &json!(true)),
        "{preview:?}"
    );
    let reply = app
        .send(on_call::post("/resets", &first, Some(&second)))
        .await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
}

#[tokio::test]
async fn both_approvals_are_used_up_together() {
    let app = TestApp::new().await;
    let first = app.approve(app.draft().target(GRACE));
    let second = app.security.approve(&app.second_draft().target(GRACE));
    let both = format!("{first}\n{second}");
    assert_eq!(app.send(app.jira(&both)).await.json["state"], "completed");
    app.tenant.forget_calls();
    for again in [first.as_str(), second.as_str(), both.as_str()] {
        let reply = app.send(app.jira(again)).await;
        assert_eq!((reply.status, &reply.json["replayed"]), (200, &json!(true)));
    }
    assert_eq!(app.tenant.calls().len(), 0);
}
