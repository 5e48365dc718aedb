//! Keys that should not count, and keys that only look strange. The issuers publish them; approvals are signed with them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use simulated::issuer::{Issuer, TOKEN_TYPE};

use crate::log;
use crate::test_app::{ADA, GRACE, TestApp};

const SERVICE_DESK: &str = "service-desk.jwks.json";

/// The answer to an approval of the service desk while it publishes these keys.
async fn answer_with(app: &TestApp, keys: Value, approval: &str) -> (u16, String) {
    app.publish_as(SERVICE_DESK, &json!({ "keys": keys }).to_string());
    let reply = app.send(app.jira(approval)).await;
    (reply.status, reply.code().to_owned())
}

/// The service desk's key, changed.
fn changed(app: &TestApp, changes: Value) -> Value {
    let mut key = app.service_desk_issuer.jwks()["keys"][0].clone();
    for (name, value) in changes.as_object().unwrap() {
        key[name] = value.clone();
    }
    key
}

#[tokio::test]
async fn a_private_key_that_was_published_under_any_name_or_none() {
    let public = |app: &TestApp| changed(app, json!({}));
    let beside: [fn(&TestApp) -> Value; 10] = [
        |app| changed(app, json!({"d": "AAAA"})),
        |app| changed(app, json!({"d": "AAAA", "kid": "another"})),
        |app| changed(app, json!({"d": "AAAA", "kid": null})),
        |app| changed(app, json!({"d": "AAAA", "kid": ["desk-2026"]})),
        |app| changed(app, json!({"d": "AAAA", "kid": "two words"})),
        |app| {
            changed(
                app,
                json!({"d": "AAAA", "kid": "another", "kty": "ec", "alg": 7}),
            )
        },
        |app| {
            let padded = format!("{}=\n", changed(app, json!({}))["x"].as_str().unwrap());
            changed(app, json!({"d": 7, "kid": "another", "x": padded}))
        },
        // It may be the private half of any key here.
        |_| json!({"kty": "EC", "crv": "P-256", "d": "AAAA"}),
        |_| json!({"kty": "EC", "crv": "P-256", "x": "", "d": "AAAA"}),
        |_| json!({"kid": "desk-2026", "kty": "oct", "k": "AAAA"}),
    ];
    for private in beside {
        let app = TestApp::new().await;
        let approval = app.approve(app.draft());
        let keys = json!([public(&app), private(&app)]);
        let answer = answer_with(&app, keys.clone(), &approval).await;
        assert_eq!(answer, (401, "approval_invalid".to_owned()), "{keys}");
        app.assert_nothing_happened();
    }
}

#[tokio::test]
async fn a_private_key_beside_it_that_is_for_another_key_does_no_harm() {
    let mut other = Issuer::es256("i", "other").jwks()["keys"][0].clone();
    other["d"] = json!("AAAA");
    for private in [other, json!({"kid": "other", "kty": "oct", "k": "AAAA"})] {
        let app = TestApp::new().await;
        let approval = app.approve(app.draft());
        let keys = json!([private, changed(&app, json!({}))]);
        assert_eq!(answer_with(&app, keys, &approval).await.0, 200);
    }
}

#[tokio::test]
async fn the_same_key_twice_and_names_of_keys_as_azure_and_aws_give_them() {
    let vault = "https://contoso-approvals.vault.azure.net/keys/mfa-approvals/78deebed173b48e48f55abf87ed4cf71";
    let kms = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let long = "k".repeat(256);
    for kid in ["desk-2026", vault, kms, &long] {
        let app = TestApp::new().await;
        let issuer = &app.service_desk_issuer;
        let mut header = issuer.header();
        header["kid"] = json!(kid);
        let approval = issuer.sign(header, app.draft().claims(issuer.iss()));
        let key = changed(&app, json!({ "kid": kid }));
        let answer = answer_with(&app, json!([key, key]), &approval).await;
        assert_eq!(answer.0, 200, "{kid}: {answer:?}");
    }
}

#[tokio::test]
async fn an_ed25519_key_under_which_a_signature_without_a_private_key_is_valid() {
    let app =
        TestApp::with_policy(|policy| policy.push("issuers.service-desk.algorithms", "Ed25519"))
            .await;
    // The neutral point as key and as the first half of the signature, and zero as the second half.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "small", "x": URL_SAFE_NO_PAD.encode(neutral)});
    let header = json!({"alg": "EdDSA", "kid": "small", "typ": TOKEN_TYPE});
    let claims = app.draft().claims(app.service_desk_issuer.iss());
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signature = URL_SAFE_NO_PAD.encode([neutral, [0; 32]].concat());
    let forged = format!("{}.{}.{signature}", encode(&header), encode(&claims));
    let answer = answer_with(&app, json!([key]), &forged).await;
    assert_eq!(answer, (401, "approval_invalid".to_owned()));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn one_key_in_the_names_of_two_issuers_is_one_trust_domain() {
    let app = TestApp::new().await;
    // The security department publishes the key of the service desk as its own.
    let desk = &app.service_desk_issuer;
    let copied = json!({"keys": [changed(&app, json!({"kid": "sec-2026"}))]});
    app.publish_as("security.jwks.json", &copied.to_string());
    let first = app.approve(app.draft().target(GRACE));
    let mut header = desk.header();
    header["kid"] = json!("sec-2026");
    let second = app.second_draft().target(GRACE).approver(ADA);
    let second = desk.sign(header, second.claims(app.security_issuer.iss()));
    let reply = app.send(app.jira(&format!("{first}\n{second}"))).await;
    reply.assert_refused(403, "approvals_one_domain");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_key_that_is_not_used_is_logged_once_with_its_name_and_the_reason() {
    log::start();
    let app =
        TestApp::with_policy(|policy| policy.push("issuers.service-desk.algorithms", "Ed25519"))
            .await;
    let good = changed(&app, json!({}));
    let small = URL_SAFE_NO_PAD.encode([0; 32]);
    let keys = json!([
        good,
        changed(&app, json!({"kid": "log-encrypts", "use": "enc", "x": "AAAA"})),
        changed(&app, json!({"kid": "log-p384", "crv": "P-384"})),
        changed(&app, json!({"kid": "log-short", "x": "AAAA"})),
        {"kid": "log-small-order", "kty": "OKP", "crv": "Ed25519", "x": small},
        changed(&app, json!({"kid": format!("log-line\u{2028}\n\u{202e}{}", "x".repeat(300))})),
        {"kid": "log-list", "kty": ["EC"]},
    ]);
    for _ in 0..3 {
        let approval = app.approve(app.draft());
        answer_with(&app, keys.clone(), &approval).await;
        app.clock.pass(std::time::Duration::from_secs(601));
    }
    let lines = log::lines_with("a key of the issuer is not used");
    let ours: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["kid"].as_str().unwrap().starts_with("log-"))
        .collect();
    let said: Vec<String> = ours
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            format!("{}: {}: {}", text("issuer"), text("kid"), text("why"))
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    https://approvals.contoso.example: log-encrypts: its use or key_ops says that it does not verify signatures
    https://approvals.contoso.example: log-p384: its kty, crv and alg fit no algorithm of the issuer
    https://approvals.contoso.example: log-short: its public part cannot be read
    https://approvals.contoso.example: log-small-order: it is weak: an Ed25519 point of small order, or one in a second spelling
    https://approvals.contoso.example: log-line???xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: a member is missing or malformed: kid
    https://approvals.contoso.example: log-list: a member is missing or malformed: kty
    ");
}
