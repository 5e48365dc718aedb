//! The store in DynamoDB: one table, one item a key, conditional writes in one transaction.
//!
//! | attribute | type | holds |
//! |---|---|---|
//! | `pk` | S | the key |
//! | `version` | N | counts the writes |
//! | `writer` | S | who wrote it last |
//! | `body` | S | JSON |
//! | `expires_at` | N | when DynamoDB may forget it, in Unix seconds |

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, KeysAndAttributes, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::clock::{Clock, Timestamp};
use crate::reset::ports::{Condition, Item, Key, Store, StoreError, Write};

type Attributes = HashMap<String, AttributeValue>;

/// A table.
pub struct DynamoDb {
    client: Client,
    table: String,
    clock: Arc<dyn Clock>,
}

impl DynamoDb {
    /// This table, with this configuration.
    pub fn new(config: &SdkConfig, table: String, clock: Arc<dyn Clock>) -> DynamoDb {
        DynamoDb {
            client: Client::new(config),
            table,
            clock,
        }
    }

    /// A put under its condition; or, where nothing is to be put, the condition alone.
    fn transacted(&self, write: &Write) -> Result<TransactWriteItem, StoreError> {
        let (expression, version) = match write.condition {
            Condition::Absent => ("attribute_not_exists(pk)", None),
            Condition::Version(version) => (
                "version = :version",
                Some(AttributeValue::N(version.to_string())),
            ),
        };
        let values = version.map(|version| HashMap::from([(":version".to_owned(), version)]));
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let built = match &write.item {
            Some(item) => Put::builder()
                .table_name(&self.table)
                .set_item(Some(attributes(&write.key, item)))
                .condition_expression(expression)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(old)
                .build()
                .map(|put| TransactWriteItem::builder().put(put)),
            None => ConditionCheck::builder()
                .table_name(&self.table)
                .key("pk", AttributeValue::S(write.key.0.clone()))
                .condition_expression(expression)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(old)
                .build()
                .map(|check| TransactWriteItem::builder().condition_check(check)),
        };
        built
            .map(|write| write.build())
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

#[async_trait]
impl Store for DynamoDb {
    /// No item is `{}` in DynamoDB's answer, and to the SDK an empty body is the same. So the consumed capacity is asked
    /// for: an answer without it does not come from DynamoDB, and says nothing of the item.
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key.0.clone()))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        if answer.consumed_capacity.is_none() {
            return Err(incomplete());
        }
        answer.item.map(|found| item(key, &found)).transpose()
    }

    /// What DynamoDB leaves out is absent only if it says that it has processed every key.
    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let found = self.patiently(|| self.try_get_all(keys)).await?;
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    /// Another transaction on the same items cancels this one whatever its conditions; the SDK does not retry that, so it is
    /// retried here.
    async fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.patiently(|| self.try_commit(writes)).await
    }
}

/// How long to stay out of the way of others.
const BETWEEN_TRIES: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(60),
    Duration::from_millis(150),
    Duration::from_millis(300),
];

