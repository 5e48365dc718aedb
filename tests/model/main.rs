//! The durability protocol as a model that is checked exhaustively: every order of the calls of two requests and their
//! workers, with faults.
//!
//! Modelled are
//!
//! - two requests with the same delivery, one approval, one target, or a cap of one in common; two processes behind the
//!   URL, up to two workers
//! - every commit with its conditions; every item's version, as whether a process still knows the newest
//! - sessions and two methods, each with its intent; lists; lost answers
//! - the note: looked for, then written
//! - faults: a failed call, crash, freeze, clocks that differ, a commit sent again, a duplicate message, the switch, the
//!   two hours
//! - a deployment: processes of the earlier version, which write the target by what they read before the end
//!
//! Not modelled are
//!
//! - more than two requests, several approvals in one
//! - times: a lease ends when its run is gone or frozen, or at a wrong clock
//! - deferred methods, a list that lags, a phone that is registered anew
//! - the trail and the topic, which may get the same twice; a notification that is given up
//! - a message that is lost, since SQS does not lose one
//! - a forged record, which `tests/scenarios/resumption.rs` has
//!
//! | file | holds |
//! |---|---|
//! | `setup` | what two requests have in common, how many faults may come, how the protocol is broken on purpose |
//! | `state` | the table's items, the queue, Graph and the processes |
//! | `steps` | one call of a process, and what comes of it: `acceptance`, `claim`, `acting`, `ending` |
//! | `protocol` | what may happen next |
//! | `invariant`, `invariants` | what must always hold: by name, and as conditions |
//! | `ends` | whether an end can be reached from everywhere |
//! | `traces`, `replay` | paths of the model that real runs walk |
//!
//! ```text
//! cargo test --test model -- --nocapture      prints states and depth
//! make model                                  two methods, two workers, more faults
//! WALKS=20000 cargo test --test model real    so many walks by chance
//! SEED=7 cargo test --test model real -- --nocapture      that walk alone, step by step
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod acceptance;
mod acting;
mod claim;
mod ending;
mod ends;
mod invariant;
mod invariants;
mod protocol;
mod replay;
mod setup;
mod state;
mod steps;
mod traces;
#[path = "../support/wiring.rs"]
mod wiring;

use std::time::Instant;

use invariant::Invariant;
use invariants::condition;
use protocol::Protocol;
use setup::{ALL, Broken, ONE_APPROVAL, ONE_CAP, ONE_TARGET, SAME_DELIVERY, Setup};
use stateright::{Checker, Model};

/// Whether `make model` runs.
fn is_large() -> bool {
    std::env::var("MODEL").is_ok_and(|size| size == "large")
}

/// Looks at every state of a setup. Gives the invariants that do not hold, with the shortest way there.
fn check(setup: Setup, wanted: &[Invariant]) -> Vec<(Invariant, String)> {
    let began = Instant::now();
    let protocol = Protocol {
        setup,
        looked: wanted.iter().map(|one| condition(*one)).collect(),
    };
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    println!(
        "{}{}, {} methods, {} workers, {} faults: {} states, {} of them unique, depth {}, {:.1} s",
        setup.name,
        match (setup.broken, setup.earlier) {
            (Broken::No, [false, _, false, _]) => String::new(),
            (Broken::No, [true, _, false, _]) => " (an earlier URL)".to_owned(),
            (Broken::No, _) => " (an earlier worker)".to_owned(),
            (broken, _) => format!(" ({broken:?})"),
        },
        setup.methods,
        setup.workers,
        setup.faults,
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        began.elapsed().as_secs_f32(),
    );
    let violated = |invariant: &Invariant| {
        let path = checker.discovery(invariant.name())?;
        Some((*invariant, format!("{:?}", path.into_actions())))
    };
    wanted.iter().filter_map(violated).collect()
}

fn holds(setup: Setup) {
    let violated = check(setup, &Invariant::ALL);
    assert!(violated.is_empty(), "{}: {violated:#?}", setup.name);
}

#[test]
fn every_invariant_holds_in_every_state() {
    for setup in ALL {
        if is_large() {
            holds(setup.methods(2).workers(2));
            holds(setup.faults(2));
        } else {
            holds(setup);
        }
    }
    if !is_large() {
        holds(ONE_APPROVAL.methods(2));
    }
}

#[test]
fn every_invariant_holds_while_two_versions_serve_one_table() {
    let setups = match is_large() {
        true => ALL.as_slice(),
        false => [ONE_APPROVAL].as_slice(),
    };
    for setup in setups {
        holds(setup.earlier(true, false));
        holds(setup.earlier(false, true));
    }
}

#[test]
fn an_end_can_be_reached_from_every_state() {
    let setup = |setup: Setup| match is_large() {
        true => setup.methods(2).workers(2),
        false => setup,
    };
    ends::can_be_reached(setup(SAME_DELIVERY));
    ends::can_be_reached(setup(ONE_TARGET));
    ends::can_be_reached(setup(ONE_APPROVAL).earlier(true, false));
}

