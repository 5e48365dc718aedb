use super::*;

const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

#[tokio::test]
async fn memberships_and_roles_through_groups_are_listed() {
    let client = GraphClient::new().await;
    let (_, answer) = client
        .get(&format!("/v1.0/users/{NESTOR}/transitiveMemberOf"))
        .await;
    assert_eq!(
        each(&answer, "displayName"),
        [
            "Service desk",
            "Everyone at Contoso",
            "Helpdesk Administrator"
        ]
    );
    let role = &answer["value"][2];
    assert_eq!(role["@odata.type"], "#microsoft.graph.directoryRole");
    assert_eq!(role["roleTemplateId"], HELPDESK);
    assert_ne!(role["id"], HELPDESK);
    let assignable: Vec<_> = answer["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["isAssignableToRole"].clone())
        .collect();
    assert_eq!(assignable, [json!(true), Value::Null, Value::Null]);
}

#[tokio::test]
async fn each_page_has_an_absolute_link_to_the_next() {
    let client = GraphClient::new().await;
    let mut path = format!("/v1.0/users/{NESTOR}/transitiveMemberOf?$select=id,displayName&$top=1");
    let mut names = Vec::new();
    for _ in 0..3 {
        let (status, answer) = client.get(&path).await;
        assert_eq!(status, 200);
        names.extend(each(&answer, "displayName"));
        assert!(answer["value"][0].get("isAssignableToRole").is_none());
        match answer.get("@odata.nextLink") {
            None => break,
            Some(link) => {
                path = link
                    .as_str()
                    .unwrap()
                    .strip_prefix(&client.serving.url)
                    .unwrap()
                    .to_owned()
            }
        }
    }
    assert_eq!(
        names,
        [
            "Service desk",
            "Everyone at Contoso",
            "Helpdesk Administrator"
        ]
    );
    let (status, answer) = client
        .get(&format!(
            "/v1.0/users/{NESTOR}/transitiveMemberOf?$top=1000"
        ))
        .await;
    assert_eq!(status, 400);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("Must be between 1 and 999 inclusive.")
    );
}

#[tokio::test]
async fn without_a_permission_groups_and_roles_have_only_type_and_id() {
    let client = GraphClient::with_permissions(&["User.Read.All"]).await;
    let (status, answer) = client
        .get(&format!("/v1.0/users/{NESTOR}/transitiveMemberOf"))
        .await;
    assert_eq!(status, 200);
    for object in answer["value"].as_array().unwrap() {
        for (name, value) in object.as_object().unwrap() {
            assert_eq!(
                value.is_null(),
                name != "id" && name != "@odata.type",
                "{name} of {object}"
            );
        }
    }
    let (_, answer) = client
        .get(&format!("/v1.0/users/{GRACE}/ownedObjects"))
        .await;
    assert_eq!(each(&answer, "id"), [DESK]);
    assert_eq!(each(&answer, "displayName"), ["null"]);
    let client = GraphClient::with_permissions(&["User.Read.All", "GroupMember.Read.All"]).await;
    let (_, answer) = client
        .get(&format!("/v1.0/users/{NESTOR}/transitiveMemberOf"))
        .await;
    assert_eq!(
        each(&answer, "displayName"),
        ["Service desk", "Everyone at Contoso", "null"]
    );
}

#[tokio::test]
async fn a_property_that_a_type_does_not_have_cannot_be_selected() {
    let client = GraphClient::new().await;
    for path in [
        "groups".to_owned(),
        format!("groups/{DESK}"),
        format!("users/{NESTOR}/transitiveMemberOf"),
        format!("users/{JORDAN}/ownedObjects"),
        "roleManagement/directory/roleAssignments".to_owned(),
        "roleManagement/directory/roleEligibilityScheduleInstances".to_owned(),
        "roleManagement/directory/roleAssignmentSchedules".to_owned(),
    ] {
        let (status, _) = client.get(&format!("/v1.0/{path}?$select=id")).await;
        assert_eq!(status, 200, "{path}");
        let select = format!("/v1.0/{path}?$select=id,shoeSize");
        let (status, answer) = client.get(&select).await;
        let text = answer["error"]["message"].as_str().unwrap();
        assert_eq!(status, 400, "{path}: {text}");
        assert!(text.contains("property named 'shoeSize'"), "{path}: {text}");
    }
}

