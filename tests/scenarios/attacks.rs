//! Forged and misused approvals. Each test has the name of an attack; none of them gets past the door.

use serde_json::{Value, json};
use simulated::issuer::Issuer;

use crate::test_app::TestApp;

async fn approval_fails(app: &TestApp, token: &str) {
    let reply = app.send(app.jira(token)).await;
    assert_eq!(
        (reply.status, reply.code()),
        (401, "approval_invalid"),
        "{token}"
    );
    app.assert_nothing_happened();
}

#[tokio::test]
async fn unsigned_tokens_with_alg_none_in_any_case() {
    let app = TestApp::new().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let mut header = app.service_desk.header();
        header["alg"] = json!(alg);
        let token = app
            .service_desk
            .sign(header, app.draft().claims(app.service_desk.iss()));
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        approval_fails(&app, &token).await;
        approval_fails(&app, &format!("{unsigned}.")).await;
    }
}

#[tokio::test]
async fn a_public_key_used_as_an_hmac_key() {
    let app = TestApp::new().await;
    for alg in ["HS256", "HS384", "RS256", "ES384", "PS256"] {
        let mut header = app.service_desk.header();
        header["alg"] = json!(alg);
        let token = app
            .service_desk
            .sign(header, app.draft().claims(app.service_desk.iss()));
        approval_fails(&app, &token).await;
    }
}

#[tokio::test]
async fn a_key_of_the_attackers_own_under_a_known_name() {
    let app = TestApp::new().await;
    let attacker = Issuer::es256("https://approvals.contoso.example", "desk-2026");
    approval_fails(&app, &attacker.approve(&app.draft())).await;
    let unknown = Issuer::es256("https://approvals.contoso.example", "desk-2027");
    approval_fails(&app, &unknown.approve(&app.draft())).await;
    let elsewhere = Issuer::es256("https://attacker.example", "desk-2026");
    approval_fails(&app, &elsewhere.approve(&app.draft())).await;
}

#[tokio::test]
async fn a_token_that_brings_its_own_key_or_says_where_it_is() {
    let app = TestApp::new().await;
    let attacker = Issuer::es256("https://approvals.contoso.example", "desk-2026");
    let key = attacker.jwks()["keys"][0].clone();
    for (name, value) in [
        ("jwk", key),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = attacker.header();
        header[name] = value.clone();
        approval_fails(
            &app,
            &attacker.sign(header, app.draft().claims(attacker.iss())),
        )
        .await;
        // And with the right key: the header is not one that an approval has.
        let mut header = app.service_desk.header();
        header[name] = value;
        let token = app
            .service_desk
            .sign(header, app.draft().claims(app.service_desk.iss()));
        approval_fails(&app, &token).await;
    }
}

#[tokio::test]
async fn critical_headers_that_nobody_understands() {
    let app = TestApp::new().await;
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
        ("unheard-of", json!(1)),
    ] {
        let mut header = app.service_desk.header();
        header[name] = value;
        let token = app
            .service_desk
            .sign(header, app.draft().claims(app.service_desk.iss()));
        approval_fails(&app, &token).await;
    }
}

#[tokio::test]
async fn another_kind_of_token_by_the_same_issuer() {
    let app = TestApp::new().await;
    for typ in ["JWT", "at+jwt", "mfa-approval", "MFA-APPROVAL+JWT "] {
        let mut header = app.service_desk.header();
        header["typ"] = json!(typ);
        let token = app
            .service_desk
            .sign(header, app.draft().claims(app.service_desk.iss()));
        approval_fails(&app, &token).await;
    }
    let mut header = app.service_desk.header();
    header.as_object_mut().unwrap().remove("typ");
    let token = app
        .service_desk
        .sign(header, app.draft().claims(app.service_desk.iss()));
    approval_fails(&app, &token).await;
}

