//! Schedules by chance, from a seed that is printed: several actors who are woken and stopped in any order, each call
//! failing now and then.

use std::time::Duration;

use crate::schedule::{Actor, drain};
use crate::world::{Broken, FaultyPorts, Injection, World};
use crate::{Tally, in_tokio};

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// Fates for somebody's first calls: one in ten is a bad one.
    fn injections(&mut self) -> Vec<(usize, Injection)> {
        (0..80)
            .filter_map(|nth| {
                let injection = match self.below(100) {
                    0..2 => Injection::FailsBefore,
                    2..4 => Injection::FailsAfter,
                    4..5 => Injection::DiesBefore,
                    5..6 => Injection::DiesAfter,
                    6..10 => Injection::Pauses,
                    _ => return None,
                };
                Some((nth, injection))
            })
            .collect()
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

fn schedule(chance: &mut Chance) -> std::sync::Arc<World> {
    let world = World::new(Broken::No);
    let doomed = |chance: &mut Chance| -> FaultyPorts { world.ports(chance.injections()) };
    let mut actors = vec![Actor::deliver(doomed(chance))];
    for _ in 0..30 {
        match chance.below(10) {
            0 if chance.below(2) == 0 => actors.push(Actor::deliver(doomed(chance))),
            0 => actors.push(Actor::deliver_as(doomed(chance), "another")),
            1 => world.lock().pass(Duration::from_secs(chance.below(50))),
            2 | 3 => {
                let message = {
                    let mut happened = world.lock();
                    let now = happened.now;
                    let due = happened.queue.iter().position(|(due, _)| *due <= now);
                    due.map(|nth| happened.queue.remove(nth))
                };
                if let Some((_, id)) = message {
                    actors.push(Actor::wake(doomed(chance), id));
                }
            }
            _ => {
                let nth = chance.below(actors.len() as u64) as usize;
                actors[nth].go();
            }
        }
    }
    // Whoever still stands goes on to the end, in the order of their coming.
    for actor in &mut actors {
        while actor.came_back.is_none() && !actor.is_dead() {
            actor.go();
        }
    }
    drain(&world);
    world
}

#[test]
fn by_chance_it_comes_to_its_end_too() {
    in_tokio(|| {
        let seed = number("SEED", u64::from(std::process::id()));
        let schedules = number("SCHEDULES", 2000);
        println!("SEED={seed}");
        let mut tally = Tally::default();
        for nth in 0..schedules {
            let mut chance = Chance(seed.wrapping_add(nth));
            let world = schedule(&mut chance);
            tally.add(&world, || {
                format!("SEED={} SCHEDULES=1", seed.wrapping_add(nth))
            });
        }
        tally.hold("random schedules");
    });
}
