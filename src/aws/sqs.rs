//! The queue: Amazon SQS.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use serde::Deserialize;

use super::check_taken;
use crate::json::{self, JsonError};
use crate::reset::ports::{Queue, QueueError, Wake};

/// The longest delay of a message (Amazon SQS API reference, SendMessage).
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// A queue.
pub struct Sqs {
    client: Client,
    url: String,
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
    /// What it is about.
    ///
    /// # Errors
    /// If this program did not send it: it then ends among the dead letters, where an operator looks at it.
    pub fn wake(&self) -> Result<Wake, JsonError> {
        json::read(self.body.as_bytes())
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
    async fn schedule(&self, wake: Wake, after: Duration) -> Result<(), QueueError> {
        let body = serde_json::to_string(&wake).map_err(|error| QueueError(error.to_string()))?;
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
