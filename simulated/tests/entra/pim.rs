use super::*;

const PETRA: &str = "a1000000-0000-4000-8000-000000000014";
const PAUL: &str = "a1000000-0000-4000-8000-000000000015";
const GABRIEL: &str = "a1000000-0000-4000-8000-000000000016";
const OSCAR: &str = "a1000000-0000-4000-8000-000000000017";
const GRETA: &str = "a1000000-0000-4000-8000-000000000018";
const OPERATORS: &str = "c1000000-0000-4000-8000-000000000003";
const PAYROLL: &str = "c1000000-0000-4000-8000-000000000004";
const CONTRACTORS: &str = "c1000000-0000-4000-8000-000000000005";

const ROLES: &str = "/v1.0/roleManagement/directory";
const ELIGIBLE_FOR_GROUPS: &str =
    "/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances";

async fn of(client: &GraphClient, list: &str, name: &str, id: &str) -> Value {
    let (status, answer) = client
        .get(&format!("{list}?$filter={name} eq '{id}'"))
        .await;
    assert_eq!(status, 200, "{answer}");
    answer["value"].clone()
}

#[tokio::test]
async fn a_role_assignment_made_by_pim_is_in_both_lists_of_active_roles() {
    let client = GraphClient::new().await;
    for (id, kind, ends) in [(PETRA, "Assigned", false), (PAUL, "Activated", true)] {
        let assignments = of(
            &client,
            &format!("{ROLES}/roleAssignments"),
            "principalId",
            id,
        )
        .await;
        let list = format!("{ROLES}/roleAssignmentScheduleInstances");
        let instances = of(&client, &list, "principalId", id).await;
        for member in ["id", "roleDefinitionId", "directoryScopeId"] {
            assert_eq!(assignments[0][member], instances[0][member]);
        }
        assert_eq!(instances[0]["assignmentType"], kind);
        assert_eq!(instances[0]["endDateTime"].is_string(), ends);
        let (_, groups_and_roles) = client
            .get(&format!("/v1.0/users/{id}/transitiveMemberOf"))
            .await;
        assert_eq!(
            each(&groups_and_roles, "@odata.type"),
            ["#microsoft.graph.directoryRole"]
        );
    }
}

#[tokio::test]
async fn a_direct_role_assignment_is_an_active_instance_too() {
    let client = GraphClient::new().await;
    let list = format!("{ROLES}/roleAssignmentScheduleInstances");
    let instances = of(&client, &list, "principalId", GRACE).await;
    assert_eq!(instances[0]["assignmentType"], "Assigned");
    assert_eq!(instances.as_array().unwrap().len(), 1);
    assert_eq!(of(&client, &list, "principalId", LIDIA).await, json!([]));
    let (status, answer) = client.get(&format!("{list}?$top=2")).await;
    assert_eq!(
        (status.as_u16(), answer["value"].as_array().unwrap().len()),
        (200, 2)
    );
    assert!(answer["@odata.nextLink"].is_string());
}

#[tokio::test]
async fn pim_lists_the_roles_that_a_person_may_activate() {
    let client = GraphClient::new().await;
    let list = format!("{ROLES}/roleEligibilityScheduleInstances");
    for id in [LIDIA, PAUL] {
        let roles = of(&client, &list, "principalId", id).await;
        assert_eq!(
            roles[0]["roleDefinitionId"],
            "fe930be7-5e62-47db-91af-98c3a49a38b1"
        );
    }
    assert_eq!(of(&client, &list, "principalId", ADELE).await, json!([]));
}

#[tokio::test]
async fn eligibilities_in_pim_for_groups_are_listed_by_principal_or_by_group() {
    let client = GraphClient::new().await;
    let all = of(&client, ELIGIBLE_FOR_GROUPS, "groupId", OPERATORS).await;
    let who: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["principalId"].as_str().unwrap(),
                one["accessId"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        who,
        [
            (GABRIEL, "member"),
            (OSCAR, "owner"),
            (CONTRACTORS, "member")
        ]
    );
    for (id, access) in [
        (GABRIEL, "member"),
        (OSCAR, "owner"),
        (CONTRACTORS, "member"),
    ] {
        let own = of(&client, ELIGIBLE_FOR_GROUPS, "principalId", id).await;
        assert_eq!(
            (&own[0]["groupId"], &own[0]["accessId"]),
            (&json!(OPERATORS), &json!(access))
        );
    }
    for id in [GRETA, ADELE] {
        let own = of(&client, ELIGIBLE_FOR_GROUPS, "principalId", id).await;
        assert_eq!(
            own,
            json!([]),
            "the eligibility of a group is not listed for its members"
        );
    }
    assert_eq!(
        of(&client, ELIGIBLE_FOR_GROUPS, "groupId", PAYROLL).await,
        json!([])
    );
    for query in ["", "?$filter=accessId eq 'member'"] {
        assert_eq!(
            client.get(&format!("{ELIGIBLE_FOR_GROUPS}{query}")).await.0,
            400
        );
    }
}

