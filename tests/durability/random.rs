//! Schedules by chance, from a seed that is printed: several actors that are woken and stopped in any order and whose calls
//! interleave, each call failing now and then.

use std::sync::Arc;
use std::time::Duration;

use crate::actor::Actor;
use crate::broken::Broken;
use crate::chance::Chance;
use crate::schedules::drain;
use crate::world::World;
use crate::{Tally, in_tokio};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

pub fn schedule(broken: Broken, seed: u64) -> Arc<World> {
    let mut chance = Chance(seed);
    let world = World::new(broken, seed);
    let mut actors = vec![Actor::deliver(world.random_ports())];
    for _ in 0..120 {
        match chance.below(40) {
            0 => actors.push(Actor::deliver(world.random_ports())),
            1 => actors.push(Actor::deliver_as(world.random_ports(), "another")),
            2..5 => world.lock().pass(Duration::from_secs(chance.below(50))),
            5..12 => {
                let message = {
                    let mut happened = world.lock();
                    let now = happened.now;
                    let due = happened.queue.iter().position(|(due, _)| *due <= now);
                    due.map(|nth| happened.queue.remove(nth))
                };
                if let Some((_, id)) = message {
                    actors.push(Actor::wake(world.random_ports(), id));
                }
            }
            _ => {
                let nth = usize::try_from(chance.below(actors.len() as u64)).unwrap();
                actors[nth].resume();
                for _ in 0..chance.below(12) {
                    actors[nth].step();
                }
            }
        }
    }
    // The actors that are left go on to their end, in the order in which they came.
    for actor in &mut actors {
        while !actor.is_over() {
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
        println!("SEED={seed}");
        let mut tally = Tally::default();
        for nth in 0..number("SCHEDULES", 800) {
            let seed = seed.wrapping_add(nth);
            let world = schedule(Broken::No, seed);
            tally.add(&world, || format!("SEED={seed} SCHEDULES=1"));
        }
        tally.hold("random schedules");
    });
}
