//! An actor: a process of the product that works on the request, and can be stopped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reregister_mfa::clock::Clock as _;
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::{Answered, Refusal, Resets};

use crate::faulty_ports::FaultyPorts;
use crate::script::{Life, Point};
use crate::wiring::{self, RUN};

fn resets(ports: &FaultyPorts) -> Resets {
    wiring::resets_of_approved(Arc::new(ports.clone()))
}

type Task = Pin<Box<dyn Future<Output = Result<Option<Answered>, Refusal>>>>;

pub struct Actor {
    ports: FaultyPorts,
    /// `None` once it is over: what a process held is gone with it.
    task: Option<Task>,
    /// Whether it came to a good end, if it came to one.
    pub came_back: Option<bool>,
    /// The message that it works on, until that is done or comes again.
    message: Option<ResetId>,
}

/// The body that [`Actor::deliver`] has.
pub const SAME: &str = "the delivery";

impl Actor {
    /// An actor that receives the delivery.
    pub fn deliver(ports: FaultyPorts) -> Actor {
        Actor::deliver_as(ports, SAME)
    }

    /// An actor that receives the same approval in this body, as another ticket system sends it.
    pub fn deliver_as(ports: FaultyPorts, body: &str) -> Actor {
        let submission = wiring::submission(body, vec![wiring::approved()], ports.now());
        ports.script.lock().unwrap().until = Some(submission.until);
        let resets = resets(&ports);
        let task = Box::pin(async move { resets.submit(submission).await.map(Some) });
        Actor::new(ports, task, None)
    }

    /// An actor that the queue wakes.
    pub fn wake(ports: FaultyPorts, id: ResetId) -> Actor {
        let until = ports.now().checked_add(RUN).unwrap();
        ports.script.lock().unwrap().until = Some(until);
        let resets = resets(&ports);
        let task = Box::pin(async move { resets.wake(id, until).await.map(|()| None) });
        Actor::new(ports, task, Some(id))
    }

    fn new(ports: FaultyPorts, task: Task, message: Option<ResetId>) -> Actor {
        Actor {
            ports,
            task: Some(task),
            came_back: None,
            message,
        }
    }

    /// Lets the actor work until it is done, killed, or stands still. One that stood still goes on.
    pub fn go(&mut self) {
        self.resume();
        while self.step() {}
    }

    /// Lets one that stands still go on.
    pub fn resume(&mut self) {
        let mut script = self.ports.script.lock().unwrap();
        if script.life == Life::Paused {
            script.life = Life::Alive;
            script.stopped.drain(..).for_each(Waker::wake);
        }
    }

    /// Lets the actor work until another may come first. False if it is done, killed, or stands still.
    pub fn step(&mut self) -> bool {
        let Some(task) = self
            .task
            .as_mut()
            .filter(|_| self.ports.life() == Life::Alive)
        else {
            return false;
        };
        let yields = self.ports.script.lock().unwrap().yields;
        let polled = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        match (polled, self.ports.life()) {
            (_, Life::Dead) => self.over(false),
            (Poll::Ready(result), _) => {
                if matches!(result, Ok(Some(_))) && self.ports.world.lock().records().is_empty() {
                    self.violated("a sender is answered, and there is no record");
                }
                self.came_back = Some(result.is_ok());
                self.over(result.is_ok());
            }
            (Poll::Pending, Life::Paused) => {}
            (Poll::Pending, Life::Alive) => {
                if self.ports.script.lock().unwrap().yields > yields {
                    return true;
                }
                self.violated("an actor waits for what never comes");
                self.over(false);
            }
        }
        false
    }

    /// The process is gone. A message that was not dealt with comes again, as from SQS.
    fn over(&mut self, is_dealt_with: bool) {
        self.task = None;
        if let Some(id) = self.message.take().filter(|_| !is_dealt_with) {
            let mut happened = self.ports.world.lock();
            let again = happened.now.checked_add(Duration::from_secs(180)).unwrap();
            happened.queue.push((again, id));
        }
    }

    fn violated(&self, what: &str) {
        self.ports.world.lock().violated(what);
    }

    pub fn is_over(&self) -> bool {
        self.task.is_none()
    }

    pub fn is_paused(&self) -> bool {
        self.ports.life() == Life::Paused
    }

    /// The calls that it made.
    pub fn calls(&self) -> Vec<Point> {
        self.ports.script.lock().unwrap().calls.clone()
    }
}
