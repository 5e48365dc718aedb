use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use simulated::entra::{Certificate, NotACertificate};

use super::*;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An app's certificate and its private key.
pub(super) struct Signer {
    pub(super) pem: String,
    sha1: String,
    sha256: String,
    key: EncodingKey,
}

impl Signer {
    pub(super) fn new() -> Signer {
        use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let cert = CertificateParams::default().self_signed(&pair).unwrap();
        let thumbprint = |how| URL_SAFE_NO_PAD.encode(digest(how, cert.der()));
        Signer {
            pem: cert.pem(),
            sha1: thumbprint(&SHA1_FOR_LEGACY_USE_ONLY),
            sha256: thumbprint(&SHA256),
            // The RSAPrivateKey in the PKCS#8, as in `simulated::issuer`.
            key: EncodingKey::from_rsa_der(&pair.serialize_der()[26..]),
        }
    }

    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let algorithm = match header["alg"].as_str() {
            Some("RS256") => Algorithm::RS256,
            _ => Algorithm::PS256,
        };
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key, algorithm).unwrap();
        format!("{signed}.{signature}")
    }

    pub(super) fn header(&self) -> Value {
        json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.sha256})
    }
}

pub(super) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// The claims of an honest assertion that an app signs itself.
pub(super) fn own_claims(world: &World) -> Value {
    json!({
        "aud": format!("{}/{TENANT}/oauth2/v2.0/token", world.serving.url),
        "iss": APP,
        "sub": APP,
        "jti": "5f1c2c1e-0c4f-4b7e-9d2b-0c7c3f6a9b10",
        "nbf": now(),
        "iat": now(),
        "exp": now() + 300,
    })
}

