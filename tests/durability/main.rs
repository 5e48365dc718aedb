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

mod faulty_ports;
mod random;
mod schedule;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use schedule::{Actor, Second, frozen, given_up, good_day, overslept, pair};
use world::{Broken, Injection, World};

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

const INJECTIONS: [Injection; 4] = [
    Injection::FailsBefore,
    Injection::FailsAfter,
    Injection::DiesBefore,
    Injection::DiesAfter,
];

#[test]
fn every_call_may_fail_or_kill_once_and_the_request_comes_to_its_end() {
    in_tokio(|| {
        let mut tally = Tally::default();
        let (world, [effects, _]) = pair(Broken::No, Second::AfterTheLease, SAME, None, None);
        tally.add(&world, || "a good day".to_owned());
        assert!(effects > 30, "{effects} calls");
        for nth in 0..effects {
            for injection in INJECTIONS {
                for second in [Second::AtOnce, Second::AfterTheLease] {
                    let (world, _) = pair(Broken::No, second, SAME, Some((nth, injection)), None);
                    tally.add(&world, || format!("{second:?} {nth} {injection:?}"));
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
    let killed = [Injection::DiesBefore, Injection::DiesAfter];
    let stopped: &[Injection] = if second.is_meanwhile() {
        &[Injection::Pauses]
    } else {
        &killed
    };
    for nth in 0..effects {
        if second == Second::MeanwhileByAFastClock && changes.contains(&nth) {
            continue;
        }
        for injection in stopped {
            let first = Some((nth, *injection));
            let (world, [_, others]) = pair(broken, second, SAME, first, None);
            tally.add(&world, || format!("{second:?} {nth} {injection:?}"));
            for other in 0..others {
                for other_injection in killed {
                    let (world, _) =
                        pair(broken, second, SAME, first, Some((other, other_injection)));
                    tally.add(&world, || {
                        format!("{second:?} {nth} {injection:?}, then {other} {other_injection:?}")
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
            let injections: &[Injection] = if second.is_meanwhile() {
                &[Injection::Pauses]
            } else {
                &INJECTIONS
            };
            for nth in 0..effects {
                if second == Second::MeanwhileByAFastClock && changes.contains(&nth) {
                    continue;
                }
                for injection in injections {
                    let first = Some((nth, *injection));
                    let (world, [_, others]) = pair(Broken::No, second, "another", first, None);
                    tally.add(&world, || format!("{second:?} {nth} {injection:?}"));
                    // Every seventh point: the second one's calls are mostly those of the pairs above.
                    for other in (nth % 7..others).step_by(7) {
                        let killed = Some((other, Injection::DiesAfter));
                        let (world, _) = pair(Broken::No, second, "another", first, killed);
                        tally.add(&world, || {
                            format!("{second:?} {nth} {injection:?}, then {other}")
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
                for injection in [Injection::DiesBefore, Injection::DiesAfter] {
                    let (world, _) = overslept(nth, Some((later, injection)));
                    tally.add(&world, || {
                        format!("oversleeps {nth}, then {later} {injection:?}")
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
    injections: &[Injection],
    schedule: impl Fn(usize, Injection) -> Arc<World>,
) -> Vec<Arc<World>> {
    let mut tally = Tally::default();
    let mut worlds = Vec::new();
    let (effects, _) = good_day();
    for nth in 0..effects {
        for injection in injections {
            let world = schedule(nth, *injection);
            tally.add(&world, || format!("{what} at {nth} {injection:?}"));
            worlds.push(world);
        }
    }
    tally.hold(what);
    worlds
}

#[test]
fn whatever_is_not_claimed_when_resets_are_frozen_waits_and_nothing_that_waits_is_lost() {
    in_tokio(|| {
        let injections = [
            Injection::DiesBefore,
            Injection::DiesAfter,
            Injection::Pauses,
        ];
        let worlds = wherever("freezing", &injections, frozen);
        let refused = worlds.iter().any(|world| world.lock().refused() > 0);
        assert!(refused, "nobody was refused");
    });
}

#[test]
fn whatever_cannot_be_done_for_two_hours_is_given_up_told_of_once_and_locks_nobody() {
    in_tokio(|| {
        let injections = [Injection::DiesBefore, Injection::DiesAfter];
        let worlds = wherever("giving up", &injections, given_up);
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
        Actor::deliver_as(world.ports([]), "another").go();
        // Accepted, and about to find out that its approval is used.
        let mut one = Actor::deliver(world.ports([(4, Injection::Pauses)]));
        one.go();
        // Waits for it, and is about to look again.
        let mut other = Actor::deliver(world.ports([(2, Injection::Pauses)]));
        other.go();
        one.go();
        other.go();
        assert_eq!(other.came_back, Some(true));
    });
}
