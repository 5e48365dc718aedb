//! An approved ticket makes Microsoft 365 require re-registration.

use serde_json::json;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::jira_automation::web_request;
use simulated::senders::servicenow::ItemApproved;

use crate::test_app::{AUTOMATION_SECRET, FIELD, JANE, JIRA_SECRET, SERVICENOW_KEY, TestApp};

fn approved() -> Status {
    Status::new("10042", "Approved")
}

#[tokio::test]
async fn janes_four_methods_go_and_the_passkey_and_windows_hello_stay_and_are_named() {
    let app = TestApp::new().await;
    let reply = app.reset(app.draft().reason("lost")).await;

    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(
        reply.methods("removed"),
        [
            "Software OATH token",
            "Microsoft Authenticator",
            "Alternate mobile phone",
            "Mobile phone",
        ]
    );
    assert_eq!(
        reply.methods("kept"),
        ["Passkey", "Windows Hello for Business"]
    );
    assert_eq!(app.has(JANE), ["fido2", "windowsHelloForBusiness"]);
    assert_eq!(reply.json["can_register"], "no");
    assert_eq!(reply.json["state"], "completed");
    insta::assert_snapshot!(reply.note(), @"What was approved has been done, but jane.doe@contoso.example CANNOT register yet: registration will ask for a method that is left and that they have not got. Removed: Software OATH token, Microsoft Authenticator (Jane's iPhone), Alternate mobile phone (ending in 34), Mobile phone (ending in 12). Kept: Passkey (Passkey on the iPhone), Windows Hello for Business (JANE-LAPTOP). Sessions were revoked. A passkey stays in place; if it is on a phone that is gone, get an approval with passkeys:remove (within the cool-down it takes two, by two people).");
}

#[tokio::test]
async fn sessions_are_revoked_before_the_first_method_goes() {
    let app = TestApp::new().await;
    app.reset(app.draft()).await;
    assert_eq!(app.writes().first().unwrap(), "POST revokeSignInSessions");
    assert!(app.tenant.sessions_revoked(JANE));
}

#[tokio::test]
async fn the_default_method_is_put_off_until_the_others_are_gone() {
    let app = TestApp::new().await;
    app.reset(app.draft()).await;
    let authenticator: Vec<String> = app
        .writes()
        .into_iter()
        .filter(|write| write.contains("microsoftAuthenticatorMethods"))
        .collect();
    assert_eq!(
        authenticator.len(),
        2,
        "refused once as the default, then deleted"
    );
    assert!(
        app.writes()
            .last()
            .unwrap()
            .contains("microsoftAuthenticatorMethods")
    );
}

#[tokio::test]
async fn with_passkeys_remove_the_passkey_goes_too_and_jane_can_register() {
    let app = TestApp::new().await;
    let reply = app
        .reset(app.draft().scope("mfa:reregister passkeys:remove"))
        .await;
    assert_eq!(reply.json["can_register"], "yes");
    assert_eq!(app.has(JANE), ["windowsHelloForBusiness"]);
    assert!(reply.note().starts_with("Done: "));
    assert!(reply.note().contains("https://aka.ms/mfasetup"));
}

#[tokio::test]
async fn with_sessions_keep_no_session_is_revoked() {
    let app = TestApp::new().await;
    let reply = app
        .reset(app.draft().scope("mfa:reregister sessions:keep"))
        .await;
    assert_eq!(reply.json["sessions"], "kept");
    assert!(!app.tenant.sessions_revoked(JANE));
}

#[tokio::test]
async fn jira_automation_does_the_same_with_a_secret_header() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let issue = Issue::new("HELP-42", approved()).field(FIELD, approval.as_str());
    let reply = app
        .send(web_request(
            "/webhooks/jira-automation",
            &issue,
            "X-Reregister-Secret",
            AUTOMATION_SECRET,
        ))
        .await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (200, &json!("completed"))
    );
    assert_eq!(app.has(JANE).len(), 2);
}

#[tokio::test]
async fn jira_automation_may_send_the_short_body_of_the_documentation() {
    let app = TestApp::new().await;
    let body = json!({"ticket": "HELP-42", "status": "10042", "customfield_10123": app.approve(app.draft())});
    let request = Request::post_json("/webhooks/jira-automation", body.to_string())
        .header("X-Reregister-Secret", AUTOMATION_SECRET);
    assert_eq!(app.send(request).await.json["state"], "completed");
}

#[tokio::test]
async fn servicenow_does_the_same_with_standard_webhooks() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft().ticket("RITM0010072"));
    let reply = app
        .send(app.servicenow("RITM0010072", JANE, &approval))
        .await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (200, &json!("completed"))
    );
}

#[tokio::test]
async fn servicenow_may_send_an_old_timestamp_for_an_hour_because_its_queue_does() {
    let app = TestApp::new().await;
    let approval = app.approve(
        app.draft()
            .ticket("RITM0010072")
            .expires_at(app.now() + 5400),
    );
    let item = ItemApproved::new("RITM0010072", JANE).approval(&approval);
    let old = item
        .signed("/webhooks/servicenow", SERVICENOW_KEY, app.now() - 3700)
        .unwrap();
    assert_eq!(app.send(old).await.status, 401);
    let newer = item
        .signed("/webhooks/servicenow", SERVICENOW_KEY, app.now() - 3500)
        .unwrap();
    assert_eq!(app.send(newer).await.status, 200);
}

