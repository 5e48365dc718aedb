//! The ports of one real run. Each call of a kind that is a step of the model waits until the model makes that step.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::ids::{Label, ObjectId, PersonRef, ResetId, TicketKey};
use reregister_mfa::reset::ports::{
    AuditError, AuditTrail, Condition, Directory, DirectoryError, Fault, Item, Key, Listing, Queue,
    QueueError, Security, SecurityError, Store, StoreError, TicketError, Tickets, Wake, Write,
};
use reregister_mfa::reset::{
    Event, Manager, Method, MethodKind, PasswordChange, Person, PimEligibility, PrivilegeFacts,
    RequestStatus,
};

use crate::state::{At, SESSIONS};

/// What all runs share.
#[derive(Default)]
pub struct World {
    /// Whether the table is broken on purpose: a replay that does not notice would prove nothing.
    pub ignores_versions: bool,
    pub items: BTreeMap<Key, Item>,
    pub gone: Vec<String>,
    pub is_revoked: bool,
    /// The note of each record, by the record that the run is about.
    pub notes: BTreeMap<ResetId, u8>,
}

impl World {
    fn commit(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        let met = |write: &Write| {
            let version = self.items.get(&write.key).map(|item| item.version);
            match write.condition {
                Condition::Absent => version.is_none(),
                Condition::Version(wanted) => self.ignores_versions || version == Some(wanted),
            }
        };
        if !writes.iter().all(met) {
            let found = writes.iter().map(|write| match met(write) {
                true => None,
                false => self.items.get(&write.key).cloned(),
            });
            return Err(StoreError::Conflict(found.collect()));
        }
        for write in writes {
            if let Some(item) = &write.item {
                self.items.insert(write.key.clone(), item.clone());
            }
        }
        Ok(())
    }
}

/// What a call is, for the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Delivery,
    Approvals,
    Guardrails,
    Switch,
    Commit,
    Schedule,
    Change(usize),
    List,
    Search,
    Note,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Do,
    /// It has no effect, and the run knows that.
    Fail,
    /// It has no effect, and the run does not know that.
    FailUnheard,
    /// It has its effect, and fails.
    DoUnheard,
    /// It has its effect, and is sent again at the next order.
    DoTwice,
}

/// How far a run may go.
pub struct Gate {
    /// Where the run is in the model.
    pub at: At,
    pub now: Timestamp,
    /// The record that the run is about, once it is known.
    pub record: Option<ResetId>,
    /// The table does not answer any more.
    pub is_down: bool,
    open: Option<(Call, Order)>,
    waiting: Vec<Call>,
    wakers: Vec<Waker>,
}

impl Gate {
    pub fn new(at: At, now: Timestamp, record: Option<ResetId>) -> Gate {
        Gate {
            at,
            now,
            record,
            is_down: false,
            open: None,
            waiting: Vec::new(),
            wakers: Vec::new(),
        }
    }

    /// Whether the model has this call as a step of its own at this point.
    fn stops(&self, call: Call) -> bool {
        match call {
            _ if self.at == At::Idle => false,
            Call::Delivery => self.at == At::Start,
            Call::Approvals => self.at == At::Begin,
            Call::Guardrails => matches!(self.at, At::Wake | At::Accept | At::Look),
            Call::Switch => self.at == At::Resume,
            Call::List => self.at == At::List,
            Call::Schedule => {
                matches!(self.at, At::Wake | At::WakeAgain | At::End(_) | At::WakeEnd)
            }
            Call::Commit | Call::Change(_) | Call::Search | Call::Note => true,
        }
    }

    pub fn is_waiting(&self, call: Call) -> bool {
        self.waiting.contains(&call)
    }

    pub fn open(&mut self, call: Call, order: Order) {
        self.open = Some((call, order));
        self.wakers.drain(..).for_each(Waker::wake);
    }

    /// The calls that wait, for a message.
    pub fn waiting(&self) -> &[Call] {
        &self.waiting
    }

    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

#[derive(Clone)]
pub struct Ports {
    pub world: Arc<Mutex<World>>,
    pub gate: Arc<Mutex<Gate>>,
}

impl Ports {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap()
    }

    /// Waits for the model's step.
    async fn order(&self, call: Call) -> Order {
        poll_fn(|context| {
            let mut gate = self.gate();
            gate.waiting.retain(|other| *other != call);
            if let Some((_, order)) = gate.open.filter(|(open, _)| *open == call) {
                gate.open = None;
                return Poll::Ready(order);
            }
            if !gate.stops(call) {
                return Poll::Ready(Order::Do);
            }
            gate.waiting.push(call);
            gate.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    async fn effect<T>(&self, call: Call, act: impl FnOnce(&mut World) -> T, failure: T) -> T {
        match self.order(call).await {
            Order::Fail | Order::FailUnheard => failure,
            Order::DoUnheard => {
                act(&mut self.world());
                failure
            }
            Order::Do | Order::DoTwice => act(&mut self.world()),
        }
    }
}

fn down<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("down".to_owned()))
}

#[async_trait]
impl Clock for Ports {
    fn now(&self) -> Timestamp {
        self.gate().now
    }

