//! The world that the core acts on: a table, a tenant with one person in it, a queue, a ticket, a clock. Each call is
//! an effect of one actor, and may fail or kill the actor, before it has happened or after.
//!
//! What must always hold is checked while it happens; see `violations`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::ids::{Label, ObjectId, PersonRef, ResetId, TicketKey};
use reregister_mfa::reset::ports::{
    AuditError, AuditTrail, Condition, Directory, DirectoryError, Fault, Item, Key, Listing, Queue,
    QueueError, Security, SecurityError, Store, StoreError, TicketError, Tickets, Write,
};
use reregister_mfa::reset::{
    Change, Eligibility, Event, Method, MethodKind, News, Person, PhoneType, Standing, State,
};
use serde_json::Value;

pub const START: &str = "2026-11-24T09:00:00Z";
pub const JANE: &str = "a1000000-0000-4000-8000-00000000000b";
pub const SAM: &str = "a1000000-0000-4000-8000-000000000001";
pub const VERA: &str = "a1000000-0000-4000-8000-000000000002";

/// What becomes of one effect, and of whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
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
    items: HashMap<Key, Item>,
    pub methods: Vec<Method>,
    revoked: u32,
    /// How often each method was deleted.
    pub deleted: BTreeMap<String, u32>,
    pub queue: Vec<(Timestamp, ResetId)>,
    /// The notes in the ticket, by reset.
    pub notes: Vec<String>,
    pub heard: u32,
    /// The changes that the audit trail knows to be intended, and that have not been asked for yet.
    intended: BTreeMap<String, u32>,
    pub ends_in_trail: u32,
    /// What must never be and was.
    pub violations: Vec<String>,
    pub seen: BTreeSet<String>,
}

pub struct World {
    broken: Broken,
    happened: Mutex<Happened>,
}

/// What is planned for one actor, and how far they are.
#[derive(Default)]
pub struct Script {
    fates: BTreeMap<usize, Fate>,
    pub count: usize,
    pub dead: bool,
    pub paused: bool,
    /// The version of the record that they wrote last.
    version: Option<u64>,
    /// When their time for calls to the tenant is over.
    pub until: Option<Timestamp>,
    /// How much their clock is ahead.
    pub ahead: Duration,
    /// Which of their calls change something in the tenant.
    pub changes: BTreeSet<usize>,
}

