//! What the product does, told as stories: a simulated tenant behind real HTTP, the product behind real HTTP,
//! and time that passes only when it is told to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod attacks;
mod bounds;
mod crashes;
mod credentials;
mod forged_deliveries;
mod late_notes;
mod notes;
mod on_call;
mod outages;
mod pairs;
mod permissions;
mod privileged;
mod repeats;
mod rotation;
mod tickets;
mod told;
mod trouble;
mod who_may;

#[path = "../support/memory.rs"]
mod memory;
#[path = "../support/stand_ins.rs"]
mod stand_ins;
#[path = "../support/test_app.rs"]
mod test_app;
