//! What the function needs around it: a table, a queue and secrets in moto, a tenant with many people, Jira.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::{Child, Command, Stdio};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::{Value, json};
use simulated::approval::{Draft, WEBHOOK_AUDIENCE};
use simulated::entra::{self, Tenant};
use simulated::issuer::Issuer;
use simulated::request::Request;
use simulated::runtime_api::RuntimeApi;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::tickets::{self, jira_cloud};
use tokio::net::TcpListener;

use crate::service::Service;

/// How many people there are to be reset: more than a fast machine needs for 200 kills, and no more than the caps of the
/// policy below allow.
pub const PEOPLE: usize = 1500;

/// As in examples/users.json.
const TENANT: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";

const JIRA_SECRET: &str = "development only: the secret of the Jira webhook";
const FIELD: &str = "customfield_10123";

pub struct Deployment {
    pub tenant: Tenant,
    pub jira: jira_cloud::JiraCloud,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub table: String,
    pub queue: String,
    /// `REREGISTER_MFA`, and `REREGISTER_MFA_OTHER` if there is another version.
    pub binaries: Vec<String>,
    service_desk: Issuer,
    environment: Vec<(String, String)>,
    _servers: (entra::Serving, tickets::Serving),
    _files: tempfile::TempDir,
}

/// Gives the address at which processes reach a service, from the service's own.
pub type Front<'a> = &'a dyn Fn(Service, &str) -> std::io::Result<String>;

/// Whether the function writes notes into tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notes {
    Written,
    LeftOut,
}

/// How an approval names the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    Upn,
    ObjectId,
}

/// Which of the two Lambda functions a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    FunctionUrl,
    Worker,
}

pub fn person(nth: usize) -> String {
    format!("person-{nth}@contoso.example")
}

pub fn object_id(nth: usize) -> String {
    format!("c0000000-0000-4000-8000-{nth:012}")
}

pub fn ticket(nth: usize) -> String {
    format!("HELP-{nth}")
}

/// The tenant of the tour, with [`PEOPLE`] more.
pub fn people() -> Result<String, Box<dyn Error>> {
    let mut file: Value = serde_json::from_str(include_str!("../users.json"))?;
    let users = file
        .get_mut("users")
        .and_then(Value::as_array_mut)
        .ok_or("no users")?;
    for nth in 0..PEOPLE {
        users.push(json!({
            "id": object_id(nth),
            "userPrincipalName": person(nth),
            "displayName": format!("Person {nth}"),
            "methods": [
                {"type": "phone", "phoneType": "mobile", "phoneNumber": "+1 4255550101"},
                {"type": "microsoftAuthenticator", "displayName": "Pixel 9"},
                {"type": "softwareOath"},
            ],
        }));
    }
    Ok(file.to_string())
}

impl Deployment {
    pub async fn start() -> Result<Deployment, Box<dyn Error>> {
        let tenant = Tenant::from_json(&people()?)?;
        Deployment::of(tenant, &|_, url| Ok(url.to_owned()), Notes::Written).await
    }

