//! Logs as JSON, one line an event, with a time and a level that CloudWatch understands.

use tracing_subscriber::filter::{EnvFilter, FilterExt as _, LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

/// What could write out a body or a header says no more than this, whatever the filter says. A name stands for all
/// that begin with it.
const CAPS: [(&str, LevelFilter); 7] = [
    ("aws_", LevelFilter::INFO),
    ("h2", LevelFilter::WARN),
    ("hyper", LevelFilter::WARN),
    // It warns of each connection on which no request comes.
    ("hyper::proto::h1::conn", LevelFilter::ERROR),
    ("lambda_runtime", LevelFilter::INFO),
    ("reqwest", LevelFilter::WARN),
    ("rustls", LevelFilter::WARN),
];

fn caps() -> Targets {
    Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_targets(CAPS)
}

/// Starts logging. The Lambda runtime's own subscriber has no time, and at TRACE writes events whole.
pub fn start(filter: &str) {
    let asked =
        EnvFilter::try_new(filter.to_lowercase()).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer()
        .json()
        // `target` is the person in audit lines; here it would be a module.
        .with_target(false)
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_filter(asked.and(caps()));
    registry().with(lines).init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn what_could_write_out_a_secret_is_capped_by_the_beginning_of_its_name() {
        let caps = caps();
        for target in [
            "hyper::proto::h1::io",
            "hyper_util::client",
            "aws_smithy_runtime::client::http",
            "aws_sdk_secretsmanager::operation",
            "reqwest::connect",
            "lambda_runtime::layers",
        ] {
            assert!(!caps.would_enable(target, &Level::DEBUG), "{target}");
            assert!(caps.would_enable(target, &Level::WARN), "{target}");
        }
        assert!(caps.would_enable("reregister_mfa::reset", &Level::TRACE));
    }
}
