//! What the product does, scenario by scenario: a simulated tenant behind real HTTP, the product behind real HTTP, and a
//! clock that the test moves. docs/outcomes.md names scenarios by their paths.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod approvers;
mod attacks;
mod audit_trail;
mod crashes;
mod credentials;
mod desk;
mod documented;
mod evidence;
mod evidence_records;
mod fidelity;
mod forged_deliveries;
mod frauds;
mod graph_samples;
mod graph_transport;
mod guardrails;
mod keys;
mod limits;
mod lock_out;
mod log;
mod malformed_requests;
mod names;
mod night;
mod note_retries;
mod notes;
mod odd_answers;
mod on_call;
mod outages;
mod passkeys;
mod permissions;
mod pictures;
mod privileged;
mod proxies;
mod repeats;
mod responses;
mod resumption;
mod rotation;
mod round_trips;
mod security_notifications;
mod shapes;
mod slow_clients;
mod tenants;
mod tickets;
mod two_approvals;
mod warm_up;

#[path = "../support/memory.rs"]
mod memory;
#[path = "../support/outcomes_table.rs"]
mod outcomes_table;
#[path = "../support/stand_ins.rs"]
mod stand_ins;
#[path = "../support/test_app.rs"]
mod test_app;
