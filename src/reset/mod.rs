//! The core: decides and acts, through the traits in [`ports`]. It knows no HTTP, no AWS and no Graph.
//!
//! ```text
//! request -> accept -> prove -> people -> eligibility -> plan -> claim -> act, step by step -> outcome -> tell
//!            (known: the stored answer)  |- consumes nothing -|  |------ only forward ------|
//! ```
//!
//! A run may end anywhere; the queue brings the record back, and the next run goes on from what is written.
//!
//! - [`request`](Request): what is asked, with its proofs; [`doors`](Doors): on which terms; [`rules`](Rules): of which
//!   tenant
//! - [`service`](Resets): what the doors ask for: open, preview, read, go on; [`tenancy`](Tenancy): with what it works
//! - [`run`]: one run, from what is written as far as it goes; [`known`]: what was here before
//! - [`decide`]: all that comes before the claim; [`resume`]: all that comes before going on
//! - [`prover`](Prover): signatures and keys; [`identify`]: who everybody is
//! - [`eligibility`]: who may be reset, and who is privileged
//! - [`proof`]: how much proof a privileged target wants
//! - [`bounds`]: caps, the cool-down and the freeze switch
//! - [`plan`]: which methods go and which stay, and in which order
//! - [`refusal`](Refusal): every way to say no; [`outcome`](Outcome), [`news`](News): what there is to tell;
//!   [`event`](Event): what the audit trail gets to know
//! - [`record`]: what is kept of a request, from its arrival to the end
//! - [`state`]: the state machine of one reset; pure
//! - [`perform`]: the loop that acts
//! - [`tell`]: who hears of the end
//! - [`directories`](Directories): which credential acts on whom
//! - [`ledger`]: acceptances, claims, leases and records over a compare-and-swap store

mod bounds;
mod decide;
mod directories;
mod doors;
mod eligibility;
mod event;
mod identify;
mod known;
mod ledger;
mod method;
mod news;
mod outcome;
mod perform;
mod person;
mod plan;
pub mod ports;
mod proof;
mod prover;
mod record;
mod refusal;
mod request;
mod resume;
mod rules;
mod run;
mod service;
mod state;
mod tell;
mod tenancy;

pub use bounds::{Bound, Cap, Freeze};
pub use directories::{Directories, Privileged};
pub use doors::{Doors, Terms};
pub use event::{ApprovalMark, Change, Event, Origin, Parties};
pub use ledger::{Lease, Ledger, LedgerError, Versioned};
pub use method::{Method, MethodId, MethodKind, PhoneType};
pub use news::{News, Turned, Words};
pub use outcome::{CanRegister, MethodOutcome, Outcome, Preview, Sessions, Status, Warning};
pub use person::{Eligibility, Membership, Person, RoleAssignment, Standing};
pub use plan::{Action, KeepReason, PlannedMethod};
pub use prover::{Prover, Unproven};
pub use refusal::{Disagreement, Flaw, Privilege, Refusal, Role};
pub use request::{MOST_APPROVALS, Request};
pub use rules::{BreakGlass, HardwareOath, Pim, Rules};
pub use service::{Resets, Stored};
pub use state::{Failure, Reset, State};
pub use tenancy::Tenancy;
