//! Approvals that a person signs with the passkey of the phone in their hand: on call, and as the second trust domain of
//! a privileged person.

use serde_json::json;
use simulated::approval::{Draft, evidence};
use simulated::passkey::{BACKUP_ELIGIBLE, FLAGS_AT, Passkey};
use simulated::request::Request;
use simulated::senders::on_call;

use crate::documented::{Rows, documented};
use crate::test_app::{ADA, ALEX, Document, GRACE, JANE, OLGA, Reply, TestApp, VERA, VICTOR};

const ISS: &str = "https://passkeys.contoso.example";
const ORIGIN: &str = "https://mfa.contoso.example";

pub fn phone(kid: &str) -> Passkey {
    Passkey::es256(ISS, kid, ORIGIN)
}

/// A policy in which this passkey is Olga's, and counts on call and in Jira.
pub fn with_passkey(policy: Document, passkey: &Passkey) -> Document {
    let issuer = json!({
        "iss": ISS,
        "keys": { "webauthn": { "rp_id": "mfa.contoso.example", "origin": ORIGIN } },
        "algorithms": ["ES256", "Ed25519", "RS256"],
        "domain": "phones",
        "privileged": true,
        "key": { passkey.kid(): passkey.policy(OLGA) },
    });
    policy
        .add("issuers.passkeys", issuer)
        .push("on_call.issuers", "passkeys")
        .push("sources.jira.issuers", "passkeys")
}

async fn app_with(passkey: &Passkey) -> TestApp {
    TestApp::with_policy(|policy| with_passkey(policy, passkey)).await
}

/// What Olga approves on call: Vera has called the person.
pub fn draft(app: &TestApp, target: &str) -> Draft {
    app.on_call_draft()
        .target(target)
        .verification([evidence(VERA, app.now() - 300)])
}

pub async fn reset_with_two(app: &TestApp, first: &str, second: &str) -> Reply {
    app.send(on_call::post("/resets", first, Some(second)))
        .await
}

#[tokio::test]
async fn an_operator_on_call_resets_a_person_by_the_passkey_of_a_phone() {
    let olga = phone("olga-phone");
    let app = app_with(&olga).await;
    let approval = olga.approve(&draft(&app, JANE));
    let preview = app.preview(&approval).await;
    assert_eq!(preview.status, 200, "{preview:?}");
    let read = &preview.json["approvals"][0];
    assert_eq!(read["issuer"], ISS);
    assert_eq!(read["kid"], "olga-phone");
    assert_eq!(read["owner"], OLGA);
    assert_eq!(read["domain"], "phones");
    assert_eq!(read["amr"], json!(["hwk"]));
    app.assert_nothing_happened();

    let reply = app.reset_on_call(&approval).await;
    reply.assert_completed();
    documented(&reply);
    app.reset_on_call(&approval).await.assert_replayed();
}

#[tokio::test]
async fn a_passkey_and_a_key_of_another_domain_reset_a_privileged_person_together() {
    let rows = Rows::of_this_scenario();
    let person = "a Global Administrator, on call";
    let olga = phone("olga-phone");
    let app = app_with(&olga).await;
    let first = olga.approve(&draft(&app, GRACE));
    let alone = app.reset_on_call(&first).await;
    rows.show(person, "one by a passkey", &alone);

    let second = || {
        draft(&app, GRACE)
            .approver(ADA)
            .verification([app.in_person()])
    };
    let by_ada = app.sign_on_call("ada-2026", &second());
    let reply = reset_with_two(&app, &first, &by_ada).await;
    reply.assert_completed();
    assert_eq!(reply.json["privileged"], true);
    rows.show(
        person,
        "two, one of them by a passkey of another domain",
        &reply,
    );
}

#[tokio::test]
async fn two_passkeys_of_one_trust_domain_are_one() {
    let (olga, ada) = (phone("olga-phone"), phone("ada-phone"));
    let both = |policy| {
        let line = ada.policy(ADA);
        with_passkey(policy, &olga).add("issuers.passkeys.key.ada-phone", line)
    };
    let mut app = TestApp::with_policy(both).await;
    let first = olga.approve(&draft(&app, GRACE));
    let second = draft(&app, GRACE)
        .approver(ADA)
        .verification([app.in_person()]);
    let second = ada.approve(&second);
    let reply = reset_with_two(&app, &first, &second).await;
    reply.assert_refused(403, "approvals_one_domain");
    app.assert_nothing_happened();
    app.redeploy(|policy| policy.add("issuers.passkeys.key.ada-phone.domain", "security"))
        .await;
    reset_with_two(&app, &first, &second)
        .await
        .assert_completed();
}

#[tokio::test]
async fn a_passkey_and_an_approval_of_the_service_desk_reset_a_privileged_person_in_a_ticket() {
    let olga = phone("olga-phone");
    let app = app_with(&olga).await;
    let first = app.approve(app.draft().target(GRACE));
    let second = app
        .draft()
        .target(GRACE)
        .approver(OLGA)
        .verification([app.in_person()]);
    let field = format!("{first}\n{}", olga.approve(&second));
    app.send(app.jira(&field)).await.assert_completed();
}

