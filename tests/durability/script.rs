//! What is planned for one actor, and how far the actor is.

use std::collections::BTreeMap;
use std::fmt;
use std::task::Waker;
use std::time::Duration;

use reregister_mfa::clock::Timestamp;

use crate::chance::Chance;

/// A place at which an actor can be stopped: a call by its name, and which of the calls of that name it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub call: String,
    /// From 1.
    pub nth: usize,
}

impl Point {
    /// Whether the call asks the tenant to change something.
    pub fn changes_the_tenant(&self) -> bool {
        self.call.starts_with("Graph: remove ") || self.call == "Graph: revoke sessions"
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.call, self.nth)
    }
}

/// What happens to one call, and to the actor who makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// The call fails and has no effect.
    FailsBefore,
    /// The call has its effect, and the actor hears that it failed, or nothing.
    FailsAfter,
    /// The actor is killed, and the call has no effect.
    DiesBefore,
    /// The call has its effect, and the actor is killed.
    DiesAfter,
    /// The actor stands still before the effect, until the schedule lets it go on.
    Pauses,
}

/// An injection at a point.
pub type Planned = (Point, Injection);

/// Where injections come from.
pub enum Plan {
    At(BTreeMap<Point, Injection>),
    /// One call in ten of the first eighty.
    Random,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Alive,
    Paused,
    Dead,
}

pub struct Script {
    plan: Plan,
    pub chance: Chance,
    pub life: Life,
    /// The calls so far, in their order.
    pub calls: Vec<Point>,
    counts: BTreeMap<String, usize>,
    /// How often the actor let others go first.
    pub yields: usize,
    /// To be polled again once the actor goes on.
    pub stopped: Vec<Waker>,
    /// The version of the record that the actor wrote last.
    pub version: Option<u64>,
    /// When its time for calls to the tenant is over.
    pub until: Option<Timestamp>,
    /// How much its clock is ahead.
    pub ahead: Duration,
}

impl Script {
    pub fn new(plan: Plan, seed: u64) -> Script {
        Script {
            plan,
            chance: Chance(seed),
            life: Life::Alive,
            calls: Vec::new(),
            counts: BTreeMap::new(),
            yields: 0,
            stopped: Vec::new(),
            version: None,
            until: None,
            ahead: Duration::ZERO,
        }
    }

    /// Notes a call, and gives what happens to it.
    pub fn enter(&mut self, call: String) -> Option<Injection> {
        let nth = self.counts.entry(call.clone()).or_default();
        *nth += 1;
        let point = Point { call, nth: *nth };
        let injection = match &self.plan {
            Plan::At(injections) => injections.get(&point).copied(),
            Plan::Random if self.calls.len() < 80 => self.chance.injection(),
            Plan::Random => None,
        };
        self.calls.push(point);
        injection
    }
}
