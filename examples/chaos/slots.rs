//! Lambda environments: each runs one process, hands it one event at a time, and now and then kills it.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use simulated::function_url;
use simulated::request::Request;
use simulated::runtime_api::{Invocation, Lost, RuntimeApi};

use crate::deployment::{Deployment, Door};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How long one invocation may take.
const INVOCATION: Duration = Duration::from_secs(20);

/// How long SQS hides a message from others; longer than an invocation.
const HIDDEN: i32 = 25;

/// How long a door waits between two tickets, so that the queue keeps up.
const BETWEEN_TICKETS: Duration = Duration::from_secs(2);

/// There are not more people than these to be reset.
const MOST_RESETS: usize = 580;

/// A process is killed at some moment in this time, or not at all if it is faster.
const MOMENTS: u128 = 2500;

/// What there is to do, and what was done.
pub struct Chaos {
    kills: usize,
    next: AtomicUsize,
    over: AtomicBool,
    pub killed_at_the_door: AtomicUsize,
    pub killed_at_the_queue: AtomicUsize,
    pub invocations: AtomicUsize,
    /// What was sent, by number.
    pub sent: Mutex<BTreeMap<usize, Request>>,
}

impl Chaos {
    pub fn new(kills: usize) -> Chaos {
        Chaos {
            kills,
            next: 0.into(),
            over: false.into(),
            killed_at_the_door: 0.into(),
            killed_at_the_queue: 0.into(),
            invocations: 0.into(),
            sent: Mutex::default(),
        }
    }

    /// Nothing is left to do.
    pub fn stop(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Until there were kills enough, and enough of them at the queue.
    fn goes_on(&self) -> bool {
        let at_the_queue = self.killed_at_the_queue.load(Ordering::SeqCst);
        let in_all = self
            .killed_at_the_door
            .load(Ordering::SeqCst)
            .saturating_add(at_the_queue);
        let people_left = self.next.load(Ordering::SeqCst) < MOST_RESETS;
        people_left && (in_all < self.kills || at_the_queue < self.kills / 3)
    }

    /// When to kill the next process; two in three are let live.
    fn moment(&self) -> Option<Duration> {
        let chance = uuid::Uuid::new_v4().as_u128();
        if !self.goes_on() || chance.is_multiple_of(3) {
            return None;
        }
        let ms = u64::try_from((chance / 3) % MOMENTS).unwrap_or_default();
        Some(Duration::from_millis(ms))
    }

    fn killed(&self, door: Door) {
        let counter = match door {
            Door::FunctionUrl => &self.killed_at_the_door,
            Door::Queue => &self.killed_at_the_queue,
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }
}

/// One environment.
pub struct Slot {
    deployment: Arc<Deployment>,
    chaos: Arc<Chaos>,
    api: RuntimeApi,
    door: Door,
    process: Child,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Slot {
    pub async fn new(deployment: Arc<Deployment>, chaos: Arc<Chaos>, door: Door) -> Result<Slot> {
        let api = RuntimeApi::start().await?;
        let process = deployment.spawn(&api, door)?;
        Ok(Slot {
            deployment,
            chaos,
            api,
            door,
            process,
        })
    }

    /// Hands one event over. Nothing comes back if the process is killed meanwhile, or fails.
    pub async fn invoke(&mut self, event: Value) -> Result<Option<Vec<u8>>> {
        self.chaos.invocations.fetch_add(1, Ordering::SeqCst);
        let Some(moment) = self.chaos.moment() else {
            return response(self.api.invoke(event, INVOCATION).await);
        };
        let in_time = tokio::time::timeout(moment, self.api.invoke(event, INVOCATION)).await;
        if let Ok(invocation) = in_time {
            return response(invocation);
        }
        // SIGKILL, as Lambda and the kernel do it.
        self.process.kill()?;
        self.process.wait()?;
        self.chaos.killed(self.door);
        self.process = self.deployment.spawn(&self.api, self.door)?;
        Ok(None)
    }
}

fn response(invocation: std::result::Result<Invocation, Lost>) -> Result<Option<Vec<u8>>> {
    match invocation {
        Ok(Invocation::Response(bytes)) => Ok(Some(bytes)),
        Ok(Invocation::Error { .. }) | Err(Lost::Timeout) => Ok(None),
        Err(Lost::NoRuntime) => Err("the function does not start".into()),
    }
}

/// Ticket systems that send one approved ticket after the other, each once, until there were kills enough.
pub async fn door(deployment: Arc<Deployment>, chaos: Arc<Chaos>) -> Result<()> {
    let mut slot = Slot::new(deployment.clone(), chaos.clone(), Door::FunctionUrl).await?;
    while chaos.goes_on() {
        let nth = chaos.next.fetch_add(1, Ordering::SeqCst);
        let request = deployment.delivery(nth);
        chaos
            .sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(nth, request.clone());
        slot.invoke(function_url::event(&request)).await?;
        tokio::time::sleep(BETWEEN_TICKETS).await;
    }
    Ok(())
}

/// Lambda's poller of the queue, and the worker.
pub async fn worker(deployment: Arc<Deployment>, chaos: Arc<Chaos>) -> Result<()> {
    let mut slot = Slot::new(deployment.clone(), chaos.clone(), Door::Queue).await?;
    while !chaos.over.load(Ordering::SeqCst) {
        let received = deployment
            .sqs
            .receive_message()
            .queue_url(&deployment.queue)
            .visibility_timeout(HIDDEN)
            .send()
            .await?;
        let Some(message) = received.messages.and_then(|mut some| some.pop()) else {
            tokio::time::sleep(Duration::from_millis(300)).await;
            continue;
        };
        let event = json!({"Records": [{
            "messageId": message.message_id, "body": message.body, "eventSource": "aws:sqs",
        }]});
        if slot.invoke(event).await?.is_some() {
            deployment
                .sqs
                .delete_message()
                .queue_url(&deployment.queue)
                .set_receipt_handle(message.receipt_handle)
                .send()
                .await?;
        }
    }
    Ok(())
}
