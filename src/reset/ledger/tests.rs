//! What is stored today must be read by whatever is deployed tomorrow: records in flight, and a roll-back.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::items::{ApprovalItem, CounterItem, DeliveryItem, TargetItem};
use super::record::Record;
use crate::reset::model::Freeze;

/// The items as version 0.1 writes them. A new field needs `#[serde(default)]`, and to be left out in the test below.
const STORED: &str = include_str!("stored.json");

fn is_read_and_written_as<T: DeserializeOwned + Serialize>(item: &Value) {
    let read: T = serde_json::from_value(item.clone()).unwrap();
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!(&written, item);
}

#[test]
fn what_is_stored_is_read_and_written_as_it_was() {
    let stored: Value = serde_json::from_str(STORED).unwrap();
    let records = stored["records"].as_array().unwrap();
    assert_eq!(records.len(), 4);
    for record in records {
        is_read_and_written_as::<Record>(record);
    }
    // Without what was added later.
    let mut earlier = records[0].clone();
    let marks = earlier["parties"]["approvals"].as_array_mut().unwrap();
    for mark in marks {
        mark.as_object_mut().unwrap().remove("privileged").unwrap();
    }
    let claim = earlier["stage"]["claimed"]["claim"].as_object_mut();
    claim.unwrap().remove("display_name").unwrap();
    serde_json::from_value::<Record>(earlier).unwrap();
    is_read_and_written_as::<TargetItem>(&stored["target"]);
    is_read_and_written_as::<ApprovalItem>(&stored["used"]);
    is_read_and_written_as::<DeliveryItem>(&stored["used"]);
    is_read_and_written_as::<DeliveryItem>(&stored["delivery"]);
    is_read_and_written_as::<CounterItem>(&stored["count"]);
    is_read_and_written_as::<Freeze>(&stored["freeze"]);
}

#[test]
fn a_person_whose_item_lacks_a_member_is_not_read_as_one_who_was_never_reset() {
    let stored: Value = serde_json::from_str(STORED).unwrap();
    for member in ["reset", "running", "removed_at"] {
        let mut target = stored["target"].clone();
        target.as_object_mut().unwrap().remove(member).unwrap();
        assert!(
            serde_json::from_value::<TargetItem>(target).is_err(),
            "{member}"
        );
    }
}

/// Whole tables as another version has written them: the program of commit 4390072, or the one whose snapshots are in
/// SNAPSHOTS. tests/versions takes their records to the end, and says how snapshots are taken.
#[test]
fn each_item_that_another_version_has_stored_is_read_and_written_as_it_was() {
    let directory = std::env::var("SNAPSHOTS").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/records-4390072").to_owned()
    });
    let text = std::fs::read_to_string(Path::new(&directory).join("snapshots.json")).unwrap();
    let snapshots: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!snapshots.is_empty());
    for item in snapshots
        .iter()
        .flat_map(|snapshot| snapshot["items"].as_array().unwrap())
    {
        let body: Value = serde_json::from_str(item["body"].as_str().unwrap()).unwrap();
        let key = item["pk"].as_str().unwrap();
        match key.split('#').next().unwrap() {
            // Null is what was never accepted.
            "reset" => is_read_and_written_as::<Option<Record>>(&body),
            "delivery" => is_read_and_written_as::<DeliveryItem>(&body),
            "approval" => is_read_and_written_as::<ApprovalItem>(&body),
            "target" => is_read_and_written_as::<TargetItem>(&body),
            "count" => is_read_and_written_as::<CounterItem>(&body),
            "freeze" => is_read_and_written_as::<Freeze>(&body),
            _ => panic!("no item has the key {key}"),
        }
    }
}
