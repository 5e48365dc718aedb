//! The ticket system is down, and an operator on call resets a person with an approval of their own.

use std::sync::Arc;
use std::time::Duration;

use reregister_mfa::reset::{Event, Parties};
use serde_json::{Value, json};
use simulated::approval::Draft;
use simulated::entra::Fault;
use simulated::request::Request;
use simulated::senders::on_call;

use crate::audit_trail::FullTrail;
use crate::documented::{Rows, documented};
use crate::test_app::requests::forged;
use crate::test_app::{GRACE, JANE, OLGA, Reply, TestApp, VERA};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_preview_says_what_a_reset_would_do_and_changes_and_uses_up_nothing() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    let preview = app.preview(&approval).await;
    assert_eq!(preview.status, 200, "{preview:?}");
    assert_eq!(app.decisions(), ["previewed"]);
    assert_eq!(preview.methods("remove").len(), 4);
    assert_eq!(
        preview.methods("keep"),
        ["Passkey", "Windows Hello for Business"]
    );
    assert_eq!(preview.json["privilege"], json!(null));
    assert_eq!(preview.json["revoke_sessions"], true);
    assert_eq!(preview.json["can_register"], "no");
    let other_scope = "mfa:reregister sessions:keep passkeys:remove";
    let other = app.approve_on_call(app.on_call_draft().scope(other_scope));
    let other = app.preview(&other).await;
    assert_eq!(other.json["revoke_sessions"], false, "{other:?}");
    assert_eq!(other.json["can_register"], "yes");
    app.assert_nothing_happened();

    app.reset_on_call(&approval).await.assert_completed();
    let late = app.preview(&approval).await;
    late.assert_refused(422, "approval_used");
    documented(&late);
}

#[tokio::test]
async fn an_approval_that_was_read_in_a_ticket_is_refused_on_call() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let person = "a standard person, on call";
    let from_ticket = app.approve(app.draft());
    let reply = app.reset_on_call(&from_ticket).await;
    reply.assert_refused(403, "issuer_not_allowed");
    rows.show(person, "one that was read in a ticket", &reply);

    // The on-call issuer cannot sign one approval for both channels either.
    let for_ticket = app.approve_on_call(app.draft());
    let reply = app.reset_on_call(&for_ticket).await;
    reply.assert_refused(422, "approval_audience");
    rows.show(person, "one by the on-call issuer for a ticket", &reply);
    app.assert_nothing_happened();
}

/// The parties of the last event, which is a refusal.
fn refused_parties(app: &TestApp) -> Parties {
    match app.trail.events().pop() {
        Some(Event::Refused { parties, .. }) => parties,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_genuine_approval_that_is_tried_on_the_wrong_channel_is_in_the_audit_trail() {
    let app = TestApp::new().await;
    let from_ticket = app.approve(app.draft());
    let for_ticket = app.approve_on_call(app.draft());
    for (approval, kid) in [(&from_ticket, "desk-2026"), (&for_ticket, "olga-2026")] {
        for path in ["/resets", "/resets/preview"] {
            app.send(on_call::post(path, approval, None)).await;
            let parties = refused_parties(&app);
            assert_eq!(parties.approvals[0].kid.to_string(), kid);
            assert_eq!(parties.target.as_deref(), Some(JANE));
            assert_eq!(parties.ticket.unwrap().to_string(), "HELP-42");
        }
    }
    assert!(app.store.is_empty(), "nothing was accepted");
    // A requester who may not use the key here does not see what the policy says of it.
    let reply = app.reset_on_call(&from_ticket).await;
    assert_eq!(reply.json.get("approvals"), None);

    // An approval whose claims cannot be read is named by its key.
    let vague = app.approve_on_call(app.on_call_draft().without("sub"));
    let reply = app.reset_on_call(&vague).await;
    reply.assert_refused(422, "approval_claim");
    let Some(Event::Refused { why, .. }) = app.trail.events().pop() else {
        panic!("{:?}", app.trail.events());
    };
    assert!(why.contains("olga-2026"), "{why}");
}

#[tokio::test]
async fn a_reader_of_an_outcome_is_in_the_audit_trail() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    let reset = app.reset_on_call(&approval).await;
    let path = format!("/resets/{}", reset.reset());
    let request = on_call::get(&path, &approval).header("User-Agent", "a reader");
    app.send(request).await;
    let Some(Event::Replayed { parties, .. }) = app.trail.events().pop() else {
        panic!("{:?}", app.trail.events());
    };
    assert_eq!(parties.origin.agent.as_deref(), Some("a reader"));
    assert_eq!(parties.approvals[0].owner.as_deref(), Some(OLGA));
}

#[tokio::test]
async fn an_accepted_request_that_waits_cannot_be_previewed_and_can_be_sent_again() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    app.tenant.fail(Fault::on("GET", "").times(40).status(503));
    let waits = app.reset_on_call(&approval).await;
    waits.assert_waiting("directory_unavailable");
    for minutes in [1, 20] {
        app.clock.pass(minutes * MINUTE);
        let preview = app.preview(&approval).await;
        preview.assert_refused(422, "approval_used");
        let again = app.reset_on_call(&approval).await;
        assert!(matches!(again.status, 200 | 202), "{again:?}");
        assert_eq!(again.reset(), waits.reset());
    }
}

