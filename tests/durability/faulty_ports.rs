//! One actor's ports: each call is an effect of the world, which may fail, or kill or stop the actor.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::ids::{Label, ObjectId, PersonRef, ResetId, TicketKey};
use reregister_mfa::reset::ports::{
    AuditError, AuditTrail, Directory, DirectoryError, Fault, Item, Key, Listing, Queue,
    QueueError, Security, SecurityError, Store, StoreError, TicketError, Tickets, Wake, Write,
};
use reregister_mfa::reset::{
    Change, Event, Manager, Method, MethodKind, Parties, PasswordChange, Person, PimEligibility,
    PrivilegeFacts, RequestStatus, State,
};
use serde_json::Value;

use crate::broken::Broken;
use crate::script::{Injection, Life, Point, Script};
use crate::wiring::{RUN, START};
use crate::world::{Happened, World};

/// One actor's ports: all that it does goes through them.
#[derive(Clone)]
pub struct FaultyPorts {
    pub world: Arc<World>,
    pub script: Arc<Mutex<Script>>,
}

impl FaultyPorts {
    pub fn life(&self) -> Life {
        self.script.lock().unwrap().life
    }

    /// One effect, and what its failure looks like. Other effects come before it and before its answer, by the seed.
    async fn effect<T>(
        &self,
        call: impl Into<String>,
        act: impl FnOnce(&mut Happened) -> T,
        failure: T,
    ) -> T {
        self.turn().await;
        let injection = self.script.lock().unwrap().enter(call.into());
        match injection {
            Some(Injection::FailsBefore) => return failure,
            Some(Injection::DiesBefore) => self.stop(Life::Dead).await,
            Some(Injection::Pauses) => self.stop(Life::Paused).await,
            Some(Injection::FailsAfter | Injection::DiesAfter) | None => {}
        }
        let done = act(&mut self.world.lock());
        match injection {
            Some(Injection::FailsAfter) => failure,
            Some(Injection::DiesAfter) => {
                self.stop(Life::Dead).await;
                failure
            }
            _ => {
                self.turn().await;
                done
            }
        }
    }

    /// Lets others go first, or not, by the seed.
    async fn turn(&self) {
        let mut yields = self.script.lock().unwrap().chance.below(2);
        poll_fn(|context| {
            let mut script = self.script.lock().unwrap();
            if yields > 0 {
                yields -= 1;
                script.yields += 1;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if script.life == Life::Alive {
                return Poll::Ready(());
            }
            script.stopped.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Stops the whole actor: none of its other calls goes on either.
    async fn stop(&self, life: Life) {
        self.script.lock().unwrap().life = life;
        self.turn().await;
    }

    /// The same with a clock that is ahead.
    pub fn ahead(self, time: Duration) -> FaultyPorts {
        self.script.lock().unwrap().ahead = time;
        self
    }

    /// A call to the tenant that reads.
    async fn ask<T>(
        &self,
        call: &str,
        act: impl FnOnce(&mut Happened) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        let later = DirectoryError::Transient { after: None };
        let act = |happened: &mut Happened| match happened.is_down {
            true => Err(DirectoryError::Transient { after: None }),
            false => act(happened),
        };
        self.effect(call, act, Err(later)).await
    }

    /// A call to the tenant that changes something. If it is still under way when the time is up, the actor gives it up
    /// and does not know what became of it.
    async fn change(
        &self,
        call: String,
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
                return Err(DirectoryError::Indeterminate);
            }
            if happened.is_down {
                return Err(DirectoryError::Transient { after: None });
            }
            happened.check_change(name, version);
            let result = act(happened);
            happened.look();
            result
        };
        self.effect(call, act, Err(DirectoryError::Indeterminate))
            .await
    }
}

#[async_trait]
impl Clock for FaultyPorts {
    fn now(&self) -> Timestamp {
        let ahead = self.script.lock().unwrap().ahead;
        self.world.lock().now.checked_add(ahead).unwrap()
    }

    async fn sleep(&self, time: Duration) {
        self.world.lock().pass(time);
    }
}

#[async_trait]
impl Store for FaultyPorts {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let kind = key.0.split('#').next().unwrap_or_default();
        self.effect(
            format!("table: read {kind}"),
            |happened| Ok(happened.table.get(key)),
            Err(StoreError::Unavailable("down".to_owned())),
        )
        .await
    }

    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let kinds = keys.iter().filter_map(|key| key.0.split('#').next());
        let kinds: Vec<&str> = BTreeSet::from_iter(kinds).into_iter().collect();
        self.effect(
            format!("table: read {}", kinds.join(" ")),
            |happened| Ok(keys.iter().map(|key| happened.table.get(key)).collect()),
            Err(StoreError::Unavailable("down".to_owned())),
        )
        .await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let script = self.script.clone();
        let commit = |happened: &mut Happened| {
            happened.commit(writes)?;
            for write in writes {
                if let (true, Some(item)) = (write.key.0.starts_with("reset#"), &write.item) {
                    script.lock().unwrap().version = Some(item.version);
                }
            }
            Ok(())
        };
        let down = Err(StoreError::Unavailable("down".to_owned()));
        self.effect(format!("table: {}", name_of(writes)), commit, down)
            .await
    }
}

