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

async fn of(world: &World, list: &str, name: &str, id: &str) -> Value {
    let (status, answer) = world.get(&format!("{list}?$filter={name} eq '{id}'")).await;
    assert_eq!(status, 200, "{answer}");
    answer["value"].clone()
}

#[tokio::test]
async fn a_role_that_pim_made_active_is_in_both_lists_of_active_roles() {
    let world = World::new().await;
    for (id, kind, ends) in [(PETRA, "Assigned", false), (PAUL, "Activated", true)] {
        let assignments = of(
            &world,
            &format!("{ROLES}/roleAssignments"),
            "principalId",
            id,
        )
        .await;
        let list = format!("{ROLES}/roleAssignmentScheduleInstances");
        let instances = of(&world, &list, "principalId", id).await;
        for member in ["id", "roleDefinitionId", "directoryScopeId"] {
            assert_eq!(assignments[0][member], instances[0][member]);
        }
        assert_eq!(instances[0]["assignmentType"], kind);
        assert_eq!(instances[0]["endDateTime"].is_string(), ends);
        let (_, groups_and_roles) = world
            .get(&format!("/v1.0/users/{id}/transitiveMemberOf"))
            .await;
        assert_eq!(
            each(&groups_and_roles, "@odata.type"),
            ["#microsoft.graph.directoryRole"]
        );
    }
}

#[tokio::test]
async fn a_role_that_was_assigned_directly_is_an_active_instance_too() {
    let world = World::new().await;
    let list = format!("{ROLES}/roleAssignmentScheduleInstances");
    let instances = of(&world, &list, "principalId", GRACE).await;
    assert_eq!(instances[0]["assignmentType"], "Assigned");
    assert_eq!(instances.as_array().unwrap().len(), 1);
    assert_eq!(of(&world, &list, "principalId", LIDIA).await, json!([]));
    let (status, answer) = world.get(&format!("{list}?$top=2")).await;
    assert_eq!(
        (status.as_u16(), answer["value"].as_array().unwrap().len()),
        (200, 2)
    );
    assert!(answer["@odata.nextLink"].is_string());
}

#[tokio::test]
async fn pim_tells_which_role_somebody_may_activate() {
    let world = World::new().await;
    let list = format!("{ROLES}/roleEligibilityScheduleInstances");
    for id in [LIDIA, PAUL] {
        let roles = of(&world, &list, "principalId", id).await;
        assert_eq!(
            roles[0]["roleDefinitionId"],
            "fe930be7-5e62-47db-91af-98c3a49a38b1"
        );
    }
    assert_eq!(of(&world, &list, "principalId", ADELE).await, json!([]));
}

#[tokio::test]
async fn pim_for_groups_is_asked_by_who_may_and_by_group() {
    let world = World::new().await;
    let all = of(&world, ELIGIBLE_FOR_GROUPS, "groupId", OPERATORS).await;
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
        let own = of(&world, ELIGIBLE_FOR_GROUPS, "principalId", id).await;
        assert_eq!(
            (&own[0]["groupId"], &own[0]["accessId"]),
            (&json!(OPERATORS), &json!(access))
        );
    }
    for id in [GRETA, ADELE] {
        let own = of(&world, ELIGIBLE_FOR_GROUPS, "principalId", id).await;
        assert_eq!(own, json!([]), "a group that may is not its members");
    }
    assert_eq!(
        of(&world, ELIGIBLE_FOR_GROUPS, "groupId", PAYROLL).await,
        json!([])
    );
    for query in ["", "?$filter=accessId eq 'member'"] {
        assert_eq!(
            world.get(&format!("{ELIGIBLE_FOR_GROUPS}{query}")).await.0,
            400
        );
    }
}

#[tokio::test]
async fn a_tenant_without_the_licence_has_no_pim_and_says_so() {
    let world = World::of(&json!({"licences": []})).await;
    for list in [
        &format!("{ROLES}/roleAssignmentScheduleInstances"),
        &format!("{ROLES}/roleEligibilityScheduleInstances"),
        ELIGIBLE_FOR_GROUPS,
    ] {
        let (status, answer) = world
            .get(&format!("{list}?$filter=principalId eq '{LIDIA}'"))
            .await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (400, &json!("AadPremiumLicenseRequired"))
        );
    }
    let (status, _) = world.get(&format!("{ROLES}/roleAssignments")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn pim_needs_permissions_of_its_own_for_roles_and_for_groups() {
    for (permission, allowed) in [
        ("RoleManagement.Read.Directory", [200, 200, 403]),
        ("RoleAssignmentSchedule.Read.Directory", [200, 403, 403]),
        ("RoleEligibilitySchedule.Read.Directory", [403, 200, 403]),
        (
            "PrivilegedEligibilitySchedule.Read.AzureADGroup",
            [403, 403, 200],
        ),
    ] {
        let world = World::with_permissions(&[permission]).await;
        let mut statuses = Vec::new();
        for list in [
            &format!("{ROLES}/roleAssignmentScheduleInstances"),
            &format!("{ROLES}/roleEligibilityScheduleInstances"),
            ELIGIBLE_FOR_GROUPS,
        ] {
            let path = format!("{list}?$filter=principalId eq '{ADELE}'");
            statuses.push(world.get(&path).await.0.as_u16());
        }
        assert_eq!(statuses, allowed, "{permission}");
    }
}

#[tokio::test]
async fn the_role_assignable_groups_are_listed_page_by_page() {
    let world = World::with_permissions(&["GroupMember.Read.All"]).await;
    let list = "/v1.0/groups?$filter=isAssignableToRole eq true&$select=id,displayName";
    let (_, answer) = world.get(list).await;
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
    let (_, first) = world.get(&format!("{list}&$top=2")).await;
    let next = first["@odata.nextLink"].as_str().unwrap();
    let (_, second) = world
        .get(next.strip_prefix(&world.serving.url).unwrap())
        .await;
    assert_eq!(
        (each(&first, "id").len(), each(&second, "id")),
        (2, vec![PAYROLL.to_owned()])
    );
    let (_, all) = world.get("/v1.0/groups").await;
    assert_eq!(each(&all, "id").len(), 5);
}

#[tokio::test]
async fn groups_are_filtered_by_that_alone_and_hidden_without_permission() {
    let world = World::new().await;
    for filter in [
        "isAssignableToRole eq false",
        "displayName eq 'Service desk'",
        "x",
    ] {
        let (status, answer) = world.get(&format!("/v1.0/groups?$filter={filter}")).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (400, &json!("Request_UnsupportedQuery")),
            "{filter}"
        );
    }
    let world = World::with_permissions(&["User.Read.All", "RoleManagement.Read.Directory"]).await;
    assert_eq!(world.get("/v1.0/groups").await.0, 403);
}
