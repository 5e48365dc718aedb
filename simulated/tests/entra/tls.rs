use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::Certificate;
use simulated::entra::ServeError;

use super::*;

fn listener() -> std::net::TcpListener {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap()
}

#[tokio::test]
async fn over_tls_links_stay_on_https_for_a_client_that_trusts_the_certificate() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let plain = GraphClient::new().await;
    let serving = plain
        .tenant
        .serve_tls(
            listener(),
            cert.pem().as_bytes(),
            signing_key.serialize_pem().as_bytes(),
        )
        .unwrap();
    let trusting = Client::builder()
        .tls_certs_only([Certificate::from_pem(cert.pem().as_bytes()).unwrap()])
        .build()
        .unwrap();
    let client = GraphClient {
        serving,
        http: trusting,
        ..plain
    };
    assert!(client.serving.url.starts_with("https://127.0.0.1:"));
    let (_, answer) = client.get("/v1.0/groups?$top=1").await;
    let next = answer["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with(&client.serving.url), "{next}");
    let (_, answer) = client
        .get(&format!("/{TENANT}/v2.0/.well-known/openid-configuration"))
        .await;
    let endpoint = answer["token_endpoint"].as_str().unwrap();
    assert!(endpoint.starts_with(&client.serving.url), "{endpoint}");
    let untrusting = Client::new().get(&client.serving.url).send().await;
    assert!(untrusting.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_missing_certificate_or_one_with_another_key_is_not_served() {
    let client = GraphClient::new().await;
    let make = || generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (one, other) = (make(), make());
    let (cert, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    let foreign = other.signing_key.serialize_pem();
    let serve = |cert: &str, key: &str| {
        client
            .tenant
            .serve_tls(listener(), cert.as_bytes(), key.as_bytes())
            .map(|serving| serving.url.clone())
            .unwrap_err()
    };
    assert!(matches!(serve(&cert, &foreign), ServeError::Tls(_)));
    assert!(matches!(serve(&cert, &cert), ServeError::Pem(_)));
    assert!(matches!(serve("", &key), ServeError::Tls(_)));
}