#[tokio::test]
async fn an_on_call_approval_lives_at_most_fifteen_minutes_and_its_evidence_an_hour() {
    let app = TestApp::new().await;
    let long = app.approve_on_call(app.on_call_draft().expires_at(app.now() + 901));
    let reply = app.reset_on_call(&long).await;
    reply.assert_refused(422, "approval_too_long");

    let stale = app.on_call_draft().verified(VERA, app.now() - 3601);
    let reply = app.reset_on_call(&app.approve_on_call(stale)).await;
    reply.assert_refused(422, "evidence_stale");
}

#[tokio::test]
async fn without_a_bearer_approval_the_answer_is_a_challenge() {
    let app = TestApp::new().await;
    for request in [
        Request::post_json("/resets", "{}"),
        Request::post_json("/resets", "{}").header("Authorization", "Basic b2xnYQ=="),
        Request::post_json("/resets", "{}").header("Authorization", "Bearer "),
        Request::get("/resets/6e7b768e-07e2-4810-8459-485f84f8f204"),
    ] {
        let reply = app.send(request).await;
        reply.assert_refused(401, "approval_invalid");
        assert_eq!(reply.challenge, "Bearer");
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_second_approval_comes_in_the_body_and_must_agree_with_the_first() {
    let app = TestApp::new().await;
    let first = app.approve_on_call(app.on_call_draft());
    let scope = "mfa:reregister passkeys:remove";
    let other_scope = app.approve_on_call(app.on_call_draft().scope(scope));
    let other_ticket = app.approve_on_call(app.on_call_draft().ticket("INC-7"));
    for second in [&other_scope, &other_ticket] {
        let request = on_call::post("/resets", &first, Some(second));
        let reply = app.send(request).await;
        reply.assert_refused(422, "approvals_disagree");
    }
    let request = Request::post_json("/resets", json!({"approval": other_scope}).to_string())
        .header("Authorization", format!("Bearer {first}"));
    let reply = app.send(request).await;
    reply.assert_refused(422, "request_unreadable");
    documented(&reply);
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_on_call_request_can_be_sent_again_after_the_approval_expired() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    app.reset_on_call(&approval).await.assert_completed();
    app.clock.pass(20 * MINUTE);
    app.reset_on_call(&approval).await.assert_replayed();
    assert_eq!(app.has(JANE).len(), 2);
}

#[tokio::test]
async fn an_old_link_that_was_never_used_writes_no_record_and_notifies_no_one() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    app.clock.pass(20 * MINUTE);
    for path in ["/resets", "/resets/preview"] {
        let reply = app.send(on_call::post(path, &approval, None)).await;
        reply.assert_refused(422, "approval_expired");
    }
    assert!(app.store.is_empty());
    assert_eq!(app.queue_length(), 0);
    assert_eq!(app.security_inbox.subjects(), [""; 0]);
    // The audit trail has both requests nevertheless.
    assert_eq!(app.decisions(), ["refused approval_expired"; 2]);
}

#[tokio::test]
async fn the_holder_of_an_approval_that_was_passed_over_may_read_the_outcome() {
    let app = TestApp::new().await;
    let early = app.on_call_draft().expires_at(app.now() + 60);
    let early = app.approve_on_call(early);
    app.clock.pass(2 * MINUTE);
    let late = app.approve_on_call(app.on_call_draft());
    let request = on_call::post("/resets", &early, Some(&late));
    let done = app.send(request).await;
    done.assert_completed();
    for approval in [&early, &late] {
        let read = app.read(done.reset(), approval).await;
        read.assert_completed();
    }
    let other = app.approve_on_call(app.on_call_draft());
    let read = app.read(done.reset(), &other).await;
    read.assert_refused(404, "no_such_reset");
}

#[tokio::test]
async fn a_preview_that_cannot_be_written_into_the_audit_trail_is_not_shown() {
    let app = TestApp::on_trail(Arc::new(FullTrail)).await;
    let approval = app.approve_on_call(app.on_call_draft());
    let reply = app.preview(&approval).await;
    reply.assert_refused(503, "audit_unavailable");
    documented(&reply);
    assert_eq!(reply.json.get("methods"), None);
}

#[tokio::test]
async fn a_preview_says_what_the_server_read_in_the_approval() {
    let app = TestApp::new().await;
    // A value of amr that is not registered may hold anything, and is not repeated.
    let amr = json!(["hwk", "+49 30 1234567"]);
    let approval = app.approve_on_call(app.on_call_draft().claim("amr", amr));
    let reply = app.preview(&approval).await;
    let read = &reply.json["approvals"][0];
    assert_eq!(read["approver"], OLGA);
    assert_eq!(read["owner"], OLGA);
    assert_eq!(read["kid"], "olga-2026");
    assert_eq!(read["domain"], "on-call");
    assert_eq!(read["amr"], json!(["hwk"]));
    assert!(read["expires_at"].is_string());
    assert_eq!(
        read["verification"][0]["how"],
        "a call to the person's desk phone, with contact details from the company directory"
    );
    assert_eq!(read["verification"][0]["verified_by"], VERA);
    let answer = reply.json.to_string();
    assert!(!answer.contains(&approval));
    assert!(!answer.contains("1234567"));
}

#[tokio::test]
async fn a_refusal_on_call_says_what_was_read_in_authentic_approvals_and_one_in_a_ticket_does_not()
{
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft().target(GRACE));
    let reply = app.preview(&approval).await;
    reply.assert_refused(403, "privileged_role");
    let read = &reply.json["approvals"][0];
    assert_eq!(
        (&read["target"], &read["ticket"]),
        (&json!(GRACE), &json!("HELP-42"))
    );
    assert_eq!(read["approver"], OLGA);
    assert!(!reply.json.to_string().contains(&approval));

    let reply = app.preview(&forged(&approval)).await;
    reply.assert_refused(401, "approval_invalid");
    assert_eq!(reply.json.get("approvals"), None);

    let in_a_ticket = app.reset(app.draft().target(GRACE)).await;
    in_a_ticket.assert_refused(403, "privileged_role");
    assert_eq!(in_a_ticket.json.get("approvals"), None);
}

