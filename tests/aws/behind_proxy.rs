//! The product with its adapters for AWS over moto, through a proxy that sees each request.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use reregister_mfa::aws::{DynamoDb, SecretsManager, Sns, Sqs};
use reregister_mfa::clock::SystemClock;
use serde_json::Value;

use crate::dialect::AWS;
use crate::moto;
use crate::odd::Change;
use crate::proxy::Proxy;
use crate::sqs::Letterbox;
use crate::test_app::{Document, Overrides, TestApp};

pub struct BehindProxy {
    pub app: TestApp,
    pub proxy: Proxy,
    /// moto without the proxy.
    pub direct: SdkConfig,
    pub table: String,
}

impl BehindProxy {
    /// The proxy makes this change once it is turned on.
    pub async fn new(
        policy: impl FnOnce(Document) -> Document,
        change: Option<Change>,
    ) -> BehindProxy {
        let (proxy, url) = Proxy::speaking(AWS, change).await;
        proxy.stand_before(&moto::url());
        proxy.turn(false);
        let (direct, aws) = (moto::config().await, config(&url).await);
        put_secrets(&direct).await;
        let clock = Arc::new(SystemClock);
        let table = moto::table(&direct).await;
        let letterbox = Letterbox::new(&direct).await;
        let queue = letterbox.url.replace(&moto::url(), &url);
        let topic = aws_sdk_sns::Client::new(&direct)
            .create_topic()
            .name("answers");
        let topic = topic.send().await.unwrap().topic_arn.unwrap();
        let overrides = Overrides {
            store: Some(Arc::new(DynamoDb::new(&aws, table.clone(), clock.clone()))),
            secrets: Some(Arc::new(SecretsManager::new(&aws, clock))),
            security: Some(Arc::new(Sns::new(
                &aws,
                topic,
                "https://aka.ms/mfasetup".to_owned(),
            ))),
            first_queue: Some(Arc::new(Sqs::new(&aws, queue))),
            ..Overrides::default()
        };
        BehindProxy {
            app: TestApp::build(policy, |tenant| tenant, overrides).await,
            proxy,
            direct,
            table,
        }
    }
}

/// AWS at this address, asked once: a second answer would be as strange as the first.
async fn config(url: &str) -> SdkConfig {
    let builder = moto::config_at(url).await.into_builder();
    builder.retry_config(RetryConfig::disabled()).build()
}

/// The sandbox's secrets are put into moto once.
async fn put_secrets(config: &SdkConfig) {
    static ARE_THERE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    let put = async || {
        let client = aws_sdk_secretsmanager::Client::new(config);
        let texts: serde_json::Map<String, Value> =
            serde_json::from_str(include_str!("../../examples/secrets.json")).unwrap();
        for (name, text) in texts {
            let text = text.to_string();
            let create = client.create_secret().name(&name).secret_string(&text);
            if create.send().await.is_err() {
                // Other tests may have put it there.
                let put = client.put_secret_value().secret_id(name);
                put.secret_string(text).send().await.unwrap();
            }
        }
    };
    ARE_THERE.get_or_init(put).await;
}
