//! Work notes and comments in ServiceNow, through the Table API.
//!
//! A search there ignores a condition that it does not understand and gives everything. What comes back is
//! therefore taken for no more than it says itself.

use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::call::{self, Credential, Failed, NO_SUCH_TICKET, Note, TRANSIENT};
use super::secret::Stored;
use super::settings::BaseUrl;
use crate::ids::Table;

/// The most notes of one record that a search may give. With fewer, all that it gives were looked at.
const MOST_NOTES: usize = 100;

/// The journal that customers see, and the one that they do not.
const COMMENTS: &str = "comments";
const WORK_NOTES: &str = "work_notes";

/// What is read of a ticket. Read for display, a journal field shows all that is in it; else it is empty.
const FIELDS: (&str, &str) = ("sysparm_fields", "sys_id,number,work_notes,comments");
const FOR_DISPLAY: (&str, &str) = ("sysparm_display_value", "true");

/// One ServiceNow, with a credential.
pub struct ServiceNow<'a> {
    http: &'a Client,
    instance: &'a BaseUrl,
    table: &'a Table,
    credential: Credential,
}

/// The secret: an account, or a client that gets tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    username: Option<String>,
    password: Option<SecretString>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
}

const SHAPE: &str = "JSON with username and password, or with client_id and client_secret";

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
}

/// What a search of the Table API gives.
#[derive(Deserialize)]
struct Found<T> {
    result: Vec<T>,
}

/// What a change of one record gives.
#[derive(Deserialize)]
struct Changed {
    result: Record,
}

/// A ticket; of its journal, what the account may read.
#[derive(Deserialize)]
struct Record {
    sys_id: SysId,
    /// Empty where the table has no such field, and the search therefore no condition.
    #[serde(default)]
    number: String,
    work_notes: Option<String>,
    comments: Option<String>,
}

/// One note in a journal.
#[derive(Deserialize)]
struct Entry {
    element_id: String,
    element: String,
    value: String,
}

/// A record's own name, which goes into the next search and into a path. 32 hexadecimal digits, as a rule.
#[derive(PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct SysId(String);

impl TryFrom<String> for SysId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<SysId, &'static str> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (plain && (1..=32).contains(&text.len()))
            .then_some(SysId(text))
            .ok_or("not a sys_id")
    }
}

impl<'a> ServiceNow<'a> {
    /// With an account, or with a token that is good for this note.
    pub async fn log_in(
        http: &'a Client,
        instance: &'a BaseUrl,
        table: &'a Table,
        stored: &Stored<'_>,
    ) -> Result<ServiceNow<'a>, Failed> {
        let secret: Secret = stored.read(SHAPE)?;
        let credential = match (
            secret.username,
            secret.password,
            secret.client_id,
            secret.client_secret,
        ) {
            (Some(user), Some(password), None, None) => Credential::Password {
                user: stored.name("username", user)?,
                password: stored.plain("password", password)?,
            },
            (None, None, Some(client_id), Some(client_secret)) => {
                let url = instance.join(["oauth_token.do"])?;
                let client_id = stored.name("client_id", client_id)?;
                let client_secret = stored.plain("client_secret", client_secret)?;
                Credential::Token(token(http, url, &client_id, &client_secret).await?)
            }
            _ => return Err(stored.malformed(format!("it must be {SHAPE}")).into()),
        };
        Ok(ServiceNow {
            http,
            instance,
            table,
            credential,
        })
    }

    pub(super) async fn write(&self, note: &Note<'_>) -> Result<(), Failed> {
        let element = if note.public { COMMENTS } else { WORK_NOTES };
        let record = self.find(note.ticket).await?;
        record.keeps_internal(note)?;
        if record.shows(COMMENTS, note.mark)
            || record.shows(WORK_NOTES, note.mark)
            || self.journal_has(&record.sys_id, element, note.mark).await?
        {
            return Ok(());
        }
        let text = format!("{}\n{}", without_html(note.text), note.mark);
        let SysId(sys_id) = &record.sys_id;
        let url = self.address(self.table.as_ref(), Some(sys_id.as_str()))?;
        let request = self.http.patch(url).query(&[FIELDS, FOR_DISPLAY]);
        let request = self
            .credential
            .sign(request.json(&json!({ element: text })));
        let answer: Option<Changed> = call::write(request, StatusCode::OK).await?;
        let is_answered = answer.is_some();
        let changed = answer.map(|Changed { result }| result);
        let changed = changed.filter(|changed| changed.sys_id == record.sys_id);
        let is_shown = match changed {
            Some(changed) => {
                changed.keeps_internal(note)?;
                changed.shows(element, note.mark)
            }
            None => false,
        };
        // A field that an access control denies is left out without a word, and the rest is a success.
        if is_shown || self.journal_has(&record.sys_id, element, note.mark).await? {
            Ok(())
        } else if is_answered {
            Err(Failed::Permanent(
                "it answers 200, and the note is not in the ticket: the account may not write or not read the field",
            ))
        } else {
            let record = self.find(note.ticket).await?;
            record.keeps_internal(note)?;
            record
                .shows(element, note.mark)
                .then_some(())
                .ok_or(TRANSIENT)
        }
    }

    /// The ticket with this number.
    async fn find(&self, number: &str) -> Result<Record, Failed> {
        let query = format!("number={number}");
        let found: Vec<Record> = self
            .search(
                self.table.as_ref(),
                &[("sysparm_query", query.as_str()), FIELDS, FOR_DISPLAY],
                2,
            )
            .await?;
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (None, _) => Err(Failed::Permanent(NO_SUCH_TICKET)),
            (Some(record), None) if record.number.eq_ignore_ascii_case(number) => Ok(record),
            _ => Err(Failed::Permanent("the table cannot be searched by number")),
        }
    }

    /// Whether there is such a note among those of this record. To an account that may not read them they look like
    /// none; hence the other look, at the record itself (rapid7/insightconnect-plugins, pull request 4061).
    async fn journal_has(
        &self,
        SysId(sys_id): &SysId,
        element: &str,
        mark: &str,
    ) -> Result<bool, Failed> {
        let query = format!("element_id={sys_id}^element={element}^valueLIKE{mark}");
        let found: Vec<Entry> = self
            .search(
                "sys_journal_field",
                &[
                    ("sysparm_query", query.as_str()),
                    ("sysparm_fields", "element_id,element,value"),
                ],
                MOST_NOTES,
            )
            .await?;
        let is_it = |entry: &Entry| {
            entry.element_id == *sys_id && entry.element == element && entry.value.contains(mark)
        };
        if found.iter().any(is_it) {
            Ok(true)
        } else if found.len() < MOST_NOTES {
            Ok(false)
        } else {
            Err(Failed::Permanent(
                "the notes of the ticket cannot be searched",
            ))
        }
    }

    async fn search<T: DeserializeOwned>(
        &self,
        table: &str,
        parameters: &[(&str, &str)],
        limit: usize,
    ) -> Result<Vec<T>, Failed> {
        let request = self.http.get(self.address(table, None)?).query(parameters);
        let request = request.query(&[("sysparm_limit", limit)]);
        let request = self.credential.sign(request);
        let (Found { result }, headers) = call::read_with_headers(request).await?;
        if is_whole(&headers, result.len(), limit) {
            Ok(result)
        } else {
            Err(TRANSIENT)
        }
    }

    fn address(&self, table: &str, record: Option<&str>) -> Result<Url, Failed> {
        let path = ["api", "now", "table", table].into_iter().chain(record);
        self.instance.join(path)
    }
}

