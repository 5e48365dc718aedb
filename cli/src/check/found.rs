//! What a check has found.

/// What there is to say about the keys of one issuer.
#[derive(Default)]
pub struct Found {
    pub lines: Vec<String>,
    pub warnings: Vec<String>,
    pub faults: Vec<String>,
}
