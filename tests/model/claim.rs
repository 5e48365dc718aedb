//! From a record that waits to its claim, and the resumption of what was claimed.

use crate::invariant::Invariant;
use crate::setup::Broken;
use crate::state::{At, COUNT, NONE, Progress, RECORD, SESSIONS, SWITCH, Stage, TARGET, Target};
use crate::steps::Turn;

impl Turn<'_> {
    pub fn begin(&mut self) -> At {
        let approval = self.setup.approval(self.id());
        match self.state.approvals[approval] {
            NONE => At::Look,
            _ => At::End(Stage::Repeats),
        }
    }

    /// One read of the switch, the target and the counts.
    pub fn look(&mut self) -> At {
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
    pub fn plan(&mut self) {
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

    pub fn claim(&mut self) {
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

    pub fn claimed(&mut self) {
        if self.is_earlier() {
            return self.me().at = self.next();
        }
        self.me().intended |= 1 << SESSIONS;
        self.me().at = At::Change(SESSIONS as u8);
    }

    pub fn resume(&mut self) {
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
}
