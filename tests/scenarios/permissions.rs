//! The least permissions of each feature, held against Microsoft's permission map: enough, and none too many.

use std::collections::BTreeSet;

use simulated::entra::Fault;
use simulated::entra::permissions::allowing;

use crate::test_app::{Document, MEGAN, TestApp};

/// What docs/entra.md tells people to grant.
pub const BUTTON: [&str; 9] = [
    "GroupMember.Read.All",
    "PrivilegedEligibilitySchedule.Read.AzureADGroup",
    "RoleManagement.Read.Directory",
    "User.Read.All",
    "User.RevokeSessions.All",
    "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All",
    "UserAuthMethod-Phone.ReadWrite.All",
    "UserAuthMethod-SoftwareOATH.ReadWrite.All",
    "UserAuthenticationMethod.Read.All",
];
const PASSKEYS: &str = "UserAuthMethod-Passkey.ReadWrite.All";
const HARDWARE_OATH: &str = "UserAuthMethod-HardwareOATH.ReadWrite.All";

/// These permissions allow every call to Graph, and without any one of them some call is not allowed.
fn are_enough_and_none_too_many(app: &TestApp, granted: &[&str]) {
    let calls: Vec<BTreeSet<String>> = app
        .tenant
        .calls()
        .iter()
        .map(|call| {
            allowing(&call.method, call.version, &call.path)
                .into_iter()
                .collect()
        })
        .collect();
    let allowed = |call: &BTreeSet<String>, without: &str| {
        granted
            .iter()
            .any(|name| *name != without && call.contains(*name))
    };
    for (call, allowing) in app.tenant.calls().iter().zip(&calls) {
        assert!(allowed(allowing, ""), "{} {}", call.method, call.path);
    }
    for permission in granted {
        assert!(
            calls.iter().any(|call| !allowed(call, permission)),
            "{permission} is never needed"
        );
    }
}

/// A policy with this rule for hardware OATH tokens.
fn hardware_oath(rule: &'static str) -> impl FnOnce(Document) -> Document {
    move |policy| policy.add("tenants.contoso.rules.hardware_oath", rule)
}

#[tokio::test]
async fn the_button_needs_nine_permissions() {
    let app = TestApp::new().await;
    app.tenant.grant(&BUTTON);
    app.reset(app.draft()).await.assert_completed();
    are_enough_and_none_too_many(&app, &BUTTON);
}

#[tokio::test]
async fn removing_passkeys_needs_one_more_and_without_it_the_rest_is_done_and_they_are_named() {
    let with: Vec<&str> = BUTTON.into_iter().chain([PASSKEYS]).collect();
    let app = TestApp::new().await;
    app.tenant.grant(&with);
    let draft = app.draft().scope("mfa:reregister passkeys:remove");
    app.reset(draft).await.assert_completed();
    are_enough_and_none_too_many(&app, &with);

    let app = TestApp::new().await;
    app.tenant.grant(&BUTTON);
    let draft = app.draft().scope("mfa:reregister passkeys:remove");
    let reply = app.reset(draft).await;
    reply.assert_needs_human();
    assert_eq!(reply.methods("failed"), ["Passkey"]);
    assert_eq!(reply.methods("removed").len(), 4);
}

#[tokio::test]
async fn deactivating_hardware_tokens_needs_one_more_and_reporting_them_does_not() {
    let with: Vec<&str> = BUTTON
        .into_iter()
        .filter(|name| !name.contains("Phone") && !name.contains("SoftwareOATH"))
        .chain([HARDWARE_OATH])
        .collect();
    let app = TestApp::with_policy(hardware_oath("deactivate")).await;
    app.tenant.grant(&with);
    app.reset(app.draft().target(MEGAN))
        .await
        .assert_completed();
    are_enough_and_none_too_many(&app, &with);
}

#[tokio::test]
async fn a_failed_look_up_of_hardware_tokens_is_reported_and_does_not_stop_the_rest() {
    let app = TestApp::new().await;
    app.tenant.fail(
        Fault::on("GET", "hardwareOathMethods")
            .times(99)
            .status(400),
    );
    let draft = app.draft().scope("mfa:reregister passkeys:remove");
    let reply = app.reset(draft).await;
    reply.assert_completed();
    assert_eq!(reply.json["can_register"], "unknown");
    assert!(reply.warnings().contains(&"hardware_oath_unknown"));

    let app = TestApp::with_policy(hardware_oath("deactivate")).await;
    app.tenant.fail(
        Fault::on("GET", "hardwareOathMethods")
            .times(99)
            .status(429),
    );
    app.reset(app.draft()).await.assert_needs_human();

    let app = TestApp::with_policy(hardware_oath("unavailable")).await;
    app.reset(app.draft()).await;
    assert!(app.tenant.calls().iter().all(|call| call.version == "v1.0"));
}
