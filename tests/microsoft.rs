//! Clients that others wrote work with the simulated tenant as with Entra: Microsoft's own azure-identity, msgraph-sdk
//! and msal, for Python and for Node, and oauth4webapi. The other tests show as much about Entra as the simulated
//! tenant is like it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize,
};
use serde_json::json;
use simulated::entra::{ContextPolicy, Fault, Federated, Registration, Serving, Tenant};
use simulated::issuer::Issuer;
use uuid::Uuid;

const APP: &str = "0b1c2d3e-4f50-4162-8738-495a6b7c8d9e";
const SIGN_APP: &str = "5e1f0000-4f50-4162-8738-495a6b7c8d9e";
const SIGN_SECRET: &str = "sign-app-secret";
const REDIRECT_URI: &str = "https://desk.example/desk";
const ADELE: &str = "a1000000-0000-4000-8000-000000000001";
const HENRIETTA: &str = "a1000000-0000-4000-8000-000000000007";
const AWS: &str = "https://9b6a1f0e.tokens.sts.global.api.aws";
const ROLE: &str = "arn:aws:iam::123456789012:role/Reregister";
const EXCHANGE: &str = "api://AzureADTokenExchange";

#[tokio::test]
#[ignore = "needs Microsoft's clients: make test"]
async fn microsofts_own_clients_work_with_the_simulated_tenant_as_with_entra() {
    let python = std::env::var("PYTHON").expect("PYTHON is set by make test");
    let files = tempfile::tempdir().unwrap();
    let at = |name: &str| files.path().join(name);
    let tenant = Tenant::from_json(include_str!("../examples/users.json")).unwrap();
    let serving = serve(&tenant, &at("ca.pem"));
    let app: Uuid = APP.parse().unwrap();
    let registered = write_certificate(&at("app.pem"));
    write_certificate(&at("stranger.pem"));
    tenant.add_certificate(app, &registered).unwrap();
    let aws = trust_aws(&tenant, app);
    tenant.fail(Fault::on("GET", HENRIETTA).throttle(Some(1)));

    let mut drive = Command::new(python);
    drive
        .arg("-B")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/microsoft/drive.py"
        ))
        .env("BASE_URL", &serving.url)
        .env("APP_CERTIFICATE", at("app.pem"))
        .env("STRANGERS_CERTIFICATE", at("stranger.pem"))
        .env("AWS_TOKEN", aws_token(&aws, ROLE))
        .env(
            "OTHER_AWS_TOKEN",
            aws_token(&aws, "arn:aws:iam::123456789012:role/Other"),
        )
        // azure-identity asks requests, the SDK asks httpx; each has a variable of its own.
        .env("REQUESTS_CA_BUNDLE", at("ca.pem"))
        .env("SSL_CERT_FILE", at("ca.pem"))
        .env("NO_PROXY", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || drive.output().unwrap())
        .await
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    println!("{report}");
    assert!(output.status.success(), "{report}");

    let statuses = |path: &str| -> Vec<u16> {
        let calls = tenant.calls().into_iter();
        calls
            .filter(|call| call.path.contains(path))
            .map(|call| call.status)
            .collect()
    };
    assert_eq!(
        statuses(HENRIETTA),
        [429, 200],
        "the SDK tried again after the time that Retry-After says"
    );
    assert!(tenant.methods_of("adele.vance@contoso.example").is_empty());
    assert!(tenant.sessions_revoked("megan.bowen@contoso.example"));
    // azure-identity signs as MSAL for Python did for years, MSAL itself as the documentation says.
    let signed = |algorithm: &str, thumbprint: &str| {
        let assertions = tenant.assertions();
        let headers = assertions.iter().map(|one| &one.header);
        headers
            .filter(|header| header["alg"] == algorithm && header[thumbprint].is_string())
            .count()
    };
    assert_eq!(
        (signed("RS256", "x5t"), signed("PS256", "x5t#S256")),
        (2, 1)
    );
}

