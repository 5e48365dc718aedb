//! Which paths of the model are walked by real runs: by chance, and the shortest ways to what is worth a look.

use std::collections::BTreeMap;

use stateright::{Checker, Model};

use crate::invariants::{is_at_its_end, is_quiet};
use crate::protocol::{Action, Looked, Protocol};
use crate::replay::Replay;
use crate::setup::{ONE_APPROVAL, SAME_DELIVERY, Setup};
use crate::state::{At, Progress, RECORD, Stage, State, URLS};

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % most as u64) as usize
    }
}

/// More steps than a path takes.
const MOST_STEPS: usize = 120;

type Condition = fn(&Protocol, &State) -> bool;

/// States to which the shortest way is walked.
const WORTH_A_LOOK: [(&str, Condition); 12] = [
    ("completed and notified", |_, state| {
        is_quiet(state) && is_at_its_end(state) && has(state, Stage::Completed)
    }),
    ("refused and notified", |_, state| {
        is_quiet(state) && is_at_its_end(state) && has(state, Stage::Refused)
    }),
    ("accepted after a refusal", |_, state| {
        has(state, Stage::Refused) && has(state, Stage::Completed)
    }),
    ("a tombstone in the way of an acceptance", |_, state| {
        let process = &state.processes[0];
        has(state, Stage::Tombstone) && process.at == At::Accept && process.record == 0
    }),
    ("one repeats the other", |_, state| {
        has(state, Stage::Repeats)
    }),
    ("taken up with an intent in it", |_, state| {
        state.records[0].stage == Stage::Running && state.records[0].tasks.contains(&Progress::Lost)
    }),
    ("completed by a worker", |_, state| {
        let notes = |worker: usize| state.processes[worker].at == At::Search;
        (URLS..4).any(notes) && state.records[0].stage == Stage::Completed && state.count == 1
    }),
    ("overtaken at a change", |_, state| {
        state
            .processes
            .iter()
            .any(|process| matches!(process.at, At::Change(_)) && process.current & RECORD == 0)
    }),
    ("overtaken at its end", |_, state| {
        state.processes.iter().any(|process| {
            matches!(process.at, At::End(Stage::Completed)) && process.current & RECORD == 0
        })
    }),
    ("a claim after a freeze and a thaw", |_, state| {
        let process = &state.processes[0];
        process.at == At::Claim && process.current & crate::state::SWITCH == 0 && !state.frozen
    }),
    ("a note in the ticket, and still owed", |_, state| {
        state.records[0].notes == 1 && is_resting(state)
    }),
    ("two records that wait", |_, state| {
        state
            .records
            .iter()
            .all(|record| record.stage == Stage::Waiting)
    }),
];

fn has(state: &State, stage: Stage) -> bool {
    state.records.iter().any(|record| record.stage == stage)
}

fn is_resting(state: &State) -> bool {
    let rests = |at| matches!(at, At::Start | At::Idle);
    state.processes.iter().all(|process| rests(process.at)) && state.records[0].owed
}

fn protocol(setup: Setup, looked: Vec<Looked>) -> Protocol {
    Protocol { setup, looked }
}

/// What came of many walks.
#[derive(Default)]
pub struct Walks {
    /// Whether the table is broken.
    pub ignores_versions: bool,
    /// Whether each step of a walk is printed, with where the model and the real runs then are.
    pub is_shown: bool,
    pub traces: usize,
    pub steps: usize,
    /// How often each kind of step was made.
    pub kinds: BTreeMap<String, usize>,
    pub parted: Vec<String>,
}

impl Walks {
    fn add(&mut self, name: &str, path: &[Action], parted: Option<String>) {
        self.traces += 1;
        self.steps += path.len();
        for action in path {
            let text = format!("{action:?}");
            let kind = text.split('(').next().unwrap_or_default();
            *self.kinds.entry(kind.to_owned()).or_default() += 1;
        }
        if let Some(what) = parted {
            self.parted.push(format!("{name}: {what}, after {path:?}"));
        }
    }

    /// The shortest ways to what is worth a look, as far as real runs can go them.
    pub fn shortest(&mut self) {
        for setup in [SAME_DELIVERY, ONE_APPROVAL] {
            let setup = setup.methods(2);
            let looked = WORTH_A_LOOK.map(|(name, condition)| Looked {
                name,
                always: false,
                condition,
            });
            let checker = protocol(setup, looked.to_vec())
                .checker()
                .spawn_bfs()
                .join();
            for (name, _) in WORTH_A_LOOK {
                let Some(path) = checker.discovery(name) else {
                    continue;
                };
                let mut replay = Replay::new(protocol(setup, Vec::new()), self.ignores_versions);
                let mut gone = Vec::new();
                let mut parted = None;
                for action in path.into_actions() {
                    if !replay.can(action) {
                        break;
                    }
                    gone.push(action);
                    parted = replay.step(action).err();
                    if parted.is_some() {
                        break;
                    }
                }
                self.add(&format!("{}: {name}", setup.name), &gone, parted);
            }
        }
    }

    /// So many walks by chance, on every core.
    pub fn many_by_chance(&mut self, walks: u64) {
        let runtime = tokio::runtime::Handle::current();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let ignores_versions = self.ignores_versions;
        std::thread::scope(|scope| {
            let parts = (0..cores).map(|first| {
                let runtime = runtime.clone();
                scope.spawn(move || {
                    let _entered = runtime.enter();
                    let mut part = Walks {
                        ignores_versions,
                        ..Walks::default()
                    };
                    let seeds = (first as u64..walks).step_by(cores);
                    seeds.for_each(|seed| part.by_chance(seed));
                    part
                })
            });
            let parts: Vec<_> = parts.collect();
            for part in parts {
                self.merge(part.join().unwrap());
            }
        });
    }

    fn merge(&mut self, part: Walks) {
        self.traces += part.traces;
        self.steps += part.steps;
        for (kind, count) in part.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.parted.extend(part.parted);
    }

    /// A walk whose steps are written down here.
    pub fn by_hand(&mut self, name: &str, setup: Setup, path: &[Action]) {
        let mut replay = Replay::new(
            protocol(setup.methods(2), Vec::new()),
            self.ignores_versions,
        );
        let parted = path.iter().find_map(|action| replay.step(*action).err());
        self.add(name, path, parted);
    }

    /// A walk by chance: calls mostly, and faults now and then.
    pub fn by_chance(&mut self, seed: u64) {
        let mut chance = Chance(seed);
        let setup = [SAME_DELIVERY, ONE_APPROVAL][chance.below(2)];
        let setup = setup.methods(2).workers(2).faults(3);
        let protocol = protocol(setup, Vec::new());
        let mut replay = Replay::new(protocol.clone(), self.ignores_versions);
        let mut gone = Vec::new();
        let mut parted = None;
        while gone.len() < MOST_STEPS && parted.is_none() {
            let mut actions = protocol.possible(&replay.state);
            actions.retain(|action| {
                protocol.after(&replay.state, *action).is_some() && replay.can(*action)
            });
            let is_call = |action: &Action| matches!(action, Action::Step(_) | Action::Deliver(..));
            if chance.below(10) > 0 && actions.iter().any(is_call) {
                actions.retain(is_call);
            }
            if actions.is_empty() {
                break;
            }
            let action = actions[chance.below(actions.len())];
            gone.push(action);
            parted = replay.step(action).err();
            if self.is_shown {
                println!("{action:?}\n{}", replay.show());
            }
        }
        self.add(&format!("seed {seed}, {}", setup.name), &gone, parted);
    }
}
