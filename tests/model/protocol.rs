//! The protocol as a model for the checker: what may happen next in a state.

use stateright::{Model, Property};

use crate::setup::{Broken, Setup};
use crate::state::{At, PROCESSES, Process, SWITCH, Stage, State, URLS};
use crate::steps::Turn;

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A process makes its next call. A process of the URL begins with its delivery.
    Step(usize),
    /// The message that goes with the end of a run is there before the end is written.
    WakeFirst(usize),
    /// A worker gets a message.
    Deliver(usize, u8),
    /// A call fails, or the time of the run is over.
    GiveWay(usize),
    Crash(usize),
    /// A commit happens, its answer is lost, and it is sent again.
    Resend(usize),
    /// An acceptance that happens or not, and that cannot be found out.
    AcceptUnanswered(usize, bool),
    /// The same of a change in Graph.
    ChangeUnanswered(usize, u8, bool),
    /// The process is frozen until its lease is over.
    Oversleep(usize),
    /// Others believe that its lease is over.
    Skew(usize),
    /// The lease of a process that is gone runs out.
    Expire(u8),
    /// Two hours are over.
    Age(u8),
    /// The queue brings a message twice.
    Duplicate(u8),
    Freeze,
    Thaw,
}

impl Action {
    fn is_fault(self, state: &State) -> bool {
        use Action::*;
        match self {
            Step(_) | WakeFirst(_) | Deliver(..) | Expire(_) | Thaw => false,
            GiveWay(by) => !state.processes[by].late,
            Crash(_) | Resend(_) | AcceptUnanswered(..) | ChangeUnanswered(..) => true,
            Oversleep(_) | Skew(_) | Age(_) | Duplicate(_) | Freeze => true,
        }
    }
}

/// The protocol in one setup.
#[derive(Clone)]
pub struct Protocol {
    pub setup: Setup,
    pub looked: Vec<Looked>,
}

/// A condition that is looked at in every state.
#[derive(Clone, Copy)]
pub struct Looked {
    pub name: &'static str,
    /// Whether it must always hold; else a state is looked for in which it does.
    pub always: bool,
    pub condition: fn(&Protocol, &State) -> bool,
}

impl Protocol {
    fn of_process(state: &State, by: usize, actions: &mut Vec<Action>) {
        let process = &state.processes[by];
        match process.at {
            At::Start => return actions.push(Action::Step(by)),
            At::Idle => return,
            _ => actions.push(Action::Step(by)),
        }
        actions.push(Action::GiveWay(by));
        if matches!(process.at, At::End(_)) && by < URLS && !process.sent {
            actions.push(Action::WakeFirst(by));
        }
        if process.at != At::Wake {
            actions.push(Action::Crash(by));
        }
        if process.at.is_commit() && !process.resent {
            actions.push(Action::Resend(by));
        }
        if process.at == At::Accept && !process.resent {
            let unanswered = |happens| Action::AcceptUnanswered(by, happens);
            actions.extend([true, false].map(unanswered));
        }
        if let At::Change(task) = process.at {
            let unanswered = |happens| Action::ChangeUnanswered(by, task, happens);
            actions.extend([true, false].map(unanswered));
        }
        let is_holder = process.has_lease();
        if (is_holder || process.at == At::Accept) && !process.late && !process.skewed {
            actions.push(Action::Oversleep(by));
        }
        if is_holder && !process.late && !process.skewed {
            actions.push(Action::Skew(by));
        }
    }

    fn of_record(&self, state: &State, id: u8, actions: &mut Vec<Action>) {
        let record = state.record(id);
        if record.leased && !state.has_holder(id) {
            actions.push(Action::Expire(id));
        }
        if record.stage.is_accepted() && !record.stage.is_over() && !record.aged {
            actions.push(Action::Age(id));
        }
        let messages = state.queue[usize::from(id)];
        if messages == 0 {
            return;
        }
        actions.push(Action::Duplicate(id));
        let workers = URLS..URLS + self.setup.workers;
        let mut idle = workers.filter(|worker| state.processes[*worker].at == At::Idle);
        // A message for a record that another run has is sent once more, for later: nothing changes.
        let is_done = record.stage.is_over() && !record.owed;
        let drops = self.setup.broken == Broken::WakeDropsWhatIsLeased;
        if let Some(worker) = idle.next()
            && (!record.leased || is_done || drops)
        {
            actions.push(Action::Deliver(worker, id));
        }
    }

