//! What the project relies on in tools/moto_server.py, which moto alone does not give.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use futures_util::future::{join, join_all};
use reregister_mfa::aws::DynamoDb;
use reregister_mfa::clock::{SystemClock, Timestamp};
use reregister_mfa::reset::ports::{Condition, Item, Key, Store, StoreError, Write};
use serde_json::Value;
use uuid::Uuid;

use crate::moto;

const ABSENT: &str = "attribute_not_exists(pk)";

/// A table, and a client of it.
struct Table {
    client: Client,
    name: String,
}

impl Table {
    async fn new() -> Table {
        Table::named("t").await
    }

    /// With this in its name.
    async fn named(mark: &str) -> Table {
        let config = moto::config().await;
        let name = format!("{mark}-{}", Uuid::new_v4());
        Table {
            client: Client::new(&config),
            name: moto::table_named(&config, name).await,
        }
    }

    /// Where the item must not be there yet.
    fn insert(&self, key: &str) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item(key, "inserted")))
            .condition_expression(ABSENT)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .unwrap();
        TransactWriteItem::builder().put(put).build()
    }

    fn update(&self, key: &str) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(pk(key)))
            .update_expression("SET body = :body")
            .expression_attribute_values(":body", AttributeValue::S("updated".to_owned()))
            .build()
            .unwrap();
        TransactWriteItem::builder().update(update).build()
    }

    fn delete(&self, key: &str) -> TransactWriteItem {
        let delete = Delete::builder()
            .table_name(&self.name)
            .set_key(Some(pk(key)))
            .build()
            .unwrap();
        TransactWriteItem::builder().delete(delete).build()
    }

    fn check_absent(&self, key: &str) -> TransactWriteItem {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(pk(key)))
            .condition_expression(ABSENT)
            .build()
            .unwrap();
        TransactWriteItem::builder().condition_check(check).build()
    }

    /// The reasons, one for each of the writes, if it is cancelled.
    async fn transact<const N: usize>(
        &self,
        writes: [TransactWriteItem; N],
    ) -> Result<(), [CancellationReason; N]> {
        let transaction = self.client.transact_write_items();
        let sent = transaction.set_transact_items(Some(writes.into()));
        match sent.send().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(()),
            Err(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Err(cancelled.cancellation_reasons.unwrap().try_into().unwrap())
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Twenty times as many items as a transaction may name. What copies the whole table then takes its time.
    async fn fill(&self) {
        for hundred in 0..20 {
            let key = |n| format!("filled-{hundred}-{n}");
            let writes: [_; 100] = std::array::from_fn(|n| self.insert(&key(n)));
            self.transact(writes).await.unwrap();
        }
    }

    async fn put(&self, key: &str, body: &str) {
        let put = self.client.put_item().table_name(&self.name);
        put.set_item(Some(item(key, body))).send().await.unwrap();
    }

    /// The bodies of all items by their keys.
    async fn bodies(&self) -> HashMap<String, String> {
        let pages = self.client.scan().table_name(&self.name).into_paginator();
        let items = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        let text = |value: &AttributeValue| value.as_s().unwrap().clone();
        let items = items.unwrap();
        items
            .iter()
            .map(|item| (text(&item["pk"]), text(&item["body"])))
            .collect()
    }

    /// What moto_server.py has counted of transactions on this table.
    async fn counted(&self, what: &str) -> u64 {
        let counted = get("transactions").await;
        counted[&self.name][what].as_u64().unwrap()
    }

    fn store(&self, config: &aws_config::SdkConfig) -> DynamoDb {
        DynamoDb::new(config, self.name.clone(), Arc::new(SystemClock))
    }
}

fn pk(key: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), AttributeValue::S(key.to_owned()))])
}

fn item(key: &str, body: &str) -> HashMap<String, AttributeValue> {
    let mut item = pk(key);
    item.insert("body".to_owned(), AttributeValue::S(body.to_owned()));
    item
}

/// One of moto's own pages.
async fn get(page: &str) -> Value {
    let answer = reqwest::get(format!("{}/moto-api/{page}", moto::url())).await;
    answer.unwrap().json().await.unwrap()
}

