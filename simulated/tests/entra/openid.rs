//! What clients of OpenID Connect that others wrote ask of a provider.

use jiff::{Span, Timestamp};
use reqwest::header::HeaderMap;
use simulated::entra::{NoCode, SignIn};

use super::browser::*;
use super::*;

/// Signs in with these changes of the request, and redeems the code.
async fn answer(client: &GraphClient, changes: &[(&str, &str)], user: &str) -> Value {
    let url = authorize_url(client, changes);
    let callback = client.tenant.sign_in(&url, &SignIn::fresh(user)).unwrap();
    let (status, answer) = redeem(client, &callback.code, &[]).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn id_token(answer: &Value) -> Value {
    claims(answer["id_token"].as_str().unwrap())
}

/// The action and the fields of a page that posts them to the app.
fn posted(page: &str) -> (String, Vec<(String, String)>) {
    let between = |text: &str, start: &str| {
        let (_, rest) = text.split_once(start).unwrap();
        rest.split_once('"').unwrap().0.replace("&amp;", "&")
    };
    let fields = page.split("<input type=\"hidden\" ").skip(1);
    let fields = fields.map(|field| (between(field, "name=\""), between(field, "value=\"")));
    (between(page, "action=\""), fields.collect())
}

async fn send(client: &GraphClient, verb: Verb, path: &str) -> (u16, HeaderMap, String) {
    let url = format!("{}{path}", client.serving.url);
    let answer = client.http.request(verb, url).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.unwrap())
}

#[tokio::test]
async fn mail_and_offline_access_may_be_asked_for_and_there_is_no_refresh_token() {
    let client = client().await;
    let scope = [("scope", "openid profile email offline_access")];
    let answer = answer(&client, &scope, ADELE).await;
    assert_eq!(answer["scope"], "openid profile email");
    assert_eq!(answer.get("refresh_token"), None);
    assert_eq!(id_token(&answer)["email"], "adele.vance@contoso.example");
}

#[tokio::test]
async fn the_scope_decides_what_a_token_says_about_a_person() {
    let client = client().await;
    let open = registration().open_to_all();
    client.tenant.set_registration(id(SIGN), open);
    let bare = id_token(&answer(&client, &[("scope", "openid")], ADELE).await);
    for absent in ["oid", "name", "preferred_username", "email"] {
        assert_eq!(bare.get(absent), None, "{absent}");
    }
    assert!(bare["sub"].is_string() && bare["tid"] == TENANT);
    assert_eq!(bare["roles"], json!(["Verifier"]));
    let profile = id_token(&answer(&client, &[], ADELE).await);
    assert_eq!(
        (&profile["oid"], &profile["name"], profile.get("email")),
        (&json!(ADELE), &json!("Adele Vance"), None)
    );
    assert_eq!(profile["sub"], bare["sub"]);
    // Jordan, who is a guest, has no address here.
    let without = answer(&client, &[("scope", "openid email")], JORDAN).await;
    assert_eq!(id_token(&without).get("email"), None);
}

#[tokio::test]
async fn an_answer_in_a_form_is_posted_to_the_app_alone() {
    let (client, mut browser) = (client().await, Browser::new());
    let form = ("response_mode", "form_post");
    let url = authorize_url(&client, &[form, ("state", "a\"b&c")]);
    let page = browser.submit(&url, "user", ADELE).await.page();
    let (action, fields) = posted(&page);
    assert_eq!(action, DESK_URI);
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "session_state", "state"]);
    assert_eq!(fields[2].1.replace("&quot;", "\""), "a\"b&c");
    redeemed(&client, &fields[0].1).await;

    // The session is kept, and errors take the same way.
    let (_, fields) = posted(&browser.open(&url).await.page());
    assert_eq!(fields[0].0, "code");
    let url = authorize_url(&client, &[form, ("prompt", "none")]);
    let (action, fields) = posted(&Browser::new().open(&url).await.page());
    assert_eq!(
        (action.as_str(), fields[0].1.as_str()),
        (DESK_URI, "login_required")
    );
    assert!(fields.contains(&("state".to_owned(), "state-1".to_owned())));
    let cancelled = browser
        .submit(&url.replace("&prompt=none", ""), "cancel", "true")
        .await;
    assert_eq!(posted(&cancelled.page()).1[0].1, "access_denied");

    let callback = client
        .tenant
        .sign_in(&authorize_url(&client, &[form]), &SignIn::fresh(ADELE));
    let callback = callback.unwrap();
    assert_eq!(
        (callback.location.as_str(), callback.state.as_deref()),
        (DESK_URI, Some("state-1"))
    );
    redeemed(&client, &callback.code).await;

    let answer = client.http.get(url).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert!(
        policy.contains("form-action https://desk.example;"),
        "{policy}"
    );
}

