//! The real binary, behind each of its doors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod deployment;
mod desk;
#[path = "../support/document.rs"]
mod document;
mod durable;
mod freeze;
mod front;
mod journeys;
#[path = "../aws/moto.rs"]
mod moto;
mod page;
mod robustness;
mod scan;
