//! Secrets: cached for a while, fetched again when somebody who knows refuses them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::primitives::Blob;
use reregister_mfa::aws::SecretsManager;
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::ids::SecretName;
use reregister_mfa::secrets::{Freshness, SecretError, SecretSource};
use secrecy::ExposeSecret;

use crate::moto;

struct Watch(Mutex<Timestamp>);

impl Watch {
    fn pass(&self, seconds: u64) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(Duration::from_secs(seconds)).unwrap();
    }
}

#[async_trait]
impl Clock for Watch {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    async fn sleep(&self, _: Duration) {}
}

struct Account {
    admin: aws_sdk_secretsmanager::Client,
    secrets: SecretsManager,
    watch: Arc<Watch>,
}

impl Account {
    async fn new() -> Account {
        let config = moto::config().await;
        let watch = Arc::new(Watch(Mutex::new(Timestamp::now())));
        Account {
            admin: aws_sdk_secretsmanager::Client::new(&config),
            secrets: SecretsManager::new(&config, watch.clone()),
            watch,
        }
    }

    async fn create(&self, text: &str) -> SecretName {
        let name = format!("test/{}", uuid::Uuid::new_v4());
        self.admin
            .create_secret()
            .name(&name)
            .secret_string(text)
            .send()
            .await
            .unwrap();
        name.try_into().unwrap()
    }

    async fn rotate(&self, name: &SecretName, text: &str) {
        self.admin
            .put_secret_value()
            .secret_id(name.as_ref())
            .secret_string(text)
            .send()
            .await
            .unwrap();
    }

    async fn get(&self, name: &SecretName, freshness: Freshness) -> Result<String, SecretError> {
        let text = self.secrets.get(name, freshness).await?;
        Ok(text.expose_secret().to_owned())
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_copy_will_do_for_five_minutes() {
    let account = Account::new().await;
    let name = account.create("one").await;
    assert_eq!(account.get(&name, Freshness::Cached).await.unwrap(), "one");
    account.rotate(&name, "two").await;
    account.watch.pass(299);
    assert_eq!(account.get(&name, Freshness::Cached).await.unwrap(), "one");
    account.watch.pass(2);
    assert_eq!(account.get(&name, Freshness::Cached).await.unwrap(), "two");
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_forced_refresh_sees_a_rotation_at_once_but_not_more_than_twice_a_minute() {
    let account = Account::new().await;
    let name = account.create("one").await;
    account.get(&name, Freshness::Cached).await.unwrap();
    account.watch.pass(31);
    account.rotate(&name, "two").await;
    assert_eq!(account.get(&name, Freshness::Forced).await.unwrap(), "two");
    account.rotate(&name, "three").await;
    assert_eq!(account.get(&name, Freshness::Forced).await.unwrap(), "two");
    account.watch.pass(31);
    assert_eq!(
        account.get(&name, Freshness::Forced).await.unwrap(),
        "three"
    );
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_pending_version_is_never_read() {
    let account = Account::new().await;
    let name = account.create("current").await;
    account
        .admin
        .put_secret_value()
        .secret_id(name.as_ref())
        .secret_string("pending")
        .version_stages("AWSPENDING")
        .send()
        .await
        .unwrap();
    assert_eq!(
        account.get(&name, Freshness::Cached).await.unwrap(),
        "current"
    );
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_secret_that_is_missing_empty_or_binary_is_named_without_its_content() {
    let account = Account::new().await;
    let missing = SecretName::try_from("test/nobody").unwrap();
    assert_eq!(
        account.get(&missing, Freshness::Cached).await,
        Err(SecretError::Missing(missing.clone()))
    );
    let empty = account.create(" ").await;
    assert_eq!(
        account.get(&empty, Freshness::Cached).await,
        Err(SecretError::Empty(empty.clone()))
    );

    let binary = SecretName::try_from(format!("test/{}", uuid::Uuid::new_v4())).unwrap();
    account
        .admin
        .create_secret()
        .name(binary.as_ref())
        .secret_binary(Blob::new(b"c4n4ry".to_vec()))
        .send()
        .await
        .unwrap();
    let error = account.get(&binary, Freshness::Cached).await.unwrap_err();
    assert!(error.to_string().contains(binary.as_ref()));
    assert!(!format!("{error} {error:?}").contains("c4n4ry"));
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_secret_that_is_marked_for_deletion_says_how_to_restore_it() {
    let account = Account::new().await;
    let name = account.create("one").await;
    let admin = &account.admin;
    let id = name.as_ref();
    admin.delete_secret().secret_id(id).send().await.unwrap();
    let error = account.get(&name, Freshness::Cached).await.unwrap_err();
    assert_eq!(error, SecretError::MarkedForDeletion(name.clone()));
    let expected = format!(
        "secret {id} is marked for deletion: restore it with aws secretsmanager restore-secret --secret-id {id}"
    );
    assert_eq!(error.to_string(), expected);

    admin.restore_secret().secret_id(id).send().await.unwrap();
    account.watch.pass(4);
    assert_eq!(account.get(&name, Freshness::Cached).await.unwrap(), "one");
}
