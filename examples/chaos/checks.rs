//! Whether everything that was sent was accepted, and every reset came to its end; and what it came to.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::deployment::{Deployment, Role, person, ticket};
use crate::environment::Chaos;
use crate::senders::{Answer, Delivery, Sent};

/// How long to wait when nothing changes: more than the product's longest pause between two runs, five minutes.
const PATIENCE: Duration = Duration::from_secs(330);

/// What the product has stored about a reset.
struct Record(Value);

impl Record {
    fn text(&self, path: &str) -> Option<&str> {
        self.0.pointer(path)?.as_str()
    }

    fn state(&self) -> &str {
        let stage = || {
            let stage = self.0.get("stage")?.as_object()?;
            stage.keys().next().map(String::as_str)
        };
        self.text("/stage/claimed/state")
            .or_else(stage)
            .unwrap_or("?")
    }

    fn runs(&self) -> u64 {
        let runs = self.0.get("runs").and_then(Value::as_u64);
        runs.unwrap_or_default()
    }

    fn is_finished(&self) -> bool {
        let duties = self.0.get("duties").and_then(Value::as_object);
        !matches!(self.state(), "running" | "waiting")
            && duties.is_some_and(|duties| duties.values().all(|duty| duty != "owed"))
    }
}

/// The records in the table, by ticket.
async fn records(deployment: &Deployment) -> Result<BTreeMap<String, Vec<Record>>> {
    let mut records: BTreeMap<String, Vec<Record>> = BTreeMap::new();
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
            let body: Value = serde_json::from_str(body)?;
            // Without a body if its message came before it was accepted: then it never was.
            if key.starts_with("reset#") && !body.is_null() {
                let record = Record(body);
                let ticket = record.text("/request/ticket").unwrap_or_default();
                records.entry(ticket.to_owned()).or_default().push(record);
            }
        }
    }
    Ok(records)
}

