//! The evidence record: what an auditor needs of one finished reset, in one document, and its verification. A year later
//! Entra and the issuers have other keys, and the table has forgotten the reset; so the document holds what was signed and
//! the keys that verified it. docs/audit.md is its description.
//!
//! Pure, and of no use at run time: what is kept here decides nothing.

mod document;
mod fault;
mod trail;
mod verify;

pub use document::{
    ApprovalsPart, DonePart, Ended, EvidenceRecord, FORMAT, JudgedPart, KeptText, MethodDone,
    MethodRead, RequestPart, Signatures, SignedPart, StatusWithProof, object_name,
};
pub use fault::EvidenceFault;
pub use trail::{Trail, TrailFault};
pub use verify::{Verified, VerifiedApproval, verify};
