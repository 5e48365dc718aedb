//! moto, which `make test` starts by tools/moto_server.py.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};

/// Where it is.
pub fn url() -> String {
    std::env::var("MOTO_URL").expect("MOTO_URL is set by make test")
}

pub async fn config() -> SdkConfig {
    config_at(&url()).await
}

/// AWS at this address.
pub async fn config_at(url: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .load()
        .await
}

/// A new table, as in template.yaml.
pub async fn table(config: &SdkConfig) -> String {
    table_named(config, format!("t{}", uuid::Uuid::new_v4())).await
}

/// The same, with this name.
pub async fn table_named(config: &SdkConfig, name: String) -> String {
    aws_sdk_dynamodb::Client::new(config)
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name("pk")
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap(),
        )
        .key_schema(
            KeySchemaElement::builder()
                .attribute_name("pk")
                .key_type(KeyType::Hash)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    name
}
