//! Each field of each answer of Microsoft's and of the ticket system's is changed into something that it should not be, and a whole reset is run on
//! that answer. A strange answer is never taken for a harmless one.
//!
//! The fields are all JSON pointers of the answers that the simulated services give to a reset, none is picked by hand.
//! docs/answers.md has what came of each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod each;
mod graph;
mod odd;
mod proxy;
mod table;
mod tickets;

#[path = "../support/memory.rs"]
mod memory;
#[path = "../support/stand_ins.rs"]
mod stand_ins;
#[path = "../support/test_app.rs"]
#[allow(dead_code, reason = "what other tests need of it is not needed here")]
mod test_app;
