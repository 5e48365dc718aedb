//! Whom one approval is not enough for, and whom none is.

use crate::house::{House, JANE, OLGA, SAM, VERA};

async fn refused(target: &str) -> (u16, String) {
    let house = House::new().await;
    let reply = house
        .reset(
            house
                .draft()
                .target(target)
                .approver(VERA)
                .verified("alex.wilber@contoso.example", house.now()),
        )
        .await;
    house.nothing_happened();
    (reply.status, reply.code().to_owned())
}

#[tokio::test]
async fn a_global_administrator_is_refused_before_any_write() {
    assert_eq!(
        refused("grace.admin@contoso.example").await,
        (403, "privileged_role".to_owned())
    );
}

#[tokio::test]
async fn a_member_of_a_role_assignable_group_is_refused_before_any_write() {
    // Through that group she also holds a role, so take the role away to see the group.
    let (status, code) = refused("nestor.wilke@contoso.example").await;
    assert_eq!(status, 403);
    assert!(
        ["privileged_role", "privileged_role_assignable_group"].contains(&code.as_str()),
        "{code}"
    );
}

#[tokio::test]
async fn a_break_glass_account_is_refused_and_graph_is_told_nothing_about_it() {
    let house = House::new().await;
    let reply = house
        .reset(house.draft().target("breakglass1@contoso.example"))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "break_glass"));
    house.nothing_happened();
    let about: Vec<_> = house
        .tenant
        .calls()
        .into_iter()
        .filter(|call| call.path.contains("00000000000a/"))
        .collect();
    assert!(about.is_empty(), "{about:?}");
}

#[tokio::test]
async fn somebody_in_a_restricted_management_unit_is_refused() {
    assert_eq!(
        refused("isaiah.langer@contoso.example").await,
        (403, "restricted_unit".to_owned())
    );
}

#[tokio::test]
async fn whoever_approves_or_owns_a_key_is_privileged() {
    assert_eq!(refused(SAM).await, (403, "privileged_approver".to_owned()));
    assert_eq!(refused(OLGA).await, (403, "privileged_approver".to_owned()));
}

#[tokio::test]
async fn a_member_of_a_group_that_the_policy_calls_privileged_is_refused() {
    let house = House::with_policy(|policy| {
        policy.replace(
            "break_glass =",
            "privileged_groups = [\"c1000000-0000-4000-8000-000000000001\"]\nbreak_glass =",
        )
    })
    .await;
    let reply = house
        .reset(house.draft().target("alex.wilber@contoso.example"))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "privileged_group"));
    house.nothing_happened();
}

#[tokio::test]
async fn a_holder_of_reports_reader_alone_is_standard() {
    let house = House::new().await;
    let reply = house
        .reset(house.draft().target("alex.wilber@contoso.example"))
        .await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (200, &"completed".into()),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_disabled_or_deleted_account_is_refused() {
    assert_eq!(
        refused("henrietta.mueller@contoso.example").await,
        (422, "target_disabled".to_owned())
    );
    assert_eq!(
        refused("nobody@contoso.example").await,
        (422, "target_not_found".to_owned())
    );
}

#[tokio::test]
async fn nobody_approves_or_verifies_themselves_under_whatever_spelling() {
    let jane = "A1000000-0000-4000-8000-00000000000B";
    let house = House::new().await;
    let reply = house.reset(house.draft().target(jane).approver(JANE)).await;
    assert_eq!((reply.status, reply.code()), (403, "approver_is_target"));
    let reply = house
        .reset(house.draft().target(jane).verified(JANE, house.now()))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "verifier_is_target"));
    house.nothing_happened();
}

#[tokio::test]
async fn an_approver_who_has_left_approves_nothing() {
    let house = House::new().await;
    let reply = house
        .reset(house.draft().approver("henrietta.mueller@contoso.example"))
        .await;
    assert_eq!((reply.status, reply.code()), (422, "approver_disabled"));
    let reply = house
        .reset(house.draft().approver("nobody@contoso.example"))
        .await;
    assert_eq!((reply.status, reply.code()), (422, "approver_not_found"));
    house.nothing_happened();
}
