//! `reregister event`: a signed event, as the Function URL would hand it to the function.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::Value;
use simulated::function_url;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::servicenow::ItemApproved;
use simulated::senders::{jira_automation, on_call};

use crate::approvals::{ApprovalArgs, Approvals, Token};
use crate::streams::print;

/// Print a fresh event, signed as the source signs, for `cargo lambda invoke --data-file`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister event --source jira --secret-file jira.json --approval approval > event.json
  reregister event --source on-call --approval approval > event.json")]
pub struct Event {
    /// Who sends it
    #[arg(long)]
    source: Source,

    /// The path it goes to, which ends in the source's name in the policy [default: /webhooks/SOURCE, /resets for on-
    /// call]
    #[arg(long)]
    path: Option<String>,

    /// The source's webhook secret: as it is, or the JSON of Secrets Manager with "current"; not for on-call
    #[arg(long, value_name = "FILE", required_if_eq_any([
        ("source", "jira"), ("source", "jira-automation"), ("source", "servicenow"),
    ]))]
    secret_file: Option<PathBuf>,

    #[command(flatten)]
    approvals: ApprovalArgs,

    /// The ticket's key [default: the one in the approval]
    #[arg(long, value_name = "KEY")]
    ticket: Option<String>,

    /// The person that the ticket is for (servicenow) [default: the one in the approval]
    #[arg(long, value_name = "PERSON")]
    requested_for: Option<String>,

    /// The id of the status that means approved (jira, jira-automation)
    #[arg(long, value_name = "ID", default_value = "10042")]
    approved_status_id: String,

    /// The name of that status
    #[arg(long, value_name = "NAME", default_value = "Approved")]
    approved_status_name: String,

    /// The custom field that holds the approvals (jira, jira-automation)
    #[arg(long, value_name = "ID", default_value = "customfield_10123")]
    field: String,

    /// The header with the secret (jira-automation)
    #[arg(long, value_name = "NAME", default_value = "X-Reregister-Secret")]
    header: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
    Jira,
    JiraAutomation,
    Servicenow,
    OnCall,
}

impl Event {
    /// Prints the event alone on stdout, so that it can be piped.
    pub fn run(self) -> anyhow::Result<()> {
        let event = function_url::event(&self.request()?);
        print(&serde_json::to_string_pretty(&event)?)
    }

    fn request(&self) -> anyhow::Result<Request> {
        let approvals = self.approvals.read()?;
        let path = self.path();
        Ok(match self.source {
            Source::Jira => {
                let secret = self.secret()?;
                ensure!(
                    !secret.starts_with("whsec_"),
                    "a secret that starts with whsec_ is for Standard Webhooks, Jira cannot sign with it"
                );
                let before = Status::new("10001", "Waiting for approval");
                IssueEvent::transition(self.issue(&approvals)?, &before).signed(path, &secret)
            }
            Source::JiraAutomation => {
                let issue = self.issue(&approvals)?;
                jira_automation::web_request(path, &issue, &self.header, &self.secret()?)
            }
            Source::Servicenow => {
                let mut item = ItemApproved::new(
                    &self.ticket(&approvals)?,
                    &match &self.requested_for {
                        Some(person) => person.clone(),
                        None => {
                            claim(&approvals.bearer, "sub").context("--requested-for is missing")?
                        }
                    },
                );
                item.approvals = approvals
                    .all()
                    .map(|approval| approval.expose().to_owned())
                    .collect();
                // The key is base64 only after whsec_; any other secret is taken by its bytes.
                let secret = self.secret()?;
                let key = match secret.strip_prefix("whsec_") {
                    Some(key) => key.to_owned(),
                    None => STANDARD.encode(secret),
                };
                item.signed(path, &key, Timestamp::now().as_second())?
            }
            Source::OnCall => {
                let second = approvals.second.as_ref().map(Token::expose);
                on_call::post(path, approvals.bearer.expose(), second)
            }
        })
    }

    fn path(&self) -> &str {
        match (&self.path, self.source) {
            (Some(path), _) => path,
            (None, Source::Jira) => "/webhooks/jira",
            (None, Source::JiraAutomation) => "/webhooks/jira-automation",
            (None, Source::Servicenow) => "/webhooks/servicenow",
            (None, Source::OnCall) => "/resets",
        }
    }

    fn issue(&self, approvals: &Approvals) -> anyhow::Result<Issue> {
        let approved = Status::new(&self.approved_status_id, &self.approved_status_name);
        let tokens: Vec<&str> = approvals.all().map(Token::expose).collect();
        Ok(Issue::new(&self.ticket(approvals)?, approved).field(&self.field, tokens.join("\n")))
    }

    fn ticket(&self, approvals: &Approvals) -> anyhow::Result<String> {
        match &self.ticket {
            Some(ticket) => Ok(ticket.clone()),
            None => claim(&approvals.bearer, "txn").context("--ticket is missing"),
        }
    }

    fn secret(&self) -> anyhow::Result<String> {
        let file = self
            .secret_file
            .as_deref()
            .context("--secret-file is missing")?;
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let secret = match serde_json::from_str(&text) {
            Ok(Value::Object(members)) => members
                .get("current")
                .and_then(Value::as_str)
                .map(str::to_owned)
                .with_context(|| format!("{} has no \"current\"", file.display()))?,
            _ => text.trim_end_matches(['\r', '\n']).to_owned(),
        };
        ensure!(!secret.is_empty(), "{} is empty", file.display());
        Ok(secret)
    }
}

/// A claim of an approval. The signature is not verified: the function does that.
fn claim(approval: &Token, name: &str) -> anyhow::Result<String> {
    let unreadable = || anyhow!("the approval has no readable {name}");
    let payload = approval.expose().split('.').nth(1);
    let payload = URL_SAFE_NO_PAD
        .decode(payload.ok_or_else(unreadable)?)
        .map_err(|_| unreadable())?;
    let claims: Value = serde_json::from_slice(&payload).map_err(|_| unreadable())?;
    claims
        .get(name)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(unreadable)
}
