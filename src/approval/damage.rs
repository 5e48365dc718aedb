//! What is visibly wrong with an approval in a ticket: fields cut texts off, and editors put characters into them.

/// About how long an approval is (docs/approvals.md has one).
const USUAL_LENGTH: usize = 800;

/// Why a text that begins like an approval is none. Nothing of the text is kept but one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error(
        "the approval in the ticket is cut off: it has {characters} of about {USUAL_LENGTH} characters"
    )]
    CutOff { characters: usize },
    #[error("the approval in the ticket is broken over several lines: put it into one line")]
    Broken,
    #[error("the approval in the ticket has a character that does not belong there: U+{:04X}", u32::from(*.0))]
    Stray(char),
}

impl Damage {
    /// What is wrong with this text, if that can be seen. A signature has to be verified to know more.
    pub fn of(token: &str) -> Option<Damage> {
        if !token.starts_with("eyJ") {
            return None;
        }
        if token.contains(' ') {
            return Some(Damage::Broken);
        }
        let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if let Some(stray) = token.chars().find(|c| !belongs(*c)) {
            return Some(Damage::Stray(stray));
        }
        let characters = token.len();
        (token.matches('.').count() < 2).then_some(Damage::CutOff { characters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_off_approval_and_a_stray_character_are_named() {
        for (token, named) in [
            (
                "eyJh.eyJz",
                "the approval in the ticket is cut off: it has 9 of about 800 characters",
            ),
            (
                "eyJh.e\u{200b}yJz.x",
                "the approval in the ticket has a character that does not belong there: U+200B",
            ),
            (
                "eyJh eyJz.x",
                "the approval in the ticket is broken over several lines: put it into one line",
            ),
            (
                "eyJh.eyJz.\"x",
                "the approval in the ticket has a character that does not belong there: U+0022",
            ),
        ] {
            assert_eq!(Damage::of(token).unwrap().to_string(), named);
        }
        for other in [
            "",
            "eyJh.eyJz.c-_2",
            "eyJh.eyJz.c.d",
            "not there yet",
            "not.there",
        ] {
            assert_eq!(Damage::of(other), None);
        }
    }
}
