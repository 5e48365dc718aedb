//! The scenes, each with its figures.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;
use simulated::entra::Fault;

use crate::place::{Answered, Place, Running};
use crate::proxy::RoundTrips;
use crate::records::{each_was_reset_once, largest, settle};
use crate::service::Service;
use crate::{FAR, Result};

/// How many resets are under way at once.
const AT_ONCE: usize = 20;

/// One of so many calls is throttled.
const ONE_OF: u32 = 40;

/// At least so many answers have to be 429.
const LEAST_THROTTLED: usize = 100;

/// 300 people, 20 at once, at a tenant that throttles.
pub async fn crowd() -> Result<()> {
    const PEOPLE: usize = 300;
    let place = Place::new(PEOPLE, 0).await?;
    for nth in 1..=250 {
        // A second is what Graph asks for at first.
        place.tenant.fail(
            Fault::on("*", "/v1.0/")
                .skip(nth * ONE_OF)
                .throttle(Some(1 + u64::from(nth % 3))),
        );
    }
    let running = place.start(FAR).await?;
    let started = Instant::now();
    let answers = resets(&place, &running, 0..PEOPLE).await?;
    let answered = started.elapsed();
    let more = settle(&place).await?;
    each_was_reset_once(&place, PEOPLE)?;
    let throttled = place
        .tenant
        .calls()
        .iter()
        .filter(|call| call.status == 429)
        .count();
    let mut states: BTreeMap<(u16, String), usize> = BTreeMap::new();
    for (_, answer) in &answers {
        *states
            .entry((answer.status, answer.state().to_owned()))
            .or_default() += 1;
    }
    println!("{PEOPLE} people, {AT_ONCE} at once:");
    println!("  {throttled} answers of Graph were 429 with Retry-After");
    let conflicts = running.used.now().conflicts;
    println!("  {conflicts} transactions were cancelled by another one");
    println!("  each was reset once, with one note");
    for ((status, state), count) in states {
        println!("  {count} answered {status} {state}");
    }
    show_times("answers", answers.iter().map(|(time, _)| *time));
    println!(
        "  all answered after {:.1} s, all done {:.1} s later",
        answered.as_secs_f64(),
        more.as_secs_f64()
    );
    if throttled < LEAST_THROTTLED {
        return Err(format!("only {throttled} answers were 429").into());
    }
    Ok(())
}

/// A tenant with 10,000 people and 500 role-assignable groups.
pub async fn tenant() -> Result<()> {
    const PEOPLE: usize = 10_000;
    const GROUPS: usize = 500;
    let place = Place::new(PEOPLE, GROUPS).await?;
    println!("{PEOPLE} people, {GROUPS} role-assignable groups:");
    let started = Instant::now();
    let running = place.start(FAR).await?;
    let ready = started.elapsed();
    let asked = graph_calls(&running, started);
    println!("  ready after {:.0} ms, {asked} calls to Graph", ms(ready));
    for (nth, name) in ["first", "second", "third"].into_iter().enumerate() {
        let began = Instant::now();
        let answer = place.reset(&running, nth).await?;
        let took = began.elapsed();
        let (status, state) = (answer.status, answer.state());
        let asked = graph_calls(&running, began);
        println!(
            "  {name} event: {:.0} ms, {asked} calls to Graph, {status} {state}",
            ms(took)
        );
    }
    settle(&place).await?;
    Ok(())
}