/// Waits until every reset has come to its end, or nothing changes any more.
///
/// # Errors
/// If some have not.
pub async fn settle(deployment: &Deployment) -> Result<()> {
    let mut before = Vec::new();
    let mut changed = Instant::now();
    loop {
        let records = records(deployment).await?;
        let open: Vec<Value> = records
            .into_values()
            .flatten()
            .filter(|record| !record.is_finished())
            .map(|record| record.0)
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        if changed.elapsed() > PATIENCE {
            let open = open.iter().map(Value::to_string);
            let open = open.collect::<Vec<_>>().join("\n");
            return Err(format!("these do not come to their end:\n{open}").into());
        }
        if open != before {
            changed = Instant::now();
            before = open;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// What is wrong with one ticket.
fn wrong(
    deployment: &Deployment,
    nth: usize,
    delivery: &Delivery,
    found: &[Record],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let accepted = delivery
        .answers
        .last()
        .is_some_and(|last| last.is_acceptance());
    if !accepted {
        let answers: Vec<_> = delivery.answers.iter().map(Answer::to_string).collect();
        wrong.push(format!("was not accepted: {}", answers.join(", ")));
    }
    match found {
        [record] => {
            if accepted && record.text("/id") != delivery.reset.as_deref() {
                let answered = &delivery.reset;
                wrong.push(format!(
                    "has a record that is not the one it was answered: {answered:?}"
                ));
            }
            if record.state() != "completed" || !record.is_finished() {
                let duties = record.0.get("duties").cloned().unwrap_or_default();
                wrong.push(format!("is {}: {duties}", record.state()));
            }
        }
        several => wrong.push(format!("has {} records", several.len())),
    }
    let left = deployment.tenant.methods_of(&person(nth));
    if left
        .iter()
        .any(|method| method.kind != "passwordAuthenticationMethod")
    {
        wrong.push("has a method left".to_owned());
    }
    let notes = deployment.jira.comments(&ticket(nth)).len();
    if notes != 1 {
        wrong.push(format!("has {notes} notes"));
    }
    wrong
}

fn tally<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut tally = BTreeMap::new();
    for one in all {
        *tally.entry(one).or_default() += 1;
    }
    tally
}

/// As `200: 3, 503: 1`; nothing as `none`.
fn listed<K: Debug>(tally: &BTreeMap<K, usize>, name: impl Fn(&K) -> String) -> String {
    if tally.is_empty() {
        return "none".to_owned();
    }
    let each = tally
        .iter()
        .map(|(key, count)| format!("{}: {count}", name(key)));
    each.collect::<Vec<_>>().join(", ")
}

/// Prints the figures, and gives how many things are wrong.
pub async fn report(deployment: &Deployment, chaos: &Chaos, sent: &Sent) -> Result<usize> {
    let records = records(deployment).await?;
    let sent = sent.lock().clone();
    let mut complaints = Vec::new();
    for (nth, delivery) in &sent {
        let name = ticket(*nth);
        let found = records.get(&name).map_or(&[][..], Vec::as_slice);
        let wrong = wrong(deployment, *nth, delivery, found);
        complaints.extend(wrong.iter().map(|wrong| format!("{name} {wrong}")));
    }
    let removals = deployment.tenant.writes().into_iter();
    let removals = removals.filter(|call| call.method == "DELETE" && call.status == 204);
    let removed = tally(removals.map(|call| call.path));
    let twice = removed.iter().filter(|(_, times)| **times > 1);
    complaints.extend(twice.map(|(path, times)| format!("{path} was removed {times} times")));

    let answers = || sent.values().map(|delivery| delivery.answers.split_last());
    let last = tally(answers().flatten().map(|(last, _)| *last));
    let repeated = tally(answers().flatten().flat_map(|(_, before)| before.to_vec()));
    println!(
        "  {} tickets, sent {} times; answered in the end {}; sent again after {}",
        sent.len(),
        sent.values()
            .map(|delivery| delivery.answers.len())
            .sum::<usize>(),
        listed(&last, Answer::to_string),
        listed(&repeated, Answer::to_string),
    );
    complaints.extend(processes(deployment, chaos));
    complaints.extend(transactions(deployment).await?);
    let records = || records.values().flatten();
    println!(
        "  records {}; up to {} runs for one reset",
        listed(&tally(records().map(Record::state)), |state| (*state)
            .to_owned()),
        records().map(Record::runs).max().unwrap_or_default(),
    );
    println!("  {} methods removed", removed.len());
    for complaint in &complaints {
        println!("  !! {complaint}");
    }
    Ok(complaints.len())
}

/// Prints what became of the processes, and gives what is wrong with that.
fn processes(deployment: &Deployment, chaos: &Chaos) -> Vec<String> {
    let role = |role: &Role| match role {
        Role::FunctionUrl => "Function URL process".to_owned(),
        Role::Worker => "worker process".to_owned(),
    };
    let counts = chaos.counts();
    let mut wrong = Vec::new();
    for (nth, binary) in deployment.binaries.iter().enumerate() {
        let of_this = counts.invocations.iter();
        let of_this = of_this.filter(|((place, _), _)| *place == nth);
        let of_this: BTreeMap<_, _> = of_this.map(|((_, role), count)| (*role, *count)).collect();
        println!("  invocations of {binary}: {}", listed(&of_this, role));
        if of_this.len() < 2 {
            wrong.push(format!("{binary} was not invoked in both roles"));
        }
    }
    println!("  killed {}", listed(&counts.killed, role));
    println!(
        "  not in time, and ended {}",
        listed(&counts.timed_out, role)
    );
    wrong
}

/// Prints what moto says of transactions, and gives what is wrong with that.
async fn transactions(deployment: &Deployment) -> Result<Option<String>> {
    let url = format!("{}/moto-api/transactions", std::env::var("MOTO_URL")?);
    let tables: Value = reqwest::get(url).await?.json().await?;
    let count = |name: &str| {
        let table = tables.get(&deployment.table)?;
        table.get(name)?.as_u64()
    };
    let conflicts = count("conflicts").unwrap_or_default();
    let requests = count("requests").unwrap_or_default();
    println!("  {requests} transactions, {conflicts} of them cancelled by an injected conflict");
    let asked_for = std::env::var_os("TRANSACTION_CONFLICT_EVERY").is_some();
    Ok((asked_for && conflicts == 0).then(|| "no conflict was injected".to_owned()))
}
