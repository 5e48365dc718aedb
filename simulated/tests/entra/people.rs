use simulated::entra::TenantFile;

use super::*;

#[tokio::test]
async fn a_person_has_the_default_properties_unless_others_are_selected() {
    let client = GraphClient::new().await;
    let (status, answer) = client.get("/v1.0/users/Adele.Vance@contoso.example").await;
    assert_eq!(
        (status.as_u16(), answer["id"].as_str().unwrap()),
        (200, ADELE)
    );
    assert!(answer.get("accountEnabled").is_none());
    let (_, answer) = client
        .get(&format!(
            "/v1.0/users/{ADELE}?$select=id,accountEnabled,isManagementRestricted"
        ))
        .await;
    let members: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        [
            "@odata.context",
            "accountEnabled",
            "id",
            "isManagementRestricted"
        ]
    );
    assert_eq!(
        client
            .get(&format!("/v1.0/users/{ADELE}?$select=shoeSize"))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn a_missing_or_deleted_user_is_not_found() {
    let client = GraphClient::new().await;
    client.tenant.remove_user(ADELE);
    for name in [ADELE, "missing@contoso.example"] {
        let (status, answer) = client.get(&format!("/v1.0/users/{name}")).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (404, &json!("Request_ResourceNotFound"))
        );
        let text = format!(
            "Resource '{name}' does not exist or one of its queried reference-property objects \
             are not present."
        );
        assert_eq!(answer["error"]["message"], text);
    }
    assert!(client.tenant.methods_of(ADELE).is_empty());
}

#[tokio::test]
async fn names_with_a_dollar_sign_must_be_in_brackets_and_those_of_guests_must_be_encoded() {
    let client = GraphClient::of(&json!({"users": [
        {"id": ADELE, "userPrincipalName": "$adele@contoso.example", "displayName": "Adele"},
        {"id": MEGAN, "userPrincipalName": "o'neil@contoso.example", "displayName": "Megan"},
        {"id": JORDAN, "userPrincipalName": "j_fabrikam.example#EXT#@contoso.example", "displayName": "Jordan"},
    ]}))
    .await;
    assert_eq!(
        client.get("/v1.0/users/$adele@contoso.example").await.0,
        400
    );
    for (path, id) in [
        ("/v1.0/users('$adele@contoso.example')", ADELE),
        ("/v1.0/users('%24adele%40contoso.example')", ADELE),
        ("/v1.0/users('o''neil@contoso.example')", MEGAN),
        ("/v1.0/users/o'neil@contoso.example", MEGAN),
        (
            "/v1.0/users/j_fabrikam.example%23EXT%23%40contoso.example",
            JORDAN,
        ),
    ] {
        let (status, answer) = client.get(path).await;
        assert_eq!(
            (status.as_u16(), answer["id"].as_str()),
            (200, Some(id)),
            "{path}"
        );
    }
    assert_eq!(
        client
            .get("/v1.0/users('$adele@contoso.example')/authentication/methods")
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn every_response_has_the_ids_that_microsofts_support_asks_for() {
    let client = GraphClient::new().await;
    for path in [
        format!("/v1.0/users/{ADELE}"),
        "/v1.0/users/missing@contoso.example".to_owned(),
    ] {
        let response = client
            .request(Verb::GET, &path)
            .header("client-request-id", "mine")
            .send()
            .await
            .unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("client-request-id"), "mine");
        for name in ["request-id", "x-ms-ags-diagnostic", "date"] {
            assert!(!header(name).is_empty());
        }
    }
    let calls = client.tenant.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].status, calls[1].status), (200, 404));
    assert_eq!(calls[0].client_request_id.as_deref(), Some("mine"));
    assert_eq!(
        (calls[0].path.as_str(), calls[0].version),
        (format!("/users/{ADELE}").as_str(), "v1.0")
    );
}

#[tokio::test]
async fn a_call_that_graph_does_not_have_is_refused_with_graphs_error() {
    let client = GraphClient::new().await;
    let (status, answer) = client
        .get(&format!("/v1.0/users/{ADELE}/authentication/resetMfa"))
        .await;
    assert_eq!(status, 400);
    assert_eq!(
        answer["error"]["message"],
        "Resource not found for the segment 'resetMfa'. (not simulated)"
    );
    assert_eq!(
        client
            .get(&format!(
                "/v1.0/users/{ADELE}/authentication/hardwareOathMethods"
            ))
            .await
            .0,
        400
    );
    let (status, answer) = client
        .call(
            Verb::POST,
            &format!("/v1.0/users/{ADELE}/transitiveMemberOf"),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (405, &json!("Request_BadRequest"))
    );
    let (status, _) = client
        .get(&format!(
            "/v1.0/users/{ADELE}/authentication/methods?$top=5"
        ))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn revoking_sessions_moves_the_date_from_which_they_are_valid() {
    let client = GraphClient::new().await;
    let date = format!("/v1.0/users/{ADELE}?$select=signInSessionsValidFromDateTime");
    let (_, before) = client.get(&date).await;
    let (status, answer) = client
        .call(
            Verb::POST,
            &format!("/v1.0/users/{ADELE}/revokeSignInSessions"),
        )
        .await;
    assert_eq!((status.as_u16(), &answer["value"]), (200, &json!(true)));
    let (_, after) = client.get(&date).await;
    assert!(
        after["signInSessionsValidFromDateTime"].as_str()
            > before["signInSessionsValidFromDateTime"].as_str()
    );
    assert!(
        client
            .tenant
            .sessions_revoked("adele.vance@contoso.example")
            && !client.tenant.sessions_revoked(MEGAN)
    );
}

#[tokio::test]
async fn the_sessions_of_a_guest_are_not_revoked_although_graph_reports_success() {
    let client = GraphClient::new().await;
    let (status, _) = client
        .call(
            Verb::POST,
            &format!("/v1.0/users/{JORDAN}/revokeSignInSessions"),
        )
        .await;
    assert!(status.is_success() && !client.tenant.sessions_revoked(JORDAN));
}

#[tokio::test]
async fn only_an_app_with_a_role_in_a_restricted_unit_can_change_people_there() {
    let mut client = GraphClient::new().await;
    let id = client.id_of(ISAIAH, "softwareOath");
    let revoke = format!("/v1.0/users/{ISAIAH}/revokeSignInSessions");
    for (status, answer) in [
        client.remove(ISAIAH, "softwareOathMethods", &id).await,
        client.call(Verb::POST, &revoke).await,
    ] {
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (403, &json!("Authorization_RequestDenied"))
        );
    }
    assert_eq!(
        client
            .get(&format!("/v1.0/users/{ISAIAH}/authentication/methods"))
            .await
            .0,
        200
    );
    client
        .sign_in(PRIVILEGED_APP, "privileged-app-secret")
        .await;
    assert_eq!(
        client.remove(ISAIAH, "softwareOathMethods", &id).await.0,
        204
    );
}

