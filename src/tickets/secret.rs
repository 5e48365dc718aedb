//! The secrets of `[notes]`: taken as they are, or refused with what is wrong with them.

use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use crate::ids::SecretName;
use crate::secrets::{self, SecretError};

/// A secret's text, with its name for what is said of it.
pub struct Stored<'a> {
    pub name: &'a SecretName,
    pub text: &'a SecretString,
}

impl Stored<'_> {
    /// Reads its JSON. `shape` is what it must be, for the error.
    pub fn read<T: DeserializeOwned>(&self, shape: &str) -> Result<T, SecretError> {
        secrets::read(self.name, self.text, shape)
    }

    pub fn malformed(&self, why: impl Into<String>) -> SecretError {
        SecretError::Malformed(self.name.clone(), why.into())
    }

    /// A member that is sent as it is.
    pub fn plain(&self, member: &str, value: SecretString) -> Result<SecretString, SecretError> {
        match secrets::copied_along(&value) {
            Some(what) => Err(self.malformed(format!("{member} {what}: remove that"))),
            None if value.expose_secret().is_empty() => {
                Err(self.malformed(format!("{member} may not be empty")))
            }
            None => Ok(value),
        }
    }

    /// A name of an account or of a client.
    pub fn name(&self, member: &str, value: String) -> Result<String, SecretError> {
        self.plain(member, value.as_str().into())?;
        Ok(value)
    }

    /// A token that a ticket system has given.
    pub fn token(&self, member: &str, value: SecretString) -> Result<SecretString, SecretError> {
        let value = self.plain(member, value)?;
        let token = value.expose_secret();
        let scheme = token
            .split_once(char::is_whitespace)
            .map_or("", |(scheme, _)| scheme);
        if ["bearer", "basic", "authorization:"].contains(&scheme.to_lowercase().as_str()) {
            return Err(self.malformed(format!("{member} begins with {scheme}: remove that")));
        }
        if !token.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(self.malformed(format!(
                "{member} has a line break or another odd character in it"
            )));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_copied_along_with_a_credential_is_named_and_the_credential_is_not() {
        let (name, text) = (
            SecretName::try_new("notes".to_owned()).unwrap(),
            "{}".into(),
        );
        let stored = Stored {
            name: &name,
            text: &text,
        };
        let token = |token: &str| stored.token("api_token", token.into());
        assert_eq!(token("ATATT3x=1").unwrap().expose_secret(), "ATATT3x=1");
        let mut said: Vec<String> = [
            "",
            " ATATT3x=1",
            "ATATT3x=1\r\n",
            "\"ATATT3x=1\"",
            "Bearer ATATT3x=1",
            "Authorization: bearer  ATATT3x=1",
            "ATATT\n3x=1",
            "ATATT\u{200b}3x=1",
        ]
        .iter()
        .map(|odd| token(odd).unwrap_err().to_string())
        .collect();
        said.push(
            stored
                .plain("password", "ATATT \n".into())
                .unwrap_err()
                .to_string(),
        );
        said.push(
            stored
                .name("email", "ATATT\t".to_owned())
                .unwrap_err()
                .to_string(),
        );
        assert!(!said.concat().contains("ATATT"));
        insta::assert_snapshot!(said.join("\n"), @r"
        secret notes is malformed: api_token may not be empty
        secret notes is malformed: api_token begins or ends with a blank or a line break: remove that
        secret notes is malformed: api_token begins or ends with a blank or a line break: remove that
        secret notes is malformed: api_token is in quotation marks: remove that
        secret notes is malformed: api_token begins with Bearer: remove that
        secret notes is malformed: api_token begins with Authorization:: remove that
        secret notes is malformed: api_token has a line break or another odd character in it
        secret notes is malformed: api_token has a line break or another odd character in it
        secret notes is malformed: password begins or ends with a blank or a line break: remove that
        secret notes is malformed: email begins or ends with a blank or a line break: remove that
        ");
        assert_eq!(
            stored
                .plain("password", "p w".into())
                .unwrap()
                .expose_secret(),
            "p w"
        );
    }
}
