//! The desk's page as the product serves it.

use simulated::request::Request;

use super::{DESK_URL, same, with_desk};

/// Like that of a case.
const CASE: &str = "/desk/0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn the_page_is_the_same_at_each_address_runs_nothing_else_and_never_redirects() {
    let app = with_desk(same).await;
    let page = app.send(Request::get("/desk")).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'sha256-"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    for path in [
        CASE,
        "/desk?ticket=HELP-42",
        "/desk?code=a-code&state=x",
        "/desk/x?error=access_denied",
    ] {
        let other = app.send(Request::get(path)).await;
        assert_eq!(other.status, 200, "{path}");
        assert_eq!(other.text, page.text, "{path}");
    }
    let posted = app.send(Request::post("/desk", "code=a-code")).await;
    assert_eq!(posted.status, 405);
}

#[tokio::test]
async fn where_people_come_back_to_is_of_the_policy_and_not_of_a_header() {
    let app = with_desk(same).await;
    let mut asked = Request::get("/desk/settings");
    for (name, value) in [
        ("Host", "evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("Forwarded", "host=evil.example"),
    ] {
        asked = asked.header(name, value);
    }
    let settings = app.send(asked).await;
    assert_eq!(settings.json["redirect_uri"], DESK_URL);
    assert!(
        !settings.json.to_string().contains("evil"),
        "{}",
        settings.json
    );
}
