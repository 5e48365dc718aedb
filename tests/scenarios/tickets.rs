//! An approved ticket makes Microsoft 365 require re-registration.

use serde_json::json;
use simulated::entra::{Kind, Method};
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::jira_automation::web_request_in_automation_format;
use simulated::senders::servicenow::ItemApproved;

use crate::documented::{Rows, documented};
use crate::test_app::requests::{jira_event, jira_issue};
use crate::test_app::{
    ALEX, AUTOMATION_SECRET, FIELD, JANE, JIRA_SECRET, MEGAN, SERVICENOW_KEY, TestApp, VERA,
};

const ITEM: &str = "RITM0010072";
const JANES_ID: &str = "a1000000-0000-4000-8000-00000000000b";

#[tokio::test]
async fn four_methods_are_removed_and_the_passkey_and_windows_hello_are_kept_and_named() {
    let app = TestApp::new().await;
    let reply = app.reset(app.draft().reason("lost")).await;
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
    reply.assert_completed();
    insta::assert_snapshot!(reply.note(), @"The approved changes are done, but Jane Doe (jane.doe@contoso.example) CANNOT register yet. Sign-in will ask for a registered method that they no longer have. Removed: Software OATH token, Microsoft Authenticator (Jane's iPhone), Alternate mobile phone (ending in 34), Mobile phone (ending in 12). Kept: Passkey (Passkey on the iPhone), Windows Hello for Business (JANE-LAPTOP). Sessions were revoked. A passkey stays in place. If it was on the phone that is gone, ask for an approval that removes passkeys too (passkeys:remove). So soon after a reset, it needs two approvers.");
}

#[tokio::test]
async fn sessions_are_revoked_before_the_first_method_is_removed() {
    let app = TestApp::new().await;
    app.reset(app.draft()).await.assert_completed();
    assert_eq!(app.writes().first().unwrap(), "POST revokeSignInSessions");
    assert!(app.tenant.sessions_revoked(JANE));
}

#[tokio::test]
async fn the_default_method_is_removed_after_the_others() {
    let app = TestApp::new().await;
    app.reset(app.draft()).await.assert_completed();
    let is_authenticator = |write: &String| write.contains("microsoftAuthenticatorMethods");
    let writes = app.writes();
    let tries = writes.iter().filter(|write| is_authenticator(write));
    assert_eq!(
        tries.count(),
        2,
        "refused once as the default, then deleted"
    );
    assert!(is_authenticator(writes.last().unwrap()));
}

#[tokio::test]
async fn with_passkeys_remove_the_passkey_is_removed_too_and_jane_can_register() {
    let app = TestApp::new().await;
    let draft = app.draft().scope("mfa:reregister passkeys:remove");
    let reply = app.reset(draft).await;
    documented(&reply);
    assert_eq!(reply.json["can_register"], "yes");
    assert_eq!(app.has(JANE), ["windowsHelloForBusiness"]);
    assert!(reply.note().starts_with("Done: "));
    assert!(reply.note().contains("https://aka.ms/mfasetup"));
}

#[tokio::test]
async fn with_sessions_keep_no_session_is_revoked() {
    let app = TestApp::new().await;
    let draft = app
        .draft()
        .scope("mfa:reregister sessions:keep lockout:accept");
    let reply = app.reset(draft).await;
    documented(&reply);
    assert_eq!(reply.json["sessions"], "kept");
    assert!(!app.tenant.sessions_revoked(JANE));
}

#[tokio::test]
async fn jira_automation_does_the_same_with_a_secret_header() {
    let app = TestApp::new().await;
    let request = app.jira_automation(&app.approve(app.draft()));
    app.send(request).await.assert_completed();
    assert_eq!(app.has(JANE).len(), 2);
}

#[tokio::test]
async fn jira_automation_may_send_the_short_body_of_the_documentation() {
    let app = TestApp::new().await;
    let body = json!({"ticket": "HELP-42", "status": "10042", FIELD: app.approve(app.draft())});
    let request = Request::post_json("/webhooks/jira-automation", body.to_string())
        .header("X-Reregister-Secret", AUTOMATION_SECRET);
    app.send(request).await.assert_completed();
}

#[tokio::test]
async fn servicenow_does_the_same_with_standard_webhooks() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft().ticket(ITEM));
    let request = app.servicenow(ITEM, JANE, &approval);
    app.send(request).await.assert_completed();
}

#[tokio::test]
async fn servicenow_may_send_an_old_timestamp_for_an_hour_because_its_queue_does() {
    let app = TestApp::new().await;
    let lasting = app.draft().ticket(ITEM).expires_at(app.now() + 5400);
    let item = ItemApproved::new(ITEM, JANE).approval(&app.approve(lasting));
    let sent_ago = |seconds| {
        let at = app.now() - seconds;
        item.signed("/webhooks/servicenow", SERVICENOW_KEY, at)
            .unwrap()
    };
    let late = app.send(sent_ago(3700)).await;
    late.assert_refused(401, "delivery_unauthentic");
    app.send(sent_ago(3500)).await.assert_completed();
}

