//! Who may approve and verify: what always holds, and what the policy can demand of operators on call.

use serde_json::json;
use simulated::approval::Draft;
use simulated::entra::Fault;
use simulated::senders::on_call;

use crate::documented::{Rows, documented};
use crate::test_app::{ADA, ALEX, Document, GRACE, JANE, MEGAN, OLGA, Reply, SAM, TestApp, VERA};

#[tokio::test]
async fn a_person_cannot_approve_or_verify_their_own_reset_under_any_spelling() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let target = || app.draft().target("A1000000-0000-4000-8000-00000000000B");
    for (approvals, draft, code) in [
        (
            "one, and the target approved",
            target().approver(JANE),
            "approver_is_target",
        ),
        (
            "one, and the target verified",
            target().verified(JANE, app.now()),
            "verifier_is_target",
        ),
    ] {
        let reply = app.reset(draft).await;
        reply.assert_refused(403, code);
        rows.show("a standard person", approvals, &reply);
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn the_word_of_an_approver_or_verifier_who_has_left_does_not_count() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let disabled = "henrietta.mueller@contoso.example";
    let deleted = "unknown@contoso.example";
    for (approvals, draft, code) in [
        (
            "one, and the approver's account is disabled",
            app.draft().approver(disabled),
            "approver_disabled",
        ),
        (
            "one, and the approver's account is deleted",
            app.draft().approver(deleted),
            "approver_not_found",
        ),
        (
            "one, and the verifier's account is disabled",
            app.draft().verified(disabled, app.now()),
            "verifier_disabled",
        ),
        (
            "one, and the verifier's account is deleted",
            app.draft().verified(deleted, app.now()),
            "verifier_not_found",
        ),
    ] {
        let reply = app.reset(draft).await;
        reply.assert_refused(422, code);
        rows.show("a standard person", approvals, &reply);
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_on_call_key_signs_only_for_its_owner() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft().approver(SAM));
    let reply = app.reset_on_call(&approval).await;
    reply.assert_refused(403, "not_the_keys_owner");
    documented(&reply);
    app.assert_nothing_happened();
}

/// Olga approves on call under a policy that is changed first.
async fn with_on_call_policy(change: impl FnOnce(Document) -> Document) -> Reply {
    let app = TestApp::with_policy(change).await;
    let approval = app.approve_on_call(app.on_call_draft());
    let reply = app.reset_on_call(&approval).await;
    app.assert_nothing_happened();
    reply
}

#[tokio::test]
async fn a_key_without_an_owner_signs_nothing_on_call() {
    let owner = "issuers.on-call.key.olga-2026.owner";
    let reply = with_on_call_policy(|policy| policy.remove(owner)).await;
    reply.assert_refused(403, "key_without_owner");
    documented(&reply);
}

#[tokio::test]
async fn the_key_of_an_owner_who_has_left_signs_nothing() {
    let owner = "issuers.on-call.key.olga-2026.owner";
    let gone = "unknown@contoso.example";
    let reply = with_on_call_policy(|policy| policy.set(owner, gone)).await;
    reply.assert_refused(422, "key_owner_not_found");
    documented(&reply);
}

#[tokio::test]
async fn without_issuers_for_on_call_every_approval_is_refused_there() {
    let none = json!([]);
    let reply = with_on_call_policy(|policy| policy.set("on_call.issuers", none)).await;
    reply.assert_refused(403, "issuer_not_allowed");
}

#[tokio::test]
async fn on_call_is_for_standard_people_unless_the_policy_says_otherwise() {
    let app = TestApp::with_policy(|policy| policy.remove("on_call.privileged")).await;
    let grace = app.approve_on_call(app.on_call_draft().target(GRACE));
    let reply = app.reset_on_call(&grace).await;
    reply.assert_refused(403, "source_standard_only");
    let why = "resets for administrators may not be requested on call";
    assert!(reply.detail().contains(why), "{reply:?}");
    documented(&reply);
    let jane = app.approve_on_call(app.on_call_draft());
    app.reset_on_call(&jane).await.assert_completed();
}

