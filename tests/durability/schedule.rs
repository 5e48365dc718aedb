//! One schedule: actors at one request, some of them doomed, and then the queue until nothing is left in it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::approval::{Algorithm, Audiences, IssuerPolicy, KeySet};
use reregister_mfa::clock::{Clock as _, Timestamp};
use reregister_mfa::ids::{Digest, Kid, Label, ResetId, TenantId, TicketKey};
use reregister_mfa::report;
use reregister_mfa::reset::ports::{KeySource, KeysUnavailable};
use reregister_mfa::reset::{
    Answered, ApprovalValidator, ChannelPolicy, Channels, Deployment, Directories, Freeze, Ledger,
    Origin, Parties, Refusal, Request, Resets, Rules, SourceChannel, State, Submission, Switched,
    TenantContext,
};
use reregister_mfa::webhook::Delivery;
use serde_json::{Value, json};
use simulated::approval::{Draft, WEBHOOK_AUDIENCE};
use simulated::issuer::Issuer;

use crate::world::{Broken, FaultyPorts, Injection, JANE, SAM, START, VERA, World};

const TENANT: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";

/// How long one run has.
const RUN: Duration = Duration::from_secs(15);

/// More runs than a request may ever need, once everything works.
const MOST_RUNS: usize = 40;

struct FixedKeys(Arc<KeySet>);

#[async_trait]
impl KeySource for FixedKeys {
    async fn keys(&self, _: &IssuerPolicy, _: &Kid) -> Result<Arc<KeySet>, KeysUnavailable> {
        Ok(self.0.clone())
    }
}

/// One approval, which is good, its issuer's policy and its keys.
static APPROVED: LazyLock<(String, IssuerPolicy, Arc<KeySet>)> = LazyLock::new(|| {
    let issuer = Issuer::es256("https://approvals.contoso.example", "desk-2026");
    let now = START.parse::<Timestamp>().unwrap().as_second();
    let draft = Draft::new(now)
        .target(JANE)
        .approver(SAM)
        .ticket("HELP-42")
        .verified(VERA, now - 300);
    let keys = KeySet::parse(issuer.jwks().to_string().as_bytes(), &[Algorithm::ES256]).unwrap();
    let policy: IssuerPolicy = serde_json::from_value(json!({
        "iss": issuer.iss(), "keys": {"file": "none"}, "algorithms": ["ES256"], "domain": "desk",
    }))
    .unwrap();
    (issuer.approve(&draft), policy, Arc::new(keys))
});

fn validator() -> ApprovalValidator {
    let (_, policy, keys) = &*APPROVED;
    ApprovalValidator {
        issuers: BTreeMap::from([(label("desk"), policy.clone())]),
        audiences: Audiences {
            webhook: WEBHOOK_AUDIENCE.to_owned(),
            on_call: "on call".to_owned(),
        },
        keys: Arc::new(FixedKeys(keys.clone())),
    }
}

fn label(name: &str) -> Label {
    Label::try_from(name).unwrap()
}

fn resets(ports: &FaultyPorts) -> Resets {
    let ports = Arc::new(ports.clone());
    let policy = ChannelPolicy {
        issuers: vec![label("desk")],
        privileged: false,
        verifier_apart: false,
        hardware_key: false,
    };
    let rules: Rules = serde_json::from_value(json!({"break_glass": "none"})).unwrap();
    let tenant: TenantId = TENANT.parse().unwrap();
    let source = SourceChannel {
        tenant,
        policy: policy.clone(),
    };
    let context = TenantContext {
        rules,
        directories: Directories {
            standard: ports.clone(),
            privileged: None,
        },
    };
    Resets::new(Deployment {
        tenants: BTreeMap::from([(tenant, context)]),
        channels: Channels {
            sources: BTreeMap::from([(label("jira"), source)]),
            on_call: policy,
            tenants: BTreeSet::from([tenant]),
        },
        validator: validator(),
        ledger: Ledger::new(ports.clone()),
        queue: ports.clone(),
        audit: ports.clone(),
        security: ports.clone(),
        tickets: ports.clone(),
        refusal_text: report::refusal_text,
        clock: ports,
    })
}

