//! Resets side by side, as a person waits for them: the function, and the same in Python and Node, each started as
//! Lambda starts it, in one run, with services that are as far away as services are.
//!
//! ```text
//! make bench                          15 rounds of each setting, about half an hour
//! ROUNDS=3 SETTINGS=4/60 make bench   three, of the settings whose names begin like that
//! SEQUENCE=1 make bench               a picture of one reset of each, request by request, instead of tables
//! SEQUENCE=1 PROGRAM=ours make bench  of those whose names begin like that
//! CHECKS=1 make bench                 what ours and the one of equal checks refuse
//! ```
//! A round starts each of them anew, has it do two resets that a Jira webhook asks for, and ends it. AWS is moto, the
//! tenant and Jira are simulated, the Lambda service is our own Runtime API, all on this machine. bench/README.md has
//! the targets. Nothing here fails because something is slow.

mod checked;
#[expect(dead_code, reason = "what chaos looks at afterwards is of no use here")]
#[path = "../examples/chaos/deployment.rs"]
mod deployment;
mod described;
mod measured;
mod process;
mod proxy;
mod service;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use deployment::{Deployment, Names, Notes};
use measured::{Counted, Resources, Sample, counts, picture, resources, times};
use process::{Process, Share};
use proxy::{RoundTrips, Traffic};
use simulated::entra::Tenant;
use simulated::function_url;
use simulated::request::Request;
use simulated::runtime_api::{Invocation, RuntimeApi};

/// Whatever goes wrong ends it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How long any of them may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing may have been sent before the next event: a process that works on after its answer gets no event
/// meanwhile, on Lambda either.
const QUIET: Duration = Duration::from_millis(150);

/// A program in the place of the function.
struct Program {
    name: &'static str,
    /// The variable that has its path.
    path: &'static str,
    arguments: &'static [&'static str],
    notes: Notes,
}

const fn program(name: &'static str, path: &'static str, notes: Notes) -> Program {
    Program {
        name,
        path,
        arguments: &[],
        notes,
    }
}

/// What is started, and with what. The first is compared with the others.
const PROGRAMS: [Program; 6] = [
    program("ours", "REREGISTER_MFA", Notes::Written),
    program("ours, no note", "REREGISTER_MFA", Notes::LeftOut),
    Program {
        arguments: &["bench/beside/function.py"],
        ..program("Python", "PYTHON", Notes::LeftOut)
    },
    Program {
        arguments: &["bench/beside/bundled.mjs"],
        ..program("Node", "NODE", Notes::LeftOut)
    },
    Program {
        arguments: &["bench/beside/equal.py"],
        ..program("equal checks", "PYTHON", Notes::Written)
    },
    Program {
        arguments: &["bench/beside/equal.py"],
        ..program("equal, no note", "PYTHON", Notes::LeftOut)
    },
];

/// How far away services are, how the person is named, and what the process gets of a processor.
struct Setting {
    aws: u64,
    others: u64,
    share: Share,
    names: Names,
}

/// A function of 512 MB has 512/1769 of a processor (AWS Lambda, "Configure Lambda function memory").
const OF_512_MB: Share = Share::Part(29);

const fn setting(aws: u64, others: u64, share: Share, names: Names) -> Setting {
    Setting {
        aws,
        others,
        share,
        names,
    }
}

const SETTINGS: [Setting; 8] = [
    setting(0, 0, Share::Whole, Names::Upn),
    setting(4, 60, Share::Whole, Names::Upn),
    setting(4, 60, Share::Whole, Names::ObjectId),
    setting(8, 150, Share::Whole, Names::Upn),
    setting(0, 0, OF_512_MB, Names::Upn),
    setting(4, 60, OF_512_MB, Names::Upn),
    setting(4, 60, OF_512_MB, Names::ObjectId),
    setting(8, 150, OF_512_MB, Names::Upn),
];

impl Setting {
    fn name(&self) -> String {
        let share = match self.share {
            Share::Whole => "a whole processor".to_owned(),
            Share::Part(hundredths) => format!("0.{hundredths} of a processor"),
        };
        let names = match self.names {
            Names::Upn => "UPN",
            Names::ObjectId => "object id",
        };
        format!("{}/{} ms, {share}, by {names}", self.aws, self.others)
    }

