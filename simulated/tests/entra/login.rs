use base64::Engine as _;

use super::*;

fn code(answer: &Value) -> u64 {
    answer["error_codes"][0].as_u64().unwrap()
}

#[tokio::test]
async fn a_secret_gets_a_bearer_token_for_an_hour_with_the_permissions_of_the_app() {
    let client = GraphClient::new().await;
    let (status, answer) = client
        .request_token(
            "contoso.example",
            &[("client_id", APP), ("client_secret", "standard-app-secret")],
        )
        .await;
    assert_eq!(
        (
            status.as_u16(),
            &answer["token_type"],
            &answer["expires_in"]
        ),
        (200, &json!("Bearer"), &json!(3599))
    );
    let payload = answer["access_token"]
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let claims: Value = serde_json::from_slice(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(payload)
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        (&claims["appid"], &claims["tid"]),
        (&json!(APP), &json!(TENANT))
    );
    assert!(
        claims["roles"]
            .as_array()
            .unwrap()
            .contains(&json!("UserAuthenticationMethod.Read.All"))
    );
}

#[tokio::test]
async fn the_token_of_an_app_without_permissions_names_no_roles() {
    let client = GraphClient::with_permissions(&[]).await;
    let payload = client.token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    let claims: Value = serde_json::from_slice(&payload.unwrap()).unwrap();
    assert_eq!((&claims["appid"], claims.get("roles")), (&json!(APP), None));
}

#[tokio::test]
async fn a_secret_may_be_in_a_basic_header() {
    let client = GraphClient::new().await;
    let url = format!("{}/{TENANT}/oauth2/v2.0/token", client.serving.url);
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let answer = client
        .http
        .post(url)
        .basic_auth(APP, Some("standard-app-secret"))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn errors_of_the_login_have_the_codes_of_entra() {
    let client = GraphClient::new().await;
    let right = [("client_id", APP), ("client_secret", "standard-app-secret")];
    let other = "ffffffff-0000-4000-8000-000000000000";
    #[allow(clippy::type_complexity)]
    let cases: [(&str, Vec<(&str, &str)>, u16, &str, u64); 11] = [
        (
            TENANT,
            vec![right[0], ("client_secret", "wrong")],
            401,
            "invalid_client",
            7_000_215,
        ),
        (TENANT, vec![right[0]], 401, "invalid_client", 7_000_218),
        (
            TENANT,
            vec![("client_id", other), right[1]],
            400,
            "unauthorized_client",
            700_016,
        ),
        (other, right.to_vec(), 400, "invalid_request", 90002),
        ("common", right.to_vec(), 400, "invalid_request", 50059),
        (
            "organizations",
            [right.to_vec(), vec![("grant_type", "authorization_code")]].concat(),
            400,
            "invalid_request",
            50194,
        ),
        (
            "common",
            vec![("client_id", other), right[1]],
            400,
            "unauthorized_client",
            700_016,
        ),
        (
            TENANT,
            [right.to_vec(), vec![("scope", "User.Read")]].concat(),
            400,
            "invalid_scope",
            70011,
        ),
        (
            TENANT,
            [
                right.to_vec(),
                vec![("scope", "https://vault.example/.default")],
            ]
            .concat(),
            400,
            "invalid_resource",
            500_011,
        ),
        (
            TENANT,
            [right.to_vec(), vec![("grant_type", "password")]].concat(),
            400,
            "unsupported_grant_type",
            70003,
        ),
        (
            TENANT,
            [right.to_vec(), vec![("grant_type", "")]].concat(),
            400,
            "invalid_request",
            900_144,
        ),
    ];
    for (tenant, fields, status, error, number) in cases {
        let (got, answer) = client.request_token(tenant, &fields).await;
        assert_eq!(
            (
                got.as_u16(),
                answer["error"].as_str().unwrap(),
                code(&answer)
            ),
            (status, error, number),
            "{answer}"
        );
        let description = answer["error_description"].as_str().unwrap();
        assert!(
            description.starts_with(&format!("AADSTS{number}: "))
                && description.contains("\r\nTrace ID: "),
            "{answer}"
        );
        for member in ["timestamp", "trace_id", "correlation_id"] {
            assert!(answer[member].is_string(), "{member} in {answer}");
        }
    }
    assert_eq!(client.tenant.token_requests(), 11);
}

#[tokio::test]
async fn after_a_rotation_the_old_secret_is_refused_and_its_tokens_stay_valid() {
    let client = GraphClient::new().await;
    client.tenant.set_secret("new");
    let (status, _) = client
        .request_token(
            TENANT,
            &[("client_id", APP), ("client_secret", "standard-app-secret")],
        )
        .await;
    assert_eq!(status, 401);
    assert_eq!(
        client
            .request_token(TENANT, &[("client_id", APP), ("client_secret", "new")])
            .await
            .0,
        200
    );
    assert_eq!(client.get(&format!("/v1.0/users/{ADELE}")).await.0, 200);
}

#[tokio::test]
async fn graph_requires_a_token_that_this_login_issued_and_that_has_not_expired() {
    let mut client = GraphClient::new().await;
    let path = format!("/v1.0/users/{ADELE}");
    client.tenant.expire_tokens();
    let good = std::mem::take(&mut client.token);
    for (token, text) in [
        (good.as_str(), "expired"),
        ("", "empty"),
        ("nonsense", "no dots"),
        ("a.b.c", "validation failure"),
    ] {
        client.token = token.to_owned();
        let response = client.request(Verb::GET, &path).send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert!(
            response.headers()["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("Bearer ")
        );
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["error"]["code"], "InvalidAuthenticationToken");
        assert!(
            answer["error"]["message"].as_str().unwrap().contains(text),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn new_permissions_apply_from_the_next_token() {
    let mut client = GraphClient::new().await;
    let path = format!("/v1.0/users/{ADELE}/authentication/methods");
    client.tenant.grant(&["User.Read.All"]);
    assert_eq!(client.get(&path).await.0, 200);
    client.sign_in(APP, "standard-app-secret").await;
    assert_eq!(client.get(&path).await.0, 403);
}

#[tokio::test]
async fn the_discovery_documents_of_the_login_have_its_own_address() {
    let client = GraphClient::new().await;
    let (_, answer) = client
        .get(&format!("/{TENANT}/v2.0/.well-known/openid-configuration"))
        .await;
    assert_eq!(
        answer["token_endpoint"],
        format!("{}/{TENANT}/oauth2/v2.0/token", client.serving.url)
    );
    let (_, answer) = client
        .get("/common/discovery/instance?api-version=1.1")
        .await;
    assert!(
        answer["tenant_discovery_endpoint"]
            .as_str()
            .unwrap()
            .starts_with(&client.serving.url)
    );
    assert_eq!(
        client
            .get("/other/v2.0/.well-known/openid-configuration")
            .await
            .0,
        400
    );
}
