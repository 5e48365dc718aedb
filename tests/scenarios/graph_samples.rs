//! The sample bodies of Microsoft's documentation, as if Graph answered with them: tests/data/graph-samples.

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::test_app::{Reply, TestApp};

/// A sample, and the methods of Microsoft's that it shows, in the product's words.
const METHODS: [(&str, &[&str]); 14] = [
    (
        "authentication-list-hardwareoathmethods",
        &["Hardware OATH token", "Hardware OATH token"],
    ),
    (
        "authentication-list-methods",
        &["Passkey", "Windows Hello for Business"],
    ),
    (
        "authentication-list-phonemethods",
        &["Alternate mobile phone", "Mobile phone", "Office phone"],
    ),
    ("authentication-put-qrcodepinmethod", &["QR code"]),
    ("emailauthenticationmethod-get", &["Email"]),
    (
        "externalauthenticationmethod-get",
        &["External authentication method"],
    ),
    ("fido2authenticationmethod-list", &["Passkey", "Passkey"]),
    (
        "microsoftauthenticatorauthenticationmethod-list",
        &["Microsoft Authenticator"],
    ),
    ("passwordauthenticationmethod-get", &["Password"]),
    ("phoneauthenticationmethod-get", &["Mobile phone"]),
    (
        "platformcredentialauthenticationmethod-list",
        &["Platform credential", "Platform credential"],
    ),
    (
        "softwareoathauthenticationmethod-get",
        &["Software OATH token"],
    ),
    (
        "temporaryaccesspassauthenticationmethod-get",
        &["Temporary Access Pass"],
    ),
    (
        "windowshelloforbusinessauthenticationmethod-list",
        &["Windows Hello for Business", "Windows Hello for Business"],
    ),
];

fn sample(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/graph-samples");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What Graph answers when it is asked for a person's methods.
struct Answer {
    status: u16,
    retry_after: Option<String>,
    body: Value,
}

async fn answer(State(answer): State<Arc<Answer>>, request: Request, next: Next) -> Response {
    if !request.uri().path().ends_with("/authentication/methods") {
        return next.run(request).await;
    }
    let mut response = Response::builder()
        .status(answer.status)
        .header(CONTENT_TYPE, "application/json");
    if let Some(seconds) = &answer.retry_after {
        response = response.header("Retry-After", seconds);
    }
    response.body(Body::from(answer.body.to_string())).unwrap()
}

/// The preview of a reset, for which Graph gives this answer about the person's methods.
async fn preview(given: Answer) -> Reply {
    let mut app = TestApp::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let door = format!("http://{}", listener.local_addr().unwrap());
    let router = app.tenant.router();
    let router = router.layer(from_fn_with_state(Arc::new(given), answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    // A token is for the host that is asked, so both are behind the door.
    app.redeploy(|policy| {
        policy
            .set("tenants.contoso.entra.login", door.as_str())
            .set("tenants.contoso.entra.graph", door.as_str())
    })
    .await;
    app.preview(&app.approve_on_call(app.on_call_draft())).await
}

/// The list of all methods that has what a page shows: one method, a list, or one method inside `value`. A page about
/// one type leaves the type out, where the list of all types has it.
fn listed(sample: &Value) -> Value {
    let body = &sample["body"];
    let shown = body.get("value").unwrap_or(body);
    let mut methods = match shown {
        Value::Array(methods) => methods.clone(),
        one => vec![one.clone()],
    };
    if let Some(odata_type) = sample.get("type") {
        for method in &mut methods {
            method["@odata.type"] = odata_type.clone();
        }
    }
    json!({"value": methods})
}

#[tokio::test]
async fn every_method_that_microsofts_documentation_shows_is_read_as_what_it_is() {
    for (name, expected) in METHODS {
        let body = listed(&sample(name));
        let given = Answer {
            status: 200,
            retry_after: None,
            body,
        };
        let reply = preview(given).await;
        assert_eq!(reply.status, 200, "{name}: {reply:?}");
        let mut methods: Vec<&str> = reply.json["methods"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["method"].as_str().unwrap())
            .collect();
        methods.sort_unstable();
        assert_eq!(methods, expected, "{name}");
    }
}

#[tokio::test]
async fn the_errors_that_microsofts_documentation_shows_say_nothing_about_a_person() {
    for (name, retry_after, code) in [
        ("throttling", true, "directory_unavailable"),
        ("errors", false, "misconfigured"),
    ] {
        let sample = sample(name);
        let given = Answer {
            status: sample["status"].as_u64().unwrap().try_into().unwrap(),
            retry_after: sample["headers"]["Retry-After"].as_str().map(str::to_owned),
            body: sample["body"].clone(),
        };
        let asks_to_wait = given.retry_after.is_some();
        assert_eq!(asks_to_wait, retry_after, "{name}");
        let reply = preview(given).await;
        reply.assert_refused(503, code);
        assert!(!asks_to_wait || reply.retry_after >= Some(10), "{reply:?}");
    }
}

#[test]
fn every_sample_is_in_a_test_and_names_its_source_and_licence() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/graph-samples");
    let mut tested: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
    tested.extend(["errors", "throttling"]);
    tested.sort_unstable();
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    files.sort();
    assert_eq!(files, tested);
    for name in files {
        let sample = sample(&name);
        assert!(
            sample["source"].as_str().unwrap().starts_with("https://"),
            "{name}"
        );
        assert_eq!(sample["licence"], "CC-BY-4.0", "{name}");
    }
}
