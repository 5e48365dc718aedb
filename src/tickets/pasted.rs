//! Credentials as people paste them: with quotes, blanks, a line break, or `Bearer ` before them.

use secrecy::{ExposeSecret, SecretString};

use super::call::Failed;

/// A token that a ticket system has given, without what was pasted with it and can be in no token.
pub fn token(pasted: &SecretString) -> Result<SecretString, Failed> {
    let mut token = pasted.expose_secret().trim();
    for quote in ['"', '\'', '`'] {
        let inner = token
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        token = inner.map_or(token, str::trim);
    }
    if let Some((scheme, rest)) = token.split_once(char::is_whitespace)
        && ["bearer", "basic", "authorization:"].contains(&scheme.to_lowercase().as_str())
    {
        return self::token(&rest.into());
    }
    if token.is_empty() || !token.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Err(Failed::Permanent(
            "the token in the secret of [notes] is empty, or has a line break or another odd character in it",
        ));
    }
    Ok(token.into())
}

/// A name of an account or of a client.
pub fn name(pasted: &str) -> String {
    pasted.trim().to_owned()
}

/// A password, which may begin and end with anything but a line break.
pub fn password(pasted: &SecretString) -> SecretString {
    pasted.expose_secret().trim_matches(['\r', '\n']).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_without_what_was_pasted_with_it() {
        for text in [
            "ATATT3x=1",
            " ATATT3x=1\r\n",
            "\"ATATT3x=1\"",
            "'ATATT3x=1'\n",
            "Bearer ATATT3x=1",
            "Authorization: bearer  ATATT3x=1",
            "`Bearer ATATT3x=1`",
        ] {
            let token = token(&text.into()).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(token.expose_secret(), "ATATT3x=1");
        }
        for wrong in ["", " ", "\"\"", "ATA\nTT", "ATA\u{200b}TT"] {
            assert!(token(&wrong.into()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_loses_line_breaks_at_its_ends_alone() {
        assert_eq!(
            password(&" \"p w\" \r\n".into()).expose_secret(),
            " \"p w\" "
        );
        assert_eq!(name(" integration\n"), "integration");
    }
}
