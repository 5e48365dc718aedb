use simulated::entra::Federated;
use simulated::issuer::Issuer;

use super::assertions::{Signer, now, own_claims, present, refusal, with};
use super::*;

const AWS: &str = "https://9b6a1f0e.tokens.sts.global.api.aws";
const ROLE: &str = "arn:aws:iam::123456789012:role/Reregister";
const EXCHANGE: &str = "api://AzureADTokenExchange";

/// The claims of AWS's token for the role.
fn aws_claims() -> Value {
    json!({"iss": AWS, "sub": ROLE, "aud": EXCHANGE, "iat": now(), "exp": now() + 300})
}

/// A client of a tenant in which the app trusts AWS's tokens for the role.
async fn federated() -> (GraphClient, Issuer) {
    let (client, aws) = (GraphClient::new().await, Issuer::rs256(AWS, "aws-1"));
    let trusted = Federated {
        issuer: AWS.to_owned(),
        subject: ROLE.to_owned(),
        audience: EXCHANGE.to_owned(),
        jwks: aws.jwks(),
    };
    client.tenant.trust(APP.parse().unwrap(), trusted);
    (client, aws)
}

fn aws_header() -> Value {
    json!({"alg": "RS256", "kid": "aws-1", "typ": "JWT"})
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_gets_an_access_token() {
    let (client, aws) = federated().await;
    let one_audience = with(&aws_claims(), json!({"aud": [EXCHANGE]}));
    for claims in [aws_claims(), one_audience] {
        let (status, answer) = present(&client, &aws.sign(aws_header(), claims)).await;
        assert_eq!(status, 200, "{answer}");
    }
    assert_eq!(client.tenant.assertions()[0].claims["sub"], ROLE);
}

#[tokio::test]
async fn a_token_of_another_issuer_role_audience_or_time_is_refused_with_the_error_of_entra() {
    let (client, aws) = federated().await;
    let cases = [
        (
            json!({"iss": format!("{AWS}/")}),
            700_211,
            "assertion issuer 'https://9b6a1f0e",
        ),
        (
            json!({"aud": "sts.amazonaws.com"}),
            700_212,
            "assertion audience 'sts.amazonaws.com'",
        ),
        (
            json!({"sub": format!("{ROLE}2")}),
            700_213,
            "record found for presented assertion subject 'arn:aws:iam:",
        ),
        (
            json!({"sub": ROLE.to_lowercase()}),
            7_002_138,
            "not with case-sensitive comparison",
        ),
        (
            json!({"exp": now() - 1}),
            700_024,
            "not within its valid time range",
        ),
        (json!({"aud": [EXCHANGE, "other"]}), 90014, "'aud'"),
        (json!({"sub": null}), 90014, "'sub'"),
    ];
    for (changes, code, text) in cases {
        let claims = with(&aws_claims(), changes);
        let (_, description, number) = refusal(&client, &aws.sign(aws_header(), claims)).await;
        assert_eq!(number, code, "{description}");
        assert!(description.contains(text), "{description}");
    }
}

#[tokio::test]
async fn only_the_keys_of_the_trusted_issuer_and_rs256_are_accepted() {
    let (client, aws) = federated().await;
    let forger = Issuer::rs256(AWS, "aws-1");
    let rotated = aws.clone().with_key("aws-2");
    let elliptic = Issuer::es256(AWS, "aws-1");
    for (assertion, code) in [
        (forger.sign(aws_header(), aws_claims()), 50013),
        (
            rotated.sign(with(&aws_header(), json!({"kid": "aws-2"})), aws_claims()),
            7_000_272,
        ),
        (
            aws.sign(with(&aws_header(), json!({"kid": null})), aws_claims()),
            7_000_272,
        ),
        (
            elliptic.sign(with(&aws_header(), json!({"alg": "ES256"})), aws_claims()),
            5_002_738,
        ),
    ] {
        let (_, description, number) = refusal(&client, &assertion).await;
        assert_eq!(number, code, "{description}");
    }
}

#[tokio::test]
async fn an_app_in_the_file_may_have_certificates_and_trusted_issuers() {
    let (signer, aws) = (Signer::new(), Issuer::rs256(AWS, "aws-1"));
    let mut file: Value =
        serde_json::from_str(include_str!("../../../examples/users.json")).unwrap();
    let mut apps = file["apps"].take();
    apps[0]["certificates"] = json!([signer.pem]);
    apps[0]["federated"] =
        json!([{"issuer": AWS, "subject": ROLE, "audience": EXCHANGE, "jwks": aws.jwks()}]);
    let client = GraphClient::of(&json!({"apps": apps})).await;
    for assertion in [
        signer.sign(&signer.header(), &own_claims(&client)),
        aws.sign(aws_header(), aws_claims()),
    ] {
        assert_eq!(present(&client, &assertion).await.0, 200);
    }
}
