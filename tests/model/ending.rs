//! The end of a run: of the reset, of its notifications, or a release for the next run.

use crate::invariant::Invariant;
use crate::setup::Broken;
use crate::state::{At, RECORD, Stage, TARGET};
use crate::steps::Turn;

impl Turn<'_> {
    pub fn end(&mut self, stage: Stage) {
        let id = self.id();
        if !self.knows(RECORD) && !self.is(Broken::EndWithoutFence) {
            return self.lost();
        }
        let is_reset = matches!(stage, Stage::Completed | Stage::Closed);
        let is_apart = self.is(Broken::EndInTwoCommits);
        if is_reset && !is_apart {
            if !self.knows(TARGET) && !self.is(Broken::EndWithoutTarget) {
                // The conflict carries the target: once more.
                return self.me().current |= TARGET;
            }
            self.free_target();
        }
        let done = self.state.graph[self.setup.target(id)];
        let all = (1 << (self.setup.methods + 1)) - 1;
        if stage == Stage::Completed && done & all != all {
            self.violate(Invariant::NoFalseSuccess);
        }
        let is_forgotten = self.is(Broken::ForgetsWhatItOwes);
        let (tasks, notifies) = (self.me().tasks, !self.is_url() || self.is_earlier());
        let is_released = !notifies || self.is(Broken::EndReleasesAndNotifies);
        let record = self.state.record_mut(id);
        record.tasks = tasks;
        record.owed = stage != Stage::Repeats && !is_forgotten;
        record.leased &= !is_released && record.owed;
        self.write_stage(stage);
        if is_reset && is_apart {
            return self.me().at = At::Free;
        }
        self.ended();
    }

    pub fn ended(&mut self) {
        self.told_of_the_end();
    }

    pub fn free_target(&mut self) {
        let place = self.setup.target(self.id());
        self.state.targets[place].running = false;
        let setup = *self.setup;
        let same = |other| setup.target(other) == place;
        self.state.written(self.by, TARGET, same);
    }

    pub fn told_of_the_end(&mut self) {
        let repeats = self.state.record(self.id()).stage == Stage::Repeats;
        match (self.is_url() && !self.is_earlier(), repeats) {
            (_, true) => self.finished(),
            (true, _) if self.me().sent => self.answer(self.id()),
            (true, _) => self.me().at = At::WakeEnd,
            (false, _) => self.me().at = At::Search,
        }
    }

    pub fn note(&mut self) {
        let is_excused = !self.knows(RECORD) && (self.me().late || self.me().skewed);
        let record = self.state.record_mut(self.id());
        record.notes = (record.notes + 1).min(3);
        record.late_notes += u8::from(is_excused && record.late_notes < 2);
        let is_too_many = record.notes > 1 + record.late_notes;
        if is_too_many {
            self.violate(Invariant::NoteOnce);
        }
        self.me().at = At::Settle;
    }

    pub fn settle(&mut self) {
        if !self.knows(RECORD) {
            return self.lost();
        }
        let record = self.state.record_mut(self.id());
        record.owed = false;
        record.leased = false;
        let stage = record.stage;
        self.write_stage(stage);
        self.finished();
    }

    pub fn finished(&mut self) {
        match self.is_url() {
            true => self.replay(self.id()),
            // Its message is done with.
            false => self.me().at = At::Idle,
        }
    }

    pub fn release(&mut self) {
        if !self.knows(RECORD) {
            return self.lost();
        }
        let tasks = self.me().tasks;
        let record = self.state.record_mut(self.id());
        if record.stage == Stage::Running {
            record.tasks = tasks;
        }
        record.leased = false;
        let stage = record.stage;
        self.write_stage(stage);
        self.released();
    }

    pub fn released(&mut self) {
        self.state.send(self.id());
        match self.is_url() {
            true => self.answer(self.id()),
            false => self.me().at = At::Idle,
        }
    }
}
