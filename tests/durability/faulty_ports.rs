//! One actor's ports: each call is an effect of the world, which may fail, or kill or stop the actor.

use std::future::{pending, poll_fn};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::ids::{Label, ObjectId, PersonRef, ResetId, TicketKey};
use reregister_mfa::reset::ports::{
    AuditError, AuditTrail, Directory, DirectoryError, Fault, Item, Key, Listing, Queue,
    QueueError, Security, SecurityError, Store, StoreError, TicketError, Tickets, Write,
};
use reregister_mfa::reset::{
    Change, Event, Method, MethodKind, Person, PimEligibility, PrivilegeFacts, RequestStatus, State,
};

use crate::world::{Broken, FaultyPorts, Happened, Injection};

impl FaultyPorts {
    /// One effect, and what its failure looks like.
    async fn effect<T>(&self, act: impl FnOnce(&mut Happened) -> T, failure: T) -> T {
        let injection = {
            let mut script = self.script.lock().unwrap();
            let nth = script.count;
            script.count += 1;
            script.injections.get(&nth).copied()
        };
        match injection {
            Some(Injection::FailsBefore) => return failure,
            Some(Injection::DiesBefore) => self.die().await,
            Some(Injection::Pauses) => self.stand_still().await,
            _ => {}
        }
        let done = act(&mut self.world.lock());
        match injection {
            Some(Injection::FailsAfter) => failure,
            Some(Injection::DiesAfter) => self.die().await,
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
    pub fn ahead(self, time: Duration) -> FaultyPorts {
        self.script.lock().unwrap().ahead = time;
        self
    }

    /// How many effects there were.
    pub fn count(&self) -> usize {
        self.script.lock().unwrap().count
    }

    /// A call to the tenant that reads.
    async fn ask<T>(
        &self,
        act: impl FnOnce(&mut Happened) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        let later = DirectoryError::Transient { after: None };
        let act = |happened: &mut Happened| match happened.is_down {
            true => Err(DirectoryError::Transient { after: None }),
            false => act(happened),
        };
        self.effect(act, Err(later)).await
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
        {
            let mut script = self.script.lock().unwrap();
            let nth = script.count;
            script.changes.insert(nth);
        }
        self.effect(act, Err(DirectoryError::Indeterminate)).await
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
impl Directory for FaultyPorts {
    async fn person(&self, who: &PersonRef) -> Result<Person, DirectoryError> {
        let person = match who {
            PersonRef::Id(id) => Ok(Person {
                id: *id,
                upn: "somebody@contoso.example".to_owned(),
                enabled: true,
                guest: false,
                management_restricted: false,
            }),
            PersonRef::Upn(_) => Err(DirectoryError::Permanent(Fault::NotFound)),
        };
        self.ask(|_| person).await
    }

    async fn privilege_facts(&self, _: ObjectId) -> Result<PrivilegeFacts, DirectoryError> {
        let standing = PrivilegeFacts {
            memberships: Vec::new(),
            owned: Vec::new(),
            assignments: Vec::new(),
            eligibility: PimEligibility::default(),
        };
        self.ask(|_| Ok(standing)).await
    }

    async fn methods(&self, _: ObjectId) -> Result<Listing, DirectoryError> {
        let list = |happened: &mut Happened| {
            Ok(Listing {
                methods: happened.methods.clone(),
                hardware_unknown: false,
            })
        };
        self.ask(list).await
    }

    async fn remove(&self, _: ObjectId, method: &Method) -> Result<(), DirectoryError> {
        let name = method.id.to_string();
        self.change(&name, |happened| {
            let before = happened.methods.len();
            happened.methods.retain(|other| other.id != method.id);
            if happened.methods.len() == before {
                return Err(DirectoryError::Permanent(Fault::NotFound));
            }
            *happened.deleted.entry(name.clone()).or_default() += 1;
            // Somebody is quick, and registers a method while the reset runs.
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
        self.change("sessions", |happened| {
            happened.revoked += 1;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Queue for FaultyPorts {
    async fn schedule(&self, id: ResetId, after: Duration) -> Result<(), QueueError> {
        let wake = |happened: &mut Happened| {
            let due = happened.now.checked_add(after).unwrap();
            happened.queue.push((due, id));
            Ok(())
        };
        self.effect(wake, Err(QueueError("down".to_owned()))).await
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
        self.effect(append, Err(AuditError("down".to_owned())))
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
        self.effect(tell, Err(SecurityError("down".to_owned())))
            .await
    }
}

#[async_trait]
impl Tickets for FaultyPorts {
    fn takes_notes(&self, _: &Label) -> bool {
        true
    }

    async fn note(
        &self,
        _: &Label,
        _: &TicketKey,
        status: &RequestStatus,
        mark: &str,
    ) -> Result<(), TicketError> {
        // Two calls, as it is in Jira and ServiceNow: look for the mark, then write.
        let later = TicketError::Transient { after: None };
        let look = |happened: &mut Happened| Ok(happened.notes.iter().any(|note| note == mark));
        if self.effect(look, Err(later.clone())).await? {
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
        self.effect(write, Err(later)).await
    }
}
