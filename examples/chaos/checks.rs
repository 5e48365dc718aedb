//! Whether every reset came to its end, and what it came to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulated::function_url;

use crate::deployment::{Deployment, Door, person, ticket};
use crate::slots::{Chaos, Result, Slot};

/// The records in the table, by ticket.
async fn records(deployment: &Deployment) -> Result<BTreeMap<String, Value>> {
    let mut records = BTreeMap::new();
    let mut pages = deployment
        .dynamodb
        .scan()
        .table_name(&deployment.table)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for item in page?.items.unwrap_or_default() {
            let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
            let (Some(key), Some(body)) = (text("pk"), text("body")) else {
                continue;
            };
            if key.starts_with("reset#") {
                let record: Value = serde_json::from_str(body)?;
                if record.is_null() {
                    // Its message came before it was accepted, so it never was.
                    continue;
                }
                let ticket = text_at(&record, "/request/ticket").unwrap_or_default();
                records.insert(ticket.to_owned(), record);
            }
        }
    }
    Ok(records)
}

fn text_at<'a>(record: &'a Value, path: &str) -> Option<&'a str> {
    record.pointer(path)?.as_str()
}

fn state(record: &Value) -> &str {
    let stage = || {
        let stage = record.get("stage")?.as_object()?;
        stage.keys().next().map(String::as_str)
    };
    text_at(record, "/stage/claimed/state")
        .or_else(stage)
        .unwrap_or("?")
}

fn is_finished(record: &Value) -> bool {
    !matches!(state(record), "running" | "waiting")
        && record
            .get("duties")
            .and_then(Value::as_object)
            .is_some_and(|duties| duties.values().all(|duty| duty != "owed"))
}

/// Waits until everything that was sent has come to its end. What was killed before it was accepted is sent again, as
/// its ticket system would; gives how many that were.
pub async fn settle(
    deployment: &Arc<Deployment>,
    chaos: &Arc<Chaos>,
    patience: Duration,
) -> Result<usize> {
    let sent = chaos
        .sent
        .lock()
        .map_err(|_| "a slot has panicked")?
        .clone();
    let known = records(deployment).await?;
    let mut again = 0;
    let mut slot = Slot::new(deployment.clone(), chaos.clone(), Door::FunctionUrl).await?;
    for (nth, request) in &sent {
        if !known.contains_key(&ticket(*nth)) {
            again += 1;
            slot.invoke(function_url::event(request)).await?;
        }
    }
    let started = Instant::now();
    while started.elapsed() < patience {
        let records = records(deployment).await?;
        if records.len() == sent.len() && records.values().all(is_finished) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    Ok(again)
}

/// Prints the figures, and gives how many things are wrong.
pub async fn report(deployment: &Deployment, chaos: &Chaos, again: usize) -> Result<usize> {
    let sent = chaos.sent.lock().map_err(|_| "a slot has panicked")?.len();
    let records = records(deployment).await?;
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records.values() {
        *states.entry(state(record)).or_default() += 1;
    }
    let runs: Vec<u64> = records
        .values()
        .filter_map(|record| record.get("runs")?.as_u64())
        .collect();
    let mut removed: BTreeMap<String, usize> = BTreeMap::new();
    for call in deployment.tenant.writes() {
        if call.method == "DELETE" && call.status == 204 {
            *removed.entry(call.path).or_default() += 1;
        }
    }
    let mut wrong = Vec::new();
    for (nth, record) in (0..sent).map(|nth| (nth, records.get(&ticket(nth)))) {
        let name = ticket(nth);
        match record {
            None => wrong.push(format!("{name} has no record")),
            Some(record) if state(record) != "completed" || !is_finished(record) => {
                let duties = record.get("duties").cloned().unwrap_or_default();
                wrong.push(format!("{name} is {}: {duties}", state(record)));
            }
            Some(_) => {}
        }
        let left = deployment.tenant.methods_of(&person(nth));
        if left
            .iter()
            .any(|m| m.kind != "passwordAuthenticationMethod")
        {
            wrong.push(format!("{name}: a method is left"));
        }
        let notes = deployment.jira.comments(&name).len();
        if notes != 1 {
            wrong.push(format!("{name} has {notes} notes"));
        }
    }
    for (path, times) in removed.iter().filter(|(_, times)| **times > 1) {
        wrong.push(format!("{path} was removed {times} times"));
    }
    let load = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::SeqCst);
    println!("  {sent} resets, {again} of them killed before they were accepted and sent again");
    println!(
        "  {} invocations; killed {} times at the Function URL, {} times at the queue",
        load(&chaos.invocations),
        load(&chaos.killed_at_the_door),
        load(&chaos.killed_at_the_queue),
    );
    println!(
        "  states {states:?}; up to {} runs for one reset",
        runs.iter().max().unwrap_or(&0)
    );
    println!(
        "  {} methods removed, {} of them twice",
        removed.len(),
        removed.values().filter(|times| **times > 1).count()
    );
    for what in &wrong {
        println!("  !! {what}");
    }
    Ok(wrong.len())
}
