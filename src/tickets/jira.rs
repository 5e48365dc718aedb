//! Comments in Jira: Cloud (REST v3, Atlassian Document Format) and Data Center (REST v2, wiki markup).

use reqwest::{Client, Url};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{self, Credential, Failed, Note};
use super::settings::BaseUrl;

/// How many comments are asked for at once. Data Center gives no more (Jira REST v2, "Pagination").
const PAGE: usize = 100;

/// The most pages that are looked at, the newest comments first: a note that is being written again is not old.
const MOST_PAGES: usize = 5;

/// One Jira, with a credential.
pub struct Jira<'a> {
    http: &'a Client,
    base: &'a BaseUrl,
    edition: Edition,
    credential: Credential,
}

enum Edition {
    Cloud,
    DataCenter,
}

/// The secret for Jira Cloud.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiToken {
    email: String,
    api_token: SecretString,
}

/// The secret for Jira Data Center.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonalAccessToken {
    token: SecretString,
}

#[derive(Deserialize)]
struct Page {
    total: usize,
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
struct Comment {
    body: Value,
}

impl<'a> Jira<'a> {
    pub fn cloud(
        http: &'a Client,
        base: &'a BaseUrl,
        secret: &SecretString,
    ) -> Result<Jira<'a>, Failed> {
        let ApiToken { email, api_token } = call::parse(secret)?;
        Ok(Jira {
            http,
            base,
            edition: Edition::Cloud,
            credential: Credential::Password {
                user: email,
                password: api_token,
            },
        })
    }

    pub fn data_center(
        http: &'a Client,
        base: &'a BaseUrl,
        secret: &SecretString,
    ) -> Result<Jira<'a>, Failed> {
        let PersonalAccessToken { token } = call::parse(secret)?;
        Ok(Jira {
            http,
            base,
            edition: Edition::DataCenter,
            credential: Credential::Token(token),
        })
    }

    pub(super) async fn write(&self, note: &Note<'_>) -> Result<(), Failed> {
        let version = match self.edition {
            Edition::Cloud => "3",
            Edition::DataCenter => "2",
        };
        let comments = self
            .base
            .join(["rest", "api", version, "issue", note.ticket, "comment"])?;
        if self.has(&comments, note.mark).await? {
            return Ok(());
        }
        let request = self.http.post(comments).json(&self.comment(note));
        call::write(self.credential.sign(request)).await
    }

    async fn has(&self, comments: &Url, mark: &str) -> Result<bool, Failed> {
        let mark = match self.edition {
            Edition::Cloud => mark.to_owned(),
            Edition::DataCenter => wiki(mark),
        };
        let mut seen: usize = 0;
        for _ in 0..MOST_PAGES {
            // A comment that comes in between moves the others back: one is seen twice, none is missed.
            let request = self.http.get(comments.clone()).query(&[
                ("orderBy", "-created"),
                ("startAt", seen.to_string().as_str()),
                ("maxResults", PAGE.to_string().as_str()),
            ]);
            let page: Page = call::read(self.credential.sign(request)).await?;
            if page.comments.iter().any(|one| holds(&one.body, &mark)) {
                return Ok(true);
            }
            seen += page.comments.len();
            if page.comments.is_empty() || seen >= page.total {
                break;
            }
        }
        Ok(false)
    }

    fn comment(&self, note: &Note<'_>) -> Value {
        let text = format!("{}\n{}", note.text, note.mark);
        let body = match self.edition {
            Edition::Cloud => document(&text),
            Edition::DataCenter => Value::String(wiki(&text)),
        };
        // For Service Management. A Data Center without it gets nothing that it need not have.
        let properties = json!([{"key": "sd.public.comment", "value": {"internal": !note.public}}]);
        match self.edition {
            Edition::DataCenter if note.public => json!({"body": body}),
            Edition::Cloud | Edition::DataCenter => {
                json!({"body": body, "properties": properties})
            }
        }
    }
}

/// Whether a text in this body holds the mark: the body is one text, or a tree of them.
fn holds(body: &Value, mark: &str) -> bool {
    match body {
        Value::String(text) => text.contains(mark),
        Value::Array(nodes) => nodes.iter().any(|node| holds(node, mark)),
        Value::Object(members) => members.values().any(|member| holds(member, mark)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// In Atlassian Document Format: a paragraph a line. A text may not be empty there, a paragraph may.
fn document(text: &str) -> Value {
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
fn wiki(text: &str) -> String {
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
        assert!(holds(&document("one\nthe mark"), "the mark"));
        assert!(!holds(&document("one\nthe mark"), "another"));
    }
}
