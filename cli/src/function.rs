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

/// The function answers within 30 seconds, and may have to start first.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A host that can be reached accepts a connection at once.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Bytes; far more than any answer of the function has.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// The function of one deployment.
pub struct Function {
    client: reqwest::Client,
    address: Address,
}

/// An answer of the function.
pub struct Answer {
    status: u16,
    text: String,
    json: Value,
}

/// Why there is no answer of the function. `host` is the address that was asked.
#[derive(Debug)]
pub enum Failure {
    /// No answer came. Whether the request has arrived is not known.
    NoAnswer { host: String, why: String },
    /// AWS, a proxy or another server answered, with this HTTP status.
    NotTheFunction { host: String, status: u16 },
}

impl Function {
    pub fn at(address: Address) -> anyhow::Result<Function> {
        let mut client = reqwest::Client::builder()
            // A redirect would take the approval along.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .timeout(TIME_LIMIT)
            // While the operator reads and types, an idle connection would be closed.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("reregister/", env!("CARGO_PKG_VERSION")));
        if address.is_this_machine() {
            client = client.no_proxy();
        }
        let client = client.build().context("the HTTP client cannot be made")?;
        Ok(Function { client, address })
    }

    /// Asks what a reset would do.
    pub async fn preview(&self, approvals: &Approvals) -> anyhow::Result<Result<Answer, Failure>> {
        let request = self.post("/resets/preview", approvals)?;
        let answer = self.send(request).await;
        Ok(answer.and_then(|answer| {
            let is_preview = answer.status == 200 && answer.json.get("methods").is_some();
            self.checked(is_preview, answer)
        }))
    }

    /// Asks for the reset. A repeated request changes nothing, and gets the outcome.
    pub async fn submit(&self, approvals: &Approvals) -> anyhow::Result<Result<Answer, Failure>> {
        let request = self.post("/resets", approvals)?;
        Ok(self.outcome(request).await)
    }

    /// Asks for the outcome of a reset. If two approvals were given, the reset may have used only the second one; then
    /// the first one gives no access to the outcome.
    pub async fn status(
        &self,
        id: Uuid,
        approvals: &Approvals,
    ) -> anyhow::Result<Result<Answer, Failure>> {
        let path = format!("/resets/{id}");
        let request = self.request(Method::GET, &path, &approvals.bearer)?;
        let answer = self.outcome(request).await;
        match &approvals.second {
            Some(second) if answer.as_ref().is_ok_and(Answer::denies_access) => {
                let request = self.request(Method::GET, &path, second)?;
                Ok(self.outcome(request).await)
            }
            _ => Ok(answer),
        }
    }

    async fn outcome(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let answer = self.send(request).await?;
        let is_outcome = matches!(answer.status, 200 | 202) && answer.state().is_some();
        self.checked(is_outcome, answer)
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
        let no_answer = |error: reqwest::Error| Failure::NoAnswer {
            host: self.address.host_and_port(),
            why: innermost_cause(error),
        };
        let response = request.send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let not_the_function = || Failure::NotTheFunction {
            host: self.address.host_and_port(),
            status,
        };
        let body = bounded_body(response, LARGEST_ANSWER)
            .await
            .map_err(|bad| match bad {
                BadBody::TooLarge => not_the_function(),
                BadBody::BrokeOff => Failure::NoAnswer {
                    host: self.address.host_and_port(),
                    why: bad.to_string(),
                },
            })?;
        let text = String::from_utf8(body).map_err(|_| not_the_function())?;
        let json = serde_json::from_str(&text).map_err(|_| not_the_function())?;
        Ok(Answer { status, text, json })
    }

    /// The answer, if it is what was asked for or a problem, so that it must be the function's.
    fn checked(&self, is_expected: bool, answer: Answer) -> Result<Answer, Failure> {
        if is_expected || (answer.is_problem() && answer.member("code").is_some()) {
            return Ok(answer);
        }
        Err(Failure::NotTheFunction {
            host: self.address.host_and_port(),
            status: answer.status,
        })
    }
}

/// Without the address, which the operator has just typed.
fn innermost_cause(error: reqwest::Error) -> String {
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
    /// The body as the function wrote it.
    pub fn text(&self) -> &str {
        self.text.trim_end()
    }

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

    /// The reset's id.
    pub fn reset(&self) -> Option<Uuid> {
        self.member("reset").and_then(|id| Uuid::parse_str(id).ok())
    }

    /// Whether it is a problem (RFC 9457): a refusal, or an outage before anything was accepted.
    pub fn is_problem(&self) -> bool {
        self.status >= 400
    }

    /// Whether the approval is not valid, or gives no access to the reset.
    pub fn denies_access(&self) -> bool {
        matches!(self.status, 401 | 404)
    }

    /// Whether the reset was accepted and has not ended.
    pub fn is_pending(&self) -> bool {
        self.status == 202
    }

    /// Whether the request was refused, now or earlier, and the same request would be refused again.
    pub fn is_refusal(&self) -> bool {
        (self.is_problem() && !self.is_transient()) || self.state() == Some("refused")
    }

    /// Whether it is a problem, and the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        let retry = self.json.get("retry").and_then(Value::as_bool);
        self.is_problem() && (retry == Some(true) || self.status >= 500)
    }

    pub fn exit(&self) -> Exit {
        if self.is_refusal() {
            return Exit::Refused;
        }
        if self.is_pending() || self.is_transient() {
            return Exit::Pending;
        }
        match (self.state(), self.member("can_register")) {
            // A preview.
            (None, _) => Exit::Done,
            (Some("completed"), Some("no")) => Exit::NeedsHuman,
            (Some("completed"), _) => Exit::Done,
            (Some("waiting" | "running"), _) => Exit::Pending,
            (Some(_), _) => Exit::NeedsHuman,
        }
    }
}

impl Failure {
    /// Whether the function may answer the same request later.
    pub fn is_transient(&self) -> bool {
        match self {
            Failure::NoAnswer { .. } => true,
            // AWS throttles, or the function could not start.
            Failure::NotTheFunction { status, .. } => *status == 429 || *status >= 500,
        }
    }

    /// The exit code after a request that changes nothing.
    pub fn exit(&self) -> Exit {
        if self.is_transient() {
            Exit::Pending
        } else {
            Exit::Error
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NoAnswer { host, why } => write!(formatter, "no answer from {host}: {why}"),
            Failure::NotTheFunction { host, status } if self.is_transient() => {
                write!(
                    formatter,
                    "{host} answers {status} in place of the function"
                )
            }
            Failure::NotTheFunction { host, status } => write!(
                formatter,
                "{host} answers {status}, not as reregister-mfa. Check the address, and who may call it"
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
    fn only_a_completed_reset_exits_with_0() {
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
            (202, json!({"state": "waiting"}), Exit::Pending),
            (202, json!({"state": "running"}), Exit::Pending),
            (
                403,
                json!({"code": "frozen", "retry": false}),
                Exit::Refused,
            ),
            (
                409,
                json!({"code": "target_busy", "retry": true}),
                Exit::Pending,
            ),
            (503, json!({"code": "ledger_unavailable"}), Exit::Pending),
        ] {
            assert_eq!(answer(status, json.clone()).exit(), exit, "{status} {json}");
        }
    }
}
