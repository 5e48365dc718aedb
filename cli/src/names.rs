//! Names on the command line, as the function reads them: what it would refuse is refused here and now.

use reregister_mfa::ids::{Malformed, PersonRef};

/// Reads a name.
///
/// # Errors
/// What it should be.
pub fn name<T: TryFrom<String, Error = Malformed>>(text: &str) -> Result<T, Malformed> {
    T::try_from(text.to_owned())
}

/// Whether both are surely the same person: written alike but for case. Two spellings of one person, object id and user
/// principal name, only Graph can tell.
pub fn is_same(one: &PersonRef, other: &PersonRef) -> bool {
    one.to_string().to_lowercase() == other.to_string().to_lowercase()
}
