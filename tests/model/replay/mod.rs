//! Paths of the model, walked by real runs: `Resets::submit` and `Resets::wake` over a table in memory. A run makes each
//! call when the model makes it, and after each step the table holds what the model says.

mod actor;
mod ports;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::ports::Key;
use reregister_mfa::reset::{FreezeChange, FreezeReason, Ledger, Tiers};
use serde_json::Value;

use crate::protocol::{Action, Protocol};
use crate::state::{At, NONE, PROCESSES, Process, Progress, SESSIONS, Stage, State, URLS};
use crate::wiring::START;
use actor::Actor;
use ports::{Call, Gate, Order, Ports, World, task_of};

/// A walk of real runs beside the model.
pub struct Replay {
    protocol: Protocol,
    pub state: State,
    world: Arc<Mutex<World>>,
    actors: [Option<Actor>; PROCESSES],
    /// The records' real ids, by their ids in the model.
    ids: [Option<ResetId>; 2],
    /// Where each process was as its time ran out.
    overslept_at: [Option<At>; PROCESSES],
}

/// The call that a process makes next, if it is one that waits for the model.
fn call_at(at: At) -> Option<Call> {
    Some(match at {
        At::Start => Call::Delivery,
        At::Wake | At::WakeAgain | At::WakeEnd => Call::Schedule,
        At::Begin => Call::Approvals,
        At::Look => Call::Guardrails,
        At::Resume => Call::Switch,
        At::Change(task) => Call::Change(task.into()),
        At::List | At::LastList => Call::List,
        At::Search => Call::Search,
        At::Note => Call::Note,
        at if at.is_commit() => Call::Commit,
        _ => return None,
    })
}

impl Replay {
    pub fn new(protocol: Protocol, ignores_versions: bool) -> Replay {
        let world = World {
            ignores_versions,
            ..World::default()
        };
        Replay {
            state: State::new(&protocol.setup),
            protocol,
            world: Arc::new(Mutex::new(world)),
            actors: [None, None, None, None],
            ids: [None; 2],
            overslept_at: [None; PROCESSES],
        }
    }

    /// Whether real runs can do this. Two hours do not pass here; and a run whose time is up looks at its clock at other
    /// places than the model, which lets it go on or give way anywhere.
    pub fn can(&self, action: Action) -> bool {
        let after = self.protocol.after(&self.state, action);
        match action {
            Action::Age(_) => false,
            Action::Step(by)
                if self.state.processes[by].at == At::Start && !self.state.processes[by].late =>
            {
                let at = after.map(|after| after.processes[by].at);
                // Once more, it is accepted with what was looked up before.
                self.actors[by].is_none() || at == Some(At::Idle)
            }
            // Its clock would have to jump to the time at which the other record is due.
            Action::Step(by) if after.is_some_and(|it| it.processes[by].at == At::WakeAgain) => {
                false
            }
            // The same of a record that was released for later since the run began.
            Action::Step(by) if after.is_some_and(|it| it.processes[by].at == At::Take) => {
                self.is_due(by)
            }
            // The person is in a cool-down, which the model does not know.
            Action::Step(by) if self.state.processes[by].at == At::Look && self.is_cooling() => {
                false
            }
            // With a clock that is ahead it would take up what another run has.
            Action::Step(by)
                if by < URLS
                    && self.state.processes[by].late
                    && matches!(
                        self.state.processes[by].at,
                        At::Start | At::End(Stage::Repeats)
                    ) =>
            {
                false
            }
            Action::Step(by)
            | Action::Resend(by)
            | Action::AcceptUnanswered(by, _)
            | Action::ChangeUnanswered(by, ..) => self.goes_on(by),
            Action::GiveWay(by) => {
                let process = &self.state.processes[by];
                match process.at {
                    At::Intend(_) => process.late && !self.is_on_the_way(by),
                    // Beside the revocation the methods are listed, or not, by the clock.
                    At::Change(task) => {
                        usize::from(task) != SESSIONS || !process.tasks.contains(&Progress::Lost)
                    }
                    _ => true,
                }
            }
            _ => true,
        }
    }

    fn is_cooling(&self) -> bool {
        let mut targets = self.state.targets.iter();
        targets.any(|target| target.reset != NONE && !target.running)
    }

    /// Whether the record that a process takes up is due, by the clock of its run.
    fn is_due(&self, by: usize) -> bool {
        let due = self.due(self.state.processes[by].record);
        let actor = self.actors[by].as_ref();
        due.zip(actor)
            .is_some_and(|(due, actor)| due <= actor.ports.gate().now)
    }