/// Each way to break the protocol, and the invariant that catches it.
#[rustfmt::skip]
const BROKEN: [(Broken, Setup, Invariant); 18] = [
    (Broken::IntentWithoutFence, SAME_DELIVERY, Invariant::NoChangeAfterTheLease),
    (Broken::IntentAfterTheChange, SAME_DELIVERY, Invariant::IntentFirst),
    (Broken::ActsBeforeAcceptance, SAME_DELIVERY, Invariant::AcceptedFirst),
    (Broken::EndWithoutFence, SAME_DELIVERY, Invariant::NeverBack),
    (Broken::WakeAfterAccept, SAME_DELIVERY, Invariant::EveryRequestEnds),
    (Broken::NoTombstone, SAME_DELIVERY, Invariant::EveryRequestEnds),
    (Broken::WakeDropsWhatIsLeased, SAME_DELIVERY, Invariant::EveryRequestEnds),
    (Broken::AcceptWithoutDelivery, SAME_DELIVERY, Invariant::DeliveryOnce),
    (Broken::LostAcceptCounts, SAME_DELIVERY, Invariant::AnswerFromARecord),
    (Broken::ClaimWithoutApproval, ONE_APPROVAL, Invariant::ApprovalOnce),
    (Broken::ClaimWithoutTarget, ONE_TARGET, Invariant::OneRunning),
    (Broken::ClaimWithoutCount, ONE_CAP, Invariant::Cap),
    (Broken::ClaimWithoutSwitch, SAME_DELIVERY, Invariant::NoClaimOnAFreeze),
    (Broken::EndInTwoCommits, SAME_DELIVERY, Invariant::HeldByARun),
    (Broken::TrustsTrying, SAME_DELIVERY, Invariant::NoFalseSuccess),
    (Broken::NotesWithoutSearch, SAME_DELIVERY, Invariant::NoteOnce),
    (Broken::EndReleasesAndNotifies, SAME_DELIVERY.workers(2), Invariant::NoteOnce),
    (Broken::ForgetsWhatItOwes, SAME_DELIVERY, Invariant::EveryRequestEnds),
];

#[test]
fn each_way_to_break_the_protocol_is_caught_by_its_invariant() {
    for (broken, setup, invariant) in BROKEN {
        let caught = check(setup.broken(broken), &[invariant]);
        let (invariant, path) = caught
            .first()
            .unwrap_or_else(|| panic!("{broken:?} is not caught"));
        println!("{broken:?}: not \"{}\": {path}", invariant.name());
    }
}

#[test]
fn the_version_of_the_target_is_guarded_by_that_of_the_record_already() {
    holds(ONE_TARGET.broken(Broken::EndWithoutTarget));
}

/// The number in this variable of the environment.
fn number(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().unwrap())
}

/// How many walks by chance: as `WALKS` says, or as `make model` takes, or fewer.
fn by_chance() -> u64 {
    number("WALKS").unwrap_or(if is_large() { 5_000 } else { 200 })
}

/// The core asks tokio for its timers; nothing here waits for them.
fn in_tokio(test: impl FnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    test();
}

#[test]
fn real_runs_walk_the_paths_of_the_model_and_the_table_holds_what_it_says() {
    in_tokio(|| {
        let mut walks = traces::Walks::default();
        if let Some(seed) = number("SEED") {
            walks.is_shown = true;
            walks.by_chance(seed);
            assert!(walks.parted.is_empty(), "{}", walks.parted.join("\n"));
            return;
        }
        walks.shortest();
        walks.many_by_chance(by_chance());
        println!(
            "{} traces of {} steps walked by real runs, of these kinds: {:?}",
            walks.traces, walks.steps, walks.kinds
        );
        assert!(
            walks.parted.is_empty(),
            "{} of {} part:\n{}",
            walks.parted.len(),
            walks.traces,
            walks.parted.join("\n")
        );
        for kind in [
            "Crash",
            "Resend",
            "Oversleep",
            "ChangeUnanswered",
            "Deliver",
        ] {
            assert!(walks.kinds.contains_key(kind), "no trace has {kind}");
        }
    });
}

#[test]
fn a_request_answers_at_once_if_what_it_takes_up_has_come_to_its_end() {
    use protocol::Action::{Skew, Step};
    let mut path = vec![Step(1); 11];
    path.extend([Skew(1), Step(0), Step(1), Step(0)]);
    in_tokio(|| {
        let mut walks = traces::Walks::default();
        walks.by_hand("over meanwhile", SAME_DELIVERY, &path);
        assert!(walks.parted.is_empty(), "{}", walks.parted.join("\n"));
    });
}

#[test]
fn a_table_that_ignores_versions_is_noticed_by_the_replay() {
    in_tokio(|| {
        let mut walks = traces::Walks {
            ignores_versions: true,
            ..traces::Walks::default()
        };
        walks.many_by_chance(100);
        assert!(!walks.parted.is_empty());
    });
}
