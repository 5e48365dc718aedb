//! A browser and a confidential client, over real HTTP.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use simulated::entra::{ContextPolicy, Registration};

use super::browser::*;
use super::*;

/// Parameters of a request that replace the usual ones.
type Parameters<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn a_person_signs_in_on_the_page_and_the_app_redeems_the_code() {
    let (client, mut browser) = (client().await, Browser::new());
    let url = authorize_url(&client, &[("login_hint", "adele.vance@contoso.example")]);
    let page = browser.open(&url).await.page();
    let first = page.find("autofocus>Sign in as Adele Vance<").unwrap();
    assert!(first < page.find("Sign in as Megan Bowen<").unwrap());
    assert!(page.contains("<label for=\"user\">") && page.contains(">Cancel</button>"));

    let location = browser.sign_in(&url, ADELE).await;
    assert!(location.starts_with("https://desk.example/desk#code="));
    assert_eq!(answered(&location, "state").as_deref(), Some("state-1"));
    assert!(answered(&location, "session_state").is_some());
    let code = answered(&location, "code").unwrap();
    assert!(code.len() > 900);

    let (status, answer) = redeem(&client, &code, &[]).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (
            &answer["token_type"],
            &answer["scope"],
            &answer["expires_in"]
        ),
        (&json!("Bearer"), &json!("openid profile"), &json!(3599))
    );
    assert!(answer["access_token"].is_string() && answer.get("refresh_token").is_none());

    let token = answer["id_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let (_, keys) = client.get(&format!("/{TENANT}/discovery/v2.0/keys")).await;
    let set: JwkSet = serde_json::from_value(keys).unwrap();
    let key = set.find(header.kid.as_ref().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[SIGN]);
    validation.set_issuer(&[format!("{}/{TENANT}/v2.0", client.serving.url)]);
    let verified =
        jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation);
    let claims = verified.unwrap().claims;
    for (name, value) in [
        ("oid", json!(ADELE)),
        ("tid", json!(TENANT)),
        ("nonce", json!("nonce-1")),
        ("name", json!("Adele Vance")),
        ("preferred_username", json!("adele.vance@contoso.example")),
        ("roles", json!(["Verifier"])),
        ("acct", json!(0)),
        ("ver", json!("2.0")),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    let time = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(time("iat"), time("nbf"));
    assert_eq!(time("exp") - time("iat"), 3900);
    assert!((300..310).contains(&(time("auth_time") - time("iat"))));
    for absent in ["acrs", "idp", "amr", "email"] {
        assert_eq!(claims.get(absent), None);
    }
    for present in ["sub", "uti", "aio", "rh", "sid"] {
        assert!(claims[present].is_string(), "{present}");
    }
}

#[tokio::test]
async fn the_page_needs_no_script_and_lets_the_form_lead_to_the_app_alone() {
    let client = client().await;
    let url = authorize_url(&client, &[("login_hint", "\"><script>alert(1)</script>")]);
    let answer = client.http.get(&url).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(policy.contains("form-action 'self' https://desk.example;"));
    assert_eq!(
        answer.headers()["cross-origin-opener-policy"],
        "same-origin"
    );
    assert!(!answer.text().await.unwrap().contains("<script"));
}

#[tokio::test]
async fn a_session_is_used_without_a_page_unless_the_app_wants_a_new_sign_in() {
    let (client, mut browser) = (client().await, Browser::new());
    let url = authorize_url(&client, &[("response_mode", "query")]);
    let first = browser.sign_in(&url, "adele.vance@contoso.example").await;
    assert!(first.starts_with("https://desk.example/desk?code="));
    let again = browser.open(&url).await.sent();
    assert_eq!(
        answered(&again, "session_state"),
        answered(&first, "session_state")
    );
    for prompt in ["login", "select_account"] {
        let url = authorize_url(&client, &[("prompt", prompt)]);
        browser.open(&url).await.page();
    }
    let hinted = authorize_url(&client, &[("login_hint", "megan.bowen@contoso.example")]);
    browser.open(&hinted).await.page();
    client.tenant.forget_sessions();
    browser.open(&url).await.page();
}

