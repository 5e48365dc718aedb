//! The changes in Graph, each after its intent.

use crate::invariant::Invariant;
use crate::setup::Broken;
use crate::state::{At, Progress, RECORD, SESSIONS, Stage};
use crate::steps::Turn;

impl Turn<'_> {
    /// What is next for a claimed reset.
    pub fn next(&mut self) -> At {
        let tasks = self.me().tasks;
        let first = |wanted| tasks.iter().position(|task| *task == wanted);
        if let Some(task) = first(Progress::Pending).or_else(|| first(Progress::Again)) {
            let task = task as u8;
            return match self.is(Broken::IntentAfterTheChange) {
                true => At::Change(task),
                false => At::Intend(task),
            };
        }
        let open = |task: &Progress| matches!(task, Progress::Asked | Progress::Lost);
        if tasks.iter().any(open) {
            At::List
        } else if self.is_earlier() {
            At::ReadTarget
        } else {
            At::End(Stage::Completed)
        }
    }

    pub fn intend(&mut self, task: u8) {
        let id = self.id();
        let has_lease = self.knows(RECORD);
        if !has_lease && !self.is(Broken::IntentWithoutFence) {
            return self.lost();
        }
        let mut tasks = self.me().tasks;
        if !self.is(Broken::IntentAfterTheChange) {
            tasks[usize::from(task)] = Progress::Trying;
        }
        self.me().tasks = tasks;
        self.state.record_mut(id).tasks = tasks;
        match has_lease {
            true => self.me().intended |= 1 << task,
            false => self.me().overtaken |= 1 << task,
        }
        self.write_stage(Stage::Running);
        self.intended(task);
    }

    pub fn intended(&mut self, task: u8) {
        self.me().at = match self.is(Broken::IntentAfterTheChange) {
            true => self.next(),
            false => At::Change(task),
        };
    }

    /// Graph does it.
    pub fn change(&mut self, task: u8) {
        self.change_happens(task);
        let is_sessions = usize::from(task) == SESSIONS;
        self.me().tasks[usize::from(task)] = match is_sessions {
            true => Progress::Done,
            false => Progress::Asked,
        };
        if is_sessions {
            self.list();
        }
        let is_accepted = self.state.record(self.id()).stage.is_accepted();
        self.me().at = match self.setup.broken {
            Broken::ActsBeforeAcceptance if !is_accepted => At::Accept,
            Broken::IntentAfterTheChange => At::Intend(task),
            _ => self.next(),
        };
    }

    /// The answer of Graph is lost; it has done it or not.
    pub fn change_unanswered(&mut self, task: u8, happens: bool) {
        match happens {
            true => self.change_happens(task),
            false => self.forget_intent(task),
        }
        let is_sessions = usize::from(task) == SESSIONS;
        self.me().tasks[usize::from(task)] = match is_sessions {
            true => Progress::Pending,
            false => Progress::Lost,
        };
        if is_sessions {
            self.list();
        }
        self.me().at = self.next();
    }

    pub fn change_happens(&mut self, task: u8) {
        let (id, bit) = (self.id(), 1 << task);
        if !self.state.record(id).stage.is_accepted() {
            self.violate(Invariant::AcceptedFirst);
        }
        if self.me().overtaken & bit != 0 {
            self.violate(Invariant::NoChangeAfterTheLease);
        } else if self.me().intended & bit == 0 {
            self.violate(Invariant::IntentFirst);
        }
        self.forget_intent(task);
        self.state.graph[self.setup.target(id)] |= bit;
    }

    pub fn forget_intent(&mut self, task: u8) {
        self.me().intended &= !(1 << task);
        self.me().overtaken &= !(1 << task);
    }

    pub fn list(&mut self) {
        let done = self.state.graph[self.setup.target(self.id())];
        for (task, progress) in self.me().tasks.iter_mut().enumerate().skip(1) {
            *progress = match (*progress, done & (1 << task) != 0) {
                (Progress::Lost | Progress::Asked, true) => Progress::Done,
                // Its answer was lost, and it is still there.
                (Progress::Lost, false) => Progress::Again,
                (unchanged, _) => unchanged,
            };
        }
    }
}
