//! The least permissions of each feature, held against Microsoft's permission map: enough, and none too many.

use std::collections::BTreeSet;

use simulated::entra::permissions::allowing;

use crate::test_app::TestApp;

/// What docs/entra.md tells people to grant.
const BUTTON: [&str; 9] = [
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

/// Everything that the product asked of Graph is allowed by these, and each of these is what allows some call.
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

#[tokio::test]
async fn the_button_needs_nine_permissions() {
    let app = TestApp::new().await;
    app.tenant.grant(&BUTTON);
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
    are_enough_and_none_too_many(&app, &BUTTON);
}

#[tokio::test]
async fn passkeys_need_one_more_and_without_it_the_rest_is_done_and_they_are_named() {
    let with: Vec<&str> = BUTTON.into_iter().chain([PASSKEYS]).collect();
    let app = TestApp::new().await;
    app.tenant.grant(&with);
    let reply = app
        .reset(app.draft().scope("mfa:reregister passkeys:remove"))
        .await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
    are_enough_and_none_too_many(&app, &with);

    let app = TestApp::new().await;
    app.tenant.grant(&BUTTON);
    let reply = app
        .reset(app.draft().scope("mfa:reregister passkeys:remove"))
        .await;
    assert_eq!(reply.json["state"], "needs_human");
    assert_eq!(reply.methods("failed"), ["Passkey"]);
    assert_eq!(reply.methods("removed").len(), 4);
}

#[tokio::test]
async fn deactivating_hardware_tokens_needs_one_more_and_reporting_them_does_not() {
    let megan = "megan.bowen@contoso.example";
    let with: Vec<&str> = BUTTON
        .into_iter()
        .filter(|name| !name.contains("Phone") && !name.contains("SoftwareOATH"))
        .chain([HARDWARE_OATH])
        .collect();
    let app = TestApp::with_policy(|policy| {
        policy.replace(
            "break_glass =",
            "hardware_oath = \"deactivate\"\nbreak_glass =",
        )
    })
    .await;
    app.tenant.grant(&with);
    let reply = app.reset(app.draft().target(megan)).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
    are_enough_and_none_too_many(&app, &with);
}

#[tokio::test]
async fn hardware_tokens_that_cannot_be_looked_up_are_said_so_and_do_not_stop_the_rest() {
    use simulated::entra::Fault;

    let app = TestApp::new().await;
    app.tenant.fail(
        Fault::on("GET", "hardwareOathMethods")
            .times(99)
            .status(400),
    );
    let reply = app
        .reset(app.draft().scope("mfa:reregister passkeys:remove"))
        .await;
    assert_eq!(
        (&reply.json["state"], &reply.json["can_register"]),
        (&"completed".into(), &"unknown".into())
    );
    assert!(
        reply.json["warnings"]
            .to_string()
            .contains("hardware_oath_unknown")
    );

    let app = TestApp::with_policy(|policy| {
        policy.replace(
            "break_glass =",
            "hardware_oath = \"deactivate\"\nbreak_glass =",
        )
    })
    .await;
    app.tenant.fail(
        Fault::on("GET", "hardwareOathMethods")
            .times(99)
            .status(429),
    );
    assert_eq!(app.reset(app.draft()).await.json["state"], "needs_human");

    let app = TestApp::with_policy(|policy| {
        policy.replace(
            "break_glass =",
            "hardware_oath = \"unavailable\"\nbreak_glass =",
        )
    })
    .await;
    app.reset(app.draft()).await;
    assert!(app.tenant.calls().iter().all(|call| call.version == "v1.0"));
}
