//! Forged and misused approvals. Each test has the name of an attack; none of them succeeds.

use serde_json::{Value, json};
use simulated::issuer::Issuer;

use crate::documented::{Rows, documented};
use crate::test_app::{TestApp, VERA};

/// An otherwise good approval with this member of its header changed, or removed if there is no value; signed by this
/// issuer.
fn with_header_of(issuer: &Issuer, app: &TestApp, name: &str, value: Option<Value>) -> String {
    let mut header = issuer.header();
    match value {
        Some(value) => header[name] = value,
        None => drop(header.as_object_mut().unwrap().remove(name)),
    }
    issuer.sign(header, app.draft().claims(issuer.iss()))
}

/// The same, signed by the service desk.
fn with_header(app: &TestApp, name: &str, value: impl Into<Value>) -> String {
    with_header_of(&app.service_desk_issuer, app, name, Some(value.into()))
}

/// The token is refused, and nothing happens. `case` is for the message.
async fn is_invalid(app: &TestApp, case: &str, token: &str) {
    let reply = app.send(app.jira(token)).await;
    assert_eq!(
        (reply.status, reply.code()),
        (401, "approval_invalid"),
        "{case}: {token}"
    );
    app.assert_nothing_happened();
}

/// An otherwise good approval with any of these values in its header is refused.
async fn are_invalid_headers(app: &TestApp, headers: impl IntoIterator<Item = (&str, Value)>) {
    for (name, value) in headers {
        let case = format!("{name} is {value}");
        is_invalid(app, &case, &with_header(app, name, value)).await;
    }
}

#[tokio::test]
async fn unsigned_tokens_with_alg_none_in_any_case_are_invalid() {
    let app = TestApp::new().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let token = with_header(&app, "alg", alg);
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        is_invalid(&app, alg, &token).await;
        is_invalid(&app, alg, &format!("{unsigned}.")).await;
    }
}

#[tokio::test]
async fn a_public_key_used_as_an_hmac_key_or_with_another_algorithm_than_its_own_verifies_nothing()
{
    let algorithms = ["HS256", "HS384", "RS256", "ES384", "PS256"];
    let headers = algorithms.map(|name| ("alg", json!(name)));
    are_invalid_headers(&TestApp::new().await, headers).await;
}

#[tokio::test]
async fn headers_that_change_what_is_signed_or_that_the_product_does_not_know_are_invalid() {
    let headers = [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
        ("unheard-of", json!(1)),
    ];
    are_invalid_headers(&TestApp::new().await, headers).await;
}

#[tokio::test]
async fn another_kind_of_token_by_the_same_issuer_is_no_approval() {
    let app = TestApp::new().await;
    let types = ["JWT", "at+jwt", "mfa-approval", "MFA-APPROVAL+JWT "];
    are_invalid_headers(&app, types.map(|name| ("typ", json!(name)))).await;
    let without_typ = with_header_of(&app.service_desk_issuer, &app, "typ", None);
    is_invalid(&app, "no typ", &without_typ).await;
}

#[tokio::test]
async fn the_type_of_a_token_counts_in_any_case_and_with_the_prefix_of_a_media_type() {
    for name in [
        "application/mfa-approval+jwt",
        "Application/MFA-Approval+JWT",
        "MFA-APPROVAL+jwt",
    ] {
        let app = TestApp::new().await;
        let token = with_header_of(&app.service_desk_issuer, &app, "typ", Some(json!(name)));
        app.send(app.jira(&token)).await.assert_completed();
    }
}

#[tokio::test]
async fn a_key_name_that_is_a_path_a_query_a_long_text_or_no_text_selects_no_key() {
    let names = [
        json!("../../../../dev/null"),
        json!("' OR 1=1 --"),
        json!(""),
        json!("k".repeat(257)),
        json!("desk-2026\n"),
        json!("desk-2026\u{0}"),
        json!(7),
        json!(["desk-2026"]),
        Value::Null,
    ];
    are_invalid_headers(&TestApp::new().await, names.map(|name| ("kid", name))).await;
}