    /// A deployment for this tenant, whose processes reach services where `front` says.
    pub async fn of(
        tenant: Tenant,
        front: Front<'_>,
        notes: Notes,
    ) -> Result<Deployment, Box<dyn Error>> {
        let moto = std::env::var("MOTO_URL")
            .map_err(|_| "MOTO_URL is not set: make chaos, or make bench")?;
        let aws = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(&moto)
            .load()
            .await;
        let entra = tenant.serve(TcpListener::bind("127.0.0.1:0").await?);
        let jira = jira_cloud::JiraCloud::new();
        for nth in 0..PEOPLE {
            jira.add_issue(&ticket(nth));
        }
        let jira_server = jira.serve(TcpListener::bind("127.0.0.1:0").await?);
        let jira_url = front(Service::Jira, &jira_server.url)?;
        let login_url = front(Service::Login, &entra.url)?;
        let graph_url = front(Service::Graph, &entra.url)?;

        let name = format!("chaos-{}", uuid::Uuid::new_v4());
        secrets(&aws, &name).await?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        table(&dynamodb, &name).await?;
        let sqs = aws_sdk_sqs::Client::new(&aws);
        let queue = sqs.create_queue().queue_name(&name).send().await?;
        let queue = queue.queue_url.ok_or("a queue without an address")?;

        let files = tempfile::tempdir()?;
        let service_desk = Issuer::es256("https://approvals.contoso.example", "desk-2026");
        for (file, issuer) in [
            ("service-desk.jwks.json", &service_desk),
            (
                "on-call.jwks.json",
                &Issuer::es256("https://on-call.contoso.example", "olga-2026"),
            ),
            (
                "security.jwks.json",
                &Issuer::es256("https://security.contoso.example", "sec-2026"),
            ),
        ] {
            std::fs::write(files.path().join(file), issuer.jwks().to_string())?;
        }
        let policy = include_str!("../policy.toml")
            .replace(
                "login = \"http://127.0.0.1:8443",
                &format!("login = \"{login_url}"),
            )
            .replace(
                "graph = \"http://127.0.0.1:8443",
                &format!("graph = \"{graph_url}"),
            )
            .replace("\"sandbox/", &format!("\"{name}/"))
            .replace(
                "break_glass =",
                "per_hour = 2000\napprover_per_hour = 2000\nverifier_per_hour = 2000\nverifier_per_day = 2000\nbreak_glass =",
            )
            .replace(
                "domain = \"service-desk\"",
                "domain = \"service-desk\"\nper_hour = 2000",
            );
        let notes_section = match notes {
            Notes::Written => format!(
                "\n[notes.jira]\nsystem.jira_cloud.site = \"{jira_url}\"\nsecret = \"{name}/jira-notes\"\n"
            ),
            Notes::LeftOut => String::new(),
        };
        let policy = format!("{policy}{notes_section}");
        let policy_file = files.path().join("policy.toml");
        std::fs::write(&policy_file, policy)?;
        let environment = [
            ("POLICY_FILE", policy_file.display().to_string()),
            ("TABLE_NAME", name.clone()),
            ("QUEUE_URL", queue.clone()),
            (
                "AWS_ENDPOINT_URL_DYNAMODB",
                front(Service::DynamoDb, &moto)?,
            ),
            ("AWS_ENDPOINT_URL_SQS", front(Service::Sqs, &moto)?),
            (
                "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                front(Service::SecretsManager, &moto)?,
            ),
            ("AWS_ENDPOINT_URL", moto),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            // What a function without a policy has to be told: bench/beside.
            ("LOGIN_URL", login_url),
            ("GRAPH_URL", graph_url),
            (
                "JIRA_URL",
                if notes == Notes::Written {
                    jira_url
                } else {
                    String::new()
                },
            ),
            ("TENANT_ID", TENANT.to_owned()),
            ("AUDIENCE", WEBHOOK_AUDIENCE.to_owned()),
            ("SECRETS_PREFIX", format!("{name}/")),
            (
                "KEYS_FILE",
                files
                    .path()
                    .join("service-desk.jwks.json")
                    .display()
                    .to_string(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        Ok(Deployment {
            tenant,
            jira,
            dynamodb,
            sqs,
            table: name,
            queue,
            binaries: binaries(),
            service_desk,
            environment,
            _servers: (entra, jira_server),
            _files: files,
        })
    }

    /// A program in the place of the function, as Lambda starts one.
    pub fn command(&self, program: &str, api: &RuntimeApi) -> Command {
        let mut command = Command::new(program);
        command
            .envs(api.environment())
            .envs(self.environment.clone())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// A process of the function, of one of the binaries: which, by its place in `binaries`.
    pub fn spawn(
        &self,
        api: &RuntimeApi,
        role: Role,
    ) -> Result<(usize, Child), Box<dyn Error + Send + Sync>> {
        let nth = usize::from(uuid::Uuid::new_v4().as_u128() % 2 == 1) % self.binaries.len();
        let binary = self.binaries.get(nth).ok_or("no binary")?;
        let mut command = self.command(binary, api);
        if role == Role::Worker {
            command.env("EVENTS", "queue");
        }
        let process = command
            .spawn()
            .map_err(|error| format!("{binary}: {error}"))?;
        Ok((nth, process))
    }

    /// Jira's webhook: this ticket is approved for its person.
    pub fn delivery(&self, nth: usize) -> Request {
        self.delivery_naming(nth, Names::Upn)
    }

    /// The same, where the approval names the person in this way.
    pub fn delivery_naming(&self, nth: usize, names: Names) -> Request {
        self.delivery_with(nth, |draft| match names {
            Names::Upn => draft,
            Names::ObjectId => draft.target(&object_id(nth)),
        })
    }

    /// The same, with an approval that was changed before it was signed.
    pub fn delivery_with(&self, nth: usize, change: impl FnOnce(Draft) -> Draft) -> Request {
        let now = jiff::Timestamp::now().as_second();
        let draft = Draft::new(now)
            .target(&person(nth))
            .approver("sam.approver@contoso.example")
            .ticket(&ticket(nth))
            .verified("vera.desk@contoso.example", now - 300);
        let approval = self.service_desk.approve(&change(draft));
        let issue = Issue::new(&ticket(nth), Status::new("10042", "Approved"))
            .field(FIELD, approval.as_str());
        IssueEvent::transition(issue, &Status::new("1", "Open"))
            .signed("/webhooks/jira", JIRA_SECRET)
    }
}

fn binaries() -> Vec<String> {
    let binary = std::env::var("REREGISTER_MFA")
        .unwrap_or_else(|_| "target/debug/reregister-mfa".to_owned());
    let other = std::env::var("REREGISTER_MFA_OTHER").ok();
    [Some(binary), other].into_iter().flatten().collect()
}

async fn secrets(aws: &SdkConfig, name: &str) -> Result<(), Box<dyn Error>> {
    let mut texts: BTreeMap<String, Value> = serde_json::from_str(include_str!("../secrets.json"))?;
    texts.insert(
        "sandbox/jira-notes".to_owned(),
        json!({"email": jira_cloud::EMAIL, "api_token": jira_cloud::API_TOKEN}),
    );
    let client = aws_sdk_secretsmanager::Client::new(aws);
    for (secret, text) in texts {
        client
            .create_secret()
            .name(secret.replace("sandbox/", &format!("{name}/")))
            .secret_string(text.to_string())
            .send()
            .await?;
    }
    Ok(())
}

/// As in template.yaml.
async fn table(client: &aws_sdk_dynamodb::Client, name: &str) -> Result<(), Box<dyn Error>> {
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name("pk")
                .attribute_type(ScalarAttributeType::S)
                .build()?,
        )
        .key_schema(
            KeySchemaElement::builder()
                .attribute_name("pk")
                .key_type(KeyType::Hash)
                .build()?,
        )
        .send()
        .await?;
    Ok(())
}