    /// Whether the call that the process makes next was on its way as its time ran out.
    fn is_on_the_way(&self, by: usize) -> bool {
        self.overslept_at[by] == Some(self.state.processes[by].at)
    }

    /// Whether a run makes its next call although its time may be up.
    fn goes_on(&self, by: usize) -> bool {
        let process = &self.state.processes[by];
        match process.at {
            _ if !process.late => true,
            At::Look => false,
            At::Begin | At::Claim | At::Resume | At::Intend(_) | At::Change(_) | At::List => {
                self.is_on_the_way(by)
            }
            At::Search | At::Note => self.overslept_at[by]
                .is_some_and(|at| matches!(at, At::Search | At::Note) && self.is_waiting(by)),
            _ => true,
        }
    }

    fn is_waiting(&self, by: usize) -> bool {
        let call = call_at(self.state.processes[by].at);
        let actor = self.actors[by].as_ref();
        call.zip(actor)
            .is_some_and(|(call, actor)| actor.ports.gate().is_waiting(call))
    }

    /// Makes one step in both worlds. An error says where they part.
    pub fn step(&mut self, action: Action) -> Result<(), String> {
        let before = self.state;
        let after = self.protocol.after(&before, action);
        self.state = after.ok_or("the model cannot do that")?;
        let at = |by: usize| self.state.processes[by].at;
        let mut is_made = true;
        match action {
            Action::Step(by) if before.processes[by].at == At::Start => {
                let at = at(by);
                if self.actors[by].is_none() {
                    self.arrive(by);
                }
                is_made = self.make(by, Call::Delivery, Order::Do, at);
            }
            Action::Step(by) => {
                let (at, call) = (at(by), call_at(before.processes[by].at));
                is_made = call.is_some_and(|call| self.make(by, call, Order::Do, at));
            }
            Action::WakeFirst(by) => is_made = self.make(by, Call::Schedule, Order::Do, at(by)),
            Action::Resend(by) => {
                is_made = self.make(by, Call::Commit, Order::DoTwice, at(by));
            }
            Action::Deliver(by, id) => self.deliver(by, id),
            Action::GiveWay(by) => self.give_way(by, &before.processes[by]),
            Action::Crash(by) => self.actors[by] = None,
            Action::AcceptUnanswered(by, happens) => {
                let order = if happens {
                    Order::DoUnheard
                } else {
                    Order::Fail
                };
                self.actors[by].as_ref().unwrap().ports.gate().is_down = true;
                is_made = self.make(by, Call::Commit, order, at(by));
            }
            Action::ChangeUnanswered(by, task, happens) => {
                let call = Call::Change(task.into());
                is_made = match happens {
                    true => self.make(by, call, Order::DoUnheard, at(by)),
                    false => self.make(by, call, Order::FailUnheard, at(by)),
                };
            }
            Action::Oversleep(by) => {
                self.overslept_at[by] = Some(at(by));
                self.actors[by].as_ref().unwrap().oversleep();
            }
            Action::Freeze | Action::Thaw => self.switch(action == Action::Freeze),
            Action::Skew(_) | Action::Expire(_) | Action::Age(_) | Action::Duplicate(_) => {}
        }
        if !is_made {
            return Err(format!("{action:?}: the run is not at this call"));
        }
        for by in 0..PROCESSES {
            let at = self.state.processes[by].at;
            let is_idle = at == At::Idle;
            let Some(actor) = self.actors[by].take_if(|actor| actor.is_over() != is_idle) else {
                continue;
            };
            let waiting = actor.ports.gate().waiting().to_vec();
            return Err(match is_idle {
                true => format!("{action:?}: run {by} goes on, to {waiting:?}"),
                false => format!("{action:?}: run {by} is over, and at {at:?} in the model"),
            });
        }
        self.compare().map_err(|what| format!("{action:?}: {what}"))
    }

    /// Where each process is in the model, and for which calls its real run waits.
    pub fn show(&self) -> String {
        let mut lines = Vec::new();
        for (process, actor) in self.state.processes.iter().zip(&self.actors) {
            let (at, record) = (process.at, process.record);
            let (late, skewed) = (process.late, process.skewed);
            let run = actor.as_ref().map(Actor::show).unwrap_or_default();
            lines.push(format!(
                "    {at:?} of record {record}, late {late}, skewed {skewed}; real: {run}"
            ));
        }
        for id in 0..2 {
            let (record, due) = (self.state.record(id), self.due(id));
            lines.push(format!("    {id}: {record:?}; real: due {due:?}"));
        }
        lines.join("\n")
    }