#[tokio::test]
async fn a_token_that_brings_its_own_key_or_says_where_it_is_is_invalid() {
    let app = TestApp::new().await;
    let attacker = Issuer::es256("https://approvals.contoso.example", "desk-2026");
    let key = attacker.jwks()["keys"][0].clone();
    for (name, value) in [
        ("jwk", key),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let forged = with_header_of(&attacker, &app, name, Some(value.clone()));
        is_invalid(&app, name, &forged).await;
        // With the right key, too: the header is not one that an approval has.
        are_invalid_headers(&app, [(name, value)]).await;
    }
}

#[tokio::test]
async fn a_key_of_the_attackers_own_under_a_known_name_signs_nothing() {
    let app = TestApp::new().await;
    for (iss, kid) in [
        ("https://approvals.contoso.example", "desk-2026"),
        ("https://approvals.contoso.example", "desk-2027"),
        ("https://attacker.example", "desk-2026"),
    ] {
        let attacker = Issuer::es256(iss, kid);
        is_invalid(&app, iss, &attacker.approve(&app.draft())).await;
    }
    let attacker = Issuer::es256("https://approvals.contoso.example", "desk-2026");
    let reply = app.send(app.jira(&attacker.approve(&app.draft()))).await;
    documented(&reply);
}

#[tokio::test]
async fn a_member_that_comes_twice_makes_a_token_invalid() {
    let app = TestApp::new().await;
    let header = app.service_desk_issuer.header().to_string();
    let iss = app.service_desk_issuer.iss();
    let claims = app.draft().claims(iss).to_string();
    let twice = |json: &str, more: &str| json.replacen('{', &format!("{{{more},"), 1);
    let other_target = "\"sub\":\"grace.admin@contoso.example\"";
    let unknown_twice = "\"unheard-of\":1,\"unheard-of\":2";
    for (case, header, claims) in [
        ("sub", header.clone(), twice(&claims, other_target)),
        (
            "an unknown claim",
            header.clone(),
            twice(&claims, unknown_twice),
        ),
        (
            "kid",
            twice(&header, "\"kid\":\"desk-2026\""),
            claims.clone(),
        ),
    ] {
        let issuer = &app.service_desk_issuer;
        let token = issuer.sign_bytes(header.as_bytes(), claims.as_bytes());
        is_invalid(&app, case, &token).await;
    }
}

#[tokio::test]
async fn an_approval_with_one_character_changed_anywhere_is_invalid() {
    let app = TestApp::new().await;
    let token = app.approve(app.draft());
    for place in (0..token.len()).step_by(token.len() / 40) {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        if changed == token || changed.matches('.').count() != 2 || !changed.starts_with("eyJ") {
            continue;
        }
        is_invalid(&app, &format!("at {place}"), &changed).await;
    }
}

#[tokio::test]
async fn an_oversized_token_is_invalid() {
    let app = TestApp::new().await;
    let token = app.approve(app.draft().claim("padding", "x".repeat(8192)));
    is_invalid(&app, "oversized", &token).await;
}

