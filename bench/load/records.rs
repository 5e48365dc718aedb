//! What became of resets: in the records, at the tenant, and in the tickets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::place::{Place, object_id, person, ticket};

/// How long to wait for what the worker still has to do: longer than its longest pause.
const PATIENCE: Duration = Duration::from_secs(360);

fn state(record: &Value) -> &str {
    let stage = record.get("stage").and_then(Value::as_object);
    let name = stage.and_then(|stage| stage.keys().next());
    let claimed = record.pointer("/stage/claimed/state");
    claimed
        .and_then(Value::as_str)
        .or(name.map(String::as_str))
        .unwrap_or("?")
}

fn is_finished(record: &Value) -> bool {
    let duties = record.get("duties").and_then(Value::as_object);
    !matches!(state(record), "running" | "waiting")
        && duties.is_some_and(|duties| duties.values().all(|duty| duty != "owed"))
}

/// The records, by ticket.
fn records(place: &Place) -> BTreeMap<String, Vec<Value>> {
    let mut records: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    place.store.look("reset#", |body| {
        let Ok(record) = serde_json::from_str::<Value>(body) else {
            return;
        };
        let ticket = record.pointer("/request/ticket").and_then(Value::as_str);
        if let Some(ticket) = ticket {
            records.entry(ticket.to_owned()).or_default().push(record);
        }
    });
    records
}

/// Waits until every reset has come to its end, and says how long that took.
pub async fn settle(place: &Place) -> Result<Duration> {
    let started = Instant::now();
    loop {
        let open = records(place).into_values().flatten();
        let open = open.filter(|record| !is_finished(record)).count();
        if open == 0 {
            return Ok(started.elapsed());
        }
        if started.elapsed() > PATIENCE {
            return Err(format!("{open} resets do not come to their end").into());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Whether each of these people was reset, and once: one completed record, no method left, each method removed once,
/// the sessions revoked once, and one note in the ticket.
///
/// # Errors
/// What is wrong, all of it.
pub fn each_was_reset_once(place: &Place, people: usize) -> Result<()> {
    let records = records(place);
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for call in place.tenant.writes() {
        if (200..300).contains(&call.status) {
            *done
                .entry(format!("{} {}", call.method, call.path))
                .or_default() += 1;
        }
    }
    let mut wrong = Vec::new();
    for (call, times) in done.iter().filter(|(_, times)| **times > 1) {
        wrong.push(format!("{call} was done {times} times"));
    }
    for nth in 0..people {
        let (name, id) = (ticket(nth), object_id(nth));
        let found = records.get(&name).map_or(&[][..], Vec::as_slice);
        let states: Vec<&str> = found.iter().map(state).collect();
        if states != ["completed"] {
            wrong.push(format!("{name} has the records {states:?}"));
        }
        let removed = done
            .keys()
            .filter(|call| call.starts_with("DELETE") && call.contains(&id));
        let revoked = format!("POST /users/{id}/revokeSignInSessions");
        let (removed, revoked) = (removed.count(), done.contains_key(&revoked));
        if removed != 3 || !revoked {
            wrong.push(format!(
                "{name}: {removed} methods removed, sessions revoked: {revoked}"
            ));
        }
        let left = place.tenant.methods_of(&person(nth));
        let left = left
            .iter()
            .filter(|one| one.kind != "passwordAuthenticationMethod");
        let (left, notes) = (left.count(), place.jira.comments(&name).len());
        if left != 0 || notes != 1 {
            wrong.push(format!("{name}: {left} methods left, {notes} notes"));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

/// The largest item of those whose keys begin so, in bytes.
pub fn largest(place: &Place, prefix: &str) -> usize {
    let mut largest = 0;
    place
        .store
        .look(prefix, |body| largest = largest.max(body.len()));
    largest
}
