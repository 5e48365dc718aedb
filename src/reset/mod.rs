//! The core: decides and acts, through the traits in [`ports`]. It knows no HTTP, no AWS and no Graph.
//!
//! ```text
//! request -> accept -> prove -> people -> eligibility -> plan -> claim -> act, step by step -> outcome -> tell
//!            (known: the stored answer)  |- consumes nothing -|  |------ only forward ------|
//! ```
//!
//! A run may end anywhere; the queue brings the record back, and the next run goes on from what is written.
//!
//! - [`resets`](Resets): what the doors ask for: open, preview, read, go on; [`tenancy`](TenantContext): with what it works
//! - [`record`]: what is kept and told of a request: the [`request`](Request) itself, its [`outcome`](Outcome), the
//!   [`news`](RequestStatus) that there is, the [`event`](Event)s of the audit trail
//! - [`rules`](Rules): what the policy says, and what follows; pure. At which [`doors`](Channels), who may be reset and who is
//!   privileged (`eligibility`), what [`two_approvals`](rules::two_approvals) must be like, which methods go and in which
//!   order (`plan`), caps, the cool-down and the freeze switch ([`bounds`](Guardrail))
//! - [`run`]: one run, from what is written as far as it goes: prove, identify, decide, claim, perform, tell; or resume;
//!   or what was [`known`](run::known) before
//! - [`refusal`](Refusal): every way to say no
//! - [`state`]: the state machine of one reset; pure
//! - [`ledger`]: acceptances, claims, leases and records over a compare-and-swap store
//! - [`directories`](Directories): which credential acts on whom; [`person`](Person), [`method`](Method): what it finds

mod directories;
mod ledger;
mod method;
mod person;
pub mod ports;
mod record;
mod refusal;
mod resets;
mod rules;
mod run;
mod state;
mod tenancy;

pub use directories::{Directories, Privileged};
pub use ledger::{Ledger, LedgerError, ResetLease, VersionedRecord};
pub use method::{Method, MethodId, MethodKind, PhoneType};
pub use person::{Eligibility, Membership, Person, PrivilegeFacts, RoleAssignment};
pub use record::event::{ApprovalSummary, Change, Event, Origin, Parties};
pub use record::news::{RecordedRefusal, RefusalText, RequestStatus};
pub use record::outcome::{
    CanRegister, MethodOutcome, Outcome, Preview, Sessions, Status, Warning,
};
pub use record::request::{MOST_APPROVALS, Request};
pub use refusal::{Disagreement, Flaw, Privilege, Refusal, Role};
pub use resets::{Resets, Stored};
pub use rules::bounds::{Cap, Freeze, Guardrail};
pub use rules::doors::{ChannelPolicy, Channels};
pub use rules::plan::{Action, KeepReason, PlannedMethod};
pub use rules::{BreakGlass, HardwareOath, Pim, Rules};
pub use run::prover::{ApprovalValidator, InvalidApprovals, genuine};
pub use state::{Failure, Reset, State};
pub use tenancy::TenantContext;