#[tokio::test]
async fn a_request_that_cannot_be_answered_to_the_app_stays_at_the_login_with_a_form_too() {
    let (client, mut browser) = (client().await, Browser::new());
    let form = ("response_mode", "form_post");
    let url = authorize_url(&client, &[form, ("redirect_uri", "https://evil.example/")]);
    let page = browser.open(&url).await.page();
    assert!(
        page.contains("AADSTS50011: ") && !page.contains("<form"),
        "{page}"
    );
}

#[tokio::test]
async fn a_session_older_than_max_age_does_not_count() {
    let client = client().await;
    let with = |changes: &[(&str, &str)], how: SignIn| {
        client
            .tenant
            .sign_in(&authorize_url(&client, changes), &how)
    };
    with(&[], SignIn::fresh(ADELE)).unwrap();
    let at_once = with(&[("max_age", "0")], SignIn::silent(ADELE));
    assert_eq!(at_once, Err(NoCode::AsksThePerson));
    client.tenant.set_clock(|| {
        let now = Timestamp::now();
        now.checked_add(Span::new().seconds(600)).unwrap()
    });
    with(&[("max_age", "3600")], SignIn::silent(ADELE)).unwrap();
    let old = [("max_age", "300")];
    assert_eq!(
        with(&old, SignIn::silent(ADELE)),
        Err(NoCode::AsksThePerson)
    );
    let silent = with(&[old[0], ("prompt", "none")], SignIn::silent(ADELE));
    assert!(
        matches!(silent, Err(NoCode::Redirected { code: 50058, .. })),
        "{silent:?}"
    );

    let before = with(&[], SignIn::silent(ADELE)).unwrap();
    let before = redeemed(&client, &before.code).await;
    let after = with(&old, SignIn::again(ADELE)).unwrap();
    let after = redeemed(&client, &after.code).await;
    let time = |claims: &Value| claims["auth_time"].as_i64().unwrap();
    assert!(time(&after) >= time(&before) + 600);
}

#[tokio::test]
async fn a_request_may_be_posted_and_consent_may_be_asked_for_again() {
    let (client, mut browser) = (client().await, Browser::new());
    let consent = authorize_url(&client, &[("prompt", "consent")]);
    let (endpoint, form) = consent.split_once('?').unwrap();
    let answer = client
        .http
        .post(endpoint)
        .body(form.to_owned())
        .send()
        .await;
    let page = answer.unwrap().text().await.unwrap();
    let (action, _) = posted(&page);
    assert_eq!(action, format!("/{TENANT}/login?{form}"));
    let url = format!("{}{action}", client.serving.url);
    let location = browser.sign_in(&url, ADELE).await;
    redeemed(&client, &answered(&location, "code").unwrap()).await;
    assert!(
        browser
            .open(&consent)
            .await
            .page()
            .contains("Sign in as Adele Vance")
    );
}

