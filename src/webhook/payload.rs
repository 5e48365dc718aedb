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

/// The most letters that may follow a token without space: `{noformat}`, `</strong>`.
const LONGEST_MARKUP: usize = 16;

/// More than any reset takes.
const MOST_IN_A_WORD: usize = 8;

/// What markup after a token begins with, however long it is.
const MARKUP: [char; 3] = ['<', '|', '{'];

/// The approvals in a field of an object: a text with one or more tokens, or a list of texts.
///
/// Words that are no compact JWS are passed over, since people write around them, and so is what stands around a token
/// without space. A token that was cut off is kept if there is no whole one, so that it can be named.
pub fn tokens(object: &Object<'_>, field: &str) -> Result<Vec<String>, Unreadable> {
    let mut found = Vec::new();
    for text in object.texts(field)? {
        let mut words = text
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'))
            .peekable();
        while let Some(word) = words.next() {
            let first = found.len();
            tokens_of(word, &mut found);
            // A space in a token says that it goes on in the next line.
            if let (Some(last), Some(next)) = (
                found.get_mut(first..).and_then(<[_]>::last_mut),
                words.peek(),
            ) && last.starts_with("eyJ")
                && dots(last) < 2
                && next.len() >= SHORTEST_PIECE
                && !next.starts_with("eyJ")
                && next.chars().all(belongs)
            {
                last.push(' ');
                last.push_str(next);
            }
        }
    }
    let is_whole = |token: &String| {
        let is_in_one_line = !token.contains(' ');
        is_in_one_line && dots(token) == 2 || Reference::read(token).is_some()
    };
    let (whole, mut pieces): (Vec<String>, Vec<String>) = found.into_iter().partition(is_whole);
    if !whole.is_empty() {
        return Ok(whole);
    }
    pieces.retain(|piece| piece.len() >= SHORTEST_PIECE);
    Ok(pieces)
}

/// Jira and Markdown put a backslash before an underscore; no token has one of its own.
fn belongs(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '\\')
}

/// The tokens in a word, without quotes, brackets, markup or what has no shape around them. If something else stands in
/// one, it is kept as it is, to be named.
fn tokens_of(word: &str, found: &mut Vec<String>) {
    if let Some(reference) = reference(word) {
        found.push(reference.to_string());
        return;
    }
    let mut rest = word;
    for _ in 0..MOST_IN_A_WORD {
        let Some((before, from)) = rest.find("eyJ").map(|at| rest.split_at(at)) else {
            return;
        };
        // In the middle of another word it is none.
        if before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            return;
        }
        let (run, after) = from.split_at(from.find(|c| !belongs(c)).unwrap_or(from.len()));
        let (token, glued) = run.split_at(end_of_first(run));
        if glued.is_empty() && !is_markup(after, dots(token) == 2) {
            found.push(format!("{token}{after}"));
            return;
        }
        found.push(without_emphasis(before, token));
        let (_, left) = from.split_at(token.len());
        rest = left;
    }
}

/// Whether what follows a token without a space is none of it. A character that editors put into texts may stand in the
/// middle of one.
fn is_markup(after: &str, is_whole: bool) -> bool {
    let letters = after.chars().filter(char::is_ascii_alphanumeric).count();
    // Quotes and what has no shape may stand between a token and markup. What goes on with a letter is in its middle.
    let rest = after.trim_start_matches(|c: char| !c.is_ascii());
    let is_strange = rest.len() < after.len();
    match rest.chars().next() {
        None => true,
        Some(first) if is_strange && belongs(first) => letters == 0,
        Some(first) => {
            let next_begins = is_whole && rest.contains("eyJ");
            MARKUP.contains(&first) || letters <= LONGEST_MARKUP || next_begins
        }
    }
}

/// Where the first of several tokens ends that stand together without a space: where the next one begins.
fn end_of_first(tokens: &str) -> usize {
    let dots: Vec<usize> = tokens.match_indices('.').map(|(at, _)| at).collect();
    let next = match dots[..] {
        [_, second, third, _, ..] => tokens.get(second..third).and_then(|one| one.find("eyJ")),
        _ => None,
    };
    next.map_or(tokens.len(), |at| {
        dots.get(1).map_or(0, |second| second + at)
    })
}

