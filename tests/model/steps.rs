//! One call of a process, and what comes of it.

use crate::invariant::Invariant;
use crate::setup::{Broken, Setup};
use crate::state::{At, Process, Progress, RECORD, SESSIONS, Stage, State, TARGET, URLS};

/// A process in a world, as it makes its next call.
pub struct Turn<'a> {
    pub setup: &'a Setup,
    pub state: &'a mut State,
    pub by: usize,
}

impl Turn<'_> {
    pub fn me(&mut self) -> &mut Process {
        &mut self.state.processes[self.by]
    }

    pub fn id(&self) -> u8 {
        self.state.processes[self.by].record
    }

    pub fn knows(&self, bit: u8) -> bool {
        self.state.processes[self.by].current & bit != 0
    }

    pub fn is(&self, broken: Broken) -> bool {
        self.setup.broken == broken
    }

    pub fn is_earlier(&self) -> bool {
        self.setup.earlier[self.by]
    }

    pub fn is_url(&self) -> bool {
        self.by < URLS
    }

    pub fn violate(&mut self, invariant: Invariant) {
        self.state.broke |= invariant.bit();
    }

    /// The process makes its next call.
    pub fn step(&mut self) {
        let at = self.me().at;
        if std::mem::take(&mut self.me().resent) {
            return self.told_again(at);
        }
        match at {
            At::Start => self.read_the_delivery(),
            At::Wake => {
                self.state.send(self.id());
                self.me().sent = true;
                self.me().at = match self.setup.broken {
                    Broken::WakeAfterAccept => self.accepted(),
                    Broken::ActsBeforeAcceptance => At::Change(SESSIONS as u8),
                    _ => At::Accept,
                };
            }
            At::Accept => self.accept(),
            At::WakeAgain => {
                self.state.send(self.id());
                self.find();
            }
            At::Take => self.take(),
            At::Tombstone => self.tombstone(),
            At::Begin => self.me().at = self.begin(),
            At::Look => {
                self.me().at = self.look();
                self.plan();
            }
            At::Claim => self.claim(),
            At::Resume => self.resume(),
            At::Intend(task) => self.intend(task),
            At::Change(task) => self.change(task),
            At::List => {
                self.list();
                self.me().at = self.next();
            }
            At::LastList => {
                self.list();
                self.me().at = At::End(Stage::Closed);
            }
            At::ReadTarget => {
                self.me().current |= TARGET;
                self.me().at = At::End(Stage::Completed);
            }
            At::End(stage) => self.end(stage),
            At::Free => {
                self.free_target();
                self.told_of_the_end();
            }
            At::WakeEnd => {
                self.state.send(self.id());
                self.answer(self.id());
            }
            At::Search => {
                let is_there = self.state.record(self.id()).notes > 0;
                self.me().at = match is_there && !self.is(Broken::NotesWithoutSearch) {
                    true => At::Settle,
                    false => At::Note,
                };
            }
            At::Note => self.note(),
            At::Settle => self.settle(),
            At::Release => self.release(),
            At::Idle => {}
        }
    }

    /// A commit that happened is sent again: it finds its own mark, or that of a run that came after it.
    fn told_again(&mut self, at: At) {
        if !self.knows(RECORD) {
            return match at {
                At::Accept => self.me().at = At::Start,
                _ => self.lost(),
            };
        }
        match at {
            At::Accept => self.me().at = self.accepted(),
            At::Take => self.taken(),
            At::Claim => self.claimed(),
            At::Intend(task) => self.intended(task),
            At::End(_) => self.ended(),
            At::Settle => self.finished(),
            At::Release => self.released(),
            _ => self.me().at = At::Idle,
        }
    }

    /// The commit happens, and its answer is lost. False if it does not happen.
    pub fn step_without_answer(&mut self) -> bool {
        let (Process { at, record, .. }, queue, records) =
            (*self.me(), self.state.queue, self.state.records);
        self.step();
        // A record that repeats another is followed only once the answer is there.
        (self.me().at, self.me().record) = (at, record);
        self.me().resent = true;
        // What follows the commit waits for its answer.
        self.state.queue = queue;
        records != self.state.records
    }

    /// Another run has taken over: this one stops. Its message comes again.
    pub fn lost(&mut self) {
        if self.is_url() {
            return self.answer(self.id());
        }
        self.state.send(self.id());
        self.me().at = At::Idle;
    }

    /// The next call fails, or the time of the run is over: it leaves the rest to the next run. False if it cannot.
    pub fn give_way(&mut self) -> bool {
        let Process { at, resent, .. } = *self.me();
        match at {
            // It happened, and a read of the record says so.
            _ if resent => return false,
            At::Change(task) => {
                self.forget_intent(task);
                self.me().tasks[usize::from(task)] = Progress::Pending;
            }
            At::Begin | At::Look | At::Claim | At::Resume | At::Intend(_) | At::List => {}
            At::Search | At::Note => {}
            _ => return false,
        }
        self.me().at = At::Release;
        true
    }

    /// The process is gone.
    pub fn crash(&mut self) {
        if !self.is_url() {
            self.state.send(self.id());
        }
        self.me().at = At::Idle;
    }

    /// The sender gets an answer with status 2xx.
    pub fn answer(&mut self, id: u8) {
        if !self.state.record(id).stage.is_accepted() {
            self.violate(Invariant::AnswerFromARecord);
        }
        self.me().at = At::Idle;
    }

    /// The record is written, with this stage.
    pub fn write_stage(&mut self, stage: Stage) {
        let id = self.id();
        let old = self.state.record(id).stage;
        let is_back = (old.is_over() || old == Stage::Tombstone) && old != stage
            || old == Stage::Running
                && !matches!(stage, Stage::Running | Stage::Completed | Stage::Closed);
        let is_ended_again = old.is_over() && matches!(self.me().at, At::End(_) | At::Intend(_));
        if is_back || is_ended_again {
            self.violate(Invariant::NeverBack);
        }
        self.state.record_mut(id).stage = stage;
        self.state.written(self.by, RECORD, |other| other == id);
    }
}
