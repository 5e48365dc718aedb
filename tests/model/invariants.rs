//! What must always hold, by name.

use stateright::Property;

use crate::protocol::Protocol;
use crate::setup::Setup;
use crate::state::{At, NONE, Stage, State};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Invariant {
    ApprovalOnce = 1,
    DeliveryOnce = 2,
    AcceptedFirst = 4,
    IntentFirst = 8,
    NoChangeAfterTheLease = 16,
    NoClaimOnAFreeze = 32,
    Cap = 64,
    NeverBack = 128,
    NoFalseSuccess = 256,
    NoteOnce = 512,
    AnswerFromARecord = 1024,
    /// These are read off the state.
    OneRunning,
    HeldByARun,
    EveryRequestEnds,
}

use Invariant::*;

impl Invariant {
    pub const ALL: [Invariant; 14] = [
        ApprovalOnce,
        DeliveryOnce,
        AcceptedFirst,
        IntentFirst,
        NoChangeAfterTheLease,
        NoClaimOnAFreeze,
        Cap,
        NeverBack,
        NoFalseSuccess,
        NoteOnce,
        AnswerFromARecord,
        OneRunning,
        HeldByARun,
        EveryRequestEnds,
    ];

    pub fn bit(self) -> u16 {
        self as u16
    }

    pub fn name(self) -> &'static str {
        match self {
            ApprovalOnce => "an approval is used at most once",
            DeliveryOnce => "a delivery is accepted once, unless it was refused",
            AcceptedFirst => "nothing is changed before the acceptance",
            IntentFirst => "no change without an intent in the record before it",
            NoChangeAfterTheLease => {
                "no change by a run that had lost its lease as it wrote the intent"
            }
            NoClaimOnAFreeze => "no claim on a freeze",
            Cap => "no more claims than the cap allows",
            NeverBack => "a record never goes back",
            NoFalseSuccess => "completed only if everything is done in Graph",
            NoteOnce => "one note, unless a run wrote it after its lease",
            AnswerFromARecord => "an answer 2xx only if there is a record",
            OneRunning => "a target has one running reset at a time",
            HeldByARun => "a target is held exactly while its reset runs",
            EveryRequestEnds => "every accepted request ends, and its notifications are sent",
        }
    }

    pub fn property(self) -> Property<Protocol> {
        let condition: fn(&Protocol, &State) -> bool = match self {
            ApprovalOnce => |_, state| holds(state, ApprovalOnce),
            DeliveryOnce => |_, state| holds(state, DeliveryOnce),
            AcceptedFirst => |_, state| holds(state, AcceptedFirst),
            IntentFirst => |_, state| holds(state, IntentFirst),
            NoChangeAfterTheLease => |_, state| holds(state, NoChangeAfterTheLease),
            NoClaimOnAFreeze => |_, state| holds(state, NoClaimOnAFreeze),
            Cap => |_, state| holds(state, Cap),
            NeverBack => |_, state| holds(state, NeverBack),
            NoFalseSuccess => |_, state| holds(state, NoFalseSuccess),
            NoteOnce => |_, state| holds(state, NoteOnce),
            AnswerFromARecord => |_, state| holds(state, AnswerFromARecord),
            OneRunning => |protocol, state| one_running(&protocol.setup, state),
            HeldByARun => |protocol, state| held_by_a_run(&protocol.setup, state),
            EveryRequestEnds => |_, state| !is_quiet(state) || is_at_its_end(state),
        };
        Property::always(self.name(), condition)
    }
}

fn holds(state: &State, invariant: Invariant) -> bool {
    state.broke & invariant.bit() == 0
}

fn one_running(setup: &Setup, state: &State) -> bool {
    let [first, second] = &state.records;
    !(first.stage == Stage::Running
        && second.stage == Stage::Running
        && setup.target(0) == setup.target(1))
}

fn held_by_a_run(setup: &Setup, state: &State) -> bool {
    let runs = |id: u8| state.record(id).stage == Stage::Running;
    let is_held = |id: u8| {
        let target = state.targets[setup.target(id)];
        target.running && target.reset == id
    };
    (0..2).all(|id| runs(id) == is_held(id))
        && state
            .targets
            .iter()
            .all(|target| !target.running || target.reset != NONE)
}

/// Whether nothing happens any more by itself: no process works, and no message is there.
pub fn is_quiet(state: &State) -> bool {
    let rests = |at| matches!(at, At::Start | At::Idle);
    state.processes.iter().all(|process| rests(process.at)) && state.queue == [0, 0]
}

/// Whether whatever was accepted is over and notified.
pub fn is_at_its_end(state: &State) -> bool {
    state.records.iter().all(|record| {
        !record.stage.is_accepted()
            || record.stage.is_over()
                && !record.owed
                && (record.notes > 0 || record.stage == Stage::Repeats)
    })
}
