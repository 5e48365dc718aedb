//! The world that the core acts on: a table, a tenant with one person in it, a queue, a ticket, a clock. Each call is
//! an effect of one actor, and may fail or kill the actor, before it has happened or after.
//!
//! What must always hold is checked while it happens; see `violations`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::ports::{Condition, Item, Key, Write};
use reregister_mfa::reset::{Method, MethodKind, PhoneType};
use serde_json::Value;

pub const START: &str = "2026-11-24T09:00:00Z";
pub const JANE: &str = "a1000000-0000-4000-8000-00000000000b";
pub const SAM: &str = "a1000000-0000-4000-8000-000000000001";
pub const VERA: &str = "a1000000-0000-4000-8000-000000000002";

/// What becomes of one effect, and of whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// It fails and has not happened.
    FailsBefore,
    /// It happens, and whoever asked hears that it failed, or nothing.
    FailsAfter,
    /// Whoever asked is killed, and it has not happened.
    DiesBefore,
    /// It happens, and whoever asked is killed.
    DiesAfter,
    /// Whoever asked stands still before it happens, until somebody lets them go on.
    Pauses,
}

/// How the ledger's store is broken on purpose, to see that it would be noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Broken {
    /// It is not.
    #[default]
    No,
    /// Whoever was overtaken can write: conditions on versions are not looked at.
    NoFence,
    /// Everybody takes what is there for their own.
    NoOwner,
}

/// What has happened, and what is.
pub struct Happened {
    pub now: Timestamp,
    pub items: HashMap<Key, Item>,
    pub methods: Vec<Method>,
    pub revoked: u32,
    /// Whether the tenant does not answer.
    pub is_down: bool,
    /// How often each method was deleted.
    pub deleted: BTreeMap<String, u32>,
    pub queue: Vec<(Timestamp, ResetId)>,
    /// The notes in the ticket, by reset.
    pub notes: Vec<String>,
    pub heard: u32,
    /// The changes that the audit trail knows to be intended, and that have not been asked for yet.
    pub intended: BTreeMap<String, u32>,
    pub ends_in_trail: u32,
    /// What must never be and was.
    pub violations: Vec<String>,
    pub seen: BTreeSet<String>,
}

pub struct World {
    pub broken: Broken,
    happened: Mutex<Happened>,
}

/// What is planned for one actor, and how far they are.
#[derive(Default)]
pub struct Script {
    pub injections: BTreeMap<usize, Injection>,
    pub count: usize,
    pub dead: bool,
    pub paused: bool,
    /// The version of the record that they wrote last.
    pub version: Option<u64>,
    /// When their time for calls to the tenant is over.
    pub until: Option<Timestamp>,
    /// How much their clock is ahead.
    pub ahead: Duration,
    /// Which of their calls change something in the tenant.
    pub changes: BTreeSet<usize>,
}

/// One actor's ports: everything that it does goes through them.
#[derive(Clone)]
pub struct FaultyPorts {
    pub world: Arc<World>,
    pub script: Arc<Mutex<Script>>,
}

pub fn method(id: &str, kind: MethodKind) -> Method {
    Method {
        id: id.to_owned().try_into().unwrap(),
        kind,
        label: None,
        created: None,
    }
}

impl World {
    pub fn new(broken: Broken) -> Arc<World> {
        Arc::new(World {
            broken,
            happened: Mutex::new(Happened {
                now: START.parse().unwrap(),
                items: HashMap::new(),
                methods: vec![
                    method("password", MethodKind::Password),
                    method("authenticator", MethodKind::MicrosoftAuthenticator),
                    method("mobile", MethodKind::Phone(PhoneType::Mobile)),
                ],
                revoked: 0,
                is_down: false,
                deleted: BTreeMap::new(),
                queue: Vec::new(),
                notes: Vec::new(),
                heard: 0,
                intended: BTreeMap::new(),
                ends_in_trail: 0,
                violations: Vec::new(),
                seen: BTreeSet::new(),
            }),
        })
    }

    pub fn lock(&self) -> MutexGuard<'_, Happened> {
        self.happened.lock().unwrap()
    }

    /// An actor for whom these things are planned.
    pub fn ports(
        self: &Arc<World>,
        injections: impl IntoIterator<Item = (usize, Injection)>,
    ) -> FaultyPorts {
        FaultyPorts {
            world: self.clone(),
            script: Arc::new(Mutex::new(Script {
                injections: injections.into_iter().collect(),
                ..Script::default()
            })),
        }
    }
}

impl Happened {
    pub fn pass(&mut self, time: Duration) {
        self.now = self.now.checked_add(time).unwrap();
    }

    /// The records, in JSON.
    pub fn records(&self) -> Vec<Value> {
        self.items
            .iter()
            .filter(|(Key(key), _)| key.starts_with("reset#"))
            .map(|(_, item)| serde_json::from_str(&item.body).unwrap())
            // What was never accepted is null.
            .filter(|record: &Value| !record.is_null())
            .collect()
    }