#[tokio::test]
async fn the_owned_objects_of_a_person_include_groups() {
    let client = GraphClient::new().await;
    let (_, answer) = client
        .get(&format!(
            "/v1.0/users/{GRACE}/ownedObjects?$select=id,isAssignableToRole"
        ))
        .await;
    assert_eq!(
        answer["value"],
        json!([{"@odata.type": "#microsoft.graph.group", "id": DESK, "isAssignableToRole": true}])
    );
    assert_eq!(
        client
            .get(&format!("/v1.0/users/{ADELE}/ownedObjects"))
            .await
            .1["value"],
        json!([])
    );
}

#[tokio::test]
async fn assignments_are_direct_and_have_only_a_filter_by_principal() {
    let unit = "/administrativeUnits/d1000000-0000-4000-8000-000000000001";
    let client = GraphClient::of(&json!({"roleAssignments": [
        {"principalId": GRACE, "roleDefinitionId": USER_ADMINISTRATOR, "directoryScopeId": unit},
        {"principalId": DESK, "roleDefinitionId": HELPDESK},
    ]}))
    .await;
    let list = "/v1.0/roleManagement/directory/roleAssignments";
    let (_, answer) = client
        .get(&format!("{list}?$filter=principalId eq '{GRACE}'"))
        .await;
    assert_eq!(each(&answer, "directoryScopeId"), [unit]);
    assert_eq!(
        client
            .get(&format!("{list}?$filter=principalId eq '{NESTOR}'"))
            .await
            .1["value"],
        json!([])
    );
    for filter in [
        format!("roleDefinitionId eq '{HELPDESK}'"),
        format!("principalId ne '{GRACE}'"),
        "principalId eq 'x'".to_owned(),
    ] {
        assert_eq!(
            client.get(&format!("{list}?$filter={filter}")).await.0,
            400,
            "{filter}"
        );
    }
    let (_, answer) = client
        .get(&format!("/v1.0/users/{GRACE}/transitiveMemberOf"))
        .await;
    assert_eq!(
        answer["value"],
        json!([]),
        "a role in an administrative unit has no directoryRole"
    );
}

#[tokio::test]
async fn each_service_has_its_own_error_for_a_missing_permission() {
    let client = GraphClient::with_permissions(&["UserAuthMethod-Phone.ReadWrite.All"]).await;
    let methods = format!("/v1.0/users/{ADELE}/authentication");
    for path in [
        format!("{methods}/methods"),
        format!("{methods}/softwareOathMethods"),
    ] {
        let (status, answer) = client.get(&path).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (403, &json!("accessDenied"))
        );
        assert_eq!(answer["error"]["message"], "Request Authorization failed");
    }
    for path in [
        format!("/v1.0/users/{ADELE}"),
        "/v1.0/roleManagement/directory/roleAssignments".to_owned(),
    ] {
        let (status, answer) = client.get(&path).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (403, &json!("Authorization_RequestDenied"))
        );
        assert_eq!(
            answer["error"]["message"],
            "Insufficient privileges to complete the operation."
        );
    }
    assert_eq!(client.get(&format!("{methods}/phoneMethods")).await.0, 200);
    assert_eq!(client.remove(ADELE, "phoneMethods", OFFICE).await.0, 204);
}

#[tokio::test]
async fn a_group_with_hidden_membership_is_left_out_without_a_word() {
    let hidden = "c1000000-0000-4000-8000-0000000000b0";
    let groups = json!([
        {"id": hidden, "displayName": "Board", "visibility": "HiddenMembership", "members": [ADELE]},
        {"id": "c1000000-0000-4000-8000-000000000001", "displayName": "Everyone", "members": [ADELE]},
    ]);
    let mut client = GraphClient::of(&json!({"groups": groups})).await;
    let path = format!("/v1.0/users/{ADELE}/transitiveMemberOf");
    let (status, answer) = client.get(&path).await;
    assert_eq!(status, 200);
    assert_eq!(each(&answer, "displayName"), ["Everyone"]);
    let (_, group) = client
        .get(&format!("/v1.0/groups/{hidden}?$select=id,visibility"))
        .await;
    assert_eq!(
        (&group["visibility"], &group["displayName"]),
        (&json!("HiddenMembership"), &Value::Null)
    );
    let missing = "/v1.0/groups/c1000000-0000-4000-8000-0000000000ff";
    assert_eq!(client.get(missing).await.0, 404);

    client.tenant.grant(&[
        "User.Read.All",
        "GroupMember.Read.All",
        "Member.Read.Hidden",
    ]);
    let (_, answer) = client.get(&path).await;
    assert_eq!(
        each(&answer, "displayName"),
        ["Everyone"],
        "the token is an old one"
    );
    client.sign_in(APP, "standard-app-secret").await;
    let (_, answer) = client.get(&path).await;
    assert_eq!(each(&answer, "displayName"), ["Board", "Everyone"]);
}
