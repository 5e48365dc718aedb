//! Requires MFA re-registration in Microsoft 365 from an approved ticket, once, with proof of verification.
//!
//! ```text
//! request -> http -> delivery -> approval -> reset <-> Graph, store, queue -> report -> response, note, audit
//! ```
//!
//! The floors; an arrow only ever points down, and rooms on one floor do not know each other:
//!
//! ```text
//! main . cli
//! app . policy
//! http . aws . entra . issuers . tickets . audit . memory   the edges: translate, decide nothing
//! report                                      outcome and refusal in words and JSON; pure
//! reset                                       the core: decides and acts
//! delivery . approval                         the two checks: pure, keys and secrets passed in
//! ids . clock . secrets . settings . logs . deadline . outbound
//! ```

pub mod app;
pub mod approval;
pub mod audit;
pub mod aws;
pub mod clock;
pub mod deadline;
pub mod delivery;
pub mod entra;
pub mod http;
pub mod ids;
pub mod issuers;
pub mod logs;
pub mod memory;
pub mod outbound;
pub mod policy;
pub mod report;
pub mod reset;
pub mod secrets;
pub mod settings;
pub mod tickets;
