//! Three entry points to one core: a Function URL and a queue on Lambda, a socket anywhere else.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use lambda_runtime::{Context, LambdaEvent, service_fn};
use reregister_mfa::app::{Adapters, App};
use reregister_mfa::audit::LogTrail;
use reregister_mfa::aws::function_url::{self, FunctionUrlError};
use reregister_mfa::aws::{self, DynamoDb, S3, SecretsManager, Sns, Sqs, Sts, WorkerEvent};
use reregister_mfa::clock::{SystemClock, Timestamp};
use reregister_mfa::http::{self, Deadline, RequestId, SLOWEST_HEADERS};
use reregister_mfa::local_queue::LocalQueue;
use reregister_mfa::logs;
use reregister_mfa::policy::Policy;
use reregister_mfa::reset::ports::{EvidenceStore, NoSecurityTeam, Queue, Security};
use reregister_mfa::settings::{Entrance, Settings};
use serde_json::Value;
use tower::ServiceExt as _;

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
    let evidence = settings.evidence_bucket.map(|bucket| {
        let bucket: Arc<dyn EvidenceStore> = Arc::new(S3::new(&aws, &bucket, clock.clone()));
        bucket
    });
    let app = App::new(
        policy,
        Adapters {
            secrets: Arc::new(SecretsManager::new(&aws, clock.clone())),
            identity: Arc::new(Sts::new(&aws)),
            store: Arc::new(DynamoDb::new(&aws, settings.table, clock.clone())),
            queue,
            audit: Arc::new(LogTrail),
            security,
            evidence,
            clock,
        },
    )?;
    app.prepare().await;
    // What waits for the network goes on beside the first event: a person waits for that one.
    let warm_up = app.begin_warm_up();
    match settings.entrance {
        Entrance::FunctionUrl => {
            let router = app.router();
            let serve = service_fn(|event| {
                warm_up.event_came();
                answer(router.clone(), event)
            });
            lambda_runtime::run(serve).await
        }
        Entrance::Queue => {
            let serve = service_fn(|event| {
                warm_up.event_came();
                work(&app, event)
            });
            lambda_runtime::run(serve).await
        }
        Entrance::Socket(address) => {
            warm_up.done().await;
            // Only here: Lambda freezes a process between two events, and its messages would wait for ever. There nothing
            // is accepted without QUEUE_URL.
            app.work(&local_queue);
            let listener = tokio::net::TcpListener::bind(&address).await?;
            tracing::info!(address = %listener.local_addr()?, "listening");
            let stop = async {
                let _ = tokio::signal::ctrl_c().await;
            };
            http::serve(listener, app.router(), SLOWEST_HEADERS, stop).await;
            Ok(())
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
                app.wake(message.wake()?, deadline(&event.context)).await?;
            }
            Ok(Value::Null)
        }
        WorkerEvent::Change(change) => Ok(app.change_freeze(&change).await?),
        WorkerEvent::ShowFreeze => Ok(app.show_freeze().await?),
    }
}

/// Answers a request that came through the Function URL. A malformed one is answered, too: it is no fault of this
/// function, and the alarm `Errors` must not count it.
async fn answer(
    router: Router,
    event: LambdaEvent<Value>,
) -> Result<Value, Box<dyn Error + Send + Sync>> {
    let LambdaEvent { payload, context } = event;
    let response = match function_url::request(&payload) {
        Ok(mut request) => {
            let extensions = request.extensions_mut();
            extensions.insert(RequestId(context.request_id.clone()));
            if let Some(deadline) = deadline(&context) {
                extensions.insert(deadline);
            }
            router.oneshot(request).await?
        }
        Err(error @ FunctionUrlError::Malformed(_)) => http::malformed(error),
        Err(error @ FunctionUrlError::OtherService) => return Err(error.into()),
    };
    Ok(function_url::answer(response).await?)
}

fn deadline(context: &Context) -> Option<Deadline> {
    let ms = i64::try_from(context.deadline).ok()?;
    Timestamp::from_millisecond(ms).ok().map(Deadline)
}
