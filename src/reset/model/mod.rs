//! The ground floor: what there is to say about a reset. Plain data, which knows no rule.

mod claim;
mod code;
mod event;
mod freeze;
mod guardrail;
mod ledger_error;
mod method;
mod outcome;
mod parties;
mod person;
mod plan;
mod refusal_text;
mod request;
#[cfg(test)]
pub mod samples;
mod state;
mod status;

pub use claim::{Alone, ApprovalPeople, Claim, ClaimedApproval, KeptJudgement, Remarks};
pub use code::{Begun, Code, Responsible, Retry, TellsSecurity};
pub use event::{Change, Event};
pub use freeze::{Freeze, FreezeChange, FreezeReason, FreezeReasonError, Tiers};
pub use guardrail::{Cap, Counter, Guardrail, Guardrails, Limit, PasskeyCount};
pub use ledger_error::LedgerError;
pub use method::{Method, MethodId, MethodKind, PhoneType};
pub use outcome::{
    CanRegister, Failure, MethodOutcome, MethodStatus, Outcome, Preview, SessionStatus, Warning,
};
pub use parties::{ApprovalSummary, Parties, RequestOrigin};
pub use person::{
    Manager, Membership, PasswordChange, Person, PimEligibility, Privilege, PrivilegeFacts,
    RoleAssignment,
};
pub use plan::{Action, KeepReason, PlannedMethod};
pub use refusal_text::{RecordedRefusal, RefusalText};
pub use request::{MOST_APPROVALS, NotOneRequest, Request};
pub use state::State;
pub use status::RequestStatus;