#[tokio::test]
async fn claims_of_the_wrong_type_or_missing_are_refused() {
    let app = TestApp::new().await;
    let two_audiences = json!([
        "https://mfa.contoso.example/webhooks",
        "https://other.example"
    ]);
    let cases: Vec<(&str, Option<Value>)> = vec![
        ("aud", Some(json!(5))),
        ("aud", Some(json!([]))),
        ("aud", Some(two_audiences)),
        ("aud", None),
        ("sub", Some(json!("jane"))),
        ("sub", None),
        ("exp", Some(json!("1790000000"))),
        ("exp", Some(json!(1_790_000_000.5))),
        ("exp", Some(json!(u64::MAX))),
        ("exp", None),
        ("iat", None),
        ("jti", Some(json!("short"))),
        ("jti", None),
        ("txn", None),
        ("act", None),
        ("scope", Some(json!("mfa:reregister password:reset"))),
        ("scope", None),
        ("reason", Some(json!("because"))),
        ("verification", Some(json!([]))),
        ("verification", Some(json!(vec![app.desk_call(); 5]))),
        ("verification", None),
    ];
    for (name, value) in cases {
        let draft = match &value {
            Some(value) => app.draft().claim(name, value.clone()),
            None => app.draft().without(name),
        };
        let reply = app.reset(draft).await;
        assert_eq!(
            (reply.status, reply.code()),
            (422, "approval_claim"),
            "{name} {value:?}"
        );
        assert!(reply.detail().contains(name), "{reply:?}");
    }
    // An issuer that is no text cannot even be looked up.
    for iss in [
        json!(["https://approvals.contoso.example"]),
        json!(7),
        Value::Null,
    ] {
        let issuer = &app.service_desk_issuer;
        let claims = app.draft().claim("iss", iss.clone()).claims("");
        let token = issuer.sign(issuer.header(), claims);
        is_invalid(&app, &format!("iss is {iss}"), &token).await;
    }
}

