//! What the environment says: the few things that differ between a laptop, a container and Lambda.

use std::path::PathBuf;

/// How requests reach this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entrance {
    /// The Lambda Runtime API is there: serve Function URL events.
    FunctionUrl,
    /// The Lambda Runtime API is there, and `EVENTS=queue`: go on with what the queue brings.
    Queue,
    /// Anywhere else: listen on a socket, `LISTEN`.
    Socket(String),
}

/// The settings of one process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `POLICY_FILE`, by default `policy.toml` in the working directory.
    pub policy_file: PathBuf,
    /// `TABLE_NAME`: the DynamoDB table that remembers resets.
    pub table: String,
    /// `QUEUE_URL`: the SQS queue that brings back what is not done; without it one inside this process does.
    pub queue: Option<String>,
    /// `SECURITY_TOPIC_ARN`: the SNS topic of the security team, if they are told.
    pub security_topic: Option<String>,
    /// `EVIDENCE_BUCKET`: the S3 bucket where what an auditor needs of each reset is kept, if it is.
    pub evidence_bucket: Option<String>,
    /// Where requests come in.
    pub entrance: Entrance,
    /// `AWS_LAMBDA_LOG_LEVEL`, or `RUST_LOG` outside Lambda: a `tracing` filter.
    pub log_filter: String,
}

/// Where the server listens if `LISTEN` is not set.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:9000";

impl Settings {
    /// Reads the process environment.
    pub fn from_env() -> Settings {
        Settings::from(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from(var: impl Fn(&str) -> Option<String>) -> Settings {
        let in_lambda = var("AWS_LAMBDA_RUNTIME_API").is_some();
        Settings {
            policy_file: var("POLICY_FILE")
                .unwrap_or_else(|| "policy.toml".to_owned())
                .into(),
            table: var("TABLE_NAME").unwrap_or_else(|| "reregister-mfa".to_owned()),
            queue: var("QUEUE_URL"),
            security_topic: var("SECURITY_TOPIC_ARN"),
            evidence_bucket: var("EVIDENCE_BUCKET"),
            entrance: if in_lambda && var("EVENTS").as_deref() == Some("queue") {
                Entrance::Queue
            } else if in_lambda {
                Entrance::FunctionUrl
            } else {
                Entrance::Socket(var("LISTEN").unwrap_or_else(|| DEFAULT_LISTEN.to_owned()))
            },
            // RUST_LOG must not win on Lambda, where the console's setting is what an operator sees.
            log_filter: var("AWS_LAMBDA_LOG_LEVEL")
                .or_else(|| var("RUST_LOG").filter(|_| !in_lambda))
                .unwrap_or_else(|| "info".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_api_decides_the_entrance_and_the_console_decides_the_log_level_on_lambda() {
        let lambda = Settings::from(|name| match name {
            "AWS_LAMBDA_RUNTIME_API" => Some("127.0.0.1:9001".to_owned()),
            "RUST_LOG" => Some("trace".to_owned()),
            _ => None,
        });
        assert_eq!(lambda.entrance, Entrance::FunctionUrl);
        assert_eq!(lambda.log_filter, "info");

        let laptop = Settings::from(|name| (name == "RUST_LOG").then(|| "debug".to_owned()));
        assert_eq!(laptop.entrance, Entrance::Socket(DEFAULT_LISTEN.to_owned()));
        assert_eq!(laptop.log_filter, "debug");
    }
}
