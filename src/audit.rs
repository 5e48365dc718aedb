//! Where audit events go: one line of JSON each, on standard output, which on Lambda is CloudWatch Logs.

use std::io::Write as _;

use async_trait::async_trait;
use serde::Serialize;

use crate::reset::Event;
use crate::reset::ports::{AuditError, AuditTrail};

/// Lines on standard output.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogTrail;

/// An event as a line: what tells it from the other lines comes first.
#[derive(Serialize)]
struct Line<'a> {
    level: &'static str,
    timestamp: jiff::Timestamp,
    #[serde(flatten)]
    event: &'a Event,
}

#[async_trait]
impl AuditTrail for LogTrail {
    async fn append(&self, event: &Event) -> Result<(), AuditError> {
        let line = Line {
            level: "INFO",
            timestamp: event.at(),
            event,
        };
        let mut text =
            serde_json::to_string(&line).map_err(|error| AuditError(error.to_string()))?;
        text.push('\n');
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| AuditError(error.to_string()))
    }
}