#[tokio::test]
#[ignore = "needs Microsoft's clients: make test"]
async fn a_person_signs_in_to_an_app_with_clients_that_others_wrote() {
    let files = tempfile::tempdir().unwrap();
    let at = |name: &str| files.path().join(name);
    let tenant = Tenant::from_json(include_str!("../examples/users.json")).unwrap();
    let serving = serve(&tenant, &at("ca.pem"));
    let (app, adele) = (SIGN_APP.parse().unwrap(), ADELE.parse().unwrap());
    let registration = Registration::web(REDIRECT_URI).role("Verifier", adele);
    tenant.register_app(app, SIGN_SECRET, registration);
    tenant.set_context_policies([ContextPolicy::protecting("c1").phishing_resistant()]);
    let registered = write_certificate(&at("app.pem"));
    tenant.add_certificate(app, &registered).unwrap();
    for (program, script) in [
        ("PYTHON", "tests/microsoft/sign_in.py"),
        ("NODE", "tests/page/sign_in.mjs"),
        ("NODE", "tests/page/sign_in_msal.mjs"),
    ] {
        let path = std::env::var(program).expect("PYTHON and NODE are set by make test");
        let mut drive = Command::new(path);
        drive
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
            .env("BASE_URL", &serving.url)
            .env("TENANT", "7d6f5c4b-3a29-4180-9c7e-6b5a49382716")
            .env("SIGN_APP", SIGN_APP)
            .env("SIGN_SECRET", SIGN_SECRET)
            .env("REDIRECT_URI", REDIRECT_URI)
            .env("PERSON", "adele.vance@contoso.example")
            .env("APP_CERTIFICATE", at("app.pem"))
            .env("REQUESTS_CA_BUNDLE", at("ca.pem"))
            .env("NODE_EXTRA_CA_CERTS", at("ca.pem"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NO_PROXY", "127.0.0.1");
        let output = tokio::task::spawn_blocking(move || drive.output().unwrap())
            .await
            .unwrap();
        let report = String::from_utf8_lossy(&output.stderr);
        println!("{report}");
        assert!(output.status.success(), "{script}: {report}");
    }
}

/// Serves over TLS with a certificate of a throw-away authority, whose own certificate goes into a file. Newer
/// Pythons refuse certificates that do not follow RFC 5280 to the letter, such as rcgen's simple self-signed one.
fn serve(tenant: &Tenant, authority_file: &Path) -> Serving {
    let mut params = CertificateParams::default();
    // By their names OpenSSL tells the two apart.
    params
        .distinguished_name
        .push(DnType::CommonName, "A throw-away authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(authority_file, authority.pem()).unwrap();

    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    tenant
        .serve_tls(
            listener,
            certificate.pem().as_bytes(),
            key.serialize_pem().as_bytes(),
        )
        .unwrap()
}

/// Makes a certificate as an app has one; it goes into a file with its key.
fn write_certificate(file: &Path) -> String {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    fs::write(file, key.serialize_pem() + &certificate.pem()).unwrap();
    certificate.pem()
}

/// AWS as an issuer that the app trusts to name the role that asks.
fn trust_aws(tenant: &Tenant, app: Uuid) -> Issuer {
    let aws = Issuer::rs256(AWS, "aws-1");
    let federated = Federated {
        issuer: AWS.to_owned(),
        subject: ROLE.to_owned(),
        audience: EXCHANGE.to_owned(),
        jwks: aws.jwks(),
    };
    tenant.trust(app, federated);
    aws
}

fn aws_token(aws: &Issuer, subject: &str) -> String {
    let now = jiff::Timestamp::now().as_second();
    aws.sign(
        json!({"alg": "RS256", "kid": aws.kid(), "typ": "JWT"}),
        json!({"iss": AWS, "sub": subject, "aud": EXCHANGE, "iat": now, "exp": now + 300}),
    )
}
