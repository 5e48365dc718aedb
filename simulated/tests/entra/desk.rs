//! What a service desk reads of a person: their profile, their manager, and whether they are in certain groups.

use super::*;

const INNER: &str = "c1000000-0000-4000-8000-0000000000aa";

fn file() -> Value {
    json!({
        "users": [
            {
                "id": ADELE,
                "userPrincipalName": "adele@contoso.example",
                "displayName": "Adele",
                "mail": "Adele.Vance@contoso.example",
                "department": "Sales",
                "jobTitle": "Clerk",
                "companyName": "Contoso",
                "employeeId": "4711",
                "businessPhones": ["+1 4255550103"],
                "mobilePhone": "+1 4255550101",
                "onPremisesSyncEnabled": true,
                "createdDateTime": "2026-11-27T08:00:00Z",
                "lastPasswordChangeDateTime": "2026-11-28T08:00:00Z",
                "manager": MEGAN,
            },
            {"id": MEGAN, "userPrincipalName": "megan@contoso.example", "displayName": "Megan", "mail": ""},
        ],
        "groups": [
            {"id": DESK, "displayName": "Outer", "members": [INNER]},
            {"id": INNER, "displayName": "Inner", "members": [ADELE]},
        ],
    })
}

#[tokio::test]
async fn the_properties_of_a_person_that_a_desk_reads_are_those_of_the_file() {
    let client = GraphClient::of(&file()).await;
    let names = "department,jobTitle,companyName,createdDateTime,lastPasswordChangeDateTime,employeeId,\
                 onPremisesSyncEnabled,businessPhones,mobilePhone,mail";
    let (_, answer) = client
        .get(&format!("/v1.0/users/{ADELE}?$select={names}"))
        .await;
    let given = &file()["users"][0];
    for name in names.split(',') {
        assert_eq!(answer[name], given[name], "{name}");
    }
    let (_, answer) = client
        .get(&format!("/v1.0/users/{MEGAN}?$select={names}"))
        .await;
    assert_eq!(answer["mail"], Value::Null);
    assert_eq!(answer["businessPhones"], json!([]));
    assert_eq!(
        answer["lastPasswordChangeDateTime"],
        answer["createdDateTime"]
    );
}

#[tokio::test]
async fn the_manager_is_a_person_or_is_not_found() {
    let client = GraphClient::of(&file()).await;
    let (status, answer) = client
        .get(&format!("/v1.0/users/{ADELE}/manager?$select=id,mail"))
        .await;
    assert_eq!(
        (status.as_u16(), &answer["id"], &answer["@odata.type"]),
        (200, &json!(MEGAN), &json!("#microsoft.graph.user"))
    );
    assert_eq!(answer.get("displayName"), None);
    let (status, answer) = client.get(&format!("/v1.0/users/{MEGAN}/manager")).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (404, &json!("Request_ResourceNotFound"))
    );
}

async fn check(client: &GraphClient, body: Value) -> (u16, Value) {
    let path = format!("/v1.0/users/{ADELE}/checkMemberGroups");
    let request = client.request(Verb::POST, &path).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn membership_is_checked_through_groups_for_up_to_twenty_at_once() {
    let client = GraphClient::of(&file()).await;
    let other = "c1000000-0000-4000-8000-0000000000bb";
    let (status, answer) = check(&client, json!({"groupIds": [DESK, other]})).await;
    assert_eq!((status, &answer["value"]), (200, &json!([DESK])));
    for body in [
        json!({"groupIds": vec![DESK; 21]}),
        json!({"groupIds": []}),
        json!({"groupIds": ["x"]}),
        json!({}),
    ] {
        let (status, answer) = check(&client, body).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!("Request_BadRequest"))
        );
    }
}

#[tokio::test]
async fn checking_membership_takes_permissions_for_people_and_for_groups() {
    for (permissions, status) in [
        (&["User.Read.All", "GroupMember.Read.All"][..], 200),
        (&["Directory.Read.All"][..], 200),
        (&["User.Read.All"][..], 403),
        (&["GroupMember.Read.All"][..], 403),
    ] {
        let client = GraphClient::with_permissions(permissions).await;
        let (got, _) = check(&client, json!({"groupIds": [DESK]})).await;
        assert_eq!(got, status, "{permissions:?}");
    }
}
