//! The core: decides and acts, through the traits in [`ports`]. It knows no HTTP, no AWS and no Graph.
//!
//! ```text
//! request -> known already? -> people -> eligibility -> plan -> claim -> act, step by step -> outcome
//!            (stored outcome)  |------ consumes nothing ------|  |------ only forward -------|
//! ```
//!
//! - [`request`](Request): what is asked, with its proofs
//! - [`eligibility`]: who may be reset, and who is privileged
//! - [`proof`]: how much proof a privileged target wants
//! - [`plan`]: which methods go and which stay, and in which order
//! - [`state`]: the state machine of one reset; pure
//! - [`directories`](Directories): which credential acts on whom
//! - [`ledger`]: claims, leases and records over a compare-and-swap store
//! - [`service`](Resets): the order of it all

mod directories;
mod eligibility;
mod event;
mod identify;
mod ledger;
mod method;
mod outcome;
mod perform;
mod person;
mod plan;
pub mod ports;
mod proof;
mod prover;
mod refusal;
mod request;
mod resume;
mod rules;
mod service;
mod state;
mod tenancy;

pub use directories::{Directories, Privileged};
pub use event::{Event, Parties};
pub use ledger::{Lease, Ledger, LedgerError};
pub use method::{Method, MethodId, MethodKind, PhoneType};
pub use outcome::{CanRegister, MethodOutcome, Outcome, Preview, Sessions, Status, Warning};
pub use person::{Eligibility, EligibleGroup, Membership, Person, RoleAssignment, Standing};
pub use plan::{Action, KeepReason, PlannedMethod};
pub use prover::Prover;
pub use refusal::{Disagreement, Flaw, Privilege, Refusal, Role};
pub use request::{MOST_APPROVALS, Request, Terms};
pub use rules::{BreakGlass, HardwareOath, Pim, Rules};
pub use service::{Resets, Stored};
pub use state::{Failure, Progress, Reset, State};