#[tokio::test]
async fn without_the_licence_pim_answers_with_an_error() {
    let client = GraphClient::of(&json!({"licences": []})).await;
    for list in [
        &format!("{ROLES}/roleAssignmentScheduleInstances"),
        &format!("{ROLES}/roleEligibilityScheduleInstances"),
        ELIGIBLE_FOR_GROUPS,
    ] {
        let (status, answer) = client
            .get(&format!("{list}?$filter=principalId eq '{LIDIA}'"))
            .await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (400, &json!("AadPremiumLicenseRequired"))
        );
    }
    let (status, _) = client.get(&format!("{ROLES}/roleAssignments")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn pim_has_separate_permissions_for_roles_and_for_groups() {
    for (permission, allowed) in [
        ("RoleManagement.Read.Directory", [200, 200, 403]),
        ("RoleAssignmentSchedule.Read.Directory", [200, 403, 403]),
        ("RoleEligibilitySchedule.Read.Directory", [403, 200, 403]),
        (
            "PrivilegedEligibilitySchedule.Read.AzureADGroup",
            [403, 403, 200],
        ),
    ] {
        let client = GraphClient::with_permissions(&[permission]).await;
        let mut statuses = Vec::new();
        for list in [
            &format!("{ROLES}/roleAssignmentScheduleInstances"),
            &format!("{ROLES}/roleEligibilityScheduleInstances"),
            ELIGIBLE_FOR_GROUPS,
        ] {
            let path = format!("{list}?$filter=principalId eq '{ADELE}'");
            statuses.push(client.get(&path).await.0.as_u16());
        }
        assert_eq!(statuses, allowed, "{permission}");
    }
}

#[tokio::test]
async fn role_assignable_groups_are_listed_page_by_page() {
    let client = GraphClient::with_permissions(&["GroupMember.Read.All"]).await;
    let list = "/v1.0/groups?$filter=isAssignableToRole eq true&$select=id,displayName";
    let (_, answer) = client.get(list).await;
    assert_eq!(each(&answer, "id"), [DESK, OPERATORS, PAYROLL]);
    assert_eq!(
        answer["value"][1],
        json!({"id": OPERATORS, "displayName": "Identity operators"})
    );
    assert!(
        answer["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("/v1.0/$metadata#groups(id,displayName)")
    );
    let (_, first) = client.get(&format!("{list}&$top=2")).await;
    let next = first["@odata.nextLink"].as_str().unwrap();
    let (_, second) = client
        .get(next.strip_prefix(&client.serving.url).unwrap())
        .await;
    assert_eq!(
        (each(&first, "id").len(), each(&second, "id")),
        (2, vec![PAYROLL.to_owned()])
    );
    let (_, all) = client.get("/v1.0/groups").await;
    assert_eq!(each(&all, "id").len(), 7);
}

#[tokio::test]
async fn groups_have_only_one_filter_and_need_a_permission() {
    let client = GraphClient::new().await;
    for filter in [
        "isAssignableToRole eq false",
        "displayName eq 'Service desk'",
        "x",
    ] {
        let (status, answer) = client.get(&format!("/v1.0/groups?$filter={filter}")).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (400, &json!("Request_UnsupportedQuery")),
            "{filter}"
        );
    }
    let client =
        GraphClient::with_permissions(&["User.Read.All", "RoleManagement.Read.Directory"]).await;
    assert_eq!(client.get("/v1.0/groups").await.0, 403);
}

#[tokio::test]
async fn what_begins_later_is_in_the_schedules_and_not_in_the_instances() {
    let later = |more: Value| {
        let mut item = json!({"principalId": LIDIA, "startsInHours": 3});
        let more = more.as_object().unwrap().clone();
        item.as_object_mut().unwrap().extend(more);
        json!([item])
    };
    let role = "62e90394-69f5-4237-9190-012177145e10";
    let client = GraphClient::of(&json!({
        "roleAssignmentSchedules": later(json!({"roleDefinitionId": role, "assignmentType": "Assigned"})),
        "roleEligibilities": later(json!({"roleDefinitionId": role})),
        "groupEligibilities": later(json!({"groupId": PAYROLL, "accessId": "member"})),
    }))
    .await;
    let groups = "/v1.0/identityGovernance/privilegedAccess/group";
    for list in [
        format!("{ROLES}/roleAssignmentSchedule"),
        format!("{ROLES}/roleEligibilitySchedule"),
        format!("{groups}/eligibilitySchedule"),
    ] {
        let instances = format!("{list}Instances");
        assert_eq!(
            of(&client, &instances, "principalId", LIDIA).await,
            json!([]),
            "{list}"
        );
        let schedules = of(&client, &format!("{list}s"), "principalId", LIDIA).await;
        assert_eq!(schedules[0]["principalId"], LIDIA, "{list}");
        assert!(
            schedules[0]["scheduleInfo"]["startDateTime"].is_string(),
            "{list}"
        );
    }
    let (_, roles) = client
        .get(&format!("/v1.0/users/{LIDIA}/transitiveMemberOf"))
        .await;
    assert!(!each(&roles, "@odata.type").contains(&"#microsoft.graph.directoryRole".to_owned()));
}
