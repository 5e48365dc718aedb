//! The pages for browsers. Each is the same for every visitor and has no data; its script asks the other routes as any
//! client would.

mod by_policy;
mod passkeys;
pub mod routes;
mod static_page;

pub use by_policy::Pages;
pub use passkeys::PasskeySettings;