    fn round_trips(&self) -> RoundTrips {
        RoundTrips {
            aws: Duration::from_millis(self.aws),
            microsoft_and_jira: Duration::from_millis(self.others),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let rounds: usize = std::env::var("ROUNDS").map_or(Ok(15), |text| text.parse())?;
    let wanted = std::env::var("SETTINGS").unwrap_or_default();
    let in_pictures = std::env::var_os("SEQUENCE").is_some();
    if std::env::var_os("CHECKS").is_some() {
        return check().await;
    }
    let can_hold = process::can_hold();
    let is_wanted = |setting: &&Setting| setting.name().starts_with(&wanted);
    for setting in SETTINGS.iter().filter(is_wanted) {
        println!("\n{}", setting.name());
        if let (Share::Part(_), Err(error)) = (setting.share, &can_hold) {
            println!("left out: {error}");
        } else if in_pictures {
            draw(setting).await?;
        } else {
            compare(setting, rounds).await?;
        }
    }
    Ok(())
}

/// All programs in turn, round by round, with tables at the end.
async fn compare(setting: &Setting, rounds: usize) -> Result<()> {
    let mut stages = Vec::new();
    for program in &PROGRAMS {
        stages.push(Stage::new(program, setting).await?);
    }
    let mut samples: Vec<Vec<Sample>> = PROGRAMS.iter().map(|_| Vec::new()).collect();
    // The first round fills the caches of the machine, and is forgotten.
    for round in 0..=rounds {
        for (stage, samples) in stages.iter().zip(&mut samples) {
            let run = stage.run(round).await?;
            if round > 0 {
                samples.push(run.sample);
            }
        }
    }
    let names = PROGRAMS.map(|program| program.name);
    println!("{}", times(&names, &samples));
    println!("\n{}", counts(&names, &samples));
    Ok(())
}

/// Has those with all checks refuse what is to be refused.
async fn check() -> Result<()> {
    let [near, ..] = &SETTINGS;
    let with_checks = |one: &&Program| ["ours", "equal checks"].contains(&one.name);
    for program in PROGRAMS.iter().filter(with_checks) {
        println!("\n{}", program.name);
        let stage = Stage::new(program, near).await?;
        let api = RuntimeApi::start().await?;
        let _process = Process::new(stage.spawn(&api)?, Share::Whole)?;
        checked::check(&stage.deployment, &api).await?;
    }
    Ok(())
}

/// One run of each program, request by request. The first run is forgotten.
async fn draw(setting: &Setting) -> Result<()> {
    let only = std::env::var("PROGRAM").unwrap_or_default();
    for program in PROGRAMS.iter().filter(|one| one.name.starts_with(&only)) {
        let stage = Stage::new(program, setting).await?;
        stage.run(0).await?;
        let run = stage.run(1).await?;
        let until = Instant::now();
        for (title, from, to, whole) in [
            ("start", run.started, run.first_at, run.sample.ready),
            ("first event", run.first_at, run.second_at, run.sample.first),
            ("second event", run.second_at, until, run.sample.warm),
        ] {
            let answered = whole.as_millis();
            println!("\n{}: {title}, {answered} ms", program.name);
            print!(
                "{}",
                picture(&stage.traffic.exchanges(from, to), from, whole)
            );
        }
    }
    Ok(())
}

/// Where one program runs: a deployment of its own, so that it finds nothing of the others.
struct Stage<'a> {
    program: &'a Program,
    setting: &'a Setting,
    deployment: Deployment,
    traffic: Traffic,
}

/// What was seen of one process.
struct Run {
    sample: Sample,
    started: Instant,
    first_at: Instant,
    second_at: Instant,
}

impl Stage<'_> {
    async fn new<'a>(program: &'a Program, setting: &'a Setting) -> Result<Stage<'a>> {
        let traffic = Traffic::default();
        let before = |service, address: &str| {
            proxy::before(service, address, setting.round_trips(), &traffic)
        };
        let tenant = Tenant::from_json(&deployment::people()?)?;
        let deployment = Deployment::of(tenant, &before, program.notes).await?;
        Ok(Stage {
            program,
            setting,
            deployment,
            traffic,
        })
    }

    /// Starts a process, has it reset two people, and ends it.
    async fn run(&self, round: usize) -> Result<Run> {
        let api = RuntimeApi::start().await?;
        let people = [round * 2, round * 2 + 1];
        let names = self.setting.names;
        let deliveries = people.map(|nth| self.deployment.delivery_naming(nth, names));
        self.traffic.forget();
        let started = Instant::now();
        let process = Process::new(self.spawn(&api)?, self.setting.share)?;
        let run = self.two_resets(&api, started, &process, &deliveries).await;
        run.map_err(|error| format!("{}: {error}", self.program.name).into())
    }

    fn spawn(&self, api: &RuntimeApi) -> Result<Child> {
        let Program {
            path, arguments, ..
        } = self.program;
        let program = std::env::var(path).map_err(|_| format!("{path} is not set: make bench"))?;
        let mut command = self.deployment.command(&program, api);
        // Python reads what it has compiled once, as a package for Lambda has it.
        command.env_remove("PYTHONDONTWRITEBYTECODE");
        // Why one fails must be seen.
        command.stderr(Stdio::inherit());
        Ok(command.args(*arguments).spawn()?)
    }

    async fn two_resets(
        &self,
        api: &RuntimeApi,
        started: Instant,
        process: &Process,
        [first, second]: &[Request; 2],
    ) -> Result<Run> {
        api.ready(PATIENCE).await?;
        let ready = started.elapsed();
        process.is_ready()?;
        let first_at = Instant::now();
        let first = reset(api, first).await?;
        let cold = Counted::between(&self.traffic, started, Instant::now());
        let Resources { cpu, memory } = resources(process.id())?;
        self.traffic.quiet(QUIET).await;
        let before = resources(process.id())?;
        let second_at = Instant::now();
        let warm = reset(api, second).await?;
        let counted = Counted::between(&self.traffic, second_at, Instant::now());
        let after = resources(process.id())?;
        self.traffic.quiet(QUIET).await;
        Ok(Run {
            sample: Sample {
                ready,
                first,
                warm,
                cpu,
                warm_cpu: after.cpu.saturating_sub(before.cpu),
                memory,
                traffic: [cold, counted],
            },
            started,
            first_at,
            second_at,
        })
    }
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
