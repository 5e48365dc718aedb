//! Comments in Jira: Cloud (REST v3, Atlassian Document Format) and Data Center (REST v2, wiki markup).

use reqwest::{Client, StatusCode, Url};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{self, Credential, Failed, Note, TRANSIENT};
use super::jira_comment::{Comment, document, wiki};
use super::secret::Stored;
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

/// What is asked of an issue: the type of its project.
#[derive(Deserialize)]
struct Issue {
    fields: IssueFields,
}

#[derive(Deserialize)]
struct IssueFields {
    project: Project,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Project {
    project_type_key: Option<String>,
}

/// The types of projects in which no customers see comments. Jira has others, such as `service_desk` and
/// `customer_service`, and may get more.
const WITHOUT_CUSTOMERS: [&str; 3] = ["software", "business", "product_discovery"];

/// What an administrator has to do where the function cannot.
const BY_HAND: &str = "the comment is PUBLIC and cannot be deleted: delete it by hand";

/// A project that does not say, or says what is not known, counts as one that has.
fn has_customers(project_type: Option<&str>) -> bool {
    project_type.is_none_or(|kind| !WITHOUT_CUSTOMERS.contains(&kind))
}

impl<'a> Jira<'a> {
    pub fn cloud(
        http: &'a Client,
        base: &'a BaseUrl,
        secret: &Stored<'_>,
    ) -> Result<Jira<'a>, Failed> {
        let ApiToken { email, api_token } =
            secret.read(r#"{"email": "…", "api_token": "…"} and no more"#)?;
        Ok(Jira {
            http,
            base,
            edition: Edition::Cloud,
            credential: Credential::Password {
                user: secret.name("email", email)?,
                password: secret.token("api_token", api_token)?,
            },
        })
    }

    pub fn data_center(
        http: &'a Client,
        base: &'a BaseUrl,
        secret: &Stored<'_>,
    ) -> Result<Jira<'a>, Failed> {
        let PersonalAccessToken { token } = secret.read(r#"{"token": "…"} and no more"#)?;
        Ok(Jira {
            http,
            base,
            edition: Edition::DataCenter,
            credential: Credential::Token(secret.token("token", token)?),
        })
    }

    pub(super) async fn write(&self, note: &Note<'_>) -> Result<(), Failed> {
        if let Some(comment) = self.find(note).await? {
            return self.accept(note, &comment).await;
        }
        let request = self.http.post(self.issue(note, ["comment"])?);
        let request = self.credential.sign(request.json(&self.comment(note)));
        let answer: Option<Comment> = call::write(request, StatusCode::CREATED).await?;
        let is_answered = answer.is_some();
        if let Some(comment) = answer.filter(|comment| comment.holds(&self.mark(note))) {
            return self.keep_internal(note, &comment).await;
        }
        match self.find(note).await? {
            Some(comment) => self.accept(note, &comment).await,
            None if is_answered => Err(Failed::Permanent(
                "it answers 201, and the comment is not in the ticket",
            )),
            None => Err(TRANSIENT),
        }
    }

    /// Whether this comment is the note, as it should be. Another text with the mark may be a person's own comment: it
    /// is never deleted. Where customers see it, it is no internal note, and a second one might come out like it.
    async fn accept(&self, note: &Note<'_>, comment: &Comment) -> Result<(), Failed> {
        if self.is_ours(comment, note) {
            self.keep_internal(note, comment).await
        } else if !note.public && self.may_be_seen(note, comment).await? {
            Err(Failed::Permanent(
                "a comment that customers may see has the mark of the note, and no internal note is there: look at the ticket",
            ))
        } else {
            Ok(())
        }
    }

