//! The on-call page in a real Chromium: by itself, and with the real binary behind it. The tests of the page are in
//! tests/page, with those of the desk by itself.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use simulated::approval::Draft;
use simulated::entra::Fault;
use simulated::passkey::Passkey;

use crate::deployment::{Deployment, Entrance, Extras};

const TINA: &str = "tina.torres@contoso.example";
const ALEX: &str = "alex.wilber@contoso.example";
const CASH: &str = "$cash@contoso.example";
const GRACE: &str = "grace.admin@contoso.example";
const ADA: &str = "ada.approver@contoso.example";
const VICTOR: &str = "victor.verifier@contoso.example";
const OLGA: &str = "olga.oncall@contoso.example";
const ADELE: &str = "adele.vance@contoso.example";

/// A port that is free now. The page that a passkey signs on has to be known beforehand.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Runs the tests in tests/page, with what `make tools` has installed for them.
fn page_tests() -> Command {
    let node = std::env::var("NODE").expect("NODE is set by make test");
    let mut tests = Command::new(node);
    tests
        // Every *.test.mjs in the folder, two at a time: each starts a Chromium.
        .args(["--test", "--test-concurrency=2"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page"));
    tests
}

#[test]
#[ignore = "needs Node and Chromium: make test"]
fn the_page_by_itself_is_right_whatever_the_server_answers() {
    assert!(page_tests().status().unwrap().success());
}

#[tokio::test]
#[ignore = "needs moto, Node and Chromium: make test"]
async fn the_page_with_the_product_comes_to_every_outcome_and_no_approval_is_in_the_servers_log() {
    let port = free_port();
    let origin = format!("http://localhost:{port}");
    let passkey = Passkey::es256("https://passkeys.contoso.example", "olga-phone", &origin);
    let issuer = json!({
        "iss": passkey.iss(),
        "keys": { "webauthn": { "rp_id": "localhost", "origin": origin } },
        "algorithms": ["ES256", "RS256"],
        "domain": "phones",
        "key": { "olga-phone": passkey.policy(OLGA) },
    });
    let extras = Extras {
        passkeys: Some(issuer),
        environment: vec![("LISTEN", format!("127.0.0.1:{port}"))],
        ..Extras::default()
    };
    let deployment = Deployment::with(Entrance::Socket, extras).await;
    let now = jiff::Timestamp::now().as_second();
    let draft = |target: &str| deployment.on_call_draft("INC-42", target);
    let sign = |kid: &str, draft: &Draft| {
        let mut header = deployment.on_call.header();
        header["kid"] = kid.into();
        let claims = draft.claims(deployment.on_call.iss());
        deployment.on_call.sign(header, claims)
    };
    let by_olga = |draft| sign("olga-2026", &draft);
    let seen = json!({"method": "in_person", "verified_by": VICTOR, "verified_at": now - 120});
    let second = draft(GRACE).approver(ADA).verification([seen]);
    let pair = [by_olga(draft(GRACE)), sign("ada-2026", &second)];
    let old = draft(TINA).issued_at(now - 900).expires_at(now - 1);
    let variables = [
        ("PAGE_STANDARD", by_olga(draft(TINA))),
        ("PAGE_PRIVILEGED", pair.join(" ")),
        ("PAGE_EXPIRED", by_olga(old)),
        ("PAGE_LOST", by_olga(draft(ALEX))),
        ("PAGE_SLOW", by_olga(draft(CASH))),
    ];
    let (credential, private_key) = passkey.exported().unwrap();
    let passkey = json!({
        "credential": STANDARD.encode(credential),
        "private_key": STANDARD.encode(private_key),
        "owner": OLGA,
        "target": ADELE,
    });
    // Entra asks for a longer pause than the time within which the operator gets an answer.
    let id = "a1000000-0000-4000-8000-00000000000f";
    let revoke = Fault::on("POST", &format!("{id}/revokeSignInSessions"));
    deployment.tenant.fail(revoke.throttle(Some(35)));

    let mut tests = page_tests();
    tests.env("PAGE_URL", deployment.url());
    tests.env("PAGE_PASSKEY", passkey.to_string());
    for (name, approvals) in &variables {
        tests.env(name, approvals);
    }
    // The tenant answers in this thread while Node runs in another.
    let ended = tokio::task::spawn_blocking(move || tests.status());
    assert!(ended.await.unwrap().unwrap().success());

    let log = deployment.into_log();
    // The log is complete: it has the decisions, and the address and browser of the operator.
    for entry in [
        "\"audit\":\"outcome\"",
        "approval_expired",
        "INC-42",
        "\"address\":\"127.0.0.1\"",
        "HeadlessChrome",
    ] {
        assert!(log.contains(entry), "{entry} is not in the log");
    }
    assert!(
        !log.contains("eyJ"),
        "something that is signed is in the log"
    );
    for part in variables
        .iter()
        .flat_map(|(_, approvals)| approvals.split([' ', '.']))
    {
        assert!(!log.contains(part), "a part of an approval is in the log");
    }
}
