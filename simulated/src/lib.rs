//! What surrounds reregister-mfa, simulated for its tests and its tour: the Entra tenant, the ticket systems that send
//! approvals, the issuers that sign them, and the Lambda service that invokes the function. This crate does not import
//! the product, so that the two share protocols and no code: a mistake in one cannot hide in the other.

pub mod approval;
pub mod entra;
mod faults;
pub mod function_url;
pub mod issuer;
pub mod passkey;
mod received;
pub mod request;
pub mod runtime_api;
pub mod senders;
mod serving;
pub mod tickets;
