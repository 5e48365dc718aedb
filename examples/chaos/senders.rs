//! Jira, which sends each approved ticket until it is accepted, and the queue's poller.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use simulated::function_url;
use simulated::request::Request;
use tokio::sync::watch;

use crate::Result;
use crate::deployment::{Deployment, PEOPLE, Role};
use crate::environment::{Chaos, Environment, Invoked};

/// How long SQS hides a message from other receivers; longer than an invocation.
const HIDDEN: i32 = 25;

/// How long a sender waits before its next ticket, so that the queue keeps up.
const BETWEEN_TICKETS: Duration = Duration::from_secs(2);

/// How long it waits before it sends one again at once.
const BEFORE_REPEAT: Duration = Duration::from_secs(1);

/// How often it sends one in the end, when nothing is killed any more.
const LAST_REPEATS: usize = 10;

/// What a sender gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    Status(u16),
    Killed,
    TimedOut,
}

impl Answer {
    pub fn is_acceptance(self) -> bool {
        matches!(self, Answer::Status(200..=299))
    }

    /// Whether Jira Cloud sends the same again
    /// (<https://developer.atlassian.com/cloud/jira/platform/webhooks/>, "Webhook delivery").
    fn is_repeated(self) -> bool {
        match self {
            Answer::Status(status) => matches!(status, 408 | 409 | 425 | 429 | 500..=599),
            Answer::Killed | Answer::TimedOut => true,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Status(status) => write!(formatter, "{status}"),
            Answer::Killed => write!(formatter, "killed"),
            Answer::TimedOut => write!(formatter, "timed out"),
        }
    }
}

/// One ticket's delivery.
#[derive(Debug, Clone)]
pub struct Delivery {
    request: Request,
    /// Of each time that it was sent.
    pub answers: Vec<Answer>,
    /// Which reset the last answer named.
    pub reset: Option<String>,
}

impl Delivery {
    /// Whether Jira would send it again.
    fn is_open(&self) -> bool {
        self.answers.last().is_none_or(|last| last.is_repeated())
    }
}

/// What was sent, by the number of the ticket.
#[derive(Debug, Default)]
pub struct Sent(Mutex<BTreeMap<usize, Delivery>>);

impl Sent {
    pub fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Delivery>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the next ticket's delivery, as long as there are people.
    fn next(&self, deployment: &Deployment) -> Option<usize> {
        let mut sent = self.lock();
        let nth = sent.len();
        let delivery = Delivery {
            request: deployment.delivery(nth),
            answers: Vec::new(),
            reset: None,
        };
        (nth < PEOPLE).then(|| {
            sent.insert(nth, delivery);
            nth
        })
    }

    /// Sends it once, and says whether Jira sends it again.
    async fn send(&self, nth: usize, environment: &mut Environment) -> Result<bool> {
        let request = self
            .lock()
            .get(&nth)
            .map(|delivery| delivery.request.clone());
        let request = request.ok_or("no such delivery")?;
        let (answer, body) = match environment.invoke(function_url::event(&request)).await? {
            Invoked::Response(bytes) => {
                let answer = function_url::answer(&bytes)?;
                (
                    Answer::Status(answer.status),
                    answer.json().unwrap_or_default(),
                )
            }
            // What the caller of a Function URL gets.
            Invoked::Error => (Answer::Status(502), Value::Null),
            Invoked::Killed => (Answer::Killed, Value::Null),
            Invoked::TimedOut => (Answer::TimedOut, Value::Null),
        };
        let mut sent = self.lock();
        let delivery = sent.get_mut(&nth).ok_or("no such delivery")?;
        delivery.answers.push(answer);
        let reset = body.get("reset").and_then(Value::as_str);
        delivery.reset = reset.map(str::to_owned);
        Ok(delivery.is_open())
    }
}

/// Sends one ticket after the other. Of the deliveries that were not accepted some are sent again at once, while their
/// reset may be under way. The others wait for [`send_open`], as Jira Cloud waits for minutes: until then the queue
/// alone goes on with what was accepted and lost its process.
pub async fn send_tickets(
    deployment: Arc<Deployment>,
    chaos: Arc<Chaos>,
    sent: Arc<Sent>,
) -> Result<()> {
    let role = Role::FunctionUrl;
    let mut environment = Environment::start(deployment.clone(), chaos.clone(), role).await?;
    while chaos.goes_on() {
        let Some(nth) = sent.next(&deployment) else {
            return Err("there are not people enough for so many kills".into());
        };
        while sent.send(nth, &mut environment).await?
            && uuid::Uuid::new_v4().as_u128().is_multiple_of(4)
        {
            tokio::time::sleep(BEFORE_REPEAT).await;
        }
        tokio::time::sleep(BETWEEN_TICKETS).await;
    }
    Ok(())
}

/// Sends what Jira would send again, until it is accepted.
pub async fn send_open(
    deployment: Arc<Deployment>,
    chaos: Arc<Chaos>,
    sent: Arc<Sent>,
) -> Result<()> {
    let mut environment = Environment::start(deployment, chaos, Role::FunctionUrl).await?;
    let open = |(nth, delivery): (&usize, &Delivery)| delivery.is_open().then_some(*nth);
    let open: Vec<usize> = sent.lock().iter().filter_map(open).collect();
    for nth in open {
        for _ in 0..LAST_REPEATS {
            if !sent.send(nth, &mut environment).await? {
                break;
            }
            tokio::time::sleep(BEFORE_REPEAT).await;
        }
    }
    Ok(())
}

/// Lambda's poller of the queue: gives one message after the other to a worker process, and deletes what succeeded.
pub async fn poll_queue(
    deployment: Arc<Deployment>,
    chaos: Arc<Chaos>,
    over: watch::Receiver<bool>,
) -> Result<()> {
    let role = Role::Worker;
    let mut environment = Environment::start(deployment.clone(), chaos, role).await?;
    while !*over.borrow() {
        let received = deployment
            .sqs
            .receive_message()
            .queue_url(&deployment.queue)
            .visibility_timeout(HIDDEN)
            .send()
            .await?;
        let Some(message) = received.messages.and_then(|mut some| some.pop()) else {
            tokio::time::sleep(Duration::from_millis(500)).await;
            continue;
        };
        let event = json!({"Records": [{
            "messageId": message.message_id, "body": message.body, "eventSource": "aws:sqs",
        }]});
        if let Invoked::Response(_) = environment.invoke(event).await? {
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
