//! What must always hold, as conditions on a state.

use crate::invariant::Invariant::{self, *};
use crate::protocol::{Looked, Protocol};
use crate::setup::Setup;
use crate::state::{At, NONE, Stage, State};

pub fn condition(invariant: Invariant) -> Looked {
    let condition: fn(&Protocol, &State) -> bool = match invariant {
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
    Looked {
        name: invariant.name(),
        always: true,
        condition,
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
