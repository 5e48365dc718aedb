//! What a snapshot shows, as a set of sentences, so that few snapshots are kept and none of the stages is missing.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::snapshot::{Snapshot, StoredItem, stage};

/// The facts that these snapshots show.
pub fn shown<'a>(snapshots: impl IntoIterator<Item = &'a Snapshot>) -> BTreeSet<String> {
    let facts = snapshots.into_iter().map(facts);
    facts.flatten().collect()
}

/// Everything that this snapshot shows.
pub fn facts(snapshot: &Snapshot) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for item in &snapshot.items {
        of_item(item, &mut facts);
    }
    let records = snapshot.records();
    for record in records.values() {
        of_record(record, &mut facts);
    }
    if records.len() > 1 {
        let mut stages: Vec<&str> = records.values().map(stage).collect();
        stages.sort_unstable();
        stages.dedup();
        facts.insert(format!("together: {}", stages.join(", ")));
    }
    for record in records.values() {
        sent(record, snapshot, &mut facts);
    }
    facts
}

fn of_item(item: &StoredItem, facts: &mut BTreeSet<String>) {
    let (kind, _) = item.pk.split_once('#').unwrap_or((&item.pk, ""));
    let body: Value = serde_json::from_str(&item.body).unwrap();
    let more = match kind {
        "target" => match (body["running"].as_bool(), body["removed_at"].is_null()) {
            (Some(true), true) => "taken",
            (Some(true), false) => "taken, and reset before",
            (_, true) => "free",
            (_, false) => "free, and was reset",
        },
        "count" if body["at"].as_array().unwrap().len() > 1 => "several",
        "freeze" => match (body["standard"] == true, body["privileged"] == true) {
            (true, true) => "both",
            (true, false) => "standard",
            (false, true) => "privileged",
            (false, false) => "lifted",
        },
        "delivery" if item.pk.starts_with("delivery##") => "on call",
        _ => "",
    };
    facts.insert(format!("item {kind} {more}").trim_end().to_owned());
}

/// A fact about what has one value of several.
fn value(name: &str, value: &Value, facts: &mut BTreeSet<String>) {
    facts.insert(format!("{name} {}", word(value)));
}

/// A value without JSON's marks: `kept not_mfa`.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, inner)| format!("{name} {}", word(inner)));
            members.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

fn of_record(record: &Value, facts: &mut BTreeSet<String>) {
    let stage = stage(record);
    facts.insert(stage.to_owned());
    if record.is_null() {
        return;
    }
    if record["runs"].as_u64() > Some(1) {
        facts.insert(format!("{stage}: more than one run"));
    }
    for (name, duty) in record["duties"].as_object().unwrap() {
        value(&format!("{stage}: {name}"), duty, facts);
    }
    let request = &record["request"];
    let source = request["source"].as_str().unwrap_or("on call");
    facts.insert(format!("{stage}: from {source}"));
    for (name, present) in [
        ("a user in the ticket", !request["user"].is_null()),
        (
            "a token that was too long",
            request["tokens"].to_string().contains("\"\""),
        ),
        ("no token", request["tokens"].as_array().unwrap().is_empty()),
        (
            "parties without approvals",
            record["parties"]["approvals"]
                .as_array()
                .unwrap()
                .is_empty(),
        ),
        (
            "the owner of a key",
            record["parties"]["approvals"]
                .to_string()
                .contains("\"owner\":\""),
        ),
        (
            "a reference",
            record["parties"].to_string().contains("\"reference\":\""),
        ),
        ("an agent", !request["origin"]["agent"].is_null()),
    ] {
        if present {
            facts.insert(name.to_owned());
        }
    }
    if let Some(why) = record["stage"].get("waiting") {
        value("waiting:", why.get("code").unwrap_or(&Value::Null), facts);
    }
    let refused = &record["stage"]["refused"]["words"]["code"];
    if !refused.is_null() {
        value(&format!("{stage}:"), refused, facts);
    }
    let claimed = &record["stage"]["claimed"];
    if !claimed.is_null() {
        of_claimed(stage, claimed, record, facts);
    }
}

fn of_claimed(state: &str, reset: &Value, record: &Value, facts: &mut BTreeSet<String>) {
    let claim = &reset["claim"];
    value("claim: door", &claim["door"], facts);
    value(&format!("{state}: privileged"), &claim["privileged"], facts);
    value("claim: deactivates", &claim["deactivates"], facts);
    value("claim: guest", &claim["guest"], facts);
    value("claim: scope", &claim["scope"], facts);
    value("claim: reason", &claim["reason"], facts);
    let approvals = claim["approvals"].as_array().unwrap();
    facts.insert(format!("claim: {} approvals", approvals.len()));
    if record["request"]["tokens"].as_array().unwrap().len() > approvals.len() {
        facts.insert("claim: fewer approvals than tokens".to_owned());
    }
    for evidence in approvals
        .iter()
        .flat_map(|one| one["evidence"].as_array().unwrap())
    {
        value("evidence", evidence, facts);
    }
    value(&format!("{state}: sessions"), &reset["sessions"], facts);
    let lists = &reset["list"];
    for (name, present) in [
        (
            "a method appeared",
            !reset["appeared"].as_array().unwrap().is_empty(),
        ),
        ("hardware tokens unknown", reset["hardware_unknown"] == true),
        (
            "an answer about sessions was lost",
            reset["sessions_lost"] == true,
        ),
        (
            "sessions wait for a time",
            !reset["session_not_before"].is_null(),
        ),
        ("something has gone", reset["progress"] == true),
        ("not looked at the list yet", lists["seen_at"].is_null()),
        ("the list has failed", lists["failures"] != 0),
        ("the list waits for a time", !lists["not_before"].is_null()),
    ] {
        if present {
            facts.insert(format!("{state}: {name}"));
        }
    }
    let because = &reset["no_longer_allowed"];
    if !because.is_null() {
        value(&format!("{state}: ended because"), &because["code"], facts);
    }
    for entry in reset["entries"].as_array().unwrap() {
        let kind = &entry["method"]["kind"];
        value("method", kind, facts);
        let what = if entry["deactivate"] == true {
            "token"
        } else {
            "method"
        };
        value(&format!("{state}: {what}"), &entry["progress"], facts);
        for name in ["label", "created"] {
            if !entry["method"][name].is_null() {
                facts.insert(format!("method with {name}"));
            }
        }
        if entry["lost"] == true {
            facts.insert(format!("{state}: an answer about a token was lost"));
        }
        if !entry["not_before"].is_null() {
            facts.insert(format!("{state}: a method waits for a time"));
        }
        if entry["progress"] == "trying" {
            value("trying", kind, facts);
            value("trying: privileged", &claim["privileged"], facts);
        }
    }
}

/// Whether what was being sent when the process ended has happened or not.
fn sent(record: &Value, snapshot: &Snapshot, facts: &mut BTreeSet<String>) {
    let reset = &record["stage"]["claimed"];
    let Some(entries) = reset["entries"].as_array() else {
        return;
    };
    let person = snapshot
        .people
        .iter()
        .find(|one| one["id"] == reset["claim"]["target"]);
    for entry in entries.iter().filter(|entry| entry["progress"] == "trying") {
        let there = person.is_none_or(|person| {
            let mut methods = person["methods"].as_array().unwrap().iter();
            methods.any(|method| method["id"] == entry["method"]["id"])
        });
        let done = if there { "not done" } else { "done" };
        facts.insert(format!(
            "{done} when the process ended: {}",
            word(&entry["method"]["kind"])
        ));
    }
}
