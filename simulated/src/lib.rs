//! The world around reregister-mfa, for its tests and its tour: the Entra tenant, the ticket systems that send
//! approvals, the issuers that sign them, and the Lambda that carries it all. It knows nothing of the product,
//! so that what both sides agree on is the protocol and not the code.

pub mod approval;
pub mod entra;
mod faults;
pub mod function_url;
pub mod issuer;
mod received;
pub mod request;
pub mod runtime_api;
pub mod senders;
mod serving;
pub mod tickets;
