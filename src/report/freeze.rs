//! How the freeze switch is set, for operators.

use serde_json::{Value, json};

use crate::reset::{Freeze, SwitchedTo, Tiers};

/// One or two sentences. `place` is which deployment it is, such as ` in reregister-mfa (eu-west-1)`; empty for its own
/// worker.
pub fn freeze_state(switch: Option<&Freeze>, place: &str) -> String {
    let Some(switch) = switch else {
        return format!("Resets are not frozen{place}.");
    };
    match tiers(switch.standard, switch.privileged) {
        Some(tiers) => format!(
            "Resets are frozen for {}{place} since {}: {}",
            people(tiers),
            switch.since.strftime("%F %T UTC"),
            switch.why
        ),
        None => format!(
            "Resets are not frozen{place}. The last freeze ended at {}.",
            switch.since.strftime("%F %T UTC")
        ),
    }
}

/// What a thaw took away, and how the switch is set now.
pub fn thawed(switch: &SwitchedTo, place: &str) -> String {
    let now = freeze_state(switch.after.as_ref(), place);
    let ended = |privileged| {
        let stops =
            |switch: &Option<Freeze>| switch.as_ref().is_some_and(|one| one.stops(privileged));
        stops(&switch.before) && !stops(&switch.after)
    };
    match tiers(ended(false), ended(true)) {
        Some(tiers) => format!("The freeze for {} is lifted. {now}", people(tiers)),
        None => format!("The thaw changed nothing. {now}"),
    }
}

/// The answer of the worker to an operator who invokes it.
pub fn freeze_answer(switch: Option<&Freeze>, message: &str) -> Value {
    json!({
        "standard": switch.is_some_and(|switch| switch.standard),
        "privileged": switch.is_some_and(|switch| switch.privileged),
        "why": switch.filter(|switch| switch.stops_any()).map(|switch| &switch.why),
        "since": switch.map(|switch| switch.since),
        "message": message,
    })
}

fn tiers(standard: bool, privileged: bool) -> Option<Tiers> {
    match (standard, privileged) {
        (true, true) => Some(Tiers::All),
        (true, false) => Some(Tiers::Standard),
        (false, true) => Some(Tiers::Privileged),
        (false, false) => None,
    }
}

fn people(tiers: Tiers) -> &'static str {
    match tiers {
        Tiers::All => "everyone",
        Tiers::Standard => "standard people",
        Tiers::Privileged => "privileged people",
    }
}