fn codes<const N: usize>(reasons: &[CancellationReason; N]) -> [&str; N] {
    std::array::from_fn(|n| reasons[n].code().unwrap())
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_cancelled_transaction_takes_back_nothing_that_others_write_meanwhile() {
    let table = Table::new().await;
    table.fill().await;
    let filled = table.bodies().await.len();
    table.put("taken", "as it was").await;
    let keys: Vec<String> = (0..100).map(|n| format!("written-{n}")).collect();
    let written = keys.iter().map(|key| table.put(key, "written"));
    let inserts = (0..100).map(|n| {
        let (own, taken) = (table.insert(&format!("own-{n}")), table.insert("taken"));
        table.transact([own, taken])
    });
    let (_, cancelled) = join(join_all(written), join_all(inserts)).await;
    for reasons in cancelled {
        let reasons = reasons.unwrap_err();
        assert_eq!(codes(&reasons), ["None", "ConditionalCheckFailed"]);
    }

    let mut bodies = table.bodies().await;
    assert_eq!(bodies.remove("taken").as_deref(), Some("as it was"));
    let lost: Vec<_> = keys
        .iter()
        .filter(|key| !bodies.contains_key(*key))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(
        bodies.len(),
        filled + keys.len(),
        "of the cancelled ones nothing is there"
    );
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn transactions_on_the_same_items_go_one_after_the_other() {
    let table = Table::new().await;
    let count = |key: &str| {
        let add = Update::builder()
            .table_name(&table.name)
            .set_key(Some(pk(key)))
            .update_expression("ADD seen :one SET body = :body")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":body", AttributeValue::S(String::new()))
            .build()
            .unwrap();
        TransactWriteItem::builder().update(add).build()
    };
    let keys: [_; 50] = std::array::from_fn(|n| format!("key-{n}"));
    let transactions = (0..10).map(|_| table.transact(keys.each_ref().map(|key| count(key))));
    for result in join_all(transactions).await {
        result.unwrap();
    }
    for key in keys {
        let get = table.client.get_item().table_name(&table.name);
        let item = get.set_key(Some(pk(&key))).send().await.unwrap().item;
        assert_eq!(item.unwrap()["seen"], AttributeValue::N("10".to_owned()));
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_cancelled_transaction_changes_no_item_and_says_for_each_why_and_what_is_there() {
    let table = Table::new().await;
    for key in ["updated", "deleted", "checked", "taken"] {
        table.put(key, "as it was").await;
    }
    let before = table.bodies().await;
    let writes = [
        table.insert("new"),
        table.update("updated"),
        table.delete("deleted"),
        table.check_absent("checked"),
        table.insert("taken"),
        table.check_absent("absent"),
    ];
    let reasons = table.transact(writes).await.unwrap_err();
    let failed = "ConditionalCheckFailed";
    let expected = ["None", "None", "None", failed, failed, "None"];
    assert_eq!(codes(&reasons), expected);
    // Only the one that asks for it.
    let shown: [_; 6] = std::array::from_fn(|n| reasons[n].item());
    let taken = item("taken", "as it was");
    assert_eq!(shown, [None, None, None, None, Some(&taken), None]);
    assert_eq!(table.bodies().await, before);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_transaction_whose_conditions_hold_changes_each_item() {
    let table = Table::new().await;
    for key in ["updated", "deleted"] {
        table.put(key, "as it was").await;
    }
    let writes = [
        table.insert("new"),
        table.update("updated"),
        table.delete("deleted"),
        table.check_absent("absent"),
    ];
    table.transact(writes).await.unwrap();
    let expected = [("new", "inserted"), ("updated", "updated")];
    let expected = expected.map(|(key, body)| (key.to_owned(), body.to_owned()));
    assert_eq!(table.bodies().await, HashMap::from(expected));
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_transaction_copies_the_items_that_it_names_and_not_the_table() {
    let table = Table::new().await;
    let copies = async || {
        let before = table.counted("items_copied").await;
        let writes = [table.update("a"), table.update("b")];
        table.transact(writes).await.unwrap();
        table.counted("items_copied").await - before
    };
    let writes = [table.insert("a"), table.insert("b")];
    table.transact(writes).await.unwrap();
    let among_two = copies().await;
    assert!(among_two > 0, "they are not counted");
    join_all((0..100).map(async |n| table.put(&format!("other-{n}"), "").await)).await;
    assert_eq!(copies().await, among_two);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn moto_keeps_no_instance_of_its_models() {
    let table = Table::new().await;
    table.put("a", "kept in its table alone").await;
    table.transact([table.update("a")]).await.unwrap();
    let services = get("data.json").await;
    assert!(services["dynamodb"]["Item"].is_array(), "{services}");
    for (service, models) in services.as_object().unwrap() {
        for (model, instances) in models.as_object().unwrap() {
            assert_eq!(*instances, Value::Array(Vec::new()), "{service} {model}");
        }
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn an_injected_conflict_is_cancelled_as_dynamodb_cancels_one() {
    let table = Table::named("conflict-every-2").await;
    table.transact([table.insert("a")]).await.unwrap();
    let writes = || [table.insert("b"), table.insert("c"), table.insert("d")];
    let reasons = table.transact(writes()).await.unwrap_err();
    assert_eq!(codes(&reasons), ["TransactionConflict", "None", "None"]);
    let message = "Transaction is ongoing for the item";
    assert_eq!(reasons[0].message(), Some(message));
    assert_eq!(reasons[1].message(), None);
    assert_eq!(table.bodies().await.len(), 1);
    table.transact(writes()).await.unwrap();
    assert_eq!(table.bodies().await.len(), 4);
    assert_eq!(table.counted("conflicts").await, 1);
}

fn written(key: String) -> Write {
    Write {
        key: Key(key),
        condition: Condition::Absent,
        item: Some(Item {
            version: 1,
            writer: Uuid::new_v4(),
            body: "{}".to_owned(),
            expires_at: Timestamp::from_second(1_900_000_000).unwrap(),
        }),
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_commit_gets_through_although_every_second_transaction_meets_another() {
    let table = Table::named("conflict-every-2").await;
    let store = table.store(&moto::config().await);
    for n in 0..3 {
        let write = written(format!("key-{n}"));
        store.commit(std::slice::from_ref(&write)).await.unwrap();
        assert_eq!(store.get(&write.key).await, Ok(write.item));
    }
    // The second and the third were sent twice.
    assert_eq!(table.counted("conflicts").await, 2);
    assert_eq!(table.counted("requests").await, 5);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_commit_that_meets_another_each_time_is_an_outage_and_writes_nothing() {
    let table = Table::named("conflict-every-1").await;
    let store = table.store(&moto::config().await);
    let write = written("key".to_owned());
    let result = store.commit(std::slice::from_ref(&write)).await;
    let conflict = "TransactionConflict".to_owned();
    assert_eq!(result, Err(StoreError::Unavailable(conflict)));
    assert_eq!(store.get(&write.key).await, Ok(None));
}
