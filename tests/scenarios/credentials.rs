//! How the product authenticates to Entra without a client secret: with a certificate, or with its role in AWS.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use reregister_mfa::web_identity::{WebIdentity, WebIdentityError};
use secrecy::SecretString;
use serde_json::json;
use simulated::entra::Federated;
use simulated::issuer::Issuer;

use crate::desk::{self, Browser};
use crate::test_app::{Document, GRACE, JANE, Overrides, SAM, TestApp, VERA};

const APP: &str = "0b1c2d3e-4f50-4162-8738-495a6b7c8d9e";
const ROLE: &str = "arn:aws:iam::123456789012:role/reregister-mfa";
const AWS: &str = "https://9d1e4a77-6f6f-4a94-8d61-000000000000.tokens.sts.global.api.aws";
const AUDIENCE: &str = "api://AzureADTokenExchange";

struct Certificate {
    pem: String,
    key: String,
}

fn certificate(key: KeyPair) -> Certificate {
    let params = CertificateParams::new(Vec::new()).unwrap();
    Certificate {
        pem: params.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

fn rsa() -> Certificate {
    certificate(KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap())
}

fn use_certificate(app: &TestApp, certificate: &Certificate) {
    let text =
        json!({"client_id": APP, "certificate": certificate.pem, "private_key": certificate.key});
    app.set_secret("sandbox/graph", text);
}

#[tokio::test]
async fn a_certificate_signs_an_assertion_and_no_secret_is_sent() {
    let app = TestApp::new().await;
    let certificate = rsa();
    app.tenant
        .add_certificate(APP.parse().unwrap(), &certificate.pem)
        .unwrap();
    use_certificate(&app, &certificate);
    app.reset(app.draft()).await.assert_completed();

    let assertion = app.tenant.assertions().pop().unwrap();
    assert_eq!(assertion.header["alg"], "PS256");
    assert_eq!(assertion.header["typ"], "JWT");
    assert!(assertion.header["x5t#S256"].is_string());
    assert_eq!(assertion.claims["iss"], APP);
    assert_eq!(assertion.claims["sub"], APP);
    let life =
        assertion.claims["exp"].as_i64().unwrap() - assertion.claims["nbf"].as_i64().unwrap();
    assert_eq!(life, 300);
}

#[tokio::test]
async fn a_certificate_that_entra_does_not_know_or_that_cannot_sign_is_a_misconfiguration() {
    let elliptic = certificate(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());
    let mixed = Certificate {
        pem: rsa().pem,
        key: "-----BEGIN PRIVATE KEY-----\n".to_owned(),
    };
    for wrong in [rsa(), elliptic, mixed] {
        let app = TestApp::new().await;
        use_certificate(&app, &wrong);
        let reply = app.reset(app.draft()).await;
        reply.assert_waiting("misconfigured");
        app.assert_nothing_happened();
    }
}

/// AWS STS, which says which role the product has.
struct Sts {
    issuer: Issuer,
    subject: &'static str,
}

#[async_trait]
impl WebIdentity for Sts {
    async fn token(&self, audience: &str) -> Result<SecretString, WebIdentityError> {
        let now = jiff::Timestamp::now().as_second();
        let claims = json!({
            "iss": AWS, "sub": self.subject, "aud": audience, "iat": now, "nbf": now, "exp": now + 300,
            "jti": uuid::Uuid::new_v4(),
        });
        let header = json!({"alg": "RS256", "kid": self.issuer.kid(), "typ": "JWT"});
        Ok(self.issuer.sign(header, claims).into())
    }
}

/// The product in this role, and how an app in Entra trusts it.
fn in_role(subject: &'static str) -> (Overrides, Federated) {
    let issuer = Issuer::rs256(AWS, "aws-1");
    let trusted = Federated {
        issuer: AWS.to_owned(),
        subject: ROLE.to_owned(),
        audience: AUDIENCE.to_owned(),
        jwks: issuer.jwks(),
    };
    let overrides = Overrides {
        identity: Some(Arc::new(Sts { issuer, subject })),
        ..Overrides::default()
    };
    (overrides, trusted)
}

async fn federated(subject: &'static str) -> TestApp {
    let (overrides, trusted) = in_role(subject);
    let credential = "tenants.contoso.entra.credential";
    let federated = json!({"federated": {"client_id": APP}});
    let policy = |policy: Document| policy.set(credential, federated);
    let app = TestApp::build(policy, |tenant| tenant, overrides).await;
    app.tenant.trust(APP.parse().unwrap(), trusted);
    app
}

#[tokio::test]
async fn the_desk_redeems_sign_ins_with_a_certificate_or_with_its_role_as_well() {
    let (app, certificate) = (desk::with_desk(desk::same).await, rsa());
    let id = desk::CLIENT.parse().unwrap();
    app.tenant.add_certificate(id, &certificate.pem).unwrap();
    let secret = json!({
        "client_id": desk::CLIENT, "certificate": certificate.pem, "private_key": certificate.key,
    });
    app.set_secret("sandbox/desk", secret);
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let done = Browser::of(&app, SAM).await.approve(&case).await;
    done.assert_completed();

    let (overrides, trusted) = in_role(ROLE);
    let role = json!({"federated": {"client_id": desk::CLIENT}});
    let policy = |policy: Document| policy.set("desk.credential", role);
    let app = desk::with_desk_and(policy, overrides).await;
    app.remove_secret("sandbox/desk");
    app.tenant.trust(id, trusted);
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let done = Browser::of(&app, SAM).await.approve(&case).await;
    done.assert_completed();
}

#[tokio::test]
async fn with_a_role_that_entra_trusts_no_graph_secret_is_stored_anywhere() {
    let app = federated(ROLE).await;
    app.remove_secret("sandbox/graph");
    app.reset(app.draft()).await.assert_completed();
    assert_eq!(app.tenant.assertions().pop().unwrap().claims["sub"], ROLE);
}

#[tokio::test]
async fn a_role_that_entra_does_not_trust_is_a_misconfiguration() {
    let app = federated("arn:aws:iam::123456789012:role/other").await;
    let reply = app.reset(app.draft()).await;
    reply.assert_waiting("misconfigured");
    app.assert_nothing_happened();
}

/// Two secrets of different names may hold one app: the policy cannot see that.
#[tokio::test]
async fn one_app_under_two_secrets_does_not_act_on_privileged_people() {
    let one = json!({"client_id": APP, "client_secret": "standard-app-secret"});
    let upper = json!({"client_id": APP.to_uppercase(), "client_secret": "standard-app-secret"});
    for same in [one, upper] {
        let app = TestApp::new().await;
        app.set_secret("sandbox/graph-privileged", same);
        app.reset(app.draft()).await.assert_completed();
        let (first, second) = (app.draft().target(GRACE), app.second_draft().target(GRACE));
        let reply = app.reset_on_two(first, second).await;
        reply.assert_waiting("misconfigured");

        let two = json!({"client_id": "1c2d3e4f-5061-4273-9849-5a6b7c8d9eaf", "client_secret": "privileged-app-secret"});
        app.set_secret("sandbox/graph-privileged", two);
        app.tenant.forget_calls();
        app.wait(Duration::from_secs(10 * 60)).await;
        assert!(!app.writes().is_empty(), "it is done once it is mended");
    }
}

#[tokio::test]
async fn the_privileged_credential_is_not_used_before_it_is_needed() {
    let app = TestApp::new().await;
    app.remove_secret("sandbox/graph-privileged");
    app.reset(app.draft()).await.assert_completed();
    let (first, second) = (app.draft().target(GRACE), app.second_draft().target(GRACE));
    let reply = app.reset_on_two(first, second).await;
    reply.assert_waiting("misconfigured");
}
