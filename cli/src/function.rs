//! The function over HTTP, as docs/http.md has it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Method, RequestBuilder};
use reregister_mfa::outbound::{BadBody, bounded_body};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::address::Address;
use crate::approvals::{Approvals, Token};
use crate::exit::Exit;

/// It answers within 30 seconds, and may have to start first.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A host that is there says so at once.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// No answer of the function comes near it.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// A deployment.
pub struct Function {
    client: reqwest::Client,
    address: Address,
}

/// What the function said.
pub struct Answer {
    status: u16,
    text: String,
    json: Value,
}

/// Why there is no answer of the function.
#[derive(Debug)]
pub enum Failure {
    /// There is none. Whether the request has arrived is not known.
    Lost {
        /// The deployment.
        name: String,
        /// What was the matter.
        why: String,
    },
    /// Somebody else has answered: AWS in its place, or whoever is at that address.
    Stranger {
        /// The deployment.
        name: String,
        /// The status.
        status: u16,
    },
}

impl Function {
    /// The function at this address.
    pub fn at(address: Address) -> anyhow::Result<Function> {
        let mut client = reqwest::Client::builder()
            // The approval would go along.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .timeout(TIME_LIMIT)
            // Between two requests somebody reads and types.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("reregister/", env!("CARGO_PKG_VERSION")));
        if address.is_this_machine() {
            client = client.no_proxy();
        }
        let client = client.build().context("the HTTP client cannot be made")?;
        Ok(Function { client, address })
    }

    /// What would be done.
    pub async fn preview(&self, approvals: &Approvals) -> anyhow::Result<Result<Answer, Failure>> {
        let request = self.post("/resets/preview", approvals)?;
        let answer = self.send(request).await;
        Ok(answer.and_then(|answer| {
            let shows = answer.status == 200 && answer.json.get("methods").is_some();
            self.checked(shows, answer)
        }))
    }

    /// Asks for the reset. The same again is harmless: it is told what came of it.
    pub async fn open(&self, approvals: &Approvals) -> anyhow::Result<Result<Answer, Failure>> {
        let request = self.post("/resets", approvals)?;
        Ok(self.outcome(request).await)
    }

    /// What came of a reset. Of two approvals one may have been passed over, and the function does not tell its holder:
    /// the other one is tried then.
    pub async fn read(
        &self,
        id: Uuid,
        approvals: &Approvals,
    ) -> anyhow::Result<Result<Answer, Failure>> {
        let path = format!("/resets/{id}");
        let request = self.request(Method::GET, &path, &approvals.bearer)?;
        let told = self.outcome(request).await;
        match &approvals.second {
            Some(second) if told.as_ref().is_ok_and(Answer::turns_away) => {
                let request = self.request(Method::GET, &path, second)?;
                Ok(self.outcome(request).await)
            }
            _ => Ok(told),
        }
    }

    async fn outcome(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let answer = self.send(request).await?;
        let tells = matches!(answer.status, 200 | 202) && answer.state().is_some();
        self.checked(tells, answer)
    }

    fn post(&self, path: &str, approvals: &Approvals) -> anyhow::Result<RequestBuilder> {
        let request = self.request(Method::POST, path, &approvals.bearer)?;
        Ok(match &approvals.second {
            Some(second) => request.json(&json!({"approvals": [second.expose()]})),
            None => request,
        })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        bearer: &Token,
    ) -> anyhow::Result<RequestBuilder> {
        let url = self.address.route(path)?;
        Ok(self
            .client
            .request(method, url)
            .bearer_auth(bearer.expose()))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let lost = |error: reqwest::Error| Failure::Lost {
            name: self.address.name(),
            why: why(error),
        };
        let response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let stranger = || Failure::Stranger {
            name: self.address.name(),
            status,
        };
        let body = bounded_body(response, LARGEST_ANSWER)
            .await
            .map_err(|bad| match bad {
                BadBody::TooLarge => stranger(),
                BadBody::BrokeOff => Failure::Lost {
                    name: self.address.name(),
                    why: bad.to_string(),
                },
            })?;
        let text = String::from_utf8(body).map_err(|_| stranger())?;
        let json = serde_json::from_str(&text).map_err(|_| stranger())?;
        Ok(Answer { status, text, json })
    }

    /// The answer, if it is what was asked for or a problem, and not somebody else's.
    fn checked(&self, good: bool, answer: Answer) -> Result<Answer, Failure> {
        if good || (answer.is_problem() && answer.member("code").is_some()) {
            return Ok(answer);
        }
        Err(Failure::Stranger {
            name: self.address.name(),
            status: answer.status,
        })
    }
}