#[tokio::test]
async fn a_passkey_approves_in_the_name_of_its_owner_alone() {
    let olga = phone("olga-phone");
    let app = app_with(&olga).await;
    for other in [ADA, VICTOR] {
        let approval = olga.approve(&draft(&app, JANE).approver(other));
        let reply = app.reset_on_call(&approval).await;
        reply.assert_refused(403, "not_the_keys_owner");
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_passkey_counts_where_its_issuer_counts_and_for_as_long_as_its_line_is_there() {
    let olga = phone("olga-phone");
    let mut app = app_with(&olga).await;
    let in_ticket = olga.approve(&app.draft().approver(OLGA));
    let from_elsewhere = app.servicenow("RITM0010072", JANE, &in_ticket);
    let reply = app.send(from_elsewhere).await;
    reply.assert_refused(403, "issuer_not_allowed");
    // What was signed for a ticket is no key to the on-call URL.
    let reply = app.reset_on_call(&in_ticket).await;
    reply.assert_refused(422, "approval_audience");

    let approval = olga.approve(&draft(&app, JANE));
    app.redeploy(|policy| policy.remove("issuers.passkeys.key.olga-phone"))
        .await;
    let reply = app.reset_on_call(&approval).await;
    reply.assert_refused(401, "approval_invalid");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn the_assertion_of_another_token_another_page_or_an_unverified_person_is_no_approval() {
    let olga = phone("olga-phone");
    let app = app_with(&olga).await;
    let good = olga.approve(&draft(&app, JANE));
    let other = olga.approve(&draft(&app, ALEX));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let (_, assertion) = other.rsplit_once('.').unwrap();
    let elsewhere = Passkey::es256(
        ISS,
        "olga-phone",
        "https://mfa.contoso.example.evil.example",
    );
    for approval in [
        format!("{signed}.{assertion}"),
        elsewhere.approve(&draft(&app, JANE)),
        olga.approve_changed(&draft(&app, JANE), |signed| {
            signed.authenticator_data[FLAGS_AT] = 1;
        }),
    ] {
        let reply = app.reset_on_call(&approval).await;
        reply.assert_refused(401, "approval_invalid");
        assert!(!reply.json.to_string().contains("passkey"), "{reply:?}");
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_the_security_team_is_told() {
    let seven = phone("olga-phone").having_signed(7);
    let app = app_with(&seven).await;
    let (first, second) = (
        seven.approve(&draft(&app, JANE)),
        seven.approve(&draft(&app, ALEX)),
    );
    let untouched = app.has(ALEX);
    // A look does not count.
    assert_eq!(app.preview(&first).await.status, 200);
    assert_eq!(app.preview(&second).await.status, 200);
    app.reset_on_call(&first).await.assert_completed();
    let told = app.security_inbox.subjects().len();

    // The same count once more, a smaller one, and none at all.
    let lower = seven.having_signed(6);
    let sixth = lower.approve(&draft(&app, ALEX));
    let silent = lower.having_signed(0);
    let none = silent.approve(&draft(&app, ALEX));
    for approval in [&second, &sixth, &none] {
        app.preview(approval)
            .await
            .assert_refused(403, "passkey_copied");
        let reply = app.reset_on_call(approval).await;
        reply.assert_refused(403, "passkey_copied");
        documented(&reply);
        assert_eq!(app.has(ALEX), untouched);
    }
    assert!(app.security_inbox.subjects().len() > told);

    let eighth = silent.having_signed(8).approve(&draft(&app, ALEX));
    app.reset_on_call(&eighth).await.assert_completed();
    // What was used before shows its outcome as ever.
    app.reset_on_call(&first).await.assert_replayed();
}

#[tokio::test]
async fn a_passkey_that_may_be_copied_is_no_hardware_key() {
    let olga = phone("olga-phone");
    let hardware = |policy| with_passkey(policy, &olga).add("on_call.hardware_key", true);
    let app = TestApp::with_policy(hardware).await;
    let claimed = draft(&app, JANE).claim("amr", json!(["hwk"]));
    let synced = olga.approve_changed(&claimed, |signed| {
        signed.authenticator_data[FLAGS_AT] |= BACKUP_ELIGIBLE;
    });
    let reply = app.reset_on_call(&synced).await;
    reply.assert_refused(403, "hardware_key_missing");
    let bound = olga.approve(&draft(&app, JANE));
    app.reset_on_call(&bound).await.assert_completed();
}

#[tokio::test]
async fn the_page_that_makes_a_passkey_is_there_only_where_one_counts() {
    let without = TestApp::new().await;
    let reply = without.get("/passkey").await;
    reply.assert_refused(404, "not_found");
    let app = app_with(&phone("olga-phone")).await;
    for (path, words) in [
        ("/passkey", "Make a passkey for approvals"),
        ("/", "Approve with a passkey"),
    ] {
        let page = reqwest::get(format!("{}{path}", app.url())).await.unwrap();
        assert_eq!(page.status(), 200);
        let text = page.text().await.unwrap();
        assert!(text.contains(words));
        // Names of people are in none of them.
        assert!(!text.contains(OLGA) && !text.contains("olga-phone\""));
    }
    let reply = app
        .send(Request::post_json("/passkey", "{}".to_owned()))
        .await;
    reply.assert_refused(405, "method_not_allowed");
}
