//! Who may approve on call, and for whom: what holds always, and what the policy can demand.

use serde_json::json;
use simulated::senders::on_call;

use crate::test_app::{OLGA, SAM, TestApp};

#[tokio::test]
async fn on_call_is_for_standard_people_unless_the_policy_says_otherwise() {
    let app = TestApp::with_policy(|policy| {
        let (before, on_call) = policy.split_once("[on_call]").unwrap();
        assert!(on_call.contains("privileged = true"));
        format!(
            "{before}[on_call]{}",
            on_call.replace("privileged = true", "")
        )
    })
    .await;
    let grace = app.on_call_draft().target("grace.admin@contoso.example");
    let reply = app
        .send(on_call::post("/resets", &app.approve_on_call(grace), None))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "source_standard_only"));
    let jane = app.approve_on_call(app.on_call_draft());
    let reply = app.send(on_call::post("/resets", &jane, None)).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
}

#[tokio::test]
async fn without_issuers_nobody_is_on_call() {
    let app =
        TestApp::with_policy(|policy| policy.replace("issuers = [\"on-call\"]", "issuers = []"))
            .await;
    let approval = app.approve_on_call(app.on_call_draft());
    let reply = app.send(on_call::post("/resets", &approval, None)).await;
    assert_eq!((reply.status, reply.code()), (403, "issuer_not_allowed"));
}

#[tokio::test]
async fn nobody_is_sent_for_a_second_approval_beside_one_that_can_never_do() {
    let app = TestApp::with_policy(|policy| {
        let (before, on_call) = policy.split_once("[issuers.on-call]").unwrap();
        let (issuer, door) = on_call.split_once("[on_call]").unwrap();
        let issuer = issuer.replacen("privileged = true", "", 1);
        format!("{before}[issuers.on-call]{issuer}[on_call]{door}")
    })
    .await;
    let grace = app.on_call_draft().target("grace.admin@contoso.example");
    let ask = on_call::post("/resets/preview", &app.approve_on_call(grace), None);
    let reply = app.send(ask).await;
    assert_eq!((reply.status, reply.code()), (403, "issuer_standard_only"));
    assert_eq!(reply.json["approvals"][0]["privileged"], false);

    let app = TestApp::new().await;
    let own_work = app
        .on_call_draft()
        .target("grace.admin@contoso.example")
        .verified(OLGA, app.now() - 300);
    let ask = on_call::post("/resets/preview", &app.approve_on_call(own_work), None);
    let reply = app.send(ask).await;
    assert_eq!((reply.status, reply.code()), (403, "approver_verified"));
    assert_eq!(reply.json["approvals"][0]["privileged"], true);

    let mut sms = app.call();
    sms["method"] = json!("secure_message");
    sms["via"] = json!("sms");
    let by_sms = app
        .on_call_draft()
        .target("grace.admin@contoso.example")
        .reason("replaced")
        .verification([sms]);
    let ask = on_call::post("/resets/preview", &app.approve_on_call(by_sms), None);
    let reply = app.send(ask).await;
    assert_eq!((reply.status, reply.code()), (403, "evidence_sms"));
}

#[tokio::test]
async fn two_who_approve_what_the_other_verified_have_both_approved_their_own_work() {
    let app = TestApp::with_policy(|policy| policy + "\nverifier_apart = true\n").await;
    let first = app
        .on_call_draft()
        .verified("ada.approver@contoso.example", app.now() - 300);
    let second = app
        .on_call_draft()
        .id("00000000-0000-4000-8000-00000000002a")
        .approver("ada.approver@contoso.example")
        .verified(OLGA, app.now() - 300);
    let second = app.sign_on_call("ada-2026", &second);
    let ask = on_call::post(
        "/resets/preview",
        &app.approve_on_call(first),
        Some(&second),
    );
    let reply = app.send(ask).await;
    assert_eq!((reply.status, reply.code()), (403, "approver_verified"));
}

#[tokio::test]
async fn an_on_call_key_signs_only_for_its_owner() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft().approver(SAM));
    let reply = app.send(on_call::post("/resets", &approval, None)).await;
    assert_eq!((reply.status, reply.code()), (403, "not_the_keys_owner"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_key_without_an_owner_is_no_good_on_call() {
    let app = TestApp::with_policy(|policy| {
        policy.replace("key.olga-2026.owner = \"olga.oncall@contoso.example\"", "")
    })
    .await;
    let approval = app.approve_on_call(app.on_call_draft());
    let reply = app.send(on_call::post("/resets", &approval, None)).await;
    assert_eq!((reply.status, reply.code()), (403, "key_without_owner"));
}

#[tokio::test]
async fn the_policy_can_demand_that_nobody_on_call_approves_their_own_verification() {
    let verified_by_olga = |app: &TestApp| {
        let draft = app.on_call_draft().verified(OLGA, app.now() - 300);
        on_call::post("/resets/preview", &app.approve_on_call(draft), None)
    };
    let app = TestApp::new().await;
    let allowed = app.send(verified_by_olga(&app)).await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.json["warnings"][1]["code"], "approver_verified");

    let app = TestApp::with_policy(|policy| policy + "\nverifier_apart = true\n").await;
    let reply = app.send(verified_by_olga(&app)).await;
    assert_eq!((reply.status, reply.code()), (403, "approver_verified"));
    let apart = app.approve_on_call(app.on_call_draft());
    let reply = app.send(on_call::post("/resets", &apart, None)).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
}

#[tokio::test]
async fn the_policy_can_demand_that_who_approves_on_call_signed_in_with_a_hardware_key() {
    let app = TestApp::with_policy(|policy| policy + "\nhardware_key = true\n").await;
    let by = |amr: serde_json::Value| {
        let draft = app.on_call_draft().claim("amr", amr);
        on_call::post("/resets/preview", &app.approve_on_call(draft), None)
    };
    for without in [json!([]), json!(["pwd", "otp"])] {
        let reply = app.send(by(without)).await;
        assert_eq!((reply.status, reply.code()), (403, "hardware_key_missing"));
    }
    let reply = app.send(by(json!(["pwd", "hwk"]))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}
