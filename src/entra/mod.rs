//! Microsoft Graph: one [`Directory`](crate::reset::ports::Directory) a credential. Translates; decides nothing.
//!
//! Every call is one attempt. What an answer means for the call is decided in `errors`; whether to try again is the
//! core's.

mod assertion;
mod authentication_methods;
mod client;
mod credential;
mod directory;
mod errors;
mod graph;
mod group_eligibility;
mod login_errors;
mod page;
mod people;
mod privilege_facts;
mod profiles;
mod settings;
mod sign_in;
mod token;

pub use directory::{Entra, HasPim};
pub use settings::{ActsOn, Credential, EntraDeps, EntraSettings, ServiceUrl, client_id};
pub use sign_in::DeskClient;
