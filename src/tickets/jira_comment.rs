//! A comment in Jira: what is read of one, and a note as one, in Atlassian Document Format or in wiki markup.

use serde::Deserialize;
use serde_json::{Value, json};

/// A comment as Jira gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    id: String,
    body: Body,
    /// Whether customers of a service desk see it; of interest in Service Management alone.
    jsd_public: Option<bool>,
}

impl Comment {
    /// Its id, if it is one: nothing else goes into the path of a call that deletes.
    pub fn id(&self) -> Option<&str> {
        let is_number = !self.id.is_empty() && self.id.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(self.id.as_str())
    }

    /// Whether customers see it, if Jira says so.
    pub fn is_public(&self) -> Option<bool> {
        self.jsd_public
    }

    /// Whether it has this mark.
    pub fn holds(&self, mark: &str) -> bool {
        self.body.0.contains(mark)
    }

    /// Whether it is a note and not another comment that quotes one: it begins with the note's first line and ends with
    /// the mark.
    pub fn is_written_as(&self, text: &str, mark: &str) -> bool {
        let dense = |text: &str| -> String { text.split_whitespace().collect() };
        let written = dense(&self.body.0);
        let first = text.lines().next().unwrap_or_default();
        written.starts_with(&dense(first)) && written.ends_with(&dense(mark))
    }
}

/// The text of a comment. What has none that can be read is no comment without the mark: the note may be in it.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
struct Body(String);

impl TryFrom<Value> for Body {
    type Error = &'static str;

    fn try_from(body: Value) -> Result<Body, &'static str> {
        let text = match &body {
            Value::String(text) => Some(text.clone()),
            Value::Object(document) if document.contains_key("content") => plain(&body),
            _ => None,
        };
        text.map(Body).ok_or("not the body of a comment")
    }
}

/// The text of a node in Atlassian Document Format, or of a list of them.
fn plain(node: &Value) -> Option<String> {
    match node {
        Value::Array(nodes) => nodes.iter().map(plain).collect(),
        Value::Object(node) => {
            let kind = node.get("type")?.as_str()?;
            match (node.get("text"), node.get("content")) {
                (Some(text), _) => text
                    .as_str()
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned),
                (None, _) if kind == "text" => None,
                (None, Some(content @ Value::Array(_))) => plain(content),
                (None, Some(_)) => None,
                (None, None) => Some(String::new()),
            }
        }
        _ => None,
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
            body: Body::try_from(body).unwrap_or_else(|why| panic!("{why}")),
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

    #[test]
    fn a_body_that_cannot_be_read_is_no_comment_without_a_note() {
        let in_document = |node: Value| json!({"type": "doc", "version": 1, "content": [node]});
        let rule = in_document(json!({"type": "rule"}));
        assert!(Body::try_from(rule).is_ok_and(|Body(text)| text.is_empty()));
        assert!(Body::try_from(json!("")).is_ok());
        for odd in [
            Value::Null,
            json!({}),
            json!([document("one")]),
            json!({"type": "doc", "content": {}}),
            in_document(Value::Null),
            in_document(json!("one")),
            in_document(json!({"text": "one"})),
            in_document(json!({"type": "text"})),
            in_document(json!({"type": "text", "text": null})),
            in_document(json!({"type": "paragraph", "content": null})),
        ] {
            assert!(Body::try_from(odd.clone()).is_err(), "{odd}");
        }
    }
}
