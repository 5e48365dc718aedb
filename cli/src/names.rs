//! Values of options, read as the function reads them: what it would refuse is refused before anything is signed.

use std::fmt::Display;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use reregister_mfa::ids::{Malformed, PersonRef};
use strum::VariantNames;

/// # Errors
/// What the name should be.
pub fn name<T: TryFrom<String, Error = Malformed>>(text: &str) -> Result<T, Malformed> {
    T::try_from(text.to_owned())
}

/// Reads a value of one of the function's enums. The help lists the values.
pub fn one_of<T>() -> impl TypedValueParser<Value = T>
where
    T: VariantNames + FromStr<Err: Display> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(T::VARIANTS)
        .try_map(|name| name.parse::<T>().map_err(|error| error.to_string()))
}

/// Whether both are certainly the same person: written alike but for case. Whether an object id and a user principal
/// name are one person, only Graph can tell.
pub fn is_same(one: &PersonRef, other: &PersonRef) -> bool {
    one.to_string().to_lowercase() == other.to_string().to_lowercase()
}
