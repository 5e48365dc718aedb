//! The delivery, its acceptance, and how a record is taken up.

use crate::invariant::Invariant;
use crate::setup::Broken;
use crate::state::{At, DELIVERY, NONE, RECORD, Stage, TARGET, resumed};
use crate::steps::Turn;

impl Turn<'_> {
    pub fn read_the_delivery(&mut self) {
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
        match first == id {
            true => self.answer(first),
            false => self.replay(first),
        }
    }

    /// A request gets what came of this record, or of the one that it repeats; or takes that up, if no run has it.
    pub fn replay(&mut self, known: u8) {
        let known = match self.state.record(known).stage {
            Stage::Repeats => self.state.approvals[self.setup.approval(known)],
            _ => known,
        };
        let record = *self.state.record(known);
        if record.stage.is_over() || record.leased {
            return self.answer(known);
        }
        self.me().record = known;
        self.me().sent = false;
        self.me().at = At::WakeAgain;
    }

    pub fn accept(&mut self) {
        let id = self.id();
        let is_met = self.knows(DELIVERY) || self.is(Broken::AcceptWithoutDelivery);
        match self.state.record(id).stage {
            Stage::Absent if is_met => {}
            Stage::Absent => return self.me().at = At::Start,
            // What its message has blocked is not accepted any more. Its sender gets no good answer, unless the same
            // delivery was accepted meanwhile.
            _ => {
                let first = self.state.deliveries[self.setup.delivery(id)];
                let is_known = first != NONE && self.state.record(first).stage != Stage::Refused;
                return self.me().at = if is_known { At::Start } else { At::Idle };
            }
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

    pub fn accepted(&mut self) -> At {
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
        let is_asked = self.is_url() && !self.is_earlier();
        self.me().current |= RECORD;
        self.me().at = match record.stage {
            Stage::Absent if self.is(Broken::NoTombstone) => At::Idle,
            Stage::Absent => At::Tombstone,
            Stage::Tombstone => At::Idle,
            stage if stage.is_over() && !record.owed => At::Idle,
            // Another run was first; or it came to its end meanwhile, and the worker notifies.
            stage if record.leased || stage.is_over() && is_asked => {
                return self.answer(self.id());
            }
            _ => At::Take,
        };
    }

    pub fn tombstone(&mut self) {
        if self.state.record(self.id()).stage == Stage::Absent {
            self.write_stage(Stage::Tombstone);
            self.me().at = At::Idle;
        } else {
            // It was accepted meanwhile: the message comes again.
            self.lost();
        }
    }

    pub fn take(&mut self) {
        let id = self.id();
        if !self.knows(RECORD) {
            return self.lost();
        }
        let trusts = self.is(Broken::TrustsTrying);
        let is_in_time = !self.me().late;
        let record = self.state.record_mut(id);
        record.leased = is_in_time;
        if record.stage == Stage::Running {
            record.tasks = resumed(record.tasks, trusts);
        }
        let stage = record.stage;
        self.write_stage(stage);
        self.taken();
    }

    pub fn taken(&mut self) {
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
            _ => At::Search,
        };
    }
}
