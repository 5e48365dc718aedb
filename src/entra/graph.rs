//! Calls to Graph: one attempt each, bounded in time and in size.

use reqwest::{Method, StatusCode, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::errors::{self, Effect};
use super::settings::ServiceUrl;
use super::token::Tokens;
use crate::outbound::{BadBody, bounded_body};
use crate::reset::ports::{DirectoryError, Fault};

/// The most that an answer may hold.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// The most pages of a list that are followed; with 999 a page that is more groups than Entra allows a person.
const MOST_PAGES: usize = 20;

/// Microsoft Graph, with a credential.
pub struct Graph {
    base: ServiceUrl,
    http: reqwest::Client,
    tokens: Tokens,
}

/// A list as OData gives it.
#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

impl Graph {
    pub fn new(base: ServiceUrl, http: reqwest::Client, tokens: Tokens) -> Graph {
        Graph { base, http, tokens }
    }

    pub async fn warm_up(&self) -> Result<(), DirectoryError> {
        self.tokens.get().await.map(drop)
    }

    /// `version` and the segments of a path, each escaped.
    pub fn url<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Result<Url, DirectoryError> {
        let mut url = Url::parse(self.base.as_str())
            .map_err(|_| DirectoryError::Permanent(Fault::Unreadable))?;
        url.path_segments_mut()
            .map_err(|()| DirectoryError::Permanent(Fault::Unreadable))?
            .clear()
            .extend(path);
        Ok(url)
    }

    /// Reads one thing.
    pub async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, DirectoryError> {
        let body = self.call(Method::GET, url, Effect::Reads).await?;
        serde_json::from_slice(&body).map_err(|_| DirectoryError::Permanent(Fault::Unreadable))
    }

    /// Reads a list, all pages of it. A next page is asked for only where the first one was: the token goes
    /// nowhere else.
    pub async fn list<T: DeserializeOwned>(&self, url: Url) -> Result<Vec<T>, DirectoryError> {
        let origin = url.origin();
        let mut all = Vec::new();
        let mut next = Some(url);
        for _ in 0..MOST_PAGES {
            let Some(url) = next else {
                return Ok(all);
            };
            let page: Page<T> = self.get(url).await?;
            all.extend(page.value);
            next = match page.next {
                None => None,
                Some(link) => match Url::parse(&link) {
                    Ok(link) if link.origin() == origin => Some(link),
                    _ => return Err(DirectoryError::Permanent(Fault::Unreadable)),
                },
            };
        }
        match next {
            None => Ok(all),
            Some(_) => Err(DirectoryError::Permanent(Fault::Unreadable)),
        }
    }

    /// Changes something. The answer's body says nothing that matters.
    pub async fn write(&self, method: Method, url: Url) -> Result<(), DirectoryError> {
        self.call(method, url, Effect::Writes).await.map(drop)
    }

    /// Sends it; if the token is not accepted, once more with a new one, which Graph treats as the same attempt.
    async fn call(
        &self,
        method: Method,
        url: Url,
        effect: Effect,
    ) -> Result<Vec<u8>, DirectoryError> {
        let mut renewed = false;
        loop {
            let token = self.tokens.get().await?;
            let mut request = self
                .http
                .request(method.clone(), url.clone())
                .bearer_auth(token.expose_secret())
                .header("client-request-id", Uuid::new_v4().to_string());
            if method == Method::POST {
                // Graph wants a length even where there is no body.
                request = request.body("");
            }
            let answer = request.send().await.map_err(|error| lost(&error, effect))?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            if status == StatusCode::UNAUTHORIZED && !renewed {
                self.tokens.forget(&token).await;
                renewed = true;
                continue;
            }
            let body = bounded_body(answer, LARGEST_ANSWER).await;
            if status.is_success() && effect == Effect::Writes {
                return Ok(Vec::new());
            }
            if status.is_success() {
                return body.map_err(|bad| match bad {
                    BadBody::BrokeOff => DirectoryError::Transient { after: None },
                    BadBody::TooLarge => DirectoryError::Permanent(Fault::Unreadable),
                });
            }
            // Whatever became of the body, the status decides.
            return Err(errors::of(
                status,
                &headers,
                &body.unwrap_or_default(),
                effect,
            ));
        }
    }
}

/// No answer. A request that was never sent, or never got a connection, has changed nothing.
fn lost(error: &reqwest::Error, effect: Effect) -> DirectoryError {
    if error.is_builder() {
        // A token that does not fit into a header.
        DirectoryError::Permanent(Fault::Credential)
    } else if effect == Effect::Writes && !error.is_connect() {
        DirectoryError::Indeterminate
    } else {
        DirectoryError::Transient { after: None }
    }
}
