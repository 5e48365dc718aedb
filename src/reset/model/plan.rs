//! What is planned for a person's methods.

use serde::{Deserialize, Serialize};

use super::method::Method;

/// One method, and what the plan does with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedMethod {
    /// The method, as it is before anything is done.
    pub method: Method,
    pub action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Delete it.
    Remove,
    /// Deactivate it: a hardware OATH token stays assigned.
    Deactivate,
    /// Leave it.
    Keep(KeepReason),
}

/// Why a method is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KeepReason {
    /// It is no second factor: a password, an e-mail address for password reset, a QR code.
    NotMfa,
    /// The Entra button leaves it, and so does a reset unless the approval says otherwise.
    ButtonLeavesIt,
    /// A hardware OATH token, which the button would deactivate: an administrator has to do it by hand.
    DeactivateByHand,
    /// This version does not know the type.
    UnknownType,
}