/// A token without the backslashes and the full stop that editors and people put there, nor the markup for italics and
/// strike-through, which could be a part of it.
fn without_emphasis(before: &str, token: &str) -> String {
    let token = token.trim_end_matches("\\n").trim_end_matches("\\r");
    let token = token.strip_suffix("\\_").unwrap_or(token).replace('\\', "");
    let emphasis = before
        .chars()
        .next_back()
        .filter(|c| matches!(c, '_' | '-'));
    let is_escaped = before.ends_with("\\_");
    let token = match emphasis.and_then(|mark| token.strip_suffix(mark)) {
        Some(inner) if !is_escaped => inner.to_owned(),
        _ => token,
    };
    match dots(&token) > 2 {
        true => token.trim_end_matches('.').to_owned(),
        false => token,
    }
}

/// The reference to an approval of the desk in a word, whatever stands around it.
fn reference(word: &str) -> Option<Reference> {
    let (before, after) = word.split_once("desk:")?;
    let (id, rest) = (after.get(..32)?, after.get(32..)?);
    let is_letter = |c: char| c.is_ascii_alphanumeric();
    if before.ends_with(is_letter) || rest.starts_with(is_letter) {
        return None;
    }
    Reference::read(&format!("desk:{}", id.to_ascii_lowercase()))
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
            ("_", "_"),
            ("-", "-"),
            ("<p>", "\u{200b}</p>"),
            ("<p>„", "“</p>"),
            ("", "\u{200b}{noformat}"),
            ("«", "»<br>"),
            ("<p>", "</p><p>sam.approver@contoso.example</p>"),
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
            ("Reference:", ""),
            ("<p>", "</p>"),
            ("{code}", "{code}"),
        ] {
            assert_eq!(found(&format!("{before}{REFERENCE}{after}")), [REFERENCE]);
        }
        assert_eq!(
            found(&format!("{REFERENCE} eyJa.b.c")),
            [REFERENCE, "eyJa.b.c"]
        );
        assert_eq!(
            found(&REFERENCE.to_ascii_uppercase().replace("DESK", "desk")),
            [REFERENCE]
        );
        for none in ["desk:0123", "helpdesk:0123456789abcdef0123456789abcdef"] {
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
    #[test]
    fn several_tokens_that_stand_together_are_found_one_by_one() {
        const TWO: [&str; 2] = ["eyJa.eyJb.c_-d", "eyJe.eyJf.g"];
        assert_eq!(
            found("|_eyJa.eyJb.c_|_eyJd.eyJe.f_|"),
            ["eyJa.eyJb.c", "eyJd.eyJe.f"]
        );
        for between in ["|", "<br>", "\\n", "\\r\\n", "", "</p><p>", "][", "\",\""] {
            assert_eq!(found(&TWO.join(between)), TWO, "{between}");
        }
        let link = format!("<https://resets.example/#approval={}|{}>", TWO[0], TWO[1]);
        assert_eq!(found(&link), TWO);
    }

    #[test]
    fn a_field_full_of_tokens_takes_no_time_and_no_stack() {
        for between in ["|", "", "<br>"] {
            let field = "eyJa.eyJb.c".to_owned() + &format!("{between}eyJa.eyJb.c").repeat(60_000);
            assert_eq!(found(&field).len(), MOST_IN_A_WORD, "{between}");
        }
    }

    #[test]
    fn a_character_that_an_editor_put_into_a_signature_stays_to_be_named() {
        for stray in ["\u{200b}", "\u{ad}", "\u{2013}"] {
            let token = format!("eyJa.eyJb.c{stray}d");
            assert_eq!(found(&token), [token.as_str()]);
        }
        let token = "eyJa.eyJ\u{200b}eyJb.c";
        assert_eq!(found(token), [token]);
    }

    #[test]
    fn a_token_that_is_broken_over_several_lines_is_kept_with_a_space() {
        let (first, second) = (format!("eyJ{}", "a".repeat(73)), "b".repeat(76));
        assert_eq!(
            found(&format!("{first}\n{second}\nc.d.e")),
            [format!("{first} {second}")]
        );
        assert_eq!(found(&format!("{first}\n{second} eyJa.b.c")), ["eyJa.b.c"]);
    }
}
