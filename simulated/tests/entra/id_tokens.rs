//! The id_tokens of the simulated tenant, its keys, and what a test can make of them.

use jiff::{Span, Timestamp};
use simulated::entra::{
    Changes, ContextPolicy, Method as AuthenticationMethod, NoCode, OldKey, SignIn, Signature,
};

use super::browser::*;
use super::*;

const ADELE_NAME: &str = "adele.vance@contoso.example";

/// Signs in and redeems the code.
async fn signed_in(client: &GraphClient, changes: &[(&str, &str)], how: SignIn) -> Value {
    let url = authorize_url(client, changes);
    let callback = client.tenant.sign_in(&url, &how).unwrap();
    assert_eq!(callback.state.as_deref(), Some("state-1"));
    redeemed(client, &callback.code).await
}

/// Moves the tenant's clock ahead of the machine's.
fn later(client: &GraphClient, seconds: i64) {
    client.tenant.set_clock(move || {
        let now = Timestamp::now();
        now.checked_add(Span::new().seconds(seconds)).unwrap()
    });
}

#[tokio::test]
async fn auth_time_is_that_of_the_password_also_in_a_later_silent_sign_in() {
    let client = client().await;
    let first = signed_in(&client, &[], SignIn::fresh(ADELE)).await;
    later(&client, 3600);
    let silent = signed_in(&client, &[], SignIn::silent(ADELE)).await;
    assert_eq!(silent["auth_time"], first["auth_time"]);
    assert!(silent["iat"].as_i64() > first["iat"].as_i64());
    assert_eq!(silent["sid"], first["sid"]);
    let again = signed_in(&client, &[], SignIn::again(ADELE)).await;
    assert_eq!(again["auth_time"], first["auth_time"]);
    let login = signed_in(&client, &[("prompt", "login")], SignIn::again(ADELE)).await;
    assert!(login["auth_time"].as_i64() > first["auth_time"].as_i64());
    assert_ne!(login["sid"], first["sid"]);
}

#[tokio::test]
async fn without_a_policy_everyone_gets_the_context_who_asks_for_it() {
    let client = client().await;
    let plain = signed_in(&client, &[], SignIn::fresh(ADELE)).await;
    assert_eq!(plain.get("acrs"), None);
    let asking = [("claims", C1)];
    for policy in [
        None,
        Some(ContextPolicy::protecting("c2")),
        Some(ContextPolicy::protecting("c1").only_reporting()),
        Some(ContextPolicy::protecting("c1").covering(&[id(MEGAN)])),
        Some(ContextPolicy::protecting("c1").excluding(id(ADELE))),
    ] {
        client.tenant.set_context_policies(policy);
        let silent = signed_in(&client, &asking, SignIn::silent(ADELE)).await;
        assert_eq!(silent["acrs"], json!(["c1"]));
    }
}

#[tokio::test]
async fn a_protected_context_takes_a_step_that_counts_for_five_minutes() {
    let client = client().await;
    client
        .tenant
        .set_context_policies([ContextPolicy::protecting("c1")]);
    let asking = [("claims", C1)];
    let plain = signed_in(&client, &[], SignIn::fresh(ADELE)).await;
    assert_eq!(plain.get("acrs"), None);
    let url = authorize_url(&client, &asking);
    let silent = client.tenant.sign_in(&url, &SignIn::silent(ADELE));
    assert_eq!(silent, Err(NoCode::AsksThePerson));
    let stepped = signed_in(&client, &asking, SignIn::again(ADELE)).await;
    assert_eq!(stepped["acrs"], json!(["c1"]));
    assert_eq!(stepped["auth_time"], plain["auth_time"]);
    let silent = signed_in(&client, &asking, SignIn::silent(ADELE)).await;
    assert_eq!(silent["acrs"], json!(["c1"]));
    // The optional claim makes it appear unasked.
    let unasked = signed_in(&client, &[], SignIn::silent(ADELE)).await;
    assert_eq!(unasked["acrs"], json!(["c1"]));
    later(&client, 310);
    let silent = client.tenant.sign_in(&url, &SignIn::silent(ADELE));
    assert_eq!(silent, Err(NoCode::AsksThePerson));
    let unasked = signed_in(&client, &[], SignIn::silent(ADELE)).await;
    assert_eq!(unasked.get("acrs"), None);
}

#[tokio::test]
async fn a_policy_that_resists_phishing_takes_a_passkey() {
    let client = client().await;
    let open = registration().open_to_all();
    client.tenant.set_registration(id(SIGN), open);
    let policy = ContextPolicy::protecting("c1").phishing_resistant();
    client.tenant.set_context_policies([policy]);
    let asking = [("claims", C1)];
    // Adele has a passkey.
    signed_in(&client, &asking, SignIn::fresh(ADELE)).await;
    let without = client
        .tenant
        .sign_in(&authorize_url(&client, &asking), &SignIn::fresh(GRACE));
    assert!(
        matches!(without, Err(NoCode::OwnPage { code: 53003, .. })),
        "{without:?}"
    );
    let passkey: AuthenticationMethod =
        serde_json::from_value(json!({"type": "fido2", "displayName": "Key"})).unwrap();
    client.tenant.register(GRACE, passkey);
    signed_in(&client, &asking, SignIn::fresh(GRACE)).await;
}

