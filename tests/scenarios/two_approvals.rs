//! What two approvals for a privileged person must be like. docs/outcomes.md has this as a table.

use serde_json::json;
use simulated::approval::Draft;
use simulated::senders::on_call;

use crate::documented::{Rows, documented};
use crate::test_app::{ADA, GRACE, JANE, Reply, TestApp, VICTOR};

/// Two approvals for Grace that are good together.
fn good(app: &TestApp) -> (Draft, Draft) {
    (app.draft().target(GRACE), app.second_draft().target(GRACE))
}

async fn reset_grace(app: &TestApp) -> Reply {
    let (first, second) = good(app);
    app.reset_on_two(first, second).await
}

/// Changes an approval.
type Change = fn(&TestApp, Draft) -> Draft;

fn unchanged(_: &TestApp, draft: Draft) -> Draft {
    draft
}

fn by_slack(app: &TestApp) -> serde_json::Value {
    json!({"method": "secure_message", "via": "slack", "contact_source": "company_directory",
           "verified_by": VICTOR, "verified_at": app.now() - 60})
}

fn by_text_message(app: &TestApp) -> serde_json::Value {
    let mut evidence = app.desk_call();
    evidence["method"] = json!("secure_message");
    evidence["via"] = json!("sms");
    evidence
}

#[tokio::test]
async fn two_approvals_that_depend_on_each_other_are_not_enough() {
    let rows = Rows::of_this_scenario();
    let cases: [(&str, Change, Change, u16, &str); 10] = [
        (
            "two by one person under two spellings",
            unchanged,
            |_, draft| draft.approver("A1000000-0000-4000-8000-00000000000C"),
            403,
            "approvals_one_approver",
        ),
        (
            "two over one method",
            unchanged,
            |app, draft| draft.verified(VICTOR, app.now()),
            403,
            "evidence_one_method",
        ),
        (
            "two, and the second method is a call to the stolen phone",
            |app, draft| draft.reason("stolen").verification([by_slack(app)]),
            |app, draft| {
                let mut call = app.desk_call();
                call["via"] = json!("mobile");
                draft.reason("stolen").verification([by_slack(app), call])
            },
            403,
            "evidence_one_method",
        ),
        (
            "two, one of them with evidence by text message",
            |app, draft| {
                let evidence = [by_text_message(app)];
                draft.reason("replaced").verification(evidence)
            },
            |_, draft| draft.reason("replaced"),
            403,
            "evidence_sms",
        ),
        (
            "two, and an approver verified the person",
            |app, draft| draft.verified(ADA, app.now() - 60),
            unchanged,
            403,
            "approver_verified",
        ),
        (
            "two, one of them expired",
            |app, draft| draft.issued_at(app.now() - 900).expires_at(app.now()),
            unchanged,
            403,
            "privileged_role",
        ),
        (
            "two for different tickets",
            unchanged,
            |_, draft| draft.ticket("HELP-43"),
            422,
            "other_ticket",
        ),
        (
            "two for different people",
            unchanged,
            |_, draft| draft.target(JANE),
            422,
            "approvals_disagree",
        ),
        (
            "two with different scopes",
            unchanged,
            |_, draft| draft.scope("mfa:reregister passkeys:remove"),
            422,
            "approvals_disagree",
        ),
        (
            "two with different reasons",
            unchanged,
            |_, draft| draft.reason("broken"),
            422,
            "approvals_disagree",
        ),
    ];
    for (approvals, change_first, change_second, status, code) in cases {
        let app = TestApp::new().await;
        let (first, second) = good(&app);
        let (first, second) = (change_first(&app, first), change_second(&app, second));
        let reply = app.reset_on_two(first, second).await;
        assert_eq!(
            (reply.status, reply.code()),
            (status, code),
            "{approvals}: {reply:?}"
        );
        rows.show("a Global Administrator", approvals, &reply);
        app.assert_nothing_happened();
    }
}

#[tokio::test]
async fn two_approvals_from_one_trust_domain_are_not_enough() {
    let app = TestApp::new().await;
    let (first, second) = good(&app);
    let both = format!("{}\n{}", app.approve(first), app.approve(second));
    let reply = app.send(app.jira(&both)).await;
    reply.assert_refused(403, "approvals_one_domain");
    documented(&reply);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn one_approval_presented_twice_counts_once() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft().target(GRACE));
    let reply = app.send(app.jira(&format!("{approval}\n{approval}"))).await;
    reply.assert_refused(403, "privileged_role");
    documented(&reply);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn jira_automation_may_request_resets_of_standard_people_only() {
    let app = TestApp::new().await;
    let (first, second) = good(&app);
    let request = app.jira_automation(&app.approve_twice(first, second));
    let reply = app.send(request).await;
    reply.assert_refused(403, "source_standard_only");
    let why = "this ticket system may not request resets for administrators";
    assert!(reply.detail().contains(why), "{reply:?}");
    documented(&reply);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_source_and_an_issuer_are_for_privileged_people_only_if_the_policy_says_so() {
    let rows = Rows::of_this_scenario();
    for (approvals, right, code) in [
        (
            "two, from a source that the policy does not allow for privileged people",
            "sources.jira.privileged",
            "source_standard_only",
        ),
        (
            "two, one by an issuer that the policy does not allow for privileged people",
            "issuers.security.privileged",
            "issuer_standard_only",
        ),
    ] {
        let app = TestApp::with_policy(|policy| policy.remove(right)).await;
        let reply = reset_grace(&app).await;
        reply.assert_refused(403, code);
        rows.show("a Global Administrator", approvals, &reply);
        app.assert_nothing_happened();
    }
}

#[tokio::test]
async fn without_a_privileged_credential_two_approvals_do_not_help() {
    let app = TestApp::with_policy(|policy| policy.remove("tenants.contoso.privileged")).await;
    let reply = reset_grace(&app).await;
    reply.assert_refused(403, "no_privileged_credential");
    documented(&reply);
    assert!(reply.note().contains("by hand"), "{reply:?}");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn on_call_two_operators_with_keys_of_their_own_reset_a_privileged_person() {
    let app = TestApp::new().await;
    let first = app.approve_on_call(app.on_call_draft().target(GRACE));
    let second = app.on_call_draft().target(GRACE).approver(ADA);
    let second = app.sign_on_call("ada-2026", &second.verification([app.in_person()]));
    let preview = on_call::post("/resets/preview", &first, Some(&second));
    let preview = app.send(preview).await;
    assert_eq!(
        (preview.status, &preview.json["privileged"]),
        (200, &json!(true)),
        "{preview:?}"
    );
    let reset = on_call::post("/resets", &first, Some(&second));
    documented(&app.send(reset).await);
}

#[tokio::test]
async fn both_approvals_are_used_up_together() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let (first, second) = good(&app);
    let first = app.approve(first);
    let second = app.security_issuer.approve(&second);
    let both = format!("{first}\n{second}");
    app.send(app.jira(&both)).await.assert_completed();
    app.tenant.forget_calls();
    for (approvals, again) in [
        ("one of two used ones, in the same ticket", &first),
        ("one of two used ones, in the same ticket", &second),
        ("two used ones, in the same ticket", &both),
    ] {
        let reply = app.send(app.jira(again)).await;
        reply.assert_replayed();
        rows.show("a Global Administrator", approvals, &reply);
    }
    assert_eq!(app.tenant.calls().len(), 0);
}
