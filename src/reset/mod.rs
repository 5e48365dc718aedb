//! The core: decides and acts, through the traits in [`ports`]. It knows no HTTP, no AWS and no Graph.
//!
//! The floors; an arrow only ever points down:
//!
//! ```text
//! service       Resets: submit, preview, status, wake, refuse
//! executor      one run: validate, identify, judge, claim, execute, resume, notify, replay
//! ledger        acceptances, claims, leases and records over a compare-and-swap store
//! machine       the reset as data: which step is next, and what its result makes of it; pure
//! rules         what the policy says, and what follows from it; pure
//! refusal       every reason for which a reset is not done; the table of what follows from each is in model/code
//! ports         what the core needs from the world, each with its error
//! model         what there is to say about a reset
//! ```

mod directories;
mod executor;
mod ledger;
mod machine;
mod model;
pub mod ports;
mod refusal;
pub mod rules;
mod service;

pub use directories::{Directories, Privileged};
pub use executor::context::{Deployment, EvidenceBucket, TenantContext};
pub use executor::outlook::Unapproved;
pub use executor::replay::Answered;
pub use executor::validate::{ApprovalValidator, DeskSignatures, Presented};
pub use ledger::{Duty, Ledger, RETENTION, ResetLease, SwitchError, SwitchedTo};
pub use machine::Reset;
pub use model::{
    Action, Alone, ApprovalPeople, ApprovalSummary, CanRegister, Cap, Change, ClaimedApproval,
    Code, Event, Failure, Freeze, FreezeChange, FreezeReason, FreezeReasonError, Guardrail,
    KeepReason, LedgerError, MOST_APPROVALS, Manager, Membership, Method, MethodId, MethodKind,
    MethodOutcome, MethodStatus, Outcome, Parties, PasswordChange, Person, PhoneType,
    PimEligibility, PlannedMethod, Preview, Privilege, PrivilegeFacts, RecordedRefusal,
    RefusalText, Request, RequestOrigin, RequestStatus, Responsible, Retry, RoleAssignment,
    SessionStatus, State, Tiers, Warning,
};
pub use refusal::{Attester, Disagreement, Flaw, Refusal, Role};
pub use rules::channels::{ChannelPolicy, Channels, SourceChannel};
#[cfg(test)]
pub(crate) use rules::plan::action;
pub use rules::{BreakGlass, HardwareOath, Pim, Rules};
pub use service::{Resets, Submission};
