use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use simulated::entra::{Certificate, InvalidCertificate};

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
            // The RSAPrivateKey inside the PKCS#8, as in `simulated::issuer`.
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

/// The claims of a valid assertion that an app signs itself.
pub(super) fn own_claims(client: &GraphClient) -> Value {
    json!({
        "aud": format!("{}/{TENANT}/oauth2/v2.0/token", client.serving.url),
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

pub(super) async fn present(client: &GraphClient, assertion: &str) -> (StatusCode, Value) {
    let fields = [
        ("client_id", APP),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    client.request_token(TENANT, &fields).await
}

pub(super) async fn refusal(client: &GraphClient, assertion: &str) -> (u16, String, u64) {
    let (status, answer) = present(client, assertion).await;
    (
        status.as_u16(),
        answer["error_description"].as_str().unwrap().to_owned(),
        answer["error_codes"][0].as_u64().unwrap(),
    )
}

/// A client of a tenant in which the app has a certificate.
async fn certified() -> (GraphClient, Signer) {
    let (client, signer) = (GraphClient::new().await, Signer::new());
    client
        .tenant
        .add_certificate(APP.parse().unwrap(), &signer.pem)
        .unwrap();
    (client, signer)
}

#[tokio::test]
async fn an_assertion_signed_with_a_registered_certificate_gets_a_token_and_is_recorded() {
    let (mut client, signer) = certified().await;
    let (header, claims) = (signer.header(), own_claims(&client));
    let assertion = signer.sign(&header, &claims);
    let (status, answer) = present(&client, &assertion).await;
    assert_eq!(status, 200, "{answer}");
    client.token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("/v1.0/users/{ADELE}")).await.0, 200);
    let seen = client.tenant.assertions();
    assert_eq!(seen.len(), 1);
    assert_eq!((&seen[0].header, &seen[0].claims), (&header, &claims));
    assert_eq!(
        present(&client, &assertion).await.0,
        200,
        "Entra does not remember a jti"
    );
    client.tenant.forget_calls();
    assert_eq!(client.tenant.assertions(), []);
}

#[tokio::test]
async fn an_assertion_in_the_form_of_msal_for_python_is_accepted() {
    let (client, signer) = certified().await;
    let padded = format!("{}=", signer.sha1);
    let fraction = json!({"nbf": null, "iat": now() as f64 + 0.25, "exp": now() as f64 + 600.25});
    let claims = with(&own_claims(&client), fraction);
    for thumbprint in [&signer.sha1, &padded] {
        let header = json!({"alg": "RS256", "typ": "JWT", "x5t": thumbprint});
        let assertion = signer.sign(&header, &claims);
        assert_eq!(present(&client, &assertion).await.0, 200);
    }
}

#[tokio::test]
async fn a_type_may_be_missing_and_the_key_id_may_be_the_thumbprint() {
    let (client, signer) = certified().await;
    let claims = own_claims(&client);
    let hex = |thumbprint: &str| -> String {
        let bytes = URL_SAFE_NO_PAD.decode(thumbprint).unwrap();
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    };
    let untyped = with(&signer.header(), json!({"typ": null}));
    assert_eq!(
        present(&client, &signer.sign(&untyped, &claims)).await.0,
        200
    );
    for kid in [
        signer.sha1.clone(),
        signer.sha256.clone(),
        hex(&signer.sha1),
        hex(&signer.sha256).to_lowercase(),
    ] {
        let header = json!({"alg": "RS256", "kid": kid});
        let (status, answer) = present(&client, &signer.sign(&header, &claims)).await;
        assert_eq!(status, 200, "{kid}: {answer}");
    }
    let header = json!({"alg": "RS256", "kid": "desk-2026"});
    let (_, _, code) = refusal(&client, &signer.sign(&header, &claims)).await;
    assert_eq!(code, 700_027);
}

#[tokio::test]
async fn the_audience_is_the_token_endpoint_under_every_name_of_the_tenant() {
    let (client, signer) = certified().await;
    let here = client.serving.url.clone();
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
        let claims = with(&own_claims(&client), json!({"aud": audience}));
        let (status, answer) = present(&client, &signer.sign(&signer.header(), &claims)).await;
        if accepted {
            assert_eq!(status, 200, "{audience}: {answer}");
        } else {
            assert_eq!(answer["error_codes"], json!([700_023]), "{audience}");
        }
    }
}

#[tokio::test]
async fn an_invalid_assertion_is_refused_with_the_error_of_entra() {
    let (client, signer) = certified().await;
    let (header, claims) = (signer.header(), own_claims(&client));
    let other = Signer::new();
    let cases = [
        (
            other.sign(&other.header(), &claims),
            700_027,
            "The key was not found.",
        ),
        (
            other.sign(&header, &claims),
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
        let (status, description, number) = refusal(&client, &assertion).await;
        assert_eq!(number, code, "{description}");
        assert!(description.contains(text), "{description}");
        let is_request = [50027, 90014, 5_002_727].contains(&code);
        assert_eq!(status, if is_request { 400 } else { 401 }, "{description}");
    }
    let tampered = signer.sign(&header, &claims).replace("eyJ", "eyK");
    assert_eq!(refusal(&client, &tampered).await.2, 50027);
}

#[tokio::test]
async fn a_certificate_authenticates_only_the_app_for_which_it_is_registered() {
    let (client, signer) = certified().await;
    let claims = with(
        &own_claims(&client),
        json!({"iss": PRIVILEGED_APP, "sub": PRIVILEGED_APP}),
    );
    let assertion = signer.sign(&signer.header(), &claims);
    let (_, _, code) = refusal(&client, &assertion).await;
    assert_eq!(
        code, 700_211,
        "the issuer is not one that the first app trusts"
    );
    let fields = [
        ("client_id", PRIVILEGED_APP),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ];
    let (_, answer) = client.request_token(TENANT, &fields).await;
    assert_eq!(answer["error_codes"], json!([700_027]));
}

#[tokio::test]
async fn an_assertion_needs_the_parameter_for_its_type() {
    let (client, signer) = certified().await;
    let assertion = signer.sign(&signer.header(), &own_claims(&client));
    for (kind, code) in [("", 900_144), ("urn:something:else", 90023)] {
        let fields = [
            ("client_id", APP),
            ("client_assertion_type", kind),
            ("client_assertion", assertion.as_str()),
        ];
        let (_, answer) = client.request_token(TENANT, &fields).await;
        assert_eq!(answer["error_codes"], json!([code]));
    }
}

#[test]
fn an_invalid_certificate_cannot_be_registered() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (pem, is_pem) in [("", false), (key.as_str(), false), (garbage, true)] {
        let error = Certificate::from_pem(pem).unwrap_err();
        assert_eq!(
            matches!(error, InvalidCertificate::X509(_)),
            is_pem,
            "{error}"
        );
    }
}
