//! Stories that are told with the product, and the snapshots that are taken of them: after each commit and after each
//! change in Graph, since at each of them a process may end and another version of it take over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::facts::facts;
use crate::scene::{Gathered, Scene};
use crate::setting::Setting;
use crate::snapshot::Snapshot;
use crate::story::{Signers, Story};
use crate::world::World;

/// When every story begins.
const START: &str = "2026-11-24T09:00:00.123456789Z";

/// All that is gathered, and with what.
pub struct Harvest {
    pub setting: Setting,
    signers: Signers,
    gathered: Arc<Mutex<Gathered>>,
}

impl Harvest {
    pub fn new() -> Harvest {
        let signers = Signers::new();
        Harvest {
            setting: Setting::of_the_tour(signers.keys()),
            signers,
            gathered: Arc::default(),
        }
    }

    /// The snapshots without those that show nothing that others do not show.
    pub fn into_snapshots(self) -> Vec<Snapshot> {
        let mut kept = std::mem::take(&mut self.gathered.lock().unwrap().snapshots);
        let facts: Vec<BTreeSet<String>> = kept.iter().map(facts).collect();
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for fact in facts.iter().flatten() {
            *times.entry(fact).or_default() += 1;
        }
        // The largest first: what they show is shown by smaller ones, too.
        let mut order: Vec<usize> = (0..kept.len()).collect();
        order.sort_by_key(|nth| std::cmp::Reverse(kept[*nth].items.len()));
        let mut superfluous = BTreeSet::new();
        for nth in order {
            if facts[nth].iter().all(|fact| times[fact.as_str()] > 1) {
                superfluous.insert(nth);
                for fact in &facts[nth] {
                    *times.entry(fact).or_default() -= 1;
                }
            }
        }
        let mut nth = 0..kept.len();
        kept.retain(|_| nth.next().is_some_and(|nth| !superfluous.contains(&nth)));
        kept
    }

    /// Begins a story under one of the policies.
    pub async fn story(&self, name: &str, policy: &str) -> Story<'_> {
        let nothing = Snapshot {
            name: name.to_owned(),
            policy: policy.to_owned(),
            now: START.parse().unwrap(),
            items: Vec::new(),
            queue: Vec::new(),
            people: Vec::new(),
            removed: Vec::new(),
            comments: BTreeMap::new(),
            again: Vec::new(),
            ends: BTreeMap::new(),
        };
        self.continued(nothing).await
    }

    /// Goes on with a story from one of its snapshots, perhaps under another policy.
    pub async fn continued(&self, from: Snapshot) -> Story<'_> {
        let world = World::start(&self.setting, &from, Duration::ZERO).await;
        let scene = Scene::watch(&world, from, &self.setting, self.gathered.clone());
        Story {
            setting: &self.setting,
            signers: &self.signers,
            world,
            scene,
        }
    }
}
