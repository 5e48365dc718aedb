//! The AWS edges against a server that others wrote: moto, over HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod answers;
mod behind_proxy;
mod dialect;
mod dynamodb;
#[path = "../answers/each.rs"]
mod each;
#[path = "../support/memory.rs"]
mod memory;
mod moto;
mod moto_server;
#[path = "../answers/odd.rs"]
mod odd;
mod powertools;
#[path = "../answers/proxy.rs"]
mod proxy;
mod round_trips;
mod s3;
mod secrets_manager;
mod sns;
mod sqs;
#[path = "../support/stand_ins.rs"]
mod stand_ins;
mod sts;
#[path = "../answers/table.rs"]
mod table;
#[path = "../support/test_app.rs"]
#[allow(dead_code, reason = "the scenarios use the rest of it")]
mod test_app;