#[tokio::test]
async fn the_configuration_names_what_clients_look_for() {
    let client = client().await;
    let path = format!("/{TENANT}/v2.0/.well-known/openid-configuration");
    let (_, found) = client.get(&path).await;
    let base = &client.serving.url;
    for (name, value) in [
        ("userinfo_endpoint", format!("{base}/oidc/userinfo")),
        (
            "end_session_endpoint",
            format!("{base}/{TENANT}/oauth2/v2.0/logout"),
        ),
        (
            "device_authorization_endpoint",
            format!("{base}/{TENANT}/oauth2/v2.0/devicecode"),
        ),
        ("kerberos_endpoint", format!("{base}/{TENANT}/kerberos")),
        ("cloud_graph_host_name", "graph.windows.net".to_owned()),
        ("rbac_url", "https://pas.windows.net".to_owned()),
    ] {
        assert_eq!(found[name], value, "{name}");
    }
    for name in ["http_logout_supported", "frontchannel_logout_supported"] {
        assert_eq!(found[name], true, "{name}");
    }
    assert!(
        found["claims_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("email"))
    );
}

#[tokio::test]
async fn what_the_login_publishes_may_be_read_by_every_page_and_kept_for_a_day() {
    let client = client().await;
    for path in [
        format!("/{TENANT}/v2.0/.well-known/openid-configuration"),
        format!("/{TENANT}/discovery/v2.0/keys"),
        "/common/discovery/instance".to_owned(),
    ] {
        for verb in [Verb::GET, Verb::HEAD, Verb::OPTIONS] {
            let (status, headers, text) = send(&client, verb.clone(), &path).await;
            assert_eq!(
                (status, text.is_empty()),
                (200, verb != Verb::GET),
                "{verb} {path}"
            );
            for (name, value) in [
                ("cache-control", "max-age=86400, private"),
                ("access-control-allow-origin", "*"),
                ("access-control-allow-methods", "GET, OPTIONS"),
            ] {
                assert_eq!(headers[name], value, "{verb} {path}");
            }
            if verb == Verb::GET {
                assert_eq!(headers["content-type"], "application/json; charset=utf-8");
            }
        }
    }
}

#[tokio::test]
async fn answers_of_the_token_endpoint_are_kept_nowhere() {
    let client = client().await;
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    let (status, headers, text) = send(&client, Verb::GET, &path).await;
    assert_eq!(status, 400);
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(headers["cache-control"], "no-store, no-cache");
    assert_eq!(headers.get("access-control-allow-origin"), None);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["error_codes"], json!([900_561]));
}

#[tokio::test]
async fn userinfo_says_what_the_scope_allows() {
    let client = client().await;
    let info = async |token: &str, verb: Verb| {
        let url = format!("{}/oidc/userinfo", client.serving.url);
        let request = client.http.request(verb, url).bearer_auth(token);
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let scope = [("scope", "openid profile email")];
    let all = answer(&client, &scope, ADELE).await;
    let token = all["access_token"].as_str().unwrap();
    for verb in [Verb::GET, Verb::POST] {
        let (status, found) = info(token, verb).await;
        assert_eq!(status, 200, "{found}");
        assert_eq!(found["sub"], id_token(&all)["sub"]);
        assert_eq!(found["name"], "Adele Vance");
        assert_eq!(found["email"], "adele.vance@contoso.example");
    }
    let bare = answer(&client, &[("scope", "openid")], ADELE).await;
    let (_, found) = info(bare["access_token"].as_str().unwrap(), Verb::GET).await;
    assert_eq!(found, json!({"sub": id_token(&bare)["sub"]}));
    assert_eq!(info("other.token", Verb::GET).await.0, 401);
    assert_eq!(info(&client.token, Verb::GET).await.0, 403);
    let (status, _) = client.get(&format!("/v1.0/users/{ADELE}")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_leads_back_to_a_registered_address_alone() {
    let (client, mut browser) = (client().await, Browser::new());
    let url = authorize_url(&client, &[]);
    browser.sign_in(&url, ADELE).await;
    let logout = format!("{}/{TENANT}/oauth2/v2.0/logout", client.serving.url);
    let back = format!("{logout}?post_logout_redirect_uri={DESK_URI}&state=s%26t");
    let location = browser.open(&back).await.sent();
    assert_eq!(location, format!("{DESK_URI}?state=s%26t"));
    browser.open(&url).await.page();
    let elsewhere = format!("{logout}?post_logout_redirect_uri=https://evil.example/");
    for address in [elsewhere, logout] {
        let page = browser.open(&address).await.page();
        assert!(page.contains("You signed out of your account"), "{page}");
    }
}

#[tokio::test]
async fn what_entra_has_and_the_simulated_tenant_lacks_says_so() {
    let client = client().await;
    let path = format!("/{TENANT}/oauth2/v2.0/devicecode");
    let (_, _, device) = send(&client, Verb::POST, &path).await;
    let device: Value = serde_json::from_str(&device).unwrap();
    let fields = [("grant_type", "refresh_token"), ("client_id", SIGN)];
    let (_, refresh) = client.request_token(TENANT, &fields).await;
    for answer in [device, refresh] {
        let text = answer["error_description"].as_str().unwrap();
        let first = text.split("\r\n").next().unwrap();
        assert!(first.ends_with(" (not simulated)"), "{text}");
    }
    let url = authorize_url(&client, &[("scope", "openid User.Read")]);
    let location = Browser::new().open(&url).await.sent();
    let text = answered(&location, "error_description").unwrap();
    assert!(text.contains("is not valid. (not simulated)\r\n"), "{text}");
}