/// The members of an answer that say what is in an approval.
fn read_out(reply: &Reply) -> &Value {
    &reply.json["approvals"]
}

#[tokio::test]
async fn an_approval_that_a_caller_read_in_a_ticket_cannot_be_read_out_on_call() {
    let app = TestApp::new().await;
    let in_a_ticket = app.approve(app.draft());
    let on_call = app.approve_on_call(app.on_call_draft());
    let for_a_ticket = app.approve_on_call(app.draft());
    let by_security = app.security_issuer.approve(&app.second_draft());
    let malformed = app.approve_on_call(app.on_call_draft().claim("scope", "everything"));
    for path in ["/resets", "/resets/preview"] {
        for found in [&in_a_ticket, &by_security, &for_a_ticket, &on_call] {
            for rubbish in ["rubbish", &forged(&on_call), &forged(found)] {
                let reply = app.send(on_call::post(path, rubbish, Some(found))).await;
                reply.assert_refused(401, "approval_invalid");
                assert_eq!(read_out(&reply), &Value::Null, "{reply:?}");
            }
        }
        for found in [&in_a_ticket, &by_security, &for_a_ticket] {
            for bearer in [&on_call, &malformed, found] {
                let reply = app.send(on_call::post(path, bearer, Some(found))).await;
                assert!(matches!(reply.status, 403 | 422), "{reply:?}");
                assert_eq!(read_out(&reply), &Value::Null, "{reply:?}");
            }
        }
    }
    // A caller whose own approval is genuine sees it, whatever comes beside it.
    let reply = app
        .send(on_call::post("/resets", &on_call, Some("rubbish")))
        .await;
    reply.assert_refused(401, "approval_invalid");
    assert_eq!(read_out(&reply)[0]["target"], JANE);
    assert_eq!(read_out(&reply).as_array().unwrap().len(), 1);
    let both = on_call::post("/resets", &on_call, Some(&malformed));
    let reply = app.send(both).await;
    reply.assert_refused(422, "approval_claim");
    assert_eq!(read_out(&reply)[0]["target"], JANE);
}

