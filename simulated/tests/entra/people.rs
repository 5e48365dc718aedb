use simulated::entra::TenantFile;

use super::*;

#[tokio::test]
async fn a_person_has_the_default_properties_unless_others_are_selected() {
    let world = World::new().await;
    let (status, answer) = world.get("/v1.0/users/Adele.Vance@contoso.example").await;
    assert_eq!(
        (status.as_u16(), answer["id"].as_str().unwrap()),
        (200, ADELE)
    );
    assert!(answer.get("accountEnabled").is_none());
    let (_, answer) = world
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
        world
            .get(&format!("/v1.0/users/{ADELE}?$select=shoeSize"))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn somebody_who_does_not_exist_or_was_deleted_is_not_found() {
    let world = World::new().await;
    world.tenant.remove_user(ADELE);
    for name in [ADELE, "nobody@contoso.example"] {
        let (status, answer) = world.get(&format!("/v1.0/users/{name}")).await;
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
    assert!(world.tenant.methods_of(ADELE).is_empty());
}

#[tokio::test]
async fn names_with_a_dollar_sign_go_in_brackets_and_those_of_guests_are_encoded() {
    let world = World::of(&json!({"users": [
        {"id": ADELE, "userPrincipalName": "$adele@contoso.example", "displayName": "Adele"},
        {"id": MEGAN, "userPrincipalName": "o'neil@contoso.example", "displayName": "Megan"},
        {"id": JORDAN, "userPrincipalName": "j_fabrikam.example#EXT#@contoso.example", "displayName": "Jordan"},
    ]}))
    .await;
    assert_eq!(world.get("/v1.0/users/$adele@contoso.example").await.0, 400);
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
        let (status, answer) = world.get(path).await;
        assert_eq!(
            (status.as_u16(), answer["id"].as_str()),
            (200, Some(id)),
            "{path}"
        );
    }
    assert_eq!(
        world
            .get("/v1.0/users('$adele@contoso.example')/authentication/methods")
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn every_answer_has_the_ids_that_support_asks_for() {
    let world = World::new().await;
    for path in [
        format!("/v1.0/users/{ADELE}"),
        "/v1.0/users/nobody@contoso.example".to_owned(),
    ] {
        let response = world
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
    let calls = world.tenant.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].status, calls[1].status), (200, 404));
    assert_eq!(calls[0].client_request_id.as_deref(), Some("mine"));
    assert_eq!(
        (calls[0].path.as_str(), calls[0].version),
        (format!("/users/{ADELE}").as_str(), "v1.0")
    );
}

#[tokio::test]
async fn a_call_that_graph_does_not_have_is_refused_in_words_of_graph() {
    let world = World::new().await;
    let (status, answer) = world
        .get(&format!("/v1.0/users/{ADELE}/authentication/resetMfa"))
        .await;
    assert_eq!(status, 400);
    assert_eq!(
        answer["error"]["message"],
        "Resource not found for the segment 'resetMfa'."
    );
    assert_eq!(
        world
            .get(&format!(
                "/v1.0/users/{ADELE}/authentication/hardwareOathMethods"
            ))
            .await
            .0,
        400
    );
    let (status, answer) = world
        .call(
            Verb::POST,
            &format!("/v1.0/users/{ADELE}/transitiveMemberOf"),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (405, &json!("Request_BadRequest"))
    );
    let (status, _) = world
        .get(&format!(
            "/v1.0/users/{ADELE}/authentication/methods?$top=5"
        ))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn revoking_sessions_moves_the_date_from_which_they_are_valid() {
    let world = World::new().await;
    let date = format!("/v1.0/users/{ADELE}?$select=signInSessionsValidFromDateTime");
    let (_, before) = world.get(&date).await;
    let (status, answer) = world
        .call(
            Verb::POST,
            &format!("/v1.0/users/{ADELE}/revokeSignInSessions"),
        )
        .await;
    assert_eq!((status.as_u16(), &answer["value"]), (200, &json!(true)));
    let (_, after) = world.get(&date).await;
    assert!(
        after["signInSessionsValidFromDateTime"].as_str()
            > before["signInSessionsValidFromDateTime"].as_str()
    );
    assert!(
        world.tenant.sessions_revoked("adele.vance@contoso.example")
            && !world.tenant.sessions_revoked(MEGAN)
    );
}

#[tokio::test]
async fn the_sessions_of_a_guest_are_not_revoked_though_graph_says_yes() {
    let world = World::new().await;
    let (status, _) = world
        .call(
            Verb::POST,
            &format!("/v1.0/users/{JORDAN}/revokeSignInSessions"),
        )
        .await;
    assert!(status.is_success() && !world.tenant.sessions_revoked(JORDAN));
}

#[tokio::test]
async fn people_in_a_restricted_unit_are_changed_only_by_an_app_with_a_role_there() {
    let mut world = World::new().await;
    let id = world.id_of(ISAIAH, "softwareOath");
    let revoke = format!("/v1.0/users/{ISAIAH}/revokeSignInSessions");
    for (status, answer) in [
        world.remove(ISAIAH, "softwareOathMethods", &id).await,
        world.call(Verb::POST, &revoke).await,
    ] {
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (403, &json!("Authorization_RequestDenied"))
        );
    }
    assert_eq!(
        world
            .get(&format!("/v1.0/users/{ISAIAH}/authentication/methods"))
            .await
            .0,
        200
    );
    world.sign_in(PRIVILEGED_APP, "privileged-app-secret").await;
    assert_eq!(
        world.remove(ISAIAH, "softwareOathMethods", &id).await.0,
        204
    );
}

#[tokio::test]
async fn the_basic_permission_reads_the_basic_properties_alone() {
    let world = World::with_permissions(&["User.ReadBasic.All"]).await;
    assert_eq!(
        world
            .get(&format!("/v1.0/users/{ADELE}?$select=id,displayName"))
            .await
            .0,
        200
    );
    let (status, answer) = world
        .get(&format!("/v1.0/users/{ADELE}?$select=id,accountEnabled"))
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (403, &json!("Authorization_RequestDenied"))
    );
}

#[test]
fn a_users_file_with_a_word_that_nobody_knows_is_refused() {
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
