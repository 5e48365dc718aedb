//! Whom one approval is not enough for, and whom none resets. docs/outcomes.md has this as a table.

use serde_json::json;

use crate::test_app::{ADA, JANE, OLGA, SAM, TestApp, VERA, VICTOR};

/// Refused on one approval, before any write, with this code; let through on two proper ones, by the privileged
/// credential.
async fn wants_two(target: &str, code: &str) {
    let app = TestApp::new().await;
    let one = app.reset(app.draft().target(target)).await;
    assert_eq!((one.status, one.code()), (403, code), "{target}: {one:?}");
    app.assert_nothing_happened();

    let two = app
        .reset_on_two(
            app.draft().target(target),
            app.second_draft().target(target),
        )
        .await;
    assert_eq!(
        (two.status, &two.json["state"]),
        (200, &json!("completed")),
        "{target}: {two:?}"
    );
    assert_eq!(two.json["privileged"], true);
}

#[tokio::test]
async fn a_global_administrator_wants_two() {
    wants_two("grace.admin@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_who_holds_a_role_through_a_group_wants_two() {
    wants_two("nestor.wilke@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_in_a_custom_role_wants_two() {
    wants_two("carla.custom@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_with_a_role_at_one_administrative_unit_wants_two() {
    wants_two("uma.unit@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_who_was_assigned_a_role_for_a_time_in_pim_wants_two() {
    wants_two("petra.assigned@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_who_has_activated_a_role_in_pim_wants_two() {
    wants_two("paul.activated@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_who_may_activate_a_role_wants_two() {
    wants_two("lidia.holloway@contoso.example", "privileged_eligible_role").await;
}

#[tokio::test]
async fn a_member_of_a_role_assignable_group_without_a_role_wants_two() {
    wants_two(
        "rosa.member@contoso.example",
        "privileged_role_assignable_group",
    )
    .await;
}

#[tokio::test]
async fn an_owner_of_a_role_assignable_group_wants_two() {
    wants_two("owen.owner@contoso.example", "privileged_group_owner").await;
}

#[tokio::test]
async fn somebody_who_may_become_a_member_of_a_role_assignable_group_wants_two() {
    wants_two(
        "gabriel.member@contoso.example",
        "privileged_eligible_group",
    )
    .await;
}

#[tokio::test]
async fn somebody_who_may_become_an_owner_of_a_role_assignable_group_wants_two() {
    wants_two("oscar.owner@contoso.example", "privileged_eligible_group").await;
}

#[tokio::test]
async fn somebody_whose_group_may_become_part_of_a_role_assignable_group_wants_two() {
    wants_two("greta.nested@contoso.example", "privileged_eligible_group").await;
}

#[tokio::test]
async fn somebody_who_may_become_part_of_a_group_that_may_become_part_of_another_wants_two() {
    // Jane may join IT contractors, who may join Identity operators, who hold a role.
    let app = TestApp::with_tenant(|users| {
        let chain = "\"groupEligibilities\": [{\
            \"groupId\": \"c1000000-0000-4000-8000-000000000005\",\
            \"principalId\": \"a1000000-0000-4000-8000-00000000000b\",\
            \"accessId\": \"member\"},";
        users.replace("\"groupEligibilities\": [", chain)
    })
    .await;
    let reply = app.reset(app.draft()).await;
    assert_eq!(
        (reply.status, reply.code()),
        (403, "privileged_eligible_group"),
        "{reply:?}"
    );
    app.assert_nothing_happened();
}

#[tokio::test]
async fn somebody_who_may_become_a_member_of_a_group_that_the_policy_calls_privileged_wants_two() {
    let contractors = "c1000000-0000-4000-8000-000000000005";
    let tenant = |users: String| {
        let eligible = format!(
            "\"groupEligibilities\": [{{\"groupId\": \"{contractors}\", \
             \"principalId\": \"a1000000-0000-4000-8000-000000000001\", \"accessId\": \"member\"}}, "
        );
        // Nobody else is eligible for anything, so only the policy makes that group matter.
        let (before, rest) = users.split_once("\"groupEligibilities\": [").unwrap();
        let (_, after) = rest.split_once(']').unwrap();
        format!("{before}{}]{after}", eligible.trim_end_matches(", "))
    };
    let adele = "adele.vance@contoso.example";
    let app = TestApp::with_tenant(tenant).await;
    assert_eq!(app.reset(app.draft().target(adele)).await.status, 200);

    let policy = |policy: String| {
        policy.replace(
            "break_glass =",
            &format!("privileged_groups = [\"{contractors}\"]\nbreak_glass ="),
        )
    };
    let app = TestApp::with(policy, tenant).await;
    let reply = app.reset(app.draft().target(adele)).await;
    assert_eq!(
        (reply.status, reply.code()),
        (403, "privileged_eligible_group"),
        "{reply:?}"
    );
    app.assert_nothing_happened();
}

#[tokio::test]
async fn somebody_in_a_restricted_management_unit_wants_two_and_a_credential_with_a_role_there() {
    let isaiah = "isaiah.langer@contoso.example";
    wants_two(isaiah, "privileged_restricted_unit").await;

    let app = TestApp::with_policy(|policy| policy.replace("restricted_units = true", "")).await;
    let reply = app
        .reset_on_two(
            app.draft().target(isaiah),
            app.second_draft().target(isaiah),
        )
        .await;
    assert_eq!((reply.status, reply.code()), (403, "restricted_unit"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn whoever_approves_or_owns_a_key_wants_two() {
    let app = TestApp::new().await;
    for target in [SAM, OLGA] {
        let reply = app.reset(app.draft().target(target).approver(ADA)).await;
        assert_eq!(
            (reply.status, reply.code()),
            (403, "privileged_approver"),
            "{target}"
        );
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_member_of_a_group_that_the_policy_calls_privileged_wants_two() {
    let app = TestApp::with_policy(|policy| {
        policy.replace(
            "break_glass =",
            "privileged_groups = [\"c1000000-0000-4000-8000-000000000001\"]\nbreak_glass =",
        )
    })
    .await;
    let reply = app
        .reset(app.draft().target("alex.wilber@contoso.example"))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "privileged_group"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_holder_of_reports_reader_alone_is_standard() {
    let app = TestApp::new().await;
    let reply = app
        .reset(app.draft().target("alex.wilber@contoso.example"))
        .await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (200, &json!("completed")),
        "{reply:?}"
    );
    assert_eq!(reply.json["privileged"], false);
}

#[tokio::test]
async fn a_break_glass_account_is_refused_on_two_and_graph_is_told_nothing_about_it() {
    let app = TestApp::new().await;
    let account = "breakglass1@contoso.example";
    for reply in [
        app.reset(app.draft().target(account)).await,
        app.reset_on_two(
            app.draft().target(account),
            app.second_draft().target(account),
        )
        .await,
    ] {
        assert_eq!((reply.status, reply.code()), (403, "break_glass"));
    }
    app.assert_nothing_happened();
    let calls = app.tenant.calls();
    let about: Vec<_> = calls
        .iter()
        .filter(|call| call.path.contains("00000000000a/"))
        .collect();
    assert!(about.is_empty(), "{about:?}");
}

#[tokio::test]
async fn a_disabled_or_deleted_account_is_refused() {
    let app = TestApp::new().await;
    for (target, code) in [
        ("henrietta.mueller@contoso.example", "target_disabled"),
        ("nobody@contoso.example", "target_not_found"),
    ] {
        let reply = app.reset(app.draft().target(target)).await;
        assert_eq!((reply.status, reply.code()), (422, code));
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn nobody_approves_or_verifies_themselves_under_whatever_spelling() {
    let jane = "A1000000-0000-4000-8000-00000000000B";
    let app = TestApp::new().await;
    let reply = app.reset(app.draft().target(jane).approver(JANE)).await;
    assert_eq!((reply.status, reply.code()), (403, "approver_is_target"));
    let reply = app
        .reset(app.draft().target(jane).verified(JANE, app.now()))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "verifier_is_target"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_approver_or_verifier_who_has_left_counts_for_nothing() {
    let app = TestApp::new().await;
    let gone = "henrietta.mueller@contoso.example";
    for (draft, code) in [
        (app.draft().approver(gone), "approver_disabled"),
        (
            app.draft().approver("nobody@contoso.example"),
            "approver_not_found",
        ),
        (app.draft().verified(gone, app.now()), "verifier_disabled"),
        (
            app.draft().verified("nobody@contoso.example", app.now()),
            "verifier_not_found",
        ),
    ] {
        let reply = app.reset(draft).await;
        assert_eq!((reply.status, reply.code()), (422, code));
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_tenant_without_pim_is_believed_only_if_the_policy_says_so() {
    let unlicensed = |users: String| users.replace("\"licences\": [\"AAD_PREMIUM_P2\"],", "");
    let app = TestApp::with_tenant(unlicensed).await;
    let reply = app.reset(app.draft()).await;
    assert_eq!((reply.status, reply.code()), (202, "misconfigured"));
    app.assert_nothing_happened();

    let app = TestApp::with(
        |policy| policy.replace("break_glass =", "pim = \"unlicensed\"\nbreak_glass ="),
        unlicensed,
    )
    .await;
    assert_eq!(app.reset(app.draft()).await.json["state"], "completed");
    let reply = app
        .reset(app.draft().target("rosa.member@contoso.example"))
        .await;
    assert_eq!(reply.code(), "privileged_role_assignable_group");
}

#[tokio::test]
async fn a_licence_that_runs_out_is_noticed_although_the_groups_are_still_known() {
    let app = TestApp::with_policy(crate::test_app::without_cool_down).await;
    assert_eq!(app.reset(app.draft()).await.json["state"], "completed");
    app.tenant.lose_licences();
    let asked = |call: &simulated::entra::Call| call.query.contains("groupId");
    let before = app.tenant.calls().iter().filter(|call| asked(call)).count();
    let reply = app.reset(app.draft().ticket("HELP-42")).await;
    assert_eq!((reply.status, reply.code()), (202, "misconfigured"));
    let after = app.tenant.calls().iter().filter(|call| asked(call)).count();
    assert_eq!(before, after, "the groups came out of the cache");
}

#[tokio::test]
async fn who_may_become_part_of_a_group_is_asked_once_in_five_minutes() {
    let app = TestApp::new().await;
    app.reset(
        app.draft()
            .target(VERA)
            .approver(SAM)
            .verified(VICTOR, app.now()),
    )
    .await;
    let asked = |app: &TestApp| {
        app.tenant
            .calls()
            .iter()
            .filter(|call| call.path.contains("privilegedAccess") && call.query.contains("groupId"))
            .count()
    };
    let first = asked(&app);
    assert!(first > 0);
    app.reset(app.draft()).await;
    assert_eq!(asked(&app), first);
    app.clock.pass(std::time::Duration::from_secs(301));
    app.reset(app.draft()).await;
    assert_eq!(asked(&app), 2 * first);
}
