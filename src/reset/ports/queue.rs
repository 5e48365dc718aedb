//! The queue: it brings back later what is not finished.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::{DraftId, ResetId};

/// What a message names: an id, and nothing of what is to be done. An attacker who can write to the queue can have the
/// worker look at what is stored under it, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "Message")]
pub enum Wake {
    /// The record of a reset.
    Reset(ResetId),
    /// A draft of the desk.
    Draft(DraftId),
}

/// A message as it is read: one of the two, and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    #[serde(default, deserialize_with = "present")]
    reset: Option<ResetId>,
    #[serde(default, deserialize_with = "present")]
    draft: Option<DraftId>,
}

/// What is there is no null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// The message names nothing, or more than one thing.
#[derive(Debug, thiserror::Error)]
#[error("a message names one reset or one draft")]
pub struct NotOneWake;

impl TryFrom<Message> for Wake {
    type Error = NotOneWake;

    fn try_from(message: Message) -> Result<Wake, NotOneWake> {
        match (message.reset, message.draft) {
            (Some(reset), None) => Ok(Wake::Reset(reset)),
            (None, Some(draft)) => Ok(Wake::Draft(draft)),
            _ => Err(NotOneWake),
        }
    }
}

/// Schedules what the worker does.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Wakes the worker after this long, at least once, even if this process ends.
    async fn schedule(&self, wake: Wake, after: Duration) -> Result<(), QueueError>;
}

/// The queue did not take the message, or may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue is not available: {0}")]
pub struct QueueError(pub String);