#[tokio::test]
async fn a_revoked_session_and_one_of_a_disabled_person_are_not_used() {
    let (client, mut browser) = (client().await, Browser::new());
    let url = authorize_url(&client, &[]);
    browser.sign_in(&url, ADELE).await;
    client.tenant.set_enabled(ADELE, false);
    browser.open(&url).await.page();
    client.tenant.set_enabled(ADELE, true);
    browser.open(&url).await.sent();
    let path = format!("/v1.0/users/{ADELE}/revokeSignInSessions");
    assert_eq!(client.call(Verb::POST, &path).await.0, 200);
    browser.open(&url).await.page();
}

#[tokio::test]
async fn errors_that_an_app_can_do_something_about_come_back_to_it() {
    let (client, mut browser) = (client().await, Browser::new());
    let cases: [(Parameters, &str, &str); 15] = [
        (&[("prompt", "none")], "login_required", "AADSTS50058"),
        (&[("prompt", "never")], "invalid_request", "AADSTS90023"),
        (
            &[("prompt", "select_account"), ("login_hint", "a@b.example")],
            "invalid_request",
            "AADSTS90023",
        ),
        (
            &[("response_type", "id_token")],
            "unsupported_response_type",
            "AADSTS700054",
        ),
        (
            &[("response_type", "code id_token")],
            "unsupported_response_type",
            "AADSTS700054",
        ),
        (
            &[("response_type", "token")],
            "unsupported_response_type",
            "AADSTS700051",
        ),
        (
            &[("response_type", "none")],
            "unsupported_response_type",
            "AADSTS70005",
        ),
        (&[("response_type", "")], "invalid_request", "AADSTS900144"),
        (&[("scope", "")], "invalid_request", "AADSTS900144"),
        (&[("scope", "profile")], "invalid_scope", "AADSTS70011"),
        (
            &[("scope", "openid User.Read")],
            "invalid_scope",
            "AADSTS70011",
        ),
        (&[("max_age", "soon")], "invalid_request", "AADSTS90023"),
        (
            &[("code_challenge", "short")],
            "invalid_request",
            "AADSTS501491",
        ),
        (
            &[("code_challenge_method", "S512")],
            "invalid_request",
            "AADSTS90023",
        ),
        (&[("claims", "{")], "invalid_request", "AADSTS90023"),
    ];
    for (changes, error, number) in cases {
        let location = browser.open(&authorize_url(&client, changes)).await.sent();
        assert!(location.starts_with("https://desk.example/desk#error="));
        assert_eq!(answered(&location, "error").as_deref(), Some(error));
        assert_eq!(answered(&location, "state").as_deref(), Some("state-1"));
        let text = answered(&location, "error_description").unwrap();
        assert!(text.starts_with(&format!("{number}: ")), "{text}");
    }
    let url = authorize_url(&client, &[]);
    let location = browser.submit(&url, "cancel", "true").await.sent();
    assert_eq!(
        answered(&location, "error").as_deref(),
        Some("access_denied")
    );
}

#[tokio::test]
async fn errors_for_the_person_stay_on_a_page_of_the_login() {
    let (client, mut browser) = (client().await, Browser::new());
    let other = "ffffffff-0000-4000-8000-000000000000";
    let cases: [(Parameters, u32); 5] = [
        (&[("client_id", other)], 700_016),
        (&[("client_id", APP)], 500_113),
        (&[("client_id", "")], 900_144),
        (&[("redirect_uri", "https://desk.example/DESK")], 50011),
        (&[("response_mode", "web_message")], 90023),
    ];
    for (changes, number) in cases {
        let page = browser.open(&authorize_url(&client, changes)).await.page();
        assert!(page.contains(&format!("AADSTS{number}: ")), "{page}");
    }
    for (tenant, number) in [("common", 50194), (other, 90002)] {
        let url = authorize_url(&client, &[]).replace(TENANT, tenant);
        let page = browser.open(&url).await.page();
        assert!(page.contains(&format!("AADSTS{number}: ")), "{page}");
    }
    let url = authorize_url(&client, &[]);
    client.tenant.set_enabled(LIDIA, false);
    for (user, number) in [
        (MEGAN, 50105),
        (LIDIA, 50057),
        ("new@contoso.example", 50034),
        ("eve@fabrikam.example", 50020),
    ] {
        let page = browser.submit(&url, "user", user).await.page();
        assert!(page.contains(&format!("AADSTS{number}: ")), "{page}");
    }
    client.tenant.refuse_guests(true);
    let page = browser.submit(&url, "user", JORDAN).await.page();
    assert!(page.contains("AADSTS500213: "), "{page}");
    let action = url.replace("/oauth2/v2.0/authorize?", "/login?");
    assert!(browser.open(&action).await.page().contains("AADSTS900561"));
}

