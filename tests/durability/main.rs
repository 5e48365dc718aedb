//! Never twice, never half, never silent: the core against a world in which every call can fail, before it has happened
//! or after, and in which an actor can be killed or stand still at every call.
//!
//! | file | holds |
//! |---|---|
//! | `script` | the points at which an actor can be stopped, and what can happen there |
//! | `faulty_ports` | the core's ports, each call a point |
//! | `world`, `broken` | what the calls act on, and how its table is broken on purpose |
//! | `actor`, `schedules`, `random` | processes of the product, and the orders in which they work and stop |
//!
//! ```text
//! cargo test --test durability -- --nocapture      prints how many schedules ran and how many states were seen
//! ALL_PAIRS=1 cargo test --test durability         every pair of failures: `make durability`
//! SEED=… SCHEDULES=… cargo test --test durability random -- --nocapture
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod actor;
mod broken;
mod chance;
mod faulty_ports;
mod random;
mod schedules;
mod script;
#[path = "../support/wiring.rs"]
mod wiring;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use actor::{Actor, SAME};
use broken::Broken;
use schedules::{Pair, Second, frozen, given_up, good_day, notified, overslept};
use script::{Injection, Planned, Point};
use world::World;

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

const FATES: [Injection; 4] = [
    Injection::FailsBefore,
    Injection::FailsAfter,
    Injection::DiesBefore,
    Injection::DiesAfter,
];

const DEATHS: [Injection; 2] = [Injection::DiesBefore, Injection::DiesAfter];

/// Each of these injections at each of these points.
fn planned<'a>(
    points: &'a [Point],
    injections: &'a [Injection],
) -> impl Iterator<Item = Planned> + 'a {
    points.iter().flat_map(move |point| {
        injections
            .iter()
            .map(move |injection| (point.clone(), *injection))
    })
}

#[test]
fn a_good_day_passes_every_named_point() {
    in_tokio(|| {
        let points: Vec<String> = good_day().iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(points.join("\n"), @r"
        table: read approval delivery 1
        queue: schedule 1
        Graph: person 1
        table: read count freeze target 1
        Graph: methods 1
        Graph: privilege facts 1
        Graph: person 2
        Graph: person 3
        table: accept 1
        trail: allowed 1
        trail: intended 1
        table: claim 1
        Graph: methods 2
        Graph: revoke sessions 1
        trail: intended 2
        table: intend authenticator 1
        Graph: remove authenticator 1
        trail: intended 3
        table: intend mobile 1
        Graph: remove mobile 1
        Graph: methods 3
        queue: schedule 2
        table: end 1
        ");
    });
}

#[test]
fn the_worker_that_notifies_may_fail_or_die_at_every_call_and_each_hears_of_the_end_once() {
    in_tokio(|| {
        let (_, calls) = notified(None, 0);
        let points: Vec<String> = calls.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(points.join("\n"), @r"
        table: read reset 1
        table: write what was notified 1
        trail: outcome 1
        security: notify 1
        ticket: look for the note 1
        ticket: write the note 1
        table: write what was notified 2
        ");
        let injections = [FATES.as_slice(), &[Injection::Pauses]].concat();
        let mut tally = Tally::default();
        for (first, seed) in planned(&calls, &injections)
            .flat_map(|first| (0..4).map(move |seed| (first.clone(), seed)))
        {
            let (world, _) = notified(Some(&first), seed);
            tally.add(&world, || format!("notifying, {} {:?}", first.0, first.1));
        }
        tally.hold("notifying");
    });
}

#[test]
fn every_call_may_fail_or_kill_once_and_the_request_comes_to_its_end() {
    in_tokio(|| {
        let mut tally = Tally::default();
        for (first, second, seed) in planned(&good_day(), &FATES).flat_map(|first| {
            let seconds = [Second::AtOnce, Second::AfterTheLease];
            seconds.into_iter().flat_map(move |second| {
                let first = first.clone();
                (0..4).map(move |seed| (first.clone(), second, seed))
            })
        }) {
            let pair = Pair {
                broken: Broken::No,
                second,
                body: SAME,
                seed,
            };
            let (world, _) = pair.run(Some(&first), None);
            tally.add(&world, || format!("{pair:?} {} {:?}", first.0, first.1));
        }
        tally.hold("single failures");
    });
}

/// Every point at which the first actor can be stopped; with each, one out of `stride` points of the second with its fates,
/// other ones for each point of the first; or none.
fn pairs(broken: Broken, second: Second, stride: u64, is_enough: impl Fn(&Tally) -> bool) -> Tally {
    let mut tally = Tally::default();
    let firsts = planned(&second.points(), second.injections()).collect::<Vec<_>>();
    for (first, seed) in firsts.iter().zip(0..) {
        let pair = Pair {
            broken,
            second,
            body: SAME,
            seed,
        };
        let (world, others) = pair.run(Some(first), None);
        tally.add(&world, || format!("{pair:?} {} {:?}", first.0, first.1));
        for then in one_of(stride, seed, planned(&others, &FATES)) {
            if is_enough(&tally) {
                return tally;
            }
            let (world, _) = pair.run(Some(first), Some(&then));
            tally.add(&world, || {
                format!(
                    "{pair:?} {} {:?}, then {} {:?}",
                    first.0, first.1, then.0, then.1
                )
            });
        }
    }
    tally
}

/// One item out of `stride`; which, depends on the seed.
fn one_of<T>(stride: u64, seed: u64, items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let skipped = usize::try_from(seed % stride).unwrap();
    items
        .skip(skipped)
        .step_by(usize::try_from(stride).unwrap())
}

/// One for `make durability`, which takes some minutes; else this one.
fn stride(short: u64) -> u64 {
    match std::env::var_os("ALL_PAIRS") {
        Some(_) => 1,
        None => short,
    }
}

fn all_pairs(second: Second) {
    in_tokio(|| {
        pairs(Broken::No, second, stride(20), |_| false).hold(&format!("pairs, {second:?}"))
    });
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
        for second in Second::ALL {
            let firsts = planned(&second.points(), second.injections()).collect::<Vec<_>>();
            for (first, seed) in firsts.iter().zip(0..) {
                let pair = Pair {
                    broken: Broken::No,
                    second,
                    body: "another",
                    seed,
                };
                let (world, others) = pair.run(Some(first), None);
                tally.add(&world, || format!("{pair:?} {} {:?}", first.0, first.1));
                for then in one_of(stride(31), seed, planned(&others, &DEATHS)) {
                    let (world, _) = pair.run(Some(first), Some(&then));
                    tally.add(&world, || {
                        format!(
                            "{pair:?} {} {:?}, then {} {:?}",
                            first.0, first.1, then.0, then.1
                        )
                    });
                }
            }
        }
        tally.hold("two deliveries");
    });
}