    /// An internal note that the customer of a service desk sees is deleted, and counts as not written. Jira takes
    /// `sd.public.comment` for a wish: whether it was heeded is only in the comment itself.
    async fn keep_internal(&self, note: &Note<'_>, comment: &Comment) -> Result<(), Failed> {
        if note.public {
            if comment.is_public() == Some(false) {
                let ticket = note.ticket;
                tracing::warn!(
                    ticket,
                    "the note is internal, though [notes] says public: the account may be no agent"
                );
            }
            return Ok(());
        }
        if !self.may_be_seen(note, comment).await? {
            return Ok(());
        }
        let Some(id) = comment.id() else {
            return Err(Failed::Permanent(BY_HAND));
        };
        let url = self.issue(note, ["comment", id])?;
        match call::delete(self.credential.sign(self.http.delete(url))).await {
            // An id that Jira does not know may be a wrong one.
            Err(Failed::Permanent(call::NO_SUCH_TICKET)) if self.find(note).await?.is_some() => {
                Err(Failed::Permanent(BY_HAND))
            }
            Ok(()) | Err(Failed::Permanent(call::NO_SUCH_TICKET)) => Err(Failed::Permanent(
                "the comment was public and not internal, and was deleted: customers may have it by mail",
            )),
            Err(Failed::Permanent(_)) => Err(Failed::Permanent(BY_HAND)),
            Err(failed) => {
                tracing::error!(
                    ticket = note.ticket,
                    "the note is a PUBLIC comment and could not be deleted yet"
                );
                Err(failed)
            }
        }
    }

    /// Whether customers may see this comment.
    async fn may_be_seen(&self, note: &Note<'_>, comment: &Comment) -> Result<bool, Failed> {
        let may_be_public = match (comment.is_public(), &self.edition) {
            (Some(is_public), _) => is_public,
            // Without Service Management, Data Center does not say.
            (None, Edition::DataCenter) => false,
            (None, Edition::Cloud) => true,
        };
        // Outside of service desks every comment says that it is public (Jira Cloud REST v3, `jsdPublic`).
        Ok(may_be_public && self.may_have_customers(note).await?)
    }

    /// Whether the ticket is in a project with customers, as those of Jira Service Management are.
    async fn may_have_customers(&self, note: &Note<'_>) -> Result<bool, Failed> {
        let request = self.http.get(self.issue(note, [])?);
        let request = request.query(&[("fields", "project")]);
        let issue: Issue = call::read(self.credential.sign(request)).await?;
        Ok(has_customers(
            issue.fields.project.project_type_key.as_deref(),
        ))
    }

    /// The comment that has the mark: the note itself, on whatever page it is, before one that quotes it.
    async fn find(&self, note: &Note<'_>) -> Result<Option<Comment>, Failed> {
        let comments = self.issue(note, ["comment"])?;
        let mark = self.mark(note);
        let (mut seen, mut quote) = (0, None);
        for _ in 0..MOST_PAGES {
            // A comment that comes in between moves the others back: one is seen twice, none is missed.
            let request = self.http.get(comments.clone()).query(&[
                ("orderBy", "-created"),
                ("startAt", seen.to_string().as_str()),
                ("maxResults", PAGE.to_string().as_str()),
            ]);
            let page: Page = call::read(self.credential.sign(request)).await?;
            seen += page.comments.len();
            // There are more than it shows, and the note may be among them.
            if page.comments.is_empty() && seen < page.total {
                return Err(TRANSIENT);
            }
            let is_last = seen >= page.total;
            for comment in page.comments {
                if comment.holds(&mark) {
                    if self.is_ours(&comment, note) {
                        return Ok(Some(comment));
                    }
                    quote = quote.or(Some(comment));
                }
            }
            if is_last {
                break;
            }
        }
        Ok(quote)
    }

    /// An address below that of the ticket.
    fn issue<const N: usize>(&self, note: &Note<'_>, below: [&str; N]) -> Result<Url, Failed> {
        let version = match self.edition {
            Edition::Cloud => "3",
            Edition::DataCenter => "2",
        };
        let issue = ["rest", "api", version, "issue", note.ticket];
        self.base.join(issue.into_iter().chain(below))
    }

    fn mark(&self, note: &Note<'_>) -> String {
        match self.edition {
            Edition::Cloud => note.mark.to_owned(),
            Edition::DataCenter => wiki(note.mark),
        }
    }

    fn is_ours(&self, comment: &Comment, note: &Note<'_>) -> bool {
        match self.edition {
            Edition::Cloud => comment.is_written_as(note.text, note.mark),
            Edition::DataCenter => comment.is_written_as(&wiki(note.text), &wiki(note.mark)),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_customers_unless_its_type_is_known_to_have_none() {
        for kind in ["software", "business", "product_discovery"] {
            assert!(!has_customers(Some(kind)), "{kind}");
        }
        let others = ["service_desk", "customer_service", "", "unknownFutureValue"];
        for kind in others.map(Some).into_iter().chain([None]) {
            assert!(has_customers(kind), "{kind:?}");
        }
    }
}
