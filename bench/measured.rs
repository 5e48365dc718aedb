//! What is measured of a process, and the table of it.

use std::fmt::Write as _;
use std::time::Duration;

use crate::Result;

/// One cold start.
pub struct Sample {
    /// From the start of the process to its first call for an event.
    pub init: Duration,
    /// From the first event to its answer.
    pub first: Duration,
    /// From the second event to its answer.
    pub warm: Duration,
    /// Processor time up to the first answer.
    pub cpu: Duration,
    /// The most memory up to the first answer, in KiB.
    pub memory: u64,
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
        let used = std::fs::read_to_string(thread?.path().join("schedstat"))?;
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

/// Medians, and in brackets how many times the first's they are.
pub fn report<const N: usize>(names: [&str; N], samples: &[Vec<Sample>; N]) -> String {
    let rows: [(&str, Figure); 6] = [
        ("ready, ms", |sample| ms(sample.init)),
        ("cold: to the first answer, ms", |sample| {
            ms(sample.init + sample.first)
        }),
        ("processor up to then, ms", |sample| ms(sample.cpu)),
        ("memory up to then, MiB", |sample| {
            sample.memory as f64 / 1024.0
        }),
        ("first event, ms", |sample| ms(sample.first)),
        ("second event, ms", |sample| ms(sample.warm)),
    ];
    let mut table = format!("{:<32}", "");
    for name in names {
        let _ = write!(table, "{name:>18}");
    }
    for (name, figure) in rows {
        let _ = write!(table, "\n{name:<32}");
        let medians = samples.each_ref().map(|samples| median(samples, figure));
        let [measure, ..] = medians.as_slice() else {
            continue;
        };
        for (nth, value) in medians.iter().enumerate() {
            let ratio = match nth {
                0 => String::new(),
                _ => format!("({:.1}x)", value / measure),
            };
            let _ = write!(table, "{value:>10.1}{ratio:>8}");
        }
    }
    table
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(samples: &[Sample], figure: Figure) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
