//! Where a request comes in.

use serde::{Deserialize, Serialize};

/// Through which channel an approval came. They have different audiences, so that an approval that was read in a
/// ticket cannot be used at the on-call URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// In a ticket system's delivery.
    Webhook,
    /// From an operator on call, who holds the approval.
    OnCall,
    /// From the desk, where people approve by signing in.
    Desk,
}
