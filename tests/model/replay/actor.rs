//! A real run, with the ports that follow the model.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use reregister_mfa::clock::Clock as _;
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::Resets;

use super::ports::{Call, Order, Ports};
use crate::state::At;
use crate::wiring::{self, RUN};

/// Longer than a run and its lease.
const LEASE: Duration = Duration::from_secs(60);

fn resets(ports: &Ports) -> Resets {
    wiring::resets_of_approved(Arc::new(ports.clone()))
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

pub struct Actor {
    pub ports: Ports,
    task: Option<Task>,
}

impl Actor {
    /// A run behind the URL, for a delivery with this body.
    pub fn deliver(ports: Ports, body: &str) -> Actor {
        let submission = wiring::submission(body, vec![wiring::approved()], ports.now());
        let resets = resets(&ports);
        Actor {
            ports,
            task: Some(Box::pin(async move {
                let _answer = resets.submit(submission).await;
            })),
        }
    }

    /// A run of the worker.
    pub fn wake(ports: Ports, id: ResetId) -> Actor {
        let until = ports.now().checked_add(RUN).unwrap();
        let resets = resets(&ports);
        Actor {
            ports,
            task: Some(Box::pin(async move {
                let _comes_again = resets.wake(id, until).await;
            })),
        }
    }

    /// Lets the run make one call, and go on to the next one that the model knows; `at` is where the model then is. False
    /// if the run is not at this call.
    pub fn make(&mut self, call: Call, order: Order, at: At) -> bool {
        {
            let mut gate = self.ports.gate();
            if !gate.is_waiting(call) {
                return false;
            }
            gate.open(call, order);
        }
        // Until the call is made, what it waits for is told by where the model was.
        let Some(task) = self.task.as_mut() else {
            return false;
        };
        self.ports.gate().at = at;
        let is_over = poll(task);
        if is_over {
            self.task = None;
        }
        !self.ports.gate().is_open()
    }

    /// Lets the run go on to the next call that the model knows.
    pub fn go(&mut self, at: At) {
        self.ports.gate().at = at;
        let is_over = self.task.as_mut().is_some_and(poll);
        if is_over {
            self.task = None;
        }
    }

    pub fn is_over(&self) -> bool {
        self.task.is_none()
    }

    /// Where it is, for a message.
    pub fn show(&self) -> String {
        let gate = self.ports.gate();
        let is_over = self.is_over();
        format!("{:?} at {:?}, over: {is_over}", gate.waiting(), gate.now)
    }

    /// The time of the run and its lease are over.
    pub fn oversleep(&self) {
        let mut gate = self.ports.gate();
        gate.now = gate.now.checked_add(LEASE).unwrap();
    }
}

/// True if the run is over.
fn poll(task: &mut Task) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    // Branches of a run wait for each other.
    (0..3).any(|_| task.as_mut().poll(&mut context).is_ready())
}
