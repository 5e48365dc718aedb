//! What is in the world at one moment: the table's items, the queue, Graph, and the processes.
//!
//! An item has no version. A process that read or wrote an item has a bit for it, and every write of the item by another
//! process clears the bit: a condition on a version holds exactly while the bit is set. So the versions, which only ever
//! grow, do not make the states endless.

use crate::setup::{METHODS, Setup};

/// No record.
pub const NONE: u8 = 9;

/// Processes: two behind the URL, and two workers.
pub const URLS: usize = 2;
pub const PROCESSES: usize = 4;

/// Sessions, and the methods.
pub const TASKS: usize = 1 + METHODS;
pub const SESSIONS: usize = 0;

/// More messages of one record at once make no difference here: what they do, two do.
const MOST_MESSAGES: u8 = 2;

/// How far one task of a reset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Progress {
    Pending,
    /// The same after a pause: others go first.
    Again,
    /// Written down before it is sent.
    Trying,
    /// Its answer was lost.
    Lost,
    /// Graph said yes; no list has confirmed it.
    Asked,
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    Absent,
    Tombstone,
    Waiting,
    Running,
    Completed,
    /// Closed after two hours: `needs_human`.
    Closed,
    Refused,
    Repeats,
}

impl Stage {
    pub fn is_accepted(self) -> bool {
        !matches!(self, Stage::Absent | Stage::Tombstone)
    }

    pub fn is_over(self) -> bool {
        self.is_accepted() && !matches!(self, Stage::Waiting | Stage::Running)
    }
}

/// `reset#ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Record {
    pub stage: Stage,
    /// Whether its lease lasts, by the clocks of those who look.
    pub leased: bool,
    pub tasks: [Progress; TASKS],
    /// Whether a notification is owed.
    pub owed: bool,
    /// Whether its two hours are over.
    pub aged: bool,
    /// The notes in its ticket, and how many of them were written by a run that had lost its lease through its clock.
    pub notes: u8,
    pub late_notes: u8,
}

/// `target#TENANT#OBJECT-ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    pub reset: u8,
    pub running: bool,
}

/// The next call of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    /// A process of the URL before its delivery has come; it reads the delivery and the approvals.
    Start,
    /// The message for the end of the lease.
    Wake,
    Accept,
    /// A request that comes again takes the record up: first its message.
    WakeAgain,
    Take,
    Tombstone,
    /// A worker reads the approvals of a record that waits.
    Begin,
    /// Freeze, target, counts, methods.
    Look,
    Claim,
    /// A resumption reads the switch.
    Resume,
    Intend(u8),
    Change(u8),
    List,
    /// The last list of a reset that is closed.
    LastList,
    /// The earlier version reads the target before it ends.
    ReadTarget,
    End(Stage),
    /// Only in a broken variant: the target is freed in a commit of its own.
    Free,
    WakeEnd,
    Search,
    Note,
    Settle,
    Release,
    /// Over: a process of the URL has answered or is gone, a worker waits for a message.
    Idle,
}

impl At {
    /// Whether the next call is a commit.
    pub fn is_commit(self) -> bool {
        use At::*;
        matches!(
            self,
            Accept | Take | Tombstone | Claim | Intend(_) | End(_) | Settle | Release
        )
    }

    /// Whether a run has a lease here.
    pub fn has_lease(self) -> bool {
        use At::*;
        !matches!(
            self,
            Start | Wake | Accept | WakeAgain | Take | Tombstone | WakeEnd | Free | Idle
        )
    }
}