    fn make(&mut self, by: usize, call: Call, order: Order, at: At) -> bool {
        let Some(actor) = self.actors[by].as_mut() else {
            return false;
        };
        let is_made = actor.make(call, order, at);
        let record = actor.ports.gate().record;
        if by < URLS && self.ids[by].is_none() && !self.ids.contains(&record) {
            self.ids[by] = record;
        }
        is_made
    }

    fn ports(&self, at: At, record: Option<u8>) -> Ports {
        let start: Timestamp = START.parse().unwrap();
        let due = record.and_then(|id| self.due(id)).unwrap_or(start);
        let id = record.and_then(|id| self.ids[usize::from(id)]);
        Ports {
            world: self.world.clone(),
            gate: Arc::new(Mutex::new(Gate::new(at, due.max(start), id))),
        }
    }

    /// A delivery comes. If it is known, it comes when its record is due, if that has no lease.
    fn arrive(&mut self, by: usize) {
        let delivery = self.protocol.setup.deliveries[by];
        let first = self.state.deliveries[usize::from(delivery)];
        let is_free = first != NONE && self.state.processes[by].at == At::WakeAgain;
        let ports = self.ports(At::Start, is_free.then_some(first));
        let mut actor = Actor::deliver(ports, &format!("delivery {delivery}"));
        actor.go(At::Start);
        self.actors[by] = Some(actor);
    }

    fn deliver(&mut self, by: usize, id: u8) {
        let at = self.state.processes[by].at;
        let Some(real) = self.ids[usize::from(id)] else {
            return;
        };
        let mut actor = Actor::wake(self.ports(at, Some(id)), real);
        actor.go(at);
        self.overslept_at[by] = None;
        self.actors[by] = Some(actor);
    }

    /// The call fails and the time is up; or the time was up before, and the run has seen that already.
    fn give_way(&mut self, by: usize, process: &Process) {
        let at = self.state.processes[by].at;
        let overslept_at = self.overslept_at[by];
        let Some(actor) = self.actors[by].as_mut() else {
            return;
        };
        // The search and the note have one time limit between them.
        let is_at_note = process.at == At::Note && actor.ports.gate().is_waiting(Call::Note);
        let fails = !process.late || overslept_at == Some(process.at) || is_at_note;
        if !process.late {
            actor.oversleep();
        }
        if let Some(call) = call_at(process.at).filter(|_| fails) {
            actor.make(call, Order::Fail, at);
        }
        actor.go(at);
    }

    fn switch(&mut self, on: bool) {
        let tiers = Tiers::All;
        let change = match on {
            true => FreezeChange::Freeze {
                tiers,
                why: FreezeReason::new("SEC-77").unwrap(),
            },
            false => FreezeChange::Thaw { tiers },
        };
        let ports = self.ports(At::Idle, None);
        let now = ports.gate().now;
        let ledger = Ledger::new(Arc::new(ports));
        let set = futures_util::FutureExt::now_or_never(ledger.change_freeze(&change, now));
        set.unwrap().unwrap();
    }

    fn body(&self, key: &str) -> Option<Value> {
        let world = self.world.lock().unwrap();
        let item = world.items.get(&Key(key.to_owned()))?;
        Some(serde_json::from_str(&item.body).unwrap())
    }

    /// The items whose keys begin so.
    fn bodies(&self, kind: &str) -> Vec<Value> {
        let world = self.world.lock().unwrap();
        let items = world.items.iter();
        let of_kind = items.filter(|(key, _)| key.0.starts_with(kind));
        of_kind
            .map(|(_, item)| serde_json::from_str(&item.body).unwrap())
            .collect()
    }

    /// When a record is due.
    fn due(&self, id: u8) -> Option<Timestamp> {
        let record = self.body(&format!("reset#{}", self.ids[usize::from(id)]?))?;
        let time = |name: &str| record[name].as_str().map(|at| at.parse().unwrap());
        time("lease_until").max(time("retry_at"))
    }