#[tokio::test]
async fn optional_claims_can_be_left_out_and_the_lifetime_can_be_set() {
    let client = client().await;
    let bare = registration()
        .without_optional_claim("auth_time")
        .without_optional_claim("acct")
        .without_optional_claim("acrs")
        .token_lifetime(86400);
    client.tenant.set_registration(id(SIGN), bare);
    let token = signed_in(&client, &[("claims", C1)], SignIn::fresh(ADELE)).await;
    assert_eq!((token.get("auth_time"), token.get("acct")), (None, None));
    assert_eq!(token["acrs"], json!(["c1"]), "it was requested");
    let time = |name: &str| token[name].as_i64().unwrap();
    assert_eq!(time("exp") - time("iat"), 86700);
}

#[tokio::test]
async fn roles_come_from_assignments_and_through_groups_only_to_direct_members() {
    let file = json!({"groups": [
        {"id": DESK, "displayName": "Outer", "members": [MEGAN, ISAIAH, "c1000000-0000-4000-8000-0000000000aa"]},
        {"id": "c1000000-0000-4000-8000-0000000000aa", "displayName": "Inner", "members": [NESTOR]},
    ]});
    let client = GraphClient::of(&file).await;
    let app = registration().role("Verifier", id(ISAIAH)).open_to_all();
    client.tenant.register_app(id(SIGN), SECRET, app);
    for (user, roles) in [
        (ADELE, json!(["Verifier"])),
        (MEGAN, json!(["Approver"])),
        (ISAIAH, json!(["Verifier", "Approver"])),
        (NESTOR, Value::Null),
    ] {
        let token = signed_in(&client, &[], SignIn::fresh(user)).await;
        assert_eq!(token["roles"], roles, "{user}");
    }
}

#[tokio::test]
async fn guests_have_their_own_issuer_and_sub_differs_between_apps() {
    let client = client().await;
    let open = registration().open_to_all();
    client.tenant.set_registration(id(SIGN), open.clone());
    let guest = signed_in(&client, &[], SignIn::fresh(JORDAN)).await;
    assert!(
        guest["idp"]
            .as_str()
            .unwrap()
            .starts_with("https://sts.windows.net/")
    );
    assert_eq!((&guest["acct"], &guest["oid"]), (&json!(1), &json!(JORDAN)));
    let other = "5e1f0000-4f50-4162-8738-000000000002";
    client.tenant.register_app(id(other), SECRET, open);
    let token = |app: &str, user: &str| {
        let none = Changes::none();
        let token = client
            .tenant
            .id_token("https://login.example", id(app), user, "n", &[], &none);
        claims(&token.unwrap())
    };
    assert_eq!(token(SIGN, ADELE)["sub"], token(SIGN, ADELE_NAME)["sub"]);
    assert_ne!(token(SIGN, ADELE)["sub"], token(other, ADELE)["sub"]);
    assert_ne!(token(SIGN, ADELE)["uti"], token(SIGN, ADELE)["uti"]);
}

#[tokio::test]
async fn keys_are_published_as_entra_publishes_them() {
    let client = client().await;
    let (status, answer) = client.get(&format!("/{TENANT}/discovery/v2.0/keys")).await;
    assert_eq!(status, 200);
    assert_eq!(answer, client.tenant.key_set(&client.serving.url));
    assert_eq!(client.tenant.key_set_requests(), 1);
    let keys = answer["keys"].as_array().unwrap();
    for key in keys {
        assert_eq!(
            (&key["kty"], &key["use"], &key["e"]),
            (&json!("RSA"), &json!("sig"), &json!("AQAB"))
        );
        assert_eq!(key["kid"], key["x5t"]);
        assert_eq!(key["x5c"].as_array().unwrap().len(), 1);
        assert_eq!((key.get("alg"), key.get("d")), (None, None));
    }
    let issuers: Vec<_> = keys
        .iter()
        .map(|key| key["issuer"].as_str().unwrap())
        .collect();
    let base = &client.serving.url;
    assert_eq!(
        issuers,
        [
            format!("{base}/{{tenantid}}/v2.0"),
            format!("{base}/{TENANT}/v2.0"),
            format!("{base}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"),
        ]
    );
}

