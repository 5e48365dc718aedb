//! Cold starts side by side: the function, and the same in Python and Node, each started as Lambda starts it, in one run.
//!
//! ```text
//! make bench              15 rounds
//! ROUNDS=40 make bench    99 at most
//! ```
//! A round starts each of them anew, has it do two resets that a Jira webhook asks for, and ends it. AWS is moto, the
//! tenant is simulated, the Lambda service is our own Runtime API, all on this machine. What counts are the ratios:
//! bench/README.md has the targets. Nothing here fails because something is slow.

#[expect(
    dead_code,
    reason = "what chaos looks at afterwards, nobody looks at here"
)]
#[path = "../examples/chaos/deployment.rs"]
mod deployment;
mod measured;

use std::time::{Duration, Instant};

use deployment::Deployment;
use measured::{Resources, Sample, report, resources};
use simulated::function_url;
use simulated::request::Request;
use simulated::runtime_api::{Invocation, RuntimeApi};

/// Whatever goes wrong ends it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How long any of them may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is started, and with what. The first is the measure of the others.
const BESIDE: [(&str, &str, &[&str]); 3] = [
    ("Rust", "REREGISTER_MFA", &[]),
    ("Python", "PYTHON", &["bench/beside/function.py"]),
    ("Node", "NODE", &["bench/beside/bundled.mjs"]),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let rounds: usize = std::env::var("ROUNDS").map_or(Ok(15), |text| text.parse())?;
    let deployment = Deployment::start().await?;
    let mut samples: [Vec<Sample>; 3] = Default::default();
    let mut people = 0..;
    // The first round fills the caches of the machine, and is forgotten.
    for round in 0..=rounds {
        for ((_, program, arguments), samples) in BESIDE.iter().zip(&mut samples) {
            let program =
                std::env::var(program).map_err(|_| format!("{program} is not set: make bench"))?;
            let two = [people.next(), people.next()].map(Option::unwrap_or_default);
            let sample = cold_start(&deployment, &program, arguments, two).await?;
            if round > 0 {
                samples.push(sample);
            }
        }
    }
    let names = BESIDE.map(|(name, _, _)| name);
    println!("{}", report(names, &samples));
    Ok(())
}

/// Starts it, has it reset two people, and ends it.
async fn cold_start(
    deployment: &Deployment,
    program: &str,
    arguments: &[&str],
    people: [usize; 2],
) -> Result<Sample> {
    let api = RuntimeApi::start().await?;
    let deliveries = people.map(|nth| deployment.delivery(nth));
    let mut command = deployment.command(program, &api);
    // Python reads what it has compiled once, as a package for Lambda has it.
    command.env_remove("PYTHONDONTWRITEBYTECODE");
    let started = Instant::now();
    let mut process = command.args(arguments).spawn()?;
    let sample = two_resets(&api, started, process.id(), &deliveries).await;
    process.kill()?;
    process.wait()?;
    sample
}

async fn two_resets(
    api: &RuntimeApi,
    started: Instant,
    process: u32,
    [first, second]: &[Request; 2],
) -> Result<Sample> {
    api.ready(PATIENCE).await?;
    let init = started.elapsed();
    let first = reset(api, first).await?;
    let Resources { cpu, memory } = resources(process)?;
    let warm = reset(api, second).await?;
    Ok(Sample {
        init,
        first,
        warm,
        cpu,
        memory,
    })
}

/// One reset, and how long it took.
async fn reset(api: &RuntimeApi, delivery: &Request) -> Result<Duration> {
    let asked = Instant::now();
    let answer = api.invoke(function_url::event(delivery), PATIENCE).await?;
    let took = asked.elapsed();
    let Invocation::Response(answer) = answer else {
        return Err(format!("it failed: {answer:?}").into());
    };
    let answer = String::from_utf8_lossy(&answer);
    if !answer.contains("completed") {
        return Err(format!("it has not done it: {answer}").into());
    }
    Ok(took)
}