/// What was the matter, by its innermost cause. The address is left out: whoever is told has just typed it.
fn why(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl Answer {
    /// What the function wrote, as it is.
    pub fn text(&self) -> &str {
        self.text.trim_end()
    }

    /// The same, read.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// A member that is text.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.json.get(name).and_then(Value::as_str)
    }

    /// Where the reset stands; a preview and a problem have none.
    pub fn state(&self) -> Option<&str> {
        self.member("state")
    }

    /// The reset's name.
    pub fn reset(&self) -> Option<Uuid> {
        self.member("reset").and_then(|id| Uuid::parse_str(id).ok())
    }

    /// Whether it was refused, or could not be taken.
    pub fn is_problem(&self) -> bool {
        self.status >= 400
    }

    /// Whether the approval that was presented opens nothing, or nothing of that name.
    pub fn turns_away(&self) -> bool {
        matches!(self.status, 401 | 404)
    }

    /// Whether it was accepted and is not over.
    pub fn goes_on(&self) -> bool {
        self.status == 202
    }

    /// Whether it was refused, now or earlier, for a reason that stays.
    pub fn is_refusal(&self) -> bool {
        (self.is_problem() && !self.is_transient()) || self.state() == Some("refused")
    }

    /// Whether it is a problem that the same request may not meet again.
    pub fn is_transient(&self) -> bool {
        let retry = self.json.get("retry").and_then(Value::as_bool);
        self.is_problem() && (retry == Some(true) || self.status >= 500)
    }

    /// What a script hears.
    pub fn exit(&self) -> Exit {
        if self.is_refusal() {
            return Exit::Refused;
        }
        if self.goes_on() || self.is_transient() {
            return Exit::NotYet;
        }
        match (self.state(), self.member("can_register")) {
            // A preview.
            (None, _) => Exit::Done,
            (Some("completed"), Some("no")) => Exit::NeedsHuman,
            (Some("completed"), _) => Exit::Done,
            (Some("waiting" | "running"), _) => Exit::NotYet,
            (Some(_), _) => Exit::NeedsHuman,
        }
    }
}

impl Failure {
    /// Whether the same request may meet with the function.
    pub fn is_transient(&self) -> bool {
        match self {
            Failure::Lost { .. } => true,
            // AWS throttles, or the function could not start.
            Failure::Stranger { status, .. } => *status == 429 || *status >= 500,
        }
    }

    /// What a script hears, as long as nothing was asked for that may have been done.
    pub fn exit(&self) -> Exit {
        if self.is_transient() {
            Exit::NotYet
        } else {
            Exit::Trouble
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Lost { name, why } => write!(formatter, "no answer from {name}: {why}"),
            Failure::Stranger { name, status } if self.is_transient() => {
                write!(
                    formatter,
                    "{name} answers {status} in place of the function"
                )
            }
            Failure::Stranger { name, status } => write!(
                formatter,
                "{name} answers {status}, and not as reregister-mfa: is the address right, and may it be called?"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, json: Value) -> Answer {
        Answer {
            status,
            text: json.to_string(),
            json,
        }
    }

    #[test]
    fn only_what_is_surely_done_counts_as_done() {
        for (status, json, exit) in [
            (200, json!({"methods": []}), Exit::Done),
            (
                200,
                json!({"state": "completed", "can_register": "yes"}),
                Exit::Done,
            ),
            (
                200,
                json!({"state": "completed", "can_register": "unknown"}),
                Exit::Done,
            ),
            (
                200,
                json!({"state": "completed", "can_register": "no"}),
                Exit::NeedsHuman,
            ),
            (200, json!({"state": "needs_human"}), Exit::NeedsHuman),
            (
                200,
                json!({"state": "something of a later version"}),
                Exit::NeedsHuman,
            ),
            (200, json!({"state": "refused"}), Exit::Refused),
            (202, json!({"state": "waiting"}), Exit::NotYet),
            (202, json!({"state": "running"}), Exit::NotYet),
            (
                403,
                json!({"code": "frozen", "retry": false}),
                Exit::Refused,
            ),
            (
                409,
                json!({"code": "target_busy", "retry": true}),
                Exit::NotYet,
            ),
            (503, json!({"code": "ledger_unavailable"}), Exit::NotYet),
        ] {
            assert_eq!(answer(status, json.clone()).exit(), exit, "{status} {json}");
        }
    }
}
