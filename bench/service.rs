//! The services that the function calls.

/// What the function calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    DynamoDb,
    Sqs,
    SecretsManager,
    Login,
    Graph,
    Jira,
}

impl Service {
    pub fn is_aws(self) -> bool {
        matches!(
            self,
            Service::DynamoDb | Service::Sqs | Service::SecretsManager
        )
    }
}
