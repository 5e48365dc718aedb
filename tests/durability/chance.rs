//! Chance from a seed, so that a schedule that fails can be run again.

use crate::script::Injection;

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// For one call: an injection in one of ten.
    pub fn injection(&mut self) -> Option<Injection> {
        match self.below(100) {
            0..2 => Some(Injection::FailsBefore),
            2..4 => Some(Injection::FailsAfter),
            4..5 => Some(Injection::DiesBefore),
            5..6 => Some(Injection::DiesAfter),
            6..10 => Some(Injection::Pauses),
            _ => None,
        }
    }
}