/// Why a request was not done.
enum Undone {
    /// Others were at the same items, or too many at the table: it may be done in a moment.
    Busy(&'static str),
    Failed(StoreError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Undone {
        Undone::Failed(error)
    }
}

impl DynamoDb {
    /// Tries again while DynamoDB is busy.
    async fn patiently<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Undone>>,
    {
        let mut pauses = BETWEEN_TRIES.into_iter();
        loop {
            match (attempt().await, pauses.next()) {
                (Ok(done), _) => return Ok(done),
                (Err(Undone::Busy(_)), Some(pause)) => self.clock.sleep(pause).await,
                (Err(Undone::Busy(why)), None) => {
                    return Err(StoreError::Unavailable(why.to_owned()));
                }
                (Err(Undone::Failed(error)), _) => return Err(error),
            }
        }
    }

    /// The items that are there.
    async fn try_get_all(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, Undone> {
        let wanted: BTreeSet<&Key> = keys.iter().collect();
        let names = wanted.iter().map(|key| {
            let name = AttributeValue::S(key.0.clone());
            HashMap::from([("pk".to_owned(), name)])
        });
        let asked = KeysAndAttributes::builder()
            .set_keys(Some(names.collect()))
            .consistent_read(true)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let answer = self
            .client
            .batch_get_item()
            .request_items(&self.table, asked)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        let left = answer.unprocessed_keys().ok_or_else(unreadable)?;
        if !left.is_empty() {
            return Err(Undone::Busy("throttled"));
        }
        let tables = answer.responses.unwrap_or_default();
        let items = tables.get(&self.table).ok_or_else(unreadable)?;
        let mut found = HashMap::new();
        for attributes in items {
            let name = attributes.get("pk").and_then(|name| name.as_s().ok());
            let key = name.map(|name| Key(name.clone())).ok_or_else(unreadable)?;
            let read = item(&key, attributes)?;
            if !wanted.contains(&key) || found.insert(key, read).is_some() {
                return Err(unreadable().into());
            }
        }
        Ok(found)
    }

    async fn try_commit(&self, writes: &[Write]) -> Result<(), Undone> {
        let puts = writes
            .iter()
            .map(|write| self.transacted(write))
            .collect::<Result<_, _>>()?;
        match self
            .client
            .transact_write_items()
            .set_transact_items(Some(puts))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
        {
            Ok(answer) if answer.consumed_capacity.is_none() => Err(incomplete().into()),
            Ok(_) => Ok(()),
            Err(error) => Err(refused(writes, &error)),
        }
    }
}

/// A cancelled transaction is a conflict if a condition failed. There is one reason for each write, in their order.
fn refused(writes: &[Write], error: &SdkError<TransactWriteItemsError>) -> Undone {
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    {
        let reasons = cancelled.cancellation_reasons();
        let any = |code| reasons.iter().any(|reason| reason.code() == Some(code));
        if any("ConditionalCheckFailed") && reasons.len() == writes.len() {
            let found = reasons
                .iter()
                .zip(writes)
                .map(|(reason, write)| {
                    let found = reason.item().map(|found| item(&write.key, found));
                    found.transpose()
                })
                .collect::<Result<_, _>>();
            return Undone::Failed(found.map_or_else(|error| error, StoreError::Conflict));
        }
        if any("TransactionConflict") {
            return Undone::Busy("TransactionConflict");
        }
    }
    Undone::Failed(unavailable(error))
}

/// The code alone: the SDK's own text may hold the answer's bytes, and in them an approval.
fn unavailable<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> StoreError {
    StoreError::Unavailable(error.code().unwrap_or("no answer").to_owned())
}

fn incomplete() -> StoreError {
    StoreError::Unavailable("an answer without the consumed capacity".to_owned())
}

fn attributes(key: &Key, item: &Item) -> Attributes {
    [
        ("pk", AttributeValue::S(key.0.clone())),
        ("version", AttributeValue::N(item.version.to_string())),
        ("writer", AttributeValue::S(item.writer.to_string())),
        ("body", AttributeValue::S(item.body.clone())),
        (
            "expires_at",
            AttributeValue::N(item.expires_at.as_second().to_string()),
        ),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// The item with this key. A version is at least 1: 0 stands for an item that is absent.
fn item(key: &Key, attributes: &Attributes) -> Result<Item, StoreError> {
    let read = || {
        let number = |name| attributes.get(name)?.as_n().ok()?.parse::<i64>().ok();
        let text = |name| attributes.get(name)?.as_s().ok();
        if text("pk")? != &key.0 {
            return None;
        }
        let version: Option<u64> = number("version")?.try_into().ok();
        Some(Item {
            version: version.filter(|version| *version > 0)?,
            writer: text("writer")?.parse().ok()?,
            body: text("body")?.clone(),
            expires_at: Timestamp::from_second(number("expires_at")?).ok()?,
        })
    };
    read().ok_or_else(unreadable)
}

fn unreadable() -> StoreError {
    StoreError::Unavailable("an answer that cannot be read".to_owned())
}
