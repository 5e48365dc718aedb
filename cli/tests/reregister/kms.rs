//! `approve --kms-key`, with a key of moto's KMS.

use std::process::{Command, Output};

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use crate::{Desk, moto, text};

const WHO: &str = "--kid kms-1 --iss on-call --aud https://mfa.contoso.com/resets --target adele@contoso.com \
    --ticket ITSD-1042 --approver megan@contoso.com --verified-by diego@contoso.com --method in_person";

fn approve(desk: &Desk, arn: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(["approve", "--kms-key", arn])
        .args(WHO.split_whitespace())
        .current_dir(&desk.0)
        .env("AWS_ENDPOINT_URL", moto::url())
        // The region is the key's, whatever is set here.
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .unwrap()
}

/// A new key: its ARN, and its public half.
async fn key(spec: KeySpec) -> (String, Vec<u8>) {
    let kms = Client::new(&moto::config().await);
    let made = kms
        .create_key()
        .key_spec(spec)
        .key_usage(KeyUsageType::SignVerify)
        .send()
        .await
        .unwrap();
    let arn = made.key_metadata().unwrap().arn().unwrap().to_owned();
    let public = kms.get_public_key().key_id(&arn).send().await.unwrap();
    (arn, public.public_key().unwrap().as_ref().to_vec())
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn an_approval_signed_by_kms_verifies_under_the_keys_public_half() {
    let desk = Desk::new();
    let (arn, public) = key(KeySpec::EccNistP256).await;
    // In its ASN.1 form the last 64 bytes are x and y (RFC 5480, section 2.2).
    let (x, y) = public[public.len() - 64..].split_at(32);
    let [x, y] = [x, y].map(|half| URL_SAFE_NO_PAD.encode(half));
    let public = DecodingKey::from_ec_components(&x, &y).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["https://mfa.contoso.com/resets"]);
    for _ in 0..8 {
        let output = approve(&desk, &arn);
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
    let desk = Desk::new();
    let (other, _) = key(KeySpec::EccNistP384).await;
    let missing = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000";
    for arn in [missing, &other] {
        let output = approve(&desk, arn);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let refusal = text(&output.stderr);
        assert!(refusal.contains("KMS did not sign"), "{refusal}");
    }
}

#[test]
fn a_key_is_in_a_file_or_in_kms_and_always_has_an_id() {
    let desk = Desk::with_key();
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
        let refusal = desk.refusal(&format!("approve {arguments}"));
        assert!(refusal.contains(why), "{arguments}\n{refusal}");
    }
}
