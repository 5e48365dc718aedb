//! AWS: secrets, the store, and who we are. Translates; decides nothing.

mod dynamodb;
mod secrets_manager;
mod sts;

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

pub use dynamodb::DynamoDb;
pub use secrets_manager::SecretsManager;
pub use sts::Sts;

/// What AWS gets told of the environment: region, credentials, `AWS_ENDPOINT_URL`.
///
/// The SDK has a time limit for connecting alone, and would wait for a silent peer for ever.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(Duration::from_secs(3))
                .operation_timeout(Duration::from_secs(7))
                .build(),
        )
        .load()
        .await
}