/// What an actor does.
enum Task {
    Open(Pin<Box<dyn Future<Output = Result<Answered, Refusal>>>>),
    Wake(Pin<Box<dyn Future<Output = Result<(), Refusal>>>>),
}

/// Somebody who works on the request, until they are done, killed, or stand still.
pub struct Actor {
    ports: FaultyPorts,
    task: Task,
    /// What they brought back, if they came back.
    pub came_back: Option<bool>,
    woke: Option<ResetId>,
}

impl Actor {
    /// Somebody who delivers the request.
    pub fn deliver(ports: FaultyPorts) -> Actor {
        Actor::deliver_as(ports, "the delivery")
    }

    /// Somebody who delivers the same approval in another body, as another ticket system does.
    pub fn deliver_as(ports: FaultyPorts, body: &str) -> Actor {
        let now = ports.now();
        let until = now.checked_add(RUN).unwrap();
        ports.script.lock().unwrap().until = Some(until);
        let delivery = Delivery {
            source: label("jira"),
            id: "1".to_owned(),
            digest: Digest::of(body.as_bytes()),
            ticket: TicketKey::try_from("HELP-42").unwrap(),
            user: None,
            approvals: vec![APPROVED.0.clone()],
        };
        let request =
            Request::from_ticket(delivery, TENANT.parse().unwrap(), Origin::default(), now);
        let parties = Parties {
            ticket: Some(TicketKey::try_from("HELP-42").unwrap()),
            ..Parties::default()
        };
        let submission = Submission {
            request,
            parties,
            approvals: Vec::new(),
            until,
        };
        let resets = resets(&ports);
        Actor {
            ports,
            task: Task::Open(Box::pin(async move { resets.submit(submission).await })),
            came_back: None,
            woke: None,
        }
    }

    /// Somebody whom the queue wakes.
    pub fn wake(ports: FaultyPorts, id: ResetId) -> Actor {
        let until = ports.now().checked_add(RUN).unwrap();
        ports.script.lock().unwrap().until = Some(until);
        let resets = resets(&ports);
        Actor {
            ports,
            task: Task::Wake(Box::pin(async move { resets.wake(id, until).await })),
            came_back: None,
            woke: Some(id),
        }
    }

    /// Lets them work until they are done, killed, or stand still.
    pub fn go(&mut self) {
        self.ports.script.lock().unwrap().paused = false;
        if self.came_back.is_some() || self.is_dead() {
            return;
        }
        let mut context = Context::from_waker(Waker::noop());
        self.came_back = match &mut self.task {
            Task::Open(open) => match open.as_mut().poll(&mut context) {
                Poll::Ready(result) => Some(result.is_ok()),
                Poll::Pending => None,
            },
            Task::Wake(wake) => match wake.as_mut().poll(&mut context) {
                Poll::Ready(result) => Some(result.is_ok()),
                Poll::Pending => None,
            },
        };
        if self.came_back.is_none() && !self.is_dead() && !self.is_paused() {
            let mut happened = self.ports.world.lock();
            happened
                .violations
                .push("somebody waits for what never comes".to_owned());
        }
        // What the queue brought and nobody finished comes again, as SQS does it.
        if let (Some(id), true) = (self.woke, self.is_dead() || self.came_back == Some(false)) {
            self.woke = None;
            let mut happened = self.ports.world.lock();
            let again = happened.now.checked_add(Duration::from_secs(180)).unwrap();
            happened.queue.push((again, id));
        }
    }

    pub fn is_dead(&self) -> bool {
        self.ports.script.lock().unwrap().dead
    }

    pub fn is_paused(&self) -> bool {
        self.ports.script.lock().unwrap().paused
    }

    /// How many effects they had so far.
    pub fn effects(&self) -> usize {
        self.ports.count()
    }
}

/// When the second actor comes to a request at which the first one was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// At once: the first one is dead, and has the lease.
    AtOnce,
    /// When the first one's lease is over.
    AfterTheLease,
    /// At once, while the first one stands still and goes on afterwards.
    Meanwhile,
    /// When the lease is over, and the first one, who stood still, goes on afterwards.
    MeanwhileAfterTheLease,
    /// At once, with a clock that is ahead by more than a lease, while the first one stands still before a call that
    /// changes nothing in the tenant, and goes on afterwards. (What is under way there cannot be called back: that
    /// clocks do not differ by a lease is why there is a margin.)
    MeanwhileByAFastClock,
}

