//! The queue: Amazon SQS.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};

use super::check_taken;
use crate::ids::ResetId;
use crate::json::{self, JsonError};
use crate::reset::ports::{Queue, QueueError};

/// The longest delay of a message (Amazon SQS API reference, SendMessage).
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// A queue.
pub struct Sqs {
    client: Client,
    url: String,
}

/// What a message carries: an id, and nothing of what is to be done. An attacker who can write to the queue can cause a
/// run, which then looks at the record, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wake {
    /// The reset.
    pub reset: ResetId,
}

/// What Lambda hands over from the queue (AWS Lambda developer guide, "Using Lambda with Amazon SQS").
#[derive(Debug, Deserialize)]
pub struct SqsEvent {
    /// The messages; one, since the batch size is one.
    #[serde(rename = "Records")]
    pub records: Vec<SqsMessage>,
}

/// A message.
#[derive(Debug, Deserialize)]
pub struct SqsMessage {
    /// A [`Wake`] in JSON.
    pub body: String,
}

impl SqsMessage {
    /// The reset that it is about.
    ///
    /// # Errors
    /// If this program did not send it: it then ends among the dead letters, where an operator looks at it.
    pub fn reset(&self) -> Result<ResetId, JsonError> {
        json::read::<Wake>(self.body.as_bytes()).map(|wake| wake.reset)
    }
}

impl Sqs {
    /// The queue at this address.
    pub fn new(config: &SdkConfig, url: String) -> Sqs {
        Sqs {
            client: Client::new(config),
            url,
        }
    }
}

#[async_trait]
impl Queue for Sqs {
    async fn schedule(&self, id: ResetId, after: Duration) -> Result<(), QueueError> {
        let body = serde_json::to_string(&Wake { reset: id })
            .map_err(|error| QueueError(error.to_string()))?;
        // Whole seconds, rounded up: a message that comes early finds the lease of another run.
        let delay = after.min(LONGEST_DELAY).as_millis().div_ceil(1000);
        let sent = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(i32::try_from(delay).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| QueueError(error.code().unwrap_or("no answer").to_owned()))?;
        check_taken(sent.message_id()).map_err(QueueError)
    }
}
