//! One reset for each change.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::odd::{Change, Field, Odd, Where};

/// How many resets run beside each other.
const AT_ONCE: usize = 4;

/// Runs a reset in a runtime of its own, so that its servers end with it.
pub fn in_own_runtime<R>(reset: impl Future<Output = R>) -> R {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(reset)
}

/// Runs one reset for each change of an answer. `run` gives none where the answer was never asked for: those are left
/// out.
pub fn run_each<R: Send>(
    changes: Vec<Change>,
    run: impl Fn(Change) -> Option<R> + Sync,
) -> Vec<(Change, R)> {
    let waiting = Mutex::new(changes.into_iter());
    let ended = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(change) = waiting.lock().unwrap().next() else {
                        return;
                    };
                    if let Some(reset) = run(change.clone()) {
                        ended.lock().unwrap().push((change, reset));
                    }
                }
            });
        }
    });
    ended.into_inner().unwrap()
}

/// All changes of these fields, each of all items of a list and of its last item alone.
pub fn changes(fields: BTreeSet<Field>) -> Vec<Change> {
    let mut changes = Vec::new();
    for field in fields {
        for odd in Odd::all() {
            for at in [Where::Everywhere, Where::LastItem] {
                if at == Where::Everywhere || field.pointer.contains("/*") {
                    let field = field.clone();
                    changes.push(Change { field, odd, at });
                }
            }
        }
    }
    changes
}

/// One case in this many is run; `make answers` runs all of them.
pub fn every() -> usize {
    std::env::var("EVERY").map_or(200, |every| every.parse().unwrap())
}