#[tokio::test]
async fn the_audit_trail_has_the_program_that_asked_and_the_owner_of_the_key() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    let request = on_call::post("/resets", &approval, None).header("User-Agent", "a browser");
    app.send(request).await;
    let events = app.trail.events();
    let allowed = events.iter().find_map(|event| match event {
        Event::Allowed { parties, .. } => Some(parties),
        _ => None,
    });
    let allowed = allowed.unwrap();
    assert_eq!(allowed.origin.agent.as_deref(), Some("a browser"));
    assert_eq!(allowed.approvals[0].owner.as_deref(), Some(OLGA));
}

#[tokio::test]
async fn the_page_is_html_and_changes_nothing() {
    let app = TestApp::new().await;
    let reply = app.send(Request::get("/")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.content_type, "text/html; charset=utf-8");
    app.assert_nothing_happened();
    assert!(app.store.is_empty());
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn where_there_are_two_tenants_an_approval_must_say_for_which_it_is() {
    let another = json!({
        "id": "00000000-0000-4000-8000-000000000001",
        "entra": {
            "credential": {"secret": "sandbox/graph"},
            "login": "http://127.0.0.1:9",
            "graph": "http://127.0.0.1:9",
        },
        "rules": {"break_glass": "none"},
    });
    let app = TestApp::with_policy(|policy| {
        policy
            .add("tenants.another", another)
            .add("sources.jira.tenant", "contoso")
            .add("sources.jira-automation.tenant", "contoso")
            .add("sources.servicenow.tenant", "contoso")
    })
    .await;
    let reset = async |draft: Draft| app.reset_on_call(&app.approve_on_call(draft)).await;
    let nameless = reset(app.on_call_draft()).await;
    nameless.assert_refused(422, "other_tenant");
    let unknown = "00000000-0000-4000-8000-000000000002";
    let elsewhere = reset(app.on_call_draft().tenant(unknown)).await;
    elsewhere.assert_refused(422, "other_tenant");
    assert!(app.store.is_empty());
    let contoso = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";
    let done = reset(app.on_call_draft().tenant(contoso)).await;
    done.assert_completed();
}
