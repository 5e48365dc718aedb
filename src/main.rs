//! Three entry points to one core: a Function URL and a queue on Lambda, a socket anywhere else.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use axum::ServiceExt as _;
use axum::extract::ConnectInfo;
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use lambda_http::request::RequestContext;
use lambda_http::{Context, RequestExt as _, tower::ServiceBuilder};
use reregister_mfa::app::{Adapters, App};
use reregister_mfa::audit::LogTrail;
use reregister_mfa::aws::{self, DynamoDb, SecretsManager, Sns, Sqs, Sts, WorkerEvent};
use reregister_mfa::clock::{SystemClock, Timestamp};
use reregister_mfa::http::{Deadline, RequestId, SourceAddress};
use reregister_mfa::local_queue::LocalQueue;
use reregister_mfa::logs;
use reregister_mfa::policy::Policy;
use reregister_mfa::reset::ports::{NoSecurityTeam, Queue, Security};
use reregister_mfa::settings::{Entrance, Settings};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let settings = Settings::from_env();
    logs::start(&settings.log_filter);
    match serve(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        // A line of the log, as its author wrote it. What `main` returns would be printed for developers.
        Err(error) => {
            tracing::error!(%error, "cannot start");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: Settings) -> Result<(), Box<dyn Error + Send + Sync>> {
    let policy = Policy::read(&settings.policy_file)?;
    let aws = aws::config().await;
    let clock = Arc::new(SystemClock);
    let local_queue = LocalQueue::default();
    let queue: Arc<dyn Queue> = match settings.queue {
        Some(url) => Arc::new(Sqs::new(&aws, url)),
        None => Arc::new(local_queue.clone()),
    };
    let security: Arc<dyn Security> = match settings.security_topic {
        Some(topic) => Arc::new(Sns::new(&aws, topic, policy.sections.register_at.clone())),
        None => Arc::new(NoSecurityTeam),
    };
    let app = App::new(
        policy,
        Adapters {
            secrets: Arc::new(SecretsManager::new(&aws, clock.clone())),
            identity: Arc::new(Sts::new(&aws)),
            store: Arc::new(DynamoDb::new(&aws, settings.table, clock.clone())),
            queue,
            audit: Arc::new(LogTrail),
            security,
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
        Entrance::Queue => lambda_runtime::run(service_fn(|event| work(&app, event))).await,
        Entrance::Socket(address) => {
            // Only here: Lambda freezes a process between two events, and its messages would wait for ever. There nothing
            // is accepted without QUEUE_URL.
            app.work(&local_queue);
            let listener = tokio::net::TcpListener::bind(&address).await?;
            tracing::info!(address = %listener.local_addr()?, "listening");
            let stop = async {
                let _ = tokio::signal::ctrl_c().await;
            };
            let service = ServiceBuilder::new()
                .map_request(with_peer)
                .service(app.router());
            let service = service.into_make_service_with_connect_info::<SocketAddr>();
            Ok(axum::serve(listener, service)
                .with_graceful_shutdown(stop)
                .await?)
        }
    }
}

/// Goes on with what the queue has brought, where a message that fails stays in the queue; or does what an operator who
/// invokes the worker says about the freeze.
async fn work(
    app: &App,
    event: LambdaEvent<WorkerEvent>,
) -> Result<Value, Box<dyn Error + Send + Sync>> {
    match event.payload {
        WorkerEvent::Queue(messages) => {
            for message in &messages.records {
                app.wake(message.reset()?, deadline(&event.context)).await?;
            }
            Ok(Value::Null)
        }
        WorkerEvent::Change(change) => Ok(app.change_freeze(&change).await?),
        WorkerEvent::ShowFreeze => Ok(app.show_freeze().await?),
    }
}

/// What Lambda knows of a request, as this program's own types: `http` knows no Lambda.
fn with_platform(mut request: lambda_http::Request) -> lambda_http::Request {
    let Some(context) = request.lambda_context_ref() else {
        return request;
    };
    let deadline = deadline(context);
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => None,
    };
    let id = RequestId(context.request_id.clone());
    request.extensions_mut().insert(id);
    if let Some(address) = address {
        request.extensions_mut().insert(SourceAddress(address));
    }
    if let Some(deadline) = deadline {
        request.extensions_mut().insert(deadline);
    }
    request
}

/// What a socket knows of a request: the address of the client. Behind a proxy that is the proxy's.
fn with_peer(mut request: axum::extract::Request) -> axum::extract::Request {
    if let Some(ConnectInfo(peer)) = request.extensions().get().copied() {
        let peer: SocketAddr = peer;
        let address = SourceAddress(peer.ip().to_string());
        request.extensions_mut().insert(address);
    }
    request
}

fn deadline(context: &Context) -> Option<Deadline> {
    let ms = i64::try_from(context.deadline).ok()?;
    Timestamp::from_millisecond(ms).ok().map(Deadline)
}
