//! `approve --kms-key` and `keygen --kms-key`, with a key of moto's KMS.

use std::process::{Command, Output};

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use jsonwebtoken::jwk::{JwkSet, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use crate::{TestDir, moto, text};

const WHO: &str = "--kid kms-1 --iss on-call --aud https://mfa.contoso.com/resets --target adele@contoso.com \
    --ticket ITSD-1042 --approver megan@contoso.com --verified-by diego@contoso.com --method in_person";

fn approve(dir: &TestDir, arn: &str) -> Output {
    reregister(dir, &format!("approve --kms-key {arn} {WHO}"))
}

fn reregister(dir: &TestDir, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(arguments.split_whitespace())
        .current_dir(&dir.0)
        .env("AWS_ENDPOINT_URL", moto::url())
        // Not the region of the key, which counts.
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .unwrap()
}

/// The ARN of a new key.
async fn key(spec: KeySpec) -> String {
    let kms = Client::new(&moto::config().await);
    let made = kms
        .create_key()
        .key_spec(spec)
        .key_usage(KeyUsageType::SignVerify)
        .send()
        .await
        .unwrap();
    made.key_metadata().unwrap().arn().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn an_approval_signed_by_kms_verifies_under_the_public_half_that_goes_into_the_policy() {
    let dir = TestDir::new();
    let arn = key(KeySpec::EccNistP256).await;
    let output = reregister(
        &dir,
        &format!("keygen --kms-key {arn} --kid kms-1 --public keys.json"),
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(
        text(&output.stderr),
        "key kms-1: private in AWS KMS, public in keys.json\n"
    );
    let set = std::fs::read_to_string(dir.0.join("keys.json")).unwrap();
    let set: JwkSet = serde_json::from_str(&set).unwrap();
    let key = set.find("kms-1").unwrap();
    assert_eq!(key.common.key_algorithm, Some(KeyAlgorithm::ES256));
    let public = DecodingKey::from_jwk(key).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["https://mfa.contoso.com/resets"]);
    for _ in 0..8 {
        let output = approve(&dir, &arn);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let token = text(&output.stdout).strip_suffix('\n').unwrap();
        let approval = jsonwebtoken::decode::<Value>(token, &public, &validation).unwrap();
        assert_eq!(approval.header.kid.as_deref(), Some("kms-1"));
        assert_eq!(approval.header.typ.as_deref(), Some("mfa-approval+jwt"));
        assert_eq!(approval.claims["sub"], "adele@contoso.com");
        assert!(text(&output.stderr).starts_with("megan@contoso.com approves"));
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_key_that_is_not_there_or_of_another_kind_approves_nothing() {
    let dir = TestDir::new();
    let other = key(KeySpec::EccNistP384).await;
    let missing = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000";
    for arn in [missing, &other] {
        let output = approve(&dir, arn);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let refusal = text(&output.stderr);
        assert!(refusal.contains("KMS did not sign"), "{refusal}");

        let keygen = format!("keygen --kms-key {arn} --kid kms-1 --public keys.json");
        let output = reregister(&dir, &keygen);
        assert_eq!(output.status.code(), Some(1));
        assert!(!dir.0.join("keys.json").exists());
    }
}

#[test]
fn a_key_is_in_a_file_or_in_kms_and_always_has_an_id() {
    let dir = TestDir::with_key();
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000";
    let nameless = WHO.replace("--kid kms-1", "");
    for (arguments, why) in [
        (
            format!("--key key.pem --kms-key {arn} {WHO}"),
            "cannot be used with",
        ),
        (WHO.to_owned(), "--key"),
        (format!("--kms-key {arn} {nameless}"), "--kid"),
        (format!("--kms-key alias/on-call {WHO}"), "not the ARN"),
    ] {
        let refusal = dir.refusal(&format!("approve {arguments}"));
        assert!(refusal.contains(why), "{arguments}\n{refusal}");
    }
}
