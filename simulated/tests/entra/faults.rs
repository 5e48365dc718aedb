use std::time::Duration;

use simulated::entra::{Fault, Method};

use super::*;

fn methods_of_adele() -> String {
    format!("/v1.0/users/{ADELE}/authentication/methods")
}

#[tokio::test]
async fn a_throttled_call_may_have_retry_after_and_changes_nothing() {
    let client = GraphClient::new().await;
    client
        .tenant
        .fail(Fault::on("DELETE", "phoneMethods").throttle(Some(7)));
    client
        .tenant
        .fail(Fault::on("DELETE", "phoneMethods").throttle(None));
    let path = format!("/v1.0/users/{ADELE}/authentication/phoneMethods/{OFFICE}");
    let response = client.request(Verb::DELETE, &path).send().await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "7")
    );
    let response = client.request(Verb::DELETE, &path).send().await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers().get("retry-after")
        ),
        (429, None)
    );
    assert_eq!(client.tenant.methods_of(ADELE).len(), 6);
    assert_eq!(client.delete(&path).await.0, 204);
    let statuses: Vec<_> = client
        .tenant
        .writes()
        .iter()
        .map(|call| call.status)
        .collect();
    assert_eq!(statuses, [429, 429, 204]);
}

#[tokio::test]
async fn a_fault_skips_some_requests_and_then_affects_as_many_as_it_says() {
    let client = GraphClient::new().await;
    client.tenant.fail(
        Fault::on("GET", "authentication/methods")
            .skip(1)
            .times(2)
            .status(503),
    );
    for expected in [200, 503, 503, 200] {
        assert_eq!(client.get(&methods_of_adele()).await.0, expected);
    }
}

#[tokio::test]
async fn the_error_of_a_fault_at_the_login_has_the_envelope_of_the_login() {
    let client = GraphClient::new().await;
    client
        .tenant
        .fail(Fault::on("POST", "/oauth2/v2.0/token").status(503));
    let (status, answer) = client
        .request_token(
            TENANT,
            &[("client_id", APP), ("client_secret", "standard-app-secret")],
        )
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]),
        (503, &json!("temporarily_unavailable"))
    );
    assert_eq!(client.tenant.token_requests(), 1);
}

#[tokio::test]
async fn a_connection_is_dropped_before_the_change_or_after_it() {
    let client = GraphClient::new().await;
    let path = format!("/v1.0/users/{ADELE}/authentication/phoneMethods/{OFFICE}");
    client
        .tenant
        .fail(Fault::on("DELETE", OFFICE).lose_request());
    assert!(client.request(Verb::DELETE, &path).send().await.is_err());
    assert_eq!(client.tenant.methods_of(ADELE).len(), 6);
    client
        .tenant
        .fail(Fault::on("DELETE", OFFICE).lose_answer());
    assert!(client.request(Verb::DELETE, &path).send().await.is_err());
    assert_eq!(client.tenant.methods_of(ADELE).len(), 5);
    assert_eq!(client.delete(&path).await.0, 404);
    let statuses: Vec<_> = client
        .tenant
        .writes()
        .iter()
        .map(|call| call.status)
        .collect();
    assert_eq!(statuses, [0, 0, 404]);
}

#[tokio::test]
async fn a_hanging_call_ends_only_when_the_client_times_out() {
    let client = GraphClient::new().await;
    client
        .tenant
        .fail(Fault::on("*", "authentication/methods").hang());
    let waited = client
        .request(Verb::GET, &methods_of_adele())
        .timeout(Duration::from_millis(50))
        .send()
        .await;
    assert!(waited.unwrap_err().is_timeout());
    assert_eq!(client.get(&methods_of_adele()).await.0, 200);
}

#[tokio::test]
async fn a_fault_can_send_other_envelopes_garbage_or_a_huge_body() {
    let client = GraphClient::new().await;
    let path = methods_of_adele();
    client
        .tenant
        .fail(Fault::on("GET", "methods").non_graph_body(404));
    client
        .tenant
        .fail(Fault::on("GET", "methods").odata_error(400));
    client.tenant.fail(Fault::on("GET", "methods").garbage());
    client.tenant.fail(Fault::on("GET", "methods").huge());
    let (status, answer) = client.get(&path).await;
    assert!(status == 404 && answer["Message"].is_string());
    let (status, answer) = client.get(&path).await;
    assert!(status == 400 && answer["odata.error"]["message"]["value"].is_string());
    let response = client.request(Verb::GET, &path).send().await.unwrap();
    assert!(response.status() == 200 && response.json::<Value>().await.is_err());
    let body = client
        .request(Verb::GET, &path)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(body.len(), 16 * 1024 * 1024);
}

#[tokio::test]
async fn a_test_can_change_the_tenant_between_a_write_and_its_response() {
    let client = GraphClient::new().await;
    client.tenant.on_write(|writes, tenant| {
        if writes == 1 {
            tenant.register(ADELE, Method::software_oath());
        }
    });
    assert_eq!(client.remove(ADELE, "phoneMethods", OFFICE).await.0, 204);
    assert_eq!(client.remove(ADELE, "phoneMethods", ALTERNATE).await.0, 204);
    assert_eq!(client.tenant.methods_of(ADELE).len(), 5);
}

#[tokio::test]
async fn a_dropped_server_accepts_no_connections() {
    let client = GraphClient::new().await;
    let url = client.serving.url.clone();
    drop(client.serving);
    let refused = async {
        while Client::new().get(&url).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused)
        .await
        .unwrap();
}
