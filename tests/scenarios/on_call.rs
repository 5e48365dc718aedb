//! The ticket system is down; somebody is on call, with a key of their own.

use std::sync::Arc;
use std::time::Duration;

use reregister_mfa::reset::Event;
use serde_json::json;
use simulated::approval::Draft;
use simulated::request::Request;
use simulated::senders::on_call;

use crate::crashes::Full;
use crate::test_app::{JANE, OLGA, TestApp, VERA, forged};

#[tokio::test]
async fn a_preview_says_what_would_be_done_and_changes_and_consumes_nothing() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    let preview = app
        .send(on_call::post("/resets/preview", &approval, None))
        .await;

    assert_eq!(preview.status, 200, "{preview:?}");
    assert_eq!(preview.cache_control, "no-store");
    assert_eq!(app.decisions(), ["previewed"]);
    assert_eq!(preview.methods("remove").len(), 4);
    assert_eq!(
        preview.methods("keep"),
        ["Passkey", "Windows Hello for Business"]
    );
    assert_eq!(preview.json["privilege"], json!(null));
    assert_eq!(preview.json["revoke_sessions"], true);
    assert_eq!(preview.json["can_register"], "no");
    let gentle = app
        .on_call_draft()
        .scope("mfa:reregister sessions:keep passkeys:remove");
    let gentle = on_call::post("/resets/preview", &app.approve_on_call(gentle), None);
    let gentle = app.send(gentle).await;
    assert_eq!(gentle.json["revoke_sessions"], false, "{gentle:?}");
    assert_eq!(gentle.json["can_register"], "yes");
    app.assert_nothing_happened();

    let reset = app.send(on_call::post("/resets", &approval, None)).await;
    assert_eq!(reset.json["state"], "completed", "{reset:?}");
    let late = app
        .send(on_call::post("/resets/preview", &approval, None))
        .await;
    assert_eq!((late.status, late.code()), (422, "approval_used"));
}

#[tokio::test]
async fn an_approval_read_in_a_ticket_is_no_key_to_the_url() {
    let app = TestApp::new().await;
    let from_ticket = app.approve(app.draft());
    let reply = app.send(on_call::post("/resets", &from_ticket, None)).await;
    assert_eq!((reply.status, reply.code()), (403, "issuer_not_allowed"));

    // Even the on-call issuer cannot sign one approval for both doors.
    let for_ticket = app.approve_on_call(app.draft());
    let reply = app.send(on_call::post("/resets", &for_ticket, None)).await;
    assert_eq!((reply.status, reply.code()), (422, "approval_audience"));
    app.assert_nothing_happened();
}

#[tokio::test]
async fn whoever_tries_a_genuine_approval_at_the_wrong_door_is_in_the_trail_with_it() {
    let app = TestApp::new().await;
    let from_ticket = app.approve(app.draft());
    let for_ticket = app.approve_on_call(app.draft());
    for (approval, kid) in [(&from_ticket, "desk-2026"), (&for_ticket, "olga-2026")] {
        for path in ["/resets", "/resets/preview"] {
            app.send(on_call::post(path, approval, None)).await;
            let Some(Event::Refused { parties, .. }) = app.trail.events().pop() else {
                panic!("{:?}", app.trail.events());
            };
            assert_eq!(parties.approvals[0].kid.to_string(), kid);
            assert_eq!(parties.target.as_deref(), Some(JANE));
            assert_eq!(parties.ticket.unwrap().to_string(), "HELP-42");
        }
    }
    assert!(app.store.is_empty(), "nothing of it was accepted");
    // What the policy says of the key is for those who may use it here.
    let reply = app.send(on_call::post("/resets", &from_ticket, None)).await;
    assert_eq!(reply.json.get("approvals"), None);

    // What says nothing that can be read is known by its key.
    let vague = app.approve_on_call(app.on_call_draft().without("sub"));
    let reply = app.send(on_call::post("/resets", &vague, None)).await;
    assert_eq!((reply.status, reply.code()), (422, "approval_claim"));
    let Some(Event::Refused { why, .. }) = app.trail.events().pop() else {
        panic!("{:?}", app.trail.events());
    };
    assert!(why.contains("olga-2026"), "{why}");
}

#[tokio::test]
async fn whoever_reads_how_a_reset_ended_is_in_the_trail() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    let reset = app.send(on_call::post("/resets", &approval, None)).await;
    let path = format!("/resets/{}", reset.json["reset"].as_str().unwrap());
    let request = on_call::get(&path, &approval).header("User-Agent", "a reader");
    app.send(request).await;
    let Some(Event::Replayed { parties, .. }) = app.trail.events().pop() else {
        panic!("{:?}", app.trail.events());
    };
    assert_eq!(parties.origin.agent.as_deref(), Some("a reader"));
    assert_eq!(parties.approvals[0].owner.as_deref(), Some(OLGA));
}

