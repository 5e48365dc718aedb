use std::time::Duration;

use simulated::entra::{Fault, Method};

use super::*;

fn methods_of_adele() -> String {
    format!("/v1.0/users/{ADELE}/authentication/methods")
}

#[tokio::test]
async fn a_throttled_call_may_say_when_to_come_back_and_changes_nothing() {
    let world = World::new().await;
    world
        .tenant
        .fail(Fault::on("DELETE", "phoneMethods").throttle(Some(7)));
    world
        .tenant
        .fail(Fault::on("DELETE", "phoneMethods").throttle(None));
    let path = format!("/v1.0/users/{ADELE}/authentication/phoneMethods/{OFFICE}");
    let response = world.request(Verb::DELETE, &path).send().await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "7")
    );
    let response = world.request(Verb::DELETE, &path).send().await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers().get("retry-after")
        ),
        (429, None)
    );
    assert_eq!(world.tenant.methods_of(ADELE).len(), 6);
    assert_eq!(world.delete(&path).await.0, 204);
    let statuses: Vec<_> = world
        .tenant
        .writes()
        .iter()
        .map(|call| call.status)
        .collect();
    assert_eq!(statuses, [429, 429, 204]);
}

#[tokio::test]
async fn a_fault_lets_some_pass_and_then_strikes_so_often() {
    let world = World::new().await;
    world.tenant.fail(
        Fault::on("GET", "authentication/methods")
            .skip(1)
            .times(2)
            .status(503),
    );
    for expected in [200, 503, 503, 200] {
        assert_eq!(world.get(&methods_of_adele()).await.0, expected);
    }
}

#[tokio::test]
async fn a_fault_at_the_login_speaks_as_the_login() {
    let world = World::new().await;
    world
        .tenant
        .fail(Fault::on("POST", "/oauth2/v2.0/token").status(503));
    let (status, answer) = world
        .ask_token(
            TENANT,
            &[("client_id", APP), ("client_secret", "standard-app-secret")],
        )
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]),
        (503, &json!("temporarily_unavailable"))
    );
    assert_eq!(world.tenant.token_requests(), 1);
}

#[tokio::test]
async fn a_connection_is_dropped_before_the_change_or_after_it() {
    let world = World::new().await;
    let path = format!("/v1.0/users/{ADELE}/authentication/phoneMethods/{OFFICE}");
    world
        .tenant
        .fail(Fault::on("DELETE", OFFICE).lose_request());
    assert!(world.request(Verb::DELETE, &path).send().await.is_err());
    assert_eq!(world.tenant.methods_of(ADELE).len(), 6);
    world.tenant.fail(Fault::on("DELETE", OFFICE).lose_answer());
    assert!(world.request(Verb::DELETE, &path).send().await.is_err());
    assert_eq!(world.tenant.methods_of(ADELE).len(), 5);
    assert_eq!(world.delete(&path).await.0, 404);
    let statuses: Vec<_> = world
        .tenant
        .writes()
        .iter()
        .map(|call| call.status)
        .collect();
    assert_eq!(statuses, [0, 0, 404]);
}

#[tokio::test]
async fn a_hanging_call_ends_only_with_the_patience_of_the_caller() {
    let world = World::new().await;
    world
        .tenant
        .fail(Fault::on("*", "authentication/methods").hang());
    let waited = world
        .request(Verb::GET, &methods_of_adele())
        .timeout(Duration::from_millis(50))
        .send()
        .await;
    assert!(waited.unwrap_err().is_timeout());
    assert_eq!(world.get(&methods_of_adele()).await.0, 200);
}

#[tokio::test]
async fn bodies_can_be_of_the_wrong_shape_or_no_json_or_far_too_large() {
    let world = World::new().await;
    let path = methods_of_adele();
    world
        .tenant
        .fail(Fault::on("GET", "methods").non_graph_body(404));
    world
        .tenant
        .fail(Fault::on("GET", "methods").odata_error(400));
    world.tenant.fail(Fault::on("GET", "methods").garbage());
    world.tenant.fail(Fault::on("GET", "methods").huge());
    let (status, answer) = world.get(&path).await;
    assert!(status == 404 && answer["Message"].is_string());
    let (status, answer) = world.get(&path).await;
    assert!(status == 400 && answer["odata.error"]["message"]["value"].is_string());
    let response = world.request(Verb::GET, &path).send().await.unwrap();
    assert!(response.status() == 200 && response.json::<Value>().await.is_err());
    let body = world
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
async fn something_can_happen_between_a_write_and_its_answer() {
    let world = World::new().await;
    world.tenant.on_write(|writes, tenant| {
        if writes == 1 {
            tenant.register(ADELE, Method::software_oath());
        }
    });
    assert_eq!(world.remove(ADELE, "phoneMethods", OFFICE).await.0, 204);
    assert_eq!(world.remove(ADELE, "phoneMethods", ALTERNATE).await.0, 204);
    assert_eq!(world.tenant.methods_of(ADELE).len(), 5);
}

#[tokio::test]
async fn a_tenant_that_is_no_longer_served_takes_no_connections() {
    let world = World::new().await;
    let url = world.serving.url.clone();
    drop(world.serving);
    let refused = async {
        while Client::new().get(&url).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused)
        .await
        .unwrap();
}
