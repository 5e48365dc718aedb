//! Two doors to one router: a Function URL on Lambda, a socket anywhere else.

use std::error::Error;
use std::sync::Arc;

use lambda_http::{RequestExt as _, tower::ServiceBuilder};
use reregister_mfa::app::{App, World};
use reregister_mfa::audit::LogTrail;
use reregister_mfa::aws::{self, DynamoDb, SecretsManager, Sts};
use reregister_mfa::clock::{SystemClock, Timestamp};
use reregister_mfa::http::{Deadline, RequestId};
use reregister_mfa::logs;
use reregister_mfa::policy::Policy;
use reregister_mfa::settings::{Entrance, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let settings = Settings::from_env();
    logs::start(&settings.log_filter);
    let policy = Policy::read(&settings.policy_file)?;
    let aws = aws::config().await;
    let clock = Arc::new(SystemClock);
    let app = App::new(
        policy,
        World {
            secrets: Arc::new(SecretsManager::new(&aws, clock.clone())),
            identity: Arc::new(Sts::new(&aws)),
            store: Arc::new(DynamoDb::new(&aws, settings.table)),
            audit: Arc::new(LogTrail),
            clock,
        },
    )?;
    app.warm_up().await;
    match settings.entrance {
        Entrance::FunctionUrl => {
            let service = ServiceBuilder::new()
                .map_request(with_platform)
                .service(app.router());
            lambda_http::run(service).await
        }
        Entrance::Socket(address) => {
            let listener = tokio::net::TcpListener::bind(&address).await?;
            tracing::info!(address = %listener.local_addr()?, "listening");
            let stop = async {
                let _ = tokio::signal::ctrl_c().await;
            };
            Ok(axum::serve(listener, app.router())
                .with_graceful_shutdown(stop)
                .await?)
        }
    }
}

/// What Lambda knows of a request, in our own words: the rooms behind the door know no Lambda.
fn with_platform(mut request: lambda_http::Request) -> lambda_http::Request {
    let Some(context) = request.lambda_context_ref() else {
        return request;
    };
    let deadline = i64::try_from(context.deadline)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let id = RequestId(context.request_id.clone());
    request.extensions_mut().insert(id);
    if let Some(at) = deadline {
        request.extensions_mut().insert(Deadline(at));
    }
    request
}