#[tokio::test]
async fn the_basic_permission_reads_only_the_basic_properties() {
    let client = GraphClient::with_permissions(&["User.ReadBasic.All"]).await;
    assert_eq!(
        client
            .get(&format!("/v1.0/users/{ADELE}?$select=id,displayName"))
            .await
            .0,
        200
    );
    let (status, answer) = client
        .get(&format!("/v1.0/users/{ADELE}?$select=id,accountEnabled"))
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (403, &json!("Authorization_RequestDenied"))
    );
}

#[test]
fn a_users_file_with_unknown_fields_or_types_is_rejected() {
    let read = |user: Value| {
        let file =
            json!({"tenantId": TENANT, "defaultDomain": "x.example", "apps": [], "users": [user]});
        serde_json::from_value::<TenantFile>(file).map_err(|error| error.to_string())
    };
    let user = |method: Value| json!({"id": ADELE, "userPrincipalName": "a@x", "displayName": "A", "methods": [method]});
    assert!(read(user(json!({"type": "softwareOath"}))).is_ok());
    for (method, complaint) in [
        (
            json!({"type": "softwareOath", "phoneNumber": "1"}),
            "no phoneNumber",
        ),
        (json!({"type": "carrierPigeon"}), "carrierPigeon"),
        (json!({"type": "password"}), "password"),
        (
            json!({"type": "phone", "phoneType": "home"}),
            "mobile, alternateMobile or office",
        ),
        (json!({"type": "unknown"}), "needs an odataType"),
    ] {
        let error = read(user(method)).unwrap_err();
        assert!(error.contains(complaint), "{error}");
    }
    assert!(
        read(json!({"id": ADELE, "userPrincipalName": "a@x", "displayName": "A", "shoeSize": 42}))
            .is_err()
    );
}

#[tokio::test]
async fn a_post_without_a_length_is_refused_whether_it_has_a_body_or_not() {
    let client = GraphClient::new().await;
    let path = format!("/v1.0/users/{ADELE}/revokeSignInSessions");
    let answer = client.request(Verb::POST, &path).send().await.unwrap();
    assert_eq!(answer.status(), 411);
    assert!(!client.tenant.sessions_revoked(ADELE));
}

#[tokio::test]
async fn the_tenant_speaks_both_versions_of_http() {
    let client = GraphClient::new().await;
    let http2 = GraphClient {
        http: Client::builder().http2_prior_knowledge().build().unwrap(),
        ..client
    };
    let (status, answer) = http2.get("/v1.0/groups?$top=1").await;
    assert_eq!(status, 200);
    let next = answer["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with(&http2.serving.url), "{next}");
}

#[tokio::test]
async fn where_a_person_signs_in_is_told_by_other_properties_than_their_type() {
    let select = "$select=userType,creationType,externalUserState,identities";
    let of = async |more: Value| {
        let mut person = json!({
            "id": ADELE, "userPrincipalName": "adele.vance@contoso.example", "displayName": "Adele Vance",
        });
        let more = more.as_object().unwrap().clone();
        person.as_object_mut().unwrap().extend(more);
        let client = GraphClient::of(&json!({"users": [person]})).await;
        let (_, answer) = client.get(&format!("/v1.0/users/{ADELE}?{select}")).await;
        let revoke = format!("/v1.0/users/{ADELE}/revokeSignInSessions");
        client.call(Verb::POST, &revoke).await;
        (answer, client.tenant.sessions_revoked(ADELE))
    };
    let (answer, revoked) = of(json!({"userType": "Guest"})).await;
    assert_eq!(answer["creationType"], Value::Null);
    assert_eq!(answer["identities"][0]["signInType"], "userPrincipalName");
    assert!(revoked, "the tenant's own guest");

    let (answer, revoked) = of(json!({"federatedIdentities": ["ExternalAzureAD"]})).await;
    assert_eq!(answer["userType"], "Member");
    assert_eq!(answer["identities"][0]["issuer"], "ExternalAzureAD");
    assert!(!revoked, "an external member");
}
