//! Many resets at once, a large tenant, many claims in an hour, and what a reset uses of AWS. In one process with the simulated tenant and ticket
//! system, which are 60 ms away, and a table in memory, which is 4 ms away.
//!
//! ```text
//! make load               all of it, about five minutes
//! ONLY=crowd make load    a part: crowd, tenant, claims or cost
//! ```
//! It fails if a reset is lost or done twice, or if the tenant has throttled less than it should. Nothing fails because
//! something is slow.

mod consumed;
#[path = "../described.rs"]
mod described;
#[path = "../../tests/support/memory.rs"]
mod memory;
mod place;
#[expect(dead_code, reason = "what pictures and tables of requests need")]
#[path = "../proxy.rs"]
mod proxy;
mod records;
mod scenes;
#[expect(dead_code, reason = "the table and the secrets are in memory")]
#[path = "../service.rs"]
mod service;

use std::time::Duration;

use proxy::RoundTrips;

/// Whatever goes wrong ends it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// As far away as services are.
pub const FAR: RoundTrips = RoundTrips {
    aws: Duration::from_millis(4),
    microsoft_and_jira: Duration::from_millis(60),
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // As tools/guard.py starts it: `load reset 20`.
    if let Some(times) = std::env::args().nth(2) {
        return scenes::counted(times.parse()?).await;
    }
    let only = std::env::var("ONLY").unwrap_or_default();
    if "crowd".starts_with(&only) {
        scenes::crowd().await?;
    }
    if "tenant".starts_with(&only) {
        scenes::tenant().await?;
    }
    if "claims".starts_with(&only) {
        scenes::claims().await?;
    }
    if "cost".starts_with(&only) {
        scenes::cost().await?;
    }
    Ok(())
}