/// The bits of [`Process::current`]: what the process knows at the version that is there.
pub const RECORD: u8 = 1;
pub const DELIVERY: u8 = 2;
pub const TARGET: u8 = 4;
pub const COUNT: u8 = 8;
pub const SWITCH: u8 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Process {
    pub at: At,
    pub record: u8,
    pub current: u8,
    /// What it knows of its tasks, ahead of the record.
    pub tasks: [Progress; TASKS],
    /// It was frozen: its lease is over, and its clock says so.
    pub late: bool,
    /// Its lease is over for others, whose clocks are ahead.
    pub skewed: bool,
    /// Its approval was used when it looked.
    pub used: bool,
    /// The message that belongs to its next commit has been sent.
    pub sent: bool,
    /// The commit happened, its answer was lost, and it is sent again.
    pub resent: bool,
    /// The changes that it has written down under its lease and not sent yet, and those after it had lost it.
    pub intended: u8,
    pub overtaken: u8,
}

impl Process {
    /// Whether it goes on with a record, and has not been overtaken.
    pub fn has_lease(&self) -> bool {
        (self.at.has_lease() || self.resent) && self.current & RECORD != 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    pub records: [Record; 2],
    pub deliveries: [u8; 2],
    pub approvals: [u8; 2],
    pub targets: [Target; 2],
    pub count: u8,
    pub frozen: bool,
    pub queue: [u8; 2],
    /// What is done in Graph, a bit for each task, by target.
    pub graph: [u8; 2],
    pub processes: [Process; PROCESSES],
    /// How many faults may still come.
    pub faults: u8,
    /// What must never be and was: a bit for each invariant that is checked at a step.
    pub broke: u16,
}

impl State {
    pub fn new(setup: &Setup) -> State {
        let process = |index: usize| Process {
            at: if index < URLS { At::Start } else { At::Idle },
            record: if index < URLS { index as u8 } else { 0 },
            current: 0,
            tasks: [Progress::Pending; TASKS],
            late: false,
            skewed: false,
            used: false,
            sent: false,
            resent: false,
            intended: 0,
            overtaken: 0,
        };
        let record = Record {
            stage: Stage::Absent,
            leased: false,
            tasks: [Progress::Pending; TASKS],
            owed: false,
            aged: false,
            notes: 0,
            late_notes: 0,
        };
        let free = Target {
            reset: NONE,
            running: false,
        };
        State {
            records: [record; 2],
            deliveries: [NONE; 2],
            approvals: [NONE; 2],
            targets: [free; 2],
            count: 0,
            frozen: false,
            queue: [0; 2],
            graph: [0; 2],
            processes: std::array::from_fn(process),
            faults: setup.faults,
            broke: 0,
        }
    }

    pub fn record(&self, id: u8) -> &Record {
        &self.records[usize::from(id)]
    }

    pub fn record_mut(&mut self, id: u8) -> &mut Record {
        &mut self.records[usize::from(id)]
    }

    /// Whether a process goes on with this record and has not been overtaken.
    pub fn has_holder(&self, id: u8) -> bool {
        let mut processes = self.processes.iter();
        processes.any(|process| process.record == id && process.has_lease())
    }

    pub fn send(&mut self, id: u8) {
        let messages = &mut self.queue[usize::from(id)];
        *messages = (*messages + 1).min(MOST_MESSAGES);
    }

    /// An item was written by this process: it alone knows it as it is. `concerns` says whose item it is.
    pub fn written(&mut self, by: usize, bit: u8, concerns: impl Fn(u8) -> bool) {
        for (index, process) in self.processes.iter_mut().enumerate() {
            if index == by {
                process.current |= bit;
            } else if concerns(process.record) {
                process.current &= !bit;
            }
        }
    }
}

/// What a run makes of the tasks as it takes a record up: what was being sent has a lost answer.
pub fn resumed(mut tasks: [Progress; TASKS], trusts_trying: bool) -> [Progress; TASKS] {
    for (index, task) in tasks.iter_mut().enumerate() {
        if *task == Progress::Again {
            *task = Progress::Pending;
        }
        if *task == Progress::Trying {
            *task = match (trusts_trying, index) {
                (true, _) => Progress::Done,
                // To revoke twice does no harm.
                (false, SESSIONS) => Progress::Pending,
                (false, _) => Progress::Lost,
            };
        }
    }
    tasks
}
