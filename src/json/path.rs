//! Paths in JSON, as answers, notices and the log may show them: names on them may be a sender's own.

/// The longest name that is shown, in characters.
const LONGEST_NAME: usize = 64;

/// The longest path that is shown, in characters.
const LONGEST_PATH: usize = 200;

/// The path on one line, short, and without what is markup or cannot be seen.
pub fn shown(path: &str) -> String {
    let plain = |c: char| match c {
        '[' | ']' | '_' | '-' | '$' | ':' | '@' | '/' => c,
        c if c.is_ascii_alphanumeric() => c,
        _ => '?',
    };
    let names: Vec<String> = path
        .split('.')
        .map(|name| name.chars().map(plain).take(LONGEST_NAME).collect())
        .collect();
    names.join(".").chars().take(LONGEST_PATH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_printable_and_short_however_long_its_names_are() {
        assert_eq!(shown("verification[0].method"), "verification[0].method");
        assert_eq!(shown("."), ".");
        let long = format!(
            "a\r\n<b>\u{202e}.{}.{}",
            "x".repeat(9999),
            "y.".repeat(9999)
        );
        let path = shown(&long);
        assert!(
            path.starts_with("a???b??.xxx") && path.len() == 200,
            "{path}"
        );
        assert!(!path.contains(&"x".repeat(65)));
    }
}