    async fn sleep(&self, time: Duration) {
        let mut gate = self.gate();
        gate.now = gate.now.checked_add(time).unwrap();
    }
}

#[async_trait]
impl Store for Ports {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        if self.gate().is_down {
            return down();
        }
        let read = |world: &mut World| Ok(world.items.get(key).cloned());
        match key.0.as_str() {
            "freeze" => self.effect(Call::Switch, read, down()).await,
            _ => read(&mut self.world()),
        }
    }

    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let has = |kind: &str| keys.iter().any(|key| key.0.starts_with(kind));
        let call = if has("delivery#") {
            Call::Delivery
        } else if has("freeze") {
            Call::Guardrails
        } else {
            Call::Approvals
        };
        let read = |world: &mut World| {
            let found = keys.iter().map(|key| world.items.get(key).cloned());
            Ok(found.collect())
        };
        self.effect(call, read, down()).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        match self.order(Call::Commit).await {
            Order::Do => self.world().commit(writes),
            Order::Fail | Order::FailUnheard => down(),
            Order::DoUnheard => {
                let _lost = self.world().commit(writes);
                down()
            }
            Order::DoTwice => {
                let _lost = self.world().commit(writes);
                self.order(Call::Commit).await;
                self.world().commit(writes)
            }
        }
    }
}

/// The methods, in the order of their removal, beside the password.
const METHODS: [(&str, MethodKind); 2] = [
    ("token", MethodKind::SoftwareOath),
    ("authenticator", MethodKind::MicrosoftAuthenticator),
];

/// The place of a method among the tasks of the model.
pub fn task_of(id: &str) -> Option<usize> {
    let place = METHODS.iter().position(|(name, _)| *name == id)?;
    Some(place + 1)
}

fn method(id: &str, kind: MethodKind) -> Method {
    Method {
        id: id.to_owned().try_into().unwrap(),
        kind,
        label: None,
        created: None,
        in_authenticator: false,
    }
}

#[async_trait]
impl Directory for Ports {
    async fn person(&self, who: &PersonRef) -> Result<Person, DirectoryError> {
        match who {
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
        }
    }

    async fn manager(&self, _: &PersonRef) -> Result<Option<Manager>, DirectoryError> {
        Ok(None)
    }

    async fn privilege_facts(&self, _: ObjectId) -> Result<PrivilegeFacts, DirectoryError> {
        Ok(PrivilegeFacts {
            memberships: Vec::new(),
            owned: Vec::new(),
            assignments: Vec::new(),
            eligibility: PimEligibility::default(),
            hidden: false,
        })
    }

    async fn member_of(
        &self,
        _: ObjectId,
        _: &[ObjectId],
    ) -> Result<BTreeSet<ObjectId>, DirectoryError> {
        Ok(BTreeSet::new())
    }

    async fn methods(&self, _: ObjectId) -> Result<Listing, DirectoryError> {
        let list = |world: &mut World| {
            let all = METHODS.into_iter();
            let there = all.filter(|(id, _)| !world.gone.iter().any(|gone| gone == id));
            let mut methods: Vec<Method> = there.map(|(id, kind)| method(id, kind)).collect();
            methods.push(method("password", MethodKind::Password));
            Ok(Listing {
                methods,
                hardware_unknown: false,
            })
        };
        let later = Err(DirectoryError::Transient { after: None });
        self.effect(Call::List, list, later).await
    }

    async fn remove(&self, _: ObjectId, method: &Method) -> Result<(), DirectoryError> {
        let id = method.id.to_string();
        let call = Call::Change(task_of(&id).unwrap());
        let order = self.order(call).await;
        if let Some(failure) = failure_of(order) {
            return Err(failure);
        }
        let was_there = {
            let mut world = self.world();
            let was_there = !world.gone.contains(&id);
            if was_there {
                world.gone.push(id);
            }
            was_there
        };
        match order {
            Order::DoUnheard => Err(DirectoryError::Indeterminate),
            _ if was_there => Ok(()),
            _ => Err(DirectoryError::Permanent(Fault::NotFound)),
        }
    }

    async fn deactivate(&self, _: ObjectId, _: &Method) -> Result<(), DirectoryError> {
        Err(DirectoryError::Permanent(Fault::NotFound))
    }

    async fn revoke_sessions(&self, _: ObjectId) -> Result<(), DirectoryError> {
        let order = self.order(Call::Change(SESSIONS)).await;
        if let Some(failure) = failure_of(order) {
            return Err(failure);
        }
        self.world().is_revoked = true;
        match order {
            Order::DoUnheard => Err(DirectoryError::Indeterminate),
            _ => Ok(()),
        }
    }
}

/// What a run hears of a change that does not happen.
fn failure_of(order: Order) -> Option<DirectoryError> {
    match order {
        Order::Fail => Some(DirectoryError::Transient { after: None }),
        Order::FailUnheard => Some(DirectoryError::Indeterminate),
        Order::Do | Order::DoUnheard | Order::DoTwice => None,
    }
}

#[async_trait]
impl Queue for Ports {
    async fn schedule(&self, wake: Wake, _: Duration) -> Result<(), QueueError> {
        let Wake::Reset(id) = wake else {
            panic!("there is no desk here");
        };
        self.gate().record.get_or_insert(id);
        self.effect(Call::Schedule, |_| Ok(()), Ok(())).await
    }
}

#[async_trait]
impl AuditTrail for Ports {
    async fn append(&self, _: &Event) -> Result<(), AuditError> {
        Ok(())
    }
}

#[async_trait]
impl Security for Ports {
    async fn notify(&self, _: &Event) -> Result<(), SecurityError> {
        Ok(())
    }
}

#[async_trait]
impl Tickets for Ports {
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
        _: &RequestStatus,
        _: &str,
    ) -> Result<(), TicketError> {
        let id = self.gate().record.unwrap();
        let later = || Err(TicketError::Transient { after: None });
        let look = |world: &mut World| Ok(world.notes.contains_key(&id));
        if self
            .effect(Call::Search, look, later().map(|()| true))
            .await?
        {
            return Ok(());
        }
        let write = |world: &mut World| {
            *world.notes.entry(id).or_default() += 1;
            Ok(())
        };
        self.effect(Call::Note, write, later()).await
    }
}
