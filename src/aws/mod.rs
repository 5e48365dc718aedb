//! AWS: secrets, the store, the queue, the security team's topic, the bucket of evidence records, and the function's
//! identity. Translates; decides nothing.

mod dynamodb;
pub mod function_url;
mod s3;
mod secrets_manager;
mod sns;
mod sqs;
mod sts;
mod worker_event;

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

pub use dynamodb::DynamoDb;
pub use s3::S3;
pub use secrets_manager::SecretsManager;
pub use sns::Sns;
pub use sqs::{Sqs, SqsEvent, SqsMessage};
pub use sts::Sts;
pub use worker_event::{WorkerEvent, WorkerEventError};

/// What AWS gets told of the environment: region, credentials, `AWS_ENDPOINT_URL`.
///
/// The SDK has a time limit for connecting alone, and would wait for a silent peer for ever. One operation takes less
/// than what is left of an invocation when the time for the work is over ([`crate::http::Deadline`]).
pub async fn config() -> SdkConfig {
    // One for all services: each of its own would hold the root certificates once more.
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(1))
                .operation_attempt_timeout(Duration::from_secs(2))
                .operation_timeout(Duration::from_secs(4))
                .build(),
        )
        .load()
        .await
}

/// That SQS or SNS has taken a message: each of its successes names it (SendMessage and Publish, `MessageId`).
fn check_taken(message_id: Option<&str>) -> Result<(), String> {
    match message_id {
        Some(id) if !id.is_empty() => Ok(()),
        _ => Err("a success without a message id".to_owned()),
    }
}
