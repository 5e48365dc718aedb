//! Notes into the tickets: a comment in Jira, a work note in ServiceNow. Translates; decides nothing.
//!
//! Neither system has an idempotency key. A note therefore carries a mark, and before one is written the ticket is
//! searched for it. While the search fails, nothing is written. A note counts as written once it is seen in the ticket.

mod call;
mod jira;
mod jira_comment;
mod notes;
mod secret;
mod servicenow;
mod settings;
mod systems;

pub use notes::TicketNotes;
pub use settings::{BaseUrl, Notes, System};
pub use systems::TicketSystems;