#[tokio::test]
async fn an_approval_added_to_a_ticket_that_is_already_approved_starts_the_reset() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let event = IssueEvent::approval_added(jira_issue("HELP-42", ""), FIELD, &approval);
    let request = event.signed("/webhooks/jira", JIRA_SECRET);
    app.send(request).await.assert_completed();
}

#[tokio::test]
async fn jira_data_center_sends_no_field_ids_and_its_events_start_a_reset_too() {
    let transition = |approval: &str| jira_event("HELP-42", approval);
    let addition =
        |approval: &str| IssueEvent::approval_added(jira_issue("HELP-42", ""), FIELD, approval);
    let events: [&dyn Fn(&str) -> IssueEvent; 2] = [&transition, &addition];
    for event in events {
        let app = TestApp::new().await;
        let event = event(&app.approve(app.draft())).data_center();
        let request = event.signed("/webhooks/jira", JIRA_SECRET);
        app.send(request).await.assert_completed();
    }
}

#[tokio::test]
async fn a_ticket_that_is_created_approved_and_a_transition_with_a_post_function_start_a_reset_too()
{
    let created = |approval: &str| IssueEvent::created(jira_issue("HELP-42", approval));
    let waiting = Status::new("10041", "Waiting for approval");
    let moved =
        |approval: &str| IssueEvent::post_function(jira_issue("HELP-42", approval), &waiting);
    let events: [&dyn Fn(&str) -> IssueEvent; 4] = [
        &created,
        &|approval| created(approval).data_center(),
        &moved,
        &|approval| moved(approval).data_center(),
    ];
    for event in events {
        let app = TestApp::new().await;
        let event = event(&app.approve(app.draft()));
        let request = event.signed("/webhooks/jira", JIRA_SECRET);
        app.send(request).await.assert_completed();
    }
}

#[tokio::test]
async fn jira_automation_may_send_the_issue_in_its_own_format() {
    let app = TestApp::new().await;
    let issue = jira_issue("HELP-42", &app.approve(app.draft()));
    let (path, header) = ("/webhooks/jira-automation", "X-Reregister-Secret");
    let request = web_request_in_automation_format(path, &issue, header, AUTOMATION_SECRET);
    app.send(request).await.assert_completed();
}

#[tokio::test]
async fn an_approval_is_found_between_quotes_and_characters_that_cannot_be_seen() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let field = format!("Approval:\u{200b}\"{approval}\"\u{feff}\\_");
    app.send(app.jira(&field)).await.assert_completed();
}

