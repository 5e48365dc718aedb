//! One call of a process, and what comes of it.

use crate::invariants::Invariant;
use crate::setup::{Broken, Setup};
use crate::state::{
    At, COUNT, DELIVERY, NONE, Process, Progress, RECORD, SESSIONS, SWITCH, Stage, State, TARGET,
    Target, URLS, resumed,
};

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

    fn id(&self) -> u8 {
        self.state.processes[self.by].record
    }

    pub fn knows(&self, bit: u8) -> bool {
        self.state.processes[self.by].current & bit != 0
    }

    fn is(&self, broken: Broken) -> bool {
        self.setup.broken == broken
    }

    fn is_earlier(&self) -> bool {
        self.setup.earlier[self.by]
    }

    pub fn is_url(&self) -> bool {
        self.by < URLS
    }

    fn violate(&mut self, invariant: Invariant) {
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
        let (at, queue, records) = (self.me().at, self.state.queue, self.state.records);
        self.step();
        self.me().at = at;
        self.me().resent = true;
        // What follows the commit waits for its answer.
        self.state.queue = queue;
        records != self.state.records
    }

    fn read_the_delivery(&mut self) {
        let id = self.id();
        let (delivery, approval) = (self.setup.delivery(id), self.setup.approval(id));
        let used = self.state.approvals[approval] != NONE;
        let first = self.state.deliveries[delivery];
        self.me().current |= DELIVERY;
        self.me().used = used;
        if first == NONE || self.state.record(first).stage == Stage::Refused {
            let sent = self.me().sent || self.is(Broken::WakeAfterAccept);
            self.me().at = if sent { At::Accept } else { At::Wake };
            return;
        }
        let known = *self.state.record(first);
        if known.stage.is_over() || known.leased || first == id {
            self.answer(first);
        } else {
            self.me().record = first;
            self.me().at = At::WakeAgain;
        }
    }

    fn accept(&mut self) {
        let id = self.id();
        let is_met = self.knows(DELIVERY) || self.is(Broken::AcceptWithoutDelivery);
        match self.state.record(id).stage {
            Stage::Absent if is_met => {}
            Stage::Absent => return self.me().at = At::Start,
            // What its message has blocked is not accepted any more. Its sender gets no good answer.
            _ => return self.me().at = At::Idle,
        }
        let delivery = self.setup.delivery(id);
        let first = self.state.deliveries[delivery];
        if first != NONE && self.state.record(first).stage != Stage::Refused {
            self.violate(Invariant::DeliveryOnce);
        }
        self.state.deliveries[delivery] = id;
        self.state.record_mut(id).leased = !self.state.processes[self.by].late;
        self.write_stage(Stage::Waiting);
        let setup = *self.setup;
        let same = |other| setup.delivery(other) == delivery;
        self.state.written(self.by, DELIVERY, same);
        self.me().at = match self.is(Broken::WakeAfterAccept) {
            true => At::Wake,
            false => self.accepted(),
        };
    }

    fn accepted(&mut self) -> At {
        self.me().sent = false;
        match self.me().used {
            true => At::End(Stage::Repeats),
            false => At::Look,
        }
    }

    /// The acceptance may have happened or not, and that cannot be found out.
    pub fn accept_unanswered(&mut self, happens: bool) {
        if happens {
            self.accept();
        }
        match self.is(Broken::LostAcceptCounts) {
            true => self.answer(self.id()),
            false => self.me().at = At::Idle,
        }
    }

    /// A worker has a message, or a request takes up what is known.
    pub fn find(&mut self) {
        let record = *self.state.record(self.id());
        self.me().current |= RECORD;
        self.me().at = match record.stage {
            Stage::Absent if self.is(Broken::NoTombstone) => At::Idle,
            Stage::Absent => At::Tombstone,
            Stage::Tombstone => At::Idle,
            stage if stage.is_over() && !record.owed => At::Idle,
            _ => At::Take,
        };
    }

    fn tombstone(&mut self) {
        if self.state.record(self.id()).stage == Stage::Absent {
            self.write_stage(Stage::Tombstone);
            self.me().at = At::Idle;
        } else {
            // It was accepted meanwhile: the message comes again.
            self.lost();
        }
    }

    fn take(&mut self) {
        let id = self.id();
        if !self.knows(RECORD) {
            return self.lost();
        }
        let trusts = self.is(Broken::TrustsTrying);
        let record = self.state.record_mut(id);
        record.leased = true;
        if record.stage == Stage::Running {
            record.tasks = resumed(record.tasks, trusts);
        }
        let stage = record.stage;
        self.write_stage(stage);
        self.taken();
    }

    fn taken(&mut self) {
        let record = *self.state.record(self.id());
        self.me().tasks = record.tasks;
        self.me().at = match (record.stage, record.aged) {
            (Stage::Waiting, true) => At::End(Stage::Refused),
            (Stage::Waiting, false) => At::Begin,
            (Stage::Running, true) => {
                self.me().current |= TARGET;
                At::LastList
            }
            (Stage::Running, false) => At::Resume,
            // It was over by the time that a request took it up: the worker notifies, after this lease.
            _ if self.is_url() && !self.is_earlier() => return self.answer(self.id()),
            _ => At::Search,
        };
    }

    fn begin(&mut self) -> At {
        let approval = self.setup.approval(self.id());
        match self.state.approvals[approval] {
            NONE => At::Look,
            _ => At::End(Stage::Repeats),
        }
    }

    /// One read of the switch, the target and the counts.
    fn look(&mut self) -> At {
        let id = self.id();
        let place = self.setup.target(id);
        let target = self.state.targets[place];
        let is_busy = target.running && target.reset != id;
        let is_capped = self.state.count >= self.setup.cap;
        if is_busy || is_capped || self.state.frozen {
            // If one of the approvals is used by now, that is what is in the way.
            return match self.begin() {
                At::Look if is_busy && !self.state.frozen => At::Release,
                At::Look => At::End(Stage::Refused),
                repeats => repeats,
            };
        }
        self.me().current |= TARGET | COUNT | SWITCH;
        At::Claim
    }

    /// The methods as they are, once: a claim that is tried again keeps its plan.
    fn plan(&mut self) {
        let done = self.state.graph[self.setup.target(self.id())];
        let methods = self.setup.methods;
        for (task, progress) in self.me().tasks.iter_mut().enumerate() {
            let is_planned = task == SESSIONS || task <= methods && done & (1 << task) == 0;
            *progress = match is_planned {
                true => Progress::Pending,
                false => Progress::Done,
            };
        }
    }

    fn claim(&mut self) {
        let id = self.id();
        if !self.knows(RECORD) {
            return self.lost();
        }
        let (approval, place) = (self.setup.approval(id), self.setup.target(id));
        let is_used = self.state.approvals[approval] != NONE;
        if is_used && !self.is(Broken::ClaimWithoutApproval) {
            return self.me().at = At::End(Stage::Repeats);
        }
        // Where two claims share a count, its version would catch what that of the target does not.
        let is_blind = self.is(Broken::ClaimWithoutTarget);
        let is_known = (self.knows(TARGET) || is_blind)
            && (self.knows(COUNT) || is_blind || self.is(Broken::ClaimWithoutCount))
            && (self.knows(SWITCH) || self.is(Broken::ClaimWithoutSwitch));
        if !is_known {
            // The conflict carries what is there now.
            return self.me().at = self.look();
        }
        if is_used {
            self.violate(Invariant::ApprovalOnce);
        }
        if self.state.frozen {
            self.violate(Invariant::NoClaimOnAFreeze);
        }
        self.state.approvals[approval] = id;
        self.state.targets[place] = Target {
            reset: id,
            running: true,
        };
        self.state.count += 1;
        if self.state.count > self.setup.cap {
            self.violate(Invariant::Cap);
        }
        let setup = *self.setup;
        let same = |other| setup.target(other) == place;
        self.state.written(self.by, TARGET, same);
        self.state.written(self.by, COUNT, |_| true);
        let mut tasks = self.me().tasks;
        if !self.is_earlier() {
            tasks[SESSIONS] = Progress::Trying;
        }
        self.me().tasks = tasks;
        self.state.record_mut(id).tasks = tasks;
        self.write_stage(Stage::Running);
        self.claimed();
    }

    fn claimed(&mut self) {
        if self.is_earlier() {
            return self.me().at = self.next();
        }
        self.me().intended |= 1 << SESSIONS;
        self.me().at = At::Change(SESSIONS as u8);
    }

    fn resume(&mut self) {
        if self.state.frozen {
            return self.me().at = At::Release;
        }
        self.me().current |= TARGET;
        // Sessions first; the list is read beside that.
        self.me().at = match self.me().tasks[SESSIONS] {
            Progress::Pending => self.next(),
            _ => At::List,
        };
    }

    /// What is next for a claimed reset.
    fn next(&mut self) -> At {
        let tasks = self.me().tasks;
        let pending = tasks.iter().position(|task| *task == Progress::Pending);
        if let Some(task) = pending {
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

    fn intend(&mut self, task: u8) {
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

    fn intended(&mut self, task: u8) {
        self.me().at = match self.is(Broken::IntentAfterTheChange) {
            true => self.next(),
            false => At::Change(task),
        };
    }

    /// Graph does it.
    fn change(&mut self, task: u8) {
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
        self.me().at = self.next();
    }

    fn change_happens(&mut self, task: u8) {
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

    fn forget_intent(&mut self, task: u8) {
        self.me().intended &= !(1 << task);
        self.me().overtaken &= !(1 << task);
    }

    fn list(&mut self) {
        let done = self.state.graph[self.setup.target(self.id())];
        for (task, progress) in self.me().tasks.iter_mut().enumerate().skip(1) {
            *progress = match (*progress, done & (1 << task) != 0) {
                (Progress::Lost | Progress::Asked, true) => Progress::Done,
                // Its answer was lost, and it is still there.
                (Progress::Lost, false) => Progress::Pending,
                (unchanged, _) => unchanged,
            };
        }
    }

    fn end(&mut self, stage: Stage) {
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

    fn ended(&mut self) {
        self.told_of_the_end();
    }

    fn free_target(&mut self) {
        let place = self.setup.target(self.id());
        self.state.targets[place].running = false;
        let setup = *self.setup;
        let same = |other| setup.target(other) == place;
        self.state.written(self.by, TARGET, same);
    }

    fn told_of_the_end(&mut self) {
        let repeats = self.state.record(self.id()).stage == Stage::Repeats;
        match (self.is_url() && !self.is_earlier(), repeats) {
            (_, true) => self.finished(),
            (true, _) if self.me().sent => self.answer(self.id()),
            (true, _) => self.me().at = At::WakeEnd,
            (false, _) => self.me().at = At::Search,
        }
    }

    fn note(&mut self) {
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

    fn settle(&mut self) {
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

    fn finished(&mut self) {
        match self.is_url() {
            true => self.answer(self.id()),
            // Its message is done with.
            false => self.me().at = At::Idle,
        }
    }

    fn release(&mut self) {
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

    fn released(&mut self) {
        self.state.send(self.id());
        match self.is_url() {
            true => self.answer(self.id()),
            false => self.me().at = At::Idle,
        }
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
        match self.me().at {
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
    fn answer(&mut self, id: u8) {
        if !self.state.record(id).stage.is_accepted() {
            self.violate(Invariant::AnswerFromARecord);
        }
        self.me().at = At::Idle;
    }

    /// The record is written, with this stage.
    fn write_stage(&mut self, stage: Stage) {
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