/// What a commit does, told by what it writes.
fn name_of(writes: &[Write]) -> String {
    let of = |kind: &str| writes.iter().find(|write| write.key.0.starts_with(kind));
    let record = of("reset#").and_then(|write| write.item.as_ref());
    let record: Value = record.map_or(Value::Null, |item| {
        serde_json::from_str(&item.body).unwrap()
    });
    let stage = &record["stage"];
    let claimed = &stage["claimed"];
    if of("freeze").is_some_and(|write| write.item.is_some()) {
        "freeze".to_owned()
    } else if record.is_null() {
        "block the acceptance".to_owned()
    } else if of("delivery#").is_some() {
        "accept".to_owned()
    } else if of("approval#").is_some() {
        "claim".to_owned()
    } else if of("target#").is_some() {
        "end".to_owned()
    } else if claimed.is_null() {
        let stage = stage.as_object().and_then(|stage| stage.keys().next());
        format!("write {}", stage.unwrap())
    } else if claimed["state"] == "running" {
        let mut entries = claimed["entries"].as_array().unwrap().iter();
        match entries.find(|entry| entry["progress"] == "trying") {
            Some(entry) => format!("intend {}", entry["method"]["id"].as_str().unwrap()),
            None if claimed["sessions"] == "trying" => "intend sessions".to_owned(),
            None => "write a step".to_owned(),
        }
    } else {
        "write what was notified".to_owned()
    }
}

#[async_trait]
impl Directory for FaultyPorts {
    async fn person(&self, who: &PersonRef) -> Result<Person, DirectoryError> {
        let person = match who {
            PersonRef::Id(id) => Ok(Person {
                id: *id,
                upn: "jane@contoso.example".to_owned(),
                display_name: Some("Jane Doe".to_owned()),
                enabled: true,
                external: false,
                management_restricted: false,
                employee_id: None,
                synced: false,
                password: PasswordChange::At(Timestamp::UNIX_EPOCH),
                contacts: Default::default(),
            }),
            PersonRef::Upn(_) => Err(DirectoryError::Permanent(Fault::NotFound)),
        };
        self.ask("Graph: person", |_| person).await
    }

    async fn manager(&self, _: &PersonRef) -> Result<Option<Manager>, DirectoryError> {
        Ok(None)
    }

    async fn privilege_facts(&self, _: ObjectId) -> Result<PrivilegeFacts, DirectoryError> {
        let facts = PrivilegeFacts {
            memberships: Vec::new(),
            owned: Vec::new(),
            assignments: Vec::new(),
            eligibility: PimEligibility::default(),
            hidden: false,
        };
        self.ask("Graph: privilege facts", |_| Ok(facts)).await
    }

    async fn member_of(
        &self,
        _: ObjectId,
        _: &[ObjectId],
    ) -> Result<BTreeSet<ObjectId>, DirectoryError> {
        Ok(BTreeSet::new())
    }

    async fn methods(&self, _: ObjectId) -> Result<Listing, DirectoryError> {
        let list = |happened: &mut Happened| {
            Ok(Listing {
                methods: happened.methods.clone(),
                hardware_unknown: false,
            })
        };
        self.ask("Graph: methods", list).await
    }