/// As many claims of one issuer in an hour as a policy can allow, and one more.
pub async fn claims() -> Result<()> {
    const PEOPLE: usize = 2_000;
    const SAMPLES: usize = 15;
    let place = Place::new(PEOPLE + 1, 0).await?;
    let far = place.start(FAR).await?;
    let one_by_one = async |from: usize| -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        for nth in from..from + SAMPLES {
            let began = Instant::now();
            expect_completed(&place.reset(&far, nth).await?)?;
            times.push(began.elapsed());
        }
        Ok(times)
    };
    println!("{PEOPLE} claims of one issuer in an hour:");
    show_times("each of the first 15", one_by_one(0).await?);
    println!(
        "  the largest counter then: {} bytes",
        largest(&place, "count#")
    );
    let near = place.start(RoundTrips::default()).await?;
    let mut done = SAMPLES;
    let last = PEOPLE - SAMPLES;
    while done < last {
        let next = (done + 500).min(last);
        for (_, answer) in resets(&place, &near, done..next).await? {
            // What waits, the worker brings to its end.
            if answer.status >= 300 {
                return Err(format!("{}: {}", answer.status, answer.body).into());
            }
        }
        place.tenant.forget_calls();
        near.traffic.forget();
        done = next;
    }
    settle(&place).await?;
    show_times("each of the last 15", one_by_one(last).await?);
    let counter = largest(&place, "count#");
    println!("  the largest counter then: {counter} bytes, of 409600 that an item may have");
    let refused = place.reset(&near, PEOPLE).await?;
    let code = refused.body.get("code").and_then(Value::as_str);
    println!(
        "  the next one: {} {}",
        refused.status,
        code.unwrap_or_default()
    );
    if code != Some("cap_reached") {
        return Err(format!("it is not refused for the cap: {}", refused.body).into());
    }
    Ok(())
}

/// What a reset uses of AWS: the one after the first, which may still have to fill caches.
pub async fn cost() -> Result<()> {
    let place = Place::new(2, 0).await?;
    let running = place.start(FAR).await?;
    expect_completed(&place.reset(&running, 0).await?)?;
    settle(&place).await?;
    let (before, began) = (running.used.now(), Instant::now());
    expect_completed(&place.reset(&running, 1).await?)?;
    let took = began.elapsed();
    settle(&place).await?;
    let used = running.used.now().since(before);
    println!("one reset, warm:");
    println!(
        "  DynamoDB: {} calls, {} read units, {} write units",
        used.table_calls, used.reads, used.writes
    );
    println!("  SQS: {} messages sent", used.messages);
    println!("  Lambda: {:.0} ms up to the answer", ms(took));
    println!("  Graph: {} calls", graph_calls(&running, began));
    Ok(())
}

/// So many resets one after the other, with nothing far away: for tools/guard.py to count their instructions.
pub async fn counted(times: usize) -> Result<()> {
    let place = Place::new(times, 0).await?;
    let near = place.start(RoundTrips::default()).await?;
    for nth in 0..times {
        expect_completed(&place.reset(&near, nth).await?)?;
    }
    Ok(())
}

fn expect_completed(answer: &Answered) -> Result<()> {
    match answer.state() {
        "completed" => Ok(()),
        _ => Err(format!("{}: {}", answer.status, answer.body).into()),
    }
}

/// Resets these people, and gives how long each took to be answered, and what.
async fn resets(
    place: &Place,
    running: &Running,
    people: std::ops::Range<usize>,
) -> Result<Vec<(Duration, Answered)>> {
    let answers = stream::iter(people)
        .map(async |nth| {
            let began = Instant::now();
            let answer = place.reset(running, nth).await?;
            Ok((began.elapsed(), answer))
        })
        .buffer_unordered(AT_ONCE);
    let answers: Vec<Result<_>> = answers.collect().await;
    answers.into_iter().collect()
}

fn graph_calls(running: &Running, since: Instant) -> usize {
    let exchanges = running.traffic.exchanges(since, Instant::now());
    let of_graph = exchanges.iter().filter(|one| one.service == Service::Graph);
    of_graph.count()
}

fn show_times(what: &str, times: impl IntoIterator<Item = Duration>) {
    let mut times: Vec<Duration> = times.into_iter().collect();
    times.sort();
    let at = |hundredths: usize| {
        let nth = (times.len() * hundredths / 100).min(times.len().saturating_sub(1));
        ms(times.get(nth).copied().unwrap_or_default())
    };
    println!("  {what}: p50 {:.0} ms, p99 {:.0} ms", at(50), at(99));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