#[tokio::test]
async fn what_is_accepted_and_waits_is_not_previewed_but_asked_for_again() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    app.tenant
        .fail(simulated::entra::Fault::on("GET", "").times(40).status(503));
    let waits = app.send(on_call::post("/resets", &approval, None)).await;
    assert_eq!(
        (waits.status, &waits.json["state"]),
        (202, &json!("waiting"))
    );
    for minutes in [1, 20] {
        app.clock.pass(Duration::from_secs(60 * minutes));
        let preview = app
            .send(on_call::post("/resets/preview", &approval, None))
            .await;
        assert_eq!((preview.status, preview.code()), (422, "approval_used"));
        let again = app.send(on_call::post("/resets", &approval, None)).await;
        assert!(matches!(again.status, 200 | 202), "{again:?}");
        assert_eq!(again.json["reset"], waits.json["reset"]);
    }
}

#[tokio::test]
async fn an_on_call_approval_lives_at_most_fifteen_minutes_and_its_evidence_an_hour() {
    let app = TestApp::new().await;
    let long = app.approve_on_call(app.on_call_draft().expires_at(app.now() + 901));
    let reply = app.send(on_call::post("/resets", &long, None)).await;
    assert_eq!((reply.status, reply.code()), (422, "approval_too_long"));

    let stale = app
        .on_call_draft()
        .verified(crate::test_app::VERA, app.now() - 3601);
    let reply = app
        .send(on_call::post("/resets", &app.approve_on_call(stale), None))
        .await;
    assert_eq!((reply.status, reply.code()), (422, "evidence_stale"));
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
        assert_eq!((reply.status, reply.code()), (401, "approval_invalid"));
        assert_eq!(reply.challenge, "Bearer");
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_second_approval_comes_in_the_body_and_must_agree() {
    let app = TestApp::new().await;
    let first = app.approve_on_call(app.on_call_draft());
    let second = app.approve_on_call(app.on_call_draft().scope("mfa:reregister passkeys:remove"));
    let reply = app
        .send(on_call::post("/resets", &first, Some(&second)))
        .await;
    assert_eq!((reply.status, reply.code()), (422, "approvals_disagree"));

    let other = app.approve_on_call(app.on_call_draft().ticket("INC-7"));
    let reply = app
        .send(on_call::post("/resets", &first, Some(&other)))
        .await;
    assert_eq!((reply.status, reply.code()), (422, "approvals_disagree"));
    app.assert_nothing_happened();

    let request = Request::post_json("/resets", json!({"approval": second}).to_string())
        .header("Authorization", format!("Bearer {first}"));
    assert_eq!(app.send(request).await.code(), "request_unreadable");
}

#[tokio::test]
async fn an_on_call_reset_can_be_asked_for_again_after_the_approval_expired() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    app.send(on_call::post("/resets", &approval, None)).await;
    app.clock.pass(Duration::from_secs(20 * 60));
    let again = app.send(on_call::post("/resets", &approval, None)).await;
    assert_eq!((again.status, &again.json["replayed"]), (200, &json!(true)));
    assert_eq!(app.has(JANE).len(), 2);
}

#[tokio::test]
async fn an_old_link_that_was_never_used_fills_no_ledger_and_wakes_nobody() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    app.clock.pass(Duration::from_secs(20 * 60));
    for path in ["/resets", "/resets/preview"] {
        let reply = app.send(on_call::post(path, &approval, None)).await;
        assert_eq!((reply.status, reply.code()), (422, "approval_expired"));
    }
    assert!(app.store.is_empty());
    assert_eq!(app.queued(), 0);
    assert!(app.heard.subjects.lock().unwrap().is_empty());
    // The trail has them all the same.
    assert_eq!(app.decisions(), ["refused approval_expired"; 2]);
}

#[tokio::test]
async fn an_approval_that_came_with_others_and_was_passed_over_may_ask_how_it_ended() {
    let app = TestApp::new().await;
    let early = app.on_call_draft().expires_at(app.now() + 60);
    let early = app.approve_on_call(early);
    app.clock.pass(Duration::from_secs(120));
    let late = app.approve_on_call(app.on_call_draft());
    let done = app
        .send(on_call::post("/resets", &early, Some(&late)))
        .await;
    assert_eq!(done.json["state"], "completed", "{done:?}");
    let path = format!("/resets/{}", done.json["reset"].as_str().unwrap());
    for approval in [&early, &late] {
        let read = app.send(on_call::get(&path, approval)).await;
        assert_eq!(read.json["state"], "completed", "{read:?}");
    }
    let other = app.approve_on_call(app.on_call_draft());
    let read = app.send(on_call::get(&path, &other)).await;
    assert_eq!((read.status, read.code()), (404, "no_such_reset"));
}

#[tokio::test]
async fn while_nobody_can_write_down_who_looks_nothing_is_shown() {
    let app = TestApp::on_trail(Arc::new(Full)).await;
    let approval = app.approve_on_call(app.on_call_draft());
    let reply = app
        .send(on_call::post("/resets/preview", &approval, None))
        .await;
    assert_eq!((reply.status, reply.code()), (503, "audit_unavailable"));
    assert_eq!(reply.json.get("methods"), None);
}

