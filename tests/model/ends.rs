//! Whether an end can be reached from everywhere: in no state a request is stuck, whatever has happened.

use std::collections::HashMap;

use stateright::Model;

use crate::invariants::{is_at_its_end, is_quiet};
use crate::protocol::Protocol;
use crate::setup::Setup;
use crate::state::State;

/// Follows every action from the first state, and then the other way round from the ends.
pub fn can_be_reached(setup: Setup) {
    let protocol = Protocol {
        setup,
        looked: Vec::new(),
    };
    let mut states = protocol.init_states();
    let mut numbers: HashMap<State, usize> = states.iter().copied().zip(0..).collect();
    let mut from: Vec<Vec<usize>> = vec![Vec::new()];
    let mut next = 0;
    while let Some(state) = states.get(next).copied() {
        for action in protocol.possible(&state) {
            let Some(after) = protocol.after(&state, action) else {
                continue;
            };
            let number = *numbers.entry(after).or_insert_with(|| {
                states.push(after);
                from.push(Vec::new());
                states.len() - 1
            });
            from[number].push(next);
        }
        next += 1;
    }
    let is_end = |number: &usize| is_quiet(&states[*number]) && is_at_its_end(&states[*number]);
    let mut open: Vec<usize> = (0..states.len()).filter(is_end).collect();
    let mut reaches = vec![false; states.len()];
    while let Some(number) = open.pop() {
        if !std::mem::replace(&mut reaches[number], true) {
            open.extend(&from[number]);
        }
    }
    let stuck = reaches.iter().position(|reaches| !reaches);
    println!(
        "{}: an end can be reached from {} of {} states",
        setup.name,
        reaches.iter().filter(|reaches| **reaches).count(),
        states.len()
    );
    assert!(stuck.is_none(), "stuck: {:#?}", states[stuck.unwrap()]);
}
