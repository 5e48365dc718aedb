//! Requires MFA re-registration in Microsoft 365 from an approved ticket, once, with proof of verification.
//!
//! ```text
//! request -> http -> webhook -> approval -> reset <-> Graph, store, queue -> report -> response, note, audit
//! ```
//!
//! The floors; an arrow only ever points down, and modules on one floor do not know each other:
//!
//! ```text
//! main . cli
//! app . policy                                          wiring; policy.toml, resolved
//! aws                                                   the services, and the events of Lambda, which it hands to http
//! http . entra . key_cache . tickets . audit . local_queue    the edges: translate, decide nothing
//! desk                                                  people verify and approve by signing in; declares its own ports
//! report                                                what people and programs read; sentences only
//! reset                                                 the core: decides and acts
//! evidence_record                                       the record of a reset for an auditor, verified offline; pure
//! webhook . approval                                    the two checks: pure, keys and secrets passed in
//! secrets . single_flight
//! ids
//! json . clock . names . web_identity . settings . logs . outbound . backoff
//! ```

pub mod app;
pub mod approval;
pub mod audit;
pub mod aws;
pub mod backoff;
pub mod clock;
pub mod desk;
pub mod entra;
pub mod evidence_record;
pub mod http;
pub mod ids;
pub mod json;
pub mod key_cache;
pub mod local_queue;
pub mod logs;
pub mod names;
pub mod outbound;
pub mod policy;
pub mod report;
pub mod reset;
pub mod secrets;
pub mod settings;
pub mod single_flight;
pub mod tickets;
pub mod web_identity;
pub mod webhook;