/// Whether a search gave all that it counts. What an access control hides is counted and not given.
fn is_whole(headers: &HeaderMap, found: usize, limit: usize) -> bool {
    let total = headers.get("x-total-count").map(|total| {
        let total = total.to_str().ok();
        total.and_then(|total| total.trim().parse::<usize>().ok())
    });
    match total {
        None => true,
        Some(None) => false,
        Some(Some(total)) => found >= total.min(limit),
    }
}

impl Record {
    /// Whether this journal has the mark: a work note among the comments would be one that the customer sees.
    fn shows(&self, element: &str, mark: &str) -> bool {
        let journal = match element {
            COMMENTS => &self.comments,
            _ => &self.work_notes,
        };
        journal.as_ref().is_some_and(|text| text.contains(mark))
    }

    /// An internal note is not among the comments. Where it is, another try would only put it there once more.
    fn keeps_internal(&self, note: &Note<'_>) -> Result<(), Failed> {
        if !note.public && self.shows(COMMENTS, note.mark) {
            Err(Failed::Permanent(
                "the note is among the comments, which customers see, and is no work note: look at the ticket",
            ))
        } else {
            Ok(())
        }
    }
}

/// In a journal `[code]`, in capitals too, makes HTML of what follows.
fn without_html(text: &str) -> String {
    const TAG: &str = "[code]";
    // As long as the text, byte for byte.
    let lower = text.to_ascii_lowercase();
    let mut harmless = String::with_capacity(text.len());
    let mut rest = 0;
    for (at, _) in lower.match_indices(TAG) {
        let inside = at + TAG.len() - 1;
        harmless.push_str(text.get(rest..inside).unwrap_or_default());
        harmless.push(' ');
        rest = inside;
    }
    harmless.push_str(text.get(rest..).unwrap_or_default());
    harmless
}

/// By client credentials (ServiceNow, "OAuth inbound": client credentials). Not kept: one note, one token.
async fn token(
    http: &Client,
    url: Url,
    client_id: &str,
    client_secret: &SecretString,
) -> Result<SecretString, Failed> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_secret", client_secret.expose_secret()),
    ];
    let Granted { access_token } = call::read(http.post(url).form(&form)).await?;
    Ok(access_token)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn a_search_that_counts_more_than_it_gives_is_not_whole() {
        let is_whole = |total: &'static str, found| {
            let mut headers = HeaderMap::new();
            headers.insert("x-total-count", HeaderValue::from_static(total));
            is_whole(&headers, found, 2)
        };
        for (total, found, expected) in [
            ("0", 0, true),
            ("1", 1, true),
            ("7", 2, true),
            ("1", 0, false),
            ("7", 1, false),
            ("many", 1, false),
        ] {
            assert_eq!(is_whole(total, found), expected, "{total}, {found}");
        }
        assert!(super::is_whole(&HeaderMap::new(), 0, 2));
    }

    #[test]
    fn no_spelling_of_the_code_tag_makes_html_of_a_note() {
        for (text, harmless) in [
            ("a [code]<b>[/code]", "a [code ]<b>[/code]"),
            ("İ [CODE]x[Code]", "İ [CODE ]x[Code ]"),
            ("[code", "[code"),
            ("", ""),
        ] {
            assert_eq!(without_html(text), harmless);
        }
    }
}