#[tokio::test]
async fn an_approval_or_evidence_that_is_too_old_too_new_or_too_long_lived_is_refused() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let now = app.now();
    let draft = || app.draft();
    let old = draft().issued_at(now - 7200).expires_at(now - 3600);
    let early = draft().issued_at(now + 120).expires_at(now + 240);
    for (approvals, draft, code) in [
        (
            "one that has expired",
            draft().expires_at(now),
            "approval_expired",
        ),
        ("one that has expired", old, "approval_expired"),
        ("one that is not valid yet", early, "approval_not_yet"),
        (
            "one that is not valid yet",
            draft().claim("nbf", now + 120),
            "approval_not_yet",
        ),
        (
            "one that is valid for too long",
            draft().expires_at(now + 5401),
            "approval_too_long",
        ),
        (
            "one with evidence that is too old",
            draft().verified(VERA, now - 14401),
            "evidence_stale",
        ),
        (
            "one with evidence of the future",
            draft().verified(VERA, now + 120),
            "evidence_stale",
        ),
    ] {
        let reply = app.reset(draft).await;
        assert_eq!(
            (reply.status, reply.code()),
            (422, code),
            "{approvals}: {reply:?}"
        );
        rows.show("a standard person", approvals, &reply);
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_caller_who_has_the_stolen_phone_gets_no_reset() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    for (method, via) in [
        ("phone_call", "mobile"),
        ("secure_message", "sms"),
        ("secure_message", "signal"),
        ("secure_message", "telegram"),
    ] {
        let mut evidence = app.desk_call();
        evidence["method"] = json!(method);
        evidence["via"] = json!(via);
        let draft = app.draft().reason("stolen").verification([evidence]);
        let reply = app.reset(draft).await;
        assert_eq!(
            (reply.status, reply.code()),
            (422, "evidence_on_lost_phone"),
            "{via}"
        );
        rows.show(
            "a standard person whose phone was stolen",
            "one, with verification over that phone alone",
            &reply,
        );
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_caller_who_knows_the_birthday_or_gives_a_number_to_call_back_gets_no_reset() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    for (approvals, name, value) in [
        (
            "one, with verification by questions",
            "method",
            "knowledge_questions",
        ),
        (
            "one, with verification over a number that the caller gave",
            "contact_source",
            "caller",
        ),
        ("one, with evidence in words", "note", "sounded right"),
    ] {
        let mut evidence = app.desk_call();
        evidence[name] = json!(value);
        let reply = app.reset(app.draft().verification([evidence])).await;
        reply.assert_refused(422, "approval_claim");
        rows.show("a standard person", approvals, &reply);
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_approval_for_another_ticket_tenant_or_deployment_is_refused() {
    let rows = Rows::of_this_scenario();
    let app = TestApp::new().await;
    let other_tenant = "00000000-0000-4000-8000-000000000000";
    let other_deployment = "https://mfa.fabrikam.example/webhooks";
    for (approvals, draft, code) in [
        (
            "one for another ticket",
            app.draft().ticket("HELP-41"),
            "other_ticket",
        ),
        (
            "one for another tenant",
            app.draft().tenant(other_tenant),
            "other_tenant",
        ),
        (
            "one for another deployment",
            app.draft().audience(other_deployment),
            "approval_audience",
        ),
        (
            "one for on-call, in a ticket",
            app.on_call_draft(),
            "approval_audience",
        ),
    ] {
        let reply = app.reset(draft).await;
        assert_eq!(
            (reply.status, reply.code()),
            (422, code),
            "{approvals}: {reply:?}"
        );
        rows.show("a standard person", approvals, &reply);
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn more_approvals_than_any_reset_needs_are_refused() {
    let app = TestApp::new().await;
    let five: Vec<String> = (0..5).map(|_| app.approve(app.draft())).collect();
    let reply = app.send(app.jira(&five.join(" "))).await;
    reply.assert_refused(422, "too_many_approvals");
    documented(&reply);
    app.assert_nothing_happened();

    // Four are not too many, and neither are four verifications.
    let four: Vec<String> = (0..4)
        .map(|_| app.approve(app.draft().verification(vec![app.desk_call(); 4])))
        .collect();
    let reply = app.send(app.jira(&four.join(" "))).await;
    reply.assert_completed();
}

/// The order of the curve P-256 (SEC 2, section 2.4.2), big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[tokio::test]
async fn a_second_spelling_of_the_same_signature_is_invalid() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let first = app.send(app.jira(&approval)).await;

    // From an ECDSA signature (r, s) anyone can make (r, n - s), which is as valid.
    let (signed, signature) = approval.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for place in (0..32).rev() {
        let difference = i16::from(ORDER[place]) - i16::from(signature[32 + place]) - borrow;
        borrow = i16::from(difference < 0);
        signature[32 + place] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let other = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert_ne!(other, approval);

    app.tenant.forget_calls();
    let second = app.send(app.jira(&other)).await;
    assert_eq!(second.reset(), first.reset(), "{second:?}");
    second.assert_replayed();
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn a_token_that_only_a_lenient_parser_reads_is_invalid() {
    let app = TestApp::new().await;
    let good = app.approve_on_call(app.on_call_draft());
    let parts: Vec<&str> = good.split('.').collect();
    let issuer = &app.on_call_issuer;
    let header = issuer.header().to_string();
    let claims = app.on_call_draft().claims(issuer.iss()).to_string();
    let utf_16: Vec<u8> = claims.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_bom = format!("\u{feff}{claims}");
    let with_more = format!("{claims}x");
    let header_with_more = format!("{header} {{}}");
    for token in [
        format!("{good}="),
        format!("{good}.{}", parts[2]),
        format!("{}..{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{} .{}.{}", parts[0], parts[1], parts[2]),
        good.replace('.', ".."),
        format!("{{\"payload\":\"{}\"}}", parts[1]),
        issuer.sign_bytes(header.as_bytes(), &utf_16),
        issuer.sign_bytes(header.as_bytes(), with_bom.as_bytes()),
        issuer.sign_bytes(header.as_bytes(), with_more.as_bytes()),
        issuer.sign_bytes(header_with_more.as_bytes(), claims.as_bytes()),
        issuer.sign_bytes(b"{}", claims.as_bytes()),
    ] {
        let reply = app.reset_on_call(&token).await;
        assert_eq!(
            (reply.status, reply.code()),
            (401, "approval_invalid"),
            "{token}"
        );
    }
    app.assert_nothing_happened();
    app.reset_on_call(&good).await.assert_completed();
}
