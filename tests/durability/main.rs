//! Never twice, never half, never silent: the core against a world in which every call can fail, before it has happened
//! or after, and in which whoever works can be killed or stand still at every call.
//!
//! ```text
//! cargo test --test durability -- --nocapture      prints how many schedules ran and how many states were seen
//! SEED=… SCHEDULES=… cargo test --test durability random -- --nocapture
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod hands;
mod random;
mod schedule;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use schedule::{Actor, Second, frozen, given_up, good_day, overslept, pair};
use world::{Broken, Fate, World};

/// What many schedules came to.
#[derive(Default)]
struct Tally {
    schedules: usize,
    seen: BTreeSet<String>,
    violations: Vec<String>,
}

impl Tally {
    fn add(&mut self, world: &World, schedule: impl FnOnce() -> String) {
        let mut happened = world.lock();
        self.schedules += 1;
        self.seen.append(&mut happened.seen);
        if !happened.violations.is_empty() {
            self.violations
                .push(format!("{}: {:?}", schedule(), happened.violations));
        }
    }

    fn report(&self, what: &str) {
        println!(
            "{what}: {} schedules, {} distinct states, {} violations",
            self.schedules,
            self.seen.len(),
            self.violations.len()
        );
    }

    fn hold(&self, what: &str) {
        self.report(what);
        assert!(
            self.violations.is_empty(),
            "{} of {}, the first: {}",
            self.violations.len(),
            self.schedules,
            self.violations[0]
        );
    }
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

/// The body that [`schedule::Actor::deliver`] has.
const SAME: &str = "the delivery";

const FATES: [Fate; 4] = [
    Fate::FailsBefore,
    Fate::FailsAfter,
    Fate::DiesBefore,
    Fate::DiesAfter,
];

#[test]
fn every_call_may_fail_or_kill_once_and_the_request_comes_to_its_end() {
    in_tokio(|| {
        let mut tally = Tally::default();
        let (world, [effects, _]) = pair(Broken::No, Second::AfterTheLease, SAME, None, None);
        tally.add(&world, || "a good day".to_owned());
        assert!(effects > 30, "{effects} calls");
        for nth in 0..effects {
            for fate in FATES {
                for second in [Second::AtOnce, Second::AfterTheLease] {
                    let (world, _) = pair(Broken::No, second, SAME, Some((nth, fate)), None);
                    tally.add(&world, || format!("{second:?} {nth} {fate:?}"));
                }
            }
        }
        tally.hold("single failures");
    });
}

/// Every point at which the first is stopped, with every point at which the second is killed, or at none.
fn pairs(broken: Broken, second: Second, enough: impl Fn(&Tally) -> bool) -> Tally {
    let mut tally = Tally::default();
    let (effects, changes) = good_day();
    let killed = [Fate::DiesBefore, Fate::DiesAfter];
    let stopped: &[Fate] = if second.is_meanwhile() {
        &[Fate::Pauses]
    } else {
        &killed
    };
    for nth in 0..effects {
        if second == Second::MeanwhileByAFastClock && changes.contains(&nth) {
            continue;
        }
        for fate in stopped {
            let first = Some((nth, *fate));
            let (world, [_, others]) = pair(broken, second, SAME, first, None);
            tally.add(&world, || format!("{second:?} {nth} {fate:?}"));
            for other in 0..others {
                for other_fate in killed {
                    let (world, _) = pair(broken, second, SAME, first, Some((other, other_fate)));
                    tally.add(&world, || {
                        format!("{second:?} {nth} {fate:?}, then {other} {other_fate:?}")
                    });
                    if enough(&tally) {
                        return tally;
                    }
                }
            }
        }
    }
    tally
}

fn all_pairs(second: Second) {
    in_tokio(|| pairs(Broken::No, second, |_| false).hold(&format!("pairs, {second:?}")));
}

#[test]
fn two_crashes_the_second_at_once_come_to_the_end() {
    all_pairs(Second::AtOnce);
}

#[test]
fn two_crashes_the_second_after_the_lease_come_to_the_end() {
    all_pairs(Second::AfterTheLease);
}

#[test]
fn a_second_run_while_the_first_stands_still_comes_to_the_end() {
    all_pairs(Second::Meanwhile);
}

#[test]
fn a_second_run_that_overtakes_the_first_comes_to_the_end() {
    all_pairs(Second::MeanwhileAfterTheLease);
}

#[test]
fn a_second_run_whose_clock_is_ahead_comes_to_the_end() {
    all_pairs(Second::MeanwhileByAFastClock);
}

#[test]
fn two_deliveries_of_one_approval_make_one_reset_wherever_the_first_is_stopped() {
    in_tokio(|| {
        let mut tally = Tally::default();
        let (effects, changes) = good_day();
        for second in [
            Second::AtOnce,
            Second::AfterTheLease,
            Second::Meanwhile,
            Second::MeanwhileAfterTheLease,
            Second::MeanwhileByAFastClock,
        ] {
            let fates: &[Fate] = if second.is_meanwhile() {
                &[Fate::Pauses]
            } else {
                &FATES
            };
            for nth in 0..effects {
                if second == Second::MeanwhileByAFastClock && changes.contains(&nth) {
                    continue;
                }
                for fate in fates {
                    let first = Some((nth, *fate));
                    let (world, [_, others]) = pair(Broken::No, second, "another", first, None);
                    tally.add(&world, || format!("{second:?} {nth} {fate:?}"));
                    // Every seventh point: the second one's calls are mostly those of the pairs above.
                    for other in (nth % 7..others).step_by(7) {
                        let killed = Some((other, Fate::DiesAfter));
                        let (world, _) = pair(Broken::No, second, "another", first, killed);
                        tally.add(&world, || {
                            format!("{second:?} {nth} {fate:?}, then {other}")
                        });
                    }
                }
            }
        }
        tally.hold("two deliveries");
    });
}

#[test]
fn whoever_oversleeps_their_own_message_is_brought_to_the_end_or_accepts_nothing() {
    in_tokio(|| {
        let mut tally = Tally::default();
        let (effects, _) = good_day();
        for nth in 0..effects {
            let (world, all) = overslept(nth, None);
            tally.add(&world, || format!("oversleeps {nth}"));
            for later in nth + 1..all {
                for fate in [Fate::DiesBefore, Fate::DiesAfter] {
                    let (world, _) = overslept(nth, Some((later, fate)));
                    tally.add(&world, || {
                        format!("oversleeps {nth}, then {later} {fate:?}")
                    });
                }
            }
        }
        tally.hold("oversleeping");
    });
}

/// One schedule for every point at which the first is stopped, in each of these ways; gives the worlds after them.
fn wherever(
    what: &str,
    fates: &[Fate],
    schedule: impl Fn(usize, Fate) -> Arc<World>,
) -> Vec<Arc<World>> {
    let mut tally = Tally::default();
    let mut worlds = Vec::new();
    let (effects, _) = good_day();
    for nth in 0..effects {
        for fate in fates {
            let world = schedule(nth, *fate);
            tally.add(&world, || format!("{what} at {nth} {fate:?}"));
            worlds.push(world);
        }
    }
    tally.hold(what);
    worlds
}

#[test]
fn whatever_is_not_claimed_when_resets_are_frozen_waits_and_nothing_that_waits_is_lost() {
    in_tokio(|| {
        let fates = [Fate::DiesBefore, Fate::DiesAfter, Fate::Pauses];
        let worlds = wherever("freezing", &fates, frozen);
        let refused = worlds.iter().any(|world| world.lock().refused() > 0);
        assert!(refused, "nobody was refused");
    });
}

#[test]
fn whatever_cannot_be_done_for_two_hours_is_given_up_told_of_once_and_locks_nobody() {
    in_tokio(|| {
        let fates = [Fate::DiesBefore, Fate::DiesAfter];
        let worlds = wherever("giving up", &fates, given_up);
        let half_done = worlds.iter().any(|world| world.lock().deleted.len() == 1);
        assert!(half_done, "none was given up half-way");
    });
}

fn is_caught(broken: Broken) {
    in_tokio(|| {
        let mut caught = Vec::new();
        // Where somebody is overtaken: what fences and owners are for.
        for second in [
            Second::MeanwhileAfterTheLease,
            Second::MeanwhileByAFastClock,
        ] {
            let tally = pairs(broken, second, |tally| !tally.violations.is_empty());
            tally.report(&format!("{broken:?}, {second:?}"));
            caught.extend(tally.violations);
            if !caught.is_empty() {
                break;
            }
        }
        assert!(!caught.is_empty(), "a ledger with {broken:?} passes");
        println!("  {}", caught[0]);
    });
}

#[test]
fn a_ledger_without_a_fence_is_caught() {
    is_caught(Broken::NoFence);
}

#[test]
fn a_ledger_without_an_owner_is_caught() {
    is_caught(Broken::NoOwner);
}

#[test]
fn whoever_waits_for_a_request_that_turns_out_to_repeat_another_gets_the_answer_of_that() {
    in_tokio(|| {
        let world = World::new(Broken::No);
        Actor::deliver_as(world.hands([]), "another").go();
        // Accepted, and about to find out that its approval is used.
        let mut one = Actor::deliver(world.hands([(4, Fate::Pauses)]));
        one.go();
        // Waits for it, and is about to look again.
        let mut other = Actor::deliver(world.hands([(2, Fate::Pauses)]));
        other.go();
        one.go();
        other.go();
        assert_eq!(other.came_back, Some(true));
    });
}
