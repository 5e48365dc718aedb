//! What is checked: two requests, how many faults may come, which version each process is of, and how the protocol is
//! broken on purpose.

use crate::state::PROCESSES;

/// The methods that a person has.
pub const METHODS: usize = 2;

/// How the protocol is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// It is not.
    No,
    IntentWithoutFence,
    IntentAfterTheChange,
    ActsBeforeAcceptance,
    EndWithoutFence,
    WakeAfterAccept,
    NoTombstone,
    AcceptWithoutDelivery,
    LostAcceptCounts,
    ClaimWithoutApproval,
    ClaimWithoutTarget,
    ClaimWithoutCount,
    ClaimWithoutSwitch,
    EndInTwoCommits,
    ForgetsWhatItOwes,
    EndReleasesAndNotifies,
    TrustsTrying,
    NotesWithoutSearch,
    WakeDropsWhatIsLeased,
    /// This one breaks nothing: the version of the record guards the target, too.
    EndWithoutTarget,
}

/// What two requests have in common.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub name: &'static str,
    /// The delivery, the approval and the target of each.
    pub deliveries: [u8; 2],
    pub approvals: [u8; 2],
    pub targets: [u8; 2],
    /// How many claims the cap allows.
    pub cap: u8,
    pub methods: usize,
    pub workers: usize,
    /// How many faults there may be in one run of the world.
    pub faults: u8,
    /// Which processes are of the earlier version.
    pub earlier: [bool; PROCESSES],
    pub broken: Broken,
}

const NEW: [bool; PROCESSES] = [false; PROCESSES];

pub const SAME_DELIVERY: Setup = Setup {
    name: "one delivery twice",
    deliveries: [0, 0],
    approvals: [0, 0],
    targets: [0, 0],
    cap: 2,
    methods: 1,
    workers: 1,
    faults: 1,
    earlier: NEW,
    broken: Broken::No,
};

pub const ONE_APPROVAL: Setup = Setup {
    name: "two deliveries with one approval",
    deliveries: [0, 1],
    ..SAME_DELIVERY
};

pub const ONE_TARGET: Setup = Setup {
    name: "two approvals for one target",
    approvals: [0, 1],
    ..ONE_APPROVAL
};

pub const ONE_CAP: Setup = Setup {
    name: "two targets under a cap of one",
    targets: [0, 1],
    cap: 1,
    ..ONE_TARGET
};

pub const ALL: [Setup; 4] = [SAME_DELIVERY, ONE_APPROVAL, ONE_TARGET, ONE_CAP];

impl Setup {
    pub fn broken(self, broken: Broken) -> Setup {
        Setup { broken, ..self }
    }

    pub fn faults(self, faults: u8) -> Setup {
        Setup { faults, ..self }
    }

    pub fn methods(self, methods: usize) -> Setup {
        Setup { methods, ..self }
    }

    pub const fn workers(self, workers: usize) -> Setup {
        Setup { workers, ..self }
    }

    /// The processes of the URL, or the workers, are of the earlier version, as during a deployment.
    pub fn earlier(self, url: bool, worker: bool) -> Setup {
        Setup {
            earlier: [url, url, worker, worker],
            ..self
        }
    }

    pub fn delivery(&self, id: u8) -> usize {
        self.deliveries[usize::from(id)].into()
    }

    pub fn approval(&self, id: u8) -> usize {
        self.approvals[usize::from(id)].into()
    }

    pub fn target(&self, id: u8) -> usize {
        self.targets[usize::from(id)].into()
    }
}
