//! How many requests to Graph a reset takes, over HTTP. A reset happens a few times a day in front of a person who waits;
//! `tests/budget` says how long that is.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::resumption::Interrupted;
use crate::test_app::requests::jira_event;
use crate::test_app::{ADELE, GRACE, JIRA_SECRET, TestApp};

/// The calls to Graph so far, as lines with how often each was made.
fn calls(app: &TestApp) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for call in app.tenant.calls() {
        let segments = call.path.split(['/', '?']).map(|segment| {
            let is_upn = segment.contains('@') || segment.contains("%40");
            let is_id = is_upn || uuid::Uuid::parse_str(segment).is_ok();
            if is_id { "ID" } else { segment }
        });
        let path: Vec<&str> = segments.filter(|segment| !segment.is_empty()).collect();
        let line = format!("{} {}", call.method, path.join("/"));
        *counts.entry(line).or_default() += 1;
    }
    let lines = counts.iter().map(|(line, count)| format!("{count} {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_cold_reset_asks_for_the_groups_that_make_privileged_and_a_warm_one_does_not() {
    let app = TestApp::new().await;
    app.reset(app.draft()).await.assert_completed();
    insta::assert_snapshot!(calls(&app), @r"
    2 DELETE users/ID/authentication/microsoftAuthenticatorMethods/ID
    2 DELETE users/ID/authentication/phoneMethods/ID
    1 DELETE users/ID/authentication/softwareOathMethods/ID
    1 GET groups
    4 GET identityGovernance/privilegedAccess/group/eligibilityScheduleInstances
    4 GET identityGovernance/privilegedAccess/group/eligibilitySchedules
    1 GET roleManagement/directory/roleAssignmentScheduleInstances
    1 GET roleManagement/directory/roleAssignmentSchedules
    1 GET roleManagement/directory/roleAssignments
    1 GET roleManagement/directory/roleEligibilityScheduleInstances
    1 GET roleManagement/directory/roleEligibilitySchedules
    3 GET users/ID
    3 GET users/ID/authentication/hardwareOathMethods
    3 GET users/ID/authentication/methods
    1 GET users/ID/ownedObjects
    1 GET users/ID/transitiveMemberOf
    1 POST users/ID/revokeSignInSessions
    ");
    app.tenant.forget_calls();
    app.reset(app.draft().target(ADELE))
        .await
        .assert_completed();
    insta::assert_snapshot!(calls(&app), @r"
    2 DELETE users/ID/authentication/microsoftAuthenticatorMethods/ID
    3 DELETE users/ID/authentication/phoneMethods/ID
    1 DELETE users/ID/authentication/softwareOathMethods/ID
    1 GET identityGovernance/privilegedAccess/group/eligibilityScheduleInstances
    1 GET identityGovernance/privilegedAccess/group/eligibilitySchedules
    1 GET roleManagement/directory/roleAssignmentScheduleInstances
    1 GET roleManagement/directory/roleAssignmentSchedules
    1 GET roleManagement/directory/roleAssignments
    1 GET roleManagement/directory/roleEligibilityScheduleInstances
    1 GET roleManagement/directory/roleEligibilitySchedules
    3 GET users/ID
    3 GET users/ID/authentication/hardwareOathMethods
    3 GET users/ID/authentication/methods
    1 GET users/ID/ownedObjects
    1 GET users/ID/transitiveMemberOf
    1 POST users/ID/revokeSignInSessions
    ");
}

#[tokio::test]
async fn a_privileged_person_takes_one_list_more() {
    let app = TestApp::new().await;
    app.reset(app.draft()).await.assert_completed();
    app.tenant.forget_calls();
    let first = app.draft().target(GRACE).ticket("HELP-43");
    let second = app.second_draft().target(GRACE).ticket("HELP-43");
    let delivery = jira_event("HELP-43", &app.approve_twice(first, second));
    let delivery = delivery.signed("/webhooks/jira", JIRA_SECRET);
    app.send(delivery).await.assert_completed();
    insta::assert_snapshot!(calls(&app), @r"
    2 DELETE users/ID/authentication/microsoftAuthenticatorMethods/ID
    1 DELETE users/ID/authentication/phoneMethods/ID
    1 GET identityGovernance/privilegedAccess/group/eligibilityScheduleInstances
    1 GET identityGovernance/privilegedAccess/group/eligibilitySchedules
    1 GET roleManagement/directory/roleAssignmentScheduleInstances
    1 GET roleManagement/directory/roleAssignmentSchedules
    1 GET roleManagement/directory/roleAssignments
    1 GET roleManagement/directory/roleEligibilityScheduleInstances
    1 GET roleManagement/directory/roleEligibilitySchedules
    5 GET users/ID
    4 GET users/ID/authentication/hardwareOathMethods
    4 GET users/ID/authentication/methods
    1 GET users/ID/ownedObjects
    1 GET users/ID/transitiveMemberOf
    1 POST users/ID/revokeSignInSessions
    ");
}

#[tokio::test]
async fn a_replay_asks_graph_nothing_and_a_resumption_asks_all_again() {
    let interrupted = Interrupted::new().await;
    let app = &interrupted.app;
    app.wait(Duration::from_secs(60)).await;
    insta::assert_snapshot!(calls(app), @r"
    2 DELETE users/ID/authentication/microsoftAuthenticatorMethods/ID
    2 DELETE users/ID/authentication/phoneMethods/ID
    1 DELETE users/ID/authentication/softwareOathMethods/ID
    1 GET identityGovernance/privilegedAccess/group/eligibilityScheduleInstances
    1 GET identityGovernance/privilegedAccess/group/eligibilitySchedules
    1 GET roleManagement/directory/roleAssignmentScheduleInstances
    1 GET roleManagement/directory/roleAssignmentSchedules
    1 GET roleManagement/directory/roleAssignments
    1 GET roleManagement/directory/roleEligibilityScheduleInstances
    1 GET roleManagement/directory/roleEligibilitySchedules
    3 GET users/ID
    2 GET users/ID/authentication/hardwareOathMethods
    2 GET users/ID/authentication/methods
    1 GET users/ID/ownedObjects
    1 GET users/ID/transitiveMemberOf
    1 POST users/ID/revokeSignInSessions
    ");
    app.tenant.forget_calls();
    app.send(interrupted.delivery.clone())
        .await
        .assert_completed();
    assert_eq!(calls(app), "");
}

#[tokio::test]
async fn an_expired_approval_buys_no_call_to_graph() {
    let app = TestApp::new().await;
    let ended = app.now() - 1;
    let draft = app.draft().issued_at(ended - 600).expires_at(ended);
    assert_eq!(app.reset(draft).await.code(), "approval_expired");
    assert_eq!(calls(&app), "");
}