#[tokio::test]
async fn an_approval_added_to_a_ticket_that_is_already_approved_is_acted_upon() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let event = IssueEvent::approval_added(Issue::new("HELP-42", approved()), FIELD, &approval);
    let reply = app.send(event.signed("/webhooks/jira", JIRA_SECRET)).await;
    assert_eq!(reply.json["state"], "completed");
}

#[tokio::test]
async fn data_center_names_no_field_ids_and_is_understood_all_the_same() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let issue = Issue::new("HELP-42", approved()).field(FIELD, approval.as_str());
    let event = IssueEvent::transition(issue, &Status::new("1", "Open")).data_center();
    let reply = app.send(event.signed("/webhooks/jira", JIRA_SECRET)).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");

    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let event = IssueEvent::approval_added(Issue::new("HELP-42", approved()), FIELD, &approval)
        .data_center();
    let reply = app.send(event.signed("/webhooks/jira", JIRA_SECRET)).await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
}

#[tokio::test]
async fn an_event_that_asks_for_nothing_is_a_quiet_204() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let issue = Issue::new("HELP-42", approved()).field(FIELD, approval.as_str());
    let comment = IssueEvent::commented(issue.clone(), "any news?");
    let rejected = IssueEvent::transition(
        Issue::new("HELP-42", Status::new("10043", "Declined")),
        &approved(),
    );
    for event in [comment, rejected] {
        let reply = app.send(event.signed("/webhooks/jira", JIRA_SECRET)).await;
        assert_eq!(reply.status, 204);
    }
    assert_eq!(app.decisions(), [""; 0]);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_ticket_that_is_approved_but_carries_no_approval_is_a_visible_refusal() {
    let app = TestApp::new().await;
    let reply = app.send(app.jira("I spoke to her, it is fine")).await;
    assert_eq!((reply.status, reply.code()), (422, "approval_missing"));
    assert_eq!(reply.content_type, "application/problem+json");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_guest_and_a_colleagues_word_are_warned_about() {
    let app = TestApp::new().await;
    let guest = "jordan_fabrikam.example#EXT#@contoso.example";
    let hearsay = json!({
        "method": "phone_call", "via": "home", "contact_source": "colleague",
        "verified_by": crate::test_app::VERA, "verified_at": app.now() - 60,
    });
    let reply = app
        .reset(app.draft().target(guest).verification([hearsay]))
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let codes: Vec<_> = reply.json["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes, ["guest", "contact_from_colleague"]);
    assert!(
        reply.json["register_at"]
            .as_str()
            .unwrap()
            .contains("tenantId=")
    );
    assert_eq!(reply.json["sessions"], "not_for_guests");
    assert_eq!(reply.json["can_register"], "unknown");
}

#[tokio::test]
async fn people_are_found_by_object_id_and_by_names_that_want_escaping() {
    for target in [
        "A1000000-0000-4000-8000-00000000000B",
        "$cash@contoso.example",
        "JANE.DOE@contoso.example",
    ] {
        let app = TestApp::new().await;
        let reply = app.reset(app.draft().target(target)).await;
        assert_eq!(reply.json["state"], "completed", "{target}: {reply:?}");
    }
}

#[tokio::test]
async fn hardware_tokens_are_named_by_default_and_deactivated_if_the_policy_says_so() {
    let megan = "megan.bowen@contoso.example";
    let app = TestApp::new().await;
    let reply = app.reset(app.draft().target(megan)).await;
    // Graph does not delete the default method while the token is there: that is for somebody to click.
    assert_eq!(reply.json["state"], "needs_human", "{reply:?}");
    assert_eq!(reply.methods("failed"), ["Microsoft Authenticator"]);
    assert!(
        reply
            .methods("kept")
            .contains(&"Hardware OATH token".to_owned())
    );
    assert!(
        reply
            .methods("kept")
            .contains(&"somethingNewAuthenticationMethod".to_owned())
    );
    assert!(reply.note().contains("deactivate it in Entra"));
    assert!(reply.note().contains("NOT complete"));

    let app = TestApp::with_policy(|policy| {
        policy.replace(
            "break_glass =",
            "hardware_oath = \"deactivate\"\nbreak_glass =",
        )
    })
    .await;
    let reply = app.reset(app.draft().target(megan)).await;
    assert_eq!(reply.methods("deactivated"), ["Hardware OATH token"]);
    assert_eq!(reply.json["state"], "completed");
}

#[tokio::test]
async fn the_ticket_may_name_the_person_and_must_then_name_the_right_one() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft().ticket("RITM1"));
    let reply = app
        .send(app.servicenow("RITM1", "alex.wilber@contoso.example", &approval))
        .await;
    assert_eq!((reply.status, reply.code()), (422, "other_person"));
    app.assert_nothing_happened();

    let by_id = app.servicenow("RITM1", "a1000000-0000-4000-8000-00000000000b", &approval);
    assert_eq!(app.send(by_id).await.json["state"], "completed");
}
