//! The queue of a process that is no Lambda function: in memory, and lost with the process.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::reset::ports::{Queue, QueueError, Wake};

/// A queue inside this process. It takes messages once it has a worker.
#[derive(Clone, Default)]
pub struct LocalQueue {
    worker: Arc<OnceLock<Worker>>,
}

/// What a message is handed to, and the clock that it waits by.
struct Worker {
    clock: Arc<dyn Clock>,
    handle: Box<dyn Fn(Wake) -> BoxFuture<'static, bool> + Send + Sync>,
}

/// When a message that failed comes again.
const AGAIN: Duration = Duration::from_secs(30);

impl LocalQueue {
    /// Gives every message to `handle`, which returns whether it is done with it; if not, the message comes again. The
    /// first worker stays.
    pub fn set_worker(
        &self,
        clock: Arc<dyn Clock>,
        handle: impl Fn(Wake) -> BoxFuture<'static, bool> + Send + Sync + 'static,
    ) {
        let handle = Box::new(handle);
        let _ = self.worker.set(Worker { clock, handle });
    }
}

#[async_trait]
impl Queue for LocalQueue {
    async fn schedule(&self, wake: Wake, after: Duration) -> Result<(), QueueError> {
        if self.worker.get().is_none() {
            return Err(QueueError("it has no worker".to_owned()));
        }
        let worker = self.worker.clone();
        tokio::spawn(async move {
            let Some(worker) = worker.get() else { return };
            worker.clock.sleep(after).await;
            while !(worker.handle)(wake.clone()).await {
                worker.clock.sleep(AGAIN).await;
            }
        });
        Ok(())
    }
}
