//! How Graph is called: over both versions of HTTP, with a token that may be old, and with time for slow answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::ClientBuilder;
use reregister_mfa::entra::{ActsOn, Credential, Entra, EntraDeps, EntraSettings, ServiceUrl};
use reregister_mfa::reset::ports::Directory;
use serde_json::json;
use simulated::entra::{Fault, Tenant};
use tokio::net::TcpListener;

use crate::log;
use crate::memory::{MemorySecrets, NoWebIdentity};
use crate::permissions::BUTTON;
use crate::stand_ins::ManualClock;
use crate::test_app::{ALEX, JANE, Overrides, SAM, TestApp, without_cool_down};

const ALEXS_ID: &str = "a1000000-0000-4000-8000-000000000002";

/// The tenant of the examples, seen through a client of the test's.
async fn directory(client: ClientBuilder) -> (Entra, Tenant, simulated::entra::Serving) {
    let tenant = Tenant::from_json(include_str!("../../examples/users.json")).unwrap();
    let serving = tenant.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let secrets = Arc::new(MemorySecrets::default());
    let secret = "reregister-mfa/graph";
    let credential = json!({
        "client_id": "0b1c2d3e-4f50-4162-8738-495a6b7c8d9e", "client_secret": "standard-app-secret",
    });
    secrets.set(
        secret.to_owned().try_into().unwrap(),
        credential.to_string(),
    );
    let url = || ServiceUrl::try_from(serving.url.clone()).unwrap();
    let settings = EntraSettings {
        credential: Credential::Secret(secret.to_owned().try_into().unwrap()),
        login: url(),
        graph: url(),
    };
    let deps = EntraDeps {
        http: client.build().unwrap(),
        secrets,
        identity: Arc::new(NoWebIdentity),
        clock: Arc::new(ManualClock::new()),
        standard_apps: Arc::default(),
    };
    let id = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716".parse().unwrap();
    let entra = Entra::new(id, settings, ActsOn::Standard, true, BTreeSet::new(), deps);
    (entra, tenant, serving)
}

#[tokio::test]
async fn a_post_without_a_body_says_its_length_over_both_versions_of_http() {
    for client in [
        reqwest::Client::builder().http1_only(),
        reqwest::Client::builder().http2_prior_knowledge(),
    ] {
        let (entra, tenant, _serving) = directory(client).await;
        let alex = ALEXS_ID.parse().unwrap();
        let revoked = entra.revoke_sessions(alex).await;
        assert_eq!(revoked, Ok(()), "{:?}", tenant.calls());
        assert!(tenant.sessions_revoked(ALEXS_ID));
        let facts = entra.privilege_facts(alex).await.unwrap();
        assert!(!facts.memberships.is_empty());
    }
}

#[tokio::test]
async fn consent_that_was_given_counts_as_soon_as_the_token_is_a_minute_old() {
    let app = TestApp::with_policy(without_cool_down).await;
    let phones = "UserAuthMethod-Phone.ReadWrite.All";
    let without: Vec<&str> = BUTTON.into_iter().filter(|name| *name != phones).collect();
    app.tenant.grant(&without);
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_needs_human();

    app.tenant.grant(&BUTTON);
    app.clock.pass(Duration::from_secs(61));
    let draft = app.draft().ticket("HELP-42").target(ALEX);
    app.reset(draft).await.assert_completed();
    assert_eq!(app.tenant.token_requests(), 2);
}

#[tokio::test]
async fn a_missing_permission_is_not_asked_about_with_token_after_token() {
    let app = TestApp::new().await;
    app.tenant.grant(&["User.Read.All"]);
    app.reset(app.draft()).await.assert_waiting("misconfigured");
    assert_eq!(app.tenant.token_requests(), 1);
    app.clock.pass(Duration::from_secs(61));
    let draft = app.draft().ticket("HELP-42").target(ALEX);
    app.reset(draft).await.assert_waiting("misconfigured");
    assert_eq!(app.tenant.token_requests(), 2);
}

#[tokio::test]
async fn a_slow_list_of_methods_is_waited_for_and_asked_for_once() {
    // Other calls of this client end after two seconds.
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2));
    let (entra, tenant, _serving) = directory(client).await;
    for list in [
        "authentication/methods",
        "authentication/hardwareOathMethods",
    ] {
        tenant.fail(Fault::on("GET", list).slow(Duration::from_secs(3)));
    }
    let listing = entra.methods(ALEXS_ID.parse().unwrap()).await.unwrap();
    assert!(!listing.methods.is_empty() && !listing.hardware_unknown);
    assert_eq!(tenant.calls().len(), 2);
}