#[tokio::test]
async fn a_member_that_comes_twice() {
    let app = TestApp::new().await;
    let header = app.service_desk.header().to_string();
    let claims = app.draft().claims(app.service_desk.iss()).to_string();
    let twice = claims.replacen(
        '{',
        &format!("{{\"sub\":\"{}\",", "grace.admin@contoso.example"),
        1,
    );
    approval_fails(
        &app,
        &app.service_desk
            .sign_bytes(header.as_bytes(), twice.as_bytes()),
    )
    .await;
    let twice = claims.replacen('{', "{\"unheard-of\":1,\"unheard-of\":2,", 1);
    approval_fails(
        &app,
        &app.service_desk
            .sign_bytes(header.as_bytes(), twice.as_bytes()),
    )
    .await;
    let twice = header.replacen('{', "{\"kid\":\"desk-2026\",", 1);
    approval_fails(
        &app,
        &app.service_desk
            .sign_bytes(twice.as_bytes(), claims.as_bytes()),
    )
    .await;
}

#[tokio::test]
async fn an_approval_with_one_bit_changed_anywhere() {
    let app = TestApp::new().await;
    let token = app.approve(app.draft());
    for place in (0..token.len()).step_by(token.len() / 40) {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        if changed == token || changed.matches('.').count() != 2 || !changed.starts_with("eyJ") {
            continue;
        }
        approval_fails(&app, &changed).await;
    }
}

#[tokio::test]
async fn an_oversized_token() {
    let app = TestApp::new().await;
    let token = app.approve(app.draft().claim("padding", "x".repeat(8192)));
    approval_fails(&app, &token).await;
}

#[tokio::test]
async fn claims_of_the_wrong_type_or_missing() {
    let app = TestApp::new().await;
    let cases: Vec<(&str, Option<Value>)> = vec![
        ("aud", Some(json!(5))),
        ("aud", Some(json!([]))),
        (
            "aud",
            Some(json!([
                "https://mfa.contoso.example/webhooks",
                "https://other.example"
            ])),
        ),
        ("aud", None),
        ("sub", Some(json!("jane"))),
        ("sub", None),
        ("exp", Some(json!("1790000000"))),
        ("exp", Some(json!(1.79e9))),
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
        assert!(
            reply.json["detail"].as_str().unwrap().contains(name),
            "{reply:?}"
        );
    }
    // An issuer that is no string cannot even be looked up.
    for iss in [
        json!(["https://approvals.contoso.example"]),
        json!(7),
        Value::Null,
    ] {
        let token = app.service_desk.sign(
            app.service_desk.header(),
            app.draft().claim("iss", iss).claims(""),
        );
        approval_fails(&app, &token).await;
    }
}