impl Second {
    /// Whether the first stands still; else they are killed.
    pub fn is_meanwhile(self) -> bool {
        !matches!(self, Second::AtOnce | Second::AfterTheLease)
    }
}

/// Longer than a lease.
const LEASE: Duration = Duration::from_secs(40);

/// The calls of a good day: how many there are, and which of them change something in the tenant.
pub fn good_day() -> (usize, BTreeSet<usize>) {
    let world = World::new(Broken::No);
    let mut one = Actor::deliver(world.ports([]));
    one.go();
    let script = one.ports.script.lock().unwrap();
    (script.count, script.changes.clone())
}

/// Two actors, each stopped at one point or at none, the second with a body of its own or the same. Gives the world after the end, and how many effects each had.
pub fn pair(
    broken: Broken,
    second: Second,
    body: &str,
    first_injection: Option<(usize, Injection)>,
    second_injection: Option<(usize, Injection)>,
) -> (Arc<World>, [usize; 2]) {
    let world = World::new(broken);
    let mut one = Actor::deliver(world.ports(first_injection));
    one.go();
    if matches!(
        second,
        Second::AfterTheLease | Second::MeanwhileAfterTheLease
    ) {
        world.lock().pass(LEASE);
    }
    let ahead = match second {
        Second::MeanwhileByAFastClock => LEASE,
        _ => Duration::ZERO,
    };
    let mut other = Actor::deliver_as(world.ports(second_injection).ahead(ahead), body);
    other.go();
    one.go();
    other.go();
    let effects = [one.effects(), other.effects()];
    drain(&world);
    (world, effects)
}

/// One actor who stands still at one point for longer than a lease, while the queue brings whatever it has, and who then
/// goes on, to the end or to another point where they are killed. Gives the world, and how many effects they had.
pub fn overslept(nth: usize, killed: Option<(usize, Injection)>) -> (Arc<World>, usize) {
    let world = World::new(Broken::No);
    let injections = [(nth, Injection::Pauses)].into_iter().chain(killed);
    let mut one = Actor::deliver(world.ports(injections));
    one.go();
    world.lock().pass(LEASE);
    empty_queue(&world);
    one.go();
    drain(&world);
    (world, one.effects())
}

/// How long resets are frozen: long enough for the queue to come several times, and shorter than the approval is good.
const FROZEN: Duration = Duration::from_secs(8 * 60);

/// One actor who is killed at one point or stands still there. Resets are frozen, whoever stood still goes on, the queue
/// brings what it has; then resets are let go on, and who was refused asks again.
pub fn frozen(nth: usize, injection: Injection) -> Arc<World> {
    let world = World::new(Broken::No);
    let mut one = Actor::deliver(world.ports([(nth, injection)]));
    one.go();
    let runs_already = one.is_paused() && world.lock().has_claimed();
    freeze(&world, true);
    let before = world.lock().changes();
    one.go();
    let thaw = world.lock().now.checked_add(FROZEN).unwrap();
    empty_queue_until(&world, thaw);
    let mut happened = world.lock();
    // What runs at that moment goes on.
    if !runs_already && happened.changes() != before {
        happened.violated("something is changed while resets are frozen");
    }
    happened.now = happened.now.max(thaw);
    drop(happened);
    freeze(&world, false);
    empty_queue(&world);
    let refused = world.lock().refused();
    if !world.lock().has_claimed() {
        Actor::deliver(world.ports([])).go();
        empty_queue(&world);
    }
    check_end(&world, 1 + refused);
    world
}