#[tokio::test]
async fn a_preview_says_what_the_server_read_in_the_approval() {
    let app = TestApp::new().await;
    // What is not registered may say anything, and is not told on.
    let draft = app
        .on_call_draft()
        .claim("amr", json!(["hwk", "+49 30 1234567"]));
    let approval = app.approve_on_call(draft);
    let reply = app
        .send(on_call::post("/resets/preview", &approval, None))
        .await;
    let read = &reply.json["approvals"][0];
    assert_eq!(read["approver"], OLGA);
    assert_eq!(read["owner"], OLGA);
    assert_eq!(read["kid"], "olga-2026");
    assert_eq!(read["domain"], "on-call");
    assert_eq!(read["amr"], json!(["hwk"]));
    assert!(read["expires_at"].is_string());
    assert_eq!(
        read["verification"][0]["how"],
        "a call to the person's desk phone, with the contact from the company directory"
    );
    assert_eq!(read["verification"][0]["verified_by"], VERA);
    assert!(!reply.json.to_string().contains(&approval));
    assert!(!reply.json.to_string().contains("1234567"));
}

#[tokio::test]
async fn a_refusal_says_what_was_read_in_the_approvals_once_they_are_proven_and_only_on_call() {
    let app = TestApp::new().await;
    let for_grace = |draft: Draft| draft.target("grace.admin@contoso.example");
    let approval = app.approve_on_call(for_grace(app.on_call_draft()));
    let reply = app
        .send(on_call::post("/resets/preview", &approval, None))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "privileged_role"));
    let read = &reply.json["approvals"][0];
    assert_eq!(
        (&read["target"], &read["ticket"]),
        (&json!("grace.admin@contoso.example"), &json!("HELP-42"))
    );
    assert_eq!(read["approver"], OLGA);
    assert!(!reply.json.to_string().contains(&approval));

    let reply = app
        .send(on_call::post("/resets/preview", &forged(&approval), None))
        .await;
    assert_eq!((reply.status, reply.code()), (401, "approval_invalid"));
    assert_eq!(reply.json.get("approvals"), None);

    let in_a_ticket = app.reset(for_grace(app.draft())).await;
    assert_eq!(in_a_ticket.code(), "privileged_role");
    assert_eq!(in_a_ticket.json.get("approvals"), None);
}

#[tokio::test]
async fn the_audit_trail_says_with_what_a_request_was_made_and_whose_key_signed() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    let request = on_call::post("/resets", &approval, None).header("User-Agent", "a browser");
    app.send(request).await;
    let allowed = app
        .trail
        .events()
        .into_iter()
        .find_map(|event| match event {
            Event::Allowed { parties, .. } => Some(parties),
            _ => None,
        })
        .unwrap();
    assert_eq!(allowed.origin.agent.as_deref(), Some("a browser"));
    assert_eq!(allowed.approvals[0].owner.as_deref(), Some(OLGA));
}

#[tokio::test]
async fn the_page_is_the_same_for_everybody_and_changes_nothing() {
    let app = TestApp::new().await;
    let reply = app.send(Request::get("/")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.content_type, "text/html; charset=utf-8");
    assert_eq!(reply.cache_control, "no-store");
    app.assert_nothing_happened();
    assert!(app.store.is_empty());
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn where_there_are_two_tenants_an_approval_says_which_and_without_it_nothing_is_accepted() {
    let second = "\n[tenants.another]\nid = \"00000000-0000-4000-8000-000000000001\"\n\
                  [tenants.another.entra]\ncredential.secret = \"sandbox/graph\"\n\
                  login = \"http://127.0.0.1:9\"\ngraph = \"http://127.0.0.1:9\"\n\
                  [tenants.another.rules]\nbreak_glass = \"none\"\n";
    let app = TestApp::with_policy(|policy| {
        let scheme = |policy: String, scheme: &str| {
            policy.replacen(scheme, &format!("tenant = \"contoso\"\n{scheme}"), 1)
        };
        let policy = scheme(policy, "scheme = \"jira_webhook\"");
        let policy = scheme(policy, "scheme.secret_header");
        scheme(policy, "scheme.standard_webhooks") + second
    })
    .await;
    let ask = async |draft: Draft| {
        let approval = app.approve_on_call(draft);
        app.send(on_call::post("/resets", &approval, None)).await
    };
    let nameless = ask(app.on_call_draft()).await;
    assert_eq!((nameless.status, nameless.code()), (422, "other_tenant"));
    let elsewhere = app
        .on_call_draft()
        .claim("tid", json!("00000000-0000-4000-8000-000000000002"));
    assert_eq!(ask(elsewhere).await.code(), "other_tenant");
    assert!(app.store.is_empty());
    let contoso = json!("7d6f5c4b-3a29-4180-9c7e-6b5a49382716");
    let done = ask(app.on_call_draft().claim("tid", contoso)).await;
    assert_eq!(done.json["state"], "completed", "{done:?}");
}
