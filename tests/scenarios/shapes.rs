//! JSON of another shape than the documented one, at every door: a list where an object belongs, an object where a name
//! belongs, a member that comes twice. Each is refused, also where a lenient reader would find the right values in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use simulated::request::Request;

use crate::malformed_requests::signed;
use crate::test_app::requests::{jira_event, jira_issue};
use crate::test_app::{AUTOMATION_SECRET, JANE, JIRA_SECRET, SERVICENOW_KEY, TestApp};

/// The values of an object by these names, as a list: what a reader by position would take for the object.
fn listed(object: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| object[*name].clone()).collect()
}

/// The order in which the product reads the members of a verification.
const VERIFICATION: [&str; 6] = [
    "method",
    "via",
    "contact_source",
    "verified_by",
    "verified_at",
    "reference",
];

#[tokio::test]
async fn a_header_or_claims_as_a_list() {
    let app = TestApp::new().await;
    let issuer = &app.service_desk_issuer;
    let good = app.draft().claims(issuer.iss());
    let header = listed(&issuer.header(), &["alg", "kid", "typ", "x5t", "x5t#S256"]);
    let claims = listed(
        &good,
        &[
            "iss",
            "aud",
            "sub",
            "tid",
            "iat",
            "nbf",
            "exp",
            "jti",
            "txn",
            "act",
            "scope",
            "reason",
            "amr",
            "verification",
        ],
    );
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    for (header, claims) in [
        (&header, &good),
        (&issuer.header(), &claims),
        (&issuer.header(), &json!([good["iss"]])),
    ] {
        let token = issuer.sign_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes());
        assert!(token.starts_with(&format!("{}.{}.", encode(header), encode(claims))));
        // On call, since a ticket is searched for texts that begin as an object does.
        app.reset_on_call(&token)
            .await
            .assert_refused(401, "approval_invalid");
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_claim_as_a_list_or_an_object_where_the_other_belongs() {
    let app = TestApp::new().await;
    let call = app.desk_call();
    let with = |name: &str, value: Value| {
        let mut changed = call.clone();
        changed[name] = value;
        json!([changed])
    };
    for (name, value) in [
        ("act", json!(["sam.approver@contoso.example"])),
        ("act", json!("sam.approver@contoso.example")),
        ("reason", json!({"lost": null})),
        ("reason", json!(["lost"])),
        ("scope", json!(["mfa:reregister"])),
        ("sub", json!([JANE])),
        ("verification", call.clone()),
        ("verification", json!([listed(&call, &VERIFICATION)])),
        ("verification", with("method", json!({"phone_call": null}))),
        ("verification", with("method", json!(["phone_call"]))),
        ("verification", with("via", json!({"desk": null}))),
        (
            "verification",
            with("contact_source", json!({"company_directory": null})),
        ),
    ] {
        let reply = app.reset(app.draft().claim(name, value.clone())).await;
        let answer = (reply.status, reply.code());
        assert_eq!(answer, (422, "approval_claim"), "{name}: {value}");
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_key_or_a_key_set_as_a_list() {
    let app = TestApp::new().await;
    let set = app.service_desk_issuer.jwks();
    let key = listed(
        &set["keys"][0],
        &[
            "kty", "kid", "use", "key_ops", "alg", "crv", "n", "e", "x", "y",
        ],
    );
    let mut with_private = key.as_array().unwrap().clone();
    with_private.extend(vec![Value::Null; 7]);
    for (set, status, code) in [
        (json!([set["keys"]]), 202, "keys_unavailable"),
        (json!({"keys": [with_private]}), 401, "approval_invalid"),
    ] {
        app.publish_as("service-desk.jwks.json", &set.to_string());
        let reply = app.reset(app.draft()).await;
        assert_eq!((reply.status, reply.code()), (status, code), "{set}");
        app.clock.pass(std::time::Duration::from_secs(601));
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_secret_as_a_list() {
    let app = TestApp::new().await;
    app.set_secret("sandbox/jira", json!([JIRA_SECRET, null, null]));
    let reply = app.reset(app.draft()).await;
    reply.assert_refused(503, "misconfigured");

    let app = TestApp::new().await;
    let credential = json!([
        "0b1c2d3e-4f50-4162-8738-495a6b7c8d9e",
        "standard-app-secret",
        null,
        null
    ]);
    app.set_secret("sandbox/graph", credential);
    let reply = app.reset(app.draft()).await;
    assert_eq!(
        (reply.status, reply.code()),
        (202, "misconfigured"),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_body_on_call_as_a_list() {
    let app = TestApp::new().await;
    let approval = app.approve_on_call(app.on_call_draft());
    for body in [
        json!([[approval]]),
        json!([]),
        json!({"approvals": {"0": approval}}),
        json!({"approvals": null}),
        json!("approvals"),
    ] {
        for path in ["/resets", "/resets/preview"] {
            let request = Request::post_json(path, body.to_string())
                .header("Authorization", format!("Bearer {approval}"));
            app.send(request)
                .await
                .assert_refused(422, "request_unreadable");
        }
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_delivery_with_a_list_where_an_object_belongs() {
    let app = TestApp::new().await;
    let event = jira_event("HELP-42", &app.approve(app.draft())).payload();
    let issue = listed(&event["issue"], &["key", "fields"]);
    let change = listed(
        &event["changelog"]["items"][0],
        &["field", "fieldId", "to", "toString"],
    );
    let with = |path: &str, value: Value| {
        let mut changed = event.clone();
        *changed.pointer_mut(path).unwrap() = value;
        changed
    };
    for body in [
        listed(&event, &["webhookEvent", "issue", "changelog"]),
        with("/issue", issue.clone()),
        with("/changelog", json!([event["changelog"]["items"]])),
        with("/changelog/items/0", change),
    ] {
        let reply = app.send(signed(&body.to_string())).await;
        reply.assert_refused(422, "delivery_unreadable");
    }
    let body = json!({ "issue": issue }).to_string();
    let sent = Request::post_json("/webhooks/jira-automation", body)
        .header("X-Reregister-Secret", AUTOMATION_SECRET);
    let reply = app.send(sent).await;
    reply.assert_refused(422, "delivery_unreadable");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_delivery_in_which_a_member_comes_twice() {
    use simulated::senders::servicenow::ItemApproved;
    use simulated::senders::signatures::standard_webhooks_signature;

    let app = TestApp::new().await;
    let twice = |body: &str, member: &str| body.replacen('{', &format!("{{{member},"), 1);
    let event = jira_event("HELP-42", &app.approve(app.draft()));
    let body = event.payload().to_string();
    for member in [
        r#""webhookEvent":"x""#,
        r#""matchedWebhookIds":[],"matchedWebhookIds":[1]"#,
    ] {
        let reply = app.send(signed(&twice(&body, member))).await;
        reply.assert_refused(422, "delivery_unreadable");
    }

    let issue = jira_issue("HELP-42", &app.approve(app.draft()));
    let body = json!({"issue": issue.json(simulated::senders::issue::Deployment::Cloud)});
    let body = twice(&body.to_string(), r#""issue":null"#);
    let sent = Request::post_json("/webhooks/jira-automation", body)
        .header("X-Reregister-Secret", AUTOMATION_SECRET);
    let reply = app.send(sent).await;
    reply.assert_refused(422, "delivery_unreadable");

    let item = ItemApproved::new("RITM1", JANE).approval(&app.approve(app.draft().ticket("RITM1")));
    let body = twice(&item.body().unwrap(), r#""state":"rejected""#);
    let at = app.now();
    let signature = standard_webhooks_signature(SERVICENOW_KEY, "id", at, body.as_bytes()).unwrap();
    let sent = Request::post_json("/webhooks/servicenow", body)
        .header("webhook-id", "id")
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", signature);
    let reply = app.send(sent).await;
    reply.assert_refused(422, "delivery_unreadable");
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_claim_that_is_null_empty_or_of_another_type_is_said_in_the_words_of_a_service_desk() {
    let app = TestApp::new().await;
    let call = app.desk_call();
    for (name, words) in [
        ("aud", "which service it is for"),
        ("sub", "which person it is for"),
        ("iat", "when it starts"),
        ("exp", "when it expires"),
        ("jti", "its own id"),
        ("txn", "which ticket it is for"),
        ("act", "who approved"),
        ("scope", "what is to be done"),
        ("verification", "how the person was verified"),
        ("method", "how the person was verified"),
        ("verified_by", "who verified the person"),
        ("verified_at", "when the person was verified"),
    ] {
        for wrong in [
            None,
            Some(Value::Null),
            Some(json!("")),
            Some(json!(-1.5)),
            Some(json!(true)),
            Some(json!([])),
            Some(json!([""])),
            Some(json!({})),
            Some(json!({"sub": ""})),
        ] {
            let mut draft = app.draft();
            let of_evidence = call.get(name).is_some();
            let mut entry = call.clone();
            match &wrong {
                None if of_evidence => drop(entry.as_object_mut().unwrap().remove(name)),
                None => draft = draft.without(name),
                Some(value) if of_evidence => entry[name] = value.clone(),
                Some(value) => draft = draft.claim(name, value.clone()),
            }
            if of_evidence {
                draft = draft.verification([entry]);
            }
            let reply = app.reset(draft).await;
            // An audience may be any text, and an empty one is that of another service.
            if name == "aud"
                && matches!(&wrong, Some(value) if *value == json!("") || *value == json!([""]))
            {
                reply.assert_refused(422, "approval_audience");
                continue;
            }
            reply.assert_refused(422, "approval_claim");
            let said = format!("The approval does not say {words}, or says it wrongly");
            assert!(
                reply.detail().starts_with(&said),
                "{name}: {wrong:?}: {reply:?}"
            );
        }
    }
    app.assert_nothing_happened();
}
