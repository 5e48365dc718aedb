//! Logs as JSON, one line an event, with a time and a level that CloudWatch understands.

use tracing_subscriber::EnvFilter;

/// Starts logging. The Lambda runtime's own subscriber has no time, and at TRACE writes events whole; ours caps
/// what could write out a body or a header, whatever the filter says.
pub fn start(filter: &str) {
    let mut filter =
        EnvFilter::try_new(filter.to_lowercase()).unwrap_or_else(|_| EnvFilter::new("info"));
    for quiet in [
        "lambda_runtime=info",
        "lambda_http=info",
        "aws_=info",
        "hyper=warn",
        "hyper_util=warn",
        "reqwest=warn",
        "h2=warn",
        "rustls=warn",
        "aws_smithy_runtime=info",
        "aws_smithy_runtime_api=info",
        "aws_sdk_secretsmanager=info",
        "aws_sdk_dynamodb=info",
        "aws_sdk_sqs=info",
        "aws_sdk_sns=info",
        "aws_sdk_sts=info",
        "aws_config=info",
        "aws_runtime=info",
        "aws_credential_types=info",
        "aws_sigv4=info",
    ] {
        if let Ok(directive) = quiet.parse() {
            filter = filter.add_directive(directive);
        }
    }
    tracing_subscriber::fmt()
        .json()
        // `target` is the person in audit lines; here it would be a module.
        .with_target(false)
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .init();
}