#[tokio::test]
async fn with_prompt_none_all_errors_of_a_sign_in_come_back_to_the_app() {
    let (client, mut browser) = (client().await, Browser::new());
    browser.sign_in(&authorize_url(&client, &[]), ADELE).await;
    let mut error = async |changes: &[(&str, &str)]| {
        let changes = [changes, &[("prompt", "none")]].concat();
        let location = browser.open(&authorize_url(&client, &changes)).await.sent();
        let text = answered(&location, "error_description").unwrap_or_default();
        let number = text.split(':').next().unwrap().to_owned();
        (answered(&location, "error").unwrap_or_default(), number)
    };
    let expect = |name: &str, number: &str| (name.to_owned(), number.to_owned());
    assert_eq!(error(&[]).await, expect("", ""));
    assert_eq!(
        error(&[("login_hint", "megan.bowen@contoso.example")]).await,
        expect("interaction_required", "AADSTS16000")
    );
    let policy = ContextPolicy::protecting("c1");
    client.tenant.set_context_policies([policy]);
    assert_eq!(
        error(&[("claims", C1)]).await,
        expect("interaction_required", "AADSTS50076")
    );
    client
        .tenant
        .set_registration(id(SIGN), Registration::web(DESK_URI));
    assert_eq!(
        error(&[]).await,
        expect("interaction_required", "AADSTS50105")
    );
    client
        .tenant
        .set_registration(id(SIGN), registration().not_consented());
    assert_eq!(error(&[]).await, expect("consent_required", "AADSTS65001"));
}

#[tokio::test]
async fn a_code_is_good_once_and_for_the_client_that_requested_it() {
    let (client, mut browser) = (client().await, Browser::new());
    client.tenant.set_registration(
        id(APP),
        Registration::web("https://other.example/").open_to_all(),
    );
    let code = async |browser: &mut Browser| {
        let location = browser.sign_in(&authorize_url(&client, &[]), ADELE).await;
        answered(&location, "code").unwrap()
    };
    let good = code(&mut browser).await;
    let cases: [(Parameters, u16, &str, u64); 11] = [
        (&[("code_verifier", "other")], 400, "invalid_grant", 501_481),
        (&[("code_verifier", "")], 400, "invalid_grant", 501_481),
        (&[("code", "unknown")], 400, "invalid_grant", 70000),
        (&[("code", "")], 400, "invalid_request", 900_144),
        (&[("redirect_uri", "")], 400, "invalid_request", 900_144),
        (
            &[("redirect_uri", "https://desk.example/")],
            401,
            "invalid_client",
            500_112,
        ),
        (
            &[("client_secret", "wrong")],
            401,
            "invalid_client",
            7_000_215,
        ),
        (&[("client_secret", "")], 401, "invalid_client", 7_000_218),
        (
            &[("client_id", APP), ("client_secret", "standard-app-secret")],
            400,
            "invalid_grant",
            70000,
        ),
        (&[], 200, "", 0),
        (&[], 400, "invalid_grant", 54005),
    ];
    for (changes, status, error, number) in cases {
        let (got, answer) = redeem(&client, &good, changes).await;
        assert_eq!(got, status, "{answer}");
        assert_eq!(answer["error"].as_str().unwrap_or_default(), error);
        assert_eq!(answer["error_codes"][0].as_u64().unwrap_or(0), number);
    }
    let late = code(&mut browser).await;
    client.tenant.set_clock(|| {
        let now = jiff::Timestamp::now();
        now.checked_add(jiff::Span::new().seconds(600)).unwrap()
    });
    let (_, answer) = redeem(&client, &late, &[]).await;
    assert_eq!(answer["error_codes"][0], 70008);
}