#[tokio::test]
async fn a_group_about_which_pim_takes_no_question_is_not_managed_and_holds_up_no_reset() {
    // Payroll approvers, which is role-assignable.
    let group = "groupId+eq+'c1000000-0000-4000-8000-000000000004'";
    for status in [400, 404] {
        let app = TestApp::new().await;
        app.tenant
            .fail(Fault::on("GET", group).times(u32::MAX).status(status));
        app.reset(app.draft()).await.assert_completed();
    }
}

#[tokio::test]
async fn what_a_person_may_join_counts_even_if_pim_takes_no_question_about_the_group() {
    let app = TestApp::new().await;
    app.tenant
        .fail(Fault::on("GET", "groupId+eq").times(u32::MAX).status(400));
    let gabriel = "gabriel.member@contoso.example";
    let reply = app.reset(app.draft().target(gabriel)).await;
    reply.assert_refused(403, "privileged_eligible_group");
}

#[tokio::test]
async fn a_question_that_graph_rejects_is_a_misconfiguration_and_no_outage() {
    for status in [400, 404, 405, 406, 410, 415, 451] {
        for path in [
            "roleAssignments?",
            "roleEligibilityScheduleInstances?$filter",
            "principalId+eq",
            "transitiveMemberOf",
            "/groups?",
            "authentication/methods",
        ] {
            let app = TestApp::new().await;
            app.tenant
                .fail(Fault::on("GET", path).times(u32::MAX).status(status));
            let reply = app.reset(app.draft()).await;
            assert_eq!(reply.code(), "misconfigured", "{path} {status}: {reply:?}");
            app.assert_nothing_happened();
        }
    }
}

#[tokio::test]
async fn a_rejected_question_about_an_object_id_does_not_say_that_the_person_is_missing() {
    let app = TestApp::new().await;
    let person = format!("/users/{ALEXS_ID}?");
    app.tenant
        .fail(Fault::on("GET", &person).times(u32::MAX).status(400));
    let reply = app.reset(app.draft().target(ALEXS_ID)).await;
    reply.assert_waiting("misconfigured");
}

/// Parsers differ in which of the two they believe.
#[tokio::test]
async fn an_answer_in_which_a_member_comes_twice_is_no_answer() {
    let app = TestApp::new().await;
    let fault = Fault::on("GET", "/roleAssignments?").times(u32::MAX);
    let twice = r#"{"value":[{"id":"a role"}],"value":[]}"#;
    app.tenant.fail(fault.body(200, twice.to_owned()));
    let reply = app.reset(app.draft()).await;
    reply.assert_waiting("directory_unavailable");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_missing_licence_is_seen_inside_another_error() {
    let inner =
        r#"{"errorCode":"AadPremiumLicenseRequired","message":"m","instanceAnnotations":[]}"#;
    let body = json!({"error": {"code": "UnknownError", "message": inner, "innerError": {}}});
    let app = TestApp::with_policy(|policy| policy.add("tenants.contoso.rules.pim", "unlicensed"));
    let app = app.await;
    let fault = Fault::on("GET", "Schedule").times(u32::MAX);
    app.tenant.fail(fault.body(400, body.to_string()));
    app.reset(app.draft().target(JANE)).await.assert_completed();
}

#[tokio::test]
async fn the_start_names_a_missing_licence_and_what_the_policy_names_and_the_tenant_has_not() {
    log::start();
    let absent = "c1000000-0000-4000-8000-0000000000aa";
    let account = "a1000000-0000-4000-8000-0000000000aa";
    let app = TestApp::build(
        |policy| {
            policy
                .push(
                    "tenants.contoso.rules.approvers",
                    "misspelt@contoso.example",
                )
                .push("tenants.contoso.rules.break_glass", account)
                .add("tenants.contoso.rules.privileged_groups", json!([absent]))
        },
        |tenant| tenant.set("licences", json!([])),
        Overrides::default(),
    )
    .await;
    app.app.warm_up().await;
    for text in [
        "misspelt@contoso.example",
        account,
        absent,
        "has no licence for PIM",
    ] {
        assert!(!log::lines_with(text).is_empty(), "{text}");
    }
    let absent = log::lines_with("whom the tenant has not");
    assert!(!absent.contains(SAM), "the tenant has this one: {absent}");
}
