//! The people for whom one approval is not enough, and those who are never reset. docs/outcomes.md has this as a table.

use std::time::Duration;

use serde_json::json;
use simulated::entra::Call;

use crate::documented::{Rows, documented};
use crate::test_app::{
    ADA, ADELE, ALEX, Document, GRACE, OLGA, Overrides, SAM, TestApp, VERA, VICTOR,
    without_cool_down,
};

/// The group "IT contractors", which holds no role.
const CONTRACTORS: &str = "c1000000-0000-4000-8000-000000000005";
const JANES_ID: &str = "a1000000-0000-4000-8000-00000000000b";
const ADELES_ID: &str = "a1000000-0000-4000-8000-000000000001";
const ISAIAH: &str = "isaiah.langer@contoso.example";
const ROSA: &str = "rosa.member@contoso.example";

#[tokio::test]
async fn a_privileged_person_is_refused_on_one_approval_and_reset_on_two() {
    let rows = Rows::of_this_scenario();
    for (person, target, code) in [
        ("a Global Administrator", GRACE, "privileged_role"),
        (
            "a person who holds a role through a group",
            "nestor.wilke@contoso.example",
            "privileged_role",
        ),
        (
            "a person in a custom role",
            "carla.custom@contoso.example",
            "privileged_role",
        ),
        (
            "a person with a role at one administrative unit",
            "uma.unit@contoso.example",
            "privileged_role",
        ),
        (
            "a person to whom PIM assigned a role for a time",
            "petra.assigned@contoso.example",
            "privileged_role",
        ),
        (
            "a person who has activated a role in PIM",
            "paul.activated@contoso.example",
            "privileged_role",
        ),
        (
            "a person who may activate a role in PIM",
            "lidia.holloway@contoso.example",
            "privileged_eligible_role",
        ),
        (
            "a member of a role-assignable group that has no role",
            ROSA,
            "privileged_role_assignable_group",
        ),
        (
            "an owner of a role-assignable group",
            "owen.owner@contoso.example",
            "privileged_group_owner",
        ),
        (
            "a person who may become a member of a role-assignable group",
            "gabriel.member@contoso.example",
            "privileged_eligible_group",
        ),
        (
            "a person who may become an owner of a role-assignable group",
            "oscar.owner@contoso.example",
            "privileged_eligible_group",
        ),
        (
            "a member of a group that may become a member of a role-assignable group",
            "greta.nested@contoso.example",
            "privileged_eligible_group",
        ),
        (
            "a person in a restricted management unit, in which the second app has a role",
            ISAIAH,
            "privileged_restricted_unit",
        ),
    ] {
        let app = TestApp::new().await;
        let one = app.reset(app.draft().target(target)).await;
        assert_eq!((one.status, one.code()), (403, code), "{person}: {one:?}");
        rows.show(person, "one", &one);
        app.assert_nothing_happened();

        let (first, second) = (
            app.draft().target(target),
            app.second_draft().target(target),
        );
        let two = app.reset_on_two(first, second).await;
        assert_eq!(
            (two.status, two.state()),
            (200, "completed"),
            "{person}: {two:?}"
        );
        assert_eq!(two.json["privileged"], true, "{person}");
        rows.show(
            "a person of any kind above whom this scenario names",
            "two",
            &two,
        );
    }
}

#[tokio::test]
async fn a_person_in_a_restricted_management_unit_needs_a_credential_with_a_role_there() {
    let app =
        TestApp::with_policy(|policy| policy.remove("tenants.contoso.privileged.restricted_units"))
            .await;
    let (first, second) = (
        app.draft().target(ISAIAH),
        app.second_draft().target(ISAIAH),
    );
    let reply = app.reset_on_two(first, second).await;
    reply.assert_refused(403, "restricted_unit");
    documented(&reply);
    app.assert_nothing_happened();
}