#[tokio::test]
async fn codes_of_the_types_web_and_spa_are_redeemed_where_they_may_be() {
    let (client, mut browser) = (client().await, Browser::new());
    let spa = "https://spa.example/";
    client
        .tenant
        .set_registration(id(SIGN), registration().spa_redirect_uri(spa));
    let url = authorize_url(&client, &[("redirect_uri", spa)]);
    let code = answered(&browser.sign_in(&url, ADELE).await, "code").unwrap();
    let (_, answer) = redeem(&client, &code, &[("redirect_uri", spa)]).await;
    assert_eq!(answer["error_codes"][0], 9_002_327);
    // A browser has no secret.
    let answer = redeem_in_browser(&client, &code, &[("redirect_uri", spa)]).await;
    assert_eq!(answer["error_codes"][0], 90023);
    let text = answer["error_description"].as_str().unwrap();
    assert!(text.contains("(not simulated)"), "{text}");
    let url = authorize_url(&client, &[("redirect_uri", spa), ("code_challenge", "")]);
    let location = browser.open(&url).await.sent();
    assert!(location.contains("AADSTS9002325"), "{location}");

    let url = authorize_url(&client, &[]);
    let code = answered(&browser.sign_in(&url, ADELE).await, "code").unwrap();
    for secret in [&[][..], &[("client_secret", SECRET)][..]] {
        let answer = redeem_in_browser(&client, &code, secret).await;
        assert_eq!(answer["error_codes"][0], 9_002_326);
    }
}

async fn redeem_in_browser(client: &GraphClient, code: &str, changes: Parameters<'_>) -> Value {
    let usual = [
        ("grant_type", "authorization_code"),
        ("client_id", SIGN),
        ("code", code),
        ("redirect_uri", DESK_URI),
        ("code_verifier", VERIFIER),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| changes.iter().all(|(given, _)| given != name));
    let form: Vec<_> = kept.chain(changes.iter().copied()).collect();
    let url = format!("{}/{TENANT}/oauth2/v2.0/token", client.serving.url);
    let request = client
        .http
        .post(url)
        .header("origin", "https://desk.example");
    let answer = request.form(&form).send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test]
async fn redirect_uris_match_byte_for_byte_and_localhost_may_have_any_port() {
    let (client, mut browser) = (client().await, Browser::new());
    let uris = Registration::web("https://bare.example")
        .redirect_uri("http://localhost/desk")
        .redirect_uri("https://desk.example/?a=b")
        .open_to_all();
    client.tenant.set_registration(id(SIGN), uris);
    for (given, sent) in [
        ("https://bare.example", "https://bare.example/#code="),
        (
            "http://localhost:4711/desk",
            "http://localhost:4711/desk#code=",
        ),
        (
            "https://desk.example/?a=b",
            "https://desk.example/?a=b#code=",
        ),
    ] {
        let url = authorize_url(&client, &[("redirect_uri", given)]);
        assert!(browser.sign_in(&url, ADELE).await.starts_with(sent));
    }
    let query = [
        ("redirect_uri", "https://desk.example/?a=b"),
        ("response_mode", "query"),
    ];
    let location = browser.open(&authorize_url(&client, &query)).await.sent();
    assert!(location.starts_with("https://desk.example/?a=b&code="));
    for other in [
        "https://bare.example/",
        "http://localhost:80x/desk",
        "http://localhost.evil.example/desk",
        "http://127.0.0.1/desk",
        "https://desk.example/",
    ] {
        let url = authorize_url(&client, &[("redirect_uri", other)]);
        assert!(browser.open(&url).await.page().contains("AADSTS50011"));
    }
}