#[tokio::test]
async fn after_a_rotation_a_key_signs_that_was_not_published_and_the_old_one_stays_or_leaves() {
    let client = client().await;
    let kids = || -> Vec<String> {
        let set = client.tenant.key_set("https://login.example");
        let keys = set["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    };
    let signing = || {
        let none = Changes::none();
        let token =
            client
                .tenant
                .id_token("https://login.example", id(SIGN), ADELE, "n", &[], &none);
        jsonwebtoken::decode_header(token.unwrap())
            .unwrap()
            .kid
            .unwrap()
    };
    let (before, first) = (kids(), signing());
    assert_eq!(before[0], first);
    client.tenant.rotate_keys(OldKey::Stays);
    let second = signing();
    assert!(!before.contains(&second) && kids().contains(&second) && kids().contains(&first));
    client.tenant.rotate_keys(OldKey::Leaves);
    assert!(!kids().contains(&second) && kids().contains(&first));
    assert_eq!(kids()[0], signing());
}

#[tokio::test]
async fn a_sign_in_says_why_it_ended_without_a_code() {
    let client = client().await;
    let sign_in = |changes: &[(&str, &str)], how: SignIn| {
        let url = authorize_url(&client, changes);
        client.tenant.sign_in(&url, &how).unwrap_err()
    };
    assert!(matches!(
        sign_in(&[], SignIn::fresh(MEGAN)),
        NoCode::OwnPage { code: 50105, .. }
    ));
    assert!(matches!(
        sign_in(&[], SignIn::cancel()),
        NoCode::Redirected { code: 65004, .. }
    ));
    assert_eq!(sign_in(&[], SignIn::silent(ADELE)), NoCode::AsksThePerson);
    assert!(matches!(
        sign_in(&[("prompt", "none")], SignIn::fresh(ADELE)),
        NoCode::Redirected { code: 50058, .. }
    ));
    assert!(matches!(
        client
            .tenant
            .sign_in("https://desk.example/", &SignIn::fresh(ADELE)),
        Err(NoCode::NotAuthorize(_))
    ));
}

#[tokio::test]
async fn a_test_gets_false_tokens_from_the_token_endpoint_and_from_the_tenant() {
    let client = client().await;
    let false_token = Changes::none()
        .claim("aud", "another app")
        .claim("auth_time", 1)
        .without("roles")
        .header("kid", "unknown");
    let url = authorize_url(&client, &[]);
    let how = SignIn::fresh(ADELE).with_id_token(false_token.clone());
    let callback = client.tenant.sign_in(&url, &how).unwrap();
    let (_, answer) = redeem(&client, &callback.code, &[]).await;
    let issued = answer["id_token"].as_str().unwrap().to_owned();
    let base = "https://login.example";
    let minted = client
        .tenant
        .id_token(base, id(SIGN), ADELE, "n", &["c1"], &false_token);
    for token in [issued, minted.unwrap()] {
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.kid.as_deref(), Some("unknown"));
        let claims = claims(&token);
        assert_eq!(
            (&claims["aud"], &claims["auth_time"]),
            (&json!("another app"), &json!(1))
        );
        assert_eq!(claims.get("roles"), None);
    }
}

#[tokio::test]
async fn each_signature_is_good_or_bad_under_the_published_keys_as_its_name_says() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{Algorithm, DecodingKey};
    let client = client().await;
    let set = client.tenant.key_set("https://login.example");
    let set: JwkSet = serde_json::from_value(set).unwrap();
    for (signature, algorithm, is_published, verifies) in [
        (Signature::Current, "RS256", true, true),
        (Signature::Personal, "RS256", true, true),
        (Signature::Unpublished, "RS256", false, false),
        (Signature::Forged, "RS256", true, false),
        (Signature::Broken, "RS256", true, false),
        (Signature::Hs256, "HS256", true, false),
        (Signature::None, "none", true, false),
    ] {
        let changes = Changes::none().signature(signature);
        let token = client
            .tenant
            .id_token("https://login.example", id(SIGN), ADELE, "n", &[], &changes)
            .unwrap();
        let header = URL_SAFE_NO_PAD
            .decode(token.split('.').next().unwrap())
            .unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header["alg"], algorithm);
        let key = set.find(header["kid"].as_str().unwrap());
        assert_eq!(key.is_some(), is_published, "{signature:?}");
        let (signed, signature_part) = token.rsplit_once('.').unwrap();
        let good = key.is_some_and(|key| {
            let key = DecodingKey::from_jwk(key).unwrap();
            let check = jsonwebtoken::crypto::verify;
            check(signature_part, signed.as_bytes(), &key, Algorithm::RS256).unwrap_or(false)
        });
        assert_eq!(good, verifies, "{signature:?}");
    }
}

#[tokio::test]
async fn an_app_and_policies_in_the_file_serve_sign_ins() {
    let app: Value = json!({
        "clientId": SIGN,
        "secret": SECRET,
        "signIn": {
            "redirectUris": [DESK_URI],
            "appRoles": [{"value": "Verifier", "assigned": [ADELE]}],
        },
    });
    let own =
        json!({"clientId": APP, "secret": "standard-app-secret", "permissions": ["User.Read.All"]});
    let file = json!({"apps": [own, app], "contextPolicies": [{"context": "c1"}]});
    let client = GraphClient::of(&file).await;
    let token = signed_in(&client, &[("claims", C1)], SignIn::fresh(ADELE)).await;
    assert_eq!(
        (&token["roles"], &token["acrs"]),
        (&json!(["Verifier"]), &json!(["c1"]))
    );
}
