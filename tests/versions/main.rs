//! Two versions of the program serve one table: while a new one is being deployed, and after a roll-back. What one has
//! stored, the other takes to its end.
//!
//! `tests/data/records-4390072/` has whole tables as the program of commit 4390072 wrote them, at the moments at which a
//! process may end. The stories by which they were made are here, too, so that the other direction can be tried with a
//! checkout of an earlier version that has this test:
//!
//! ```text
//! HARVEST=DIR cargo test --test versions what_this_version       writes into DIR what this version stores
//! SNAPSHOTS=DIR cargo test --test versions what_another_version  goes on with what another version has stored
//! SNAPSHOTS=DIR cargo test --lib another_version                 reads and writes each item of it
//! ```
//!
//! `tools/both-versions` does all three with a checkout of an earlier version.
//!
//! A snapshot is kept if it shows something that the others do not ([`facts`]); what must be among them is in
//! [`required`]. All that a change of the product's names touches is in [`product`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod carry_on;
mod facts;
mod harvest;
#[path = "../support/memory.rs"]
mod memory;
mod product;
mod required;
mod scene;
mod setting;
mod snapshot;
mod stories;
mod story;
mod world;

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use carry_on::carry_on;
use facts::shown;
use harvest::Harvest;
use setting::Setting;
use snapshot::{Snapshot, read_all, write_all};

/// Where the snapshots are that another version has taken.
fn directory() -> PathBuf {
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/records-4390072");
    env::var_os("SNAPSHOTS").map_or(stored, PathBuf::from)
}

/// What is required and not shown.
fn missing(snapshots: &[Snapshot]) -> Vec<&'static str> {
    let shown: BTreeSet<String> = shown(snapshots);
    let required = required::REQUIRED.iter().copied();
    required.filter(|fact| !shown.contains(*fact)).collect()
}

#[test]
fn the_stored_snapshots_show_every_stage_step_and_end() {
    assert_eq!(missing(&read_all(&directory())), [""; 0]);
}

#[tokio::test]
async fn what_another_version_has_stored_comes_to_the_end_that_it_would_have_come_to_there() {
    let directory = directory();
    let setting = Setting::read(&directory);
    let mut violations = Vec::new();
    for snapshot in read_all(&directory) {
        assert_eq!(
            snapshot.ends.len(),
            snapshot.records().len(),
            "{}",
            snapshot.name
        );
        violations.extend(carry_on(&setting, &snapshot).await.violations);
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[tokio::test]
async fn what_this_version_writes_shows_every_stage_and_comes_to_its_end() {
    let harvest = Harvest::new();
    stories::tell_all(&harvest).await;
    let setting = harvest.setting.clone();
    let mut snapshots = harvest.into_snapshots();
    let mut violations = Vec::new();
    for snapshot in &mut snapshots {
        let carried_on = carry_on(&setting, snapshot).await;
        violations.extend(carried_on.violations);
        snapshot.ends = carried_on.ends;
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    let mut missing = missing(&snapshots);
    // Only earlier versions claim without the intent to revoke sessions.
    missing.retain(|fact| *fact != "needs_human: sessions failed out_of_time");
    assert!(
        missing.is_empty(),
        "{missing:#?}, of these: {:#?}",
        shown(&snapshots)
    );
    if let Some(directory) = env::var_os("HARVEST").map(PathBuf::from) {
        setting.write(&directory);
        write_all(&directory, &snapshots);
    }
}
