//! The AWS edges against a server that others wrote: moto, over HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod dynamodb;
#[path = "../scenarios/house.rs"]
#[allow(dead_code, reason = "the scenarios use the rest of it")]
mod house;
mod moto;
mod moto_server;
mod powertools;
mod secrets_manager;
mod sns;
mod sqs;
mod sts;
