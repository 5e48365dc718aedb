//! How we prove ourselves to Entra without a client secret: with a certificate, or with our role in AWS.

use std::sync::Arc;

use async_trait::async_trait;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use reregister_mfa::web_identity::{WebIdentity, WebIdentityError};
use secrecy::SecretString;
use serde_json::json;
use simulated::entra::Federated;
use simulated::issuer::Issuer;

use crate::test_app::TestApp;

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
    app.secrets.set(
        "sandbox/graph".to_owned().try_into().unwrap(),
        text.to_string(),
    );
}

#[tokio::test]
async fn a_certificate_signs_an_assertion_and_no_secret_is_sent() {
    let app = TestApp::new().await;
    let certificate = rsa();
    app.tenant
        .add_certificate(APP.parse().unwrap(), &certificate.pem)
        .unwrap();
    use_certificate(&app, &certificate);
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");

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
async fn a_certificate_that_entra_does_not_know_or_that_cannot_sign_is_our_misconfiguration() {
    let elliptic = certificate(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());
    let mixed = Certificate {
        pem: rsa().pem,
        key: "-----BEGIN PRIVATE KEY-----\n".to_owned(),
    };
    for wrong in [rsa(), elliptic, mixed] {
        let app = TestApp::new().await;
        use_certificate(&app, &wrong);
        let reply = app.reset(app.draft()).await;
        assert_eq!((reply.status, reply.code()), (202, "misconfigured"));
        app.assert_nothing_happened();
    }
}

/// AWS, saying who we are.
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

async fn federated(subject: &'static str) -> TestApp {
    let issuer = Issuer::rs256(AWS, "aws-1");
    let jwks = issuer.jwks();
    let app = TestApp::known_as(Arc::new(Sts { issuer, subject }), |policy| {
        policy.replacen(
            "credential.secret = \"sandbox/graph\"",
            &format!("credential.federated.client_id = \"{APP}\""),
            1,
        )
    })
    .await;
    app.tenant.trust(
        APP.parse().unwrap(),
        Federated {
            issuer: AWS.to_owned(),
            subject: ROLE.to_owned(),
            audience: AUDIENCE.to_owned(),
            jwks,
        },
    );
    app
}

#[tokio::test]
async fn with_a_role_that_entra_trusts_no_graph_secret_is_stored_anywhere() {
    let app = federated(ROLE).await;
    app.secrets
        .remove(&"sandbox/graph".to_owned().try_into().unwrap());
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
    assert_eq!(app.tenant.assertions().pop().unwrap().claims["sub"], ROLE);
}

#[tokio::test]
async fn a_role_that_entra_does_not_trust_is_our_misconfiguration() {
    let app = federated("arn:aws:iam::123456789012:role/other").await;
    let reply = app.reset(app.draft()).await;
    assert_eq!((reply.status, reply.code()), (202, "misconfigured"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn the_privileged_credential_is_not_used_before_it_is_needed() {
    let app = TestApp::new().await;
    app.secrets
        .remove(&"sandbox/graph-privileged".to_owned().try_into().unwrap());
    assert_eq!(app.reset(app.draft()).await.json["state"], "completed");
    let grace = "grace.admin@contoso.example";
    let reply = app
        .reset_on_two(app.draft().target(grace), app.second_draft().target(grace))
        .await;
    assert_eq!((reply.status, reply.code()), (202, "misconfigured"));
}