    async fn remove(&self, _: ObjectId, method: &Method) -> Result<(), DirectoryError> {
        let name = method.id.to_string();
        self.change(format!("Graph: remove {name}"), &name, |happened| {
            let before = happened.methods.len();
            happened.methods.retain(|other| other.id != method.id);
            if happened.methods.len() == before {
                return Err(DirectoryError::Permanent(Fault::NotFound));
            }
            *happened.deleted.entry(name.clone()).or_default() += 1;
            // The person is quick, and registers a method while the reset runs.
            if happened.deleted.len() == 1 && happened.deleted[&name] == 1 {
                let newcomer = crate::world::method("newcomer", MethodKind::MicrosoftAuthenticator);
                happened.methods.push(newcomer);
            }
            Ok(())
        })
        .await
    }

    async fn deactivate(&self, _: ObjectId, _: &Method) -> Result<(), DirectoryError> {
        Err(DirectoryError::Permanent(Fault::NotFound))
    }

    async fn revoke_sessions(&self, _: ObjectId) -> Result<(), DirectoryError> {
        let call = "Graph: revoke sessions".to_owned();
        self.change(call, "sessions", |happened| {
            happened.revoked += 1;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Queue for FaultyPorts {
    async fn schedule(&self, wake: Wake, after: Duration) -> Result<(), QueueError> {
        let Wake::Reset(id) = wake else {
            panic!("there is no desk here");
        };
        let wake = |happened: &mut Happened| {
            let due = happened.now.checked_add(after).unwrap();
            if happened.table.broken != Broken::LosesMessages {
                happened.queue.push((due, id));
            }
            Ok(())
        };
        self.effect("queue: schedule", wake, Err(QueueError("down".to_owned())))
            .await
    }
}

#[async_trait]
impl AuditTrail for FaultyPorts {
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
        let line = serde_json::to_value(event).unwrap();
        let call = format!("trail: {}", line["audit"].as_str().unwrap());
        self.effect(call, append, Err(AuditError("down".to_owned())))
            .await
    }
}

#[async_trait]
impl Security for FaultyPorts {
    async fn notify(&self, _: &Event) -> Result<(), SecurityError> {
        let tell = |happened: &mut Happened| {
            happened.heard += 1;
            Ok(())
        };
        let down = Err(SecurityError("down".to_owned()));
        self.effect("security: notify", tell, down).await
    }
}

#[async_trait]
impl Tickets for FaultyPorts {
    fn takes_notes(&self, _: &Label) -> bool {
        true
    }

    async fn write_note(
        &self,
        _: &Label,
        _: &TicketKey,
        _: &str,
        _: &str,
    ) -> Result<(), TicketError> {
        Err(TicketError::Permanent("no desk here"))
    }

    async fn write_status_note(
        &self,
        _: &Label,
        _: &TicketKey,
        status: &RequestStatus,
        mark: &str,
    ) -> Result<(), TicketError> {
        // Two calls, as it is in Jira and ServiceNow: look for the mark, then write.
        let later = TicketError::Transient { after: None };
        let look = |happened: &mut Happened| Ok(happened.notes.iter().any(|note| note == mark));
        if self
            .effect("ticket: look for the note", look, Err(later.clone()))
            .await?
        {
            return Ok(());
        }
        let script = self.script.clone();
        let failure = later.clone();
        let write = |happened: &mut Happened| {
            if !matches!(
                status.state(),
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
        self.effect("ticket: write the note", write, Err(later))
            .await
    }
}

#[test]
fn a_dead_actor_is_dead_in_every_branch_and_branches_interleave_by_the_seed() {
    let event = Event::Replayed {
        at: START.parse().unwrap(),
        reset: ResetId::random(),
        parties: Parties::default(),
    };
    let mut heard_before_death = BTreeSet::new();
    for seed in 0..100 {
        let world = World::new(Broken::No, seed);
        let point = Point {
            call: "queue: schedule".to_owned(),
            nth: 2,
        };
        let ports = world.ports([(point, Injection::DiesBefore)]);
        let schedules = async {
            for _ in 0..2 {
                ports
                    .schedule(Wake::Reset(ResetId::random()), RUN)
                    .await
                    .unwrap();
            }
        };
        let notifications = async {
            for _ in 0..10 {
                ports.notify(&event).await.unwrap();
            }
        };
        let mut both = pin!(async { tokio::join!(schedules, notifications) });
        let mut poll = || both.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        while ports.life() == Life::Alive {
            assert!(poll().is_pending());
        }
        let heard = world.lock().heard;
        for _ in 0..50 {
            assert!(poll().is_pending());
        }
        assert_eq!(world.lock().heard, heard);
        heard_before_death.insert(heard);
    }
    assert!(heard_before_death.len() > 3, "{heard_before_death:?}");
}
