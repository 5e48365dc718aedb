//! What came of one record.

/// From the best to the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confirmed {
    Yes,
    NotEnough,
    No,
}