    /// Whether the table, Graph and the tickets are as the model says.
    fn compare(&self) -> Result<(), String> {
        let state = &self.state;
        let same = |what: &str, real: String, model: String| match real == model {
            true => Ok(()),
            false => Err(format!("{what} is {real}, and {model} in the model")),
        };
        let model_id = |id: &Value| {
            let real = self.ids.map(|id| id.map(|id| id.to_string()));
            let place = real.iter().position(|real| real.as_deref() == id.as_str());
            place.map_or(NONE, |place| place as u8)
        };
        for id in 0..2_u8 {
            let record = state.record(id);
            let real = self.ids[usize::from(id)];
            let body = real.and_then(|real| self.body(&format!("reset#{real}")));
            let model = format!("{:?}", shown(record.stage, record.tasks, record.owed));
            let real_shown = format!("{:?}", read(body.as_ref()));
            same(&format!("record {id}"), real_shown, model)?;
            let notes = real.and_then(|real| self.world.lock().unwrap().notes.get(&real).copied());
            same(
                "the notes",
                notes.unwrap_or_default().to_string(),
                record.notes.to_string(),
            )?;
        }
        for (kind, model) in [
            ("delivery#", &state.deliveries),
            ("approval#", &state.approvals),
        ] {
            let mut real: Vec<u8> = self
                .bodies(kind)
                .iter()
                .map(|it| model_id(&it["reset"]))
                .collect();
            let mut model: Vec<u8> = model.iter().copied().filter(|id| *id != NONE).collect();
            real.sort_unstable();
            model.sort_unstable();
            same(kind, format!("{real:?}"), format!("{model:?}"))?;
        }
        let targets: BTreeMap<u8, Value> = self
            .bodies("target#")
            .iter()
            .map(|target| (model_id(&target["reset"]), target["running"].clone()))
            .collect();
        let model: BTreeMap<u8, Value> = state
            .targets
            .iter()
            .filter(|target| target.reset != NONE)
            .map(|target| (target.reset, target.running.into()))
            .collect();
        same("the target", format!("{targets:?}"), format!("{model:?}"))?;
        let frozen = self.body("freeze").is_some_and(|it| it["standard"] == true);
        same("the switch", frozen.to_string(), state.frozen.to_string())?;
        let world = self.world.lock().unwrap();
        let mut done = u8::from(world.is_revoked) << SESSIONS;
        for id in &world.gone {
            done |= 1 << task_of(id).unwrap();
        }
        same("Graph", done.to_string(), state.graph[0].to_string())
    }
}

/// What is compared of a record: its stage, its tasks, whether a notification is owed. Graph's answer *not there* to a
/// deletion is one of two cases that the model does not tell apart.
fn shown(stage: Stage, tasks: [Progress; 3], owed: bool) -> (Stage, [Progress; 3], bool) {
    let is_claimed = matches!(stage, Stage::Running | Stage::Completed | Stage::Closed);
    let tasks = tasks.map(|task| match task {
        _ if !is_claimed => Progress::Pending,
        Progress::Lost => Progress::Asked,
        Progress::Again => Progress::Pending,
        other => other,
    });
    (stage, tasks, owed)
}

fn read(record: Option<&Value>) -> (Stage, [Progress; 3], bool) {
    let mut tasks = [Progress::Pending; 3];
    let Some(record) = record else {
        return (Stage::Absent, tasks, false);
    };
    let stage = &record["stage"];
    let claimed = &stage["claimed"];
    let stage = if record.is_null() {
        Stage::Tombstone
    } else if !claimed.is_null() {
        tasks[SESSIONS] = progress(&claimed["sessions"]);
        for task in &mut tasks[1..] {
            *task = Progress::Done;
        }
        for entry in claimed["entries"].as_array().unwrap() {
            if let Some(task) = task_of(entry["method"]["id"].as_str().unwrap()) {
                tasks[task] = progress(&entry["progress"]);
            }
        }
        match claimed["state"].as_str().unwrap() {
            "running" => Stage::Running,
            "completed" => Stage::Completed,
            _ => Stage::Closed,
        }
    } else if !stage["refused"].is_null() {
        Stage::Refused
    } else if !stage["repeats"].is_null() {
        Stage::Repeats
    } else {
        Stage::Waiting
    };
    let duties = record["duties"].as_object();
    let owed = duties.is_some_and(|duties| duties.values().any(|duty| duty == "owed"));
    shown(stage, tasks, owed)
}

fn progress(text: &Value) -> Progress {
    match text.as_str() {
        Some("pending") => Progress::Pending,
        Some("trying") => Progress::Trying,
        // With an answer: {"asked": "lost"}.
        None => Progress::Asked,
        Some(_) => Progress::Done,
    }
}
