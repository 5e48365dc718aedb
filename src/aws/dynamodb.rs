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
    AttributeValue, CancellationReason, ConditionCheck, KeysAndAttributes, Put,
    ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
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
        // DynamoDB rejects a question without keys (API reference, "BatchGetItem": `Keys`).
        if keys.is_empty() {
            return Ok(Vec::new());
        }
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
fn refused<R>(writes: &[Write], error: &SdkError<TransactWriteItemsError, R>) -> Undone {
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    {
        let reasons = cancelled.cancellation_reasons();
        let any = |code| reasons.iter().any(|reason| reason.code() == Some(code));
        if any("ConditionalCheckFailed") && reasons.len() == writes.len() {
            let found = reasons
                .iter()
                .zip(writes)
                .map(|(reason, write)| shown(reason, write))
                .collect::<Result<_, _>>();
            return Undone::Failed(found.map_or_else(|error| error, StoreError::Conflict));
        }
        if any("TransactionConflict") {
            return Undone::Busy("TransactionConflict");
        }
    }
    Undone::Failed(unavailable(error))
}

/// What was there instead. A condition that failed and what is shown beside it must fit: else the one or the other is
/// wrong, and something that is there might pass for absent.
fn shown(reason: &CancellationReason, write: &Write) -> Result<Option<Item>, StoreError> {
    let found = reason.item().map(|found| item(&write.key, found));
    let found = found.transpose()?;
    let has_failed = reason.code() == Some("ConditionalCheckFailed");
    match (write.condition, &found) {
        (Condition::Absent, None) if has_failed => Err(unreadable()),
        (Condition::Version(version), Some(item)) if item.version == version => Err(unreadable()),
        _ => Ok(found),
    }
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

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;
    use uuid::Uuid;

    use super::*;

    const FAILED: &str = "ConditionalCheckFailed";

    fn stored(version: u64) -> Item {
        Item {
            version,
            writer: Uuid::nil(),
            body: "{}".to_owned(),
            expires_at: Timestamp::from_second(1_900_000_000).unwrap(),
        }
    }

    /// What comes of one write under this condition, and another that is fine, whose reasons are these.
    fn conflict(
        condition: Condition,
        reasons: Option<Vec<(Option<&str>, Option<Attributes>)>>,
    ) -> Result<Vec<Option<Item>>, String> {
        let write = |key: &str, condition| Write {
            key: Key(key.to_owned()),
            condition,
            item: None,
        };
        let writes = [write("a", condition), write("b", Condition::Absent)];
        let reasons = reasons.map(|reasons| {
            let reasons = reasons.into_iter().map(|(code, item)| {
                let reason = CancellationReason::builder().set_item(item);
                reason.set_code(code.map(str::to_owned)).build()
            });
            reasons.collect()
        });
        let code = ErrorMetadata::builder().code("TransactionCanceledException");
        let cancelled = TransactionCanceledException::builder()
            .set_cancellation_reasons(reasons)
            .meta(code.build())
            .build();
        let error = TransactWriteItemsError::TransactionCanceledException(cancelled);
        match refused(&writes, &SdkError::service_error(error, ())) {
            Undone::Failed(StoreError::Conflict(found)) => Ok(found),
            Undone::Failed(StoreError::Unavailable(why)) => Err(why),
            Undone::Busy(why) => Err(why.to_owned()),
        }
    }

    #[test]
    fn a_failed_condition_shows_what_is_there_instead_or_that_it_is_absent() {
        let there = |version| Some(attributes(&Key("a".to_owned()), &stored(version)));
        let none = (Some("None"), None);
        for (condition, item, found) in [
            (Condition::Absent, there(1), Some(stored(1))),
            (Condition::Version(1), there(2), Some(stored(2))),
            (Condition::Version(1), None, None),
        ] {
            let reasons = vec![(Some(FAILED), item), none.clone()];
            assert_eq!(conflict(condition, Some(reasons)), Ok(vec![found, None]));
        }
    }

    #[test]
    fn a_cancellation_that_contradicts_itself_says_nothing_of_what_is_there() {
        let key = |key: &str| Key(key.to_owned());
        let there = |name, version| Some(attributes(&key(name), &stored(version)));
        let none = || (Some("None"), None);
        let (absent, first) = (Condition::Absent, Condition::Version(1));
        for (condition, reasons) in [
            // Something must be there, and is not shown; or what was asked for is there.
            (absent, Some(vec![(Some(FAILED), None), none()])),
            (first, Some(vec![(Some(FAILED), there("a", 1)), none()])),
            // Another item, or one that cannot be read.
            (absent, Some(vec![(Some(FAILED), there("b", 1)), none()])),
            (
                absent,
                Some(vec![(Some(FAILED), Some(Attributes::new())), none()]),
            ),
            (absent, Some(vec![(Some(FAILED), there("a", 0)), none()])),
            // Too few reasons, too many, none, and others.
            (absent, Some(vec![(Some(FAILED), there("a", 1))])),
            (
                absent,
                Some(vec![(Some(FAILED), there("a", 1)), none(), none()]),
            ),
            (absent, Some(Vec::new())),
            (absent, None),
            (absent, Some(vec![(None, there("a", 1)), none()])),
            (
                absent,
                Some(vec![(Some("unknownFutureValue"), None), none()]),
            ),
            (
                absent,
                Some(vec![(Some("TransactionConflict"), None), none()]),
            ),
        ] {
            let shown = conflict(condition, reasons.clone());
            assert!(shown.is_err(), "{condition:?} {reasons:?}: {shown:?}");
        }
    }
}
