//! What is measured of a process, and the tables of it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::Result;
use crate::proxy::{Exchange, Traffic};
use crate::service::Service;

/// One process: a cold start with one event, and another event.
#[derive(Debug, Clone)]
pub struct Sample {
    /// From the start of the process to its first call for an event.
    pub ready: Duration,
    /// From the first event to its answer.
    pub first: Duration,
    /// From the second event to its answer.
    pub warm: Duration,
    /// Processor time up to the first answer.
    pub cpu: Duration,
    /// Processor time of the second event.
    pub warm_cpu: Duration,
    /// The most memory up to the first answer, in KiB.
    pub memory: u64,
    /// From the start of the process to the first answer, and from the second event to its answer.
    pub traffic: [Counted; 2],
}

impl Sample {
    /// From the start of the process to the first answer.
    fn cold(&self) -> Duration {
        self.ready + self.first
    }
}

/// What passed in a time.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Requests and new connections, by service, in the order of [`SERVICES`].
    services: [(usize, usize); 6],
    /// Requests that waited for each other, to AWS and to others.
    in_a_row: (usize, usize),
    /// For how long an answer was awaited after its round trip.
    late: Duration,
}

/// In the order of the tables.
const SERVICES: [(Service, &str); 6] = [
    (Service::DynamoDb, "DynamoDB"),
    (Service::Sqs, "SQS"),
    (Service::SecretsManager, "Secrets Manager"),
    (Service::Login, "login"),
    (Service::Graph, "Graph"),
    (Service::Jira, "Jira"),
];

impl Counted {
    pub fn between(traffic: &Traffic, from: Instant, to: Instant) -> Counted {
        let exchanges = traffic.exchanges(from, to);
        let count = |(service, _): (Service, &str)| {
            let requests = exchanges.iter().filter(|one| one.service == service);
            let connections = traffic.connections(service, from, to);
            (requests.count(), connections)
        };
        Counted {
            services: SERVICES.map(count),
            in_a_row: in_a_row(&exchanges),
            late: awaited(&exchanges),
        }
    }
}

/// The requests to AWS and to others in the sequence that takes longest, of those in which each begins after the answer to
/// the one before.
fn in_a_row(exchanges: &[Exchange]) -> (usize, usize) {
    let mut ended: Vec<(Instant, Duration, (usize, usize))> = Vec::new();
    let mut answered: Vec<_> = exchanges
        .iter()
        .filter_map(|one| Some((one.end?, one)))
        .collect();
    answered.sort_by_key(|(end, _)| *end);
    for (end, one) in answered {
        let before = ended.iter().filter(|(end, ..)| *end <= one.start);
        let best = before.max_by_key(|(_, time, _)| *time);
        let (time, (aws, others)) = best.map_or_else(Default::default, |best| (best.1, best.2));
        let time = time + end.saturating_duration_since(one.start);
        let counts = match one.service.is_aws() {
            true => (aws + 1, others),
            false => (aws, others + 1),
        };
        ended.push((end, time, counts));
    }
    let longest = ended.into_iter().max_by_key(|(_, time, _)| *time);
    longest.map_or((0, 0), |(_, _, counts)| counts)
}

/// For how long at least one answer was late.
fn awaited(exchanges: &[Exchange]) -> Duration {
    let late = exchanges.iter().filter(|one| !one.late.is_zero());
    let mut times: Vec<_> = late
        .filter_map(|one| Some((one.end?.checked_sub(one.late)?, one.end?)))
        .collect();
    times.sort();
    let (mut sum, mut until) = (Duration::ZERO, None);
    for (from, to) in times {
        let from = until.map_or(from, |until: Instant| until.max(from));
        sum += to.saturating_duration_since(from);
        until = until.max(Some(to));
    }
    sum
}

/// What a process has used up to now.
pub struct Resources {
    pub cpu: Duration,
    pub memory: u64,
}

/// Of the process of this number, all its threads (Linux, proc(5): `schedstat`, `VmHWM`).
pub fn resources(process: u32) -> Result<Resources> {
    let mut nanoseconds: u64 = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end between the list and this look at it.
        let Ok(used) = std::fs::read_to_string(thread?.path().join("schedstat")) else {
            continue;
        };
        let used = used.split(' ').next().ok_or("an empty schedstat")?;
        nanoseconds = nanoseconds.saturating_add(used.parse()?);
    }
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let memory = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .ok_or("no VmHWM")?;
    Ok(Resources {
        cpu: Duration::from_nanos(nanoseconds),
        memory: memory.parse()?,
    })
}

/// What a row shows of a sample.
type Figure = fn(&Sample) -> f64;