/// In PIM for Groups a person or a group may become a member of a group.
fn may_become_member(who: &str, group: &str) -> serde_json::Value {
    json!({"principalId": who, "groupId": group, "accessId": "member"})
}

/// In three hours Jane's role begins, or the time in which she may activate it.
fn in_three_hours(role: &str) -> serde_json::Value {
    json!({"principalId": JANES_ID, "roleDefinitionId": role, "startsInHours": 3})
}

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

#[tokio::test]
async fn a_role_that_pim_assigns_from_later_today_on_counts_now() {
    let mut assigned = in_three_hours(GLOBAL_ADMINISTRATOR);
    assigned["assignmentType"] = json!("Assigned");
    let app = TestApp::with_tenant(|tenant| tenant.push("roleAssignmentSchedules", assigned)).await;
    let reply = app.reset(app.draft()).await;
    documented(&reply);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn what_pim_lets_a_person_activate_from_later_today_on_counts_now() {
    let standard_role = "4a5d8f65-41da-4de4-8968-e035b65339cf";
    let mut group = may_become_member(JANES_ID, CONTRACTORS);
    group["startsInHours"] = json!(3);
    for (list, item, code) in [
        (
            "roleEligibilities",
            in_three_hours(GLOBAL_ADMINISTRATOR),
            "privileged_eligible_role",
        ),
        ("groupEligibilities", group, "privileged_eligible_group"),
    ] {
        let app = TestApp::with_tenant(|tenant| tenant.push(list, item)).await;
        let reply = app.reset(app.draft()).await;
        reply.assert_refused(403, code);
        app.assert_nothing_happened();
    }
    let standard = in_three_hours(standard_role);
    let app = TestApp::with_tenant(|tenant| tenant.push("roleEligibilities", standard)).await;
    app.reset(app.draft()).await.assert_completed();
}

#[tokio::test]
async fn eligibility_for_a_role_assignable_group_counts_across_a_group_in_between() {
    // Jane may join IT contractors, who may join Identity operators, who hold a role.
    let app = TestApp::with_tenant(|tenant| {
        tenant.push(
            "groupEligibilities",
            may_become_member(JANES_ID, CONTRACTORS),
        )
    })
    .await;
    let reply = app.reset(app.draft()).await;
    reply.assert_refused(403, "privileged_eligible_group");
    documented(&reply);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_person_who_may_join_a_group_that_the_policy_calls_privileged_is_privileged() {
    // Only Adele is eligible for a group, so that group counts for nothing but the policy.
    let tenant = |tenant: Document| {
        let eligibilities = json!([may_become_member(ADELES_ID, CONTRACTORS)]);
        tenant.set("groupEligibilities", eligibilities)
    };
    let app = TestApp::with_tenant(tenant).await;
    let reply = app.reset(app.draft().target(ADELE)).await;
    reply.assert_completed();

    let policy = |policy: Document| {
        policy.add(
            "tenants.contoso.rules.privileged_groups",
            json!([CONTRACTORS]),
        )
    };
    let app = TestApp::build(policy, tenant, Overrides::default()).await;
    let reply = app.reset(app.draft().target(ADELE)).await;
    reply.assert_refused(403, "privileged_eligible_group");
    documented(&reply);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_approver_of_the_policy_and_the_owner_of_a_key_are_privileged() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    for (person, target) in [
        ("an approver whom the policy names", SAM),
        ("the owner of an on-call key", OLGA),
    ] {
        let reply = app.reset(app.draft().target(target).approver(ADA)).await;
        reply.assert_refused(403, "privileged_approver");
        rows.show(person, "one", &reply);
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_member_of_a_group_that_the_policy_calls_privileged_is_privileged() {
    let app = TestApp::with_policy(|policy| {
        let everyone = json!(["c1000000-0000-4000-8000-000000000001"]);
        policy.add("tenants.contoso.rules.privileged_groups", everyone)
    })
    .await;
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_refused(403, "privileged_group");
    documented(&reply);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_holder_of_reports_reader_alone_is_standard() {
    let app = TestApp::new().await;
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_completed();
    documented(&reply);
    assert_eq!(reply.json["privileged"], false);
}

#[tokio::test]
async fn a_break_glass_account_is_refused_on_two_and_no_call_to_graph_is_about_it() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let account = "breakglass1@contoso.example";
    let one = app.reset(app.draft().target(account)).await;
    let (first, second) = (
        app.draft().target(account),
        app.second_draft().target(account),
    );
    let two = app.reset_on_two(first, second).await;
    for (approvals, reply) in [("one", one), ("two", two)] {
        reply.assert_refused(403, "break_glass");
        rows.show("a break-glass account", approvals, &reply);
    }
    app.assert_nothing_happened();
    let calls = app.tenant.calls();
    let about: Vec<&Call> = calls
        .iter()
        .filter(|call| call.path.contains("00000000000a/"))
        .collect();
    assert!(about.is_empty(), "{about:?}");
}

#[tokio::test]
async fn a_disabled_or_deleted_account_is_refused() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    for (person, target, code) in [
        (
            "a disabled account",
            "henrietta.mueller@contoso.example",
            "target_disabled",
        ),
        (
            "an account that was deleted, or never existed",
            "unknown@contoso.example",
            "target_not_found",
        ),
    ] {
        let reply = app.reset(app.draft().target(target)).await;
        reply.assert_refused(422, code);
        rows.show(person, "one", &reply);
    }
    app.assert_nothing_happened();
}

fn without_pim(tenant: Document) -> Document {
    tenant.set("licences", json!([]))
}

#[tokio::test]
async fn a_tenant_without_pim_counts_as_such_only_if_the_policy_says_so() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::with_tenant(without_pim).await;
    let reply = app.reset(app.draft()).await;
    reply.assert_waiting("misconfigured");
    rows.show(
        "a standard person in a tenant without PIM, and the policy does not say so",
        "one",
        &reply,
    );
    app.assert_nothing_happened();

    let policy = |policy: Document| policy.add("tenants.contoso.rules.pim", "unlicensed");
    let app = TestApp::build(policy, without_pim, Overrides::default()).await;
    let reply = app.reset(app.draft()).await;
    rows.show(
        "a standard person in a tenant without PIM, and the policy says so",
        "one",
        &reply,
    );
    let reply = app.reset(app.draft().target(ROSA)).await;
    reply.assert_refused(403, "privileged_role_assignable_group");
}

/// The calls that ask who may become part of a group.
fn eligibility_calls(app: &TestApp) -> usize {
    let calls = app.tenant.calls().into_iter();
    let of_groups =
        |call: &Call| call.path.contains("privilegedAccess") && call.query.contains("groupId");
    calls.filter(of_groups).count()
}

#[tokio::test]
async fn a_licence_that_runs_out_is_noticed_while_the_groups_are_still_cached() {
    let app = TestApp::with_policy(without_cool_down).await;
    app.reset(app.draft()).await.assert_completed();
    app.tenant.lose_licences();
    let before = eligibility_calls(&app);
    assert!(before > 0);
    let reply = app.reset(app.draft().ticket("HELP-42")).await;
    reply.assert_waiting("misconfigured");
    assert_eq!(
        eligibility_calls(&app),
        before,
        "the groups came out of the cache"
    );
}

#[tokio::test]
async fn graph_is_asked_once_in_five_minutes_who_may_become_part_of_a_group() {
    let app = TestApp::new().await;
    let vera = app.draft().target(VERA).approver(SAM);
    app.reset(vera.verified(VICTOR, app.now())).await;
    let first = eligibility_calls(&app);
    assert!(first > 0);
    app.reset(app.draft()).await;
    assert_eq!(eligibility_calls(&app), first);
    app.clock.pass(Duration::from_secs(301));
    app.reset(app.draft()).await;
    assert_eq!(eligibility_calls(&app), 2 * first);
}
