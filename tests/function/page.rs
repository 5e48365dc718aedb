//! The on-call page in a real Chromium: by itself, and with the real binary behind it. tests/page has the journeys.

use std::process::Command;

use serde_json::json;
use simulated::approval::Draft;
use simulated::entra::Fault;

use crate::deployment::{Deployment, Entrance};

const TINA: &str = "tina.torres@contoso.example";
const ALEX: &str = "alex.wilber@contoso.example";
const CASH: &str = "$cash@contoso.example";
const GRACE: &str = "grace.admin@contoso.example";
const ADA: &str = "ada.approver@contoso.example";
const VICTOR: &str = "victor.verifier@contoso.example";

/// The journeys, as `make tools` has installed what they need.
fn journeys() -> Command {
    let node = std::env::var("NODE").expect("NODE is set by make test");
    let mut journeys = Command::new(node);
    journeys
        .args(["--test", "page.test.mjs"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page"));
    journeys
}

#[test]
#[ignore = "needs Node and Chromium: make test"]
fn the_page_keeps_its_promises_whatever_the_server_answers() {
    assert!(journeys().status().unwrap().success());
}

#[tokio::test]
#[ignore = "needs moto, Node and Chromium: make test"]
async fn whoever_is_on_call_comes_to_every_end_in_a_browser_and_no_approval_is_in_the_servers_log()
{
    let deployment = Deployment::new(Entrance::Socket).await;
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
    let journey = [
        ("PAGE_STANDARD", by_olga(draft(TINA))),
        ("PAGE_PRIVILEGED", pair.join(" ")),
        ("PAGE_EXPIRED", by_olga(old)),
        ("PAGE_LOST", by_olga(draft(ALEX))),
        ("PAGE_SLOW", by_olga(draft(CASH))),
    ];
    // Entra wants us to wait for longer than somebody in front of a browser is kept without an answer.
    let id = "a1000000-0000-4000-8000-00000000000f";
    let revoke = Fault::on("POST", &format!("{id}/revokeSignInSessions"));
    deployment.tenant.fail(revoke.throttle(Some(35)));

    let mut journeys = journeys();
    journeys.env("PAGE_URL", deployment.url());
    for (name, approvals) in &journey {
        journeys.env(name, approvals);
    }
    // The tenant answers in this thread while Node runs in another.
    let ended = tokio::task::spawn_blocking(move || journeys.status());
    assert!(ended.await.unwrap().unwrap().success());

    let log = deployment.into_log();
    // It is a real one: it has the decisions, from where they were asked for and with what.
    for told in [
        "\"audit\":\"outcome\"",
        "approval_expired",
        "INC-42",
        "\"address\":\"127.0.0.1\"",
        "HeadlessChrome",
    ] {
        assert!(log.contains(told), "{told} is not in the log");
    }
    assert!(
        !log.contains("eyJ"),
        "something that is signed is in the log"
    );
    for part in journey
        .iter()
        .flat_map(|(_, approvals)| approvals.split([' ', '.']))
    {
        assert!(!log.contains(part), "a part of an approval is in the log");
    }
}