/// One actor who is killed at one point, after which the tenant never answers again for as long as anybody tries.
pub fn given_up(nth: usize, injection: Injection) -> Arc<World> {
    let world = World::new(Broken::No);
    Actor::deliver(world.ports([(nth, injection)])).go();
    world.lock().is_down = true;
    empty_queue(&world);
    {
        let mut happened = world.lock();
        for record in happened.records() {
            let stage = &record["stage"];
            let is_over = match &stage["claimed"]["state"] {
                Value::Null => stage["refused"]["gave_up"] == true,
                state => *state == "needs_human" || *state == "completed",
            };
            let told = ["trail", "notice", "note"].map(|duty| record["duties"][duty] == "done");
            if !is_over || told != [true; 3] {
                happened.violated(format!("it ends as {stage}, {}", record["duties"]));
            }
        }
        let (ends, notes) = (happened.records().len(), happened.notes.len());
        if ends > 1 || notes != ends {
            happened.violated(format!("{ends} ends, {notes} notes"));
        }
        if happened.is_taken() {
            happened.violated("somebody still has the person");
        }
    }
    // What was given up is not begun again by itself, nor by whoever repeats the request: the approval is over.
    let (before, accepted) = {
        let mut happened = world.lock();
        happened.is_down = false;
        (happened.changes(), !happened.records().is_empty())
    };
    Actor::deliver(world.ports([])).go();
    empty_queue(&world);
    if accepted && world.lock().changes() != before {
        world
            .lock()
            .violated("something is changed after it was given up");
    }
    world
}

/// Sets the switch.
fn freeze(world: &Arc<World>, on: bool) {
    let switch = Freeze {
        standard: on,
        privileged: on,
        why: "SEC-77".to_owned(),
        since: world.lock().now,
    };
    let ledger = Ledger::new(Arc::new(world.ports([])));
    let mut set = std::pin::pin!(ledger.freeze(&switch));
    let set = set.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(set, Poll::Ready(Ok(Switched::Set)));
}

/// Lets the queue bring what it has until nothing is left in it.
fn empty_queue(world: &Arc<World>) {
    empty_queue_until(world, Timestamp::MAX);
}

/// Lets the queue bring what is due until then.
fn empty_queue_until(world: &Arc<World>, end: Timestamp) {
    for _ in 0..MOST_RUNS {
        let next = {
            let mut happened = world.lock();
            happened.queue.sort();
            let is_due = |(due, _): &(Timestamp, ResetId)| *due <= end;
            let any = happened.queue.first().is_some_and(is_due);
            any.then(|| happened.queue.remove(0))
        };
        let Some((due, id)) = next else {
            return;
        };
        let early = due.duration_since(world.lock().now);
        world.lock().pass(early.try_into().unwrap_or_default());
        Actor::wake(world.ports([]), id).go();
    }
    let mut happened = world.lock();
    happened.violations.push("it does not end".to_owned());
}

/// Lets the queue bring what is due until nothing is left in it. If the request was never accepted, its sender, who has
/// heard nothing good, sends it again.
pub fn drain(world: &Arc<World>) {
    empty_queue(world);
    if world.lock().records().is_empty() {
        Actor::deliver(world.ports([])).go();
        empty_queue(world);
    }
    check_end(world, 1);
}

/// What must hold in the end, and how many notes there must be in the ticket.
fn check_end(world: &World, notes: usize) {
    let mut happened = world.lock();
    let mut wrong = Vec::new();
    let records = happened.records();
    let claimed: Vec<_> = records
        .iter()
        .filter(|record| !record["stage"]["claimed"].is_null())
        .collect();
    match claimed.as_slice() {
        [record] => {
            let state = &record["stage"]["claimed"]["state"];
            if *state != json!(State::Completed) {
                wrong.push(format!("it ends as {state}"));
            }
            for duty in ["trail", "notice", "note"] {
                if record["duties"][duty] != "done" {
                    wrong.push(format!("{duty} is {}", record["duties"][duty]));
                }
            }
        }
        several => wrong.push(format!("{} resets on one approval", several.len())),
    }
    let there: Vec<String> = happened.methods.iter().map(|m| m.id.to_string()).collect();
    if there != ["password", "newcomer"] {
        wrong.push(format!("{there:?} are there in the end"));
    }
    if happened.deleted.values().any(|times| *times != 1) {
        wrong.push(format!("deleted: {:?}", happened.deleted));
    }
    if happened.notes.len() != notes {
        wrong.push(format!("{} notes in the ticket", happened.notes.len()));
    }
    if happened.heard == 0 || happened.ends_in_trail == 0 {
        wrong.push("somebody has not heard of the end".to_owned());
    }
    happened.violations.extend(wrong);
}
