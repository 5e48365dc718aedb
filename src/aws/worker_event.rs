//! What the worker is invoked with: messages of the queue, or an operator's command for the freeze switch.

use serde::Deserialize;
use serde_json::Value;

use super::sqs::SqsEvent;
use crate::reset::{FreezeChange, FreezeReason, FreezeReasonError, Tiers};

/// An event of the worker function. Who may invoke it, IAM decides.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Value")]
pub enum WorkerEvent {
    Queue(SqsEvent),
    /// `{"freeze": "all", "why": "…"}` or `{"thaw": "all"}`
    Change(FreezeChange),
    /// `{"show": "freeze"}`
    ShowFreeze,
}

/// The event is none of those that the worker takes.
#[derive(Debug, thiserror::Error)]
pub enum WorkerEventError {
    #[error("the event is not understood: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Reason(#[from] FreezeReasonError),
    #[error(
        "the event is not understood: it must have Records, or freeze with why, or thaw, or show"
    )]
    Unknown,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    freeze: Option<Tiers>,
    why: Option<String>,
    thaw: Option<Tiers>,
    show: Option<Shown>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shown {
    Freeze,
}

impl TryFrom<Value> for WorkerEvent {
    type Error = WorkerEventError;

    fn try_from(event: Value) -> Result<WorkerEvent, WorkerEventError> {
        if event.get("Records").is_some() {
            let is_mixed = ["freeze", "thaw", "show"]
                .iter()
                .any(|member| event.get(member).is_some());
            if is_mixed {
                return Err(WorkerEventError::Unknown);
            }
            return Ok(WorkerEvent::Queue(serde_json::from_value(event)?));
        }
        // A list would be read as the members in their order.
        if !event.is_object() {
            return Err(WorkerEventError::Unknown);
        }
        let command: Command = serde_json::from_value(event)?;
        match (command.freeze, command.why, command.thaw, command.show) {
            (Some(tiers), why, None, None) => Ok(WorkerEvent::Change(FreezeChange::Freeze {
                tiers,
                why: FreezeReason::new(&why.unwrap_or_default())?,
            })),
            (None, None, Some(tiers), None) => {
                Ok(WorkerEvent::Change(FreezeChange::Thaw { tiers }))
            }
            (None, None, None, Some(Shown::Freeze)) => Ok(WorkerEvent::ShowFreeze),
            _ => Err(WorkerEventError::Unknown),
        }
    }
}