#[tokio::test]
async fn a_refusal_does_not_ask_for_a_second_approval_beside_one_that_can_never_be_enough() {
    let rows = Rows::of_this_scenario();
    let person = "a Global Administrator, on call";
    let app = TestApp::with_policy(|policy| policy.remove("issuers.on-call.privileged")).await;
    let grace = app.approve_on_call(app.on_call_draft().target(GRACE));
    let reply = app.preview(&grace).await;
    reply.assert_refused(403, "issuer_standard_only");
    assert_eq!(reply.json["second_approval"], false);
    assert_eq!(reply.json["approvals"][0]["privileged"], false);
    let approvals = "one by an issuer that the policy does not allow for privileged people";
    rows.show(person, approvals, &reply);

    let app = TestApp::new().await;
    let own_work = app.on_call_draft().target(GRACE);
    let own_work = app.approve_on_call(own_work.verified(OLGA, app.now() - 300));
    let reply = app.preview(&own_work).await;
    reply.assert_refused(403, "approver_verified");
    assert_eq!(reply.json["second_approval"], false);
    assert_eq!(reply.json["approvals"][0]["privileged"], true);
    rows.show(person, "one, and the approver verified the person", &reply);

    let mut sms = app.desk_call();
    sms["method"] = json!("secure_message");
    sms["via"] = json!("sms");
    let by_sms = app.on_call_draft().target(GRACE).reason("replaced");
    let by_sms = app.approve_on_call(by_sms.verification([sms]));
    let reply = app.preview(&by_sms).await;
    reply.assert_refused(403, "evidence_sms");
    assert_eq!(reply.json["second_approval"], false);
    rows.show(person, "one with evidence by text message", &reply);

    // In a ticket the same, also when the refusal is read later.
    let mut sms = app.desk_call();
    sms["method"] = json!("secure_message");
    sms["via"] = json!("sms");
    let by_sms = app.draft().target(GRACE).reason("replaced");
    let by_sms = app.approve(by_sms.verification([sms]));
    let reply = app.send(app.jira(&by_sms)).await;
    reply.assert_refused(403, "evidence_sms");
    let read = app.read(reply.reset(), &by_sms).await;
    for answer in [&reply, &read] {
        assert_eq!(answer.json["second_approval"], false, "{answer:?}");
    }
}

#[tokio::test]
async fn a_refusal_of_two_approvals_says_that_another_second_one_may_help() {
    let app = TestApp::new().await;
    let mut sms = app.desk_call();
    sms["method"] = json!("secure_message");
    sms["via"] = json!("sms");
    let first = app.approve_on_call(app.on_call_draft().target(GRACE).reason("replaced"));
    let second = app.on_call_draft().target(GRACE).reason("replaced");
    let second = second.approver(ADA).verification([sms]);
    let second = app.sign_on_call("ada-2026", &second);
    let request = on_call::post("/resets/preview", &first, Some(&second));
    let reply = app.send(request).await;
    reply.assert_refused(403, "evidence_sms");
    assert_eq!(reply.json["second_approval"], true);
}

#[tokio::test]
async fn a_fault_of_the_only_approval_stays_whatever_comes_beside_it() {
    let app = TestApp::with_policy(|policy| policy.add("on_call.hardware_key", true)).await;
    let stale = app.draft().verified(VERA, app.now() - 5 * 60 * 60);
    let mut replies = vec![
        app.preview(&app.approve_on_call(app.on_call_draft())).await,
        app.reset(stale).await,
    ];
    for draft in [
        app.draft().approver(JANE),
        app.draft().approver("unknown@contoso.example"),
    ] {
        replies.push(app.reset(draft).await);
    }
    let codes: Vec<&str> = replies.iter().map(Reply::code).collect();
    assert_eq!(
        codes,
        [
            "hardware_key_missing",
            "evidence_stale",
            "approver_is_target",
            "approver_not_found"
        ]
    );
    for reply in &replies {
        assert_eq!(reply.json["second_approval"], false, "{reply:?}");
    }
}

#[tokio::test]
async fn two_operators_who_approve_what_the_other_verified_have_approved_their_own_work() {
    let app = TestApp::with_policy(|policy| policy.add("on_call.verifier_apart", true)).await;
    let first = app.on_call_draft().verified(ADA, app.now() - 300);
    let second = app.on_call_draft().approver(ADA);
    let second = second.verified(OLGA, app.now() - 300);
    let first = app.approve_on_call(first);
    let second = app.sign_on_call("ada-2026", &second);
    let request = on_call::post("/resets/preview", &first, Some(&second));
    let reply = app.send(request).await;
    reply.assert_refused(403, "approver_verified");
    documented(&reply);
}

