//! Where a request came from. For the audit trail; nothing is decided by it.

use axum::extract::Extension;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

use crate::reset::Origin;

/// The address of whoever connected, as the platform says; never a header, which anybody can write.
#[derive(Debug, Clone)]
pub struct SourceAddress(pub String);

/// The most that is kept of what somebody says that they ask with, in characters.
const LONGEST_AGENT: usize = 200;

/// Where a request came from.
pub fn origin(address: Option<Extension<SourceAddress>>, headers: &HeaderMap) -> Origin {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    Origin {
        address: address.map(|Extension(SourceAddress(address))| address),
        agent: agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect()),
    }
}
