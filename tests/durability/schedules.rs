//! The schedules: actors at one request, some of them stopped, and then the queue until nothing is left in it.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::{FreezeChange, FreezeReason, Ledger, State, Tiers};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::broken::Broken;
use crate::script::{Injection, Planned, Point};
use crate::world::World;

/// More runs than a request may ever need, once everything works: two messages may bring it, since an end wakes the worker
/// beside the message of the acceptance.
const MOST_RUNS: usize = 80;

/// When the second actor comes to a request at which the first one was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// At once: the first one is dead, and has the lease.
    AtOnce,
    /// When the first one's lease is over.
    AfterTheLease,
    /// At once, while the first one stands still and goes on afterwards.
    Meanwhile,
    /// When the lease is over, and the first one, which stood still, goes on afterwards.
    MeanwhileAfterTheLease,
    /// At once, with a clock that is ahead by more than a lease, while the first one stands still before a call that
    /// changes nothing in the tenant, and goes on afterwards. (What is under way there cannot be called back: that
    /// clocks do not differ by a lease is why there is a margin.)
    MeanwhileByAFastClock,
}

impl Second {
    pub const ALL: [Second; 5] = [
        Second::AtOnce,
        Second::AfterTheLease,
        Second::Meanwhile,
        Second::MeanwhileAfterTheLease,
        Second::MeanwhileByAFastClock,
    ];

    /// What stops the first one. (A call of it that fails is a schedule of its own.)
    pub fn injections(self) -> &'static [Injection] {
        match self {
            Second::AtOnce | Second::AfterTheLease => {
                &[Injection::DiesBefore, Injection::DiesAfter]
            }
            Second::Meanwhile | Second::MeanwhileAfterTheLease | Second::MeanwhileByAFastClock => {
                &[Injection::Pauses]
            }
        }
    }

    /// The points at which that can happen.
    pub fn points(self) -> Vec<Point> {
        let mut points = good_day();
        if self == Second::MeanwhileByAFastClock {
            points.retain(|point| !point.changes_the_tenant());
        }
        points
    }
}

/// Longer than a lease.
const LEASE: Duration = Duration::from_secs(40);

/// The points of a good day, in their order.
pub fn good_day() -> Vec<Point> {
    let world = World::new(Broken::No, 0);
    let mut one = Actor::deliver(world.ports([]));
    one.go();
    one.calls()
}

/// Two actors at one approval.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    pub broken: Broken,
    pub second: Second,
    /// The second one's body.
    pub body: &'a str,
    pub seed: u64,
}

impl Pair<'_> {
    /// Runs both, each stopped at one point or at none. Gives the world after the end, and the second one's calls.
    pub fn run(self, first: Option<&Planned>, then: Option<&Planned>) -> (Arc<World>, Vec<Point>) {
        let world = World::new(self.broken, self.seed);
        let mut one = Actor::deliver(world.ports(first.cloned()));
        one.go();
        if matches!(
            self.second,
            Second::AfterTheLease | Second::MeanwhileAfterTheLease
        ) {
            world.lock().pass(LEASE);
        }
        let ahead = match self.second {
            Second::MeanwhileByAFastClock => LEASE,
            _ => Duration::ZERO,
        };
        let mut other = Actor::deliver_as(world.ports(then.cloned()).ahead(ahead), self.body);
        other.go();
        one.go();
        other.go();
        drain(&world);
        (world, other.calls())
    }
}

/// A reset that is done, after which the worker that is woken to notify is stopped at these points, or at none. Gives the
/// world after the end, and the worker's calls.
pub fn notified(planned: Option<&Planned>, seed: u64) -> (Arc<World>, Vec<Point>) {
    let world = World::new(Broken::No, seed);
    Actor::deliver(world.ports([])).go();
    let (due, id) = {
        let mut happened = world.lock();
        happened.queue.sort();
        happened.queue.remove(0)
    };
    let early = due.duration_since(world.lock().now);
    world.lock().pass(early.try_into().unwrap_or_default());
    let mut worker = Actor::wake(world.ports(planned.cloned()), id);
    worker.go();
    if worker.is_paused() {
        world.lock().pass(LEASE * 4);
        empty_queue(&world);
        worker.go();
    }
    drain(&world);
    (world, worker.calls())
}

