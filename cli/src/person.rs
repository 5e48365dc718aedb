//! How people are written: by object id or by user principal name.

use std::fmt;
use std::str::FromStr;

use anyhow::ensure;
use uuid::Uuid;

/// A person in Entra.
#[derive(Debug, Clone)]
pub struct Person(String);

impl Person {
    /// Whether both are surely the same: written alike but for case. Two spellings of one person, object id and
    /// user principal name, only Graph can tell.
    pub fn is(&self, other: &Person) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}

impl FromStr for Person {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Person> {
        let principal = text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
        ensure!(
            Uuid::parse_str(text).is_ok() || (principal && !text.contains(char::is_whitespace)),
            "not an object id or a user principal name such as adele@contoso.com"
        );
        Ok(Person(text.to_owned()))
    }
}

impl fmt::Display for Person {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
