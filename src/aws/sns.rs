//! The security team's topic: Amazon SNS.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata;

use super::check_taken;
use crate::report::notification;
use crate::reset::Event;
use crate::reset::ports::{Security, SecurityError};

/// A topic.
pub struct Sns {
    client: Client,
    topic: String,
    register_at: String,
}

impl Sns {
    /// The topic of this ARN. `register_at` is where people register, for the text.
    pub fn new(config: &SdkConfig, topic: String, register_at: String) -> Sns {
        Sns {
            client: Client::new(config),
            topic,
            register_at,
        }
    }
}

#[async_trait]
impl Security for Sns {
    async fn notify(&self, event: &Event) -> Result<(), SecurityError> {
        let Some(notification) = notification(event, &self.register_at) else {
            return Ok(());
        };
        let published = self
            .client
            .publish()
            .topic_arn(&self.topic)
            .subject(notification.subject)
            .message(notification.text)
            .send()
            .await
            .map_err(|error| SecurityError(error.code().unwrap_or("no answer").to_owned()))?;
        check_taken(published.message_id()).map_err(SecurityError)
    }
}