/// One actor's hands: everything that it does goes through them.
#[derive(Clone)]
pub struct Hands {
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
    pub fn hands(self: &Arc<World>, fates: impl IntoIterator<Item = (usize, Fate)>) -> Hands {
        Hands {
            world: self.clone(),
            script: Arc::new(Mutex::new(Script {
                fates: fates.into_iter().collect(),
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

    fn violated(&mut self, what: impl Into<String>) {
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

    fn met(&self, broken: Broken, write: &Write) -> bool {
        let version = self.items.get(&write.key).map(|item| item.version);
        match write.condition {
            Condition::Absent => version.is_none(),
            Condition::Version(_) if broken == Broken::NoFence => true,
            Condition::Version(wanted) => version == Some(wanted),
        }
    }

    /// What must hold whatever is written.
    fn check_write(&mut self, write: &Write) {
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
    fn check_change(&mut self, name: &str, version: Option<u64>) {
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
    fn look(&mut self) {
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

impl Hands {
    /// One effect, and what its failure looks like.
    async fn effect<T>(&self, act: impl FnOnce(&mut Happened) -> T, failure: T) -> T {
        let fate = {
            let mut script = self.script.lock().unwrap();
            let nth = script.count;
            script.count += 1;
            script.fates.get(&nth).copied()
        };
        match fate {
            Some(Fate::FailsBefore) => return failure,
            Some(Fate::DiesBefore) => self.die().await,
            Some(Fate::Pauses) => self.stand_still().await,
            _ => {}
        }
        let done = act(&mut self.world.lock());
        match fate {
            Some(Fate::FailsAfter) => failure,
            Some(Fate::DiesAfter) => self.die().await,
            _ => done,
        }
    }

    async fn die<T>(&self) -> T {
        self.script.lock().unwrap().dead = true;
        pending().await
    }

    async fn stand_still(&self) {
        self.script.lock().unwrap().paused = true;
        poll_fn(|_| {
            if self.script.lock().unwrap().paused {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    /// The same with a clock that is ahead.
    pub fn ahead(self, time: Duration) -> Hands {
        self.script.lock().unwrap().ahead = time;
        self
    }

    /// How many effects there were.
    pub fn count(&self) -> usize {
        self.script.lock().unwrap().count
    }

    /// A call to the tenant that changes something. One that is still under way when the time is up is given up, and
    /// whoever made it does not know what became of it.
    async fn change(
        &self,
        name: &str,
        act: impl FnOnce(&mut Happened) -> Result<(), DirectoryError>,
    ) -> Result<(), DirectoryError> {
        let script = self.script.clone();
        let act = |happened: &mut Happened| {
            let (version, until, ahead) = {
                let script = script.lock().unwrap();
                (script.version, script.until, script.ahead)
            };
            let now = happened.now.checked_add(ahead).unwrap();
            if until.is_some_and(|until| now >= until) {
                return Err(DirectoryError::Unknown);
            }
            happened.check_change(name, version);
            let result = act(happened);
            happened.look();
            result
        };
        {
            let mut script = self.script.lock().unwrap();
            let nth = script.count;
            script.changes.insert(nth);
        }
        self.effect(act, Err(DirectoryError::Unknown)).await
    }
}

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let ahead = self.script.lock().unwrap().ahead;
        self.world.lock().now.checked_add(ahead).unwrap()
    }

    async fn sleep(&self, time: Duration) {
        self.world.lock().pass(time);
    }
}

#[async_trait]
impl Store for Hands {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.effect(
            |happened| Ok(happened.items.get(key).cloned()),
            Err(StoreError::Unavailable("down".to_owned())),
        )
        .await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let broken = self.world.broken;
        let script = self.script.clone();
        let commit = |happened: &mut Happened| {
            if !writes.iter().all(|write| happened.met(broken, write)) {
                let found = writes.iter().map(|write| {
                    let mut item = happened.items.get(&write.key).cloned();
                    if happened.met(broken, write) {
                        return None;
                    }
                    if let (Broken::NoOwner, Some(item), Some(new)) =
                        (broken, &mut item, &write.item)
                    {
                        item.writer = new.writer;
                    }
                    item
                });
                return Err(StoreError::Conflict(found.collect()));
            }
            for write in writes {
                happened.check_write(write);
                if let Some(item) = &write.item {
                    if write.key.0.starts_with("reset#") {
                        script.lock().unwrap().version = Some(item.version);
                    }
                    happened.items.insert(write.key.clone(), item.clone());
                }
            }
            happened.look();
            Ok(())
        };
        self.effect(commit, Err(StoreError::Unavailable("down".to_owned())))
            .await
    }
}

#[async_trait]
impl Directory for Hands {
    async fn person(&self, who: &PersonRef) -> Result<Person, DirectoryError> {
        let person = match who {
            PersonRef::Id(id) => Ok(Person {
                id: *id,
                upn: "somebody@contoso.example".to_owned(),
                enabled: true,
                guest: false,
                management_restricted: false,
            }),
            PersonRef::Upn(_) => Err(DirectoryError::Never(Fault::NotFound)),
        };
        self.effect(|_| person, Err(DirectoryError::Later { after: None }))
            .await
    }

    async fn standing(&self, _: ObjectId) -> Result<Standing, DirectoryError> {
        let standing = Standing {
            memberships: Vec::new(),
            owned: Vec::new(),
            assignments: Vec::new(),
            eligibility: Eligibility::default(),
        };
        self.effect(|_| Ok(standing), Err(DirectoryError::Later { after: None }))
            .await
    }

    async fn methods(&self, _: ObjectId) -> Result<Listing, DirectoryError> {
        let list = |happened: &mut Happened| {
            Ok(Listing {
                methods: happened.methods.clone(),
                hardware_unknown: false,
            })
        };
        self.effect(list, Err(DirectoryError::Later { after: None }))
            .await
    }

    async fn remove(&self, _: ObjectId, method: &Method) -> Result<(), DirectoryError> {
        let name = method.id.to_string();
        self.change(&name, |happened| {
            let before = happened.methods.len();
            happened.methods.retain(|other| other.id != method.id);
            if happened.methods.len() == before {
                return Err(DirectoryError::Never(Fault::NotFound));
            }
            *happened.deleted.entry(name.clone()).or_default() += 1;
            // Somebody is quick, and registers a method while the reset runs.
            if happened.deleted.len() == 1 && happened.deleted[&name] == 1 {
                let newcomer = self::method("newcomer", MethodKind::MicrosoftAuthenticator);
                happened.methods.push(newcomer);
            }
            Ok(())
        })
        .await
    }

    async fn deactivate(&self, _: ObjectId, _: &Method) -> Result<(), DirectoryError> {
        Err(DirectoryError::Never(Fault::NotFound))
    }

    async fn revoke_sessions(&self, _: ObjectId) -> Result<(), DirectoryError> {
        self.change("sessions", |happened| {
            happened.revoked += 1;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Queue for Hands {
    async fn wake(&self, id: ResetId, after: Duration) -> Result<(), QueueError> {
        let wake = |happened: &mut Happened| {
            let due = happened.now.checked_add(after).unwrap();
            happened.queue.push((due, id));
            Ok(())
        };
        self.effect(wake, Err(QueueError("down".to_owned()))).await
    }
}

#[async_trait]
impl AuditTrail for Hands {
    async fn append(&self, event: &Event) -> Result<(), AuditError> {
        let append = |happened: &mut Happened| {
            match event {
                Event::Intended { change, .. } => {
                    let name = match change {
                        Change::RevokeSessions => "sessions".to_owned(),
                        Change::Remove { method } | Change::Deactivate { method } => {
                            method.id.to_string()
                        }
                    };
                    *happened.intended.entry(name).or_default() += 1;
                }
                Event::Outcome { .. } => happened.ends_in_trail += 1,
                _ => {}
            }
            Ok(())
        };
        self.effect(append, Err(AuditError("down".to_owned())))
            .await
    }
}

#[async_trait]
impl Security for Hands {
    async fn tell(&self, _: &Event) -> Result<(), SecurityError> {
        let tell = |happened: &mut Happened| {
            happened.heard += 1;
            Ok(())
        };
        self.effect(tell, Err(SecurityError("down".to_owned())))
            .await
    }
}

#[async_trait]
impl Tickets for Hands {
    fn takes_notes(&self, _: &Label) -> bool {
        true
    }

    async fn note(
        &self,
        _: &Label,
        _: &TicketKey,
        news: &News,
        mark: &str,
    ) -> Result<(), TicketError> {
        // Two calls, as it is in Jira and ServiceNow: look for the mark, then write.
        let later = TicketError::Later { after: None };
        let look = |happened: &mut Happened| Ok(happened.notes.iter().any(|note| note == mark));
        if self.effect(look, Err(later.clone())).await? {
            return Ok(());
        }
        let script = self.script.clone();
        let failure = later.clone();
        let write = |happened: &mut Happened| {
            if !matches!(
                news.state(),
                State::Completed | State::NeedsHuman | State::Refused
            ) {
                happened.violated("the ticket is told of an end that is none");
            }
            let script = script.lock().unwrap();
            let now = happened.now.checked_add(script.ahead).unwrap();
            if script.until.is_some_and(|until| now >= until) {
                return Err(failure);
            }
            happened.notes.push(mark.to_owned());
            Ok(())
        };
        self.effect(write, Err(later)).await
    }
}
