//! The store: all of a commit or nothing, and a conflict shows what was there.

use std::sync::Arc;

use reregister_mfa::aws::DynamoDb;
use reregister_mfa::clock::{SystemClock, Timestamp};
use reregister_mfa::reset::ports::{Condition, Item, Key, Store, StoreError, Write};
use uuid::Uuid;

use crate::moto;

fn write(key: &str, condition: Condition, version: u64, writer: Uuid) -> Write {
    Write {
        key: Key(key.to_owned()),
        condition,
        item: Some(Item {
            version,
            writer,
            body: format!("{{\"key\":\"{key}\"}}"),
            expires_at: Timestamp::from_second(1_900_000_000).unwrap(),
        }),
    }
}

async fn store() -> DynamoDb {
    let config = moto::config().await;
    let table = moto::table(&config).await;
    DynamoDb::new(&config, table, Arc::new(SystemClock))
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn what_is_committed_is_read_back_as_it_was() {
    let store = store().await;
    let first = write("a", Condition::Absent, 1, Uuid::new_v4());
    assert_eq!(store.get(&first.key).await, Ok(None));
    store.commit(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!(store.get(&first.key).await, Ok(first.item));
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_commit_whose_one_condition_fails_writes_nothing_and_shows_what_was_there() {
    let store = store().await;
    let mine = Uuid::new_v4();
    let held = write("held", Condition::Absent, 1, mine);
    store.commit(std::slice::from_ref(&held)).await.unwrap();

    let other = Uuid::new_v4();
    let result = store
        .commit(&[
            write("new", Condition::Absent, 1, other),
            write("held", Condition::Absent, 1, other),
        ])
        .await;
    let Err(StoreError::Conflict(found)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(found, [None, held.item]);
    assert_eq!(store.get(&Key("new".to_owned())).await, Ok(None));
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_version_is_written_over_once() {
    let store = store().await;
    let writer = Uuid::new_v4();
    store
        .commit(&[write("a", Condition::Absent, 1, writer)])
        .await
        .unwrap();
    store
        .commit(&[write("a", Condition::Version(1), 2, writer)])
        .await
        .unwrap();
    let again = store
        .commit(&[write("a", Condition::Version(1), 2, writer)])
        .await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn of_twenty_that_race_one_wins() {
    let store = Arc::new(store().await);
    let races = (0..20).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let writer = Uuid::new_v4();
            let own = write(&format!("own{n}"), Condition::Absent, 1, writer);
            store
                .commit(&[own, write("prize", Condition::Absent, 1, writer)])
                .await
        })
    });
    let results: Vec<_> = futures_util::future::join_all(races).await;
    let won = results
        .iter()
        .filter(|result| matches!(result, Ok(Ok(()))))
        .count();
    assert_eq!(won, 1);
    let mut left = 0;
    for n in 0..20 {
        left += usize::from(store.get(&Key(format!("own{n}"))).await.unwrap().is_some());
    }
    assert_eq!(left, 1, "whoever lost left nothing");
}

/// moto answers a question without keys; DynamoDB rejects it, as moto does where there is no table.
#[tokio::test]
#[ignore = "needs moto: make test"]
async fn no_keys_are_no_question() {
    let config = moto::config().await;
    let store = DynamoDb::new(&config, "no-such-table".to_owned(), Arc::new(SystemClock));
    assert_eq!(store.get_all(&[]).await, Ok(Vec::new()));
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_table_that_is_not_there_is_an_outage_and_not_an_empty_ledger() {
    let store = DynamoDb::new(
        &moto::config().await,
        "no-such-table".to_owned(),
        Arc::new(SystemClock),
    );
    let read = store.get(&Key("a".to_owned())).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    let written = store
        .commit(&[write("a", Condition::Absent, 1, Uuid::new_v4())])
        .await;
    assert!(
        matches!(written, Err(StoreError::Unavailable(_))),
        "{written:?}"
    );
}
