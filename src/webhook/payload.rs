//! What all payloads have in common: members that name people, and members that hold approvals.

use super::json::Object;
use super::unreadable::Unreadable;
use crate::ids::{PersonRef, Reference, TicketKey};

/// What a payload says, whichever system sent it.
pub struct Content {
    pub ticket: TicketKey,
    pub user: Option<PersonRef>,
    pub approvals: Vec<String>,
}

/// The shortest beginning of a token that is taken for one that was cut off.
const SHORTEST_PIECE: usize = 20;

/// The most letters of markup that may follow a token: `{noformat}`, `</strong>`.
const LONGEST_MARKUP: usize = 16;

/// The approvals in a field of an object: a text with one or more tokens between white space, or a list of texts.
///
/// Words that are no compact JWS are passed over, since people write around them, and so is what stands around a token
/// without space. A token that was cut off is kept if there is no whole one, so that it can be named.
pub fn tokens(object: &Object<'_>, field: &str) -> Result<Vec<String>, Unreadable> {
    let texts = object.texts(field)?;
    let words = texts
        .iter()
        .flat_map(|text| text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';')));
    let is_whole = |token: &String| dots(token) == 2 || Reference::read(token).is_some();
    let (whole, mut pieces): (Vec<String>, Vec<String>) =
        words.filter_map(token).partition(is_whole);
    if !whole.is_empty() {
        return Ok(whole);
    }
    pieces.retain(|piece| dots(piece) < 2 && piece.len() >= SHORTEST_PIECE);
    Ok(pieces)
}

/// The token in a word, without quotes, brackets, markup or what has no shape around it. If something else stands in it,
/// it is kept as it is, to be named.
fn token(word: &str) -> Option<String> {
    if let Some(reference) = reference(word) {
        return Some(reference.to_string());
    }
    let (before, token) = word.split_at(word.find("eyJ")?);
    // In the middle of another word it is none.
    if before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    // Jira and Markdown put a backslash before an underscore; no token has one of its own.
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '\\');
    let (token, after) = token.split_at(token.find(|c| !belongs(c)).unwrap_or(token.len()));
    let letters = after.chars().filter(char::is_ascii_alphanumeric).count();
    if letters > LONGEST_MARKUP {
        return Some(format!("{token}{after}"));
    }
    let token = token.strip_suffix("\\_").unwrap_or(token).replace('\\', "");
    let without_stop = token.trim_end_matches('.');
    Some(if dots(&token) > 2 {
        without_stop.to_owned()
    } else {
        token
    })
}

/// The reference to an approval of the desk in a word, without quotes, brackets or markup around it.
fn reference(word: &str) -> Option<Reference> {
    let text = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    Reference::read(text)
}

fn dots(token: &str) -> usize {
    token.matches('.').count()
}

/// The person in a field: a text, or a Jira user with an e-mail address.
pub fn person(object: &Object<'_>, field: &str) -> Result<Option<PersonRef>, Unreadable> {
    let text = if object.is_object(field) {
        let user = object.object(field)?;
        user.map(|user| user.text("emailAddress"))
            .transpose()?
            .flatten()
    } else {
        object.text(field).unwrap_or_default()
    };
    Ok(text.and_then(|text| PersonRef::try_from(text.trim().to_owned()).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::json::Object;

    fn found(field: &str) -> Vec<String> {
        let body = serde_json::json!({ "f": field }).to_string();
        tokens(&Object::of(&body).unwrap(), "f").unwrap()
    }

    #[test]
    fn a_token_is_found_without_what_stands_around_it() {
        const TOKEN: &str = "eyJa_.b-c.d_e";
        for (before, after) in [
            ("", ""),
            ("\u{200b}\u{feff}", "\u{2060}\u{200d}"),
            ("\"", "\""),
            ("„", "“"),
            ("{", "}"),
            ("{code}", "{code}"),
            ("{noformat:title=x}", "{noformat}"),
            ("<p>", "</p>"),
            ("[code]", "[/code]"),
            ("\\_", "\\_"),
            ("`", "`."),
            ("Approval:", ","),
            ("**", "**"),
            ("https://resets.example/#approval=", ""),
        ] {
            let field = format!("Sam says {before}{TOKEN}{after} and that is all");
            assert_eq!(found(&field), [TOKEN], "{field}");
        }
        assert_eq!(found("eyJa\\_.b-c.d\\_e"), [TOKEN]);
        assert_eq!(
            found("[\"eyJa.b.c\",\"eyJd.e.f\"]"),
            ["eyJa.b.c", "eyJd.e.f"]
        );
        assert_eq!(found("keyJa.b.c eyJ... eyJ eyJa"), [""; 0]);
        assert_eq!(found("eyJa.b."), ["eyJa.b."], "without a signature");
    }

    #[test]
    fn a_reference_to_an_approval_of_the_desk_is_found_without_what_stands_around_it() {
        const REFERENCE: &str = "desk:0123456789abcdef0123456789abcdef";
        for (before, after) in [
            ("", ""),
            ("\"", "\""),
            ("(", ")."),
            ("*", "*"),
            ("Approval: ", ","),
        ] {
            assert_eq!(found(&format!("{before}{REFERENCE}{after}")), [REFERENCE]);
        }
        assert_eq!(
            found(&format!("{REFERENCE} eyJa.b.c")),
            [REFERENCE, "eyJa.b.c"]
        );
        for none in [
            "desk:0123",
            "helpdesk:0123456789abcdef0123456789abcdef",
            "desk:0123456789ABCDEF0123456789ABCDEF",
        ] {
            assert_eq!(found(none), [""; 0], "{none}");
        }
    }

    #[test]
    fn a_token_that_was_cut_off_is_kept_where_no_whole_one_is() {
        let piece = format!("eyJ{}.eyJ{}", "a".repeat(60), "b".repeat(100));
        assert_eq!(found(&piece), [piece.as_str()]);
        assert_eq!(found(&format!("{piece}… eyJa.b.c")), ["eyJa.b.c"]);
        let broken = format!("eyJa\u{200b}{}.b.c", "x".repeat(60));
        assert_eq!(found(&broken), [broken.as_str()]);
    }
}