#[tokio::test]
async fn an_approval_that_was_cut_off_or_has_a_stray_character_is_named_as_that() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let (piece, rest) = approval.split_at(255);
    for (approvals, field, status, code, detail) in [
        (
            "one that a short field has cut off",
            piece.to_owned(),
            422,
            "approval_missing",
            "cut off: it has 255 of about 800 characters",
        ),
        (
            "one with a character in it that cannot be seen",
            format!("{piece}\u{200b}{rest}"),
            401,
            "approval_invalid",
            "does not belong there: U+200B",
        ),
    ] {
        let reply = app.send(app.jira(&field)).await;
        reply.assert_refused(status, code);
        assert!(reply.detail().contains(detail), "{reply:?}");
        rows.show("a standard person", approvals, &reply);
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_approved_ticket_of_a_project_without_the_approval_field_asks_for_nothing() {
    let app = TestApp::new().await;
    let issue = Issue::new("PAY-7", Status::new("10042", "Approved"));
    let event = IssueEvent::transition(issue, &Status::new("10041", "Waiting"));
    let reply = app.send(event.signed("/webhooks/jira", JIRA_SECRET)).await;
    assert_eq!(reply.status, 204);
    assert_eq!(app.decisions(), [""; 0]);
    assert_eq!(app.security_inbox.subjects(), [""; 0]);
}

#[tokio::test]
async fn an_event_that_asks_for_nothing_gets_204_and_leaves_no_trace() {
    let app = TestApp::new().await;
    let issue = jira_issue("HELP-42", &app.approve(app.draft()));
    let comment = IssueEvent::commented(issue, "any news?");
    let declined = Issue::new("HELP-42", Status::new("10043", "Declined"));
    let rejection = IssueEvent::transition(declined, &Status::new("10042", "Approved"));
    for event in [comment, rejection] {
        let reply = app.send(event.signed("/webhooks/jira", JIRA_SECRET)).await;
        assert_eq!(reply.status, 204);
    }
    assert_eq!(app.decisions(), [""; 0]);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_approved_ticket_without_an_approval_is_refused_visibly() {
    let app = TestApp::new().await;
    let reply = app.send(app.jira("I spoke to her, it is fine")).await;
    reply.assert_refused(422, "approval_missing");
    documented(&reply);
    assert_eq!(reply.content_type, "application/problem+json");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn the_answer_warns_of_a_guest_and_of_a_contact_that_a_colleague_gave() {
    let app = TestApp::new().await;
    let guest = "jordan_fabrikam.example#EXT#@contoso.example";
    let hearsay = json!({
        "method": "phone_call", "via": "home", "contact_source": "colleague",
        "verified_by": VERA, "verified_at": app.now() - 60,
    });
    let draft = app.draft().target(guest).verification([hearsay.clone()]);
    let reply = app.reset(draft).await;
    documented(&reply);
    assert_eq!(reply.warnings(), ["guest", "contact_from_colleague"]);
    let register_at = reply.json["register_at"].as_str().unwrap();
    assert!(register_at.contains("tenantId="));
    assert_eq!(reply.json["sessions"], "not_for_guests");
    assert_eq!(reply.json["can_register"], "unknown");

    // Beside a contact from the directory the colleague's word is not what the reset rests on.
    let both = app.draft().verification([hearsay, app.desk_call()]);
    let reply = app.reset(both).await;
    reply.assert_completed();
    assert!(
        !reply.warnings().contains(&"contact_from_colleague"),
        "{reply:?}"
    );
}

#[tokio::test]
async fn people_are_found_by_object_id_and_by_names_that_need_escaping() {
    for target in [
        "A1000000-0000-4000-8000-00000000000B",
        "$cash@contoso.example",
        "JANE.DOE@contoso.example",
    ] {
        let app = TestApp::new().await;
        let reply = app.reset(app.draft().target(target)).await;
        assert_eq!(reply.state(), "completed", "{target}: {reply:?}");
    }
}

#[tokio::test]
async fn hardware_tokens_are_named_by_default_and_deactivated_if_the_policy_says_so() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let reply = app.reset(app.draft().target(MEGAN)).await;
    // Graph does not delete the default method while the token is there: an administrator has to deactivate it.
    reply.assert_needs_human();
    rows.show(
        "a person with a hardware OATH token, `hardware_oath` is `report`",
        "one",
        &reply,
    );
    assert_eq!(reply.methods("failed"), ["Microsoft Authenticator"]);
    let kept = reply.methods("kept");
    assert!(kept.contains(&"Hardware OATH token".to_owned()));
    let token = "Hardware OATH token (Feitian, serial number ending in 0001";
    assert!(reply.note().contains(token), "{}", reply.note());
    assert!(kept.contains(&"somethingNewAuthenticationMethod".to_owned()));
    assert!(reply.note().contains("deactivate it in Entra"));
    assert!(reply.note().contains("NOT complete"));

    let app = TestApp::with_policy(|policy| {
        policy.add("tenants.contoso.rules.hardware_oath", "deactivate")
    })
    .await;
    let reply = app.reset(app.draft().target(MEGAN)).await;
    rows.show(
        "a person with a hardware OATH token, `hardware_oath` is `deactivate`",
        "one",
        &reply,
    );
    assert_eq!(reply.methods("deactivated"), ["Hardware OATH token"]);
}

#[tokio::test]
async fn a_hardware_token_that_is_assigned_and_not_activated_is_left_out() {
    let app = TestApp::new().await;
    let device = json!({"serialNumber": "AOE1510002", "status": "assigned"});
    let token = Method::of(Kind::HardwareOath, json!({"device": device}));
    app.tenant.register(JANE, token);
    let reply = app.reset(app.draft().target(JANE)).await;
    reply.assert_completed();
    let all = reply.json["methods"].to_string();
    assert!(!all.contains("Hardware OATH"), "{all}");
}

#[tokio::test]
async fn a_person_whom_the_ticket_names_must_be_the_target() {
    let app = TestApp::new().await;
    let approval = app.approve(app.draft().ticket(ITEM));
    let reply = app.send(app.servicenow(ITEM, ALEX, &approval)).await;
    reply.assert_refused(422, "other_person");
    documented(&reply);
    app.assert_nothing_happened();

    let by_id = app.servicenow(ITEM, JANES_ID, &approval);
    app.send(by_id).await.assert_completed();
}

#[tokio::test]
async fn a_ticket_that_names_a_person_who_cannot_be_found_is_refused() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    for (person, requested_for, code) in [
        (
            "a standard person, whom the ticket names by a name that is not in the tenant",
            "unknown@contoso.example",
            "ticket_user_not_found",
        ),
        (
            "a standard person, whom the ticket names by neither object id nor user principal name",
            "Jane Doe",
            "ticket_without_person",
        ),
    ] {
        let approval = app.approve(app.draft().ticket(ITEM));
        let reply = app
            .send(app.servicenow(ITEM, requested_for, &approval))
            .await;
        reply.assert_refused(422, code);
        rows.show(person, "one", &reply);
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_name_with_an_invisible_character_is_no_persons_name() {
    let app = TestApp::new().await;
    let hidden = "jane.doe\u{200b}@contoso.example";
    let approval = app.approve(app.draft().ticket(ITEM));
    let reply = app.send(app.servicenow(ITEM, hidden, &approval)).await;
    reply.assert_refused(422, "ticket_without_person");

    let verification = |who: &str| app.draft().verified(who, app.now() - 60);
    for draft in [
        app.draft().target(hidden),
        app.draft().approver("sam.approver@contoso.example\u{2069}"),
        verification("vera\u{ad}@contoso.example"),
    ] {
        let reply = app.reset(draft).await;
        reply.assert_refused(422, "approval_claim");
    }
    app.assert_nothing_happened();
}
