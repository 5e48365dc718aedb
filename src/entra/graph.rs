//! Calls to Graph: one attempt each, bounded in time and in size.

use std::time::Duration;

use reqwest::header::CONTENT_LENGTH;
use reqwest::{Method, StatusCode, Url};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::errors::{self, Effect, UNREADABLE};
use super::page::Pages;
use super::settings::ServiceUrl;
use super::token::{Token, Tokens};
use crate::json;
use crate::outbound::{BadBody, bounded_body};
use crate::reset::ports::{DirectoryError, Fault};

/// The most that an answer may hold.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// The most pages of a list that are followed; with 999 a page that is more groups than Entra allows a person.
const MOST_PAGES: usize = 20;

/// How long a read about authentication methods may take: as long as their service itself allows (Microsoft Graph,
/// "Authentication methods API": a request times out after 60 seconds). The run's own deadline comes before it.
const SLOW_READ: Duration = Duration::from_secs(60);

/// Microsoft Graph, with a credential.
pub struct Graph {
    base: ServiceUrl,
    http: reqwest::Client,
    tokens: Tokens,
}

impl Graph {
    pub fn new(base: ServiceUrl, http: reqwest::Client, tokens: Tokens) -> Graph {
        Graph { base, http, tokens }
    }

    /// The token with which calls are made now.
    pub async fn token(&self) -> Result<Token, DirectoryError> {
        self.tokens.get().await
    }

    /// Forgets a token that lacks a permission, unless it is so young that a new one would lack it too: consent shows only
    /// in new tokens. Says whether the next call has another one.
    pub async fn renew_if_old(&self, token: &Token) -> bool {
        self.tokens.forget_if_old(token).await
    }

    /// `version` and the segments of a path, each escaped.
    pub fn url<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Result<Url, DirectoryError> {
        let mut url = Url::parse(self.base.as_str()).map_err(|_| UNREADABLE)?;
        url.path_segments_mut()
            .map_err(|()| UNREADABLE)?
            .clear()
            .extend(path);
        Ok(url)
    }

    /// Reads one thing.
    pub async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, DirectoryError> {
        let body = self.call(Method::GET, url, None, Effect::Reads).await?;
        object_of(Value::Object(object(&body)?))
    }

    /// Asks with a body, which changes nothing, for a list that has one page.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        url: Url,
        question: &Value,
    ) -> Result<Vec<T>, DirectoryError> {
        let body = self
            .call(Method::POST, url, Some(question), Effect::Reads)
            .await?;
        let mut pages = Pages::default();
        match pages.take(object(&body)?, body.len())? {
            None => pages.whole()?.into_iter().map(object_of).collect(),
            Some(_) => Err(UNREADABLE),
        }
    }

    /// Reads a list of things that must all be readable.
    pub async fn list<T: DeserializeOwned>(&self, url: Url) -> Result<Vec<T>, DirectoryError> {
        let items = self.list_items(url).await?;
        items.into_iter().map(object_of).collect()
    }

    /// Reads a list, all pages of it, whatever its items are. A next page is asked for only where the first one was: the
    /// token goes nowhere else.
    pub async fn list_items(&self, url: Url) -> Result<Vec<Value>, DirectoryError> {
        let origin = url.origin();
        let mut pages = Pages::default();
        let mut next = Some(url);
        for _ in 0..MOST_PAGES {
            let Some(url) = next else {
                return pages.whole();
            };
            let body = self.call(Method::GET, url, None, Effect::Reads).await?;
            next = match pages.take(object(&body)?, body.len())? {
                None => None,
                Some(link) => match Url::parse(&link) {
                    Ok(link) if link.origin() == origin => Some(link),
                    _ => return Err(UNREADABLE),
                },
            };
        }
        match next {
            None => pages.whole(),
            Some(_) => Err(UNREADABLE),
        }
    }

    /// Changes something. It is done if Graph answers without a body, or with one that `is_done` knows. Any other success
    /// may be the page of a proxy, and is a lost answer.
    pub async fn write(
        &self,
        method: Method,
        url: Url,
        is_done: fn(&Map<String, Value>) -> bool,
    ) -> Result<(), DirectoryError> {
        let body = self.call(method, url, None, Effect::Writes).await?;
        if body.is_empty() || object(&body).is_ok_and(|answer| is_done(&answer)) {
            return Ok(());
        }
        tracing::warn!(
            "a change was answered with a success that Microsoft Graph does not document: a proxy may have answered"
        );
        Err(DirectoryError::Indeterminate)
    }

    /// Sends it; if the token is not accepted, or is an old one that lacks a permission, once more with a new one, which
    /// Graph treats as the same attempt.
    async fn call(
        &self,
        method: Method,
        url: Url,
        question: Option<&Value>,
        effect: Effect,
    ) -> Result<Vec<u8>, DirectoryError> {
        let mut renewed = false;
        loop {
            let token = self.tokens.get().await?;
            let mut request = self
                .http
                .request(method.clone(), url.clone())
                .bearer_auth(token.value.expose_secret())
                .header("client-request-id", Uuid::new_v4().to_string());
            if let Some(question) = question {
                request = request.json(question);
            } else if method == Method::POST {
                // Graph wants a length even where there is no body, and over HTTP/1.1 none is sent unless it is set.
                request = request.header(CONTENT_LENGTH, 0);
            }
            if effect == Effect::Reads && url.path().contains("/authentication/") {
                request = request.timeout(SLOW_READ);
            }
            let answer = request.send().await.map_err(|error| lost(&error, effect))?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let may_be_the_token = match status {
                _ if renewed => false,
                StatusCode::UNAUTHORIZED => {
                    self.tokens.forget(&token).await;
                    true
                }
                StatusCode::FORBIDDEN => self.tokens.forget_if_old(&token).await,
                _ => false,
            };
            if may_be_the_token {
                renewed = true;
                continue;
            }
            let body = bounded_body(answer, LARGEST_ANSWER).await;
            if status.is_success() && effect == Effect::Writes {
                return body.map_err(|_| DirectoryError::Indeterminate);
            }
            // Any other success is an answer without content, or a part of one.
            if status == StatusCode::OK {
                return body.map_err(|bad| match bad {
                    BadBody::BrokeOff => DirectoryError::Transient { after: None },
                    BadBody::TooLarge => UNREADABLE,
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

/// An answer that is one object.
fn object(body: &[u8]) -> Result<Map<String, Value>, DirectoryError> {
    let Ok(Value::Object(object)) = json::parse(body) else {
        return Err(UNREADABLE);
    };
    // Neither is an error beside an answer, whatever the status says.
    if object.get("error").is_some_and(|error| !error.is_null()) {
        return Err(UNREADABLE);
    }
    Ok(object)
}

/// What an object says.
fn object_of<T: DeserializeOwned>(item: Value) -> Result<T, DirectoryError> {
    json::of_value(item).map_err(|_| UNREADABLE)
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