    fn turn<'a>(&'a self, state: &'a mut State, by: usize) -> Turn<'a> {
        Turn {
            setup: &self.setup,
            state,
            by,
        }
    }

    /// What an action makes of a state; `None` if it changes nothing or is not possible.
    pub fn after(&self, before: &State, action: Action) -> Option<State> {
        let mut state = *before;
        if action.is_fault(before) {
            state.faults = state.faults.checked_sub(1)?;
        }
        match action {
            Action::Step(by) => self.turn(&mut state, by).step(),
            Action::WakeFirst(by) => {
                if self.setup.earlier[by] || before.processes[by].at == At::End(Stage::Repeats) {
                    return None;
                }
                state.send(state.processes[by].record);
                state.processes[by].sent = true;
            }
            Action::Deliver(by, id) => {
                let mut turn = self.turn(&mut state, by);
                turn.state.queue[usize::from(id)] -= 1;
                turn.me().record = id;
                if turn.state.record(id).leased {
                    turn.me().at = At::Idle;
                } else {
                    turn.find();
                }
            }
            Action::GiveWay(by) => self.turn(&mut state, by).give_way().then_some(())?,
            Action::Crash(by) => self.turn(&mut state, by).crash(),
            Action::Resend(by) => self
                .turn(&mut state, by)
                .step_without_answer()
                .then_some(())?,
            Action::AcceptUnanswered(by, happens) => {
                self.turn(&mut state, by).accept_unanswered(happens)
            }
            Action::ChangeUnanswered(by, task, happens) => {
                self.turn(&mut state, by).change_unanswered(task, happens);
            }
            Action::Oversleep(by) | Action::Skew(by) => {
                let process = &mut state.processes[by];
                let is_late = matches!(action, Action::Oversleep(_));
                (process.late, process.skewed) = (is_late, !is_late);
                let (id, has_lease) = (process.record, process.has_lease());
                if has_lease {
                    state.record_mut(id).leased = false;
                }
            }
            Action::Expire(id) => state.record_mut(id).leased = false,
            Action::Age(id) => state.record_mut(id).aged = true,
            Action::Duplicate(id) => state.send(id),
            Action::Freeze | Action::Thaw => {
                state.frozen = action == Action::Freeze;
                state.written(usize::MAX, SWITCH, |_| true);
            }
        }
        let fresh = State::new(&self.setup);
        for (by, process) in state.processes.iter_mut().enumerate() {
            if process.at == At::Idle {
                *process = Process {
                    at: At::Idle,
                    ..fresh.processes[by]
                };
            }
        }
        (state != *before).then_some(state)
    }

    pub fn possible(&self, state: &State) -> Vec<Action> {
        let mut actions = Vec::new();
        self.actions(state, &mut actions);
        actions
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(&self.setup)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        // What is broken stays broken: nothing is learned from what follows.
        if state.broke != 0 {
            return;
        }
        for by in 0..PROCESSES {
            Protocol::of_process(state, by, actions);
        }
        for id in 0..2 {
            self.of_record(state, id, actions);
        }
        actions.push(match state.frozen {
            true => Action::Thaw,
            false => Action::Freeze,
        });
        if state.faults == 0 {
            actions.retain(|action| !action.is_fault(state));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.after(state, action)
    }

    fn properties(&self) -> Vec<Property<Protocol>> {
        let looked = self.looked.iter();
        looked
            .map(|looked| match looked.always {
                true => Property::always(looked.name, looked.condition),
                false => Property::sometimes(looked.name, looked.condition),
            })
            .collect()
    }
}