#[tokio::test]
async fn a_time_that_is_over_or_has_not_begun() {
    let app = TestApp::new().await;
    let now = app.now();
    for (draft, code) in [
        (app.draft().expires_at(now), "approval_expired"),
        (
            app.draft().issued_at(now - 7200).expires_at(now - 3600),
            "approval_expired",
        ),
        (
            app.draft().issued_at(now + 120).expires_at(now + 240),
            "approval_not_yet",
        ),
        (app.draft().claim("nbf", now + 120), "approval_not_yet"),
        (app.draft().expires_at(now + 5401), "approval_too_long"),
        (
            app.draft().verified(crate::test_app::VERA, now - 14401),
            "evidence_stale",
        ),
        (
            app.draft().verified(crate::test_app::VERA, now + 120),
            "evidence_stale",
        ),
    ] {
        let reply = app.reset(draft).await;
        assert_eq!((reply.status, reply.code()), (422, code));
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_caller_who_has_the_stolen_phone() {
    let app = TestApp::new().await;
    for (method, via) in [
        ("phone_call", "mobile"),
        ("secure_message", "sms"),
        ("secure_message", "signal"),
        ("secure_message", "telegram"),
    ] {
        let mut evidence = app.call();
        evidence["method"] = json!(method);
        evidence["via"] = json!(via);
        let reply = app
            .reset(app.draft().reason("stolen").verification([evidence]))
            .await;
        assert_eq!(
            (reply.status, reply.code()),
            (422, "evidence_on_lost_phone"),
            "{via}"
        );
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn a_caller_who_knows_the_birthday_or_gives_a_number_to_call_back() {
    let app = TestApp::new().await;
    for (name, value) in [
        ("method", "knowledge_questions"),
        ("contact_source", "caller"),
        ("note", "sounded right"),
    ] {
        let mut evidence = app.call();
        evidence[name] = json!(value);
        let reply = app.reset(app.draft().verification([evidence])).await;
        assert_eq!((reply.status, reply.code()), (422, "approval_claim"));
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn an_approval_for_another_ticket_tenant_or_deployment() {
    let app = TestApp::new().await;
    for (draft, code) in [
        (app.draft().ticket("HELP-41"), "other_ticket"),
        (
            app.draft().tenant("00000000-0000-4000-8000-000000000000"),
            "other_tenant",
        ),
        (
            app.draft()
                .audience("https://mfa.fabrikam.example/webhooks"),
            "approval_audience",
        ),
        (app.on_call_draft(), "approval_audience"),
    ] {
        let reply = app.reset(draft).await;
        assert_eq!((reply.status, reply.code()), (422, code));
    }
    app.assert_nothing_happened();
}

#[tokio::test]
async fn more_approvals_than_anybody_needs() {
    let app = TestApp::new().await;
    let five: Vec<String> = (0..5).map(|_| app.approve(app.draft())).collect();
    let reply = app.send(app.jira(&five.join(" "))).await;
    assert_eq!((reply.status, reply.code()), (422, "too_many_approvals"));
    app.assert_nothing_happened();
}

/// The order of the curve P-256 (SEC 2, section 2.4.2), big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[tokio::test]
async fn a_second_spelling_of_the_same_signature() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let app = TestApp::new().await;
    let approval = app.approve(app.draft());
    let first = app.send(app.jira(&approval)).await;

    // Of an ECDSA signature (r, s) everybody can make (r, n - s), which is as good.
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
    assert_eq!(second.json["reset"], first.json["reset"], "{second:?}");
    assert_eq!(second.json["replayed"], true);
    assert_eq!(app.tenant.calls().len(), 0);
}

#[tokio::test]
async fn a_token_that_only_a_lenient_parser_reads() {
    use simulated::senders::on_call;

    let app = TestApp::new().await;
    let good = app.approve_on_call(app.on_call_draft());
    let parts: Vec<&str> = good.split('.').collect();
    let header = app.on_call.header().to_string();
    let claims = app.on_call_draft().claims(app.on_call.iss()).to_string();
    let utf_16: Vec<u8> = claims.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_bom = format!("\u{feff}{claims}");
    for token in [
        format!("{good}="),
        format!("{good}.{}", parts[2]),
        format!("{}..{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{} .{}.{}", parts[0], parts[1], parts[2]),
        good.replace('.', ".."),
        format!("{{\"payload\":\"{}\"}}", parts[1]),
        app.on_call.sign_bytes(header.as_bytes(), &utf_16),
        app.on_call
            .sign_bytes(header.as_bytes(), with_bom.as_bytes()),
        app.on_call
            .sign_bytes(header.as_bytes(), format!("{claims}x").as_bytes()),
        app.on_call
            .sign_bytes(format!("{header} {{}}").as_bytes(), claims.as_bytes()),
        app.on_call.sign_bytes(b"{}", claims.as_bytes()),
    ] {
        let reply = app.send(on_call::post("/resets", &token, None)).await;
        assert_eq!(
            (reply.status, reply.code()),
            (401, "approval_invalid"),
            "{token}"
        );
    }
    app.assert_nothing_happened();
    assert_eq!(
        app.send(on_call::post("/resets", &good, None)).await.status,
        200
    );
}

#[tokio::test]
async fn a_key_name_that_is_a_path_a_query_or_a_book() {
    let app = TestApp::new().await;
    for kid in [
        "../../../../dev/null",
        "' OR 1=1 --",
        "",
        &"k".repeat(65),
        "desk-2026\n",
        "desk-2026\u{0}",
    ] {
        let mut header = app.service_desk.header();
        header["kid"] = json!(kid);
        let token = app
            .service_desk
            .sign(header, app.draft().claims(app.service_desk.iss()));
        approval_fails(&app, &token).await;
    }
    for kid in [json!(7), json!(["desk-2026"]), Value::Null] {
        let mut header = app.service_desk.header();
        header["kid"] = kid;
        let token = app
            .service_desk
            .sign(header, app.draft().claims(app.service_desk.iss()));
        approval_fails(&app, &token).await;
    }
}