    /// Whether anything was ever claimed.
    pub fn has_claimed(&self) -> bool {
        let records = self.records();
        records
            .iter()
            .any(|record| !record["stage"]["claimed"].is_null())
    }

    /// How many requests were refused.
    pub fn refused(&self) -> usize {
        let records = self.records();
        let refused = |record: &&Value| !record["stage"]["refused"].is_null();
        records.iter().filter(refused).count()
    }

    /// Whether somebody has the person.
    pub fn is_taken(&self) -> bool {
        self.items.iter().any(|(Key(key), item)| {
            key.starts_with("target#") && item.body.contains(r#""running":true"#)
        })
    }

    /// What was changed in the tenant up to now.
    pub fn changes(&self) -> (u32, BTreeMap<String, u32>) {
        (self.revoked, self.deleted.clone())
    }

    pub fn violated(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    /// The record that has the person, and its version.
    fn claimed(&self) -> Option<(Value, u64)> {
        self.items
            .iter()
            .filter(|(Key(key), _)| key.starts_with("reset#"))
            .map(|(_, item)| {
                let record: Value = serde_json::from_str(&item.body).unwrap();
                (record, item.version)
            })
            .find(|(record, _)| record["stage"]["claimed"]["state"] == "running")
    }

    pub fn met(&self, broken: Broken, write: &Write) -> bool {
        let version = self.items.get(&write.key).map(|item| item.version);
        match write.condition {
            Condition::Absent => version.is_none(),
            Condition::Version(_) if broken == Broken::NoFence => true,
            Condition::Version(wanted) => version == Some(wanted),
        }
    }

    /// What must hold whatever is written.
    pub fn check_write(&mut self, write: &Write) {
        let (Some(old), Some(new)) = (self.items.get(&write.key), &write.item) else {
            return;
        };
        let Key(key) = &write.key;
        if key.starts_with("approval#") && old.body != new.body {
            self.violated(format!("{key} is used twice"));
            return;
        }
        if key.starts_with("reset#") {
            let old: Value = serde_json::from_str(&old.body).unwrap();
            let new: Value = serde_json::from_str(&new.body).unwrap();
            let claimed = &old["stage"]["claimed"]["state"];
            let over = !old["stage"]["refused"].is_null()
                || !old["stage"]["repeats"].is_null()
                || *claimed == "completed"
                || *claimed == "needs_human";
            if over && old["stage"] != new["stage"] {
                self.violated(format!("{key} was over, and changed"));
            }
            if !claimed.is_null() && new["stage"]["claimed"].is_null() {
                self.violated(format!("{key} was claimed, and is not any more"));
            }
        }
    }

    /// What must hold before anything is changed in the tenant.
    pub fn check_change(&mut self, name: &str, version: Option<u64>) {
        let Some((record, stored)) = self.claimed() else {
            self.violated(format!("{name}, and nothing is claimed"));
            return;
        };
        let reset = &record["stage"]["claimed"];
        let tried = match name {
            "sessions" => reset["sessions"] == "trying",
            id => reset["entries"]
                .as_array()
                .unwrap()
                .iter()
                .any(|entry| entry["method"]["id"] == id && entry["progress"] == "trying"),
        };
        if !tried {
            self.violated(format!(
                "{name} is changed, and the ledger does not know of it"
            ));
        }
        if version != Some(stored) {
            self.violated(format!("{name} is changed by somebody who was overtaken"));
        }
        let lines = self.intended.entry(name.to_owned()).or_default();
        if *lines > 0 {
            // One line for one request.
            *lines -= 1;
        } else {
            self.violated(format!(
                "{name} is changed, and the audit trail does not know of it"
            ));
        }
    }

    /// What can be told from the outside, without names and times, as one text.
    pub fn look(&mut self) {
        let mut text = String::new();
        for record in self.records() {
            let reset = &record["stage"]["claimed"];
            let mut short = record["stage"].clone();
            if !reset.is_null() {
                let entries: Vec<String> = reset["entries"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|entry| format!("{}={}", entry["method"]["id"], entry["progress"]))
                    .collect();
                short = format!("{} {} {entries:?}", reset["state"], reset["sessions"]).into();
            } else if let Some(waiting) = short.get_mut("waiting") {
                *waiting = waiting["code"].clone();
            } else {
                short = short
                    .as_object()
                    .and_then(|stage| stage.keys().next().cloned())
                    .into();
            }
            text.push_str(&format!("{short} {} ", record["duties"]));
        }
        let there: Vec<String> = self.methods.iter().map(|m| m.id.to_string()).collect();
        text.push_str(&format!("{there:?} {}", self.revoked.min(2)));
        self.seen.insert(text);
    }
}
