//! The evidence record: what an auditor needs of one finished reset, in one document, and its verification. A year later
//! Entra and the issuers have other keys, and the table has forgotten the reset; so the document holds what was signed and
//! the keys that verified it. docs/audit.md is its description.
//!
//! Pure, and of no use at run time: what is kept here decides nothing.

mod accounts;
mod document;
mod done;
mod enough;
mod fault;
mod removals;
mod trail;
mod verify;

pub use document::{
    ApprovalsPart, EvidenceRecord, FORMAT, JudgedPart, KeptText, RequestPart, Signatures,
    SignedPart, object_name,
};
pub use done::{
    CanRegisterNow, DonePart, End, Ended, MethodDone, MethodEnd, MethodRead, Proof, Remark,
    SessionsDone, StatusWithProof, Why,
};
pub use fault::EvidenceFault;
pub use trail::{Trail, TrailFault};
pub use verify::{Signer, SigningPasskey, Verified, VerifiedApproval, VerifiedBy, verify};
