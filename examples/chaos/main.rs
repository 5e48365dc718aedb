//! Kills the real binary at random moments, behind both of its Lambda doors, until it has been killed often enough, and
//! looks whether every reset came to its end all the same: no method removed twice, none left, one note in each ticket.
//!
//! ```text
//! make chaos              200 kills, a few minutes
//! KILLS=20 make chaos
//! ```
//! AWS is moto, the tenant and Jira are simulated, the Lambda service is our own Runtime API. A reset that was killed is
//! not sent again by its ticket system, unless it was killed before it was accepted.

mod checks;
mod deployment;
mod slots;

use std::sync::Arc;
use std::time::{Duration, Instant};

use deployment::Deployment;
use futures_util::future::{try_join, try_join_all};
use slots::Chaos;

/// Lambda environments for the door, and as many for the queue.
const SLOTS: usize = 10;

/// How long the resets may take to their end after the last kill: leases, the visibility of messages, pauses.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> slots::Result<()> {
    let kills = std::env::var("KILLS").map_or(Ok(200), |text| text.parse())?;
    let started = Instant::now();
    let deployment = Deployment::start()
        .await
        .map_err(|error| error.to_string())?;
    let deployment = Arc::new(deployment);
    let chaos = Arc::new(Chaos::new(kills));
    let doors = (0..SLOTS).map(|_| slots::door(deployment.clone(), chaos.clone()));
    let workers = (0..SLOTS).map(|_| slots::worker(deployment.clone(), chaos.clone()));
    let story = async {
        try_join_all(doors).await?;
        println!(
            "killed enough after {:?}; now everything is let come to its end",
            started.elapsed()
        );
        let again = checks::settle(&deployment, &chaos, PATIENCE).await?;
        chaos.stop();
        Ok(again)
    };
    // Whichever fails ends it.
    let (again, _) = try_join(story, try_join_all(workers)).await?;
    let wrong = checks::report(&deployment, &chaos, again).await?;
    println!("  {:?} in all", started.elapsed());
    if wrong > 0 {
        return Err(format!("{wrong} things are not as they must be").into());
    }
    println!("chaos: every reset came to its end");
    Ok(())
}