#[test]
fn an_actor_that_oversleeps_its_own_message_is_brought_to_the_end_or_accepts_nothing() {
    in_tokio(|| {
        let mut tally = Tally::default();
        for point in good_day() {
            let (world, calls) = overslept(&point, None);
            tally.add(&world, || format!("oversleeps {point}"));
            let later: Vec<Point> = calls
                .into_iter()
                .skip_while(|call| *call != point)
                .skip(1)
                .collect();
            for then in planned(&later, &FATES) {
                let (world, _) = overslept(&point, Some(&then));
                tally.add(&world, || {
                    format!("oversleeps {point}, then {} {:?}", then.0, then.1)
                });
            }
        }
        tally.hold("oversleeping");
    });
}

/// One schedule for every point at which the first is stopped, in each of these ways; gives the worlds after them.
fn wherever(
    what: &str,
    injections: &[Injection],
    schedule: impl Fn(&Planned) -> Arc<World>,
) -> Vec<Arc<World>> {
    let mut tally = Tally::default();
    let mut worlds = Vec::new();
    for first in planned(&good_day(), injections) {
        let world = schedule(&first);
        tally.add(&world, || format!("{what} at {} {:?}", first.0, first.1));
        worlds.push(world);
    }
    tally.hold(what);
    worlds
}

#[test]
fn what_is_not_claimed_when_resets_are_frozen_waits_and_none_that_waits_is_lost() {
    in_tokio(|| {
        let injections = [
            Injection::DiesBefore,
            Injection::DiesAfter,
            Injection::Pauses,
        ];
        let worlds = wherever("freezing", &injections, |first| frozen(Broken::No, first));
        let refused = worlds.iter().any(|world| world.lock().refused() > 0);
        assert!(refused, "no request was refused");
    });
}

#[test]
fn what_cannot_be_done_for_two_hours_is_given_up_notified_once_and_locks_no_person() {
    in_tokio(|| {
        let worlds = wherever("giving up", &DEATHS, given_up);
        let half_done = worlds.iter().any(|world| world.lock().deleted.len() == 1);
        assert!(half_done, "none was given up half-way");
    });
}

/// The first schedule in which this fault shows.
fn caught(broken: Broken) -> Option<String> {
    let one = |tally: &Tally| !tally.violations.is_empty();
    // Where an actor is overtaken: what fences and owners are for. Then a crash, which intents and messages are for.
    let seconds = [
        Second::MeanwhileAfterTheLease,
        Second::MeanwhileByAFastClock,
        Second::AfterTheLease,
    ];
    for stride in [7, 1] {
        for second in seconds {
            let tally = pairs(broken, second, stride, one);
            if one(&tally) {
                return tally.violations.into_iter().next();
            }
        }
    }
    None
}

fn is_caught(broken: Broken) {
    in_tokio(|| {
        let caught = caught(broken);
        assert!(caught.is_some(), "{broken:?} passes");
        println!("{broken:?}: {}", caught.unwrap());
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
fn a_claim_without_intent_is_caught() {
    is_caught(Broken::NoIntent);
}

#[test]
fn an_end_without_the_target_is_caught() {
    is_caught(Broken::EndsWithoutTarget);
}

#[test]
fn a_stale_view_is_caught() {
    is_caught(Broken::StaleReads);
}

#[test]
fn acting_before_acceptance_is_caught() {
    is_caught(Broken::ActsBeforeAcceptance);
}

#[test]
fn a_queue_that_loses_messages_is_caught() {
    is_caught(Broken::LosesMessages);
}

#[test]
fn a_delivery_that_turns_out_to_repeat_another_while_a_sender_waits_gives_the_answer_of_that() {
    in_tokio(|| {
        let world = World::new(Broken::No, 0);
        Actor::deliver_as(world.ports([]), "another").go();
        // Accepted, and about to find out that its approval is used.
        let pause = |call: &str, nth| {
            let point = Point {
                call: call.to_owned(),
                nth,
            };
            (point, Injection::Pauses)
        };
        let mut one = Actor::deliver(world.ports([pause("table: read reset", 1)]));
        one.go();
        assert!(one.is_paused());
        // Waits for it, and is about to look again.
        let mut other = Actor::deliver(world.ports([pause("table: read reset", 2)]));
        other.go();
        assert!(other.is_paused());
        one.go();
        other.go();
        assert_eq!(other.came_back, Some(true));
    });
}
