//! The freeze switch: which resets an operator has stopped, and what a freeze or a thaw makes of it. Pure.

use serde::{Deserialize, Serialize};
use strum::{EnumString, VariantNames};

use crate::clock::Timestamp;

/// The freeze switch, as it is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Whether standard people are not reset.
    pub standard: bool,
    /// Whether privileged people are not reset.
    pub privileged: bool,
    /// Why; a refused requester reads it.
    pub why: String,
    pub since: Timestamp,
}

/// The people whose resets are stopped or allowed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Tiers {
    All,
    Standard,
    Privileged,
}

/// What an operator does to the switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FreezeChange {
    /// Adds to what is frozen.
    Freeze { tiers: Tiers, why: FreezeReason },
    /// Takes away from what is frozen.
    Thaw { tiers: Tiers },
}

/// Why resets are frozen: one line, which goes into refusals and notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeReason(String);

/// In characters.
const LONGEST_REASON: usize = 200;

/// The text is no [`FreezeReason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FreezeReasonError {
    #[error("the reason is missing; callers who are refused read it")]
    Missing,
    #[error("the reason is not one line of at most {LONGEST_REASON} characters")]
    NotOneLine,
}

impl FreezeReason {
    /// # Errors
    /// If there is no text, or it is too long or has several lines.
    pub fn new(text: &str) -> Result<FreezeReason, FreezeReasonError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FreezeReasonError::Missing);
        }
        if text.chars().count() > LONGEST_REASON || text.chars().any(char::is_control) {
            return Err(FreezeReasonError::NotOneLine);
        }
        Ok(FreezeReason(text.to_owned()))
    }
}

impl Tiers {
    pub fn includes(self, privileged: bool) -> bool {
        match self {
            Tiers::All => true,
            Tiers::Standard => !privileged,
            Tiers::Privileged => privileged,
        }
    }
}

impl Freeze {
    /// Whether it stops this tier.
    pub fn stops(&self, privileged: bool) -> bool {
        if privileged {
            self.privileged
        } else {
            self.standard
        }
    }

    pub fn stops_any(&self) -> bool {
        self.standard || self.privileged
    }
}

impl FreezeChange {
    /// The switch after this change. A freeze never thaws a tier, and a thaw never freezes one.
    ///
    /// `since` stays where the change stops no further tier and leaves one stopped: the freeze has lasted since then.
    pub fn apply(&self, before: Option<&Freeze>, now: Timestamp) -> Freeze {
        let was = |privileged| before.is_some_and(|switch| switch.stops(privileged));
        let reason = before.map_or("", |switch| switch.why.as_str());
        let was_frozen = was(false) || was(true);
        let (standard, privileged, why) = match self {
            FreezeChange::Freeze { tiers, why } => (
                was(false) || tiers.includes(false),
                was(true) || tiers.includes(true),
                if was_frozen {
                    both_reasons(reason, why)
                } else {
                    why.0.clone()
                },
            ),
            FreezeChange::Thaw { tiers } => (
                was(false) && !tiers.includes(false),
                was(true) && !tiers.includes(true),
                reason.to_owned(),
            ),
        };
        let stops_more = (standard && !was(false)) || (privileged && !was(true));
        let ends = was_frozen && !(standard || privileged);
        let since = match before {
            Some(switch) if !stops_more && !ends => switch.since,
            _ => now,
        };
        Freeze {
            standard,
            privileged,
            why,
            since,
        }
    }
}

/// The earlier reason still holds for what was frozen already. Where both are too long, the new one is kept.
fn both_reasons(earlier: &str, new: &FreezeReason) -> String {
    if earlier.contains(&new.0) {
        return earlier.to_owned();
    }
    let both = format!("{earlier}; {}", new.0);
    if earlier.is_empty() || both.chars().count() > LONGEST_REASON {
        new.0.clone()
    } else {
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn freeze(tiers: Tiers, why: &str) -> FreezeChange {
        let why = FreezeReason::new(why).unwrap();
        FreezeChange::Freeze { tiers, why }
    }

    #[test]
    fn a_freeze_of_one_tier_does_not_thaw_the_other() {
        let all = freeze(Tiers::All, "a key is out").apply(None, at(1));
        let again = freeze(Tiers::Standard, "look first").apply(Some(&all), at(2));
        assert!(again.standard && again.privileged);
        assert_eq!(again.why, "a key is out; look first");
        assert_eq!(again.since, at(1), "it stops no further tier");
        let standard = freeze(Tiers::Standard, "x").apply(None, at(1));
        let both = freeze(Tiers::Privileged, "x").apply(Some(&standard), at(2));
        assert_eq!(
            (both.stops_any(), both.privileged, both.standard),
            (true, true, true)
        );
        assert_eq!((both.why.as_str(), both.since), ("x", at(2)));
    }

    #[test]
    fn a_thaw_of_one_tier_leaves_the_other_frozen_with_its_reason() {
        let all = freeze(Tiers::All, "a key is out").apply(None, at(1));
        let thaw = |tiers| FreezeChange::Thaw { tiers };
        let rest = thaw(Tiers::Standard).apply(Some(&all), at(2));
        assert_eq!((rest.standard, rest.privileged), (false, true));
        assert_eq!((rest.why.as_str(), rest.since), ("a key is out", at(1)));
        let none = thaw(Tiers::All).apply(Some(&rest), at(3));
        assert_eq!((none.stops_any(), none.since), (false, at(3)));
        let anew = freeze(Tiers::Standard, "new").apply(Some(&none), at(4));
        assert_eq!((anew.why.as_str(), anew.since), ("new", at(4)));
        assert!(!thaw(Tiers::All).apply(None, at(1)).stops_any());
    }

    #[test]
    fn a_reason_is_one_line_of_at_most_200_characters() {
        assert_eq!(FreezeReason::new(" "), Err(FreezeReasonError::Missing));
        for wrong in ["a\nb", &"a".repeat(201)] {
            assert_eq!(FreezeReason::new(wrong), Err(FreezeReasonError::NotOneLine));
        }
        let long = "a".repeat(200);
        let before = freeze(Tiers::All, &long).apply(None, at(1));
        let after = freeze(Tiers::All, "b").apply(Some(&before), at(2));
        assert_eq!(after.why, "b", "two long reasons would not fit");
    }
}