#[tokio::test]
async fn the_policy_can_demand_that_an_approver_on_call_does_not_verify() {
    let rows = Rows::of_this_scenario();
    let by_olga = |app: &TestApp| {
        let draft = app.on_call_draft().verified(OLGA, app.now() - 300);
        app.approve_on_call(draft)
    };
    let app = TestApp::new().await;
    let approval = by_olga(&app);
    let preview = app.preview(&approval).await;
    assert_eq!(preview.status, 200);
    assert_eq!(preview.warnings()[1], "approver_verified");
    let reset = app.reset_on_call(&approval).await;
    assert!(reset.warnings().contains(&"approver_verified"), "{reset:?}");
    rows.show(
        "a standard person, on call",
        "one, and the approver verified the person",
        &reset,
    );

    let app = TestApp::with_policy(|policy| policy.add("on_call.verifier_apart", true)).await;
    let reply = app.preview(&by_olga(&app)).await;
    reply.assert_refused(403, "approver_verified");
    rows.show(
        "a standard person, on call, `verifier_apart` is `true`",
        "one, and the approver verified the person",
        &reply,
    );
    let apart = app.approve_on_call(app.on_call_draft());
    app.reset_on_call(&apart).await.assert_completed();
}

#[tokio::test]
async fn the_policy_can_demand_that_an_approver_on_call_signed_in_with_a_hardware_key() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::with_policy(|policy| policy.add("on_call.hardware_key", true)).await;
    let signed_in_by = |amr: &[&str]| -> Draft { app.on_call_draft().claim("amr", amr) };
    for amr in [&[][..], &["pwd", "otp"]] {
        let approval = app.approve_on_call(signed_in_by(amr));
        let reply = app.preview(&approval).await;
        reply.assert_refused(403, "hardware_key_missing");
        rows.show(
            "a standard person, on call, `hardware_key` is `true`",
            "one, and the approver signed in without a hardware key",
            &reply,
        );
    }
    let approval = app.approve_on_call(signed_in_by(&["pwd", "hwk"]));
    let reply = app.preview(&approval).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn where_a_hardware_key_is_demanded_each_of_two_approvers_on_call_needs_one() {
    let app = TestApp::with_policy(|policy| policy.add("on_call.hardware_key", true)).await;
    for (first, second, is_enough) in [
        ("hwk", "pwd", false),
        ("pwd", "hwk", false),
        ("hwk", "hwk2", false),
        ("hwk", "hwk", true),
    ] {
        let case = format!("{first} and {second}");
        let draft = || app.on_call_draft().target(GRACE);
        let first = app.approve_on_call(draft().claim("amr", json!([first])));
        let by_ada = draft().approver(ADA).claim("amr", json!([second]));
        let second = app.sign_on_call("ada-2026", &by_ada.verification([app.in_person()]));
        let request = on_call::post("/resets/preview", &first, Some(&second));
        let reply = app.send(request).await;
        if is_enough {
            assert_eq!(reply.status, 200, "{case}: {reply:?}");
        } else {
            assert_eq!(reply.code(), "hardware_key_missing", "{case}: {reply:?}");
        }
    }
}

/// That this person vouched as the manager.
fn vouched(by: &str, at: i64) -> serde_json::Value {
    json!({
        "method": "manager_attestation", "contact_source": "company_directory",
        "verified_by": by, "verified_at": at,
    })
}

#[tokio::test]
async fn a_managers_word_counts_only_by_the_manager_whom_entra_names() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let by = |who: &str| app.draft().verification([vouched(who, app.now() - 60)]);
    let refused = app.reset(by(VERA)).await;
    rows.show(
        "a standard person",
        "one, and another person vouched as the manager",
        &refused,
    );
    app.assert_nothing_happened();
    let done = app.reset(by(MEGAN)).await;
    rows.show("a standard person", "one, and the manager vouched", &done);
}

#[tokio::test]
async fn no_ones_word_counts_where_entra_names_no_manager_or_cannot_say() {
    let app = TestApp::new().await;
    let vouched = [vouched(MEGAN, app.now() - 60)];
    app.tenant.set_manager(JANE, None);
    let refused = app.reset(app.draft().verification(vouched.clone())).await;
    refused.assert_refused(403, "verifier_not_manager");
    let outage = Fault::on("GET", "/manager").times(u32::MAX).status(503);
    app.tenant.fail(outage);
    let waits = app.reset(app.draft().verification(vouched)).await;
    assert_eq!(waits.code(), "directory_unavailable", "{}", waits.json);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn the_manager_of_a_person_in_an_expired_approval_is_not_the_targets() {
    let app = TestApp::new().await;
    let (now, megan) = (app.now(), [vouched(MEGAN, app.now() - 60)]);
    // Megan is Jane's manager, and Jane is Alex's.
    let expired = app.draft().target(JANE).verification(megan.clone());
    let expired = app.approve(expired.issued_at(now - 900).expires_at(now - 61));
    let good = app.approve(app.draft().target(ALEX).verification(megan));
    let refused = app.send(app.jira(&format!("{expired} {good}"))).await;
    refused.assert_refused(403, "verifier_not_manager");
    app.assert_nothing_happened();
}
