//! The world that the core acts on: a table, a tenant with one person in it, a queue, a ticket, a clock.
//!
//! What must always hold is checked while it happens; see `violations`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::ports::{Key, StoreError, Write};
use reregister_mfa::reset::{Method, MethodKind, PhoneType};
use serde_json::Value;

use crate::broken::{Broken, Table};
use crate::chance::Chance;
use crate::faulty_ports::FaultyPorts;
use crate::script::{Plan, Planned, Script};
use crate::wiring::START;

/// What has happened, and what is.
pub struct Happened {
    pub now: Timestamp,
    pub table: Table,
    /// The records of the table, parsed, by key. What was never accepted is null.
    parsed: BTreeMap<String, (Value, u64)>,
    /// How many actors there were.
    actors: u64,
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
    /// What the actors' own chances are made from.
    seed: u64,
    happened: Mutex<Happened>,
}

pub fn method(id: &str, kind: MethodKind) -> Method {
    Method {
        id: id.to_owned().try_into().unwrap(),
        kind,
        label: None,
        created: None,
        in_authenticator: false,
    }
}

impl World {
    pub fn new(broken: Broken, seed: u64) -> Arc<World> {
        Arc::new(World {
            seed,
            happened: Mutex::new(Happened {
                now: START.parse().unwrap(),
                table: Table::new(broken),
                parsed: BTreeMap::new(),
                actors: 0,
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

    /// The ports of an actor for whom these things are planned.
    pub fn ports(self: &Arc<World>, injections: impl IntoIterator<Item = Planned>) -> FaultyPorts {
        self.planned(Plan::At(injections.into_iter().collect()))
    }

    /// The ports of an actor whose injections come by chance.
    pub fn random_ports(self: &Arc<World>) -> FaultyPorts {
        self.planned(Plan::Random)
    }

    fn planned(self: &Arc<World>, plan: Plan) -> FaultyPorts {
        let mut happened = self.lock();
        happened.actors += 1;
        let seed = Chance(self.seed.wrapping_add(happened.actors)).next();
        FaultyPorts {
            world: self.clone(),
            script: Arc::new(Mutex::new(Script::new(plan, seed))),
        }
    }
}

impl Happened {
    pub fn pass(&mut self, time: Duration) {
        self.now = self.now.checked_add(time).unwrap();
    }

    /// The records, in JSON.
    pub fn records(&self) -> Vec<&Value> {
        let records = self.parsed.values().map(|(record, _)| record);
        records.filter(|record| !record.is_null()).collect()
    }

    /// Whether anything was ever claimed.
    pub fn has_claimed(&self) -> bool {
        self.records()
            .iter()
            .any(|record| !record["stage"]["claimed"].is_null())
    }

    /// How many requests were refused.
    pub fn refused(&self) -> usize {
        let refused = |record: &&&Value| !record["stage"]["refused"].is_null();
        self.records().iter().filter(refused).count()
    }

    /// Whether a reset has the person.
    pub fn is_taken(&self) -> bool {
        self.table.items.iter().any(|(Key(key), item)| {
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
    fn claimed(&self) -> Option<&(Value, u64)> {
        self.parsed
            .values()
            .find(|(record, _)| record["stage"]["claimed"]["state"] == "running")
    }

    pub fn commit(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        let Happened {
            table,
            parsed,
            violations,
            ..
        } = self;
        table.commit(writes, |old, write| {
            let Some(new) = &write.item else {
                return;
            };
            let Key(key) = &write.key;
            if key.starts_with("approval#") && old.is_some_and(|old| old.body != new.body) {
                violations.push(format!("{key} is used twice"));
            }
            if key.starts_with("reset#") {
                let record: Value = serde_json::from_str(&new.body).unwrap();
                if let Some((old, _)) = parsed.get(key) {
                    violations.extend(check_record(key, old, &record));
                }
                parsed.insert(key.clone(), (record, new.version));
            }
        })?;
        self.look();
        Ok(())
    }

    /// What must hold before anything is changed in the tenant.
    pub fn check_change(&mut self, name: &str, version: Option<u64>) {
        let Some((record, stored)) = self.claimed().cloned() else {
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
            self.violated(format!("{name} is changed by an actor that was overtaken"));
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

/// What must hold whatever is written.
fn check_record(key: &str, old: &Value, new: &Value) -> Option<String> {
    let claimed = &old["stage"]["claimed"]["state"];
    let over = !old["stage"]["refused"].is_null()
        || !old["stage"]["repeats"].is_null()
        || *claimed == "completed"
        || *claimed == "needs_human";
    if over && old["stage"] != new["stage"] {
        return Some(format!("{key} was over, and changed"));
    }
    (!claimed.is_null() && new["stage"]["claimed"].is_null())
        .then(|| format!("{key} was claimed, and is not any more"))
}
