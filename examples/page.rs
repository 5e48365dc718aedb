//! The on-call page of the real product in a real browser: `make page`. Wants Node 20, and a Chromium that `npm ci` has
//! fetched into tests/page or that is installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "it is a test that needs more than a test may ask for: what fails ends it"
)]

#[path = "../tests/scenarios/house.rs"]
#[allow(
    dead_code,
    reason = "the stories need more of the house than the page does"
)]
mod house;

use std::process::Command;

use house::{ADA, House};

const TINA: &str = "tina.torres@contoso.example";
const ALEX: &str = "alex.wilber@contoso.example";
const GRACE: &str = "grace.admin@contoso.example";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let house = House::new().await;
    let on_call = |target: &str| house.approve_on_call(house.on_call_draft().target(target));
    let second = house
        .on_call_draft()
        .target(GRACE)
        .approver(ADA)
        .verification([house.seen()]);
    let pair = format!(
        "{} {}",
        on_call(GRACE),
        house.sign_on_call("ada-2026", &second)
    );
    let old = house
        .on_call_draft()
        .target(TINA)
        .issued_at(house.now() - 900)
        .expires_at(house.now() - 1);

    let mut node = Command::new("node");
    node.args(["--test", "page.test.mjs"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page"))
        .env("PAGE_URL", &house.url)
        .env("PAGE_STANDARD", on_call(TINA))
        .env("PAGE_PRIVILEGED", &pair)
        .env("PAGE_EXPIRED", house.approve_on_call(old))
        .env("PAGE_LOST", on_call(ALEX));
    // The product answers in this thread while Node runs in another.
    let status = tokio::task::spawn_blocking(move || node.status())
        .await
        .expect("it is waited for")
        .expect("node runs");
    assert!(status.success(), "the page failed");
    println!("page: everything passed");
}