/// One actor that stands still at one point for longer than a lease, while the queue brings whatever it has, and then goes
/// on, to the end or to another point where something happens to it. Gives the world, and the actor's calls.
pub fn overslept(point: &Point, then: Option<&Planned>) -> (Arc<World>, Vec<Point>) {
    let world = World::new(Broken::No, 0);
    let injections = [(point.clone(), Injection::Pauses)];
    let mut one = Actor::deliver(world.ports(injections.into_iter().chain(then.cloned())));
    one.go();
    world.lock().pass(LEASE);
    empty_queue(&world);
    one.go();
    one.go();
    drain(&world);
    (world, one.calls())
}

/// How long resets are frozen: long enough for the queue to come several times, and shorter than the approval is good.
const FROZEN: Duration = Duration::from_secs(8 * 60);

/// One actor that is killed at one point or stands still there. Resets are frozen, the actor goes on if it can, the queue
/// brings what it has; then resets are thawed, and a sender that was refused asks again.
pub fn frozen(broken: Broken, planned: &Planned) -> Arc<World> {
    let world = World::new(broken, 0);
    let mut one = Actor::deliver(world.ports([planned.clone()]));
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

/// One actor that is killed at one point, after which the tenant never answers again while the request is tried.
pub fn given_up(planned: &Planned) -> Arc<World> {
    let world = World::new(Broken::No, 0);
    Actor::deliver(world.ports([planned.clone()])).go();
    world.lock().is_down = true;
    empty_queue(&world);
    {
        let mut happened = world.lock();
        let mut wrong = Vec::new();
        for record in happened.records() {
            let stage = &record["stage"];
            let is_over = match &stage["claimed"]["state"] {
                Value::Null => stage["refused"]["gave_up"] == true,
                state => *state == "needs_human" || *state == "completed",
            };
            let told = ["trail", "notice", "note"].map(|duty| record["duties"][duty] == "done");
            if !is_over || told != [true; 3] {
                wrong.push(format!("it ends as {stage}, {}", record["duties"]));
            }
        }
        happened.violations.append(&mut wrong);
        let (ends, notes) = (happened.records().len(), happened.notes.len());
        if ends > 1 || notes != ends {
            happened.violated(format!("{ends} ends, {notes} notes"));
        }
        if happened.is_taken() {
            happened.violated("a reset still has the person");
        }
    }
    // What was given up is not begun again, neither by itself nor by a repeated request: the approval is over.
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
    let tiers = Tiers::All;
    let change = match on {
        true => FreezeChange::Freeze {
            tiers,
            why: FreezeReason::new("SEC-77").unwrap(),
        },
        false => FreezeChange::Thaw { tiers },
    };
    let now = world.lock().now;
    let ledger = Ledger::new(Arc::new(world.ports([])));
    let mut set = std::pin::pin!(ledger.change_freeze(&change, now));
    let mut context = Context::from_waker(Waker::noop());
    let set = loop {
        if let Poll::Ready(set) = set.as_mut().poll(&mut context) {
            break set;
        }
    };
    let after = set.unwrap().after.unwrap();
    assert_eq!((after.standard, after.privileged), (on, on));
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

/// Lets the queue bring what is due until nothing is left in it. If the request was never accepted, its sender, which has
/// had no good answer, sends it again.
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
        wrong.push("the security team or the trail has not heard of the end".to_owned());
    }
    if happened.is_taken() {
        wrong.push("a reset still has the person".to_owned());
    }
    happened.violations.extend(wrong);
}