/// Medians; in brackets how many times theirs ours is.
pub fn times(names: &[&str], samples: &[Vec<Sample>]) -> String {
    let rows: [(&str, Figure); 8] = [
        ("ready, ms", |sample| ms(sample.ready)),
        ("cold: to the first answer, ms", |sample| ms(sample.cold())),
        ("  less what services were late", |sample| {
            let [cold, _] = &sample.traffic;
            ms(sample.cold().saturating_sub(cold.late))
        }),
        ("warm: the second event, ms", |sample| ms(sample.warm)),
        ("  less what services were late", |sample| {
            let [_, warm] = &sample.traffic;
            ms(sample.warm.saturating_sub(warm.late))
        }),
        ("processor, cold, ms", |sample| ms(sample.cpu)),
        ("processor, warm, ms", |sample| ms(sample.warm_cpu)),
        ("memory, MiB", |sample| sample.memory as f64 / 1024.0),
    ];
    let mut table = head(names);
    for (name, figure) in rows {
        let medians = samples.iter().map(|samples| median(samples, figure));
        let medians: Vec<f64> = medians.collect();
        let ours = medians.first().copied().unwrap_or_default();
        let _ = write!(table, "\n{name:<31}");
        for (nth, value) in medians.iter().enumerate() {
            let ratio = match nth {
                0 => String::new(),
                _ => format!("({:.2})", ours / value),
            };
            let _ = write!(table, "{value:>10.1}{ratio:>8}");
        }
    }
    table
}

/// Requests and new connections of a cold start with its event, and of a warm event.
pub fn counts(names: &[&str], samples: &[Vec<Sample>]) -> String {
    let mut table = head(names);
    for (nth, kind) in ["cold", "warm"].into_iter().enumerate() {
        for (row, (_, service)) in SERVICES.into_iter().enumerate() {
            let _ = write!(table, "\n{:<31}", format!("{kind}: {service}"));
            for samples in samples {
                let of = |pick: fn((usize, usize)) -> usize| {
                    let values = samples.iter().filter_map(|sample| {
                        let counted = sample.traffic.get(nth)?;
                        counted.services.get(row).copied().map(pick)
                    });
                    middle(values.map(|count| count as f64).collect())
                };
                let (requests, connections) = (of(|pair| pair.0), of(|pair| pair.1));
                let _ = write!(
                    table,
                    "{:>18}",
                    format!("{requests:.0} on {connections:.0} new")
                );
            }
        }
        let _ = write!(table, "\n{:<31}", format!("{kind}: in all"));
        for samples in samples {
            let all = samples.iter().filter_map(|sample| sample.traffic.get(nth));
            let all = all.map(|counted| counted.services.iter().map(|pair| pair.0 as f64).sum());
            let _ = write!(table, "{:>18.0}", middle(all.collect()));
        }
        let _ = write!(table, "\n{:<31}", format!("{kind}: in a row, AWS + others"));
        for samples in samples {
            let of = |pick: fn((usize, usize)) -> usize| {
                let counted = samples.iter().filter_map(|sample| sample.traffic.get(nth));
                middle(counted.map(|one| pick(one.in_a_row) as f64).collect())
            };
            let (aws, others) = (of(|pair| pair.0), of(|pair| pair.1));
            let _ = write!(table, "{:>18}", format!("{aws:.0} + {others:.0}"));
        }
    }
    table
}

fn head(names: &[&str]) -> String {
    let mut table = format!("{:<31}", "");
    for name in names {
        let _ = write!(table, "{name:>18}");
    }
    table
}

/// A line for each request: when it began and ended in milliseconds from `zero`, to which service, and what it was.
/// `+` is a new connection.
pub fn picture(exchanges: &[Exchange], zero: Instant, whole: Duration) -> String {
    /// How wide the time line is.
    const WIDTH: usize = 60;
    let place = |moment: Instant| {
        let share = ms(moment.saturating_duration_since(zero)) / ms(whole).max(1.0);
        ((share * WIDTH as f64) as usize).min(WIDTH)
    };
    let mut lines = String::new();
    for one in exchanges {
        let end = one.end.unwrap_or(zero + whole);
        let (from, to) = (place(one.start), place(end));
        let bar = format!("{}{}", " ".repeat(from), "=".repeat((to - from).max(1)));
        let service = SERVICES.iter().find(|(service, _)| *service == one.service);
        let _ = writeln!(
            lines,
            "{:>6.0} {:>6.0} {bar:<61} {}{:<15} {}",
            ms(one.start.saturating_duration_since(zero)),
            ms(end.saturating_duration_since(zero)),
            if one.connects { "+" } else { " " },
            service.map_or("", |(_, name)| name),
            one.what,
        );
    }
    lines
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(samples: &[Sample], figure: Figure) -> f64 {
    middle(samples.iter().map(figure).collect())
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
