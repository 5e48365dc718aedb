//! A comment in Jira: what is read of one, and a note as one, in Atlassian Document Format or in wiki markup.

use serde::Deserialize;
use serde_json::{Value, json};

/// A comment as Jira gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    id: String,
    body: Value,
    /// Whether customers of a service desk see it; of interest in Service Management alone.
    jsd_public: Option<bool>,
}

impl Comment {
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether customers see it, if Jira says so.
    pub fn is_public(&self) -> Option<bool> {
        self.jsd_public
    }

    /// Whether it has this mark.
    pub fn holds(&self, mark: &str) -> bool {
        plain(&self.body).contains(mark)
    }

    /// Whether it is a note and not another comment that quotes one: it begins with the note's first line and ends with
    /// the mark.
    pub fn is_written_as(&self, text: &str, mark: &str) -> bool {
        let dense = |text: &str| -> String { text.split_whitespace().collect() };
        let written = dense(&plain(&self.body));
        let first = text.lines().next().unwrap_or_default();
        written.starts_with(&dense(first)) && written.ends_with(&dense(mark))
    }
}

/// The text of a body, which is one text or a tree of them.
fn plain(body: &Value) -> String {
    match body {
        Value::String(text) => text.clone(),
        Value::Array(nodes) => nodes.iter().map(plain).collect(),
        Value::Object(node) => match node.get("text") {
            Some(Value::String(text)) => text.clone(),
            _ => node.get("content").map(plain).unwrap_or_default(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// In Atlassian Document Format: a paragraph a line. A text may not be empty there, a paragraph may.
pub fn document(text: &str) -> Value {
    let paragraphs: Vec<Value> = text
        .lines()
        .map(|line| match line {
            "" => json!({"type": "paragraph", "content": []}),
            line => json!({"type": "paragraph", "content": [{"type": "text", "text": line}]}),
        })
        .collect();
    json!({"type": "doc", "version": 1, "content": paragraphs})
}

/// In wiki markup, where some characters are more than themselves. Escaped is what would make another thing of the
/// text: macros (`{`), links and mentions (`[`), images (`!`), and emphasis (`*`, `_`), which begins only where no
/// letter or digit is before it, so that a name or an address with `_` stays as it is. A backslash cannot escape
/// itself, two are a line break.
pub fn wiki(text: &str) -> String {
    let mut markup = String::with_capacity(text.len());
    let mut inside_word = false;
    for character in text.chars() {
        match character {
            '\\' => markup.push_str("&#92;"),
            '{' | '[' | '!' => markup.extend(['\\', character]),
            '*' | '_' if !inside_word => markup.extend(['\\', character]),
            _ => markup.push(character),
        }
        inside_word = character.is_alphanumeric();
    }
    markup
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_text_is_markup_for_jira_and_an_address_stays_whole() {
        for (text, markup) in [
            ("a [~admin] {code}", r"a \[~admin] \{code}"),
            ("!http://x/y.png!", r"\!http://x/y.png\!"),
            (r"\{code}", r"&#92;\{code}"),
            ("*bold* _it_", r"\*bold* \_it_"),
            ("jane_doe@contoso.com", "jane_doe@contoso.com"),
            ("https://aka.ms/mfasetup", "https://aka.ms/mfasetup"),
        ] {
            assert_eq!(wiki(text), markup);
        }
    }

    #[test]
    fn a_document_has_a_paragraph_for_each_line_and_no_empty_text() {
        assert_eq!(
            document("one\n\ntwo"),
            json!({"type": "doc", "version": 1, "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": "one"}]},
                {"type": "paragraph", "content": []},
                {"type": "paragraph", "content": [{"type": "text", "text": "two"}]},
            ]})
        );
    }

    #[test]
    fn a_comment_that_quotes_a_note_holds_its_mark_and_is_none() {
        let comment = |body: Value| Comment {
            id: "1".to_owned(),
            body,
            jsd_public: None,
        };
        let note = comment(document("one\ntwo\nthe mark"));
        assert!(note.holds("the mark") && !note.holds("another"));
        assert!(note.is_written_as("one\ntwo", "the mark"));
        for other in ["> one\n> two\n> the mark", "one\ntwo\nthe mark\nThanks!"] {
            let quote = comment(document(other));
            assert!(quote.holds("the mark"));
            assert!(!quote.is_written_as("one\ntwo", "the mark"), "{other}");
        }
    }
}