pub(super) fn with(object: &Value, changes: Value) -> Value {
    let mut object = object.clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

pub(super) async fn present(world: &World, assertion: &str) -> (StatusCode, Value) {
    let fields = [
        ("client_id", APP),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    world.ask_token(TENANT, &fields).await
}

pub(super) async fn refusal(world: &World, assertion: &str) -> (u16, String, u64) {
    let (status, answer) = present(world, assertion).await;
    (
        status.as_u16(),
        answer["error_description"].as_str().unwrap().to_owned(),
        answer["error_codes"][0].as_u64().unwrap(),
    )
}

/// A world whose app has a certificate.
async fn certified() -> (World, Signer) {
    let (world, signer) = (World::new().await, Signer::new());
    world
        .tenant
        .add_certificate(APP.parse().unwrap(), &signer.pem)
        .unwrap();
    (world, signer)
}

#[tokio::test]
async fn an_assertion_signed_with_a_registered_certificate_buys_a_token_and_is_remembered() {
    let (mut world, signer) = certified().await;
    let (header, claims) = (signer.header(), own_claims(&world));
    let assertion = signer.sign(&header, &claims);
    let (status, answer) = present(&world, &assertion).await;
    assert_eq!(status, 200, "{answer}");
    world.token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.get(&format!("/v1.0/users/{ADELE}")).await.0, 200);
    let seen = world.tenant.assertions();
    assert_eq!(seen.len(), 1);
    assert_eq!((&seen[0].header, &seen[0].claims), (&header, &claims));
    assert_eq!(
        present(&world, &assertion).await.0,
        200,
        "Entra keeps no jti"
    );
    world.tenant.forget_calls();
    assert_eq!(world.tenant.assertions(), []);
}

#[tokio::test]
async fn a_client_that_signs_as_msal_for_python_does_is_understood() {
    let (world, signer) = certified().await;
    let padded = format!("{}=", signer.sha1);
    let fraction = json!({"nbf": null, "iat": now() as f64 + 0.25, "exp": now() as f64 + 600.25});
    let claims = with(&own_claims(&world), fraction);
    for thumbprint in [&signer.sha1, &padded] {
        let header = json!({"alg": "RS256", "typ": "JWT", "x5t": thumbprint});
        let assertion = signer.sign(&header, &claims);
        assert_eq!(present(&world, &assertion).await.0, 200);
    }
}

#[tokio::test]
async fn the_audience_is_the_token_endpoint_under_every_name_of_the_tenant() {
    let (world, signer) = certified().await;
    let here = world.serving.url.clone();
    for (audience, accepted) in [
        (format!("{here}/contoso.example/oauth2/v2.0/token"), true),
        (
            format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"),
            true,
        ),
        (format!("{here}/{APP}/oauth2/v2.0/token"), false),
        (
            format!("https://login.example/{TENANT}/oauth2/v2.0/token"),
            false,
        ),
        (here, false),
    ] {
        let claims = with(&own_claims(&world), json!({"aud": audience}));
        let (status, answer) = present(&world, &signer.sign(&signer.header(), &claims)).await;
        if accepted {
            assert_eq!(status, 200, "{audience}: {answer}");
        } else {
            assert_eq!(answer["error_codes"], json!([700_023]), "{audience}");
        }
    }
}

#[tokio::test]
async fn an_assertion_that_its_app_signed_wrongly_is_refused_in_the_words_of_entra() {
    let (world, signer) = certified().await;
    let (header, claims) = (signer.header(), own_claims(&world));
    let stranger = Signer::new();
    let cases = [
        (
            stranger.sign(&stranger.header(), &claims),
            700_027,
            "The key was not found.",
        ),
        (
            stranger.sign(&header, &claims),
            700_027,
            "verify the signature failed.",
        ),
        (
            signer.sign(&with(&header, json!({"x5t#S256": null})), &claims),
            5_002_723,
            "thumbprint",
        ),
        (
            signer.sign(&with(&header, json!({"typ": "at+jwt"})), &claims),
            5_002_727,
            "type",
        ),
        (
            signer.sign(&with(&header, json!({"alg": "HS256"})), &claims),
            5_002_738,
            "'PS256,RS256'",
        ),
        (
            signer.sign(&header, &with(&claims, json!({"sub": PRIVILEGED_APP}))),
            700_021,
            "client_id",
        ),
        (
            signer.sign(&header, &with(&claims, json!({"jti": null}))),
            90014,
            "'jti'",
        ),
        (
            signer.sign(&header, &with(&claims, json!({"exp": null}))),
            90014,
            "'exp'",
        ),
        (
            signer.sign(&header, &with(&claims, json!({"exp": now() - 1}))),
            700_024,
            "Current time: 20",
        ),
        (
            signer.sign(&header, &with(&claims, json!({"exp": now() + 3600}))),
            700_024,
            "valid from 20",
        ),
        (
            signer.sign(
                &header,
                &with(&claims, json!({"nbf": now() + 3600, "exp": now() + 3900})),
            ),
            700_024,
            "not within its valid time range",
        ),
        ("a.b.c".to_owned(), 50027, "malformed"),
        ("nonsense".to_owned(), 50027, "malformed"),
    ];
    for (assertion, code, text) in cases {
        let (status, description, number) = refusal(&world, &assertion).await;
        assert_eq!(number, code, "{description}");
        assert!(description.contains(text), "{description}");
        let is_request = [50027, 90014, 5_002_727].contains(&code);
        assert_eq!(status, if is_request { 400 } else { 401 }, "{description}");
    }
    let tampered = signer.sign(&header, &claims).replace("eyJ", "eyK");
    assert_eq!(refusal(&world, &tampered).await.2, 50027);
}

#[tokio::test]
async fn a_certificate_speaks_for_the_app_that_it_is_registered_for_alone() {
    let (world, signer) = certified().await;
    let claims = with(
        &own_claims(&world),
        json!({"iss": PRIVILEGED_APP, "sub": PRIVILEGED_APP}),
    );
    let assertion = signer.sign(&signer.header(), &claims);
    let (_, _, code) = refusal(&world, &assertion).await;
    assert_eq!(code, 700_211, "for the other app it is a stranger's word");
    let fields = [
        ("client_id", PRIVILEGED_APP),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ];
    let (_, answer) = world.ask_token(TENANT, &fields).await;
    assert_eq!(answer["error_codes"], json!([700_027]));
}

#[tokio::test]
async fn an_assertion_comes_with_its_type() {
    let (world, signer) = certified().await;
    let assertion = signer.sign(&signer.header(), &own_claims(&world));
    for (kind, code) in [("", 900_144), ("urn:something:else", 90023)] {
        let fields = [
            ("client_id", APP),
            ("client_assertion_type", kind),
            ("client_assertion", assertion.as_str()),
        ];
        let (_, answer) = world.ask_token(TENANT, &fields).await;
        assert_eq!(answer["error_codes"], json!([code]));
    }
}

#[test]
fn what_is_no_certificate_cannot_be_registered() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (pem, is_pem) in [("", false), (key.as_str(), false), (garbage, true)] {
        let error = Certificate::from_pem(pem).unwrap_err();
        assert_eq!(matches!(error, NotACertificate::X509(_)), is_pem, "{error}");
    }
}
