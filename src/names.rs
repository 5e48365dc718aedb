//! Names that come from outside: of people, groups, roles and devices, and what else a note or a log line repeats.
//! Many of them their owners can change.

/// The longest name that is shown, in characters.
const LONGEST: usize = 64;

/// From so many digits on, a name may hold a phone number.
const DIGITS_OF_A_NUMBER: usize = 7;

/// A name as it may be shown and kept: one line, without what cannot be seen, turns the direction of text or is markup in
/// HTML, Jira, ServiceNow or Markdown, and cut off where it is too long. `None` if nothing is left.
pub fn shown(name: &str) -> Option<String> {
    let one_line = |c: char| if c.is_whitespace() { ' ' } else { c };
    let visible: String = name
        // An address is no link without them.
        .replace("://", " ")
        .chars()
        .map(one_line)
        .filter(|c| !c.is_control() && !is_invisible(*c) && !is_markup(*c))
        .collect();
    let name = visible
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let mut short: String = name.chars().take(LONGEST).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    (!short.is_empty()).then_some(short)
}

/// The same for a name that a person typed into a device. With seven digits or more it may hold a phone number, so then
/// it shows none.
pub fn shown_without_numbers(name: &str) -> Option<String> {
    let masked = |c: char| if c.is_numeric() { '#' } else { c };
    let digits = name.chars().filter(|c| c.is_numeric()).count();
    if digits < DIGITS_OF_A_NUMBER {
        return shown(name);
    }
    shown(name).map(|name| name.chars().map(masked).collect())
}

/// Marks of direction, and characters without a shape. The two joiners, U+200C and U+200D, some languages need.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180e}' | '\u{200b}'
            | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// What begins or ends markup somewhere: tags, links, macros, tables, code, `[code]`.
fn is_markup(c: char) -> bool {
    matches!(
        c,
        '<' | '>' | '[' | ']' | '{' | '}' | '|' | '*' | '`' | '^' | '~' | '\\'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line_without_markup_and_without_what_cannot_be_seen() {
        for (name, expected) in [
            ("Jane Doe", Some("Jane Doe")),
            ("  Jane\n\tDoe\u{2028} ", Some("Jane Doe")),
            ("Jane \u{202e}eoD\u{2066}\u{200b}\u{0}", Some("Jane eoD")),
            ("<b>Zoë</b> O'Neil 李", Some("bZoë/b O'Neil 李")),
            (
                "IT\r\n[CODE]<a href=x>[/CODE]",
                Some("IT CODEa href=x/CODE"),
            ),
            ("{noformat} *R&D* [x|y]", Some("noformat R&D xy")),
            ("see https://evil.example/", Some("see https evil.example/")),
            ("क्\u{200d}ष", Some("क्\u{200d}ष")),
            ("\u{202e}\u{200b} \n", None),
            ("<>", None),
            ("", None),
        ] {
            assert_eq!(shown(name).as_deref(), expected, "{name:?}");
        }
        let long = shown(&"ä".repeat(300)).unwrap();
        assert_eq!(long.chars().count(), 65);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn a_device_name_shows_no_phone_number_and_no_markup() {
        for (name, expected) in [
            ("Jane 425-555-0112", Some("Jane ###-###-####")),
            ("iPhone 15", Some("iPhone 15")),
            (
                "Jane's iPhone <b>\u{202e}\n[x](y)",
                Some("Jane's iPhone b x(y)"),
            ),
            ("٤٢٥٥٥٥٠١١٢", Some("##########")),
            ("", None),
        ] {
            assert_eq!(shown_without_numbers(name).as_deref(), expected, "{name:?}");
        }
    }
}
