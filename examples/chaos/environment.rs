//! Lambda environments: each runs one process, gives it one event at a time, and now and then kills it.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use simulated::runtime_api::{Invocation, RuntimeApi};

use crate::Result;
use crate::deployment::{Deployment, Role};

/// How long one invocation may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A process is killed this long after it was given an event, at the earliest; or not at all, if it answers sooner.
const EARLIEST: Duration = Duration::from_millis(10);

/// And this many times later, at the latest: more than a reset takes on a busy machine.
const LATEST: f64 = 256.0;

/// What became of the processes.
#[derive(Debug, Default)]
pub struct Counts {
    /// By the place of the binary in [`Deployment::binaries`], and by role.
    pub invocations: BTreeMap<(usize, Role), usize>,
    pub killed: BTreeMap<Role, usize>,
    pub timed_out: BTreeMap<Role, usize>,
}

/// How many processes are still to be killed.
pub struct Chaos {
    kills: usize,
    counts: Mutex<Counts>,
}

impl Chaos {
    pub fn new(kills: usize) -> Chaos {
        Chaos {
            kills,
            counts: Mutex::default(),
        }
    }

    pub fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until there were kills enough, and at least a third of them of worker processes.
    pub fn goes_on(&self) -> bool {
        let killed = &self.counts().killed;
        let workers = killed.get(&Role::Worker).copied().unwrap_or_default();
        killed.values().sum::<usize>() < self.kills || workers < self.kills / 3
    }

    /// How long the next process is let live. One in three is left alone. Any moment is as likely as one twice as late,
    /// so that fast machines and slow ones are hit at early and at late points of a reset.
    fn moment(&self) -> Option<Duration> {
        let chance = uuid::Uuid::new_v4().as_u64_pair().0;
        if !self.goes_on() || chance.is_multiple_of(3) {
            return None;
        }
        let share = f64::from(u16::try_from(chance % 1000).ok()?) / 1000.0;
        Some(EARLIEST.mul_f64(LATEST.powf(share)))
    }
}

/// One environment.
pub struct Environment {
    deployment: Arc<Deployment>,
    chaos: Arc<Chaos>,
    api: RuntimeApi,
    role: Role,
    binary: usize,
    process: Child,
}

impl Drop for Environment {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What came of an event.
#[derive(Debug)]
pub enum Invoked {
    Response(Vec<u8>),
    /// The function has failed, and has said so.
    Error,
    /// By us, before it has answered.
    Killed,
    /// Ended by Lambda, since it has not answered in time.
    TimedOut,
}

impl Environment {
    pub async fn start(
        deployment: Arc<Deployment>,
        chaos: Arc<Chaos>,
        role: Role,
    ) -> Result<Environment> {
        let api = RuntimeApi::start().await?;
        let (binary, process) = deployment.spawn(&api, role)?;
        Ok(Environment {
            deployment,
            chaos,
            api,
            role,
            binary,
            process,
        })
    }

    /// # Errors
    /// If the process has ended by itself.
    pub async fn invoke(&mut self, event: Value) -> Result<Invoked> {
        let place = (self.binary, self.role);
        *self.chaos.counts().invocations.entry(place).or_default() += 1;
        let invocation = self.api.invoke(event, TIMEOUT);
        let moment = self.chaos.moment().unwrap_or(Duration::MAX);
        let invoked = match tokio::time::timeout(moment, invocation).await {
            Ok(Ok(Invocation::Response(bytes))) => return Ok(Invoked::Response(bytes)),
            Ok(Ok(Invocation::Error { .. })) => return Ok(Invoked::Error),
            Ok(Err(_)) => Invoked::TimedOut,
            Err(_) => Invoked::Killed,
        };
        if let Some(status) = self.process.try_wait()? {
            return Err(format!("a {:?} process has ended by itself: {status}", self.role).into());
        }
        {
            let mut counts = self.chaos.counts();
            let counts = match invoked {
                Invoked::Killed => &mut counts.killed,
                _ => &mut counts.timed_out,
            };
            *counts.entry(self.role).or_default() += 1;
        }
        // SIGKILL, as Lambda and the kernel do it.
        self.process.kill()?;
        self.process.wait()?;
        (self.binary, self.process) = self.deployment.spawn(&self.api, self.role)?;
        Ok(invoked)
    }
}
