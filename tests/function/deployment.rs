//! The binary as it is deployed: a policy file, secrets and a table in AWS, a tenant, and a door.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::net::TcpListener as StdListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use aws_config::SdkConfig;
use serde_json::Value;
use simulated::approval::{Draft, ON_CALL_AUDIENCE};
use simulated::entra::{Serving, Tenant};
use simulated::function_url;
use simulated::issuer::Issuer;
use simulated::request::Request;
use simulated::runtime_api::{Invocation, RuntimeApi};
use tokio::net::TcpListener;

use crate::document::Document;
use crate::moto;

pub const BINARY: &str = env!("CARGO_BIN_EXE_reregister-mfa");

pub struct Deployment {
    pub tenant: Tenant,
    pub service_desk: Issuer,
    pub on_call: Issuer,
    /// The address of its queue in SQS, if it has one.
    pub queue: Option<String>,
    /// The name of its table.
    pub table: String,
    // Before what it is connected to.
    process: Process,
    log: Log,
    door: Channel,
    environment: Vec<(String, String)>,
    entra: Serving,
    _files: tempfile::TempDir,
}

/// What a deployment has that not every one has.
#[derive(Default)]
pub struct Extras {
    /// At the end of its policy.
    pub policy: String,
    /// Beside the secrets of examples/secrets.json, and named as they are there.
    pub secrets: Vec<(&'static str, Value)>,
    /// A queue in SQS, in the place of the one inside the process.
    pub queue: bool,
    /// In the environment of its processes.
    pub environment: Vec<(&'static str, String)>,
    /// An issuer of passkeys on call.
    pub passkeys: Option<Value>,
}

/// The second function of a deployment, which the queue invokes.
pub struct Worker {
    // Before what it is connected to.
    process: Process,
    log: Log,
    pub api: RuntimeApi,
}

impl Worker {
    pub fn is_up(&mut self) -> bool {
        self.process.is_up()
    }

    /// Ends it, and gives all that it has ever written.
    pub fn into_log(mut self) -> String {
        self.process.end();
        whole(self.log)
    }
}

/// A process that ends with whoever has it.
struct Process(Child);

impl Process {
    fn is_up(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Who reads what a process writes, to its end.
type Log = Vec<JoinHandle<String>>;

enum Channel {
    Url(String),
    RuntimeApi(RuntimeApi),
}

/// Which door to open.
#[derive(Debug, Clone, Copy)]
pub enum Entrance {
    Socket,
    RuntimeApi,
    CargoLambda,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub json: Value,
}

impl Reply {
    pub fn word(&self) -> String {
        let text = |name: &str| self.json[name].as_str().unwrap_or_default().to_owned();
        text("code") + &text("state")
    }
}

impl Deployment {
    /// Everything on moto.
    pub async fn new(entrance: Entrance) -> Deployment {
        Deployment::with(entrance, Extras::default()).await
    }

    /// Everything on moto, and more of it.
    pub async fn with(entrance: Entrance, extras: Extras) -> Deployment {
        let aws = moto::config().await;
        let url = moto::url();
        // Its name is as good as any to tell this deployment's secrets from those of others.
        let table = moto::table(&aws).await;
        let prefix = table.clone();
        secrets(&aws, &prefix, &extras.secrets).await;
        // On Lambda nothing is accepted without one.
        let on_lambda = !matches!(entrance, Entrance::Socket);
        let queue = if extras.queue || on_lambda {
            Some(queue(&aws, &table).await)
        } else {
            None
        };
        Deployment::build(entrance, &url, &prefix, &table, extras, queue).await
    }

    /// With AWS at this address, whoever answers there.
    pub async fn at(entrance: Entrance, aws: &str, prefix: &str, table: &str) -> Deployment {
        Deployment::build(entrance, aws, prefix, table, Extras::default(), None).await
    }

    async fn build(
        entrance: Entrance,
        aws: &str,
        prefix: &str,
        table: &str,
        extras: Extras,
        queue: Option<String>,
    ) -> Deployment {
        let tenant = Tenant::from_json(include_str!("../../examples/users.json")).unwrap();
        let entra = tenant.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let service_desk = Issuer::es256("https://approvals.contoso.example", "desk-2026");
        // The newest key signs, if nothing else is said.
        let on_call =
            Issuer::es256("https://on-call.contoso.example", "ada-2026").with_key("olga-2026");
        let files = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: String| std::fs::write(files.path().join(name), text).unwrap();
        write("service-desk.jwks.json", service_desk.jwks().to_string());
        write("on-call.jwks.json", on_call.jwks().to_string());
        let security = Issuer::es256("https://security.contoso.example", "sec-2026");
        write("security.jwks.json", security.jwks().to_string());
        let mut policy = Document::from_toml(include_str!("../../examples/policy.toml"));
        if let Some(issuer) = &extras.passkeys {
            policy = policy
                .add("issuers.passkeys", issuer.clone())
                .push("on_call.issuers", "passkeys");
        }
        write(
            "policy.toml",
            [policy.to_toml(), extras.policy]
                .join("\n")
                .replace("http://127.0.0.1:8443", &entra.url)
                .replace("\"sandbox/", &format!("\"{prefix}/")),
        );
        let mut environment: Vec<(String, String)> = [
            (
                "POLICY_FILE",
                files.path().join("policy.toml").to_str().unwrap(),
            ),
            ("TABLE_NAME", table),
            ("AWS_ENDPOINT_URL", aws),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        if let Some(url) = &queue {
            environment.push(("QUEUE_URL".to_owned(), url.clone()));
        }
        let more = extras.environment.into_iter();
        environment.extend(more.map(|(name, value)| (name.to_owned(), value)));
        let (door, process, log) = match entrance {
            Entrance::Socket => socket(environment.clone()),
            Entrance::RuntimeApi => {
                let (api, process, log) = runtime_api(environment.clone()).await;
                (Channel::RuntimeApi(api), process, log)
            }
            Entrance::CargoLambda => {
                let (door, process) = cargo_lambda(environment.clone()).await;
                (door, process, Vec::new())
            }
        };
        Deployment {
            tenant,
            service_desk,
            on_call,
            queue,
            table: table.to_owned(),
            process: Process(process),
            log,
            door,
            environment,
            entra,
            _files: files,
        }
    }

    pub fn draft(&self, ticket: &str, target: &str) -> Draft {
        let now = jiff::Timestamp::now().as_second();
        Draft::new(now)
            .target(target)
            .approver("sam.approver@contoso.example")
            .ticket(ticket)
            .scope("mfa:reregister passkeys:remove")
            .verified("vera.desk@contoso.example", now - 300)
    }

    pub fn on_call_draft(&self, ticket: &str, target: &str) -> Draft {
        self.draft(ticket, target)
            .audience(ON_CALL_AUDIENCE)
            .approver("olga.oncall@contoso.example")
    }

    pub async fn send(&self, request: Request) -> Reply {
        match &self.door {
            Channel::Url(url) => over_http(url, request).await,
            Channel::RuntimeApi(api) => over_runtime_api(api, function_url::event(&request)).await,
        }
    }

    /// The address, where the door is one.
    pub fn url(&self) -> &str {
        match &self.door {
            Channel::Url(url) => url,
            Channel::RuntimeApi(_) => panic!("the door is the Runtime API"),
        }
    }

    /// Ends it, and gives all that it has ever written; of cargo lambda, nothing.
    pub fn into_log(mut self) -> String {
        self.process.end();
        whole(self.log)
    }

    /// Where its tenant is.
    pub fn login(&self) -> &str {
        &self.entra.url
    }

    /// The Runtime API, where that is the door.
    pub fn runtime_api(&self) -> &RuntimeApi {
        match &self.door {
            Channel::RuntimeApi(api) => api,
            Channel::Url(_) => panic!("the door is not the Runtime API"),
        }
    }

    /// The second function: the same program, with the events of the queue for its own.
    pub async fn worker(&self) -> Worker {
        let mut environment = self.environment.clone();
        environment.push(("EVENTS".to_owned(), "queue".to_owned()));
        let (api, process, log) = runtime_api(environment).await;
        Worker {
            process: Process(process),
            log,
            api,
        }
    }

    pub fn is_up(&mut self) -> bool {
        self.process.is_up()
    }
}

async fn over_http(url: &str, request: Request) -> Reply {
    let mut sent = reqwest::Client::new()
        .request(
            request.method.parse().unwrap(),
            format!("{url}{}", request.path),
        )
        .body(request.body);
    for (name, value) in request.headers {
        sent = sent.header(name, value);
    }
    let answer = sent.send().await.unwrap();
    let status = answer.status().as_u16();
    let json = serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default();
    Reply { status, json }
}

pub async fn over_runtime_api(api: &RuntimeApi, event: Value) -> Reply {
    match api.invoke(event, Duration::from_secs(30)).await.unwrap() {
        Invocation::Response(bytes) => {
            let answer = function_url::answer(&bytes).unwrap();
            Reply {
                status: answer.status,
                json: answer.json().unwrap_or_default(),
            }
        }
        Invocation::Error { body } => panic!("the function failed: {body}"),
    }
}

/// On a socket of its own choice, which its log tells. The log is as wordy as can be, and read to its end.
fn socket(environment: Vec<(String, String)>) -> (Channel, Child, Log) {
    let mut process = Command::new(BINARY)
        .env("LISTEN", "127.0.0.1:0")
        .envs(environment)
        .env("RUST_LOG", "trace")
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = process.stderr.take().unwrap();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    let mut first = String::new();
    let address = loop {
        let start = first.len();
        stdout.read_line(&mut first).unwrap();
        let line = first[start..].to_owned();
        assert!(!line.is_empty(), "it says where it listens");
        let line: Value = serde_json::from_str(&line).expect("every line of the log is JSON");
        if line["message"] == "listening" {
            break line["address"].as_str().unwrap().to_owned();
        }
    };
    let log = vec![
        rest(Box::new(stdout), first),
        rest(Box::new(stderr), String::new()),
    ];
    (Channel::Url(format!("http://{address}")), process, log)
}

async fn runtime_api(environment: Vec<(String, String)>) -> (RuntimeApi, Child, Log) {
    let api = RuntimeApi::start().await.unwrap();
    let mut process = Command::new(BINARY)
        .envs(api.environment())
        .envs(environment)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = process.stdout.take().unwrap();
    let stderr = process.stderr.take().unwrap();
    let log = vec![
        rest(Box::new(stdout), String::new()),
        rest(Box::new(stderr), String::new()),
    ];
    (api, process, log)
}

/// What a process still writes, after what it has written; read to its end, since a pipe must not fill up.
fn rest(mut from: Box<dyn Read + Send>, mut written: String) -> JoinHandle<String> {
    std::thread::spawn(move || {
        from.read_to_string(&mut written).unwrap();
        written
    })
}

fn whole(log: Log) -> String {
    log.into_iter()
        .map(|written| written.join().unwrap())
        .collect()
}

/// Under `cargo lambda watch`, as a developer has it; the first request waits for its build.
async fn cargo_lambda(environment: Vec<(String, String)>) -> (Channel, Child) {
    let tool = std::env::var("CARGO_LAMBDA").expect("CARGO_LAMBDA is set by make test");
    let port = StdListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let process = Command::new(tool)
        .args([
            "lambda",
            "watch",
            "--ignore-changes",
            "--invoke-address",
            "127.0.0.1",
        ])
        .args(["--invoke-port", &port.to_string()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .envs(environment)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let client = reqwest::Client::new();
    for _ in 0..600 {
        match client.get(format!("{url}/health")).send().await {
            Ok(answer) if answer.status() == 200 => return (Channel::Url(url), process),
            _ => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
    panic!("cargo lambda watch did not answer within five minutes");
}

async fn queue(aws: &SdkConfig, name: &str) -> String {
    let client = aws_sdk_sqs::Client::new(aws);
    let queue = client.create_queue().queue_name(name).send().await.unwrap();
    queue.queue_url().unwrap().to_owned()
}

async fn secrets(aws: &SdkConfig, prefix: &str, more: &[(&'static str, Value)]) {
    let mut texts: BTreeMap<String, Value> =
        serde_json::from_str(include_str!("../../examples/secrets.json")).unwrap();
    texts.extend(
        more.iter()
            .map(|(name, text)| ((*name).to_owned(), text.clone())),
    );
    let client = aws_sdk_secretsmanager::Client::new(aws);
    for (name, text) in texts {
        client
            .create_secret()
            .name(name.replace("sandbox/", &format!("{prefix}/")))
            .secret_string(text.to_string())
            .send()
            .await
            .unwrap();
    }
}

/// A sample event of the repository.
pub fn sample(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("events")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
