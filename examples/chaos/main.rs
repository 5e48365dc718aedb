//! Kills the real binary at random moments, behind its Function URL and behind its queue, until it has been killed
//! often enough, and looks whether everything that was sent was accepted, and every reset came to its end all the same:
//! no method removed twice, none left, one note in each ticket.
//!
//! ```text
//! make chaos                               at least 200 kills, about three minutes
//! KILLS=20 make chaos                      about half of that: a killed reset is not taken up for the first 40 seconds
//! REREGISTER_MFA_OTHER=path make chaos     each process is one of two versions, at random
//! ```
//! AWS is moto, which cancels some transactions as DynamoDB does; the tenant and Jira are simulated; the Lambda service
//! is our own Runtime API.

mod checks;
#[expect(dead_code, reason = "the settings of the measurements in bench/")]
mod deployment;
mod environment;
mod senders;
#[expect(dead_code, reason = "of use where round trips are measured")]
#[path = "../../bench/service.rs"]
mod service;

use std::sync::Arc;
use std::time::Instant;

use deployment::Deployment;
use environment::Chaos;
use futures_util::future::{try_join, try_join_all};
use senders::Sent;
use tokio::sync::watch;

/// Whatever goes wrong ends it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Lambda environments behind the Function URL, and as many behind the queue.
const ENVIRONMENTS: usize = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let kills = std::env::var("KILLS").map_or(Ok(200), |text| text.parse())?;
    let started = Instant::now();
    let deployment = Deployment::start()
        .await
        .map_err(|error| error.to_string())?;
    let deployment = Arc::new(deployment);
    let chaos = Arc::new(Chaos::new(kills));
    let sent = Arc::new(Sent::default());
    let (end, over) = watch::channel(false);
    let workers = (0..ENVIRONMENTS)
        .map(|_| senders::poll_queue(deployment.clone(), chaos.clone(), over.clone()));
    let story = async {
        let senders = (0..ENVIRONMENTS)
            .map(|_| senders::send_tickets(deployment.clone(), chaos.clone(), sent.clone()));
        try_join_all(senders).await?;
        println!("  killed often enough after {:?}", started.elapsed());
        checks::settle(&deployment).await?;
        println!(
            "  what was accepted came to its end after {:?}",
            started.elapsed()
        );
        senders::send_open(deployment.clone(), chaos.clone(), sent.clone()).await?;
        checks::settle(&deployment).await?;
        end.send_replace(true);
        Ok(())
    };
    try_join(story, try_join_all(workers)).await?;
    let wrong = checks::report(&deployment, &chaos, &sent).await?;
    println!("  {:?} in all", started.elapsed());
    if wrong > 0 {
        return Err(format!("{wrong} things are not as they must be").into());
    }
    println!("chaos: everything was accepted, and every reset came to its end");
    Ok(())
}
